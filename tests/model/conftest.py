"""Real speech for the tests of training: the JFK extract (public domain) that comes with examples of the data."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.datasets.corpora import corpus_sound

torch.set_num_threads(1)  # threads that wait for each other make small steps several times slower on a busy machine


@pytest.fixture(scope="session")
def speech(shared) -> np.ndarray:
    """[N] samples at 16 kHz, 11 s."""
    return next(samples for _, samples in corpus_sound("jfk_en"))
