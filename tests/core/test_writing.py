"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.writing import check_writable, whole_file


def test_the_file_appears_with_its_content_and_usual_rights(tmp_path: Path) -> None:
    with whole_file(tmp_path / "out.csv") as temporary:
        assert temporary.suffix == ".csv"  # Blender's exporters look at it
        temporary.write_text("all")
        assert not (tmp_path / "out.csv").exists()
    (tmp_path / "other").touch()
    assert (tmp_path / "out.csv").read_text() == "all"
    assert sorted(os.listdir(tmp_path)) == ["other", "out.csv"]
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), RuntimeError("ours")])
def test_after_an_error_everything_is_as_before(tmp_path: Path, error: Exception) -> None:
    (tmp_path / "out.csv").write_text("old")
    expected = LipsyncError if isinstance(error, OSError) else RuntimeError
    with pytest.raises(expected) as caught, whole_file(tmp_path / "out.csv") as temporary:
        temporary.write_text("half")
        raise error
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "old"
    if isinstance(error, OSError):
        assert "out.csv cannot be written" in str(caught.value) and "Free some space" in str(caught.value)


def test_a_missing_folder_is_named_beforehand(tmp_path: Path) -> None:
    with pytest.raises(LipsyncError, match="Create its folder first"):
        check_writable(tmp_path / "none" / "out.csv")


@pytest.mark.parametrize("letter", ["a", "あ"])
def test_a_name_that_is_too_long(tmp_path: Path, letter: str) -> None:
    target = tmp_path / f"{letter * 300}.csv"
    with pytest.raises(LipsyncError, match="cannot be written.*Use a shorter name"):
        check_writable(target)
    with pytest.raises(LipsyncError, match="cannot be written.*Use a shorter name"), whole_file(target) as temporary:
        temporary.touch()
    assert not list(tmp_path.iterdir())


def test_the_longest_name(tmp_path: Path) -> None:
    target = tmp_path / f"{'a' * 251}.csv"
    check_writable(target)
    with whole_file(target) as temporary:
        temporary.write_text("all")
    assert target.read_text() == "all"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(LipsyncError, match="is a folder"):
        check_writable(tmp_path)


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    check_writable(tmp_path / "out.csv", overwrite=True)
    check_writable(tmp_path / "new.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "old"


def test_a_file_that_is_there_is_kept_unless_told(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    with pytest.raises(LipsyncError, match="out.csv exists already and is kept.*--overwrite"):
        check_writable(tmp_path / "out.csv")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]
