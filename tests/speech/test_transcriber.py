"""Words out of the sound."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from lipsync_addon.cli import main
from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.timeline_file import load
from lipsync_addon.speech.transcriber import LONGEST, RECOGNISERS, Transcribed, Vosk, Whisper, _pieces, transcribe


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


SILENCE = AudioClip(np.zeros(16000, np.float32), 16000)


def test_silence_has_no_words() -> None:
    assert transcribe(SILENCE).text == ""


def test_long_sound_is_cut_in_its_pauses() -> None:
    loud = np.random.default_rng(0).uniform(-0.5, 0.5, 16000 * 50).astype(np.float32)
    for second in (15, 33):
        loud[16000 * second : 16000 * second + 8000] = 0
    pieces = list(_pieces(AudioClip(loud, 16000)))
    assert sum(map(len, pieces)) == len(loud) and max(map(len, pieces)) <= LONGEST * 16000
    assert all(np.abs(piece[-700:]).max() == 0 for piece in pieces[:2])


@pytest.mark.parametrize("name", RECOGNISERS)
def test_what_is_not_installed_is_named(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, name.replace("-", "_"), None)
    folder = model_folder(tmp_path, RECOGNISERS[name]) if hasattr(RECOGNISERS[name], "FILES") else None
    with pytest.raises(LipsyncError, match=f"pip install {name}"):
        transcribe(SILENCE, recogniser=name, model=folder)


def model_folder(folder: Path, kind: type) -> Path:
    for file in kind.FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"")
    return folder


def test_a_folder_that_is_no_model_is_told_before_anything_could_be_downloaded(tmp_path: Path) -> None:
    with pytest.raises(LipsyncError, match="has no model of faster-whisper"):
        transcribe(SILENCE, model=tmp_path)
    with pytest.raises(LipsyncError, match="vosk needs a model|Vosk needs a model"):
        transcribe(SILENCE, recogniser="vosk")
    (model_folder(tmp_path, Whisper) / "tokenizer.json").unlink()  # which faster-whisper would fetch
    with pytest.raises(LipsyncError, match="tokenizer.json is missing"):
        transcribe(SILENCE, model=tmp_path)


def test_pocketsphinx_refuses_what_is_not_english() -> None:
    with pytest.raises(LipsyncError, match="recognises English, not 'nl'"):
        transcribe(SILENCE, language="nl")


class FakeWhisper:
    """What is used of faster_whisper.WhisperModel 1.2; tests have no model of 75 MB."""

    supported_languages = ["en", "nl"]
    opened: list[dict] = []

    def __init__(self, path: str, **options) -> None:
        self.opened.append(options | {"path": path})

    def transcribe(self, piece, *, language, condition_on_previous_text):
        assert piece.dtype == np.float32
        return iter([SimpleNamespace(text=" Een kat."), SimpleNamespace(text=" Ja!")]), SimpleNamespace(
            language=language or "nl"
        )


def test_whisper_opens_the_folder_and_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=FakeWhisper))
    folder, loud = model_folder(tmp_path, Whisper), AudioClip(np.full(16000, 0.1, np.float32), 16000)
    assert transcribe(loud, model=folder) == Transcribed("Een kat. Ja!", "nl")
    assert transcribe(loud, model=folder, language="nl-BE") == Transcribed("Een kat. Ja!", "nl-BE")
    assert FakeWhisper.opened[0]["local_files_only"] and FakeWhisper.opened[0]["path"] == str(folder)
    with pytest.raises(LipsyncError, match="does not recognise 'xx'. It knows en, nl"):
        transcribe(loud, model=folder, language="xx")


def test_vosk_takes_samples_as_it_wants_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard: list[bytes] = []
    recogniser = SimpleNamespace(AcceptWaveform=heard.append, FinalResult=lambda: '{"text": "een kat"}')
    vosk = SimpleNamespace(SetLogLevel=print, Model=str, KaldiRecognizer=lambda model, rate: recogniser)
    monkeypatch.setitem(sys.modules, "vosk", vosk)
    loud = AudioClip(np.full(16000, 0.5, np.float32), 16000)
    assert transcribe(loud, model=model_folder(tmp_path, Vosk)) == Transcribed("een kat", "")
    assert np.frombuffer(heard[0], np.int16).tolist() == [16383] * 16000


def test_a_recogniser_without_transcribe_is_a_mistake(president: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["bake", str(president), "--to", "a.csv", "--transcriber", "vosk"]) == 2
    assert "Add --transcribe." in capsys.readouterr().err
