"""The mouth that Blender shows is the mouth that three.js and Godot show, pixel by pixel, at ten times of a line.

Godot draws with OpenGL computed by the processor (llvmpipe), Chromium with SwiftShader, Blender with Workbench.
`--update-golden` keeps the contact sheet in docs/.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.engines import views

FPS = 30
TIMES = np.linspace(5, 140, 10).round() / FPS
TOLERANCE = 0.005
"""Share of the mouth's pixels, lips and all between them, in which another part of it may be seen."""

OTHERS = ("three.js, GLB", "Godot, GLB", "Godot, FBX")
IMPORTED = ("USD", "Alembic")
"""Read back by Blender's importers; usd-core judges the numbers of the former."""


@pytest.fixture(scope="module")
def seen(hello_poppy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """[times, height, width, 3] pictures by program and file; "later" is Blender one frame later."""
    shown = {
        "blender": (views.in_blender, "hello.blend", 0),
        "three.js, GLB": (views.in_three, "hello.glb", 0),
        "Godot, GLB": (views.in_godot, "hello.glb", 0),
        "Godot, FBX": (views.in_godot, "hello.fbx", 0),
        "USD": (views.imported, "hello.usdc", 0),
        "Alembic": (views.imported, "hello.abc", 0),
        "later": (views.in_blender, "hello.blend", 1 / FPS),
    }
    pictures = {}
    for name, (show, file, delay) in shown.items():
        folder = tmp_path_factory.mktemp("pictures")
        files = show(hello_poppy / file, TIMES + delay, folder)
        pictures[name] = np.stack([views.pixels(each) for each in files])
    return pictures


@pytest.fixture(scope="module")
def parts(seen: dict[str, np.ndarray], hello_poppy: Path) -> dict[str, np.ndarray]:
    """[times, height, width] which of views.PARTS is seen, by program."""
    colours = views.colours_of(hello_poppy / "hello.blend")
    return {name: np.stack([views.parts(picture, colours) for picture in seen[name]]) for name in seen}


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """[times] the share of the mouth's pixels that show different parts."""
    mouth = (one > 0) | (other > 0)
    return ((one != other) & mouth).sum((1, 2)) / mouth.sum((1, 2))


@pytest.mark.parametrize("program", [*OTHERS, *IMPORTED])
def test_the_mouth_is_the_same_as_in_blender(parts: dict[str, np.ndarray], program: str) -> None:
    shares = difference(parts["blender"], parts[program])
    print(f"{program}: {shares.max():.2%} of the mouth differs at most")
    assert (shares <= TOLERANCE).all(), shares


def test_the_tolerance_notices_a_frame_of_delay(parts: dict[str, np.ndarray]) -> None:
    opening = (parts["blender"] > views.PARTS.index("Lips")).mean((1, 2))
    assert opening.min() < 0.001 and opening.max() > 0.05, "the line should have closed and open mouths"
    assert (difference(parts["blender"], parts["later"]) > 4 * TOLERANCE).sum() >= 7


def test_the_colours_are_the_same(seen: dict[str, np.ndarray]) -> None:
    for program in OTHERS:
        assert np.median(np.abs(seen["blender"] - seen[program])) < 2 / 255


def test_contact_sheet(seen: dict[str, np.ndarray], root: Path, update_golden: bool) -> None:
    for name, shown in {"same_mouth.png": ("blender", *OTHERS), "usd.png": ("blender", *IMPORTED)}.items():
        path = root / "docs" / "pictures" / name
        if update_golden:
            rows = [np.concatenate(list(seen[each][:, ::2, ::2]), axis=1) for each in shown]
            save(np.concatenate(rows), path)
        assert path.is_file()


def save(picture: np.ndarray, path: Path) -> None:
    """Writes [height, width, 3] as PNG."""
    height, width = picture.shape[:2]
    image = bpy.data.images.new("sheet", width, height)
    image.pixels.foreach_set(np.dstack([picture[::-1], np.ones((height, width), np.float32)]).ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
