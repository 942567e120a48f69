"""What `lipsync dataset build` writes is a source that training takes by its name."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.training_frames import FRAME_RATE, MOUTH_UNITS, bilabial_core, frame_phones
from lipsync_addon.video import training_source
from model import dataset
from model.dataset import Pieces, Source
from model.network import HOP, UNITS, NetworkConfig
from model.targets import FPS
from model.train import TrainConfig, Trainer


@pytest.fixture
def own(speech, tmp_path, monkeypatch):
    """Two films' lines of real speech with a made-up opening, joined under runs/data."""
    folder, records = tmp_path / "own", []
    for number, frames in enumerate((200, 250)):
        phones = [(0.0, 1.0, "sil"), (1.0, 1.2, "b"), (1.2, frames / FRAME_RATE, "a")]
        line = training_source.FilmLines(language="en")
        line.lines.append(_line(speech[number * 64000 :][: frames * HOP], phones, frames))
        file = training_source.record_file(folder, f"{number}" * 24)
        records.append(training_source.write_record(file, f"film{number}.mp4", "", line, HOP))
    training_source.write_source(folder, records, HOP, {})
    monkeypatch.setattr(dataset, "PREPARED", tmp_path)
    return folder


def _line(samples, phones, frames):
    opening = np.abs(np.sin(np.arange(frames) / 8) / 10).astype(np.float16)
    labels, seal = frame_phones(phones, frames), bilabial_core(phones, frames)
    units = np.full((frames, len(MOUTH_UNITS)), np.nan, np.float16)
    units[:, MOUTH_UNITS.index("jawOpen")] = opening * 4
    sound = (samples * 32767).astype(np.int16)
    return training_source.TrainingLine(0.0, sound, labels, opening, seal, units, offset=0.0, likelihood=1.0, r=1.0)


def test_a_source_reads_the_lines_as_they_were(own, speech):
    assert FRAME_RATE == FPS and [*MOUTH_UNITS] == UNITS
    source = Source("own")
    assert [source.frames(line) for line in (0, 1)] == [200, 250]
    piece = source.piece(1, 10, 100)
    np.testing.assert_allclose(piece.samples, speech[64000 + 10 * HOP : 64000 + 110 * HOP], atol=1e-4)
    assert [PHONES[label] for label in piece.phones[[0, 45, 60]]] == ["sil", "b", "a"]
    assert piece.seal[43:47].all() and not piece.seal[:40].any()
    assert np.isfinite(piece.opening).all()
    jaw = MOUTH_UNITS.index("jawOpen")
    np.testing.assert_allclose(piece.units[:, jaw], piece.opening * 4, atol=1e-3)
    assert np.isnan(np.delete(piece.units, jaw, axis=1)).all()


def test_training_takes_it_by_name_and_refuses_a_name_without_data(own, tmp_path):
    small = NetworkConfig(hear_width=48, hear_dilations=(1, 2), move_width=32, move_dilations=(1,), residual=4)
    none = {f"shares.{name}": 0.0 for name in TrainConfig().shares}
    config = TrainConfig(network=small, batch=4, frames=120, steps=3).changed({**none, "shares.own": 0.1})
    trainer = Trainer(config, tmp_path / "run")
    assert trainer.measured.tolist() == [True]
    losses = trainer.train_step(Pieces(trainer.shares, 120, 0).draw(4), torch.Generator().manual_seed(0))
    assert all(np.isfinite(float(loss)) for loss in losses.values()) and float(losses["opening"]) > 0
    with pytest.raises(ValueError, match="shares.nowhere"):
        config.changed({"shares.nowhere": 0.1})
