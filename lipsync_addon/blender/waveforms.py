"""The waveform under the phonemes: read once, beside the user interface, and kept in memory, off file and undo."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.audio_clip import JoinedSound, Sound
from ..core.errors import LipsyncError
from ..core.waveform import Waveform, waveform
from .actions import TAKE
from .jobs import Job
from .keyframes import frame_rate
from .panel_values import sound_path
from .sound_import import open_sound, sound_of_strip
from .strip_places import stored_strips

SAMPLE_RATE = 16000
_MOST = 4  # waveforms that are kept
_WAIT = 0.1  # seconds between looks at the thread
_kept: dict[tuple[object, ...], Waveform | None] = {}
_reading: list[tuple[tuple[object, ...], Job[Waveform]]] = []


def shown(scene: bpy.types.Scene) -> Waveform | None:
    """Of the sound that the phonemes belong to. None while it is being read, and where it is not there any more."""
    key = _key(scene)
    if key is None:
        return None
    if key not in _kept and not bpy.app.timers.is_registered(_read):
        bpy.app.timers.register(_read, first_interval=0.0)
    return _kept.get(key)


def forget() -> None:
    """When the add-on is switched off."""
    if bpy.app.timers.is_registered(_read):
        bpy.app.timers.unregister(_read)
    for _, job in _reading:
        job.cancel()
    _reading.clear()
    _kept.clear()


def _read() -> float | None:
    """Called by Blender until the waveform of the line is there."""
    if _reading:
        key, job = _reading[0]
        if not job.done:
            return _WAIT
        _reading.clear()
        try:
            _keep(key, job.result())
        except LipsyncError:
            _keep(key, None)
        return None
    key, sound = _key(bpy.context.scene), None
    if key is None or key in _kept:
        return None
    try:
        sound = sound_of(bpy.context.scene)
    except LipsyncError:
        pass
    if sound is None:
        _keep(key, None)
        return None
    _reading.append((key, Job(lambda progress: waveform(sound, progress=progress), "Waveform")))
    _reading[0][1].start()
    return _WAIT


def _keep(key: tuple[object, ...], found: Waveform | None) -> None:
    while len(_kept) >= _MOST:
        del _kept[next(iter(_kept))]
    _kept[key] = found
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "DOPESHEET_EDITOR":
                area.tag_redraw()


def sound_of(scene: bpy.types.Scene) -> Sound | None:
    """The sound that the phonemes of the scene belong to: the file that is chosen, else a strip of the sequencer, or
    several for a take that is made of them. A strip that plays at another speed has none that could be read while
    drawing."""
    source = scene.lipsync.words.source
    path = sound_path(scene.lipsync)
    if path and path.name == source and path.is_file():
        return open_sound(path, SAMPLE_RATE)
    for strip in _strips(scene):
        if strip.name == source:
            return sound_of_strip(strip, scene, SAMPLE_RATE)[0]
        file = Path(bpy.path.abspath(strip.sound.filepath, library=strip.sound.library))
        if file.name == source and file.is_file():
            return open_sound(file, SAMPLE_RATE)
    return _of_take(scene)


def _of_take(scene: bpy.types.Scene) -> Sound | None:
    """What the strips of the take that the phonemes belong to sound like one after another."""
    words = scene.lipsync.words
    action = next((each for each in bpy.data.actions if each.get(TAKE) == words.take), None) if words.take else None
    known = {strip.name: strip for strip in _strips(scene)}
    there = (
        [(place, known[place.name]) for place in stored_strips(action, scene) if place.name in known] if action else []
    )
    begin, rate = min((place.first for place, _ in there), default=0.0), frame_rate(scene)
    lines = [((place.first - begin) / rate, sound_of_strip(strip, scene, SAMPLE_RATE)[0]) for place, strip in there]
    return JoinedSound(tuple(sorted(lines, key=lambda line: line[0])), words.source) if lines else None


def _strips(scene: bpy.types.Scene) -> list[bpy.types.SoundStrip]:
    editor = scene.sequence_editor
    strips = editor.strips_all if editor else ()
    return [s for s in strips if s.type == "SOUND" and s.sound is not None and not len(s.retiming_keys)]


def _key(scene: bpy.types.Scene) -> tuple[object, ...] | None:
    """Changes with the sound, and is cheap: it is asked for at every redraw."""
    source = scene.lipsync.words.source
    if not source:
        return None
    path = sound_path(scene.lipsync)
    if path and path.name == source and path.is_file():
        return source, str(path), path.stat().st_mtime_ns
    strips = [(s.name, s.sound.filepath, s.frame_start, s.frame_final_start, s.frame_final_end) for s in _strips(scene)]
    return source, tuple(strips)
