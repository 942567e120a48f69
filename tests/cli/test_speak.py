"""`lipsync speak`: sound and animation of a text, in time with each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.cli import main
from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.phones import BILABIALS
from lipsync_addon.core.timeline_file import load
from lipsync_addon.importers import read_curves


def test_a_text_becomes_sound_and_a_mouth_that_closes_with_it(tmp_path: Path) -> None:
    sound, curves, phones = tmp_path / "a.wav", tmp_path / "a.json", tmp_path / "a.phones.json"
    text = "Baby, come back to 42 Park Lane."
    assert (
        main(
            ["speak", text, "--voice", "en-GB", "--to", str(sound), "--animate", str(curves), "--timeline", str(phones)]
        )
        == 0
    )
    samples, rate = soundfile.read(sound)
    timeline, track = load(phones), read_curves(curves)
    assert [word.text for word in timeline.word_spans()] == text.split()
    assert timeline.end == pytest.approx(len(samples) / rate, abs=0.001)
    assert abs(track.duration - timeline.end) < 0.05
    loud = lambda a, b: float(np.sqrt(np.mean(samples[int(a * rate) : int(b * rate)] ** 2)))  # noqa: E731
    words = timeline.word_spans()
    assert loud(words[0].start, words[0].end) > 10 * loud(
        words[0].end + 0.06, words[1].start - 0.02
    )  # the comma's pause
    closures = [phone for phone in timeline.phones if phone.unit in BILABIALS]
    assert len(closures) == 5
    gap = lip_gap(track)
    for phone in closures:
        assert gap[(track.times >= phone.start - 0.01) & (track.times <= phone.end + 0.01)].min() < SEALED


def test_an_accent_that_the_voice_does_not_speak_is_named_beside_it(tmp_path: Path, capsys) -> None:
    assert main(["speak", "Three", "--voice", "en-IN", "--to", str(tmp_path / "a.wav")]) == 0
    assert "speech of English (Great Britain), the lips as in en-IN, " in capsys.readouterr().out
    assert main(["speak", "три", "--voice", "ru", "--to", str(tmp_path / "b.wav")]) == 0
    assert "speech of Russian, " in capsys.readouterr().out


def test_what_was_guessed_and_what_the_voice_cannot_read_is_told(tmp_path: Path, capsys) -> None:
    text = "Een kat hoort immers te miauwen, en niet te praten."
    assert main(["speak", text, "--to", str(tmp_path / "a.wav")]) == 0
    assert "the text is read as Dutch, guessed from the text (" in capsys.readouterr().err
    assert main(["speak", text, "--voice", "en-GB", "--to", str(tmp_path / "b.wav")]) == 0
    assert "the text seems to be Dutch, and it is read as English (Great Britain)." in capsys.readouterr().err
    assert main(["speak", "Hello (мир)!", "--voice", "en-GB", "--to", str(tmp_path / "c.wav")]) == 0
    assert "English (Great Britain) has no reading for 'мир'." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["", "--voice", "en"], "no words that can be said"),
        (["😀", "--voice", "en"], "no words that can be said"),
        (["hello", "--voice", "xx"], "does not read the language 'xx'"),
        (["hello", "--voice", "en+zz"], "no timbre 'zz'"),
        (["hello", "--voice", "no.onnx"], "no.onnx does not exist"),
        (["hello", "--rate", "9"], "--rate 9 is not within 80 to 450"),
        (["hello", "--animate", "line.fbi"], "line.fbi cannot be made of curves alone"),
    ],
)
def test_what_cannot_be_spoken_is_told_and_leaves_no_file(
    words: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["speak", *words, "--to", str(tmp_path / "a.wav")]) == 2
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_recording_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"the actor's voice")
    assert main(["speak", "hello there", "--voice", "en", "--to", str(recording)]) == 2
    assert "a.wav exists already" in capsys.readouterr().err
    assert recording.read_bytes() == b"the actor's voice"


def test_a_timbre_changes_the_voice_and_not_the_words(tmp_path: Path) -> None:
    lengths = []
    for number, voice in enumerate(("de", "de+f3")):
        phones = tmp_path / f"{number}.json"
        assert (
            main(
                [
                    "speak",
                    "Komm zurück!",
                    "--voice",
                    voice,
                    "--to",
                    str(tmp_path / f"{number}.wav"),
                    "--timeline",
                    str(phones),
                ]
            )
            == 0
        )
        lengths.append([phone.unit for phone in load(phones).phones])
    assert lengths[0] == lengths[1]
    assert not np.array_equal(*(soundfile.read(tmp_path / f"{n}.wav")[0][:8000] for n in (0, 1)))
