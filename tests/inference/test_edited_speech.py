"""What an animator who edits phones of a recorded line sees the mouth of the shipped network do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.aperture import SEALED, lip_gap
from lipsync_addon.core.hearing import Hearing
from lipsync_addon.core.phones import BILABIALS
from lipsync_addon.core.timeline import Phone, PhonemeTimeline
from lipsync_addon.core.timeline_edits import with_boundary, with_mute, with_unit
from lipsync_addon.core.timeline_moves import moved, played
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound
from lipsync_addon.speech.transcript import Transcript

TEXT = "Een kat hoort immers te miauwen, en niet te praten."


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load(providers=["CPU"])


@pytest.fixture(scope="module")
def hearing(predictor: Predictor, shared: Path) -> Hearing:
    """A Dutch sentence that never trained the network."""
    sound = shared / "bench" / "dev_nl" / "nl_rhasspy_1.opus"
    return predictor.hear(open_sound(sound, predictor.spec.sample_rate))


@pytest.fixture(scope="module")
def line(predictor: Predictor, hearing: Hearing) -> PhonemeTimeline:
    heard = AnimationTrack(predictor.spec.outputs["phones"], hearing.phones, hearing.fps)
    return Transcript.of(TEXT, "nl").timeline(heard, "line")[0]


@pytest.fixture(scope="module")
def motion(predictor: Predictor, hearing: Hearing):
    return lambda timeline: played(moved(predictor, hearing, timeline), timeline)


def place(line: PhonemeTimeline, unit: str) -> int:
    return next(index for index, phone in enumerate(line.phones) if phone.unit == unit)


def during(track: AnimationTrack, phone: Phone) -> slice:
    return slice(round(phone.start * track.fps), round(phone.end * track.fps) + 1)


def test_a_muted_p_or_m_leaves_the_lips_open(line, motion) -> None:
    as_spoken = lip_gap(motion(line))
    closures = [index for index, phone in enumerate(line.phones) if phone.unit in BILABIALS]
    assert [line.phones[index].unit for index in closures] == ["m", "m", "p"]
    for index in closures:
        muted = motion(with_mute(line, index, True))
        now = during(muted, line.phones[index])
        assert as_spoken[now].min() < SEALED < lip_gap(muted)[now].min()


def test_a_vowel_that_becomes_u_rounds_the_lips(line, motion) -> None:
    index = place(line, "ɑ")
    now = during(motion(line), line.phones[index])
    round_lips = [
        max((track.channel("mouthPucker") + track.channel("mouthFunnel"))[now])
        for track in (motion(line), motion(with_unit(line, index, "u")))
    ]
    assert round_lips[1] > round_lips[0] + 0.15


def test_a_boundary_that_moves_shifts_the_opening(line, motion) -> None:
    index = place(line, "i")  # of "miauwen"
    phone = line.phones[index]
    assert line.phones[index - 1].unit == "m"

    def parts(track: AnimationTrack) -> float:
        """Seconds at which the lips part after the m."""
        gap, first = lip_gap(track), round(line.phones[index - 1].start * track.fps)
        closed = first + int(np.argmin(gap[first : during(track, phone).stop]))
        return next(frame for frame in range(closed, len(gap)) if gap[frame] > SEALED) / track.fps

    later = with_boundary(line, index, phone.start + 0.06)
    shift = parts(motion(later)) - parts(motion(line))
    assert 0.035 <= shift <= 0.085
