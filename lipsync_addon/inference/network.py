"""Network: the two graphs of a network, open and held against their contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError
from ..core.model_spec import HINT, GraphSpec, ModelSpec
from .session import Session

MODELS = Path(__file__).parent.parent / "data" / "models"
DEFAULT_NETWORK = MODELS / "lipsync.json"
LIVE_NETWORK = MODELS / "lipsync_live.json"
"""The network that hardly looks ahead, for inference/live.py."""


class Network:
    """A network with its contract, ready to run."""

    def __init__(self, spec: ModelSpec, hear: Session, move: Session) -> None:
        """Raises LipsyncError if a graph has not the outputs that the contract promises."""
        for graph, session in ((spec.hear, hear), (spec.move, move)):
            _check_outputs(graph, session)
        self.spec = spec
        self._hear, self._move = hear, move

    @classmethod
    def load(
        cls, description: Path | None = None, *, providers: Sequence[str] | None = None, threads: int = 0
    ) -> Network:
        """Opens what `description` (.json) describes; None: the network that comes with the add-on.

        `providers`: names as in session.PROVIDERS, in the order to try; None: all that exist. `threads`: as in
        Session. Raises LipsyncError if a file is missing, damaged or not the one that was described.
        """
        description = Path(description or DEFAULT_NETWORK)
        if description == LIVE_NETWORK and not description.is_file():
            raise LipsyncError("This version comes without a network for live sound.", "Give the .json of one.")
        if description.suffix != ".json":
            raise LipsyncError(
                f"{description} is not a network's description.", "Give the .json that stands beside it."
            )
        spec = ModelSpec.load(description)
        spec.check_files(description.parent)
        graphs = (description.parent / graph.file for graph in (spec.hear, spec.move))
        return cls(spec, *(Session(graph, providers, threads) for graph in graphs))

    @property
    def provider_line(self) -> str:
        """Which provider runs the network, and why others do not; final once both graphs have run."""
        lines = dict.fromkeys((self._hear.provider_line, self._move.provider_line))
        return "; ".join(lines)

    @property
    def on_cpu(self) -> bool:
        """Whether *hear*, which is nearly all of the work, runs on the CPU."""
        return self._hear.provider == "CPU"

    def hear(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """[B, N] -> [B, N // hop, P + R]: phones, then the residual."""
        return np.concatenate(self._hear.run(("phones", "residual"), {"samples": samples}), axis=-1)

    def move(
        self, heard: NDArray[np.float32], controls: NDArray[np.float32], outputs: Sequence[str]
    ) -> Mapping[str, NDArray[np.float32]]:
        """[B, T, P + R] as hear() gives it and controls [B, T, K] -> the named outputs of *move*, [B, T, C] each."""
        count = len(self.spec.hear.outputs["phones"])
        feed = {"phones": heard[..., :count], "residual": heard[..., count:], "controls": controls}
        return dict(zip(outputs, self._move.run(outputs, feed), strict=True))


def _check_outputs(graph: GraphSpec, session: Session) -> None:
    counts = session.channel_counts()
    for output, channels in graph.outputs.items():
        if output not in counts or (isinstance(counts[output], int) and counts[output] != len(channels)):
            raise LipsyncError(f"The network {graph.file} does not give {len(channels)} channels as {output!r}.", HINT)
