"""Rhubarb Lip Sync's TSV, XML and JSON: one mouth at a time becomes curves (layouts: exporters/rhubarb.py).

Each shape moves the ARKit coefficients and the viseme of data/mouth_poses/rhubarb.json and fades over into the next
around the moment of change, so that a drawn style becomes a motion. Letters that cherry-lip-sync adds are refused.
"""

from __future__ import annotations

import xml.etree.ElementTree
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.timeline import Phone, PhonemeTimeline, without_gaps
from ..core.track import AnimationTrack
from .poses import faded, poses

Cues = list[tuple[float, str]]
"""Start in seconds and shape; the last is the end of the recording."""
PHONE_OF_SHAPE = {"A": "m", "B": "s", "C": "ɛ", "D": "a", "E": "ɔ", "F": "u", "G": "f", "H": "l", "X": "sil"}
"""After the descriptions of the shapes in Rhubarb's README."""


def from_tsv(text: str) -> AnimationTrack:
    """Raises ValueError for other text."""
    return curves(tsv_cues(text))


def tsv_cues(text: str) -> Cues:
    """Raises ValueError for other text."""
    rows = [line.split("\t") for line in text.splitlines() if line.strip()]
    return [(float(time), shape.strip()) for time, shape in rows]


def from_xml(text: str) -> AnimationTrack:
    """Raises ValueError for other text."""
    return curves(xml_cues(text))


def xml_cues(text: str) -> Cues:
    """Raises ValueError for other text."""
    try:
        tree = xml.etree.ElementTree.fromstring(text.encode())
    except (xml.etree.ElementTree.ParseError, LookupError) as error:  # the latter for an unknown encoding
        raise ValueError(f"not valid XML ({error})") from error
    cues = [(float(cue.attrib["start"]), cue.text or "") for cue in tree.findall("mouthCues/mouthCue")]
    return [*cues, (float(tree.findtext("metadata/duration") or 0), "X")]


def from_json(data: dict[str, Any]) -> AnimationTrack:
    """Raises ValueError, KeyError or TypeError for other data."""
    return curves(json_cues(data))


def json_cues(data: dict[str, Any]) -> Cues:
    """Raises ValueError, KeyError or TypeError for other data."""
    cues = [(float(cue["start"]), str(cue["value"])) for cue in data["mouthCues"]]
    return [*cues, (float(data["mouthCues"][-1]["end"]), "X")]


def timeline(cues: Cues, source: str = "") -> PhonemeTimeline:
    """A phone that stands for each mouth. Raises ValueError for an unknown shape or times that go back."""
    if unknown := sorted({shape for _, shape in cues} - set(PHONE_OF_SHAPE)):
        raise ValueError(f"the shape {unknown[0]!r} is none of Rhubarb's {', '.join(PHONE_OF_SHAPE)}")
    phones = [Phone(PHONE_OF_SHAPE[shape], a, b) for (a, shape), (b, _) in pairwise(cues) if b > a]
    return PhonemeTimeline(without_gaps(phones, cues[-1][0] if cues else 0.0), source=source)


def curves(cues: Cues) -> AnimationTrack:
    """The track of these mouths. Raises ValueError for an unknown shape or times that go back."""
    known = poses()
    names = tuple(dict.fromkeys(name for pose in known.values() for name in pose))
    if len(cues) < 2:
        raise ValueError("it holds no mouths")
    starts = np.array([time for time, _ in cues])
    if unknown := sorted({shape for _, shape in cues} - set(known)):
        raise ValueError(f"the shape {unknown[0]!r} is none of Rhubarb's {', '.join(known)}")
    if not np.isfinite(starts).all() or (np.diff(starts) < 0).any():
        raise ValueError("its times go back")
    return faded(names, starts, np.array([[known[shape].get(name, 0.0) for name in names] for _, shape in cues]))
