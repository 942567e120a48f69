"""Every text of the interface has a German and a Japanese one. What the test names goes into
lipsync_addon/data/languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

from lipsync_addon.blender import translations
from lipsync_addon.blender.registration import CLASSES

BLENDER = Path(translations.__file__).parent
BELOW = ("core", "speech", "inference")
"""Layers whose errors Blender shows."""
SAME = frozenset("X Y Z -X -Y -Z CUDA DirectML CoreML CPU FBX GLB USD USDA USDC ABC Unity Unreal IPA Lipsync".split())
"""Names of programs, formats and axes, which are alike in every language."""
SAME_LINES = frozenset({"Live Link Face"})
BY_CALL = {
    "draw_text": "",
    "told": "",
    "label": "text",
    "report": "",
    "LipsyncError": "",
    "operator": "text",
    "prop": "text",
}
"""Calls that show a text -> the keyword that holds it; empty: any argument."""


def shown_by(rna: bpy.types.Struct, base: set[str]) -> Iterator[str]:
    """Names and descriptions of the properties that can be seen, and of what they offer."""
    for each in rna.properties:
        if each.identifier in base or each.is_hidden or each.name == each.identifier:
            continue
        yield from (each.name, each.description)
        if each.type == "ENUM":
            for item in each.enum_items:
                yield from (item.name, item.description)


def of_classes() -> Iterator[str]:
    """All that Blender itself shows of our classes."""
    for cls in CLASSES:
        if issubclass(cls, (bpy.types.Panel, bpy.types.Menu, bpy.types.Operator)):
            yield cls.bl_label
        if issubclass(cls, bpy.types.Operator):
            rna = getattr(bpy.ops.lipsync, cls.bl_idname.partition(".")[2]).get_rna_type()
            yield rna.description
            yield from shown_by(rna, {"rna_type"})
        else:
            yield from shown_by(cls.bl_rna, {each.identifier for each in cls.bl_rna.base.properties})


def of_code() -> Iterator[str]:
    """Whole sentences and labels that the code gives to Blender: reasons, messages, errors, texts of buttons."""
    for node in _nodes(*(BLENDER.parent / layer for layer in BELOW)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "LipsyncError":
            yield from (text for value in node.args for text in _texts(value))
    for node in _nodes(BLENDER):
        if isinstance(node, ast.FunctionDef) and re.search("reason|problem", node.name):
            yield from (text for each in ast.walk(node) if isinstance(each, ast.Return) for text in _texts(each.value))
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            wanted = [k.value for k in node.keywords if BY_CALL.get(name) in ("", k.arg)]
            wanted += node.args if BY_CALL.get(name) == "" else []
            yield from (text for value in wanted for text in _texts(value))


def _nodes(*folders: Path) -> Iterator[ast.AST]:
    for file in sorted(file for folder in folders for file in folder.rglob("*.py")):
        yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def _texts(value: ast.expr | None) -> Iterator[str]:
    """The texts that an expression can be, without those that have something put in."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from (*_texts(value.body), *_texts(value.orelse))
    elif isinstance(value, ast.BoolOp):
        yield from (text for each in value.values for text in _texts(each))


def is_name(text: str) -> bool:
    """What no language changes: names of formats, icons, endings."""
    return not re.search("[A-Za-z]{2}", text) or text in SAME | SAME_LINES or text.startswith("*.") or bool(
        re.fullmatch("[A-Z_0-9]+", text)
    )


@pytest.mark.parametrize("language", ["de_DE", "ja_JP"])
def test_every_text_has_a_translation(addon, language):
    wanted = {text for text in (*of_classes(), *of_code()) if text and not is_name(text)}
    assert len(wanted) > 250
    missing = sorted(wanted - set(translations.table(language)))
    assert not missing, f"data/languages/{language}.json lacks:\n" + "\n".join(map(repr, missing))


@pytest.mark.parametrize("language", ["de_DE", "ja_JP"])
def test_no_translation_is_of_a_text_that_is_gone(addon, language):
    code = "\n".join(file.read_text(encoding="utf-8") for file in (BLENDER.parent).rglob("*.py"))
    known = {*of_classes(), *of_code()}
    gone = [text for text in translations.table(language) if text not in known and text not in code]
    assert not gone


@pytest.mark.parametrize("language", ["de_DE", "ja_JP"])
def test_translations_are_not_the_english_text_and_keep_its_code(language):
    for text, other in translations.table(language).items():
        assert other.strip()
        for word in re.findall(r"`[^`]+`|\.blend\b|espeak-ng|jawOpen|mouthSmile", text):
            assert word in other, (text, other)


def test_panels_do_not_say_in_two_lines_what_a_tooltip_says_in_one(addon):
    assert not [text for text in of_classes() if "\n" in text]
