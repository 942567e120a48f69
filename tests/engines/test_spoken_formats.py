"""TextGrid and subtitles as readers of other people take them, and TextGrids of other programs as curves of ours."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import parselmouth
import pytest
import srt
import webvtt
from parselmouth.praat import call
from praatio import textgrid as praat

from lipsync_addon.cli import main
from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.spoken import heard
from lipsync_addon.core.timeline import Phone, PhonemeTimeline
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import FORMATS, ExportOptions, write
from lipsync_addon.importers import read_curves, read_timeline
from tests.engines import prediction
from tests.exporters.said import MY_NAME_IS_POPPY as SAID

ARPABET = ("sil", "M", "AY1", "sp", "B")


@pytest.fixture(scope="module")
def spoken(root: Path) -> AnimationTrack:
    return read_curves(root / "tests" / "data" / "spoken.json")


def written(track: AnimationTrack, path: Path, said: PhonemeTimeline | None = SAID, offset: float = 0.0) -> Path:
    write(track, path, FORMATS[path.suffix[1:].lower()], ExportOptions(said=said, offset=offset))
    return path


@pytest.mark.parametrize("offset", [0.0, 0.5, -0.15])
def test_praatio_finds_words_and_phones(spoken: AnimationTrack, tmp_path: Path, offset: float) -> None:
    grid = praat.openTextgrid(str(written(spoken, tmp_path / "a.TextGrid", offset=offset)), includeEmptyIntervals=True)
    assert grid.tierNames == ("words", "phones") and grid.minTimestamp == 0
    words = [entry for entry in grid.getTier("words").entries if entry.label]
    assert [word.label for word in words] == ["my", "name", "is", "Poppy"]
    for word, span in zip(words, SAID.word_spans(), strict=True):
        assert (word.start, word.end) == pytest.approx((max(span.start + offset, 0), span.end + offset), abs=1e-5)
    phones = grid.getTier("phones").entries
    assert [phone.label for phone in phones if phone.label] == "m a ɪ n e ɪ m ɪ z p ɑ p i".split()
    for tier in (grid.getTier("words").entries, phones):
        assert tier[0].start == 0 and all(a.end == b.start for a, b in pairwise(tier))


def test_praat_itself_finds_words_and_phones(spoken: AnimationTrack, tmp_path: Path) -> None:
    grid = parselmouth.read(str(written(spoken, tmp_path / "a.TextGrid")))
    assert call(grid, "Get number of tiers") == 2
    for tier, (name, parts) in enumerate({"words": SAID.word_spans(), "phones": SAID.phones}.items(), 1):
        assert call(grid, "Get tier name", tier) == name
        count = call(grid, "Get number of intervals", tier)
        found = [(call(grid, "Get label of interval", tier, k), k) for k in range(1, count + 1)]
        texts = [part.text if name == "words" else part.unit for part in parts]
        assert [label for label, _ in found if label] == [text for text in texts if text != "sil"]
        starts = [call(grid, "Get start time of interval", tier, k) for label, k in found if label]
        expected = [part.start for part, text in zip(parts, texts, strict=True) if text != "sil"]
        np.testing.assert_allclose(starts, expected, atol=1e-5)


@pytest.mark.parametrize("how", ["Save as text file...", "Save as short text file..."])
def test_what_praat_itself_writes_is_read(tmp_path: Path, how: str) -> None:
    grid = call("Create TextGrid", 0, 1.2, "words phones", "")
    for end in (0.2, 0.5, 0.9):
        call(grid, "Insert boundary", 2, end)
    for place, label in enumerate(("m", "aɪ", 'z"'), 2):
        call(grid, "Set interval text", 2, place, label)
    path = tmp_path / "a.TextGrid"
    call(grid, how, str(path))
    said = read_timeline(path)
    assert [phone.unit for phone in said.phones] == ["sil", "m", "a", "ɪ", "z"]
    assert [phone.start for phone in said.phones] == pytest.approx([0, 0.2, 0.5, 0.7, 0.9])


def test_without_a_timeline_it_holds_what_was_heard(tmp_path: Path) -> None:
    track = prediction.hello()
    grid = praat.openTextgrid(str(written(track, tmp_path / "a.TextGrid", None)), includeEmptyIntervals=False)
    assert grid.tierNames == ("visemes",)
    labels = [entry.label for entry in grid.getTier("visemes").entries]
    assert labels == [sound.unit for sound in heard(track) if sound.unit != "sil"] and "PP" in labels


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_praatio_writes_becomes_curves(tmp_path: Path, short: bool, encoding: str) -> None:
    """ARPAbet with stress, pauses of the Montreal Forced Aligner, two speakers, points beside."""
    ends = (0.2, 0.4, 0.7, 0.9, 1.1)
    entries = list(zip((0.0, *ends), ends, ARPABET))
    grid = praat.Textgrid()
    grid.addTier(praat.IntervalTier("Anna - words", [(0.2, 0.7, 'my "own"'), (0.9, 1.1, "b")], 0, 1.2))
    grid.addTier(praat.IntervalTier("Anna - phones", entries, 0, 1.2))
    grid.addTier(praat.PointTier("clicks", [(0.5, "click")], 0, 1.2))
    path = tmp_path / "a.TextGrid"
    grid.save(str(path), "short_textgrid" if short else "long_textgrid", includeBlankSpaces=True)
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    said = read_timeline(path)
    assert [phone.unit for phone in said.phones] == ["sil", "m", "a", "ɪ", "sil", "b", "sil"]
    assert [(span.text, span.start, span.end) for span in said.word_spans()] == [
        ('my "own"', 0.2, 0.7),
        ("b", 0.9, 1.1),
    ]
    track = read_curves(path)
    gap = lip_gap(track)
    assert gap[round(0.3 * track.fps)] < SEALED and gap[round(1.0 * track.fps)] < SEALED  # m and b
    assert gap[round(0.47 * track.fps)] > 0.1  # a
    assert track.channel("viseme_PP")[round(0.3 * track.fps)] == 1


WEBMAUS = {  # "I sing the sad song that one hears": tier MAU as the service labels English, and German
    "a I s I N D @ s { d s Q N": "a ɪ s ɪ ŋ ð ə s æ d s ɒ ŋ",
    "Q 6 tS OY s E: n=": "ʔ ɐ tʃ ɔ ʏ s ɛ n",
    "S T r\\ Z V": "ʃ θ ɹ ʒ ʌ",
}


@pytest.mark.parametrize("labels", WEBMAUS)
def test_x_sampa_is_told_by_the_labels_of_a_tier(tmp_path: Path, labels: str) -> None:
    assert units_of(tmp_path, "MAU", labels.split()) == WEBMAUS[labels].split()


def test_arpabet_and_ipa_are_not_taken_for_x_sampa(tmp_path: Path) -> None:
    assert units_of(tmp_path, "phones", ["S", "IH1", "NG", "DH", "T", "R", "ER0"]) == "s ɪ ŋ ð t ɹ ɚ".split()
    assert units_of(tmp_path, "phones", ["s", "ɪ", "ŋ", "ʃ", "S"]) == "s ɪ ŋ ʃ s".split()
    assert units_of(tmp_path, "visemes", ["SS", "E", "CH", "aa"]) == units_of(
        tmp_path, "phones", ["SS", "E", "CH", "aa"]
    )


def units_of(folder: Path, tier: str, labels: list[str]) -> list[str]:
    """The phones that are read of a tier with an interval for each label, written by praatio."""
    entries = [(k / 10, (k + 1) / 10, label) for k, label in enumerate(labels)]
    grid = praat.Textgrid()
    grid.addTier(praat.IntervalTier(tier, entries, 0, len(labels) / 10))
    path = folder / "a.TextGrid"
    grid.save(str(path), "long_textgrid", includeBlankSpaces=True)
    return [phone.unit for phone in read_timeline(path).phones]


def test_our_own_grid_comes_back(spoken: AnimationTrack, tmp_path: Path) -> None:
    said = read_timeline(written(spoken, tmp_path / "a.TextGrid"))
    assert [phone.unit for phone in said.phones] == [phone.unit for phone in SAID.phones]
    np.testing.assert_allclose([p.start for p in said.phones], [p.start for p in SAID.phones], atol=1e-5)
    assert said.words == SAID.words


def long_line() -> PhonemeTimeline:
    """Forty words, and a pause after the twentieth."""
    phones = [Phone("a", k * 0.3, k * 0.3 + 0.3, word=k) for k in range(20)]
    phones += [Phone("sil", 6.0, 7.0)] + [Phone("b", 7 + k * 0.3, 7.3 + k * 0.3, word=20 + k) for k in range(20)]
    words = tuple("<b>" if k == 3 else f"wörd{k}" for k in range(40))
    return PhonemeTimeline(tuple(phones), words)


def test_srt_shows_every_word_once(spoken: AnimationTrack, tmp_path: Path) -> None:
    captions = list(srt.parse(written(spoken, tmp_path / "a.srt", long_line()).read_text(encoding="utf-8")))
    assert " ".join(caption.content for caption in captions).split() == list(long_line().words)
    assert [caption.index for caption in captions] == list(range(1, len(captions) + 1))
    assert all(a.end <= b.start for a, b in pairwise(captions))
    assert all(len(caption.content) <= 84 for caption in captions)
    assert any(caption.start.total_seconds() == 7.0 for caption in captions), "a pause ends a caption"


def test_vtt_shows_every_word_at_its_time(spoken: AnimationTrack, tmp_path: Path) -> None:
    captions = webvtt.read(str(written(spoken, tmp_path / "a.vtt")))
    (caption,) = captions
    assert caption.text == "my name is Poppy" and (caption.start, caption.end) == ("00:00:00.100", "00:00:01.140")
    assert "<00:00:00.360>name" in caption.raw_text
    angled = webvtt.read(str(written(spoken, tmp_path / "b.vtt", long_line())))
    assert "&lt;b&gt;" in " ".join(caption.raw_text for caption in angled)


@pytest.mark.parametrize("ending", ["srt", "vtt"])
def test_without_words_there_are_no_subtitles(spoken: AnimationTrack, tmp_path: Path, ending: str) -> None:
    with pytest.raises(LipsyncError, match="words of this line are not known"):
        written(spoken, tmp_path / f"a.{ending}", None)
    assert not list(tmp_path.iterdir())


def test_a_grid_becomes_subtitles_and_curves(spoken: AnimationTrack, tmp_path: Path) -> None:
    grid = written(spoken, tmp_path / "a.TextGrid")
    targets = [tmp_path / name for name in ("b.srt", "b.csv", "b.TextGrid", "b.tsv")]
    assert main(["convert", str(grid), *(word for target in targets for word in ("--to", str(target)))]) == 0
    assert "my name is Poppy" in targets[0].read_text(encoding="utf-8")
    assert targets[2].read_text(encoding="utf-8") == grid.read_text(encoding="utf-8")
    assert "\tA\n" in targets[3].read_text(encoding="utf-8")
