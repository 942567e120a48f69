"""Commands of training: help costs nothing, and what is missing is said in one sentence."""

from __future__ import annotations

import builtins
import importlib
import re
import sys
from pathlib import Path

import pytest

from lipsync_addon.inference.predictor import Predictor
from model import ablations, command, dataset, heard, pack, shrink, tune

MODEL = Path(command.__file__).parent
COMMANDS = sorted(
    ".".join(path.relative_to(MODEL.parent).with_suffix("").parts)
    for path in MODEL.rglob("*.py")
    if "\ndef main()" in path.read_text(encoding="utf-8")
)


def call(monkeypatch, name: str, *arguments: str) -> SystemExit:
    """How the command ends: it must end by itself."""
    main = importlib.import_module(name).main
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value


def test_every_command_of_the_readme_is_one():
    named = set(re.findall(r"python -m (model\.[a-z_.]*[a-z])", (MODEL / "README.md").read_text(encoding="utf-8")))
    assert len(named) >= 9 and named <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_the_docstring_and_no_work(name, monkeypatch, capsys):
    described = importlib.import_module(name).__doc__  # imports may read; the command may not

    def work(*_, **__):
        raise AssertionError("help works")

    for owner, part in ((Predictor, "load"), (Path, "mkdir"), (Path, "open"), (builtins, "open")):
        monkeypatch.setattr(owner, part, work)
    ended = call(monkeypatch, name, "--help")
    shown = capsys.readouterr().out
    assert ended.code == 0 and shown.startswith("usage:") and described.strip() in shown


@pytest.mark.parametrize(
    "name, arguments, told",
    [
        ("model.prepare", ["no_such_source"], "grid_s1, facegood"),
        ("model.datasets.align_own", ["no_such_corpus"], "kerstin_de"),
        ("model.ablations", ["no-such-set"], "hearing"),
        ("model.ablations", ["one-run", "--table"], "the table of mouth"),
        ("model.evaluation.text_fit", ["many"], "invalid int value"),
        ("model.pack", [], "required"),
        ("model.pack", ["up", "x"], "invalid choice"),
        ("model.tune", [], "--start-from"),
        ("model.train", ["--run", "x", "--set", "losses.none=1"], "there is no setting losses.none"),
        ("model.train", ["--run", "x", "--set", "hinges.wide=.055"], 'a number as 0.5 or 1e-3, not ".055"'),
        ("model.train", ["--run", "x", "--set", "losses.seal=NaN"], "losses.seal takes a number"),
        ("model.train", ["--run", "x", "--set", "steps=1.5"], "steps takes a whole number, not 1.5"),
        ("model.train", ["--run", "x", "--set", "batch=true"], "batch takes a whole number, not true"),
        ("model.train", ["--run", "x", "--set", "augment=no"], 'augment takes true or false, not "no"'),
        ("model.train", ["--run", "x", "--set", "heard=7"], "heard takes a word, not 7"),
        ("model.train", ["--run", "x", "--set", "parts=hear"], 'a list [..., ...], each hear or move, not "hear"'),
        ("model.train", ["--run", "x", "--set", 'parts=["lips"]'], 'each hear or move, not ["lips"]'),
        ("model.train", ["--run", "x", "--set", "shares.flite=some"], "shares.flite takes a number"),
        ("model.train", ["--run", "x", "--set", "losses=1"], "losses takes its single settings, by a name with a dot"),
        ("model.train", ["--run", "x", "--set", "network.hear_ahead=1"], "each a whole number, not 1"),
        ("model.tune", ["--start-from", "x", "--heard", "x", "--set", "network=large"], 'offline or live, not "large"'),
    ],
)
def test_what_no_command_knows_is_told_by_its_parser(name, arguments, told, monkeypatch, capsys):
    assert call(monkeypatch, name, *arguments).code == 2
    assert told in capsys.readouterr().err


KEPT = str(MODEL / "checkpoints" / "0.2.0.pt")


@pytest.mark.parametrize(
    "name, arguments, told",
    [
        ("model.train", ["--run", "x"], "model.prepare grid_s1"),
        ("model.shrink", ["--checkpoint", KEPT], "model.prepare"),
        ("model.shrink", ["--checkpoint", "none.pt"], "none.pt"),
        ("model.tune", ["--start-from", KEPT, "--heard", "offline"], "model.prepare grid_s1"),
        ("model.ablations", ["hearing"], "model.prepare espeak"),
        ("model.ablations", ["mouth", "--table"], "model.ablations mouth"),
        ("model.heard", ["--checkpoint", "none.pt", "--to", "x"], "none.pt"),
        ("model.heard", ["--checkpoint", KEPT, "--to", "x"], "model.prepare"),
        ("model.export", ["--checkpoint", "none.pt", "--version", "0"], "none.pt"),
        ("model.export", ["--run", "no-such-run", "--version", "0"], "no-such-run"),
        ("model.gpu_check", ["--run", "no-such-run"], "no-such-run"),
        ("model.pack", ["to", "packed"], "model.prepare"),
        ("model.pack", ["to", "packed", "grid_s1"], "model.prepare grid_s1"),
        ("model.pack", ["from", "packed"], "model.pack to packed"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence_and_nothing_is_written(name, arguments, told, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for module in (ablations, dataset, heard, pack, shrink):
        monkeypatch.setattr(module, "PREPARED", tmp_path / "data")
    monkeypatch.setattr(heard, "HEARD", tmp_path)
    for module in (ablations, shrink, tune):
        monkeypatch.setattr(module, "FOLDER", tmp_path / "runs")
    monkeypatch.setattr(importlib.import_module("model.train"), "RUNS", tmp_path)
    ended = call(monkeypatch, name, *arguments)
    assert told in ended.code and "\n" not in ended.code
    assert not list(tmp_path.iterdir())


def test_a_network_to_compare_with_that_is_not_there_is_named(monkeypatch, tmp_path):
    ended = call(monkeypatch, "model.evaluate", "--previous", "old.json", "--to", str(tmp_path / "report"))
    assert ended.code.startswith("old.json is missing.") and not list(tmp_path.iterdir())


def test_shared_data_that_is_not_there_is_asked_for(monkeypatch, tmp_path):
    for name in ("model.evaluate", "model.datasets.align_english"):
        module = importlib.import_module(name)
        monkeypatch.setattr(module, "BENCH" if name == "model.evaluate" else "FACES", tmp_path / "nowhere")
    monkeypatch.setattr(importlib.import_module("model.datasets.align_english"), "PREPARED", tmp_path)
    assert "LIPSYNC_SHARED" in call(monkeypatch, "model.evaluate").code
    assert "LIPSYNC_SHARED" in call(monkeypatch, "model.datasets.align_english").code
