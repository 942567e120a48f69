"""Speech by a Piper voice, with the voice's own times.

The symbols are what piper-tts 1.8 and the voice en_US-joe-medium made of this text; tests have no voice of 63 MB.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lipsync_addon.cli import main
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.timeline_file import load
from lipsync_addon.speech.synthesis import language_of, speak

TEXT = "Which of the judges jumped?"
SYMBOLS = (
    "^ 1000, w 800, ˈ 0, ɪ 1500, t 1800, ʃ 1800, ␣ 300, ʌ 1000, v 1000, ð 1000, ə 800, ␣ 1600, d 1000, ʒ 1000, ˈ 500, "
    "ʌ 2000, d 900, ʒ 900, ᵻ 800, z 2500, ␣ 0, d 1000, ʒ 1000, ˈ 0, ʌ 2800, m 800, p 1000, t 1800, ? 4000, $ 500"
)
HZ = 22050
BLANK = 200
"""Of the samples of all but the shortest symbols; they count to the next."""


class FakeVoice:
    """What is used of piper.PiperVoice 1.8."""

    tells = True

    def __init__(self) -> None:
        self.config = SimpleNamespace(
            espeak_voice="en-us",
            sample_rate=HZ,
            phoneme_type=SimpleNamespace(value="espeak"),
            speaker_id_map={"ann": 0, "bob": 1},
            num_speakers=2,
            length_scale=1.2,
        )

    def synthesize(self, text: str, settings, include_alignments: bool):
        assert text == TEXT and include_alignments
        FakeVoice.settings = settings
        pairs = [each.split() for each in SYMBOLS.split(", ")]
        symbols = [SimpleNamespace(phoneme=symbol.replace("␣", " "), phoneme_ids=(1, 0)) for symbol, _ in pairs]
        symbols[-1].phoneme_ids = (1,)
        blanks = [BLANK * (int(count) > 300) for _, count in pairs]
        lengths = [part for (_, count), blank in zip(pairs, blanks) for part in (int(count) - blank, blank)]
        lengths = [*lengths[:-2], lengths[-2] + lengths[-1]]  # no blank after the end
        yield SimpleNamespace(
            audio_float_array=np.zeros(sum(lengths), np.float32),
            phoneme_alignments=symbols if self.tells else None,
            phoneme_id_samples=np.array(lengths),
        )


@pytest.fixture
def voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("joe.onnx", "joe.onnx.json"):
        (tmp_path / name).write_bytes(b"")
    piper = SimpleNamespace(
        PiperVoice=SimpleNamespace(load=lambda path, include_alignments: FakeVoice()), SynthesisConfig=SimpleNamespace
    )
    monkeypatch.setitem(sys.modules, "piper", piper)
    return str(tmp_path / "joe.onnx")


def test_phones_have_the_voice_s_own_times_and_the_words_of_the_text(voice: str) -> None:
    clip, timeline = speak(TEXT, voice)
    assert timeline is not None and clip.sample_rate == HZ and abs(timeline.end - clip.duration) < 1e-9
    assert " ".join(phone.unit for phone in timeline.phones) == (
        "sil w ɪ tʃ ʌ v ð ə sil dʒ ʌ dʒ ɪ z dʒ ʌ m p t sil"
    )
    assert [word.text for word in timeline.word_spans()] == ["Which", "of the", "judges", "jumped?"]
    starts = {phone.unit: round(phone.start * HZ) for phone in timeline.phones[:10]}
    assert (starts["w"], starts["tʃ"], starts["v"]) == (800, 3100, 8000)
    assert timeline.phones[3].end * HZ == pytest.approx(7200)  # the gap before "of" is too short for a pause
    assert all(phone.confidence == 1 and phone.word is not None for phone in timeline.phones if phone.unit != "sil")
    assert language_of(voice) == timeline.language == "en-us"


def test_rate_and_speaker_reach_the_voice(voice: str) -> None:
    speak(TEXT, f"{voice}+bob", rate=340)
    assert (FakeVoice.settings.speaker_id, FakeVoice.settings.length_scale) == (1, pytest.approx(0.6))
    with pytest.raises(LipsyncError, match="no speaker 'eve'. Use one of ann, bob"):
        speak(TEXT, f"{voice}+eve")


def test_a_voice_that_tells_no_times_leaves_them_to_the_aligner(voice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeVoice, "tells", False)
    clip, timeline = speak(TEXT, voice)
    assert timeline is None and len(clip.samples) > HZ


def test_the_command_aligns_what_a_voice_without_times_says(
    voice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(FakeVoice, "tells", False)
    saved = tmp_path / "a.json"
    assert main(["speak", TEXT, "--voice", voice, "--to", str(tmp_path / "a.wav"), "--timeline", str(saved)]) == 0
    assert "does not tell its times" in capsys.readouterr().out
    assert load(saved).words == ("Which", "of the", "judges", "jumped?")  # the fake says nothing at all


def test_what_is_missing_is_named(voice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LipsyncError, match="has one pitch"):
        speak(TEXT, voice, pitch=70)
    Path(f"{voice}.json").unlink()
    with pytest.raises(LipsyncError, match=r"joe.onnx.json does not exist"):
        speak(TEXT, voice)
    Path(f"{voice}.json").touch()
    monkeypatch.setitem(sys.modules, "piper", None)
    with pytest.raises(LipsyncError, match=r"pip install piper-tts\[alignment\]"):
        speak(TEXT, voice)
