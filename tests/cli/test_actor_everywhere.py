"""--actor and the ways of speaking in every command that hears a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.actors import save_actor
from lipsync_addon.core.adaptation import Adaptation
from lipsync_addon.core.model_spec import ModelSpec
from lipsync_addon.importers import read_curves


@pytest.fixture
def anna(tiny_network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An actor of that name whose jaw opens half as wide."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    spec = ModelSpec.load(tiny_network)
    names = spec.outputs["arkit"]
    gain = np.array([0.5 if name == "jawOpen" else 1.0 for name in names], np.float32)
    weights = np.zeros((len(spec.outputs["features"]), len(names)), np.float32)
    folder = tmp_path / "config" / "lipsync" / "actors"
    folder.mkdir(parents=True)
    save_actor(folder / "anna.json", Adaptation(spec.fingerprint, names, gain, np.zeros_like(gain), weights))
    return "anna"


def widest(curves: Path) -> float:
    return float(read_curves(curves).channel("jawOpen").max())


@pytest.mark.parametrize("option", ["--actor", "--style"])
def test_bake(lipsync, speech: Path, anna: str, tmp_path: Path, option: str) -> None:
    assert lipsync("bake", speech, "--to", tmp_path / "plain.json").code == 0
    assert lipsync("bake", speech, "--to", tmp_path / "anna.json", option, anna).code == 0
    assert widest(tmp_path / "anna.json") == pytest.approx(widest(tmp_path / "plain.json") / 2, abs=0.02)


def test_speak(lipsync, anna: str, tmp_path: Path) -> None:
    said = ("speak", "Oh.", "--voice", "en", "--overwrite", "--to", tmp_path / "a.wav")
    assert lipsync(*said, "--animate", tmp_path / "plain.json").code == 0
    assert lipsync(*said, "--animate", tmp_path / "anna.json", "--actor", anna).code == 0
    assert widest(tmp_path / "anna.json") == pytest.approx(widest(tmp_path / "plain.json") / 2, abs=0.02)
    ran = lipsync(*said, "--animate", tmp_path / "x.json", "--actor", "nobody")
    assert ran.code == 2 and "There is no actor" in ran.err


def test_ways_of_speaking_and_emotions_reach_the_network(lipsync, speech: Path, tmp_path: Path) -> None:
    def curves(*options: str) -> np.ndarray:
        assert lipsync("bake", speech, "--to", tmp_path / "x.json", "--overwrite", *options).code == 0
        return read_curves(tmp_path / "x.json").values[:, :52]

    plain, half = curves(), curves("--speech-style", "quiet:0.5")
    assert np.abs(half - plain).max() > 0.01
    assert np.abs(curves("--speech-style", "quiet") - half).max() > 0.01
    assert np.abs(curves("--speech-intensity", "1.5") - plain).max() > 0.01
    assert np.abs(curves("--emotion", "joy=0.5") - plain).max() > 0.01


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--speech-style", "shy"), "knows no style 'shy'"),
        (("--speech-style", "quiet:2"), "share of the style quiet is 2"),
        (("--speech-style", "quiet:x"), "no way of speaking with a share"),
        (("--speech-intensity", "3"), "1.6"),
    ],
)
def test_what_cannot_be_told_is_refused(lipsync, speech: Path, tmp_path: Path, options: tuple, told: str) -> None:
    ran = lipsync("bake", speech, "--to", tmp_path / "x.json", *options)
    assert ran.code == 2 and told in ran.err
    assert not (tmp_path / "x.json").exists()
