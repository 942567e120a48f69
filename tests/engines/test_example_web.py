"""examples/web in Chromium: Play is pressed, and the mouth on the page moves with the sound that the page plays.

Both are observed from outside the page: the sound's blocks as they go to the loudspeaker, found again in the file, and
the dark of the mouth in the canvas. Blender says how much of it is to be seen at which second.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from tests.engines import browser, node_reader, views
from tests.engines.prediction import LINE

FPS = 30
NOTICED = 0.045
"""Seconds from which people notice that the sound leads; that it lags, they notice later (ITU-R BT.1359)."""


@pytest.fixture(scope="module")
def played(hello_poppy: Path, root: Path, tmp_path_factory: pytest.TempPathFactory, update_golden: bool) -> Any:
    """What was seen and heard on the page: see node/talk.mjs."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(root / "examples" / "web", site / "examples" / "web", ignore=shutil.ignore_patterns("node_modules"))
    (site / "examples" / "web" / "node_modules").symlink_to(node_reader.packages())
    (site / "examples" / "lines").symlink_to(root / "examples" / "lines")
    (site / "out").mkdir()
    shutil.copy(hello_poppy / "hello.glb", site / "out" / "hello_en.glb")
    picture = site / "web.png"
    with browser.served(site) as address:
        played = browser.drive("talk.mjs", f"{address}/examples/web/", str(picture))
    if update_golden:
        shutil.copy(picture, root / "docs" / "pictures")
    return played


@pytest.fixture(scope="module")
def opening(hello_poppy: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """[frames] pixels of the mouth's dark that Blender shows."""
    folder = tmp_path_factory.mktemp("opening")
    count = int(soundfile.info(LINE).duration * FPS)
    files = views.in_blender(hello_poppy / "hello.blend", np.arange(count) / FPS, folder)
    colours, dark = views.colours_of(hello_poppy / "hello.blend"), views.PARTS.index("MouthBag")
    return np.array([(views.parts(views.pixels(file), colours) == dark).sum() for file in files])


def test_the_page_says_what_it_plays(played: Any) -> None:
    assert played["status"] == "hello_en: 4.93 s, 52 shape keys"


def test_the_mouth_moves_in_time_with_the_sound(played: Any, opening: np.ndarray) -> None:
    heard, dark = np.array(seconds_and_dark(played)).T
    assert len(heard) >= 10 and np.ptp(heard) > 3
    lags = np.arange(-0.2, 0.2, 0.005)
    likeness = [np.corrcoef(np.interp(heard - lag, np.arange(len(opening)) / FPS, opening), dark)[0, 1] for lag in lags]
    best = int(np.argmax(likeness))
    print(f"{len(heard)} pictures: the mouth is {lags[best] * 1000:.0f} ms late, r {likeness[best]:.2f}")
    assert likeness[best] > 0.8
    assert abs(lags[best]) < NOTICED


def seconds_and_dark(played: Any) -> list[tuple[float, float]]:
    """For every picture with loud sound: the second of the line that is heard, and the dark pixels that are seen."""
    line, rate = soundfile.read(LINE, dtype="float64")
    line = soxr.resample(line, rate, played["rate"])
    length = len(played["records"][0]["block"])
    sums = np.concatenate([[0], np.cumsum(line**2)])
    energy = sums[length:] - sums[:-length]
    size = 2 ** int(np.ceil(np.log2(len(line) + length)))
    spectrum = np.fft.rfft(line, size)
    found = []
    for record in played["records"]:
        block = np.array(record["block"])
        products = np.fft.irfft(spectrum * np.fft.rfft(block, size).conj())[: len(energy)]
        likeness = products / np.sqrt(energy * (block**2).sum() + 1e-3)  # the sum keeps silence from being like silence
        if likeness.max() > 0.95:
            heard = (likeness.argmax() + length) / played["rate"] - record["latency"]
            found.append((heard, record["dark"]))
    return found
