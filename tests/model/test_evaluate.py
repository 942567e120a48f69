"""The report on a few dev clips: complete, self-contained, and in its numbers what the bench says itself."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch

from lipsync_addon.core.aperture import SEALED
from lipsync_addon.core.channels import VISEMES_15
from lipsync_addon.core.phones import BILABIALS, PHONES
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.core.training_frames import frame_phones
from model import evaluate as command
from model import paths
from model.datasets import teacher
from model.evaluation import bench, dhlive, exhibits, faces, lines, page, rhubarb, sections
from model.evaluation.accuracy import VISEME_INDEX, accuracy, collapsed
from model.evaluation.closures import check_bilabials, seen_closures
from model.evaluation.degraded import degraded
from model.evaluation.lines import Line
from model.evaluation.peers import PhoneTable, peers
from model.evaluation.performance import Loudness, clip, opening
from model.evaluation.statistics import Measured, ratio
from model.evaluation.targets import at_least
from model.paths import EXPORTED
from model.targets import FPS
from tests.engines import programs

CLIPS = (
    "s1_bbaf2n s1_bras9a s1_lbbr1a s1_pbav2n grid_lbbc2a grid_lwbsza grid_swiz3n nl_rhasspy_1 nl_rhasspy_1002".split()
)
DHLIVE = dhlive.LABEL
NETWORK = EXPORTED / "lipsync.json"


@pytest.fixture(scope="module")
def report(shared, tmp_path_factory):
    """(numbers, HTML, folder) of a report on a few lines, the network beside itself as the previous release.

    The folder "quick" in it holds the report of --quick, made from the same tables.
    """
    folder = tmp_path_factory.mktemp("evaluation")
    sounds = {name: path for name, path in bench.dev_sounds().items() if name in CLIPS}
    assert len(sounds) == len(CLIPS)
    sets = {name: member for name, member in bench.clip_sets().items() if name in CLIPS}
    dutch = {name: phones for name, phones in bench.dutch_phones().items() if name in CLIPS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "dev_sounds", lambda: sounds)
        patch.setattr(lines, "dev_sounds", lambda: sounds)
        patch.setattr(lines, "dutch_phones", lambda: dutch)
        patch.setattr(lines, "PREPARED", folder / "nothing")
        patch.setattr(lines, "ESPEAK_LANGUAGES", ("nl", "it"))
        patch.setattr(bench, "clip_sets", lambda: sets)
        patch.setattr(sections, "CONDITIONS", {"clean": "as recorded", "noise": "10 dB"})
        patch.setattr(faces, "TAKES", {faces.HELD_OUT_TAKE: "held-out take"})
        tables, original = [], sections.Report.bench
        patch.setattr(sections.Report, "bench", lambda self: tables.append(original(self)) or dict(tables[-1]))
        numbers = command.evaluate({"ours": NETWORK, "previous": NETWORK}, folder, lines=2)
        (folder / "quick").mkdir()
        patch.setattr(sections.Report, "bench", lambda self: tables[0])
        command.evaluate({"ours": NETWORK}, folder / "quick", quick=True)
    return numbers, (folder / "report.html").read_text(encoding="utf-8"), folder


def test_the_page_has_every_section_and_stands_alone(report):
    numbers, html, folder = report
    for anchor, title in page.SECTIONS.items():
        assert f'<h2 id="{anchor}">{title}</h2>' in html
    sources = re.findall(r'src="([^"]*)"', html)
    assert sources and all(source.startswith("data:") for source in sources)
    assert "http" not in re.sub(r'src="[^"]*"', "", html)
    for program in ("DH_live", "Rhubarb", "pocketsphinx", "Cherry", "loudness", "our previous release"):
        assert program in html
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == numbers


WIDTHS = """<script>onload = () => document.title = JSON.stringify(
Array.from(document.querySelectorAll(".wide"), table => [table.scrollWidth, table.clientWidth]))</script>"""


def test_no_table_of_the_page_scrolls_sideways_in_a_window_of_1280(report, tmp_path):
    _, html, _ = report
    (tmp_path / "page.html").write_text(html + WIDTHS, encoding="utf-8")
    shown = "chromium --headless --no-sandbox --disable-gpu --window-size=1280,900 --dump-dom page.html".split()
    said = programs.output(programs.command(shown, tmp_path), tmp_path)
    widths = json.loads(re.search("<title>(.*?)</title>", said)[1])
    assert len(widths) > 12 and [needed for needed, given in widths if needed > given] == []


def test_sources_that_are_not_prepared_are_named(report):
    numbers, html, _ = report
    assert any("kerstin_de" in line for line in numbers["limits"]) and "kerstin_de" in html


def test_numbers_are_the_benchs_own_for_the_command_that_users_run(report, root):
    numbers, _, folder = report
    result = folder / "bench.json"
    user = f'"{sys.executable}" -m lipsync_addon.cli bake {{wav}} --to {{out}}.csv --quiet'
    clips = ",".join(name for name in CLIPS if not name.startswith("nl_"))
    subprocess.run(
        [sys.executable, "score.py", "--command", user, "--clips", clips, "--json", str(result)],
        cwd=bench.BENCH, env=os.environ | {"PYTHONPATH": str(root)}, check=True, capture_output=True,
    )  # fmt: skip
    for title, programs in json.loads(result.read_text(encoding="utf-8")).items():
        for name, row in programs.items():
            found = numbers["faces"][title][name]["value"]
            assert found == pytest.approx(command.plain(row["value"]), abs=1e-6), (title, name)


def test_the_same_network_twice_does_not_differ(report):
    numbers, _, _ = report
    for rows in numbers["faces"].values():
        assert rows["ours"]["value"] == rows["previous"]["value"]
    for rows in numbers["paired"].values():
        assert {difference["value"] for difference in rows["previous"].values()} == {0}


def test_closures_can_be_heard(report):
    numbers, html, _ = report
    part = html.split('id="closures"')[1].split('id="bilabials"')[0]
    sounds = re.findall(r"data:audio/mpeg;base64,([^\"]+)", part)
    counts = numbers["closures"]["ours"]
    assert len(sounds) == sum(min(counts[k.replace(" ", "_")], most) for k, most in exhibits.SHOWN.items()) > 0
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(sounds[0])))
    assert len(samples) / rate == pytest.approx(exhibits.EXCERPT_S, abs=0.1)
    assert np.abs(samples).max() > 0.3


def test_closures_that_the_camera_saw_are_found_in_the_face_itself(shared):
    times, lips = bench.script("eval_openness").read_gt(str(bench.BENCH / "dev" / "gt" / "s1_bbaf2n.csv"))
    kinds = [closure.kind for closure in seen_closures("s1_bbaf2n", times, lips)]
    assert len(kinds) >= 2 and set(kinds) == {"found"}


def tables(numbers):
    """(name, {program: row or None}) of every table of the page that has a row for each program."""
    for title, rows in numbers["faces"].items():
        yield f"faces, {title}", rows
    for title, rows in numbers["articulation"].items():
        yield f"articulation, {title}", rows
    for title, rows in numbers["paired"].items():
        yield f"paired, {title}", {"ours": None} | rows
    yield "closures", numbers["closures"]
    for section in ("bilabials", "voices", "boundaries", "languages"):
        for title, rows in numbers[section].items():
            yield f"{section}, {title}", rows
    for section in ("hearing", "mandarin"):
        for title, found in numbers[section].items():
            yield f"{section}, {title}", found["programs"]
    for condition, found in numbers["degraded"].items():
        for title, rows in found["programs"].items():
            yield f"{condition}, {title}", rows
    for title, rows in numbers["rest"]["sounds"].items():
        yield f"rest, {title}", rows


def test_loudness_rhubarb_dhlive_and_our_previous_release_have_a_row_in_every_table(report):
    """With figures, or where they give none with "nothing": what they can be asked for does not hang on the table."""
    numbers, html, _ = report
    found = dict(tables(numbers))
    assert len(found) > 25
    for name, rows in found.items():
        for wanted in (
            ("ours",),
            ("previous",),
            ("rms_band_db",),
            ("rhubarb_phonetic", "rhubarb_ps"),
            ("dhlive", DHLIVE),
        ):
            if not (name.startswith("articulation, GRID") and "ours" in wanted):
                assert set(wanted) & set(rows), (name, wanted)
        opening_alone = not name.startswith(("hearing", "boundaries"))
        assert not opening_alone or rows["rms_band_db"], name
        assert rows["previous"], name
    assert {"previous", DHLIVE, "rhubarb_ps", "rhubarb_phonetic", "rms_band_db"} == set(numbers["targets"][0]["beside"])
    assert html.count(bench.PROGRAMS["rms_band_db"]) >= len(found) / 2


def test_programs_that_are_not_installed_are_named_and_their_stored_curves_stand_in(shared, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("DH_LIVE", raising=False)
    programs, absent = peers()
    assert [word in line for word, line in zip(("Rhubarb", "DH_live"), absent, strict=True)] == [True, True]
    by_name = {program.label: program for program in programs}
    samples = exhibits.sound_of("s1_bbaf2n")
    assert by_name["rhubarb_phonetic"].perform(clip(samples, "s1_bbaf2n"), "en").values.max() > 0.05
    assert by_name["rhubarb_phonetic"].perform(clip(samples, "s1_bbaf2n, noise"), "en") is None
    assert by_name[DHLIVE].perform(clip(samples, "arctic_a0001_1592748574"), "en").values.max() > 0.05, (
        "a line of kathleen"
    )


RHUBARB = """#!{python}
import json, sys
words = sys.argv
shapes = "XAD" if words[words.index("--recognizer") + 1] == "phonetic" else "XAF"
if "--dialogFile" in words:
    assert open(words[words.index("--dialogFile") + 1]).read() == "ma"
    shapes = "XAE"
