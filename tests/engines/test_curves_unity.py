"""Unity clips as PyPI's unityparser reads them, and their hashes against those that Unity wrote. Unity is not at
hand."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unityparser import UnityDocument

from lipsync_addon.core.channels import ARKIT_52
from lipsync_addon.exporters import FORMATS, ExportOptions, JawCurve, write
from lipsync_addon.exporters.unity_anim import crc
from tests.engines.prediction import poppy

PATH = (
    "Character1_Reference/Character1_Hips/Character1_Spine/Character1_Spine1/Character1_Spine2/"
    "Character1_Neck/Character1_Head/MTH_DEF"
)
JAW = JawCurve("Armature/Head/Jaw", (0.0, -4.0, 90.0), (20.0, -4.0, 90.0))


def clip(folder: Path, **options: Any) -> Any:
    path = folder / "hello.anim"
    write(poppy(), path, FORMATS["unity"], ExportOptions(clip="hello", **options))
    (entry,) = UnityDocument.load_yaml(str(path)).entries
    assert type(entry).__name__ == "AnimationClip" and entry.anchor == "7400000"
    return entry


def keys(curve: dict[str, Any], field: str = "value") -> np.ndarray:
    return np.array([float(key[field]) for key in curve["curve"]["m_Curve"]])


@pytest.mark.parametrize("text, hash_of_unity", [(PATH, 1850410951), ("blendShape1.MTH_A", 1783637695), ("", 0)])
def test_hashes_are_those_that_unity_wrote(text: str, hash_of_unity: int) -> None:
    """From hecomi/uLipSync, Samples/07. Animation Bake."""
    assert crc(text) == hash_of_unity


@pytest.mark.parametrize("fps", [None, 30.0, 24 / 1.001])
def test_values_times_and_slopes(tmp_path: Path, fps: float | None) -> None:
    entry, track = clip(tmp_path, path=PATH, prefix="blendShape1.", fps=fps), poppy()
    rate = fps or 60.0
    assert entry.m_Name == "hello" and float(entry.m_SampleRate) == pytest.approx(rate, abs=1e-5)
    names = [name for name in track.names if name in ARKIT_52]
    expected = {f"blendShape.blendShape1.{name}": track.channel(name) for name in names}
    assert [curve["attribute"] for curve in entry.m_FloatCurves] == sorted(
        expected, key=lambda name: ARKIT_52.index(name.split(".")[-1])
    )
    for curve in entry.m_FloatCurves:
        assert curve["path"] == PATH and int(curve["classID"]) == 137
        times, values = keys(curve, "time"), keys(curve)
        np.testing.assert_allclose(times, np.arange(len(times)) / rate, atol=1e-6)
        name = curve["attribute"].removeprefix("blendShape.blendShape1.")
        np.testing.assert_allclose(values, track.select([name]).at(times)[:, 0] * 100, atol=1e-3)
        slopes = np.diff(values) / np.diff(times)
        np.testing.assert_allclose(keys(curve, "outSlope")[:-1], slopes, rtol=1e-3, atol=0.01)
        np.testing.assert_allclose(keys(curve, "inSlope")[1:], slopes, rtol=1e-3, atol=0.01)
    assert float(entry.m_AnimationClipSettings["m_StopTime"]) == pytest.approx(times[-1], abs=1e-6)
    assert entry.m_EditorCurves == entry.m_FloatCurves


def test_bindings_name_what_the_curves_move(tmp_path: Path) -> None:
    entry = clip(tmp_path, path=PATH, prefix="blendShape1.", jaw=JAW)
    *shapes, jaw = entry.m_ClipBindingConstant["genericBindings"]
    assert len(shapes) == len(entry.m_FloatCurves)
    for binding, curve in zip(shapes, entry.m_FloatCurves, strict=True):
        assert int(binding["path"]) == zlib.crc32(curve["path"].encode())
        assert int(binding["attribute"]) == zlib.crc32(curve["attribute"].removeprefix("blendShape.").encode())
        assert (int(binding["typeID"]), int(binding["customType"])) == (137, 20)
    assert {key: int(jaw[key]) for key in ("path", "attribute", "typeID", "customType")} == {
        "path": zlib.crc32(b"Armature/Head/Jaw"), "attribute": 4, "typeID": 4, "customType": 4
    }  # fmt: skip


def test_the_jaw_turns_from_rest_to_open(tmp_path: Path) -> None:
    entry = clip(tmp_path, jaw=JAW, max_error=0.005)
    (curve,) = entry.m_EulerCurves
    assert curve["path"] == JAW.path
    times = keys(curve, "time")
    angles = np.array([[float(key["value"][axis]) for axis in "xyz"] for key in curve["curve"]["m_Curve"]])
    every = np.arange(round(times[-1] * 60) + 1) / 60
    opening = poppy().select(["jawOpen"]).at(every)[:, 0]
    np.testing.assert_allclose(np.interp(every, times, angles[:, 0]), opening * 20, atol=0.101)
    assert np.ptp(opening) > 0.1
    assert (angles[:, 1] == -4).all() and (angles[:, 2] == 90).all()
    raw = {c["attribute"]: keys(c) for c in entry.m_EditorCurves if c["path"] == JAW.path}
    assert set(raw) == {f"localEulerAnglesRaw.{axis}" for axis in "xyz"}
    np.testing.assert_allclose(raw["localEulerAnglesRaw.x"], angles[:, 0], atol=1e-5)


def test_fewer_keys_draw_the_same_curves(tmp_path: Path) -> None:
    every, few = (clip(tmp_path, max_error=error).m_FloatCurves for error in (0.0, 0.01))
    assert sum(len(keys(curve)) for curve in few) < 0.4 * sum(len(keys(curve)) for curve in every)
    for full, reduced in zip(every, few, strict=True):
        drawn = np.interp(keys(full, "time"), keys(reduced, "time"), keys(reduced))
        np.testing.assert_allclose(drawn, keys(full), atol=1.001)


@pytest.mark.parametrize("path, prefix", [("", ""), ("no", "y: #"), ("Größe/口 'x\"", 'a "b" \\ '), ("- a", "")])
def test_any_path_and_name_survives(tmp_path: Path, path: str, prefix: str) -> None:
    curve = clip(tmp_path, path=path, prefix=prefix).m_FloatCurves[0]
    assert (curve["path"] or "") == path and curve["attribute"].startswith(f"blendShape.{prefix}jaw")
