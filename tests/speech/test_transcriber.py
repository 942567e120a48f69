"""Words out of the sound."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.cli import main
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.timeline_file import load
from lipsync_addon.speech.transcriber import LONGEST, _pieces, transcribe


@pytest.fixture
def president(shared: Path, tmp_path: Path) -> Path:
    """ "And so, my fellow Americans, ask not what your country can do for you ..." """
    with tarfile.open(shared / "data" / "speech" / "jfk_en" / "jfk_en-000.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    samples, rate = soundfile.read(tmp_path / "jfk.opus")
    soundfile.write(tmp_path / "line.wav", samples[4 * rate : int(8.5 * rate)], rate)
    return tmp_path / "line.wav"


def test_the_command_recognises_words_and_lays_them_over_the_sound(
    president: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    saved = tmp_path / "a.json"
    assert (
        main(["bake", str(president), "--to", str(tmp_path / "a.csv"), "--transcribe", "--timeline", str(saved)]) == 0
    )
    told = capsys.readouterr().out
    said = {word.text for word in load(saved).word_spans()}
    assert "recognised: " in told and "country" in told
    assert "country" in {word for words in said for word in words.split()} and len(said) >= 4


def test_silence_has_no_words() -> None:
    assert transcribe(AudioClip(np.zeros(16000, np.float32), 16000)) == ""


def test_long_sound_is_cut_in_its_pauses() -> None:
    loud = np.random.default_rng(0).uniform(-0.5, 0.5, 16000 * 50).astype(np.float32)
    for second in (15, 33):
        loud[16000 * second : 16000 * second + 8000] = 0
    pieces = list(_pieces(AudioClip(loud, 16000)))
    assert sum(map(len, pieces)) == len(loud) and max(map(len, pieces)) <= LONGEST * 16000
    assert all(np.abs(piece[-700:]).max() == 0 for piece in pieces[:2])


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(LipsyncError, match="pip install pocketsphinx"):
        transcribe(AudioClip(np.zeros(16000, np.float32), 16000))
