"""The only way from what the user set in the panel (Scene.lipsync) to the types of the core, and back."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.face_layers import LAYERS, FaceSettings, emotion_table
from ..core.keying import KeySettings
from ..core.mapping import JawSettings
from ..core.presets import LIMITS
from ..core.style import StyleSettings
from .bake import BakeSettings


def sound_path(settings: bpy.types.PropertyGroup) -> Path | None:
    """The chosen file, with Blender's // resolved; None if none is chosen."""
    return Path(bpy.path.abspath(settings.sound_file)) if settings.sound_file else None


def style_settings(settings: bpy.types.PropertyGroup) -> StyleSettings:
    """How the motion is played."""
    channels = {each.name: (each.gain, each.offset) for each in settings.channels if each.name}
    return StyleSettings(**{name: getattr(settings, name) for name in LIMITS}, channels=channels)


def show_style(settings: bpy.types.PropertyGroup, style: StyleSettings) -> None:
    """The reverse of style_settings()."""
    for name in LIMITS:
        setattr(settings, name, getattr(style, name))
    settings.channels.clear()
    for name, (gain, offset) in style.channels.items():
        entry = settings.channels.add()
        entry.name, entry.gain, entry.offset = name, gain, offset


def bake_settings(settings: bpy.types.PropertyGroup, start_frame: float) -> BakeSettings:
    """Where the take goes and how it is keyed; a strip brings its own `start_frame`."""
    return BakeSettings(
        start_frame,
        jaw_settings(settings),
        settings.extend_range,
        keys=KeySettings(settings.key_mode, settings.key_error),
        true_lips=settings.true_lips,
        as_strip=settings.as_strip,
    )


def jaw_settings(settings: bpy.types.PropertyGroup) -> JawSettings:
    """What the user decided about the jaw bone."""
    return JawSettings(
        mode=settings.jaw_mode,
        bone=settings.jaw_bone or None,
        angle=settings.jaw_angle if settings.jaw_own_angle else None,
        axis=settings.jaw_axis if settings.jaw_own_angle else None,
        tongue=settings.tongue_bone,
    )


def face_settings(face: bpy.types.PropertyGroup) -> FaceSettings:
    """The layers that are on."""
    if not face.enabled:
        return FaceSettings()
    strengths = {name: getattr(face, name) for name in LAYERS if getattr(face, f"use_{name}")}
    emotions = {name: strength for name in emotion_table() if (strength := getattr(face, name))}
    return FaceSettings(**strengths, emotions=emotions, seed=face.seed)
