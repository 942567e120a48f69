"""JSON curves hold every channel, at the rate that was asked for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.exporters import EXPORTERS, ExportOptions

NAMES = ARKIT_52 + VISEMES_15


def render(track: AnimationTrack, fps: float | None = None) -> bytes:
    return b"".join(EXPORTERS[".json"].render(track, ExportOptions(fps)))


def motion(count: int = 6) -> AnimationTrack:
    return AnimationTrack(NAMES, np.random.default_rng(0).uniform(0, 1, (count, len(NAMES))), 50.0, start=0.25)


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_everything_is_read_back(count: int) -> None:
    data = json.loads(render(motion(count)))
    assert (data["fps"], data["start"], tuple(data["names"])) == (50.0, 0.25, NAMES)
    np.testing.assert_allclose(np.reshape(data["values"], (count, len(NAMES))), motion(count).values, atol=0.6e-5)


def test_another_rate() -> None:
    data = json.loads(render(motion(), 24 / 1.001))
    assert data["fps"] == 24 / 1.001
    np.testing.assert_allclose(data["values"], motion().resampled(24 / 1.001).values, atol=0.6e-5)
