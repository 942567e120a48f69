"""Predictor: sound in, mouth motion out. Long sound goes through the network in windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.adaptation import Adaptation
from ..core.audio_clip import Sound
from ..core.closure_fade import REACH, closures_kept
from ..core.controls import Controls
from ..core.errors import LipsyncError
from ..core.hearing import Hearing, silence
from ..core.large_arrays import let_go, room
from ..core.model_spec import ModelSpec
from ..core.progress import Progress, no_progress
from ..core.timeline_posteriors import Fused
from ..core.track import AnimationTrack
from .network import Network
from .windows import SIZE_STEP, Window, Windows

WINDOW_SECONDS = 16.0
"""Longer ones hear less sound twice, as context, and take more memory: 24 s gain 1 % and take 12 MB."""
GPU_WINDOWS = 16
"""Windows' worth of short lines that a GPU takes at once."""
MOST_FRAMES = 500_000
"""For which room is made because a file says that it is so long; a damaged one may say anything."""
OUTPUTS = ("arkit", "visemes")
"""What a bake needs."""


class Predictor:
    """A network that takes sound of any length."""

    def __init__(
        self, network: Network, *, window_seconds: float = WINDOW_SECONDS, adaptation: Adaptation | None = None
    ) -> None:
        """`adaptation`: to whose face the coefficients are fitted; of this network."""
        self._network = network
        self.adaptation = adaptation
        """To whose face the coefficients are fitted."""
        self._frames = max(1, round(window_seconds * network.spec.fps))

    @classmethod
    def load(
        cls, description: Path | None = None, *, providers: Sequence[str] | None = None, threads: int = 0
    ) -> Predictor:
        """As Network.load()."""
        return cls(Network.load(description, providers=providers, threads=threads))

    def adapted(self, adaptation: Adaptation) -> Predictor:
        """The same network with the coefficients of one person's face. Raises LipsyncError for another network's, and
        for numbers that are not of it."""
        if problem := adaptation.misfit(self.spec):
            raise LipsyncError(
                problem, "Run lipsync adapt again with this network and --overwrite, and bake the actor's takes again."
            )
        return Predictor(self._network, window_seconds=self._frames / self.spec.fps, adaptation=adaptation)

    @property
    def spec(self) -> ModelSpec:
        """The network's contract."""
        return self._network.spec

    @property
    def provider_line(self) -> str:
        """Which provider runs the network, and why others do not; final after the first predict()."""
        return self._network.provider_line

    def predict(
        self,
        sound: Sound,
        *,
        outputs: Sequence[str] = OUTPUTS,
        controls: Controls = Controls(),
        progress: Progress = no_progress,
    ) -> AnimationTrack:
        """The channels of these outputs side by side, for n samples as n // hop + 1 frames from second 0.

        `outputs`: names of ModelSpec.outputs. An hour of sound gives the same values as one pass over it, in the
        memory of one window. `sound` must have the network's sample rate; Cancelled from `progress` is let through.
        """
        blocks = self._moved(self._heard(sound, progress), controls, outputs)
        return self._track(blocks, outputs, self._frames_of(sound))

    def hear(self, sound: Sound, *, progress: Progress = no_progress) -> Hearing:
        """What is said and how, for predict() in two steps: move(hear(sound)) is predict(sound)."""
        phones, residual = self._split(_joined(self._heard(sound, progress), self._frames_of(sound)))
        return Hearing(phones, self.spec.fps, residual)

    def move(
        self,
        hearing: Hearing | Fused,
        *,
        outputs: Sequence[str] = OUTPUTS,
        controls: Controls = Controls(),
        frames: slice | None = None,
    ) -> AnimationTrack:
        """The channels of these outputs for phones that were heard, edited or made from text.

        `frames`: the frames whose phones changed. Then the track is the stretch of all frames that the change reaches,
        its `start` on the sound's clock: AnimationTrack.pasted() puts it into the track that was there before.
        """
        spec = self.spec
        if hearing.fps != spec.fps:
            raise ValueError(f"the network moves at {spec.fps:g} frames per second, not {hearing.fps:g}")
        if frames is None:
            blocks = self._moved(self._rows(hearing, 0, len(hearing)), controls, outputs)
            return self._track(blocks, outputs, len(hearing))
        fade = self.fade(controls)
        left, right = spec.move.left_context + fade, spec.move.right_context + fade
        start, stop, _ = frames.indices(len(hearing))
        first, last = max(start - right, 0), min(stop + left, len(hearing))
        before, after = max(first - left, 0), min(last + right, len(hearing))
        blocks = self._moved(self._rows(hearing, before, after), controls, outputs, first=before)
        values = _joined(blocks, after - before)[first - before : last - before]
        return AnimationTrack(spec.channels(outputs), values, spec.fps, first / spec.fps)

    def _rows(self, hearing: Hearing | Fused, start: int, stop: int) -> Iterator[NDArray[np.float32]]:
        """[n, P + R] what *move* takes of these frames, a window at a time: an hour of it is in memory already."""
        width = len(self.spec.hear.outputs["residual"])
        for first in range(start, stop, self._frames):
            part = hearing.part(first, min(first + self._frames, stop))
            how = np.zeros((len(part), width), np.float32) if part.residual is None else part.residual
            yield np.concatenate([part.phones, how], axis=1)

    def can_move(self, hearing: Hearing) -> bool:
        """Whether it was heard by a network like this one, or made without any."""
        width = len(self.spec.hear.outputs["residual"])
        return hearing.fps == self.spec.fps and (hearing.residual is None or hearing.residual.shape[1] == width)

    def hear_many(self, sounds: Iterable[Sound]) -> Iterator[Hearing | None]:
        """hear() of many lines in their order, bit for bit. They follow each other through the network in one window:
        the silence between two of them is the context of both.

        None for what must go alone, a sound that is longer than a window or cannot be used: hear() says why. Holds
        one window of sound.
        """
        together: list[Window] = []
        for sound in sounds:
            windows = self._sound_windows().of(sound.blocks())
            try:
                window = next(windows)
                alone = next(windows, None) is not None
            except LipsyncError:
                alone = True
            if alone or not self._fits([*together, window]):
                yield from self._together(together)
                together = []
            if alone:
                yield None
            else:
                together.append(window)
        yield from self._together(together)

    def _fits(self, windows: Sequence[Window]) -> bool:
        """Whether these are no more work together than one long window, on a GPU than many of those."""
        most = self._frames * (1 if self._network.on_cpu else GPU_WINDOWS)
        return sum(window.count + self._gap for window in windows) <= most + self._gap

    @property
    def _gap(self) -> int:
        """Frames of silence between two lines that do not hear each other."""
        return max(self.spec.hear.left_context, self.spec.hear.right_context)

    def _together(self, windows: Sequence[Window]) -> Iterator[Hearing]:
        """The hearings of lines of one window of sound each."""
        if not windows:
            return
        hear, hop, parts, starts, end = self.spec.hear, self.spec.hop, [], [], 0
        for window in windows:
            parts.append(np.zeros((self._gap - hear.left_context) * hop, np.float32))
            parts.append(window.rows[: (hear.left_context + window.count) * hop])
            starts.append(end + self._gap)
            end += self._gap + window.count
        size = -(-end // self._step) * self._step
        parts.append(np.zeros((size - end + hear.right_context) * hop, np.float32))
        heard = self._network.hear(np.concatenate(parts)[None])[0]
        for window, start in zip(windows, starts, strict=True):
            phones, residual = self._split(heard[start : start + window.count])
            yield Hearing(phones, self.spec.fps, residual)

    def _heard(self, sound: Sound, progress: Progress) -> Iterator[NDArray[np.float32]]:
        """[n, P + R] frames of the sound, window by window."""
        spec = self.spec
        if sound.sample_rate != spec.sample_rate:
            raise ValueError(f"the network hears {spec.sample_rate} Hz, not {sound.sample_rate} Hz: resample first")
        left, total = spec.hear.left_context, max(sound.duration * spec.fps, 1.0)
        progress(0.0)
        for window in self._sound_windows().of(sound.blocks()):
            yield self._network.hear(window.rows[None])[0, left : left + window.count]
            progress(min((window.first + window.count) / total, 1.0))

    def _moved(
        self, heard: Iterable[NDArray[np.float32]], controls: Controls, outputs: Sequence[str], first: int = 0
    ) -> Iterator[NDArray[np.float32]]:
        """[n, C] the outputs of these frames [n, P + R], of which the first is frame `first` of the line."""
        left = self.spec.move.left_context + self.fade(controls)
        for window in self._frame_windows(controls).of(heard):
            results = self.outputs_of(window.rows[None], first + window.first - left, controls, outputs)
            new = slice(left, left + window.count)
            yield np.concatenate([results[name][0, new] for name in outputs], axis=1)

    def outputs_of(
        self, rows: NDArray[np.float32], first: int, controls: Controls, outputs: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        """[1, T, C] of each of the outputs for rows [1, T, P + R], of which the first is frame `first` of the line.

        They hold for frames that have ModelSpec.move's context and fade() more on both sides.
        """
        spec, adaptation = self.spec, self.adaptation
        wanted = controls.over(adaptation.controls) if adaptation else controls
        of_move = [output for output in outputs if output in spec.move.outputs]
        adapts = adaptation is not None and "arkit" in of_move
        if adapts and "features" not in of_move:
            of_move.append("features")
        results = self._told(rows, first, wanted, of_move) if of_move else {}
        results["phones"], results["residual"] = self._split(rows)
        if "arkit" in results:
            results["arkit"] = arkit = np.clip(results["arkit"], 0, 1)
            plain = arkit
            if not wanted.is_plain:
                plain = np.clip(self._told(rows, first, wanted.plain, ["arkit"])["arkit"], 0, 1)
            if adapts:
                results["arkit"] = adaptation.apply(arkit, results["features"], plain)
            elif plain is not arkit:
                results["arkit"] = closures_kept(arkit, plain, spec.outputs["arkit"])
        return results

    def _told(
        self, rows: NDArray[np.float32], first: int, controls: Controls, outputs: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        """Outputs of *move* [1, T, C] for rows [1, T, P + R], of which the first is frame `first` of the line."""
        told = controls.rows(self.spec.controls, first, rows.shape[1])[None]
        return dict(self._network.move(rows, told, outputs))

    def fade(self, controls: Controls) -> int:
        """Frames on both sides that a frame depends on beside those that *move* sees."""
        return 0 if self.adaptation is None and controls.is_plain else REACH

    def _sound_windows(self) -> Windows:
        spec = self.spec
        return Windows(
            left=spec.hear.left_context,
            right=spec.hear.right_context,
            frames=self._frames,
            hop=spec.hop,
            after=1,
            step=self._step,
        )

    def _frame_windows(self, controls: Controls) -> Windows:
        move, fade = self.spec.move, self.fade(controls)
        return Windows(
            left=move.left_context + fade,
            right=move.right_context + fade,
            frames=self._frames,
            beyond=self._silence(),
            step=self._step,
        )

    @property
    def _step(self) -> int:
        """To a multiple of how many frames a window is filled up."""
        return 1 if self._network.on_cpu else SIZE_STEP

    def _silence(self) -> NDArray[np.float32]:
        """[P + R] what *move* is told beyond the ends of a line."""
        return np.concatenate([silence(), np.zeros(len(self.spec.hear.outputs["residual"]), np.float32)])

    def _split(self, heard: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Phones and residual of [..., P + R]."""
        count = len(self.spec.hear.outputs["phones"])
        return heard[..., :count], heard[..., count:]

    def _frames_of(self, sound: Sound) -> int:
        """How many frames it probably has."""
        return min(int(sound.duration * self.spec.fps) + 2, MOST_FRAMES)

    def _track(self, blocks: Iterable[NDArray[np.float32]], outputs: Sequence[str], frames: int) -> AnimationTrack:
        return AnimationTrack(self.spec.channels(outputs), _joined(blocks, frames), self.spec.fps)


def _joined(blocks: Iterable[NDArray[np.float32]], frames: int) -> NDArray[np.float32]:
    """One after the other; read-only, so that nobody need copy an hour of it. `frames`: how many are expected.

    They go into one array that is there before the network runs: small pieces that stay behind between its runs keep
    the memory of each run from being used again, gigabytes in an hour.
    """
    values, count = None, 0
    for block in blocks:
        if values is None:
            values = room((max(frames, len(block)), *block.shape[1:]))
        if count + len(block) > len(values):
            values = np.concatenate([values[:count], np.empty((max(count, len(block)), *values.shape[1:]), np.float32)])
        values[count : count + len(block)] = block
        count += len(block)
        let_go(values)
    assert values is not None  # there is always a first frame
    values = values[:count]
    values.flags.writeable = False
    return values
