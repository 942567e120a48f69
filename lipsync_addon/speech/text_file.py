"""Files with the words of a line: plain text, SRT and WebVTT subtitles, Fountain screenplays."""

from __future__ import annotations

import re
from pathlib import Path

from ..core.errors import LipsyncError

ENDINGS = (".txt", ".srt", ".vtt", ".fountain")
"""Of such files."""
_TIMES = re.compile(r"^\s*(?:\d+:)?\d+:\d+[.,]\d+\s+-->")


def read_text(path: Path) -> str:
    """The words in the file. Raises LipsyncError that names the file and what is wrong with it."""
    path = Path(path)
    try:
        content = path.read_bytes()
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except OSError as error:
        raise LipsyncError(f"{path} cannot be read: {error.strerror}.", "Check the path and its spelling.") from error
    except UnicodeDecodeError as error:
        raise LipsyncError(f"{path} is not text in UTF-8.", "Save it again as UTF-8.") from error
    readers = {".srt": subtitles, ".vtt": subtitles, ".fountain": dialogue, ".spmd": dialogue}
    said = readers.get(path.suffix.lower(), str)(text)
    if not said.strip():
        raise LipsyncError(f"{path} has no words.", "Write what is said, or leave the text out.")
    return said


def subtitles(text: str) -> str:
    """The words of SRT or WebVTT: what stands below each line of times, up to an empty line."""
    said, inside = [], False
    for line in text.splitlines():
        if _TIMES.match(line):
            inside = True
        elif not line.strip():
            inside = False
        elif inside:
            said.append(re.sub(r"</?[^<>]*>|\{\\[^}]*\}", "", line).strip())
    return "\n".join(said)


def dialogue(text: str) -> str:
    """What is said in a Fountain screenplay (fountain.io/syntax): below a character's name, without parentheticals."""
    text = re.sub(r"/\*.*?\*/|\[\[.*?\]\]", "", text, flags=re.DOTALL)
    said, inside, free = [], False, True
    lines = text.splitlines()
    for line, after in zip(lines, [*lines[1:], ""]):
        bare = line.strip()
        if not bare:
            inside, free = False, True
            continue
        name = bare.removeprefix("@").partition("(")[0].strip().removesuffix("^").strip()
        is_name = bare.startswith("@") or (name.isupper() and not re.match(r"(INT|EXT|EST|I/E)[./ ]|[.>!#=~]", bare))
        if free and is_name and after.strip() and not bare.endswith("TO:"):
            inside = True
        elif inside and not (bare.startswith("(") and bare.endswith(")")):
            said.append(re.sub(r"[*_]+|^~", "", bare))
        free = False
    return "\n".join(said)
