"""Lines of a batch in the face of an actor: the column `style`, and what he does as a reason to bake again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from lipsync_addon.core.actors import save_actor
from lipsync_addon.core.adaptation import Adaptation
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.model_spec import ModelSpec
from lipsync_addon.importers import read_curves
from tests.batch.conftest import Batch, write_table


def write_actor(path: Path, network: Path, jaw: float, *, told: Controls = Controls()) -> None:
    """One whose jaw opens so much as wide."""
    spec = ModelSpec.load(network)
    names = spec.outputs["arkit"]
    gain = np.array([jaw if name == "jawOpen" else 1.0 for name in names], np.float32)
    weights = np.zeros((len(spec.outputs["features"]), len(names)), np.float32)
    save_actor(path, Adaptation(spec.fingerprint, names, gain, np.zeros_like(gain), weights, {}, told))


def test_each_line_has_its_actor_and_follows_what_he_does(
    batch: Batch, voices: Path, out: Path, tiny_network: Path, tmp_path: Path
) -> None:
    anna = tmp_path / "anna.json"
    write_actor(anna, tiny_network, 0.5)
    rows = [
        {"id": "plain", "sound": "voices/boat_en.wav", "style": ""},
        {"id": "anna", "sound": "voices/boat_en.wav", "style": str(anna)},
    ]
    table = write_table(tmp_path / "t.csv", rows)
    assert batch(table, "--to", "{id}.json").count("baked") == 2
    widest = {name: read_curves(out / f"{name}.json").channel("jawOpen").max() for name in ("plain", "anna")}
    assert abs(widest["anna"] / widest["plain"] - 0.5) < 0.05
    text = anna.read_bytes()
    anna.write_bytes(text)
    assert batch(table, "--to", "{id}.json").count("baked") == 0
    write_actor(anna, tiny_network, 0.25)
    ran = batch(table, "--to", "{id}.json")
    assert (ran.count("baked"), ran.count("unchanged")) == (1, 1)
    assert "actor" in ran.line("anna")["reason"]
    assert abs(read_curves(out / "anna.json").channel("jawOpen").max() / widest["plain"] - 0.25) < 0.05
    anna.unlink()
    ran = batch(table, "--to", "{id}.json")
    assert ran.count("failed") == 1 and "There is no actor" in ran.line("anna")["error"]


def test_an_actor_for_all_lines(batch: Batch, voices: Path, out: Path, tiny_network: Path, tmp_path: Path) -> None:
    write_actor(tmp_path / "anna.json", tiny_network, 0.5, told=Controls({"quiet": 1.0}, 0.8))
    assert batch(voices, "--only", "*boat*", "--to", "{id}.json").count("baked") == 1
    plain = read_curves(next(out.rglob("boat_en.json")))
    assert batch(voices, "--only", "*boat*", "--to", "{id}.json", "--actor", tmp_path / "anna.json").count("baked") == 1
    assert np.abs(read_curves(next(out.rglob("boat_en.json"))).values - plain.values).max() > 0.05


def test_what_the_network_does_not_know_fails_the_line_alone(batch: Batch, voices: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "good", "sound": "voices/boat_en.wav", "speech style": "quiet:0.5", "speech intensity": "1.4"},
        {"id": "bad", "sound": "voices/boat_en.wav", "speech style": "shy", "speech intensity": ""},
    ]
    ran = batch(write_table(tmp_path / "t.csv", rows), "--to", "{id}.json")
    assert (ran.count("baked"), ran.count("failed")) == (1, 1)
    assert "knows no style 'shy'" in ran.line("bad")["error"]


def test_a_session_follows_its_actor(voices: Path, out: Path, tiny_network: Path, root: Path, tmp_path: Path) -> None:
    """An actor who is adapted anew while `lipsync watch` runs: what is recorded from then on has his new face."""
    anna = tmp_path / "anna.json"
    write_actor(anna, tiny_network, 0.5)
    boat = (voices / "boat_en.wav").read_bytes()
    for sound in voices.glob("*.wav"):
        sound.unlink()
    (voices / "first.wav").write_bytes(boat)
    command = [sys.executable, "-m", "lipsync_addon.cli", "watch", str(voices), "--network", str(tiny_network)]
    watch = subprocess.Popen(
        [*command, "--out", str(out), "--to", "{id}.json", "--interval", "0.1", "--actor", str(anna)],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert any("1 baked" in line for line in watch.stdout)
        assert any("Report" in line for line in watch.stdout)
        write_actor(anna, tiny_network, 0.25)
        (voices / "second.wav").write_bytes(boat)
        assert any("2 baked" in line for line in watch.stdout)
        assert any("Report" in line for line in watch.stdout)
    finally:
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=60)
    first, second = (read_curves(out / f"{name}.json").values for name in ("first", "second"))
    np.testing.assert_array_equal(first, second)
