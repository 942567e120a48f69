"""Large arrays lie in a file, are arrays like any other, and give their memory back."""

from __future__ import annotations

import sys
import tempfile

import numpy as np
import pytest

from lipsync_addon.core import large_arrays
from lipsync_addon.core.large_arrays import LARGE, let_go, room


def test_a_large_array_keeps_its_values_when_its_memory_is_let_go() -> None:
    values = room((LARGE // 8, 3))
    assert isinstance(values, np.memmap) and not isinstance(room((10, 3)), np.memmap)
    values[:] = np.arange(values.size, dtype=np.float32).reshape(values.shape)
    view = values[100:, :2]
    view.flags.writeable = False
    let_go(view)
    assert (values.ravel() == np.arange(values.size, dtype=np.float32)).all()
    let_go(np.zeros(3, np.float32))


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of a process")
def test_what_is_let_go_is_not_in_memory() -> None:
    def resident() -> float:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096 / 2**20

    values = room((2**22, 4))  # 64 MB
    before = resident()
    values[:] = 1
    assert resident() > before + 50
    let_go(values)
    assert resident() < before + 10
    assert values[-1, -1] == 1


def test_where_the_disk_is_full_it_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(large_arrays.tempfile, "TemporaryFile", full)
    assert type(room((LARGE, 2))) is np.ndarray
    assert tempfile.TemporaryFile is full
