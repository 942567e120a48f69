"""Training learns from real clips, stops and resumes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from model import dataset, prepare
from model.dataset import Pieces, Source
from model.datasets.corpora import GRID_AUDIO, tar_sound
from model.datasets.faces import grid_opening
from model.network import HOP, UNITS, NetworkConfig
from model.paths import CHECKPOINTS
from model.prepare import Line, store
from model.targets import FPS, fused, gap_weights, unit_curves, with_short_onsets
from model.train import TrainConfig, Trainer

SMALL = NetworkConfig(hear_width=48, hear_dilations=(1, 2), move_width=32, move_dilations=(1,), residual=4)
PHONES = [(0.0, 0.8, "sil"), (0.8, 0.95, "b"), (0.95, 1.1, "ɪ"), (1.1, 1.2, "n"), (1.2, 1.7, "u"), (1.7, 2.9, "sil")]


@pytest.fixture(scope="module")
def clips(shared, tmp_path_factory):
    """Twelve tracked GRID clips, prepared; the phones are one fixed pattern, enough to exercise every loss."""
    folder = tmp_path_factory.mktemp("prepared")
    opening = grid_opening()
    sounds = (item for item in tar_sound(GRID_AUDIO) if item[0] in opening)
    lines = (Line(name, samples, PHONES, opening[name]) for (name, samples), _ in zip(sounds, range(12)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "PREPARED", folder)
        patch.setattr(dataset, "PREPARED", folder)
        store("grid_s1", lines)
        yield folder


def config(steps: int) -> TrainConfig:
    return TrainConfig(
        network=SMALL, shares={"grid_s1": 1.0}, steps=steps, batch=8, frames=120, learning_rate=4e-3, warm_up=5
    )


def test_loss_falls_on_a_few_clips(clips, tmp_path):
    trainer = Trainer(config(40), tmp_path)
    batch = torch.utils.data.default_collate([p for p, _ in zip(Pieces({"grid_s1": 1.0}, 120, 0), range(8))])
    generator = torch.Generator().manual_seed(0)
    losses = [trainer.train_step(batch, generator)["loss"] for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:3])


def test_a_run_resumes_where_it_stopped_and_records_what_it_did(clips, tmp_path):
    first = Trainer(config(3), tmp_path)
    first.run(workers=0, minutes=5)
    again = Trainer(config(50), tmp_path)
    again.resume()
    assert again.step == 3
    again.run(workers=0, minutes=5)
    assert again.step == 50
    line = json.loads((tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert line["step"] == 50 and {"loss", "phones", "opening", "seal"} <= set(line)
    for name, weight in first.model.state_dict().items():
        assert weight.dtype == again.model.state_dict()[name].dtype


def test_a_run_can_start_from_the_weights_that_shipped(tmp_path):
    trainer = Trainer(TrainConfig(), tmp_path)
    trainer.start_from(CHECKPOINTS / "0.1.0.pt")
    kept = torch.load(CHECKPOINTS / "0.1.0.pt", weights_only=True)["averaged"]
    for name, weight in trainer.model.named_parameters():
        torch.testing.assert_close(weight.detach().half(), kept[name])


def test_the_same_seed_draws_the_same_pieces(clips):
    first, second = (next(iter(Pieces({"grid_s1": 1.0}, 120, seed=7))) for _ in range(2))
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], equal_nan=True)


def test_prepared_lines_keep_sound_and_mouth_in_step(clips):
    source = Source("grid_s1")
    piece = source.piece(0, 0, 10**6)
    assert len(piece.samples) == len(piece.phones) * HOP == len(piece.opening) * HOP
    times, opening = grid_opening()[source.names[0]]
    at = int(np.argmax(opening))
    assert abs(piece.opening[int(round(times[at] * FPS))] - opening[at]) < 0.02


def test_rounded_and_closed_phones_look_so():
    curves = unit_curves(PHONES, 145)
    at = lambda seconds, unit: curves[int(seconds * FPS), UNITS.index(unit)]  # noqa: E731
    assert at(1.45, "mouthPucker") > 2 * at(1.02, "mouthPucker")
    gap = np.maximum(curves @ gap_weights(), 0)
    assert gap[int(0.88 * FPS)] < 0.02


def test_the_jaw_follows_the_measured_opening():
    curves = fused(PHONES, np.full(145, 0.1, np.float32))
    np.testing.assert_allclose(curves @ gap_weights(), 0.1, atol=1e-3)


def test_lips_part_at_s_with_the_teeth_close_and_at_a_with_the_jaw():
    phones = [(0.0, 0.5, "a"), (0.5, 1.0, "s"), (1.0, 1.5, "a")]
    curves = fused(phones, np.full(75, 0.08, np.float32))
    jaw, lip = UNITS.index("jawOpen"), UNITS.index("mouthLowerDown")
    assert curves[37, jaw] < 0.7 * curves[12, jaw] and curves[37, lip] > curves[12, lip]


def test_a_stop_after_silence_is_cut_to_its_end():
    assert with_short_onsets([(0.0, 0.3, "sil"), (0.3, 0.8, "p"), (0.8, 1.0, "a")]) == [
        (0.0, 0.3, "sil"), (0.3, 0.68, "sil"), (0.68, 0.8, "p"), (0.8, 1.0, "a"),
    ]  # fmt: skip
