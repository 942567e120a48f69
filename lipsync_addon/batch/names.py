"""Names of output files that are made of what a table holds: whatever that is, they stay inside the output folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath

from ..core.errors import LipsyncError

LONGEST = 120
"""Bytes of one part of a path. File systems allow 255; a temporary name beside it needs some of them."""
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{d}{n}" for d in ("com", "lpt") for n in "0123456789¹²³"
}
"""Names that Windows keeps for itself, with any ending: learn.microsoft.com/windows/win32/fileio/naming-a-file."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]')


def safe_name(text: str) -> str:
    """One part of a path, for every file system. Text that is no name gets one, with a digest that sets it apart."""
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))
    name = name.strip().rstrip(".").rstrip()
    if name.startswith("."):
        name = "_" + name[1:]
    if name.split(".")[0].rstrip().lower() in DEVICES:
        name = "_" + name
    if len(name.encode()) > LONGEST - 9:
        name = name.encode()[: LONGEST - 9].decode(errors="ignore").rstrip(". ")
    if name and name == unicodedata.normalize("NFC", text):
        return name
    return f"{name or '_'}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"


def output_name(template: str, fields: Mapping[str, str]) -> PurePosixPath:
    """The path below the output folder that `template`, such as "{language}/{id}.csv", gives for these fields.

    A slash in the template or in the id begins a folder, one in any other field does not. Raises LipsyncError for a
    field that the table has not, and for a template that leads out of the folder.
    """
    if template.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", template) or ".." in re.split(r"[/\\]", template):
        raise LipsyncError(f"The output {template} leads out of the output folder.", "Give a name below it.")

    def filled(match: re.Match[str]) -> str:
        name = match[1].strip().lower()
        if name not in fields:
            raise LipsyncError(f"The output {template} asks for {{{name}}}, which the line has not.", _known(fields))
        if name == "id":
            return "/".join(safe_name(part) for part in re.split(r"[/\\]", fields[name]) if part)
        return safe_name(fields[name]) if fields[name] else ""

    parts = [part for part in re.split(r"[/\\]", _FIELD.sub(filled, template)) if part]
    if not parts or template.endswith(("/", "\\")):
        raise LipsyncError(f"The output {template} has no file name.", "For example {id}.csv.")
    stem, dot, ending = parts[-1].rpartition(".")
    last = safe_name(stem) + dot + safe_name(ending) if stem else safe_name(parts[-1])
    return PurePosixPath(*(safe_name(part) for part in parts[:-1]), last)


def filled_in(template: str, fields: Mapping[str, str]) -> str:
    """`template` with the fields as they are: for sounds, which are read and not written."""
    try:
        return _FIELD.sub(lambda match: fields[match[1].strip().lower()], template)
    except KeyError as error:
        raise LipsyncError(
            f"{template} asks for {{{error.args[0]}}}, which the line has not.", _known(fields)
        ) from error


def _known(fields: Mapping[str, str]) -> str:
    return f"It has {', '.join(f'{{{name}}}' for name in fields)}."
