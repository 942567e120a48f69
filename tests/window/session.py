"""Runs inside the chroot: a display without a screen, Blender on it, and a user who clicks and types.

`Session.state` is what in_blender.py writes several times a second; waiting means waiting for a state.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image, ImageOps

FOLDER = Path("/session")
PATIENCE = 120.0
"""Seconds until a state that does not come counts as a failure."""


class Session:
    """Blender in a window of 1600 x 900, started with in_blender.py."""

    def __enter__(self) -> Session:
        os.environ |= {
            "DISPLAY": ":99",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "OMP_THREAD_LIMIT": "1",  # tesseract's threads cost more than they bring
            "BLENDER_USER_RESOURCES": str(FOLDER / "blender"),
        }
        display = ["Xvfb", ":99", "-screen", "0", "1600x900x24", "+extension", "GLX", "+render", "-noreset"]
        self._display = subprocess.Popen(display, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait("the display", self._display, Path("/tmp/.X11-unix/X99").exists)
        setup = ["blender", "--background", "--python-exit-code", "1", "--python", str(FOLDER / "install.py")]
        window = ["blender", "--window-geometry", "0", "0", "1600", "900", "--python", str(FOLDER / "in_blender.py")]
        with (FOLDER / "blender.log").open("w") as log:
            subprocess.run(setup, check=True, stdout=log, stderr=log)
            self._blender = subprocess.Popen(window, stdout=log, stderr=log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.screenshot("failure")
        for process in (self._blender, self._display):
            process.terminate()
            process.wait()

    @property
    def state(self) -> dict[str, Any]:
        """What is to be seen in Blender now; empty until it has started."""
        try:
            return json.loads((FOLDER / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def wait_for(self, what: str, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The first state that meets the condition. Raises TimeoutError that names `what`."""
        self._wait(what, self._blender, lambda: condition(self.state))
        return self.state

    def screenshot(self, name: str) -> Path:
        """The whole display as a picture in the session's folder."""
        path = FOLDER / f"{name}.png"
        subprocess.run(["scrot", "--overwrite", str(path)], check=True)
        return path

    def words(self, picture: Path) -> list[tuple[str, int, int]]:
        """The words that can be read in a screenshot with the centre of each, in pixels from the top left."""
        large = FOLDER / "ocr.png"
        image = Image.open(picture).convert("L")
        # The reader was trained on dark print of a certain size on white paper.
        ImageOps.invert(image).resize((2 * image.width, 2 * image.height), Image.Resampling.LANCZOS).save(large)
        command = ["tesseract", str(large), "-", "--psm", "11", "tsv"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[1:]
        rows = [line.split("\t") for line in lines]
        return [
            (row[11], (int(row[6]) + int(row[8]) // 2) // 2, (int(row[7]) + int(row[9]) // 2) // 2)
            for row in rows
            if row[11].strip()
        ]

    def see(self, word: str, name: str) -> tuple[int, int]:
        """Waits until a word is to be read on the display; returns where. Leaves the screenshot `name`."""
        found: list[tuple[int, int]] = []

        def readable() -> bool:
            words = self.words(self.screenshot(name))
            found.extend((x, y) for text, x, y in words if text.strip(".:()") == word)
            return bool(found)

        self._wait(f'the word "{word}"', self._blender, readable)
        return found[0]

    def click(self, word: str, name: str) -> None:
        """Presses the left button on a word, once it is to be read."""
        x, y = map(str, self.see(word, name))
        aside = ["mousemove", "400", "500"]  # a pointer on a button hides its text
        subprocess.run(["xdotool", "mousemove", x, y, "sleep", "0.3", "click", "1", *aside], check=True)

    def press(self, key: str) -> None:
        """Presses a key, named as xdotool does, such as Escape."""
        subprocess.run(["xdotool", "key", key], check=True)

    def _wait(self, what: str, process: subprocess.Popen[bytes], condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if process.poll() is not None:
                raise RuntimeError(f"{process.args[0]} ended before {what} came")
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come; last state: {self.state}")
            time.sleep(0.1)
