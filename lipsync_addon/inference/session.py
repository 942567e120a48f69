"""Opens the network in ONNX Runtime on the best hardware that works, and says which that was and why."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError


@dataclass(frozen=True, slots=True)
class Provider:
    """Hardware that ONNX Runtime can use."""

    name: str
    id: str
    """ONNX Runtime's name of it."""
    systems: tuple[str, ...]
    """sys.platform values where it exists; elsewhere it is not worth a word."""
    needs: str
    """What is missing when it does not start."""


PROVIDERS: tuple[Provider, ...] = (
    Provider("CUDA", "CUDAExecutionProvider", ("linux", "win32"), "CUDA 12 and cuDNN 9 with a working driver"),
    Provider("DirectML", "DmlExecutionProvider", ("win32",), "a DirectX 12 graphics card with a working driver"),
    Provider("CoreML", "CoreMLExecutionProvider", ("darwin",), "macOS with Core ML"),
    Provider("CPU", "CPUExecutionProvider", ("linux", "win32", "darwin"), ""),
)
"""In the order in which they are tried."""

MAX_THREADS = 4
"""More gain little on windows of this size, and the desktop stays free."""


class Session:
    """The network, open on the first provider that works; moves on to the next when one fails while running."""

    def __init__(self, network: Path, providers: Sequence[str] | None = None, threads: int = 0) -> None:
        """`providers` are names as in PROVIDERS, in any letter case; CPU always comes last. None: all.

        `threads`: that it computes with; 0: thread_count().

        Raises LipsyncError for an unknown name, for a missing ONNX Runtime, and for a file that is no network.
        """
        self._runtime = import_onnxruntime()
        self._network = Path(network)
        self._waiting = _wanted(providers)
        self._threads = threads or thread_count()
        self._refused: list[str] = []
        self._open_next()

    @property
    def provider(self) -> str:
        """Name of the provider in use, for example "CPU"."""
        return self._provider.name

    @property
    def provider_line(self) -> str:
        """One line for the user, for example "CPU (CUDA: not in this onnxruntime build)"."""
        return f"{self.provider} ({'; '.join(self._refused)})" if self._refused else self.provider

    def channel_counts(self) -> dict[str, int | str | None]:
        """Output tensor name -> size of its last dimension; not a number where the network leaves it open."""
        return {output.name: output.shape[-1] for output in self._session.get_outputs()}

    def run(self, outputs: Sequence[str], feed: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """The named output tensors for these inputs."""
        while True:
            try:
                return self._session.run(list(outputs), dict(feed))
            except Exception as error:  # drivers raise whatever they like; the CPU is the way out
                if self.provider == "CPU":
                    raise
                self._refused.append(f"{self.provider}: failed while running, {_first_line(error)}")
                self._open_next()

    def _open_next(self) -> None:
        while self._waiting:
            self._provider = self._waiting.pop(0)
            name = self._provider.name
            if self._provider.id not in self._runtime.get_available_providers():
                self._refused.append(f"{name}: not in this onnxruntime build")
                continue
            try:
                self._session = self._open(self._provider)
            except Exception as error:  # as above
                if name == "CPU":
                    raise LipsyncError(
                        f"The network {self._network} cannot be opened: {_first_line(error)}.",
                        "Install the add-on again, or export the network with `python -m model.export`.",
                    ) from error
                self._refused.append(f"{name}: {_first_line(error)}")
                continue
            if self._session.get_providers()[0] == self._provider.id:  # ONNX Runtime goes on without it, unasked
                return
            self._refused.append(f"{name}: did not start, it needs {self._provider.needs}")

    def _open(self, provider: Provider) -> Any:
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what it logs about a provider is in provider_line
        # The arena, which is on, holds no more than a window takes; without it tensors of ever other sizes leave gaps.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # DirectML cannot have it; on a CPU it gains nothing and keeps a plan for every length of line for ever.
        options.enable_mem_pattern = provider.name not in ("DirectML", "CPU")
        # TensorFloat-32 rounds to ten bits, which the logarithm of quiet energies shows.
        settings = {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"} if provider.name == "CUDA" else {}
        chain = [(provider.id, settings)] + ([("CPUExecutionProvider", {})] if provider.name != "CPU" else [])
        session = self._runtime.InferenceSession(str(self._network), options, providers=chain)
        session.disable_fallback()  # its own is silent about the reason
        return session


def thread_count() -> int:
    """Threads that the network runs on: as OMP_NUM_THREADS says, else a few."""
    if (wanted := os.environ.get("OMP_NUM_THREADS", "")).isdecimal():
        return max(1, int(wanted))
    return max(1, min(MAX_THREADS, getattr(os, "process_cpu_count", os.cpu_count)() or 1))


def import_onnxruntime() -> ModuleType:
    """ONNX Runtime, imported only once it is needed. Raises LipsyncError if that does not work."""
    try:
        import onnxruntime
    except ImportError as error:
        raise LipsyncError(
            f"ONNX Runtime cannot be loaded: {error}.",
            "In Blender, install the extension's zip for this system; elsewhere run `pip install onnxruntime`.",
        ) from error
    return onnxruntime


def _wanted(names: Sequence[str] | None) -> list[Provider]:
    if names is None:
        return [provider for provider in PROVIDERS if sys.platform in provider.systems]
    by_name = {provider.name.lower(): provider for provider in PROVIDERS}
    for name in names:
        if name.lower() not in by_name:
            known = ", ".join(provider.name for provider in PROVIDERS)
            raise LipsyncError(f"There is no provider {name!r}.", f"Choose one of {known}.")
    wanted = dict.fromkeys([*(name.lower() for name in names if name.lower() != "cpu"), "cpu"])
    return [by_name[name] for name in wanted]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
