"""Training learns from real clips, stops and resumes."""

from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch

from lipsync_addon.core.phones import PHONES as PHONES_58
from model import controls, heard, pack, train, tune, validation
from model.dataset import Batch, HeardPieces, Pieces, Source
from model.datasets.faces import grid_opening
from model.export import load_checkpoint
from model.losses import (
    Hinges, at_rest, breath_opening, least_opening, lip_gap, rest_loss, shown, sibilant_loss, with_breath,
)  # fmt: skip
from model.network import CONTROLS, HOP, UNITS, Lipsync, NetworkConfig
from model.targets import FPS, fused, gap_weights, unit_curves, with_short_onsets
from model.train import TrainConfig, Trainer, learning_rate

from tests.model.conftest import PHONES

SMALL = NetworkConfig(hear_width=48, hear_dilations=(1, 2), move_width=32, move_dilations=(1,), residual=4)

SEARCHED = {
    "learning_rate": 1e-3, "losses.opening": 20.0, "losses.velocity": 20.0, "losses.agreement": 1.0, "losses.seal": 20.0,
    "losses.parted": 20.0, "losses.rest": 20.0, "losses.sibilant": 20.0,
    "hinges.parted": 0.04, "hinges.rounded": 0.02, "hinges.sibilant_jaw": 0.04,
}  # fmt: skip


def config(steps: int) -> TrainConfig:
    return TrainConfig(
        network=SMALL, shares={"grid_s1": 1.0}, steps=steps, batch=8, frames=120, learning_rate=4e-3, warm_up=5
    )


def test_loss_falls_on_a_few_clips(clips, tmp_path):
    trainer = Trainer(config(40), tmp_path)
    batch = Pieces({"grid_s1": 1.0}, 120, 0).draw(8)
    generator = torch.Generator().manual_seed(0)
    losses = [float(trainer.train_step(batch, generator)["phones"]) for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:3])


def test_a_run_resumes_where_it_stopped_and_records_what_it_did(clips, tmp_path):
    first = Trainer(config(100), tmp_path)
    first.config = replace(first.config, steps=3)
    first.run(minutes=5)
    again = Trainer(config(100), tmp_path)
    again.resume()
    assert again.step == 3
    again.run(minutes=5)
    assert again.step == 100
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[-1]["step"] == 100 and any({"loss", "phones", "opening", "seal"} <= set(line) for line in lines)
    kept = Trainer(config(1), tmp_path)
    kept.start_from(tmp_path / "weights.pt")
    for name, weight in again.averaged.state_dict().items():
        torch.testing.assert_close(kept.model.state_dict()[name], weight, atol=2e-3, rtol=2e-3)


def test_move_alone_learns_from_what_was_heard_and_hear_stays(clips, tmp_path, monkeypatch):
    """The cache holds what the network hears, and a run on it changes *move* and nothing else."""
    for module in (heard, train):
        monkeypatch.setattr(module, "HEARD", tmp_path)
    first = Trainer(config(1), tmp_path)
    first.save()
    (tmp_path / "small").mkdir()
    network = load_checkpoint(tmp_path / "weights.pt")
    heard.hear_source(network, "grid_s1", tmp_path / "small" / "grid_s1.npy")
    source = Source("grid_s1")
    line = source.training_lines[source.training_lines % 2 == 0][0]
    piece = torch.from_numpy(source.piece(line, 0, 10**6).samples[None])
    rows = np.load(tmp_path / "small" / "grid_s1.npy")[source.starts[line] // HOP : source.starts[line + 1] // HOP]
    np.testing.assert_allclose(rows[:100, :58], network(piece)[0][0, :100].detach(), atol=2e-3)

    trainer = Trainer(replace(config(40), heard="small"), tmp_path / "run")
    trainer.start_from(tmp_path / "weights.pt")
    before = {name: weight.clone() for name, weight in trainer.model.state_dict().items()}
    batch = HeardPieces({"grid_s1": 1.0}, 120, 0, folder=tmp_path / "small").draw(8)
    generator = torch.Generator().manual_seed(0)
    losses = [float(trainer.train_step(batch, generator)["loss"]) for _ in range(20)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])
    changed = {name for name, weight in trainer.model.state_dict().items() if not torch.equal(weight, before[name])}
    assert changed and all(name.startswith("move.") for name in changed)


