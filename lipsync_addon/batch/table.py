"""Tables of lines: CSV, TSV, JSON Lines, XLSX, a folder, a glob, localisation tables of Unity, Unreal and Wwise.

Every reader yields raw rows of text; `rows()` gives their columns the names that we use.
"""

from __future__ import annotations

import csv
import glob
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import LipsyncError
from .names import filled_in

SOUNDS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".caf", ".w64", ".au")
"""Endings of what a folder is searched for."""

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("lineid", "dialogueid", "key", "keys", "id", "stringid", "name", "objectpath"),
    "sound": ("sound", "audio", "file", "filename", "wav", "soundfile", "audiofile", "soundwave", "path"),
    "character": ("character", "speaker", "actor", "who"),
    "text": ("text", "transcript", "sourcestring", "dialogue", "subtitle", "line"),
    "language": ("language", "lang", "locale", "culture"),
    "outputs": ("outputs", "output", "to"),
}
"""Our column -> how others call it, in any letter case and without spaces; the first that a table has counts."""

_IN_LANGUAGE = re.compile(r".*\(([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*)\)")  # Unity: "English (United States)(en-US)"
_LOCALE = re.compile(r"[a-z]{2}|[a-z]{2,3}[-_][A-Za-z]{2,4}")  # Godot and many others: a column "de" or "pt_BR"
_WWISE_TYPE = re.compile(r"<[^<>\\]*>")  # "\Actor-Mixer Hierarchy\Default Work Unit\<Sound Voice>Hello"
_UNREAL_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    where: str
    """For messages: "lines.csv, row 3"."""
    fields: Mapping[str, str]
    """Column -> text: ours under our names, the others as the table calls them, in lower case. id and sound always."""
    folder: Path = Path()
    """What paths in it are relative to."""
    problem: str = ""
    """Why this line alone cannot be baked."""


def rows(
    sources: Sequence[Path | str],
    *,
    columns: Mapping[str, str] | None = None,
    sound: str = "",
    languages: Sequence[str] = (),
) -> Iterator[Row]:
    """The lines of all sources: tables, folders, sound files, globs.

    `columns`: our name -> the table's, where ALIASES do not know it. `sound`: template of the sound file, for tables
    that name none, such as "voices/{language}/{id}.wav". `languages`: some row must be in one, all are given.
    Raises LipsyncError for a source that cannot be read; memory does not grow with the number of rows.
    """
    empty = True
    for source in sources:
        path = Path(source)
        if path.is_dir():
            found = _apart(_in_folder(path))
        elif not path.exists() and glob.has_magic(str(source)):
            found = _apart(_in_glob(str(source)))
        elif path.suffix.lower() in SOUNDS:
            found = iter([_of_sound(path, path.parent)])
        else:
            found = _in_table(path, columns or {}, sound)
        for row in found:
            empty = empty and row.fields.get("language", "") not in languages
            yield _storable(row)
    if languages and empty:
        raise LipsyncError(f"No line is in {' or '.join(languages)}.", "--language chooses among the lines of a table.")


def _storable(row: Row) -> Row:
    """The row as UTF-8 holds it. A name in another encoding cannot be written anywhere, so its line fails alone."""

    def plain(text: str) -> str:
        return text.encode(errors="backslashreplace").decode()

    fields = {plain(name): plain(text) for name, text in row.fields.items()}
    if fields == row.fields:
        return row
    problem = f"{plain(row.where)} has characters that are not Unicode. Rename the file, or correct the row."
    return Row(plain(row.where), fields, row.folder, problem)


def spoken_lines(path: Path, names: Collection[str]) -> dict[str, tuple[str, str]]:
    """(text, language) of the lines of these names in a table: a row's sound or id, without folder and ending; of
    several rows the first that has text. Raises LipsyncError for a table that cannot be read."""
    found: dict[str, tuple[str, str]] = {}
    for row in rows([path]):
        if text := row.fields.get("text"):
            for name in {Path(row.fields["sound"]).stem, Path(row.fields["id"]).name} & set(names):
                found.setdefault(name, (text, row.fields.get("language", "")))
        if len(found) == len(names):
            break
    return found


