"""Which provider runs, what is said about the others, and that the CPU is always the way out.

The GPUs that this machine lacks are played by a stand-in for the onnxruntime module around the real CPU session.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.inference import session as session_module
from lipsync_addon.inference.session import Session

AUDIO = {"samples": np.full((1, 3200), 0.2, np.float32)}


@pytest.fixture
def graph(tiny_network: Path) -> Path:
    """A file for ONNX Runtime."""
    return tiny_network.with_suffix(".hear.onnx")


class PretendedSession:
    """A real CPU session that calls itself a GPU, or fails like one."""

    def __init__(self, path: str, options: object, providers: list[tuple[str, dict]], behaviour: str) -> None:
        if behaviour == "raises":
            raise RuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected\nand a stack trace")
        self._cpu = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._behaviour, self._name = behaviour, providers[0][0]

    def get_providers(self) -> list[str]:
        return ["CPUExecutionProvider"] if self._behaviour == "silently CPU" else [self._name, "CPUExecutionProvider"]

    def get_outputs(self) -> list:
        return self._cpu.get_outputs()

    def disable_fallback(self) -> None: ...

    def run(self, outputs: list[str], feed: dict) -> list[np.ndarray]:
        if self._behaviour == "fails while running":
            raise RuntimeError("out of memory")
        return self._cpu.run(outputs, feed)


def pretend(monkeypatch: pytest.MonkeyPatch, behaviours: dict[str, str]) -> None:
    """Makes these providers exist, each behaving as named."""

    def open_session(path: str, options: object, providers: list[tuple[str, dict]]) -> object:
        if behaviour := behaviours.get(providers[0][0]):
            return PretendedSession(path, options, providers, behaviour)
        return onnxruntime.InferenceSession(path, options, providers=providers)

    runtime = SimpleNamespace(
        get_available_providers=lambda: [*behaviours, "CPUExecutionProvider"],
        SessionOptions=onnxruntime.SessionOptions,
        InferenceSession=open_session,
    )
    monkeypatch.setattr(session_module, "import_onnxruntime", lambda: runtime)
    monkeypatch.setattr(session_module.sys, "platform", "win32")


def test_says_why_no_gpu_is_used(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {})
    assert Session(graph).provider_line == (
        "CPU (CUDA: not in this onnxruntime build; DirectML: not in this onnxruntime build)"
    )


def test_uses_the_first_that_works(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {"CUDAExecutionProvider": "raises", "DmlExecutionProvider": "works"})
    assert Session(graph).provider_line == ("DirectML (CUDA: cudaErrorNoDevice: no CUDA-capable device is detected)")


def test_notices_a_provider_that_gave_up_silently(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {"CUDAExecutionProvider": "silently CPU"})
    assert Session(graph, ["cuda"]).provider_line == (
        "CPU (CUDA: did not start, it needs CUDA 12 and cuDNN 9 with a working driver)"
    )


def test_failure_while_running_goes_on_with_the_cpu(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Session(graph, ["CPU"]).run(["phones"], AUDIO)[0]
    pretend(monkeypatch, {"CUDAExecutionProvider": "fails while running"})
    session = Session(graph, ["CUDA"])
    assert session.provider == "CUDA"
    np.testing.assert_array_equal(session.run(["phones"], AUDIO)[0], expected)
    assert session.provider_line == "CPU (CUDA: failed while running, out of memory)"


def test_unknown_provider_is_refused_with_the_choice(graph: Path) -> None:
    with pytest.raises(LipsyncError, match="'tpu'.*CUDA, DirectML, CoreML, CPU"):
        Session(graph, ["tpu"])


def test_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    network = tmp_path / "text.onnx"
    network.write_text("not a network")
    with pytest.raises(LipsyncError, match="text.onnx cannot be opened"):
        Session(network, ["CPU"])


def test_without_onnxruntime_the_user_hears_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(LipsyncError, match="pip install onnxruntime"):
        session_module.import_onnxruntime()


def test_importing_the_add_on_imports_nothing_heavy() -> None:
    code = (
        "import sys, lipsync_addon, lipsync_addon.cli, lipsync_addon.inference.predictor, lipsync_addon.exporters;"
        "print(sorted({'onnxruntime', 'soundfile', 'soxr', 'bpy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