def test_heard_pieces_are_the_pieces_that_sound_would_give(clips, tmp_path):
    """Labels of the same frames, silence beyond the lines."""
    frames = int(Source("grid_s1").starts[-1]) // HOP
    np.save(tmp_path / "grid_s1.npy", np.full((frames, 62), 0.5, np.float16))
    of_sound = Pieces({"grid_s1": 1.0}, 200, 3).draw(4)
    of_heard = HeardPieces({"grid_s1": 1.0}, 200, 3, folder=tmp_path).draw(4)
    torch.testing.assert_close(of_heard.phones, of_sound.phones)
    torch.testing.assert_close(of_heard.opening, of_sound.opening, equal_nan=True)
    silent = (of_heard.samples[..., 0] == 1).float().mean()
    assert 0.2 < silent < 0.5  # clips of 148 frames in pieces of 200, and what follows them
    assert (of_heard.samples[of_heard.samples[..., 0] == 1][:, 1:] == 0).all()


def test_every_setting_that_optuna_draws_is_one_and_every_goal_is_measured(clips):
    drawn = tune.suggested(optuna.trial.FixedTrial(SEARCHED))
    changed = TrainConfig().changed(drawn)
    assert changed.hinges.parted == 0.04 and changed.learning_rate == 1e-3
    figures = validation.Validation(Pieces, {"grid_s1": 1.0}, 120, "cpu")
    figures.batches = {
        name: next(iter(figures.batches.values())) for name in {goal.split("/")[0] for goal in tune.GOALS}
    }
    found = figures.figures(Lipsync(SMALL).eval())
    rare = {goal for goal in tune.GOALS if goal.endswith("sibilant_jaw")}  # the clips' one pattern of phones has none
    assert set(tune.GOALS) - rare <= set(found)
    assert tune.score(found | dict.fromkeys(rare, 0.0)) > tune.score(found | dict.fromkeys(rare, 0.5))


def test_workers_of_a_study_draw_apart_and_again_the_same(monkeypatch, tmp_path):
    def drawn(folder: str, worker: int) -> dict[str, float]:
        monkeypatch.setattr(tune, "FOLDER", tmp_path / folder)
        return tune.suggested(tune.study(worker).ask())

    first = drawn("a", 0)
    assert first == drawn("b", 0) and first != drawn("c", 1)
    assert drawn("a", 0) != first, "a study that goes on does not draw what it has drawn"


def test_the_study_is_written_as_the_one_that_is_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(tune, "FOLDER", tmp_path)
    found = tune.study()
    for score in (1.0, 3.0):
        trial = found.ask()
        tune.suggested(trial)
        for goal in tune.GOALS:
            trial.set_user_attr(goal, score / 7)
        found.tell(trial, score)
    found.ask()  # one that runs still
    tune.write_table(found, tmp_path / "study.csv")
    rows = list(csv.reader((tmp_path / "study.csv").read_text(encoding="utf-8").splitlines()))
    kept = (Path(tune.__file__).parent / "study.csv").read_text(encoding="utf-8").splitlines()[0]
    assert ",".join(rows[0]) == kept
    assert [row[:2] for row in rows[1:]] == [["1", "3.0000"], ["0", "1.0000"]] and rows[1][-1] == "0.4286"


