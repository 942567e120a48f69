"""Names of outputs stay inside the folder and apart from each other, whatever the table says."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lipsync_addon.batch.names import DEVICES, output_name, safe_name
from lipsync_addon.core.errors import LipsyncError


@given(st.text())
@example("../../etc/passwd")
@example("CON.csv")
@example("a\nb")
@example(" leading and trailing. ")
@example("\u202etxt.exe")
@example("é" * 300)
def test_any_text_gives_a_name_that_every_file_system_takes(text: str) -> None:
    name = safe_name(text)
    assert 0 < len(name.encode()) <= 120
    assert not set(name) & set('<>:"/\\|?*\0\n\r')
    assert not name.startswith(".") and not name.endswith((".", " "))
    assert name.split(".")[0].lower() not in DEVICES


@given(st.text(), st.text())
def test_different_texts_give_different_names(a: str, b: str) -> None:
    import unicodedata

    if unicodedata.normalize("NFC", a) != unicodedata.normalize("NFC", b):
        assert safe_name(a) != safe_name(b)


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("hello", "Zug über die Brücke", "मेरा भाई", "take 12 (final)", "a.b"):
        assert safe_name(name) == name


@given(st.text(min_size=1), st.text(min_size=1))
@example("../../../tmp/x", "..")
@example("/etc/passwd", "C:\\Windows")
def test_a_path_never_leads_out(id: str, character: str) -> None:
    path = output_name("{character}/{id}.csv", {"id": id, "character": character})
    assert not path.is_absolute() and ".." not in path.parts
    folder = Path("/out").absolute()
    assert (folder / path).resolve().is_relative_to(folder)


def test_slashes_make_folders_in_the_id_alone() -> None:
    fields = {"id": "act 1/scene 2/hello", "character": "Jack/Jill"}
    path = output_name("{character}/{id}.json", fields)
    assert path.parts[1:] == ("act 1", "scene 2", "hello.json")
    assert len(path.parts) == 4 and path.parts[0].startswith("Jack_Jill-")


@pytest.mark.parametrize("template", ["../{id}.csv", "/tmp/{id}.csv", "C:\\{id}.csv", "a/../../{id}.csv"])
def test_a_template_that_leads_out_is_refused(template: str) -> None:
    with pytest.raises(LipsyncError, match="leads out of the output folder"):
        output_name(template, {"id": "x"})


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(LipsyncError, match=r"asks for \{speakr\}, which the line has not. It has \{id\}, \{speaker\}"):
        output_name("{speakr}/{id}.csv", {"id": "x", "speaker": "y"})


def test_the_ending_survives() -> None:
    assert output_name("{id}.csv", {"id": "x" * 500}).suffix == ".csv"
    assert output_name("{id}.csv", {"id": "nul"}) == PurePosixPath(safe_name("nul") + ".csv")
