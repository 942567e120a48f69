"""Runs side by side with one thing changed, parts that are trained alone, CTC, and the table that compares them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lipsync_addon.core.alignment import align
from lipsync_addon.core.phones import PHONES
from model import ablations
from model.ablations import AGAIN, BASE, SETS, SideBySide, configs, side_by_side
from model.dataset import Pieces
from model.evaluation.boundaries import Mark, Spoken, line_errors, within
from model.evaluation.paired import table
from model.evaluation.statistics import Figure, mean
from model.losses import ctc_loss
from model.network import NetworkConfig
from model.targets import FPS
from model.train import TrainConfig, Trainer

SMALL = NetworkConfig(hear_width=48, hear_dilations=(1, 2), move_width=32, move_dilations=(1,), residual=4)
CONFIG = TrainConfig(network=SMALL, shares={"grid_s1": 1.0}, batch=4, frames=120, warm_up=2, dropout=0.0)


def changed_by_training(trainer: Trainer, steps: int = 2) -> set[str]:
    """Names of the weights that are others after so many steps."""
    before = {name: weight.clone() for name, weight in trainer.model.state_dict().items()}
    batch, generator = Pieces({"grid_s1": 1.0}, 120, 0).draw(4), torch.Generator().manual_seed(0)
    for _ in range(steps):
        trainer.train_step(batch, generator)
    return {name for name, weight in trainer.model.state_dict().items() if not torch.equal(weight, before[name])}


@pytest.mark.parametrize("part", ["hear", "move"])
def test_a_part_that_is_trained_alone_leaves_the_other_as_it_is(part, clips, tmp_path):
    changed = changed_by_training(Trainer(replace(CONFIG, parts=(part,)), tmp_path))
    assert changed and all(name.startswith(f"{part}.") for name in changed)


def test_hear_alone_learns_phones(clips, tmp_path):
    alone = Trainer(replace(CONFIG, parts=("hear",)), tmp_path)
    batch, generator = Pieces({"grid_s1": 1.0}, 120, 0).draw(4), torch.Generator().manual_seed(0)
    losses = [float(alone.train_step(batch, generator)["loss"]) for _ in range(40)]
    assert set(alone.train_step(batch, generator)) == {"loss", "phones"}
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:3])


def spoken(logits: torch.Tensor, phones: list[int], blank: float) -> float:
    return float(ctc_loss(logits[None], torch.full((1, len(logits), 1), blank), torch.tensor([phones])))


def test_ctc_wants_the_phones_in_order_and_leaves_to_the_blank_when_they_are():
    heard = torch.full((6, len(PHONES)), -20.0)
    for frame, phone in enumerate([1, 1, 1, 2, 2, 3]):
        heard[frame, phone] = 0.0
    assert spoken(heard, [1, 1, 1, 2, 2, 3], -20.0) < 0.01
    assert spoken(heard, [1, 2, 2, 2, 2, 3], -20.0) < 0.01, "other times, the same order"
    assert spoken(heard, [2, 2, 2, 1, 1, 3], -20.0) > 3
    peaks = heard.clone()
    peaks[[0, 2, 3]] = -20.0  # one frame of each phone and the blank between them
    assert spoken(peaks, [1, 1, 1, 2, 2, 3], -5.0) < 0.01
    unknown = torch.tensor([[1, 1, -1, 2, 2, 3]])
    assert float(ctc_loss(heard[None], torch.zeros(1, 6, 1), unknown)) == 0


def test_ctc_is_trained_with_its_blank_and_goes_on_where_it_stopped(clips, tmp_path):
    config = CONFIG.changed({"losses.ctc": 0.3, "parts": ["hear"]})
    first = Trainer(config, tmp_path)
    assert {"hear.phones.weight", "hear.stem.weight"} <= changed_by_training(first)
    first.save()
    again = Trainer(config, tmp_path)
    fresh = again.blank.weight.clone()
    again.resume()
    torch.testing.assert_close(again.blank.weight, first.blank.weight)
    assert not torch.equal(fresh, first.blank.weight)
    assert again.model.state_dict().keys() == Trainer(CONFIG, tmp_path / "x").model.state_dict().keys(), (
        "the blank stays out"
    )


def test_rows_learn_side_by_side_as_they_would_alone(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(ablations, "SHORT", CONFIG)
    rows = {BASE: CONFIG, "no-opening": CONFIG.changed({"losses.opening": 0}), AGAIN: CONFIG.changed({"seed": 1})}
    together = SideBySide(rows, tmp_path / "together")
    assert sorted(together.groups.values()) == [[BASE, "no-opening"], [AGAIN]]
    together.run(3)
    for name, config in rows.items():
        alone = Trainer(replace(config, steps=3), tmp_path)
        alone.run(minutes=5)
        for key, weight in alone.averaged.state_dict().items():
            torch.testing.assert_close(together.trainers[name].averaged.state_dict()[key], weight, msg=f"{name} {key}")
    first, second = (together.trainers[name].model.move.units.weight for name in (BASE, "no-opening"))
    assert not torch.equal(first, second)


def test_move_learns_on_what_the_row_of_the_same_name_hears(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(ablations, "SHORT", CONFIG)
    monkeypatch.setattr(ablations, "FOLDER", tmp_path)
    names = {"hearing": [BASE, "no-augmentation"], "mouth": [BASE, "no-augmentation", "no-teacher", "together"]}

    def few(which: str) -> dict[str, TrainConfig]:
        rows = SETS[which][0]
        parts = {"parts": ("hear",) if which == "hearing" else ("move",)}
        return {name: CONFIG.changed({**parts, **rows[name]}) for name in names[which]}

    monkeypatch.setattr(ablations, "configs", few)
    for which in names:
        side_by_side(which).run(2)
    state = lambda path: torch.load(tmp_path / path / "checkpoint.pt", weights_only=True)  # noqa: E731
    for name, heard in ((BASE, BASE), ("no-augmentation", "no-augmentation"), ("no-teacher", BASE)):
        first, second = state(f"hearing/{heard}")["averaged"], state(f"mouth/{name}")["model"]
        for key in (key for key in first if key.startswith("hear.")):
            torch.testing.assert_close(second[key], first[key].half().float())
    stem = "hear.stem.weight"
    assert not torch.equal(state("mouth/together")["model"][stem], state("mouth/base")["model"][stem])
    assert not torch.equal(state("hearing/base")["averaged"][stem], state("hearing/no-augmentation")["averaged"][stem])


def test_every_row_changes_settings_that_there_are_and_sources_that_are_not_prepared_are_left_out(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(ablations, "PREPARED", tmp_path)
    monkeypatch.setattr(ablations, "prepared", lambda name: None)
    for name in ("grid_s1", "flite", "espeak", "speechocean762_en"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "names.json").write_text("[]", encoding="utf-8")
    for which, (rows, _) in SETS.items():
        found = configs(which)
        assert len({str(config) for config in found.values()}) == len(rows), "two rows are the same"
        if BASE not in rows:
            continue
        heard = {name: {source for source, share in c.shares.items() if share} for name, c in found.items()}
        assert heard[BASE] == {"grid_s1", "flite", "espeak", "speechocean762_en"}
        assert heard["no-recorded-voice-synthesis"] == heard[BASE] - {"flite"}
    alone = configs("hearing")["synthesis-alone-without-recorded-voices"]
    assert {source for source, share in alone.shares.items() if share} == {"espeak"}


def test_the_table_has_an_error_everywhere_and_marks_what_lies_beyond_noise_and_another_draw():
    lines, uneven = np.linspace(0.4, 0.8, 40), np.tile([0.3, -0.3], 20)
    figure = lambda title, by: Figure(title, tuple(lines + by), mean)  # noqa: E731
    found = {
        BASE: [figure("a", 0), figure("b", 0)],
        AGAIN: [figure("a", 0.02), figure("b", 0.001)],
        "less": [figure("a", -0.01), figure("b", -0.01)],
        "noise": [figure("a", 0.03 + uneven), figure("b", 0.0005)],
    }
    told = table(found, BASE, AGAIN).splitlines()
    assert told[0] == "|  | a | b |" and all(row.count("±") == 2 for row in told[2:])
    assert told[4].count("**") == 2 and "**" not in told[4].split("|")[2] and "(-0.010 ± 0.000)**" in told[4]
    assert "**" not in told[2] + told[3] + told[5]


def test_boundaries_of_a_line_are_those_that_are_heard():
    """Heard five frames late, every boundary is 100 ms late."""
    units = ("b", "a", "n", "a")
    marks = tuple(Mark(0.2 + 0.1 * i, 0.3 + 0.1 * i, (unit,)) for i, unit in enumerate(units))
    line = Spoken("x", np.zeros(16000, np.float32), "", "", [units], marks)
    for late, right in ((0, 5), (5, 0)):
        labels = [0] * (10 + late) + [PHONES.index(unit) for unit in units for _ in range(5)] + [0] * (20 - late)
        laid = align(np.eye(len(PHONES), dtype=np.float32)[labels], line.words)
        errors, possible = line_errors(line, laid.timed(FPS))
        sizes = np.abs([seconds for seconds, _ in errors])
        assert len(errors) == possible == 5
        assert within(sizes, 0.05) == right
