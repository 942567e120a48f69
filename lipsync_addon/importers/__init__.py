"""Curves that other programs made, as tracks. The file's ending and first words say which reader takes it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from . import audio2face, livelink_csv, plain, rhubarb

ENDINGS = (".csv", ".json", ".tsv", ".xml")
HINT = "Readable are Live Link Face CSV, Rhubarb TSV, XML and JSON, Audio2Face JSON and CSV, and our own CSV and JSON."


def read_curves(path: Path) -> AnimationTrack:
    """The curves of a file, from second 0. Raises LipsyncError that names the file and what is wrong with it."""
    path = Path(path)
    try:
        track = _read(path)
    except OSError as error:
        raise LipsyncError(f"{path} cannot be read: {error.strerror}.", "Check the path and its spelling.") from error
    except (ValueError, KeyError, TypeError, IndexError, csv.Error) as error:
        raise LipsyncError(f"{path} is damaged or of another kind: {error}.", HINT) from error
    if track.values.size == 0:
        raise LipsyncError(f"{path} holds no curves that are known here.", HINT)
    return track


def _read(path: Path) -> AnimationTrack:
    """Raises ValueError and its like for whatever is wrong inside the file."""
    text = path.read_text(encoding="utf-8-sig")
    ending = path.suffix.lower()
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
