"""Doubt is found where phones compete, and not in silence."""

from __future__ import annotations

import numpy as np

from lipsync_addon.core.confidence import confidence, doubtful_spans
from lipsync_addon.core.track import AnimationTrack


def test_doubt_where_phones_compete_but_not_in_silence() -> None:
    sure, torn, silent = [0, 1, 0, 0], [0, 0.35, 0.33, 0.32], [0.97, 0.01, 0.01, 0.01]
    phones = AnimationTrack(("sil", "p", "a", "s"), np.array([sure] * 50 + [torn] * 50 + [silent] * 50), 50.0)
    found = confidence(phones)
    assert found[25] > 0.99 and found[75] < 0.36 and found[125] > 0.99
    ((start, end),) = doubtful_spans(found, 50.0)
    assert abs(start - 1) < 0.06 and abs(end - 2) < 0.06


def test_nothing_heard() -> None:
    assert confidence(AnimationTrack(("sil", "p"), np.zeros((0, 2)), 50.0)).shape == (0,)
    assert doubtful_spans(np.zeros(0, np.float32), 50.0) == []
