"""Smaller and less far-seeing copies: what they keep of a network, how far they see, and that they learn from it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from model import shrink
from model.evaluation.paired import Figure
from model.evaluation.performance import clip
from model.export import load_checkpoint
from model.network import HOP, UNITS, Block
from model.paths import REPOSITORY
from model.shrink import Copy, Lesson, pruned, shrunk, turned_to_the_past

CHECKPOINT = REPOSITORY / "model" / "checkpoints" / "0.2.0.pt"


def test_taps_of_the_past_stay_where_they_are():
    """A filter that never looked ahead says the same after its future was taken."""
    block = Block(8, (6, 6), 7, 0.0)
    with torch.no_grad():
        block.depthwise.weight[..., 4:] = 0
    short = Block(8, (10, 2), 7, 0.0)
    short.load_state_dict(block.state_dict())
    short.depthwise.weight.data = turned_to_the_past(block.depthwise.weight.data, future=2, dilation=2)
    x = torch.randn(1, 40, 8)
    torch.testing.assert_close(short(x), block(x))


def test_the_present_stands_for_the_future_that_is_lost():
    block, short = Block(8, (3, 3), 7, 0.0), Block(8, (6, 0), 7, 0.0)
    short.load_state_dict(block.state_dict())
    short.depthwise.weight.data = turned_to_the_past(block.depthwise.weight.data, future=0, dilation=1)
    held = torch.randn(1, 1, 8).expand(1, 30, 8)  # a sound that does not change
    torch.testing.assert_close(short(held)[:, 10:20], block(held)[:, 10:20])


def test_hidden_units_that_never_change_can_go():
    block = Block(8, (3, 3), 7, 0.0)
    with torch.no_grad():
        block.widen.weight[::2] = 0
        block.widen.bias[::2] = torch.rand(16)
    x, seen = torch.randn(2, 30, 8), []
    hook = block.narrow.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].flatten(0, 1).detach()))
    before = block(x)
    hook.remove()
    pruned(block, 16, seen[0])
    assert block.widen.out_features == 16
    torch.testing.assert_close(block(x), before)


@pytest.mark.parametrize("ahead, seconds", [(shrink.FAR, 1.0), ("0.30 s", 0.3), (shrink.NEAR, 0.1)])
def test_a_copy_sees_no_further_ahead_than_its_row_says(ahead, seconds, speech):
    samples = torch.from_numpy(speech[None, : 160 * HOP])
    copy = shrunk(load_checkpoint(CHECKPOINT), Copy(0.5, ahead), samples).eval()
    whole = sum(p.numel() for p in load_checkpoint(CHECKPOINT).parameters())
    assert 0.5 < sum(p.numel() for p in copy.parameters()) / whole < 0.53
    frame, changed = 60, samples.clone()
    changed[:, round((frame / 50 + seconds + 0.0125) * 16000) :] *= -0.5  # half of the first window reaches over there
    with torch.no_grad():
        torch.testing.assert_close(copy(changed)[1][0, frame], copy(samples)[1][0, frame])
        earlier = changed.clone()
        earlier[:, round((frame / 50 + seconds - 0.03) * 16000) :] *= 0.0
        assert not torch.equal(copy(earlier)[1][0, frame], copy(samples)[1][0, frame])


def test_copies_learn_side_by_side_and_resume(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(shrink, "FOLDER", tmp_path)
    monkeypatch.setattr(shrink, "PREPARED", clips)
    monkeypatch.setattr(shrink, "COPIES", {"base": Copy(0.14, shrink.FAR), "again": Copy(0.14, shrink.FAR, seed=1)})
    monkeypatch.setattr(shrink, "SETTINGS", replace(shrink.SETTINGS, batch=2, frames=100, warm_up=3))
    first = Lesson(CHECKPOINT)
    taught = {name: value.clone() for name, value in first.teacher.state_dict().items()}
    first.teach(25, minutes=5)
    again = Lesson(CHECKPOINT)
    assert again.step == 25
    for name, value in first.pupils["again"].averaged.state_dict().items():
        torch.testing.assert_close(again.pupils["again"].averaged.state_dict()[name], value)
    again.teach(50, minutes=5)
    early, late = map(json.loads, (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    assert late["base"] < 0.8 * early["base"] and late["again"] < 0.8 * early["again"]
    for name, value in again.teacher.state_dict().items():
        assert torch.equal(value, taught[name])


def test_an_imitation_of_itself_costs_nothing(speech):
    network = load_checkpoint(CHECKPOINT)
    mel = network.mel(torch.from_numpy(speech[None, : 100 * HOP]))
    with torch.no_grad():
        shown = shrink.performed(network, mel)
    assert float(shrink.imitation_loss(shown, shown)) < 1e-6
    louder = replace(shown, logits=shown.logits + torch.randn(shown.logits.shape))
    assert float(shrink.imitation_loss(louder, shown)) > 0.1


def test_a_paired_difference_is_surer_than_two_figures():
    """Clips differ much more from each other than two networks on one clip."""
    rng = np.random.default_rng(0)
    hard = rng.normal(0.8, 0.1, 30)
    ours, theirs = (Figure("r", tuple(values), lambda part: float(np.mean(part))) for values in (hard + 0.01, hard))
    found = ours.minus(theirs)
    assert found.value == pytest.approx(0.01) and found.error < 1e-6 < 0.01 < ours.measured().error
    noisy = Figure("r", tuple(hard + rng.normal(0, 0.05, 30)), lambda part: float(np.mean(part)))
    assert noisy.minus(theirs).error == pytest.approx(0.05 / np.sqrt(30), rel=0.35)




def test_a_performance_has_the_networks_motion_from_its_first_frame_on(speech):
    network, samples = load_checkpoint(CHECKPOINT), speech[: 100 * HOP]
    track = shrink.performer(network)(clip(samples))
    units = network(torch.from_numpy(samples[None]))[1][0].clamp(0, 1).detach()
    jaw = track.select(("jawOpen", "mouthSmileLeft", "mouthSmileRight")).values
    smile = UNITS.index("mouthSmile")
    np.testing.assert_allclose(jaw, units[:, [UNITS.index("jawOpen"), smile, smile]].numpy(), atol=1e-6)
    assert np.abs(jaw[:15]).max() > 0
