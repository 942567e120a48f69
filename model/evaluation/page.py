"""The report as one HTML file (page.html.jinja) that needs no network to be read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .bench import PROGRAMS

SECTIONS = {
    "targets": "Targets",
    "faces": "Lip opening against faces",
    "articulation": "What each sound demands",
    "clips": "Curves against the tracked mouth",
    "closures": "Closures seen, found and missed",
    "bilabials": "Sealed lips at p, b, m",
    "hearing": "Phones and visemes heard",
    "boundaries": "Text laid over the sound",
    "voices": "Articulation by voice and language",
    "languages": "Synthetic speech by language",
    "mandarin": "Mandarin jaw",
    "degraded": "Degraded sound",
    "rest": "Silence",
    "acted": "Acted voices",
    "speed": "Speed and size",
    "limits": "What is not measured",
}
"""{anchor: title} in the order of the page; --quick leaves out most."""


NOTHING = "\N{EM DASH}"


def render(numbers: Mapping[str, Any], pictures: Mapping[str, Any]) -> str:
    """`numbers` is report.json; `pictures` holds data URIs and captions by section."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"measured": measured, "number": number, "program": lambda name: PROGRAMS.get(name, name)}
    template = environment.get_template("page.html.jinja")
    sections = {
        name: title for name, title in SECTIONS.items() if name in numbers or name in pictures or name == "limits"
    }
    return template.render(numbers=numbers, pictures=pictures, sections=sections, programs=PROGRAMS)


def number(value: float | None, digits: int = 3) -> str:
    """NOTHING for what was not measured; ">99" as the bench writes it."""
    if value is None or math.isnan(value):
        return NOTHING
    return ">99" if value > 999 else f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def measured(value: float | None, error: float | None = None, digits: int = 3) -> Markup:
    """0.801 with a small grey error behind it."""
    text = number(value, digits)
    if text != NOTHING and error is not None and not math.isnan(error):
        return Markup("{}<small>&nbsp;±{}</small>").format(text, f"{error:.{digits}f}".removeprefix("0"))
    return Markup(text)
