"""An edited track reaches the mouth where it was edited, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.controls import Controls
from lipsync_addon.core.hearing import Hearing
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.timeline import Phone, PhonemeTimeline
from lipsync_addon.core.timeline_edits import with_boundary, with_mute, with_stress, with_unit
from lipsync_addon.core.timeline_moves import moved, played, remade, with_stresses
from lipsync_addon.core.timeline_posteriors import Fused, with_timeline
from lipsync_addon.core.track import AnimationTrack

LINE = PhonemeTimeline(
    (
        Phone("sil", 0, 0.4, 0.9),
        Phone("m", 0.4, 0.5, 0.6, 0),
        Phone("a", 0.5, 0.8, 0.6, 0),
        Phone("s", 0.8, 1.0, 0.6),
        Phone("sil", 1.0, 2.0, 0.9),
    ),
    ("ma",),
)
COLUMN = {unit: index for index, unit in enumerate(PHONES)}
RNG = np.random.default_rng(0)


def hearing() -> Hearing:
    phones = RNG.dirichlet(np.full(len(PHONES), 0.1), 100).astype(np.float32)
    return Hearing(phones, 50.0, RNG.uniform(-1, 1, (100, 16)).astype(np.float32))


class Mouth:
    """Moves as the network does: each frame from the phones within 3 frames of it."""

    REACH = 3

    def move(self, hearing: Hearing | Fused, *, controls: Controls, frames: slice | None = None) -> AnimationTrack:
        first, last = (0, len(hearing)) if frames is None else (frames.start - self.REACH, frames.stop + self.REACH)
        first, last = max(first, 0), min(last, len(hearing))
        heard = hearing.part(0, len(hearing)).phones
        padded = np.pad(heard, ((self.REACH, self.REACH), (0, 0)))
        values = [padded[k : k + 2 * self.REACH + 1].max(0)[:4] for k in range(first, last)]
        return AnimationTrack(("jawOpen", "mouthClose", "b", "c"), np.array(values), hearing.fps, first / hearing.fps)


def test_phones_of_the_text_are_mixed_into_what_is_heard() -> None:
    heard = hearing()
    fused = with_timeline(heard, LINE).part(0, len(heard))
    assert np.abs(fused.phones.sum(1) - 1).max() < 1e-5
    assert fused.phones[22, COLUMN["m"]] > 0.9
    assert 0.5 <= fused.phones[32, COLUMN["a"]] < 1
    assert (fused.phones[:19] == heard.phones[:19]).all() and (fused.phones[41:] == heard.phones[41:]).all()
    assert (fused.residual == heard.residual).all()


def test_what_a_person_set_is_said_alone() -> None:
    heard = hearing()
    fused = with_timeline(heard, with_unit(LINE, 3, "u")).part(0, len(heard))
    assert fused.phones[45, COLUMN["u"]] == pytest.approx(1)
    assert (fused.residual[43:48] == 0).all() and (fused.residual[:38] == heard.residual[:38]).all()
    moved_edge = with_timeline(heard, with_boundary(LINE, 3, 0.6)).part(0, len(heard))
    assert moved_edge.phones[36, COLUMN["s"]] == pytest.approx(1)


def test_muted_phones_give_their_time_to_their_neighbours() -> None:
    fused = with_timeline(hearing(), with_mute(LINE, 2, True)).part(0, len(hearing()))
    assert fused.phones[29, COLUMN["m"]] == pytest.approx(1) and fused.phones[35, COLUMN["s"]] == pytest.approx(1)
    assert fused.phones[20:50, COLUMN["a"]].max() < 1


def test_a_line_all_of_whose_phones_are_muted_is_a_pause() -> None:
    line = LINE
    for index in range(len(LINE.phones)):
        line = with_mute(line, index, True)
    assert (with_timeline(hearing(), line).part(10, 90).phones[:, COLUMN["sil"]] == 1).all()


def test_an_edit_remakes_its_own_stretch_and_no_other_bit() -> None:
    heard, mouth = hearing(), Mouth()
    before = played(moved(mouth, heard, LINE), LINE)
    for new in (
        with_unit(LINE, 3, "p"),
        with_boundary(LINE, 2, 0.55),
        with_mute(LINE, 1, True),
        with_stress(LINE, 2, 1.5),
        LINE,
    ):
        again = remade(mouth, heard, before, LINE, new)
        assert (again.values == played(moved(mouth, heard, new), new).values).all()
    far = remade(mouth, heard, before, LINE, with_unit(LINE, 3, "p")).values
    assert (far[:36] == before.values[:36]).all() and (far[54:] == before.values[54:]).all()
    assert (far[40:50] != before.values[40:50]).any()


def test_stress_moves_the_mouth_further_and_never_opens_a_closure() -> None:
    values = np.tile(np.float32([0.3, 0.0, 0.2, 0.5]), (100, 1))
    values[20:25] = 0.4, 0.31, 0.2, 0.5
    track = AnimationTrack(("jawOpen", "mouthClose", "mouthPucker", "viseme_aa"), values, 50.0)
    loud = with_stresses(track, with_stress(with_stress(LINE, 2, 1.6), 1, 2.0))
    assert loud.values[32, 0] == pytest.approx(0.48) and loud.values[32, 3] == pytest.approx(0.5)
    assert (lip_gap(loud)[20:25] < SEALED).all()
    assert (loud.values[60:] == track.values[60:]).all()
    assert with_stresses(track, with_stress(LINE, 2, 0.0)).values[32, 0] == pytest.approx(0)


def test_an_edit_of_a_long_line_is_that_of_the_whole_line() -> None:
    edges = np.cumsum(RNG.uniform(0.03, 0.3, 300))
    units = RNG.choice(["p", "m", "a", "s", "u", "b", "sil"], 300)
    phones = tuple(
        Phone(str(unit), float(start), float(end), 0.6, None if unit == "sil" else 0, stress=float(stress))
        for unit, start, end, stress in zip(units, [0.0, *edges[:-1]], edges, RNG.choice([1, 1, 1.4], 300))
    )
    line, mouth = PhonemeTimeline(phones, ("word",)), Mouth()
    count = int(edges[-1] * 50) + 1
    heard = Hearing(RNG.dirichlet(np.full(len(PHONES), 0.1), count).astype(np.float32), 50.0)
    before = played(moved(mouth, heard, line), line)
    for index in (0, 1, 150, 298, 299):
        phone = phones[index]
        edits = [with_unit(line, index, "p"), with_stress(line, index, 1.8), with_mute(line, index, True)]
        edits += [with_boundary(line, index, (phone.start + phone.end) / 2)] if index else []
        for new in edits:
            again = remade(mouth, heard, before, line, new).values
            whole = played(moved(mouth, heard, new), new).values
            np.testing.assert_allclose(again, whole, atol=1e-6)
            same = np.flatnonzero((again == before.values).all(1))
            assert len(same) > count - 60
