"""Presets survive a file, and a broken one is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.presets import Preset, find_preset, load_preset, load_presets, write_preset
from lipsync_addon.core.style import StyleSettings


def test_those_that_come_along_have_a_sentence_each() -> None:
    presets = load_presets()
    assert len({preset.name for preset in presets}) == len(presets) >= 6
    assert all(preset.description.endswith(".") for preset in presets)
    assert find_preset("neutral").style == StyleSettings()


def test_a_shared_file_says_the_same(tmp_path: Path) -> None:
    mine = Preset("Mine", "Lopsided.", StyleSettings(jaw=0.8, asymmetry=0.5, channels={"jawOpen": (1.5, 0.1)}))
    write_preset(tmp_path / "mine.json", mine)
    assert load_preset(tmp_path / "mine.json") == mine == find_preset(str(tmp_path / "mine.json"))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"name": "x", "style": {"jaw": 9}}', '{"name": "x", "style": {"jaws": 1}}',
     '{"name": "x", "style": {"jaw": NaN}}', '{"name": "x", "style": {"channels": {"nose": [1, 0]}}}'],
)  # fmt: skip
def test_a_broken_file_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(LipsyncError, match="odd.json"):
        load_preset(tmp_path / "odd.json")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(LipsyncError) as caught:
        find_preset("opera")
    assert "Shouted" in str(caught.value) + str(caught.value.hint)
