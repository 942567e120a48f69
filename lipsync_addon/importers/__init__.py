"""Curves that other programs made, as tracks. The file's ending and first words say which reader takes it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core import timeline_file
from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from ..core.timeline import PhonemeTimeline
from . import audio2face, livelink_csv, plain, rhubarb, textgrid

ENDINGS = (".csv", ".json", ".tsv", ".xml", ".textgrid")
HINT = (
    "Readable are Live Link Face CSV, Rhubarb TSV, XML and JSON, Praat TextGrid, Audio2Face JSON and CSV, and our own "
    "CSV and JSON."
)

PHONEMES = (".json", ".tsv", ".xml", ".textgrid")
PHONEMES_HINT = "Readable are our own JSON (--timeline), Praat TextGrid, and Rhubarb TSV, XML and JSON."

LONGEST_REASON = 200
"""Letters; Python quotes whole lines of a file in its errors."""


def read_curves(path: Path) -> AnimationTrack:
    """The curves of a file, from second 0. Raises LipsyncError that names the file and what is wrong with it."""
    path = Path(path)
    with _named_errors(path):
        track = _read(path)
    if track.values.size == 0:
        raise LipsyncError(f"{path} holds no curves that are known here.", HINT)
    return track


def read_timeline(path: Path) -> PhonemeTimeline | None:
    """Phones and words of a file that has them, a TextGrid; else None. Raises LipsyncError as read_curves() does."""
    path = Path(path)
    if path.suffix.lower() != ".textgrid":
        return None
    with _named_errors(path):
        return textgrid.timeline(textgrid.text_of(path.read_bytes()), path.stem)


def read_phonemes(path: Path) -> PhonemeTimeline:
    """A phoneme track: our own JSON, a TextGrid, or Rhubarb's mouths, each as a phone that stands for it.

    Raises LipsyncError that names the file and what is wrong with it.
    """
    path, ending = Path(path), Path(path).suffix.lower()
    if said := read_timeline(path):
        return said
    if ending not in PHONEMES:
        raise LipsyncError(f"{path} is no file of phonemes.", f"{PHONEMES_HINT} Words are given by --text-file.")
    with _named_errors(path, PHONEMES_HINT):
        text = path.read_text(encoding="utf-8-sig")
        if ending in (".tsv", ".xml"):
            return rhubarb.timeline(rhubarb.tsv_cues(text) if ending == ".tsv" else rhubarb.xml_cues(text), path.stem)
        if "mouthCues" in (data := json.loads(text)):
            return rhubarb.timeline(rhubarb.json_cues(data), path.stem)
    return timeline_file.load(path)


@contextmanager
def _named_errors(path: Path, hint: str = HINT) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LipsyncError(f"{path} cannot be read: {error.strerror}.", "Check the path and its spelling.") from error
    except KeyError as error:
        raise LipsyncError(f"{path} is damaged or of another kind: {error} is missing in it.", hint) from error
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError, csv.Error, RecursionError) as error:
        reason = "it is not text" if isinstance(error, UnicodeDecodeError) else " ".join(str(error).split()).rstrip(".")
        reason = reason or type(error).__name__
        reason = reason if len(reason) <= LONGEST_REASON else reason[:LONGEST_REASON] + " ..."
        raise LipsyncError(f"{path} is damaged or of another kind: {reason}.", hint) from error


def _read(path: Path) -> AnimationTrack:
    """Raises ValueError and its like for whatever is wrong inside the file."""
    ending = path.suffix.lower()
    if ending == ".textgrid":
        return textgrid.from_text(textgrid.text_of(path.read_bytes()))
    text = path.read_text(encoding="utf-8-sig")
    if ending == ".tsv":
        return rhubarb.from_tsv(text)
    if ending == ".xml":
        return rhubarb.from_xml(text)
    if ending == ".json":
        data = json.loads(text)
        readers = {"mouthCues": rhubarb.from_json, "weightMat": audio2face.from_json, "values": plain.from_json}
        for key in readers.keys() & set(data):
            return readers[key](data)
    if ending == ".csv":
        head, *rows = [row for row in csv.reader(text.splitlines()) if row]
        if head[0].lower() == "timecode":
            return livelink_csv.from_rows(head, rows)
        if "timeCode" in head:
            return audio2face.from_rows(head, rows)
        if head[0] == "time":
            return plain.from_rows(head, rows)
    raise ValueError("no known layout")
