"""Doubt is found where phones compete and where the motion is uncertain, and not in silence."""

from __future__ import annotations

import numpy as np

from lipsync_addon.core.confidence import confidence
from lipsync_addon.core.track import AnimationTrack

NAMES = ("sil", "p", "a", "s")


def test_doubt_where_phones_compete_or_the_motion_is_uncertain_but_not_in_silence() -> None:
    sure, torn, silent = [0, 1, 0, 0], [0, 0.35, 0.33, 0.32], [0.97, 0.01, 0.01, 0.01]
    phones = AnimationTrack(NAMES, np.array([sure] * 50 + [torn] * 50 + [silent] * 50 + [sure] * 50), 50.0)
    variance = np.full((200, 5), np.log(1e-6), np.float32)
    variance[100:] = np.log(0.05**2)
    found = confidence(phones, variance)
    assert found[25] > 0.98 and found[75] < 0.6 and found[125] == 1 and abs(found[175] - np.exp(-0.5)) < 0.01
    assert (np.diff(found) != 0).any() and found.min() >= 0 and found.max() <= 1


def test_nothing_heard() -> None:
    assert confidence(AnimationTrack(NAMES, np.zeros((0, 4)), 50.0), np.zeros((0, 5), np.float32)).shape == (0,)
