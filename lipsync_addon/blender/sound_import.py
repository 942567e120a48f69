"""Any file that Blender can decode, or a strip of the sequencer, as a core Sound."""

from __future__ import annotations

import shutil
import tempfile
import wave
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import aud
import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.audio_clip import AudioClip
from ..core.errors import LipsyncError
from ..core.large_arrays import let_go
from ..core.writing import whole_file
from .keyframes import frame_rate

_BEST = 3  # of aud's resampling qualities 0..3; 0 aliases
_BLOCK = 1 << 18  # samples
_LONG = 120.0  # seconds, from which a sound is decoded into a file
_MARK = np.linspace(-1, 1, 1000, dtype=np.float32)  # ends it there: aud fills up the last samples that it writes
_FILLED = 1 << 13  # samples, at most
_SPARE = 1 << 26  # bytes that stay free


class ImportedSound:
    """Mono sound at one rate, decoded by Blender's aud. Follows core.audio_clip.Sound.

    Decodes anew at every pass, a long sound into a temporary file, since aud gives all of it at once to Python: seeking
    in ogg, opus and mp3 is not exact in aud, so reading piece by piece would lose samples.
    """

    def __init__(
        self, sound: aud.Sound, source: str, sample_rate: int, start: float = 0.0, end: float | None = None
    ) -> None:
        """`start`, `end`: the part to use, in seconds. Raises LipsyncError if aud cannot decode it."""
        self._sound = sound
        self._part = start, end
        self.source = source
        self.sample_rate = sample_rate
        self._file_rate, _ = self._decode(lambda: sound.specs)

    @property
    def duration(self) -> float:
        """Seconds; an estimate for mp3."""
        start, end = self._part
        whole = max(self._sound.length, 0) / self._file_rate
        return (whole if end is None else min(end, whole)) - start

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """[n] each, the mean of the channels: aud's own mixing to mono would add them up and clip."""
        sound = self._sound
        if self._file_rate != self.sample_rate:
            sound = sound.resample(self.sample_rate, _BEST)
        start, end = (None if t is None else round(t * self.sample_rate) for t in self._part)
        with ExitStack() as files:
            folder = None
            if self._sound.length > _LONG * self._file_rate:
                with suppress(OSError):  # no folder for temporary files: in memory
                    folder = files.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            data = self._decode(lambda: _in_file(sound, Path(folder) / "sound.wav") if folder else sound.data())
            data = data[start:end]
            for first in range(0, len(data), _BLOCK):
                yield data[first : first + _BLOCK].mean(axis=1, dtype=np.float32)
                let_go(data)
            del data  # Windows removes no file that is mapped

    def _decode(self, read):
        try:
            return read()
        except aud.error as error:
            raise LipsyncError(
                f"{self.source} is not a sound that can be read.",
                "Choose a .wav, .flac, .ogg, .opus, .mp3 or .m4a file with recorded speech.",
            ) from error


def _in_file(sound: aud.Sound, path: Path) -> NDArray[np.float32]:
    """[N, channels] what sound.data() gives, in a file: a .wav of single precision. In memory where the disk is
    full."""
    rate, channels = sound.specs
    if shutil.disk_usage(path.parent).free < 4 * channels * max(sound.length, 0) + _SPARE:
        return sound.data()  # aud ends the process where a file cannot be written
    marked = sound.join(aud.Sound.buffer(np.repeat(_MARK[:, None], channels, axis=1), rate))
    with suppress(aud.error):  # nothing left to fill up, where all is written
        marked.write(str(path), 0, 0, aud.FORMAT_FLOAT32, aud.CONTAINER_WAV, aud.CODEC_PCM)
    with path.open("rb") as file:
        begins = file.read(4096).find(b"data") + 8
    count = max(path.stat().st_size - begins, 0) // (4 * channels)
    if count < _FILLED:
        return sound.data()
    data = np.memmap(path, "<f4", "r", begins, (count, channels))
    places = count - _FILLED + np.flatnonzero(data[-_FILLED:, 0] == _MARK[0])
    ends = [place for place in places.tolist() if np.array_equal(data[place : place + len(_MARK), 0], _MARK)]
    return data[: ends[0]] if ends else sound.data()


