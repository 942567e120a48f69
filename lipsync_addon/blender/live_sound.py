"""Where live sound comes from: a microphone, a file that plays in its stead, or the scene that is playing."""

from __future__ import annotations

import importlib
import importlib.util
import queue
from typing import Protocol

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.audio_clip import Sound
from ..core.errors import LipsyncError
from .keyframes import frame_rate

MICROPHONE_LIBRARY = "sounddevice"
"""Opens microphones, if the user's Python has it: PortAudio is not in Blender."""
JUMP = 0.5
"""Seconds; a playhead that moves further at once, or back, has been put elsewhere."""


class LiveSound(Protocol):
    """Sound that arrives while time goes on."""

    def start(self, now: float) -> None:
        """`now`: seconds on any clock that goes on. Raises LipsyncError if there is nothing to hear."""

    def read(self, now: float) -> NDArray[np.float32] | None:
        """[n] the samples since the last call; None where the sound does not go on from there: begin anew."""

    def stop(self) -> None:
        """Gives a device back."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""


class FileSound:
    """A sound file as if somebody said it now."""

    def __init__(self, sound: Sound) -> None:
        self._samples = np.concatenate([np.zeros(0, np.float32), *sound.blocks()])
        self._rate = sound.sample_rate
        self._start = 0.0
        self._done = 0

    def start(self, now: float) -> None:
        self._start, self._done = now, 0

    def read(self, now: float) -> NDArray[np.float32]:
        first, self._done = self._done, min(int((now - self._start) * self._rate), len(self._samples))
        return self._samples[first : self._done]

    def stop(self) -> None:
        """Nothing to give back."""

    @property
    def over(self) -> bool:
        return self._done >= len(self._samples)


class SceneSound:
    """What the scene plays, from where its playhead is. It is mixed once, at the start: later changes are not heard."""

    over = False

    def __init__(self, scene: bpy.types.Scene, sound: Sound, start_frame: float, ahead: float) -> None:
        """`ahead`: seconds that the network looks ahead, which a scene can give before they are heard."""
        self._scene = scene.name
        self._samples = np.concatenate([np.zeros(0, np.float32), *sound.blocks()])
        self._rate, self._start_frame, self._ahead = sound.sample_rate, start_frame, ahead
        self._done: int | None = None

    def start(self, now: float) -> None:
        self._done = None

    def read(self, now: float) -> NDArray[np.float32] | None:
        scene = bpy.data.scenes[self._scene]
        seconds = (scene.frame_current_final - self._start_frame) / frame_rate(scene) + self._ahead
        place = int(np.clip(seconds * self._rate, 0, len(self._samples)))
        first, self._done = self._done, place
        if first is None or not 0 <= place - first <= JUMP * self._rate:
            return None
        return self._samples[first:place]

    def stop(self) -> None:
        """Nothing to give back."""


class Microphone:
    """The system's default microphone."""

    over = False

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._blocks: queue.SimpleQueue[NDArray[np.float32]] = queue.SimpleQueue()
        self._stream = None

    def start(self, now: float) -> None:
        if problem := microphone_problem():
            raise LipsyncError(problem, "Use a sound file in its stead.")
        library = importlib.import_module(MICROPHONE_LIBRARY)

        def heard(block, *_) -> None:
            self._blocks.put(block[:, 0].copy())

        try:
            self._stream = library.InputStream(
                samplerate=self._rate, channels=1, dtype="float32", latency="low", callback=heard
            )
            self._stream.start()
        except Exception as error:  # PortAudioError, or whatever a driver raises
            raise LipsyncError(
                f"The microphone cannot be opened: {error}.", "Check the system's sound input."
            ) from error

    def read(self, now: float) -> NDArray[np.float32]:
        blocks = [np.zeros(0, np.float32)]
        while not self._blocks.empty():
            blocks.append(self._blocks.get())
        return np.concatenate(blocks)

    def stop(self) -> None:
        if self._stream:
            self._stream.stop()
            self._stream.close()
            self._stream = None


def microphone_problem() -> str | None:
    """Why there can be no microphone, as a sentence; None if there can be one."""
    if importlib.util.find_spec(MICROPHONE_LIBRARY):
        return None
    return f"A microphone needs the Python package {MICROPHONE_LIBRARY}, which Blender's Python does not have."
