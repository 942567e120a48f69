"""Real speech for the tests of training: the JFK extract (public domain), and a few filmed clips, prepared."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model import dataset, prepare
from model.datasets.corpora import GRID_AUDIO, corpus_sound, tar_sound
from model.datasets.faces import grid_opening
from model.prepare import Line, store

PHONES = [(0.0, 0.8, "sil"), (0.8, 0.95, "b"), (0.95, 1.1, "ɪ"), (1.1, 1.2, "n"), (1.2, 1.7, "u"), (1.7, 2.9, "sil")]

torch.set_num_threads(1)  # threads that wait for each other make small steps several times slower on a busy machine


@pytest.fixture(scope="session")
def speech(shared) -> np.ndarray:
    """[N] samples at 16 kHz, 11 s."""
    return next(samples for _, samples in corpus_sound("jfk_en"))


@pytest.fixture(scope="module")
def clips(shared, tmp_path_factory):
    """Twelve tracked GRID clips, prepared; the phones are one fixed pattern, enough to exercise every loss."""
    folder = tmp_path_factory.mktemp("prepared")
    opening = grid_opening()
    sounds = (item for item in tar_sound(GRID_AUDIO) if item[0] in opening)
    lines = (Line(name, samples, "", PHONES, opening[name]) for (name, samples), _ in zip(sounds, range(12)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "PREPARED", folder)
        patch.setattr(dataset, "PREPARED", folder)
        store("grid_s1", lines)
        yield folder
