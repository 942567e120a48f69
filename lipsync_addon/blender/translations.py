"""The interface in other languages, for bpy.app.translations: a file for each in data/languages.

Another language is another file; a text that is not in it stays English. Sentences with a name or a number in them are
put together in the code and stay English too. tests/blender/test_translations.py names what a file lacks.
"""

from __future__ import annotations

import json
from pathlib import Path

import bpy

from ..core.errors import LipsyncError

FOLDER = Path(__file__).parents[1] / "data" / "languages"
"""Files named as Blender names its languages: English text of the code -> text, in sections for the reader's sake."""
CONTEXTS = ("*", "Operator")
"""Where Blender looks: labels and properties, buttons."""


def table(language: str) -> dict[str, str]:
    """English text -> text of one of languages()."""
    sections = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return {text: other for section in sections.values() for text, other in section.items()}


def languages() -> list[str]:
    """Those that there is a file for: "de_DE", "ja_JP"."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def start() -> None:
    """Blender knows the tables from now on."""
    bpy.app.translations.register(
        __package__,
        {
            language: {(context, text): other for text, other in table(language).items() for context in CONTEXTS}
            for language in languages()
        },
    )


def stop() -> None:
    """The reverse."""
    bpy.app.translations.unregister(__package__)


def told(what: str | LipsyncError) -> str:
    """A report or an error in the user's language, as far as the table goes."""
    parts = (what.message, what.hint) if isinstance(what, LipsyncError) else (what,)
    return " ".join(bpy.app.translations.pgettext_rpt(part) for part in parts if part)