def _in_table(path: Path, columns: Mapping[str, str], sound: str) -> Iterator[Row]:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise LipsyncError(f"{path} is no table.", f"Use a folder, a sound, or one of {', '.join(READERS)}.")
    ours: dict[str, str] | None = None
    spoken: dict[str, str] = {}
    try:
        for number, cells in reader(path):
            where = f"{path.name}, row {number}"
            if ours is None or path.suffix.lower() == ".jsonl":
                ours, spoken = _columns(list(cells), columns, path)
            others = {name.strip().lower(): text.strip() for name, text in cells.items() if name not in ours}
            fields = others | {our: _plain(name, cells.get(name, "")) for name, our in ours.items()}
            if not any(fields.values()):
                continue
            for each in _by_language(fields, cells, spoken) if spoken else (fields,):
                yield from _with_sound(where, each, path.parent, sound)
    except FileNotFoundError as error:
        raise LipsyncError(f"{path} does not exist.", "Check the path and its spelling.") from error
    except OSError as error:
        raise LipsyncError(
            f"{path} cannot be read: {error.strerror or error}.", "Check that you may open it."
        ) from error


def _columns(names: Sequence[str], given: Mapping[str, str], path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """(the table's column -> ours, column with the text in a language -> that language)."""
    plain = {re.sub(r"[\s_\-]", "", name).lower(): name for name in reversed(names)}
    ours = {}
    for our, theirs in given.items():
        if theirs not in names:
            raise LipsyncError(f"{path} has no column {theirs!r}.", f"It has {', '.join(names)}.")
        ours[theirs] = our
    for our, aliases in ALIASES.items():
        alias = next((alias for alias in aliases if alias in plain and plain[alias] not in ours), None)
        if alias and our not in ours.values():
            ours[plain[alias]] = our
    rest = [name for name in names if name not in ours]
    spoken = {name: match[1] for name in rest if (match := _IN_LANGUAGE.fullmatch(name.strip()))}
    if not spoken and "text" not in ours.values() and "language" not in ours.values():
        spoken = {name: name.strip() for name in rest if _LOCALE.fullmatch(name.strip())}
    return ours, spoken


def _plain(column: str, cell: str) -> str:
    """A cell without what Wwise and Unreal put into it for themselves."""
    kind = re.sub(r"[\s_\-]", "", column).lower()
    if kind == "objectpath":
        cell = _WWISE_TYPE.sub("", cell).lstrip("\\")
    elif kind == "sourcestring":
        cell = _UNREAL_ESCAPE.sub(lambda match: " " if match[1] in "nrt" else match[1], cell)
    return cell.strip()


def _by_language(
    fields: dict[str, str], cells: Mapping[str, str], spoken: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    texts = {column.strip().lower() for column in spoken}
    fields = {name: text for name, text in fields.items() if name not in texts}
    for column, language in spoken.items():
        if text := cells.get(column, "").strip():
            key = fields.get("id", "")
            yield fields | {"id": f"{language}/{key}" if key else "", "key": key, "text": text, "language": language}


def _with_sound(where: str, fields: dict[str, str], folder: Path, template: str) -> Iterator[Row]:
    """The row with its sound found; several where the sound is a glob."""
    sound = fields.get("sound") or filled_in(template, {"key": fields.get("id", "")} | fields)
    if not sound:
        yield Row(where, fields | {"id": fields.get("id") or where, "sound": ""}, folder)
        return
    path = folder / sound
    if "\\" in sound and not _exists(path):  # a table that was written on Windows
        sound = sound.replace("\\", "/")
        path = folder / sound
    if glob.has_magic(sound) and not _exists(path):
        for match in sorted(glob.glob(str(path), recursive=True)):
            part = Path(match).relative_to(folder).with_suffix("").as_posix()
            key = fields.get("id")
            yield Row(where, fields | {"id": f"{key}/{Path(match).stem}" if key else part, "sound": match}, folder)
        return
    name = fields.get("id") or Path(sound).with_suffix("").as_posix()
    yield Row(where, fields | {"id": name, "sound": str(path)}, folder)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have; the bake says so
        return False


def _in_folder(folder: Path) -> Iterator[Row]:
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUNDS):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield _of_sound(path, folder)


def _in_glob(pattern: str) -> Iterator[Row]:
    found = sorted(Path(match) for match in glob.glob(pattern, recursive=True))
    if not found:
        raise LipsyncError(f"No file is like {pattern}.", "Check the path and its spelling.")
    for path in found:
        fixed = Path(*(part for part in Path(pattern).parent.parts if not glob.has_magic(part)))
        yield _of_sound(path, fixed if path.is_relative_to(fixed) else path.parent)


def _of_sound(path: Path, folder: Path) -> Row:
    """A sound file as a line; what a .txt of the same name beside it holds is the text."""
    fields = {"id": path.relative_to(folder).with_suffix("").as_posix(), "sound": str(path), "name": path.stem}
    words = path.with_suffix(".txt")
    try:
        text = {"text": " ".join(_decoded(words).split())} if words.is_file() else {}
    except LipsyncError as error:
        return Row(str(path), fields, problem=str(error))
    except OSError as error:
        problem = f"{words} cannot be read: {error.strerror or error}. Check that you may open it."
        return Row(str(path), fields, problem=problem)
    return Row(str(path), fields | text)


def _apart(found: Iterator[Row]) -> Iterator[Row]:
    """Of sounds that differ in their endings alone the first has the name; the others go by all of theirs, and fail."""
    names: dict[str, str] = {}
    for row in found:
        first = names.setdefault(row.fields["id"], row.where)
        if first == row.where:
            yield row
            continue
        id = row.fields["id"] + Path(row.where).suffix
        problem = f"{row.where} has the name of {Path(first).name}. Rename one of them."
        yield Row(row.where, {**row.fields, "id": id}, row.folder, problem)


def _decoded(path: Path) -> str:
    """UTF-8 with or without a mark, or UTF-16 with one, as Excel and Unreal write it."""
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise LipsyncError(f"{path} is not encoded as UTF-8.", "Save it as UTF-8.") from error


def _delimited(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    encoding = "utf-8-sig"
    with path.open("rb") as start:
        if start.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            encoding = "utf-16"
    try:
        with path.open(encoding=encoding, newline="") as file:
            head = file.readline()
            delimiter = max(",;\t", key=head.count)
            file.seek(0)
            for record in (reader := csv.DictReader(file, delimiter=delimiter, strict=True)):
                if any(map(str.strip, record.pop(None, ()))):
                    more = f"{path}, row {reader.line_num} has more cells than the head."
                    hint = f"Put text with {delimiter!r} in it into quotation marks."
                    raise LipsyncError(more, hint.replace(repr("\t"), "a tab"))
                yield reader.line_num, {name: text or "" for name, text in record.items() if name}
    except UnicodeError as error:
        raise LipsyncError(f"{path} is not encoded as UTF-8.", "Save it as UTF-8.") from error
    except csv.Error as error:
        raise LipsyncError(
            f"{path}, row {reader.reader.line_num} is not CSV: {error}.", "Check its quotation marks."
        ) from error


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                record = json.loads(text)
            except ValueError as error:
                raise LipsyncError(f"{path}, row {number} is not JSON: {error}.", "One object in each line.") from error
            if not isinstance(record, dict):
                raise LipsyncError(f"{path}, row {number} is no JSON object.", 'Like {"sound": "a.wav"}.')
            yield number, {str(name): _text(value) for name, value in record.items()}


def _sheet(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        import openpyxl
    except ImportError as error:
        raise LipsyncError(
            f"{path} needs the package openpyxl.", 'Run `pip install "lipsync[batch]"`, or save the table as CSV.'
        ) from error
    import zipfile

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise LipsyncError(f"{path} is not an XLSX file.", "Save the table again, as XLSX or CSV.") from error
    try:
        records = book.active.iter_rows(values_only=True)
        names = [_text(value) for value in next(records, ())]
        for number, values in enumerate(records, 2):
            yield number, {name: _text(value) for name, value in zip(names, values) if name}
    finally:
        book.close()


def _text(value: object) -> str:
    """A cell as text: 3.0 as 3, a list with semicolons."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(map(_text, value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


READERS = {".csv": _delimited, ".tsv": _delimited, ".txt": _delimited, ".jsonl": _json_lines, ".xlsx": _sheet}
"""File ending -> what yields (row number, column -> text)."""
