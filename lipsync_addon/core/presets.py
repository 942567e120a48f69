"""Named styles as JSON files: {"name": ..., "description": one sentence, "style": {field of StyleSettings: value}}."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from .channels import ARKIT_52, VISEMES_15
from .errors import LipsyncError
from .style import StyleSettings
from .writing import whole_file

PRESETS = Path(__file__).parents[1] / "data" / "presets"
"""Those that come along."""
LIMITS: dict[str, tuple[float, float]] = {
    "intensity": (0, 2),
    "smoothing": (0, 1),
    "jaw": (0, 2),
    "lips": (0, 2),
    "closure": (1, 2),
    "anticipation": (-0.2, 0.2),
    "asymmetry": (-1, 1),
    "limit": (1, 2),
}
"""Least and greatest value of each slider."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A style with a name."""

    name: str
    description: str
    """One sentence."""
    style: StyleSettings


def load_preset(path: Path) -> Preset:
    """Raises LipsyncError for a file that is missing, no JSON or out of limits."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return Preset(str(data["name"]), str(data.get("description", "")), _style(data["style"]))
    except OSError as error:
        raise LipsyncError(f"The preset {path} cannot be read: {error.strerror}.", "Check the path.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LipsyncError(f"The preset {path} is not valid: {error}.", "Export one to see what it holds.") from error


def load_presets(folder: Path = PRESETS) -> tuple[Preset, ...]:
    """All of a folder, by file name; none if there is no such folder."""
    return tuple(load_preset(path) for path in sorted(Path(folder).glob("*.json")))


def find_preset(name: str) -> Preset:
    """One that comes along, by name in any case, or the file `name`.json. Raises LipsyncError for neither."""
    if name.lower().endswith(".json"):
        return load_preset(Path(name))
    known = load_presets()
    for preset in known:
        if preset.name.lower() == name.lower():
            return preset
    names = ", ".join(each.name for each in known)
    raise LipsyncError(f"There is no preset {name}.", f"Use one of {names}, or a file.")


def write_preset(path: Path, preset: Preset) -> None:
    """A file to keep or to share. Raises LipsyncError where it cannot be written."""
    text = json.dumps(asdict(preset), indent=2, ensure_ascii=False) + "\n"
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _style(data: dict) -> StyleSettings:
    values = dict(data)
    channels = {name: (float(gain), float(offset)) for name, (gain, offset) in values.pop("channels", {}).items()}
    for name, pair in channels.items():
        if name not in ARKIT_52 + VISEMES_15 or not all(map(math.isfinite, pair)):
            raise ValueError(f"channels: {name} {pair}")
    for name, value in values.items():
        if name not in LIMITS:
            raise ValueError(f"unknown setting {name}")
        low, high = LIMITS[name]
        if not low <= float(value) <= high:
            raise ValueError(f"{name} must be within {low} and {high}")
    return StyleSettings(**{name: float(value) for name, value in values.items()}, channels=channels)
