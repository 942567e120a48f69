"""What a run does with each line, and why. The same for a dry run, which then does nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from ..core.errors import LipsyncError
from .state import Known, State, edited, missing
from .worker import Line, Worker


class Decision(StrEnum):
    """What a run does with a line."""

    BAKE = "bake"
    SKIP = "skip"
    """Nothing changed."""
    KEEP = "keep"
    """It would be baked, but somebody changed what was written: that is never overwritten."""
    FAIL = "fail"
    """It cannot be baked."""
    LEAVE = "leave"
    """The user chose other lines, or its sound is not complete."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user says about which lines to bake."""

    only: Sequence[str] = ()
    """Patterns of ids."""
    ids: Collection[str] | None = None
    """Ids; neither these nor patterns: all lines."""
    again: bool = False
    """Bake what did not change as well."""
    growing: Collection[str] = ()
    """Absolute paths of sounds that are not complete: their lines wait."""
    languages: Collection[str] = ()
    """Lines in these alone; none: in all."""

    def has(self, line: Line) -> bool:
        """Whether the line is one that the user wants baked."""
        id = line.id
        if self.languages and line.fields.get("language", "") not in self.languages:
            return False
        everything = not self.only and self.ids is None
        return everything or id in (self.ids or ()) or any(fnmatchcase(id, pattern) for pattern in self.only)


@dataclass(frozen=True, slots=True)
class Step:
    """A line with what is done with it."""

    line: Line
    decision: Decision
    reason: str
    inputs: Mapping[str, str]


def take_in(state: State, lines: Iterable[Line]) -> int:
    """Tells the state the whole table, within a transaction; returns how many lines it has."""
    state.begin()
    count = 0
    for line in lines:
        clash = state.tell(count, line)
        if problem := line.problem or clash:
            state.decide(line.id, Decision.FAIL, problem)
        count += 1
    return count


def steps(state: State, worker: Worker, choice: Choice = Choice()) -> Iterator[Step]:
    """Decides line by line, in the order of the table, as the run proceeds."""
    for known in state.lines():
        yield _step(state, worker, choice, known)


def _step(state: State, worker: Worker, choice: Choice, known: Known) -> Step:
    line, inputs = known.line, {}
    if not choice.has(line):
        return Step(line, Decision.LEAVE, "not chosen", inputs)
    if line.sound in choice.growing:
        return Step(line, Decision.LEAVE, "still growing", inputs)
    if known.decision == Decision.FAIL:
        return Step(line, Decision.FAIL, known.reason, inputs)
    try:
        inputs = worker.inputs(line)
    except LipsyncError as error:
        return Step(line, Decision.FAIL, str(error), inputs)
    digests = state.digests(line.id)
    reason = _reason(state, known, inputs, digests, choice)
    if changed := edited(state.out, digests):
        ours = any(digests[name] for name in changed)
        how = "changed by hand" if ours else "was there before and is not ours"
        return Step(line, Decision.KEEP, f"{', '.join(changed)} {how}" + (f"; {reason}" if reason else ""), inputs)
    return Step(line, Decision.BAKE if reason else Decision.SKIP, reason or "nothing changed", inputs)


def _reason(
    state: State, known: Known, inputs: Mapping[str, str], digests: Mapping[str, str | None], choice: Choice
) -> str:
    """Why the line is to be baked; nothing if it is not."""
    if known.status is None:
        return "new"
    if known.status == "failed":
        return "failed before"
    names = dict.fromkeys((*inputs, *known.inputs))  # a text that was taken out is a change as well
    if differing := [name for name in names if known.inputs.get(name) != inputs.get(name)]:
        return f"{', '.join(differing)} changed"
    if gone := missing(state.out, digests):
        return f"{', '.join(gone)} missing"
    return "asked for" if choice.again else ""
