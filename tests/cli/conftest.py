"""A recorded line in a folder of its own, and the command in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile

from lipsync_addon.cli import main


@dataclass(frozen=True)
class Ran:
    """What the command left."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def speech(shared: Path, tmp_path: Path) -> Path:
    """A recorded English sentence as a WAV file."""
    source = min((shared / "bench" / "dev" / "audio").glob("s1_*.flac"))
    samples, rate = soundfile.read(source, dtype="int16")
    soundfile.write(tmp_path / "line.wav", samples, rate)
    return tmp_path / "line.wav"


@pytest.fixture
def lipsync(tiny_network: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `lipsync ARGUMENTS` with the tiny network."""

    def run(command: str, *arguments: object) -> Ran:
        try:
            code = main([command, "--network", str(tiny_network), *map(str, arguments)])
        except SystemExit as stop:  # argparse: wrong usage
            code = int(stop.code or 0)
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder in which this process cannot write, even where it runs as root."""
    if os.name == "nt":
        pytest.skip("folders on Windows have no such permission")
    folder = tmp_path / "read_only"
    folder.mkdir(mode=0o555)
    as_root = os.geteuid() == 0
    if as_root:
        for parent in (tmp_path, *tmp_path.parents[:3]):
            parent.chmod(parent.stat().st_mode | 0o055)
        os.seteuid(65534)
    yield folder
    if as_root:
        os.seteuid(0)
