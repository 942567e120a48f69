"""Phones in a row, kept as numbers: of an hour two megabytes instead of seven, and an edit costs no more in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from .phones import PHONES

_UNITS = {unit: index for index, unit in enumerate(PHONES)}
_NUMBERS = np.dtype(
    [
        ("start", "f8"),
        ("end", "f8"),
        ("confidence", "f8"),
        ("stress", "f8"),
        ("word", "i4"),
        ("unit", "u1"),
        ("mute", "?"),
    ]
)
_NO_WORD = -1
_AT_ONCE = 1000
"""Phones that are there as objects while a row is gone through."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone or pause."""

    unit: str
    """One of phones.PHONES, in IPA; "sil" for a pause."""
    start: float
    """Seconds on the sound's clock."""
    end: float
    """Seconds; where the next phone starts."""
    confidence: float = 1.0
    """0..1: how surely the sound has it; 1 for what a person set."""
    word: int | None = None
    """Index into the timeline's words; None for pauses and for phones without a word."""
    stress: float = 1.0
    """How strongly the mouth plays it: 0 not .. 1 as spoken .. 2 twice."""
    mute: bool = False
    """The mouth goes from the phone before to the phone after as if this one were not there."""

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.start


class PhoneRow(Sequence[Phone]):
    """Phones in order, like a tuple of Phone; its columns are arrays of numbers, read-only."""

    __slots__ = ("_rows",)

    def __init__(self, phones: Iterable[Phone] = ()) -> None:
        """Goes through `phones` once. Raises ValueError for a unit that is none of PHONES and a word below 0."""
        rows = phones._rows if isinstance(phones, PhoneRow) else np.fromiter(_numbers(phones), _NUMBERS)
        rows.flags.writeable = False
        self._rows = rows

    @classmethod
    def _of(cls, rows: NDArray[np.void]) -> PhoneRow:
        row = cls.__new__(cls)
        rows.flags.writeable = False
        row._rows = rows
        return row

    @property
    def starts(self) -> NDArray[np.float64]:
        """[N] seconds"""
        return self._rows["start"]

    @property
    def ends(self) -> NDArray[np.float64]:
        """[N] seconds"""
        return self._rows["end"]

    @property
    def confidences(self) -> NDArray[np.float64]:
        """[N] 0..1"""
        return self._rows["confidence"]

    @property
    def stresses(self) -> NDArray[np.float64]:
        """[N] 0..2"""
        return self._rows["stress"]

    @property
    def words(self) -> NDArray[np.int32]:
        """[N] index of the word, below 0 for none"""
        return self._rows["word"]

    @property
    def units(self) -> NDArray[np.uint8]:
        """[N] index into PHONES"""
        return self._rows["unit"]

    @property
    def mutes(self) -> NDArray[np.bool_]:
        """[N]"""
        return self._rows["mute"]

    def of_units(self, units: Iterable[str]) -> NDArray[np.bool_]:
        """[N] which are one of these units."""
        return np.isin(self.units, [_UNITS[unit] for unit in units])

    def chosen(self, which: NDArray[np.bool_]) -> PhoneRow:
        """Those of which `which` [N] is true."""
        return PhoneRow._of(self._rows[which])

    def near(self, start: float, end: float) -> slice:
        """Those of a row without gaps that end at `start` seconds or later and start at `end` or before."""
        return slice(np.searchsorted(self.ends, start), np.searchsorted(self.starts, end, "right"))

    def with_part(self, first: int, last: int, phones: Iterable[Phone]) -> PhoneRow:
        """The row with `phones` instead of phones `first` to `last` - 1."""
        return PhoneRow._of(np.concatenate([self._rows[:first], PhoneRow(phones)._rows, self._rows[last:]]))

    def with_times(self, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> PhoneRow:
        """The row with other times [N] in seconds; what changes counts as set by a person."""
        rows = self._rows.copy()
        rows["start"], rows["end"] = starts, ends
        rows["confidence"][(starts != self.starts) | (ends != self.ends)] = 1.0
        return PhoneRow._of(rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Phone: ...

    @overload
    def __getitem__(self, index: slice) -> PhoneRow: ...

    def __getitem__(self, index: int | slice) -> Phone | PhoneRow:
        if isinstance(index, slice):
            return PhoneRow._of(self._rows[index])
        return _phone(*self._rows[index].item())

    def __iter__(self) -> Iterator[Phone]:
        for first in range(0, len(self._rows), _AT_ONCE):
            for numbers in self._rows[first : first + _AT_ONCE].tolist():
                yield _phone(*numbers)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PhoneRow):
            return bool(np.array_equal(self._rows, other._rows))
        return isinstance(other, Sequence) and len(self) == len(other) and all(a == b for a, b in zip(self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))  # as the tuple that it equals

    def __repr__(self) -> str:
        return f"PhoneRow({list(self)!r})"


def _numbers(phones: Iterable[Phone]) -> Iterator[tuple[float, float, float, float, int, int, bool]]:
    for index, phone in enumerate(phones):
        unit, word = _UNITS.get(phone.unit), phone.word
        if unit is None:
            raise ValueError(f"phone {index} is {phone.unit!r}, which is no unit of ours")
        if word is not None and word < 0:
            raise ValueError(f"phone {index} ({phone.unit}) belongs to word {word}, which is not there")
        number = _NO_WORD if word is None else word
        yield phone.start, phone.end, phone.confidence, phone.stress, number, unit, phone.mute


def _phone(start: float, end: float, confidence: float, stress: float, word: int, unit: int, mute: bool) -> Phone:
    return Phone(PHONES[unit], start, end, confidence, None if word < 0 else word, stress, mute)
