"""Progress and cancel are one callback that knows no user interface."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float], None]
"""Called with 0..1. Raises Cancelled once the user gave up; whoever calls it lets that through."""


class Cancelled(Exception):
    """The user stopped the work. Nothing was written."""


def no_progress(fraction: float) -> None:
    """For callers that show nothing and never stop."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """The share start..end of `progress`, for a step that counts 0..1 by itself."""
    return lambda fraction: progress(start + (end - start) * fraction)