def test_lips_that_had_met_in_silence_rest_at_nought(clips):
    phones = torch.tensor([[0] * 10 + [PHONES_58.index("a")] * 5])
    opening = torch.tensor([[0.0] * 15])
    resting = at_rest(phones, opening)
    assert resting[0, 2:8].all() and not resting[0, 9:].any()
    assert not at_rest(phones, opening + 0.05).any() and at_rest(phones, opening * torch.nan).any()
    still = torch.full((1, 15, len(UNITS)), -0.01)
    assert float(rest_loss(still, resting)) == 0 < float(rest_loss(still + 0.02, resting))


def test_breath_is_drawn_before_speech_and_not_between_words():
    a = PHONES_58.index("a")
    phones = torch.tensor([[0] * 60 + [a] * 10 + [0] * 6 + [a] * 5 + [0] * 40])
    breath = breath_opening(phones, 0.09)[0]
    assert (breath[:27] == 0).all() and (breath[27:38].diff() > 0).all(), (
        "the lips part 0.65 to 0.45 s before the voice"
    )
    torch.testing.assert_close(breath[38:60], torch.full((22,), 0.09))
    assert (breath[60:] == 0).all(), "neither in speech, nor in a pause of 0.12 s, nor after the last word"


@pytest.mark.parametrize(
    ("network", "taught"), [(SMALL, True), (replace(SMALL, hear_ahead=(1, 0), move_ahead=(0,)), False)]
)
def test_only_a_network_that_sees_words_come_is_taught_to_breathe(clips, tmp_path, monkeypatch, network, taught):
    drawn = []
    monkeypatch.setattr(train, "with_breath", lambda batch, measured, most: drawn.append(most) or batch)
    trainer = Trainer(replace(config(1), network=network), tmp_path)
    trainer.train_step(Pieces({"grid_s1": 1.0}, 120, 0).draw(2), torch.Generator().manual_seed(0))
    assert bool(drawn) == taught


def test_breath_opens_jaw_and_lips_of_faces_that_nobody_measured():
    a, jaw = PHONES_58.index("a"), UNITS.index("jawOpen")
    phones = torch.tensor([[0] * 50 + [a] * 30] * 3)
    units = torch.zeros(3, 80, len(UNITS))
    units[:, :40] = torch.nan  # before the line begins
    opening = torch.full((3, 80), 0.01).where(~units[..., 0].isnan(), torch.nan)
    opening[2] = torch.nan  # a synthesiser's
    batch = Batch(torch.zeros(3, 1), torch.ones(3), phones, opening, units, phones == a, torch.tensor([0, 1, 2]))
    drawn = with_breath(batch, torch.tensor([True, False, False]), 0.09)
    torch.testing.assert_close(drawn.opening[0], opening[0], equal_nan=True)
    torch.testing.assert_close(drawn.units[0], units[0], equal_nan=True)
    assert drawn.opening[1:, :40].isnan().all()
    torch.testing.assert_close(drawn.opening[1:, 40:50], torch.full((2, 10), 0.09))
    torch.testing.assert_close(
        lip_gap(drawn.units)[1:, 40:50] + torch.tensor([[0.01], [0.0]]), torch.full((2, 10), 0.09)
    )
    torch.testing.assert_close(drawn.opening[1:, 50:], opening[1:, 50:], equal_nan=True)
    assert (drawn.units[1:, 50:, jaw] == 0).all()


def test_the_gap_is_taught_as_it_is_exported():
    """mouthClose below 0 does not part the lips, so nothing drives it there."""
    units = torch.zeros(1, 4, len(UNITS))
    units[..., UNITS.index("mouthClose")] = -0.1
    units[..., UNITS.index("jawOpen")] = 0.2
    units.requires_grad_()
    gap = lip_gap(shown(units))
    torch.testing.assert_close(gap, torch.full((1, 4), 0.2 * float(gap_weights()[UNITS.index("jawOpen")])))
    gap.sum().backward()
    assert (units.grad[..., UNITS.index("mouthClose")] == 0).all() and (
        units.grad[..., UNITS.index("jawOpen")] > 0
    ).all()