def open_sound(path: Path, sample_rate: int) -> ImportedSound:
    """A sound file. Raises LipsyncError for one that is missing, empty or no sound."""
    path = Path(path)
    if not path.is_file():
        raise LipsyncError(f"The sound file {path} does not exist.", "Choose the file again.")
    if path.stat().st_size == 0:
        raise LipsyncError(f"The sound file {path} is empty.", "Record or export it again.")
    return ImportedSound(aud.Sound(str(path)), path.name, sample_rate)


def save_wave(clip: AudioClip, path: Path) -> None:
    """Writes the clip as a .wav of 16 bits, whole or not at all; Blender's own Python has no libsndfile."""
    with whole_file(path) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(clip.sample_rate)
        for block in clip.blocks():
            file.writeframes((np.clip(block, -1, 1) * 32767).astype("<i2").tobytes())


def sound_of_strip(
    strip: bpy.types.SoundStrip, scene: bpy.types.Scene, sample_rate: int
) -> tuple[ImportedSound, float]:
    """The audible part of a sequencer strip, and the frame where it begins.

    Packed sound works too. A strip that plays at another speed is mixed down as Blender plays it. Raises LipsyncError
    for a strip that is no sound or that has nothing to hear.
    """
    if strip.type != "SOUND" or strip.sound is None:
        raise LipsyncError(f"The strip '{strip.name}' is not a sound.", "Choose a sound strip.")
    first, last = heard_range(strip)
    if last <= first:
        raise LipsyncError(
            f"Nothing of the strip '{strip.name}' is heard: its meta strip cuts it off.", "Make that longer."
        )
    if len(strip.retiming_keys) > 0:
        mixed = _mixed_down(scene, first, last, strip.name, only=strip)
        return ImportedSound(mixed, strip.name, sample_rate), float(max(first, 0))
    origin = sound_origin(strip, scene)
    if last <= origin:
        raise LipsyncError(f"Nothing of the strip '{strip.name}' is heard.", "Lower its Sound Offset.")
    rate = frame_rate(scene)
    start, end = ((frame - origin) / rate for frame in (first, last))
    sound = _sound_of(strip.sound)
    return ImportedSound(sound, strip.name, sample_rate, max(start, 0.0), end), float(max(first, origin))


def sound_origin(strip: bpy.types.SoundStrip, scene: bpy.types.Scene) -> float:
    """The frame where a strip's sound itself begins or would begin: its Sound Offset is in seconds."""
    return strip.frame_start + strip.sound_offset * frame_rate(scene)


def heard_range(strip: bpy.types.SoundStrip) -> tuple[int, int]:
    """First frame of the scene in which a strip is heard, and the one after the last: meta strips cut off what is in
    them."""
    first, last, holder = strip.frame_final_start, strip.frame_final_end, strip.parent_meta()
    while holder is not None:
        first, last = max(first, holder.frame_final_start), min(last, holder.frame_final_end)
        holder = holder.parent_meta()
    return first, last


def audible(strips: Iterable[bpy.types.Strip], editor: bpy.types.SequenceEditor) -> Iterator[bpy.types.SoundStrip]:
    """Those of the strips that can be heard, and those within meta strips among them."""
    for strip in strips:
        channels = (strip.parent_meta() or editor).channels
        if strip.mute or channels[strip.channel].mute:
            continue
        if strip.type == "META":
            yield from audible(strip.strips, editor)
        elif strip.type == "SOUND" and strip.sound is not None:
            first, last = heard_range(strip)
            if last > first:
                yield strip


def sound_of_scene(scene: bpy.types.Scene, sample_rate: int) -> tuple[ImportedSound, float]:
    """All that the sequencer plays in the scene's range, and the frame where it begins.

    Strips that play at another speed are mixed down one by one, and added: see _mixed_down()."""
    editor, rate = scene.sequence_editor, frame_rate(scene)
    first, last = max(scene.frame_start, 0), scene.frame_end + 1
    heard = audible(editor.strips, editor) if editor else ()
    alone = {each: heard_range(each) for each in heard if len(each.retiming_keys) > 0}
    alone = {each: reach for each, reach in alone.items() if reach[0] < last and reach[1] > first}
    mixed = _mixed_down(scene, first, last, scene.name)
    for strip, reach in alone.items():
        sound, later = _mixed_down(scene, *reach, strip.name, only=strip), (max(reach[0], 0) - first) / rate
        mixed = mixed.mix(sound.delay(later) if later >= 0 else sound.limit(-later, sound.length / sound.specs[0]))
    return ImportedSound(mixed, scene.name, sample_rate, 0.0, (last - first) / rate), float(first)


