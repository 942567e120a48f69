"""Our own JSON and CSV are what their schemas say, by validators that are not ours; and the schemas refuse what is
not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from frictionless import Resource, Schema

from lipsync_addon.cli import main
from lipsync_addon.core.channels import ARKIT_52, HEAD_ANGLES, VISEMES_15
from lipsync_addon.core.timeline_file import to_json
from lipsync_addon.exporters import FORMATS, ExportOptions, write
from tests.engines.prediction import LINE, hello
from tests.exporters.said import MY_NAME_IS_POPPY

SCHEMAS = Path(__file__).parents[2] / "lipsync_addon" / "data" / "schemas"


def schema(name: str) -> dict[str, Any]:
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def curves() -> dict[str, Any]:
    """Small and right."""
    return {"format_version": 1, "fps": 50.0, "start": -0.5, "names": ["jawOpen"], "values": [[0.5], [1.25]]}


def phonemes() -> dict[str, Any]:
    return json.loads(to_json(MY_NAME_IS_POPPY))


@pytest.mark.parametrize("name", ["curves.schema", "phonemes.schema"])
def test_they_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_a_baked_line_is_what_the_schemas_say(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.json" for name in ("curves", "phonemes")}
    assert main(["bake", str(LINE), "--quiet", "--to", str(files["curves"]), "--timeline", str(files["phonemes"])]) == 0
    for name, file in files.items():
        jsonschema.validate(json.loads(file.read_text(encoding="utf-8")), schema(f"{name}.schema"))
    jsonschema.validate(phonemes(), schema("phonemes.schema"))


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 2},
        {"fps": 0},
        {"fps": "50"},
        {"names": ["a", "a"]},
        {"names": []},
        {"values": [0.5]},
        {"values": [["0.5"]]},
        {"values": []},
        {"start": None},
        {"surprise": 1},
    ],
)
def test_other_curves_are_refused(change: dict[str, Any]) -> None:
    jsonschema.validate(curves(), schema("curves.schema"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(curves() | change, schema("curves.schema"))


@pytest.mark.parametrize(
    "change",
    [{"unit": ""}, {"start": -1}, {"stress": 3}, {"confidence": 2}, {"word": 0.5}, {"mute": 1}, {"surprise": 1}],
)
def test_other_phonemes_are_refused(change: dict[str, Any]) -> None:
    data = phonemes()
    data["phones"][0] |= change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema("phonemes.schema"))


def problems(table: Path) -> list[str]:
    """What frictionless has against a CSV; its columns may be fewer than those of the schema ("fieldsMatch")."""
    known = Schema.from_descriptor(schema("curves.table"))
    resource = Resource(path=table.name, basepath=str(table.parent), schema=known)
    return [error for (error,) in resource.validate().flatten(["type"])]


@pytest.mark.parametrize(
    "options", [ExportOptions(), ExportOptions(fps=30 / 1.001, offset=0.3), ExportOptions(names="arkit")]
)
def test_a_table_is_what_its_schema_says(tmp_path: Path, options: ExportOptions) -> None:
    table = tmp_path / "a.csv"
    write(hello(), table, FORMATS["csv"], options)
    assert problems(table) == []
    head = table.read_text(encoding="utf-8").splitlines()[0].split(",")
    known = [field["name"] for field in schema("curves.table")["fields"]]
    assert known == ["time", *ARKIT_52, *VISEMES_15, *HEAD_ANGLES]
    assert set(head) <= set(known) and len(head) > 20


@pytest.mark.parametrize(
    "rows, found",
    [
        ("time,jawOpen\n0,a\n", "type-error"),
        ("time,jawOpen\n0,\n", "type-error"),
        ("time,jawOpen\n-1,0\n", "constraint-error"),
        ("time,jawOpen\n0,0\n0,1\n", "primary-key"),
        ('time,jawOpen\n"0,5",1\n', "type-error"),
        ("time,jawOpen\n0,1,2\n", "extra-cell"),
        ("jawOpen\n0\n", "missing-label"),
        ("time,jawopen\n0,1\n", "extra-label"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, rows: str, found: str) -> None:
    (tmp_path / "a.csv").write_text(rows)
    assert found in problems(tmp_path / "a.csv")
