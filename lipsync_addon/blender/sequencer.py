"""The voice line as a strip in the video sequencer."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import bpy

from ..core.errors import LipsyncError
from .actions import TAKE
from .sound_import import audible, open_sound

_CHANNELS = 128


def add_sound(scene: bpy.types.Scene, path: Path, start_frame: float, take: str, undo: ExitStack) -> bpy.types.Strip:
    """Has the file play from `start_frame`, on the lowest channel with room for it.

    A strip that does so already is left as it is; the strip of an earlier bake of this take is moved. `undo`
    gets the way back. Raises LipsyncError if the file is no sound, or for a start between two frames, which the
    sequencer cannot do.
    """
    if start_frame != int(start_frame):
        raise LipsyncError(
            f"The sequencer cannot start a sound at frame {start_frame:g}.", "Start the line on a whole frame."
        )
    if scene.sequence_editor is None:
        scene.sequence_editor_create()
        undo.callback(scene.sequence_editor_clear)
    strips = scene.sequence_editor.strips
    same = [strip for strip in strips if _plays(strip, path)]
    if there := [strip for strip in same if abs(strip.frame_start - start_frame) < 1e-4]:
        return there[0]
    if ours := [strip for strip in same if strip.get(TAKE) == take]:
        undo.callback(_place, ours[0], ours[0].frame_start, ours[0].channel)
        _place(ours[0], start_frame, ours[0].channel)
        _place(ours[0], start_frame, _free_channel(strips, ours[0]))
        return ours[0]
    strip = _new_strip(strips, path, start_frame, undo)
    strip[TAKE] = take
    strip.channel = _free_channel(strips, strip)
    return strip


def sound_strips(scene: bpy.types.Scene, selected: bool = False) -> list[bpy.types.SoundStrip]:
    """The strips that can be heard, by time, within meta strips too; only those that are selected, if asked for."""
    editor = scene.sequence_editor
    found = list(audible(editor.strips, editor)) if editor else []
    chosen = (strip for strip in found if strip.select or not selected)
    return sorted(chosen, key=lambda strip: (strip.frame_final_start, strip.name))


def take_of(strip: bpy.types.Strip) -> str:
    """Name of the take for a strip: the strip's, without the ending of a sound file."""
    stem, dot, ending = strip.name.rpartition(".")
    return strip.name if not dot or ending.isdigit() else stem


def _new_strip(strips, path: Path, start_frame: float, undo: ExitStack) -> bpy.types.Strip:
    open_sound(path, sample_rate=48000)  # Blender takes any file, and plays silence if it cannot read it
    known = set(bpy.data.sounds)
    # Above everything at first: Blender moves a strip that meets another to a place of its own choice.
    top = max((strip.channel for strip in strips), default=0) + 1
    strip = strips.new_sound(path.stem, str(path), min(top, _CHANNELS), int(start_frame))
    undo.callback(_remove, strips, strip, known)
    strip.frame_start = start_frame
    return strip


def _place(strip: bpy.types.Strip, start_frame: float, channel: int) -> None:
    strip.channel = channel
    strip.frame_start = start_frame


def _free_channel(strips, sound_strip: bpy.types.Strip) -> int:
    start, end = sound_strip.frame_final_start, sound_strip.frame_final_end
    taken = {
        strip.channel
        for strip in strips
        if strip != sound_strip and strip.frame_final_start < end and strip.frame_final_end > start
    }
    return next((channel for channel in range(1, _CHANNELS + 1) if channel not in taken), _CHANNELS)


def _plays(strip: bpy.types.Strip, path: Path) -> bool:
    if strip.type != "SOUND" or strip.sound is None:
        return False
    file = bpy.path.abspath(strip.sound.filepath, library=strip.sound.library)
    return Path(file).resolve() == path.resolve()


def _remove(strips, strip: bpy.types.Strip, known: set[bpy.types.Sound]) -> None:
    strips.remove(strip)
    for sound in set(bpy.data.sounds) - known:
        bpy.data.sounds.remove(sound)
