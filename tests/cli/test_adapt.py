"""`lipsync adapt`: a take with a known face is learnt, what does not fit is refused, and on real captures it helps."""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.core.actors import load_actor
from lipsync_addon.core.adaptation import correlation, fitted, time_offset
from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.importers import read_curves
from lipsync_addon.inference.network import Network
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound

DELAY = 12
"""Frames at 60 per second that the synthetic capture is late."""
GAIN, OFFSET = 0.6, 0.05


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No actor of the user's is touched."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))


@pytest.fixture
def take(shared: Path, tmp_path: Path) -> Path:
    """Six recorded sentences, 18 s."""
    files = sorted((shared / "bench" / "dev" / "audio").glob("s1_*.flac"))[:6]
    read = [soundfile.read(file, dtype="int16") for file in files]
    soundfile.write(tmp_path / "take.wav", np.concatenate([samples for samples, _ in read]), read[0][1])
    return tmp_path / "take.wav"


@pytest.fixture
def capture(lipsync, take: Path, tmp_path: Path) -> Path:
    """The take as a face shows it that is later than the network's and opens its jaw less, but never quite shuts it."""
    assert lipsync("bake", take, "--to", tmp_path / "predicted.csv", "--to", tmp_path / "predicted.json").code == 0
    with (tmp_path / "predicted.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    jaw = head.index("JawOpen")
    values = [[float(cell) for cell in row[2:]] for row in rows]
    values = [values[0]] * DELAY + values[:-DELAY]
    for row, late in zip(rows, values):
        row[2:] = map(str, late)
        row[jaw] = str(GAIN * late[jaw - 2] + OFFSET)
    with (tmp_path / "take.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return tmp_path / "take.csv"


def test_a_known_face_is_learnt(lipsync, take: Path, capture: Path, tmp_path: Path) -> None:
    ran = lipsync("adapt", "--capture", capture, "--sound", take, "--name", "my_actor")
    assert (ran.code, ran.err) == (0, ""), ran.err
    assert f"+{DELAY / 60:.2f} s later" in ran.out
    assert lipsync("bake", take, "--to", tmp_path / "actor.json", "--actor", "my_actor").code == 0
    plain, mine = read_curves(tmp_path / "predicted.json"), read_curves(tmp_path / "actor.json")
    before, after = plain.channel("jawOpen"), mine.channel("jawOpen")
    open_lips = lip_gap(plain) > 4 * SEALED
    assert open_lips.sum() > 100
    wanted = GAIN * before[open_lips] + OFFSET
    assert np.abs(before[open_lips] - wanted).mean() > 0.05
    assert np.abs(after[open_lips] - wanted).mean() < 0.01
    sealed = lip_gap(plain) < SEALED
    assert (lip_gap(mine)[sealed] < SEALED + 1e-4).all()


def test_a_name_is_kept_unless_told(lipsync, take: Path, capture: Path, tmp_path: Path) -> None:
    (tmp_path / "actor.json").write_text("mine")
    ran = lipsync("adapt", "--capture", capture, "--sound", take, "--name", tmp_path / "actor.json")
    assert ran.code == 2 and "exists already" in ran.err
    assert (tmp_path / "actor.json").read_text() == "mine"


def test_what_does_not_match_is_refused_with_numbers(lipsync, take: Path, capture: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(take)
    soundfile.write(tmp_path / "other.wav", np.roll(samples, len(samples) // 4), rate)
    ran = lipsync("adapt", "--capture", capture, "--sound", tmp_path / "other.wav", "--name", "no")
    assert ran.code == 2 and "do not match" in ran.err and "0.4 is needed" in ran.err
    soundfile.write(tmp_path / "short.wav", samples[: 4 * rate], rate)
    ran = lipsync("adapt", "--capture", capture, "--sound", tmp_path / "short.wav", "--name", "no")
    assert ran.code == 2 and "overlap for 4.0 s only" in ran.err
    assert not list(tmp_path.rglob("no.json"))


def test_an_actor_that_cannot_be_used_is_refused(lipsync, take: Path, capture: Path, tmp_path: Path) -> None:
    file = tmp_path / "actor.json"
    assert lipsync("adapt", "--capture", capture, "--sound", take, "--name", file).code == 0
    good = json.loads(file.read_text())
    broken = {
        "adapted to network": {**good, "network": "0123456789abcdef"},
        "not fit its channels": {**good, "gain": [1.0]},
        "format version 99": {**good, "format_version": 99},
    }
    for message, data in broken.items():
        file.write_text(json.dumps(data))
        ran = lipsync("bake", take, "--to", tmp_path / "out.csv", "--actor", file)
        assert ran.code == 2 and message in ran.err
    ran = lipsync("bake", take, "--to", tmp_path / "out.csv", "--actor", "nobody")
    assert ran.code == 2 and "There is no actor" in ran.err
    assert not (tmp_path / "out.csv").exists()


def test_windows_do_not_change_an_adapted_line(lipsync, take: Path, capture: Path, tiny_network: Path) -> None:
    assert lipsync("adapt", "--capture", capture, "--sound", take, "--name", "a").code == 0
    actor, sound = load_actor("a"), open_sound(take, 16000)
    whole = Predictor.load(tiny_network).adapted(actor).predict(sound)
    cut = Predictor(Network.load(tiny_network), window_seconds=1.0).adapted(actor).predict(sound)
    assert cut.values == pytest.approx(whole.values, abs=1e-5)


def test_half_a_minute_of_a_real_capture_helps_the_rest_of_it(shared: Path, tmp_path: Path) -> None:
    """FACEGOOD take 1114_3_16, which the network was not trained on: the first 60 % fitted, the last 40 % measured."""
    faces = shared / "data" / "faces" / "facegood"
    with tarfile.open(faces / "facegood_audio.tar") as files:
        name = next(name for name in files.getnames() if name.endswith("1114_3_16.opus"))
        (tmp_path / "take.opus").write_bytes(files.extractfile(name).read())
    with np.load(faces / "facegood_curves.npz") as data:
        jaw = data["bs_1114_3_16"][:, [str(each) for each in data["names"]].index("mouth_stretch_c")]
        captured = AnimationTrack(("jawOpen",), jaw[:, None], float(data["fps"]))
    predictor = Predictor.load()
    names = predictor.spec.outputs["arkit"]
    both = predictor.predict(open_sound(tmp_path / "take.opus", 16000), outputs=("arkit", "features"))
    arkit, features = both.values[:, : len(names)], both.values[:, len(names) :]
    cut = len(arkit) * 6 // 10
    first = AnimationTrack(names, arkit[:cut], both.fps)
    offset, agreement = time_offset(captured, first)
    assert abs(offset) <= 0.1 and agreement > 0.5
    adaptation = fitted(captured, first, features[:cut], offset, predictor.spec.fingerprint)
    column = names.index("jawOpen")
    wanted = captured.at(both.times[cut:] + offset)[:, 0]
    before = correlation(arkit[cut:, column], wanted)
    after = correlation(adaptation.apply(arkit[cut:], features[cut:])[:, column], wanted)
    print(f"jawOpen r {before:.3f} -> {after:.3f}")
    assert after > before + 0.03
