"""Files with the words of a line: plain text, SRT and WebVTT subtitles, Fountain screenplays."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import LipsyncError

ENDINGS = (".txt", ".srt", ".vtt", ".fountain")
"""Of such files."""
_TIME = r"(?:(\d+):)?(\d+):(\d+[.,]\d+)"
_SPEAKER = re.compile(r"[-–—]?\s*(\w[\w.'’-]*(?: [\w.'’-]+)?)(?:\s*\([^()]*\))?:(?:\s+|$)")
"""Before what is said, where it is in capitals: "JOHN:", "- DR. SMITH (V.O.):"."""
_TIMES = re.compile(rf"^\s*{_TIME}\s+-->\s+{_TIME}")


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle."""

    start: float
    """Seconds"""
    end: float
    text: str
    """What is said"""


def read_text(path: Path) -> str:
    """The words in the file. Raises LipsyncError that names the file and what is wrong with it."""
    text = _content(path)
    readers = {".srt": subtitles, ".vtt": subtitles, ".fountain": dialogue, ".spmd": dialogue}
    said = readers.get(Path(path).suffix.lower(), str)(text)
    if not said.strip():
        raise LipsyncError(f"{path} has no words.", "Write what is said, or leave the text out.")
    return said


def read_cues(path: Path) -> list[Cue]:
    """The subtitles of an SRT or WebVTT file that say something, by time. Raises LipsyncError as read_text does."""
    found = sorted((cue for cue in cues(_content(path)) if cue.text and cue.end > cue.start), key=lambda cue: cue.start)
    if not found:
        raise LipsyncError(f"{path} has no words.", "Write what is said, or leave the text out.")
    return found


def subtitles(text: str) -> str:
    """The words of SRT or WebVTT."""
    return "\n".join(cue.text for cue in cues(text))


def cues(text: str) -> Iterator[Cue]:
    """SRT's or WebVTT's: a line of times, and what stands below it, up to an empty line."""
    times, said = None, []
    for line in [*text.splitlines(), ""]:
        if found := _TIMES.match(line):
            times = found.groups()
        elif times and line.strip():
            said.append(_without_speaker(html.unescape(re.sub(r"</?[^<>]*>|\{\\[^}]*\}", "", line)).strip()))
        elif times:
            yield Cue(_seconds(*times[:3]), _seconds(*times[3:]), "\n".join(said))
            times, said = None, []


def _without_speaker(line: str) -> str:
    named = _SPEAKER.match(line)
    return line[named.end() :] if named and named[1].isupper() else line


def _seconds(hours: str | None, minutes: str, seconds: str) -> float:
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds.replace(",", "."))


def _content(path: Path) -> str:
    try:
        content = Path(path).read_bytes()
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except OSError as error:
        raise LipsyncError(f"{path} cannot be read: {error.strerror}.", "Check the path and its spelling.") from error
    except UnicodeDecodeError as error:
        raise LipsyncError(f"{path} is not text in UTF-8.", "Save it again as UTF-8.") from error


def dialogue(text: str) -> str:
    """What is said in a Fountain screenplay (fountain.io/syntax): below a character's name, without parentheticals."""
    text = re.sub(r"/\*.*?\*/|\[\[.*?\]\]", "", text, flags=re.DOTALL)
    said, inside, free = [], False, True
    lines = text.splitlines()
    for line, after in zip(lines, [*lines[1:], ""]):
        bare = line.strip()
        if not bare:
            if len(line) < 2 or not inside:  # two spaces keep a speech going over an empty line
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
