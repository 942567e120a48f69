"""A microphone whose driver is a module of ours: what it hears arrives in order and complete, on whatever thread."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from lipsync_addon.blender import live_sound
from lipsync_addon.blender.live_sound import Microphone, microphone_problem
from lipsync_addon.core.errors import LipsyncError

DRIVER = '''
import threading
import numpy as np

BLOCKS = [np.full((160, 1), k, np.float32) for k in range(100)]
closed = []

class InputStream:
    def __init__(self, *, samplerate, channels, dtype, latency, callback):
        if samplerate != 16000:
            raise RuntimeError("Invalid sample rate")
        assert (channels, dtype) == (1, "float32")
        self.thread = threading.Thread(target=lambda: [callback(block, len(block), None, None) for block in BLOCKS])

    def start(self):
        self.thread.start()

    def stop(self):
        self.thread.join()

    def close(self):
        closed.append(self)
'''


@pytest.fixture
def driver(tmp_path, monkeypatch):
    (tmp_path / "made_sounddevice.py").write_text(DRIVER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(live_sound, "MICROPHONE_LIBRARY", "made_sounddevice")
    yield
    sys.modules.pop("made_sounddevice", None)


def test_every_block_arrives_once_and_the_device_is_given_back(driver):
    assert microphone_problem() is None
    microphone = Microphone(16000)
    microphone.start(0.0)
    heard = [microphone.read(0.1)]
    microphone.stop()
    heard.append(microphone.read(0.2))
    samples = np.concatenate(heard)
    assert (samples == np.repeat(np.arange(100), 160)).all()
    assert len(sys.modules["made_sounddevice"].closed) == 1
    assert len(microphone.read(0.3)) == 0


def test_a_driver_that_refuses_is_told_in_one_sentence(driver):
    with pytest.raises(LipsyncError, match="microphone cannot be opened: Invalid sample rate"):
        Microphone(44100).start(0.0)