def _mixed_down(
    scene: bpy.types.Scene,
    first: int,
    last: int,
    name: str,
    *,
    only: bpy.types.SoundStrip | None = None,
) -> aud.Sound:
    """What the sequencer plays from `first`, or frame 0, to before `last`, by way of a temporary file: one strip alone,
    or all but those that play at another speed. The scene is as it was afterwards. Raises LipsyncError if all of it
    lies before frame 0.

    The speed of such a strip is kept by frame, and Blender 4.5 reads it where nobody wrote it: before the strip, muted
    or not, and behind it where it was before it was moved. Sound came 20 ms early or late by chance, or the mixdown
    ended Blender (division by zero). So the strip alone begins at frame 0, the others have no sound, and a view layer
    that is new, with nothing in it, remembers no earlier place.
    """
    first = max(first, 0)  # a scene has no frame below
    if last <= first:
        raise LipsyncError(f"The strip '{name}' ends before frame 0.", "Move it to where the scene plays.")
    path = Path(bpy.app.tempdir) / f"lipsync-mixed-{abs(hash((name, only is None)))}.wav"
    strips = scene.sequence_editor.strips_all if scene.sequence_editor else ()
    with ExitStack() as undo:
        for each in (each for each in strips if each.type not in ("META", "SCENE")):
            if only:
                undo.callback(setattr, each, "mute", each.mute)
                each.mute = each != only
            if each != only and each.type == "SOUND" and len(each.retiming_keys) > 0:
                undo.callback(setattr, each, "sound", each.sound)
                each.sound = None
        moved = _moved_to_start(scene, only, undo) if only else 0
        for end in ("frame_start", "frame_end"):
            undo.callback(setattr, scene, end, getattr(scene, end))
        scene.frame_start, scene.frame_end = first - moved, last - moved - 1
        layer = scene.view_layers.new("Lipsync")
        undo.callback(scene.view_layers.remove, layer)
        for child in layer.layer_collection.children:
            child.exclude = True
        with bpy.context.temp_override(scene=scene, view_layer=layer):
            bpy.ops.sound.mixdown(
                filepath=str(path),
                check_existing=False,
                accuracy=128,
                container="WAV",
                codec="PCM",
                format="F32",
                mixrate=48000,
            )
    return aud.Sound(str(path))


def _moved_to_start(scene: bpy.types.Scene, strip: bpy.types.SoundStrip, undo: ExitStack) -> int:
    """Lets a strip begin at frame 0 and returns by how many frames it was later; `undo` gets the way back."""
    outer = strip
    while outer.parent_meta() is not None:
        outer = outer.parent_meta()
    taken = {each.channel for each in scene.sequence_editor.strips}
    by = strip.frame_final_start
    undo.callback(setattr, outer, "channel", outer.channel)
    undo.callback(setattr, outer, "frame_start", outer.frame_start)
    # Where nothing is in the way.
    outer.channel = next(channel for channel in range(128, 0, -1) if channel not in taken)
    outer.frame_start -= by
    return by


def _sound_of(sound: bpy.types.Sound) -> aud.Sound:
    """Decoded by ourselves: Blender's own object exists only while it plays, and may be mixed down."""
    if sound.packed_file is None:
        if missing := missing_file(sound):
            raise LipsyncError(f"The sound file {missing} does not exist.", "Find it again: File > External Data.")
        return aud.Sound(str(_file(sound)))
    unpacked = Path(bpy.app.tempdir) / f"lipsync-{sound.session_uid}{Path(sound.filepath).suffix}"
    unpacked.write_bytes(sound.packed_file.data)
    return aud.Sound(str(unpacked))


def missing_file(sound: bpy.types.Sound) -> Path | None:
    """The file of a sound that is not there, and not packed."""
    return None if sound.packed_file or _file(sound).is_file() else _file(sound)


def _file(sound: bpy.types.Sound) -> Path:
    return Path(bpy.path.abspath(sound.filepath, library=sound.library))