def test_a_run_ends_in_the_time_it_is_given_with_the_rate_at_its_lowest(clips, tmp_path):
    trainer = Trainer(config(10**6), tmp_path)
    trainer.run(minutes=5, seconds=3)
    assert trainer.done >= 1 and 0 < trainer.step < 10**6
    assert learning_rate(10**6, 1.0, trainer.config) < 0.02 * learning_rate(10**6, 0.0, trainer.config)


def test_the_same_seed_draws_the_same_pieces(clips):
    first, second = (Pieces({"grid_s1": 1.0}, 120, seed=7).draw(6) for _ in range(2))
    for part in ("samples", "tempo", "phones", "opening", "units", "seal"):
        torch.testing.assert_close(getattr(first, part), getattr(second, part), equal_nan=True)


def test_a_piece_at_another_tempo_is_longer_but_not_lower(clips):
    """The peak of the opening comes later by the tempo, and so does the sound that goes with it."""
    pieces = Pieces({"grid_s1": 1.0}, 120, seed=1)
    one = lambda tempo: pieces.gather(  # noqa: E731
        torch.tensor([0]), torch.tensor([148]), torch.tensor([0]), torch.tensor([tempo]), torch.tensor([0])
    )
    plain, fast = one(1.0), one(1.18)
    frames = torch.arange(100)
    torch.testing.assert_close(
        fast.opening[0, :100], plain.opening[0][(frames * 1.18).round().long().clamp(max=119)], atol=0.03, rtol=0
    )


def test_packed_sources_unpack_to_what_they_were(clips, tmp_path, monkeypatch):
    before = {
        part: np.load(clips / "grid_s1" / f"{part}.npy") for part in ("audio", "phones", "opening", "units", "seal")
    }
    monkeypatch.setattr(pack, "PREPARED", clips)
    pack.pack("grid_s1", tmp_path)
    monkeypatch.setattr(pack, "PREPARED", tmp_path / "again")
    with ThreadPoolExecutor() as pool:
        pack.unpack("grid_s1", tmp_path, pool)
    after = {part: np.load(tmp_path / "again" / "grid_s1" / f"{part}.npy") for part in before}
    np.testing.assert_array_equal(after["phones"], before["phones"])
    np.testing.assert_array_equal(after["seal"], before["seal"])
    np.testing.assert_allclose(after["opening"], before["opening"], atol=1 / 390)
    assert len(after["audio"]) == len(before["audio"])
    assert np.corrcoef(after["audio"], before["audio"])[0, 1] > 0.9  # in step, and the same sound but for the coding


def test_lips_may_touch_at_p_b_m_and_not_at_n():
    phones = torch.tensor([[PHONES_58.index(p) for p in "n n n a a a p p p s s s".split()]])
    least = least_opening(phones)[0]
    assert least[1] > 0 and least[4] > least[1] and least[7] == 0
    rounded = torch.tensor([[PHONES_58.index("w")] * 3])
    assert least_opening(rounded).max() == 0 < least_opening(rounded, Hinges(rounded=0.02)).max()
    assert float(sibilant_loss(torch.full((1, 12, len(UNITS)), 0.3), phones, 0.06)) > 0.2
    assert float(sibilant_loss(torch.zeros(1, 12, len(UNITS)), phones, 0.06)) == 0


def test_intensity_scales_the_mouth_and_no_emotion_opens_closed_lips():
    opening = torch.tensor([[0.0, 0.1]])
    units = torch.zeros(2, 2, len(UNITS))
    told = controls.neutral(2, "cpu")
    told[0, list(CONTROLS).index("intensity")] = 0.5
    told[1, list(CONTROLS).index("surprise")] = 1.0
    asked, moved = controls.asked(opening.repeat(2, 1), units, told)
    torch.testing.assert_close(asked[0], torch.tensor([0.0, 0.05]))
    assert asked[1, 0] == 0 and asked[1, 1] > 0.1 and moved[1, 1, UNITS.index("jawOpen")] > 0


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
