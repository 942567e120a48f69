"""Whether keys show what a mapped track does at its contacts, and from which moments poses are to be taken if not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .lip_truth import Contact, LipTruth

ROUNDING = 1e-4
"""Mouth widths that a pose in single precision may be off by."""


def shown(
    truth: LipTruth,
    times: NDArray[np.float64],
    step: int,
    values_on: Callable[[NDArray[np.intp]], NDArray[np.float64]],
) -> NDArray[np.bool_]:
    """[C] whether a contact is to be seen on any of its frames.

    `times` [F]: seconds of whole frames in a row; `step`: frames from a pose to the next; `values_on`: the targets'
    values [N, K] on these frames [N].
    """
    frames = [frames_of(*each, times, step) for each in zip(truth.contacts, truth.moments, strict=True)]
    met = np.zeros(len(frames), bool)
    for part in (slice(0, 1), slice(1, None)):  # most are seen on their nearest frame
        asked = np.unique([frame for found, seen in zip(frames, met) if not seen for frame in found[part]])
        if not len(asked):
            continue
        asked = asked.astype(np.intp)
        values = values_on(asked)
        for lips in {contact.lips for contact in truth.contacts}:
            true = truth.missed(values, lips) <= ROUNDING
            for index in np.flatnonzero(~met):
                if truth.contacts[index].lips == lips:
                    met[index] = true[np.searchsorted(asked, frames[index][part])].any()
    return met


def frames_of(contact: Contact, moment: float, times: NDArray[np.float64], step: int) -> NDArray[np.intp]:
    """The frames on which a contact may be seen, the nearest to its best moment first: those within it, and where no
    pose begins within it the last before and the first after it that does."""
    first, last = np.searchsorted(times, (contact.start - 1e-6, contact.end + 1e-6)).tolist()
    found = np.arange(first, last)
    if not len(found) or (found % step).all():
        after = first + -first % step
        found = np.unique(np.clip([after - step, *found, after], 0, len(times) - 1))
    return found[np.abs(times[found] - moment).argsort(kind="stable")].astype(np.intp)


def pinned(
    truth: LipTruth, lost: NDArray[np.bool_], times: NDArray[np.float64], step: int, before: dict[int, float]
) -> dict[int, float]:
    """Frame -> the second that its pose is to be taken from, for contacts that are lost [C]; `before`: frames that
    others have already."""
    pins: dict[int, float] = {}
    for index in np.flatnonzero(lost):
        moment = float(truth.moments[index])
        frames = frames_of(truth.contacts[index], moment, times, step).tolist()
        free = (frame for frame in frames if frame % step == 0 and frame not in before and frame not in pins)
        if moment not in before.values() and (frame := next(free, None)) is not None:
            pins[frame] = moment
    return pins
