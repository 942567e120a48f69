"""X-SAMPA as IPA, sign by sign of Wells' paper, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_addon.core.phones import ipa_to_units
from lipsync_addon.core.xsampa import to_ipa


@pytest.mark.parametrize(
    "text, ipa",
    [
        ("tS", "tʃ"),
        ("aI", "aɪ"),
        ('"wO:t@', "wɔtə"),  # water
        ("3`", "ɝ"),
        ("r\\", "ɹ"),
        ("r\\`", "ɻ"),
        ("t_h", "t"),
        ("n_=", "n"),
        ("l=", "l"),
        ("E~", "ɛ"),
        ("9~", "œ"),
        ("k_w", "kʷ"),
        ("OY", "ɔʏ"),
        ("?\\", "ʕ"),
        ("d_0", "d"),
    ],
)
def test_signs(text: str, ipa: str) -> None:
    assert to_ipa(text) == ipa


@given(st.text(alphabet="aAeEiIoOuUtTsS@{}6?\\`_:=~\"%19é口#$", max_size=8))
def test_units_or_one_error(text: str) -> None:
    try:
        assert all(isinstance(unit, str) for unit in ipa_to_units(to_ipa(text)))
    except ValueError as error:
        assert "is no X-SAMPA" in str(error)
