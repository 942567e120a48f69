"""Unity animation clip (.anim, YAML) for the blend shapes of a SkinnedMeshRenderer and, if wished, a jaw bone.

Layout from clips that Unity wrote (hecomi/uLipSync, Samples/07. Animation Bake; for the jaw an Euler clip of Unity
2019). Weights are 0..100. Unity finds what a curve moves by hashes: CRC-32 of the path below the Animator and of the
attribute without "blendShape."; the bindings here hold the values that Unity itself wrote for those names.

`path` is the mesh below the object with the Animator, `prefix` what Unity shows before the shape's name
("blendShape1.").
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import numpy as np

from ..core.track import AnimationTrack
from .base import Curve, ExportOptions, JawCurve, curves, jaw_opening, named, number, on_clock
from .unity_yaml import BINDING, HEAD, MIDDLE, SETTINGS, TAIL, TARGET, THIRD, curve_text, key_text, scalar, vector

USUAL_FPS = 60.0


def render(track: AnimationTrack, options: ExportOptions) -> Iterator[bytes]:
    """Curve after curve. Raises LipsyncError for a jaw without the channel jawOpen."""
    jaw = _jaw(track, options) if options.jaw else None
    track = on_clock(named(track, options, "arkit"), options.fps or USUAL_FPS, options.offset)
    shapes = [Curve(c.name, c.frames, c.values * 100) for c in curves(track, options.max_error)]
    yield HEAD.format(name=scalar(options.clip)).encode()
    yield _euler(jaw, options.jaw, track.fps).encode() if jaw and options.jaw else b"  m_EulerCurves: []\n"
    yield b"  m_PositionCurves: []\n  m_ScaleCurves: []\n  m_FloatCurves:\n"
    yield from _float_curves(shapes, track.fps, options.path, "blendShape.", 137)
    yield MIDDLE.format(fps=number(track.fps)).encode()
    for shape in shapes:
        yield BINDING.format(path=crc(options.path), attribute=crc(shape.name), type=137, custom=20).encode()
    if options.jaw:
        yield BINDING.format(path=crc(options.jaw.path), attribute=4, type=4, custom=4).encode()
    yield SETTINGS.format(stop=number(max(len(track.values) - 1, 0) / track.fps)).encode()
    yield from _float_curves(shapes, track.fps, options.path, "blendShape.", 137)
    if jaw and options.jaw:
        yield from _float_curves(_axes(jaw, options.jaw), track.fps, options.jaw.path, "localEulerAnglesRaw.", 4)
    yield TAIL.encode()


def crc(text: str) -> int:
    """Unity's hash of a name or path."""
    return zlib.crc32(text.encode())


def _jaw(track: AnimationTrack, options: ExportOptions) -> Curve:
    track = on_clock(jaw_opening(track), options.fps or USUAL_FPS, options.offset)
    return next(curves(track, options.max_error))


def _axes(jaw: Curve, bone: JawCurve) -> list[Curve]:
    """Euler angles in degrees."""
    return [
        Curve(axis, jaw.frames, (rest + jaw.values * (opened - rest)).astype(np.float32))
        for axis, rest, opened in zip("xyz", bone.rest, bone.open)
    ]


def _float_curves(shapes: Iterable[Curve], fps: float, path: str, prefix: str, class_id: int) -> Iterator[bytes]:
    for shape in shapes:
        keys = "".join(
            key_text(time, number(value), number(before), number(after), THIRD)
            for time, value, before, after in zip(_times(shape, fps), shape.values.tolist(), *_slopes(shape, fps))
        )
        yield curve_text(keys).encode()
        yield TARGET.format(attribute=scalar(prefix + shape.name), path=scalar(path), type=class_id).encode()


def _euler(jaw: Curve, bone: JawCurve, fps: float) -> str:
    axes = _axes(jaw, bone)
    values = zip(*(axis.values.tolist() for axis in axes))
    before, after = (list(zip(*side)) for side in zip(*(_slopes(axis, fps) for axis in axes)))
    keys = (
        key_text(time, *(vector(each) for each in sides), vector((1 / 3,) * 3))
        for time, *sides in zip(_times(jaw, fps), values, before, after)
    )
    return f"  m_EulerCurves:\n{curve_text(''.join(keys))}    path: {scalar(bone.path)}\n"


def _times(curve: Curve, fps: float) -> list[float]:
    return (curve.frames / fps).tolist()


def _slopes(curve: Curve, fps: float) -> tuple[list[float], list[float]]:
    """Per second before and after each key: those of the straight lines."""
    slopes = (np.diff(curve.values) / np.diff(curve.frames) * fps).tolist()
    return [0.0, *slopes], [*slopes, 0.0]