cues = [dict(start=i / 2, end=(i + 1) / 2, value=shape) for i, shape in enumerate(shapes)]
json.dump(dict(mouthCues=cues), open(words[words.index("--output") + 1], "w"))
with open({log!r}, "a") as log:
    log.write("run ")
"""


@pytest.mark.skipif(os.name == "nt", reason="a program of one text file needs a shebang")
def test_rhubarb_is_asked_once_a_sound_and_its_mouths_are_read_as_the_bench_reads_them(shared, tmp_path, monkeypatch):
    """Against a program that takes Rhubarb's options and writes its JSON; the real one is run by model.evaluate."""
    program, log = tmp_path / "rhubarb", tmp_path / "log"
    program.write_text(RHUBARB.format(python=sys.executable, log=str(log)), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(paths, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(rhubarb, "version", lambda: "1")
    sound = clip(np.zeros(24000, np.float32), "silence")
    track = rhubarb.Rhubarb("phonetic").perform(sound, "nl")
    at = track.at(np.array([0.25, 0.75, 1.25]))
    assert at[:, 0] == pytest.approx([0, 0, 0.2011], abs=1e-3), "oculus_open.json: aa"
    assert [VISEMES_15[i] for i in at[:, 1:].argmax(1)] == ["viseme_sil", "viseme_PP", "viseme_aa"]
    assert track.duration == pytest.approx(1.5, abs=0.02)
    assert rhubarb.Rhubarb("pocketSphinx").perform(sound, "nl") is None, "its recogniser of words knows English"
    with_words = rhubarb.Rhubarb("pocketSphinx").perform(sound, "en", "ma")
    assert VISEMES_15[with_words.values[-1, 1:].argmax()] == "viseme_oh"
    rhubarb.Rhubarb("phonetic").perform(sound, "de")
    assert log.read_text(encoding="utf-8").split() == ["run", "run"]


DHLIVE_NETWORK = """
import torch

class Audio2Feature(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.zeros(6))

    def forward(self, bands, h0, c0):
        assert h0.shape == c0.shape == (2, 1, 192)
        return bands.reshape(1, -1, 160).mean(-1, keepdim=True) * self.scale, h0, c0
"""


def test_dhlive_is_read_in_time_through_the_map_by_which_it_teaches(shared, tmp_path, monkeypatch):
    """Against a network of its shape that gives the loudness; the report says how far the real one repeats what is
    stored."""
    for name in (dhlive.NETWORK, dhlive.WEIGHTS):
        (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / dhlive.NETWORK).write_text(DHLIVE_NETWORK, encoding="utf-8")
    loud = torch.zeros(6)
    loud[0] = 0.1 / float(teacher.OPENING[0])  # the first of its coefficients opens the lips by a tenth of the loudness
    torch.save({"scale": loud}, tmp_path / dhlive.WEIGHTS)
    monkeypatch.setenv("DH_LIVE", str(tmp_path))
    assert dhlive.installed()
    samples = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
    samples[16000:] *= 30
    track = dhlive.DHLive().perform(clip(samples))
    lips = track.channel("open")
    rise = track.times[np.argmax(np.diff(lips)) + 1]
    assert rise == pytest.approx(1.0 - 0.06, abs=0.04), "0.16 s are left out at the front, 0.10 s of them the delay"
    assert track.fps == 25 and track.start == 0.02 and 1.9 < track.times[-1] < 2.0
    raised = lips[(track.times > 1.2) & (track.times < 1.8)].mean() - lips[track.times < 0.8].mean()
    assert raised == pytest.approx(0.1 * 2 * np.log(30), rel=0.1), "the power of the bands, as a logarithm"


def test_loudness_opens_where_it_is_loud_and_its_level_makes_a_quarter_the_limit_of_a_closure(speech):
    lips = opening(Loudness().perform(clip(speech)))
    assert np.quantile(lips, 0.95) * 0.25 == pytest.approx(SEALED, rel=0.01)
    power = np.convolve(speech.astype(float) ** 2, np.ones(1280) / 1280, mode="same")[::160]
    assert lips[power > np.quantile(power, 0.8)].mean() > 2 * lips[power < np.quantile(power, 0.2)].mean()


def test_pocketsphinx_hears_english_far_above_chance(shared):
    """John F. Kennedy: the peer that runs here is a fair one."""
    spoken = next(line for line in lines.english_never_heard().lines if line.name == "jfk")
    program = PhoneTable()
    right = accuracy([spoken], {"jfk": program.perform(clip(spoken.samples))})
    backwards = accuracy([spoken], {"jfk": program.perform(clip(spoken.samples[::-1].copy()))})
    assert right.visemes.value > 0.5 > 0.3 > backwards.visemes.value


def dutch(count: int) -> list[Line]:
    phones = bench.dutch_phones()
    return [Line(name, np.zeros(0, np.float32), phones[name]) for name in sorted(phones)[:count]]


def mouth(line: Line, shut: set[str] | None) -> AnimationTrack:
    """Lips sealed at these phones and open elsewhere; None: always sealed."""
    labels = frame_phones(line.phones, int(line.phones[-1][1] * FPS) + 2)
    at = np.array([shut is None or PHONES[label] in shut for label in labels])
    return AnimationTrack(("jawOpen",), np.where(at, 0.0, 0.4)[:, None].astype(np.float32), FPS)


def test_sealed_lips_at_p_b_m_count_and_elsewhere_count_against(shared):
    spoken = dutch(8)
    right = check_bilabials(spoken, {line.name: mouth(line, set(BILABIALS)) for line in spoken})
    also_n = check_bilabials(spoken, {line.name: mouth(line, {*BILABIALS, "n"}) for line in spoken})
    always = check_bilabials(spoken, {line.name: mouth(line, None) for line in spoken})
    assert right.hit.value > 0.95 and right.precision.value == 1 and right.chance_hit.value < 0.5
    assert also_n.precision.value < 0.7 and set(also_n.sealed_at) == {"n"}
    assert always.hit.value == always.chance_hit.value == 1


def heard(line: Line, replaced: dict[str, str]) -> AnimationTrack:
    """What a network gives that hears these phones, some as others."""
    labels = np.maximum(frame_phones(line.phones, int(line.phones[-1][1] * FPS) + 2), 0)
    for said, instead in replaced.items():
        labels[labels == PHONES.index(said)] = PHONES.index(instead)
    phones, visemes = np.eye(len(PHONES))[labels], np.eye(len(VISEMES_15))[VISEME_INDEX[labels]]
    return AnimationTrack((*VISEMES_15, *PHONES), np.hstack([visemes, phones]), FPS)


def test_right_phones_are_counted_by_frame_and_in_the_string(shared):
    spoken = dutch(5)
    right = accuracy(spoken, {line.name: heard(line, {}) for line in spoken})
    assert right.phones.value == right.visemes.value == 1
    assert right.phone_errors.value < 0.03, "only phones shorter than a frame may be lost"
    other = accuracy(spoken, {line.name: heard(line, {"n": "m"}) for line in spoken})
    labels = np.concatenate([frame_phones(line.phones, 999) for line in spoken])
    said_n = np.mean(labels[labels >= 0] == PHONES.index("n"))
    assert 1 - other.visemes.value == pytest.approx(said_n, abs=0.01)
    row = other.confusion[VISEMES_15.index("viseme_nn")]
    assert row[VISEMES_15.index("viseme_PP")] > row[VISEMES_15.index("viseme_nn")] > 0, "l is a viseme_nn too"


def test_a_phone_string_joins_repeats_and_drops_pauses():
    assert collapsed(["sil", "p", "p", "a", "sil", "a", "sil"]) == "p a a"


def test_degraded_sound_is_what_its_name_says(speech):
    noisy = degraded("noise", speech, seed=3)
    power = lambda samples: float((samples.astype(float) ** 2).mean())  # noqa: E731
    assert 10 * np.log10(power(speech) / power(noisy - speech)) == pytest.approx(10, abs=0.1)
    assert 10 * np.log10(power(degraded("quiet", speech, 3)) / power(speech)) == pytest.approx(-30, abs=0.1)
    above_4_khz = lambda samples: np.abs(np.fft.rfft(samples)[len(samples) // 4 :]).mean()  # noqa: E731
    assert above_4_khz(degraded("telephone", speech, 3)) < 0.05 * above_4_khz(speech)
    for condition in ("clean", "noise", "telephone", "room", "quiet"):
        first, second = degraded(condition, speech, 5), degraded(condition, speech, 5)
        assert first.shape == speech.shape and np.array_equal(first, second)


def test_a_target_says_whether_it_is_met_and_whether_that_is_certain():
    missed = at_least("hit", "lines", 0.95, Measured(0.90, 0.02))
    assert not missed.met and missed.short_by == pytest.approx(0.05) and not missed.within_error
    assert at_least("hit", "lines", 0.95, Measured(0.96, 0.02)).within_error


def test_the_bootstrap_error_of_a_share_is_the_binomial_one():
    rng = np.random.default_rng(0)
    found = ratio(rng.random(400) < 0.3, np.ones(400))
    assert found.error == pytest.approx(np.sqrt(0.3 * 0.7 / 400), rel=0.2)


def test_quick_gives_the_benchs_tables_alone(report):
    _, _, folder = report
    quick = json.loads((folder / "quick" / "report.json").read_text(encoding="utf-8"))
    assert {"faces", "articulation", "targets"} <= set(quick) and not {"clips", "hearing", "degraded"} & set(quick)
    html = (folder / "quick" / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'<h2 id="(\w+)"', html) == ["targets", "faces", "articulation", "limits"]
