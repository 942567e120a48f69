"""A folder of films' lines in the form in which model/prepare.py stores its sources, and its datasheet.

films/<key>.npz holds what one film gave, written whole, so that an interrupted build goes on. From these the source is
joined film by film; names.json is taken away first and comes last: a folder without it is no source.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.training_frames import FRAME_RATE, MOUTH_UNITS, is_held_out
from ..core.writing import whole_file

ARRAYS = {"phones": np.int16, "opening": np.float16, "seal": np.bool_, "units": np.float16}
"""Of a film's record as of the source, beside audio."""
SHEET = "datasheet.json"


@dataclass(frozen=True, slots=True)
class TrainingLine:
    """A stretch of a film; its T frames are 20 ms each."""

    start: float
    """Seconds in the film"""
    samples: NDArray[np.int16]
    """[T * hop]"""
    phones: NDArray[np.int16]
    """[T] index into PHONES; -1 unknown"""
    opening: NDArray[np.float16]
    """[T] distances of the outer eye corners; nan unknown"""
    seal: NDArray[np.bool_]
    """[T] the middle of p, b, m"""
    units: NDArray[np.float16]
    """[T, len(MOUTH_UNITS)] coefficients; nan unknown"""
    offset: float
    """Seconds by which the mouth came after the sound, as measured"""
    likelihood: float
    """That sound and mouth belong together"""
    r: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stretch that does not train, and why."""

    start: float | None
    end: float | None
    """Seconds; None: the whole film"""
    reason: str


@dataclass(slots=True)
class FilmLines:
    """What a film gives."""

    lines: list[TrainingLine] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    transcribed: bool = False
    """Whether the phones are those of a text; else they are heard"""
    language: str = ""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilmRecord:
    """A film that is done. Its arrays are read from the file as needed."""

    file: Path
    facts: dict[str, Any]
    """film, speaker, language, phones, notices, lines [{start, frames, offset, likelihood, r}], refused"""

    @property
    def frames(self) -> int:
        """Of all its lines."""
        return sum(line["frames"] for line in self.facts["lines"])


def record_file(folder: Path, key: str) -> Path:
    """Where the film of this key is kept."""
    return folder / "films" / f"{key}.npz"


def read_record(file: Path) -> FilmRecord | None:
    """None where it is not there or not whole."""
    try:
        with np.load(file) as data:
            return FilmRecord(file, json.loads(str(data["facts"])))
    except (OSError, ValueError, KeyError):
        return None


def write_record(file: Path, film: str, speaker: str, found: FilmLines, hop: int) -> FilmRecord:
    """Keeps what a film gave, a film that was refused too."""
    lines = found.lines
    facts = {
        "film": film, "speaker": speaker, "language": found.language,
        "phones": "transcript" if found.transcribed else "recognised", "notices": list(found.notices),
        "lines": [
            {"start": line.start, "frames": len(line.phones), "offset": line.offset,
             "likelihood": line.likelihood, "r": line.r}
            for line in lines
        ],
        "refused": [asdict(refusal) for refusal in found.refused],
    }  # fmt: skip
    parts = {"audio": [line.samples for line in lines]} | {n: [getattr(line, n) for line in lines] for n in ARRAYS}
    kinds = {"audio": np.int16} | ARRAYS
    arrays = {name: np.concatenate([_nothing(name), *parts[name]]).astype(kind) for name, kind in kinds.items()}
    assert len(arrays["audio"]) == hop * len(arrays["phones"])
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as temporary:
        np.savez(temporary, facts=json.dumps(facts), **arrays)
    return FilmRecord(file, facts)


def _nothing(name: str) -> NDArray:
    return np.empty((0, len(MOUTH_UNITS)) if name == "units" else 0, ARRAYS.get(name, np.int16))


def check_folder(folder: Path) -> None:
    """Raises LipsyncError for a folder with a source that is not from here, which would be overwritten."""
    if folder.is_file():
        raise LipsyncError(f"{folder} is a file.", "Name a folder.")
    if (folder / "names.json").exists() and not (folder / SHEET).exists():
        raise LipsyncError(f"{folder} holds a source that was not built from films.", "Name another folder.")


def write_source(folder: Path, records: Sequence[FilmRecord], hop: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Joins the films' lines to one source, writes the datasheet and gives it back."""
    (folder / "names.json").unlink(missing_ok=True)
    used = [record for record in records if record.frames]
    many = len({record.facts["speaker"] for record in used}) > 1
    names, held_out, starts = [], [], [0]
    for record in used:
        for line in record.facts["lines"]:
            names.append(f"{Path(record.facts['film']).stem}_{record.file.stem[:8]}_{line['start']:.2f}")
            held_out.append(is_held_out(names[-1], record.facts["speaker"] if many else ""))
            starts.append(starts[-1] + line["frames"] * hop)
    sheet = _sheet(records, sum(held_out), settings)
    if used:
        frames = starts[-1] // hop
        _joined(folder / "audio.npy", used, "audio", np.int16, starts[-1])
        for name, kind in ARRAYS.items():
            _joined(folder / f"{name}.npy", used, name, kind, frames)
        _saved(folder / "starts.npy", np.array(starts, np.int64))
        _saved(folder / "held_out.npy", np.array(held_out, bool))
    _written(folder / SHEET, json.dumps(sheet, indent=2, ensure_ascii=False))
    _written(folder / "datasheet.md", _page(sheet))
    if used:
        _written(folder / "names.json", json.dumps(names))
    return sheet


