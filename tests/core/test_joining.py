"""Lines on one clock: what was heard in each, and a mouth that rests in the gaps."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_addon.core.audio_clip import AudioClip, JoinedSound
from lipsync_addon.core.hearing import Hearing, silence
from lipsync_addon.core.joining import is_settled, joined_predictions, settled, settled_as
from lipsync_addon.core.phones import PHONES
from lipsync_addon.core.prediction import Prediction
from lipsync_addon.core.track import AnimationTrack

NAMES = ("jawOpen", "viseme_sil")


def open_mouth(frames: int) -> AnimationTrack:
    return AnimationTrack(NAMES, np.tile(np.float32([0.5, 0.25]), (frames, 1)), 50.0)


def heard(frames: int, residual: float | None = 0.5) -> Hearing:
    phones = np.full((frames, len(PHONES)), 1 / len(PHONES), np.float32)
    return Hearing(phones, 50.0, None if residual is None else np.full((frames, 3), residual, np.float32))


def line(frames: int, residual: float | None = 0.5) -> Prediction:
    return Prediction(open_mouth(frames), hearing=heard(frames, residual))


def test_what_was_heard_lies_where_each_line_is_and_silence_between():
    hearing = joined_predictions([(0.0, line(20, 0.1)), (1.0, line(30, 0.2)), (1.2, line(10, 0.3))], "all").hearing
    assert len(hearing) == 80
    assert hearing.residual[:, 0].tolist() == pytest.approx(
        [0.1] * 20 + [0] * 30 + [0.2] * 10 + [0.3] * 10 + [0.2] * 10
    )
    np.testing.assert_array_equal(hearing.phones[20:50], np.tile(silence(), (30, 1)))
    np.testing.assert_allclose(hearing.phones.sum(1), 1, atol=1e-5)


def test_lines_of_other_networks_are_not_joined_to_one_hearing():
    assert joined_predictions([(0.0, line(20)), (1.0, line(30, None))], "all").hearing is None
    assert joined_predictions([(0.0, line(20)), (1.0, Prediction(open_mouth(9)))], "all").hearing is None


def test_the_mouth_rests_in_gaps_and_not_at_a_cut_without_one():
    hearing = joined_predictions([(0.0, line(50)), (1.0, line(50)), (3.0, line(50))], "all").hearing
    track = settled(open_mouth(200), hearing)
    jaw, rest = track.values.T
    assert is_settled(track)
    assert jaw[3:100].tolist() == [0.5] * 97, "over the cut it goes on"
    assert (jaw[110:140] == 0).all() and (rest[110:140] == 1).all()
    assert jaw[150:197].tolist() == [0.5] * 47 and 0 < jaw[104] < 0.5 and 0 < jaw[145] < 0.5


def test_only_what_was_made_again_is_settled_anew():
    before = Prediction(settled(open_mouth(50)))
    values = open_mouth(50).values.copy()
    values[:2] = before.track.values[:2]  # frame 2, in the ramp, comes from the network again; 0 and 1 do not
    values[2], values[3:] = (1.0, 0.0), before.track.values[3:]
    again = settled_as(before, before.track.with_values(values))
    assert again.values[[0, 1]].tolist() == before.track.values[[0, 1]].tolist()
    assert again.values[2, 0] == pytest.approx(2 / 3) and again.values[-2].tolist() == before.track.values[-2].tolist()
    open_before = Prediction(open_mouth(50))
    assert settled_as(open_before, open_before.track) is open_before.track


def test_sounds_one_after_another():
    rate = 1000
    clips = [
        AudioClip(np.full(count, value, np.float32), rate) for count, value in ((500, 0.1), (500, 0.2), (300, 0.3))
    ]
    sound = JoinedSound(tuple(zip((0.0, 0.4, 2.0), clips)), "all")
    samples = np.concatenate(list(sound.blocks()))
    assert (len(samples), sound.duration, sound.sample_rate) == (2300, 2.3, rate)
    levels = {0.1: (0, 400), 0.2: (400, 900), 0.0: (900, 2000), 0.3: (2000, 2300)}
    for level, (first, last) in levels.items():
        np.testing.assert_array_equal(samples[first:last], np.float32(level))
