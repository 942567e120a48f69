"""Actors: adaptations with a name, as JSON files in the user's configuration folder or wherever a path says."""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from .adaptation import Adaptation, ChannelFit
from .controls import Controls
from .errors import LipsyncError
from .writing import whole_file

FORMAT_VERSION = 2


def actor_file(name: str, folder: Path | None = None) -> Path:
    """Where the actor of that name is kept; a name that ends in .json is the file itself. `folder`: another than
    actors_folder(). Raises LipsyncError."""
    if name.lower().endswith(".json"):
        return Path(name)
    if not name or any(not (letter.isalnum() or letter in "-_ ") for letter in name):
        hint = "Use letters, digits, - and _, or a path FILE.json."
        raise LipsyncError(f"{name!r} is not a name for an actor.", hint)
    return (folder or actors_folder()) / f"{name}.json"


def known_actors(folder: Path | None = None) -> tuple[str, ...]:
    """The names of those that are kept."""
    try:
        return tuple(sorted(file.stem for file in (folder or actors_folder()).glob("*.json")))
    except LipsyncError:
        return ()


def actors_folder() -> Path:
    """Raises LipsyncError where the user has no home folder."""
    if sys.platform == "win32" and "APPDATA" in os.environ:
        return Path(os.environ["APPDATA"]) / "lipsync" / "actors"
    try:
        return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "lipsync" / "actors"
    except RuntimeError as error:
        raise LipsyncError("There is no home folder for actors.", "Give a path FILE.json instead of a name.") from error


def save_actor(path: Path, adaptation: Adaptation) -> None:
    """About 50 kB. Raises LipsyncError where it cannot be written."""
    fits = {name: asdict(fit) for name, fit in adaptation.measured.items()}
    for fit in fits.values():
        fit["ridge"] = "gain" if math.isinf(fit["ridge"]) else fit["ridge"]
    data = {
        "format_version": FORMAT_VERSION,
        "network": adaptation.network,
        "channels": adaptation.channels,
        "controls": adaptation.controls.to_json(),
        "measured": fits,
        **{name: _numbers(getattr(adaptation, name)) for name in ("gain", "offset", "weights")},
    }
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(data), encoding="utf-8")


def load_actor(name: str, folder: Path | None = None) -> Adaptation:
    """By name, in `folder` or actors_folder(), or by path. Raises LipsyncError for one that is missing, damaged or of
    another version."""
    path = actor_file(name, folder)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format_version"] != FORMAT_VERSION:
            raise ValueError(f"format version {data['format_version']} instead of {FORMAT_VERSION}")
        channels = tuple(map(str, data["channels"]))
        gain, offset, weights = (np.array(data[part], np.float32) for part in ("gain", "offset", "weights"))
        count = len(channels)
        if gain.shape != (count,) or offset.shape != (count,) or weights.ndim != 2 or weights.shape[1] != count:
            raise ValueError("its numbers do not fit its channels")
        if not all(np.isfinite(part).all() for part in (gain, offset, weights)):
            raise ValueError("not all of its numbers are finite")
        measured = {channel: _fit(fit) for channel, fit in data["measured"].items()}
        controls = Controls.from_json(data["controls"])
        return Adaptation(str(data["network"]), channels, gain, offset, weights, measured, controls, name)
    except FileNotFoundError as error:
        known = known_actors(path.parent) if path != Path(name) else ()
        hint = f"There are: {', '.join(known)}." if known else "Make one with lipsync adapt."
        raise LipsyncError(f"There is no actor {path}.", hint) from error
    except OSError as error:
        raise LipsyncError(f"The actor {path} cannot be read: {error.strerror}.", "Check the path.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"The actor {path} is not valid: {_reason(error)}."
        raise LipsyncError(what, "Make it again with lipsync adapt.") from error


def _reason(error: Exception) -> str:
    """Why a file is no actor, in words."""
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return "it is not JSON"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return str(error) if isinstance(error, ValueError) else "its parts are not those of an actor"


def _fit(data: dict) -> ChannelFit:
    ridge = math.inf if data["ridge"] == "gain" else float(data["ridge"])
    return ChannelFit(float(data["r_before"]), float(data["r_after"]), float(data["strength"]), ridge)


def _numbers(values: np.ndarray) -> list:
    """Six digits each."""
    return [_numbers(row) for row in values] if values.ndim > 1 else [float(f"{value:.6g}") for value in values]