def _joined(target: Path, records: Sequence[FilmRecord], name: str, kind: type, length: int) -> None:
    """One film in memory at a time."""
    with whole_file(target) as temporary:
        whole = np.lib.format.open_memmap(temporary, "w+", kind, (length, *_nothing(name).shape[1:]))
        reached = 0
        for record in records:
            with np.load(record.file) as data:
                part = data[name]
            whole[reached : reached + len(part)] = part
            reached += len(part)
        whole.flush()


def _saved(target: Path, values: NDArray) -> None:
    with whole_file(target) as temporary:
        np.save(temporary, values)


def _written(target: Path, text: str) -> None:
    with whole_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _sheet(records: Sequence[FilmRecord], held_out: int, settings: dict[str, Any]) -> dict[str, Any]:
    used = [record for record in records if record.frames]
    seconds = sum(record.frames for record in used) / FRAME_RATE

    def seconds_by(key: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for record in used:
            name = record.facts[key] or "unknown"
            found[name] = round(found.get(name, 0.0) + record.frames / FRAME_RATE, 2)
        return found

    return {
        "seconds": round(seconds, 2),
        "lines": sum(len(record.facts["lines"]) for record in used),
        "held_out_lines": held_out,
        "seconds_by_speaker": seconds_by("speaker"),
        "seconds_by_language": seconds_by("language"),
        "seconds_by_phones": seconds_by("phones"),
        "refused": [{"film": r.facts["film"], **refusal} for r in records for refusal in r.facts["refused"]],
        "settings": settings,
        "films": [record.facts for record in records],
    }


def _page(sheet: dict[str, Any]) -> str:
    """The datasheet for people."""
    taken = sum(bool(film["lines"]) for film in sheet["films"])

    def listed(title: str, key: str) -> str:
        return f"- {title}: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in sheet[key].items())

    rows = [
        "# Datasheet", "",
        f"- {sheet['lines']} lines, {sheet['seconds']:.1f} s, from {taken} films; "
        f"{sheet['held_out_lines']} lines never train",
        listed("Speakers", "seconds_by_speaker"), listed("Languages", "seconds_by_language"),
        listed("Phones from", "seconds_by_phones"),
        "- Settings: " + ", ".join(f"{name} {value}" for name, value in sheet["settings"].items()), "",
        "## Refused", "", "| film | from s | to s | why |", "| --- | --- | --- | --- |",
        *(f"| {r['film']} | {_time(r['start'])} | {_time(r['end'])} | {r['reason']} |" for r in sheet["refused"]), "",
        "## Taken", "", "| film | from s | length s | mouth after sound ms | likelihood | r |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {film['film']} | {line['start']:.2f} | {line['frames'] / FRAME_RATE:.2f} "
            f"| {line['offset'] * 1000:+.0f} | {line['likelihood']:.2f} | {line['r']:.2f} |"
            for film in sheet["films"] for line in film["lines"]
        ), "",
    ]  # fmt: skip
    return "\n".join(rows)


def _time(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f}"


def refused_whole(reason: str) -> FilmLines:
    """Of a film of which nothing can be used."""
    return FilmLines(refused=[Refusal(None, None, reason)])
