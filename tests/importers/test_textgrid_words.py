"""Words of a TextGrid: which phone belongs to which, found without going through all of them for each."""

from __future__ import annotations

import pytest

from lipsync_addon.importers import textgrid
from lipsync_addon.importers.textgrid import Tier


class Read(tuple):
    """An interval that counts how often it is looked at."""

    times = 0

    def __iter__(self):
        Read.times += 1
        return super().__iter__()


@pytest.mark.parametrize("count", [3, 300])
def test_each_phone_gets_the_word_in_which_its_middle_lies(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    words, phones = [], [Read((0.0, 0.5, "a"))]
    for k in range(count):
        words += [Read((k + 0.5, k + 1.2, f"word{k}")), Read((k + 1.2, k + 1.5, ""))]
        phones += [Read((k + 0.5, k + 0.8, "p")), Read((k + 0.8, k + 1.1, "sil")), Read((k + 1.1, k + 1.4, "a"))]
        phones += [Read((k + 1.4, k + 1.5, "t"))]
    tiers = [Tier("words", tuple(words)), Tier("phones", tuple(phones))]
    monkeypatch.setattr(textgrid, "read_tiers", lambda text: tiers)
    Read.times = 0
    said = textgrid.timeline("")
    assert said.words == tuple(f"word{k}" for k in range(count))
    expected = [None] + [each for k in range(count) for each in (k, None, None, None)]
    assert [phone.word for phone in said.phones] == expected
    assert Read.times < 5 * (len(words) + len(phones))
