"""Predictor: sound in, mouth motion out. Long sound goes through the network in windows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..core.audio_clip import Sound
from ..core.errors import LipsyncError
from ..core.model_spec import ModelSpec
from ..core.progress import Progress, no_progress
from ..core.track import AnimationTrack
from .session import Session
from .windows import windows

DEFAULT_NETWORK = Path(__file__).parent.parent / "data" / "models" / "lipsync.onnx"
WINDOW_SECONDS = 16.0


class Predictor:
    """A network with its contract, ready to run."""

    def __init__(self, spec: ModelSpec, session: Session, *, window_seconds: float = WINDOW_SECONDS) -> None:
        """Raises LipsyncError if the network has not the outputs that its contract promises."""
        counts = session.channel_counts()
        for output, channels in spec.outputs.items():
            if output not in counts or (isinstance(counts[output], int) and counts[output] != len(channels)):
                raise LipsyncError(
                    f"The network {spec.name} does not give {len(channels)} channels as {output!r}.",
                    "Install the add-on again, or export the network with `python -m model.export`.",
                )
        self.spec = spec
        self._session = session
        self._frames = max(1, round(window_seconds * spec.fps))

    @classmethod
    def load(
        cls, network: Path | None = None, *, providers: Sequence[str] | None = None, session: Session | None = None
    ) -> Predictor:
        """Opens `network` (.onnx, with its .json beside it); None: the network that comes with the add-on.

        `providers`: names as in session.PROVIDERS, in the order to try; None: all that exist. `session`: one
        that has this network open already. Raises LipsyncError if a file is missing, damaged or not the one
        that was described.
        """
        network = Path(network or DEFAULT_NETWORK)
        spec = ModelSpec.load(network.with_suffix(".json"))
        spec.check_file(network)
        return cls(spec, session or Session(network, providers))

    @property
    def provider_line(self) -> str:
        """Which provider runs the network, and why others do not; final after the first predict()."""
        return self._session.provider_line

    def predict(
        self,
        sound: Sound,
        *,
        outputs: Sequence[str] = ("arkit", "visemes"),
        progress: Progress = no_progress,
    ) -> AnimationTrack:
        """The channels of these outputs side by side, for n samples as n // hop + 1 frames from second 0.

        An hour of sound gives the same values as one pass over it, in the memory of one window. `sound` must
        have the network's sample rate; Cancelled from `progress` is let through.
        """
        spec = self.spec
        if sound.sample_rate != spec.sample_rate:
            raise ValueError(f"the network hears {spec.sample_rate} Hz, not {sound.sample_rate} Hz: resample first")
        names = tuple(name for output in outputs for name in spec.outputs[output])
        parts: list[np.ndarray] = []
        done, total = 0, max(sound.duration * spec.fps, 1.0)
        progress(0.0)
        for samples, count in windows(
            sound.blocks(), hop=spec.hop, left=spec.left_context, right=spec.right_context, frames=self._frames
        ):
            results = self._session.run(outputs, {spec.input: samples[None]})
            new = slice(spec.left_context, spec.left_context + count)
            parts.append(
                np.concatenate(
                    [
                        np.clip(result[0, new], 0, 1) if output == "arkit" else result[0, new]
                        for output, result in zip(outputs, results, strict=True)
                    ],
                    axis=1,
                )
            )
            done += count
            progress(min(done / total, 1.0))
        values = np.concatenate(parts)
        values.flags.writeable = False  # so that the track need not copy an hour of it
        return AnimationTrack(names, values, spec.fps)
