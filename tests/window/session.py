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

from PIL import Image, ImageOps, ImageStat

FOLDER = Path("/session")
PATIENCE = 240.0
"""Seconds until a state that does not come counts as a failure."""


class Session:
    """Blender in a window of 1600 x `height`, started with in_blender.py."""

    def __init__(self, height: int = 900) -> None:
        self._size = ("1600", str(height))

    def __enter__(self) -> Session:
        os.environ |= {
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "OMP_THREAD_LIMIT": "1",  # tesseract's threads cost more than they bring
            "BLENDER_USER_RESOURCES": str(FOLDER / "blender"),
        }
        screen = ["-screen", "0", f"{'x'.join(self._size)}x24"]
        display = ["Xvfb", "-displayfd", "1", *screen, "+extension", "GLX", "+render", "-noreset"]
        self._display = subprocess.Popen(display, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        number = self._display.stdout.readline().strip()  # one that no other session uses, once it is there
        if not number:
            raise RuntimeError("Xvfb ended before the display came")
        os.environ["DISPLAY"] = f":{number}"
        setup = ["blender", "--background", "--python-exit-code", "1", "--python", str(FOLDER / "install.py")]
        place = ["--window-geometry", "0", "0", *self._size]
        window = ["blender", *place, "--python", str(FOLDER / "in_blender.py")]
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

    def still(self, name: str) -> None:
        """The screenshot `name` once nothing moves any more: panels glide to their places."""
        before: list[bytes] = []

        def rests() -> bool:
            before.append(Image.open(self.screenshot(name)).tobytes())
            return len(before) > 2 and before[-1] == before[-2] == before[-3]

        self._wait("rest", self._blender, rests)

    def words(self, picture: Path) -> list[tuple[str, int, int]]:
        """The words that can be read in a screenshot with the centre of each, in pixels from the top left; in the
        sidebar alone, where the state says which part that is."""
        large = FOLDER / "ocr.png"
        image = Image.open(picture).convert("L")
        left, top, width, height = self.state.get("sidebar", (0, 0, *image.size))
        image = image.crop((left, top, left + width, top + height))
        # The reader was trained on dark print of a certain size on white paper.
        ImageOps.invert(image).resize((2 * image.width, 2 * image.height), Image.Resampling.LANCZOS).save(large)
        command = ["tesseract", str(large), "-", "--psm", "11", "tsv"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[1:]
        rows = [line.split("\t") for line in lines]
        return [
            (row[11], left + (int(row[6]) + int(row[8]) // 2) // 2, top + (int(row[7]) + int(row[9]) // 2) // 2)
            for row in rows
            if row[11].strip()
        ]

    def see(self, word: str, name: str) -> tuple[int, int]:
        """Waits until a word is to be read on the display; returns where, the topmost. Leaves the screenshot `name`."""
        found: list[tuple[int, int]] = []

        def readable() -> bool:
            words = self.words(self.screenshot(name))
            found.extend((x, y) for text, x, y in words if text.strip(".:()") == word)
            return bool(found)

        self._wait(f'the word "{word}"', self._blender, readable)
        return min(found, key=lambda place: place[1])

    def click(self, word: str, name: str) -> None:
        """Presses the left button of the mouse on the button with this word, once that can be read and lights up under
        the pointer: a grey one does not, nor one of a Blender that is busy."""
        x, y = self.see(word, name)
        dark: list[float] = []
        self._wait(f'light on "{word}"', self._blender, lambda: self._lights_up(x, y, dark))
        # As slowly as a hand: where a busy Blender sees press, release and the way back at once, nothing was pressed.
        aside = ["mousemove", "400", "500"]  # a pointer on a button hides its text
        subprocess.run(["xdotool", "mousedown", "1", "sleep", "0.4", "mouseup", "1", "sleep", "1", *aside], check=True)

    def _lights_up(self, x: int, y: int, dark: list[float]) -> bool:
        """Whether a button becomes brighter when the pointer comes to it from elsewhere, where it is left; `dark`: what
        it was like without, which a Blender that is slow to draw shows late."""
        beside = (x + 60, y - 3, x + 90, y + 3)  # within the button, beside its text and the pointer
        subprocess.run(["xdotool", "mousemove", "400", "500"], check=True)
        dark.extend(self._brightness(beside) for _ in range(12))
        subprocess.run(["xdotool", "mousemove", str(x), str(y)], check=True)
        return any(self._brightness(beside) > min(dark) + 5 for _ in range(20))

    def _brightness(self, box: tuple[int, int, int, int]) -> float:
        """Mean of a part of the display, 0..255."""
        return ImageStat.Stat(Image.open(self.screenshot("light")).convert("L").crop(box)).mean[0]

    def click_at(self, x: int, y: int, button: int = 1, times: int = 1) -> None:
        """Presses a button of the mouse at a place of the display, in pixels from the top left."""
        clicks = ["click", "--repeat", str(times), "--delay", "60", str(button)]
        subprocess.run(["xdotool", "mousemove", str(x), str(y), "sleep", "0.3", *clicks], check=True)

    def drag(self, start: tuple[int, int], end: tuple[int, int], pause: float = 0.05) -> None:
        """Moves the mouse from one place to another with its left button held, in steps as a hand does, every `pause`
        seconds: a slider of a Blender that is slow to draw takes quick ones for a click."""
        (x, y), (to_x, to_y) = start, end
        steps = [(x + (to_x - x) * k // 8, y + (to_y - y) * k // 8) for k in range(1, 9)]
        moves = [word for a, b in steps for word in ("mousemove", str(a), str(b), "sleep", str(pause))]
        press = ["mousemove", str(x), str(y), "sleep", "0.3", "mousedown", "1", "sleep", str(2 * pause)]
        subprocess.run(["xdotool", *press, *moves, "sleep", "0.2", "mouseup", "1"], check=True)

    def type(self, text: str) -> None:
        """Types on the keyboard."""
        subprocess.run(["xdotool", "type", "--delay", "60", text], check=True)

    def press(self, key: str) -> None:
        """Presses a key, named as xdotool does, such as Escape."""
        subprocess.run(["xdotool", "key", key], check=True)

    def panel(self, screenshot: str, name: str) -> None:
        """The sidebar of a screenshot as a picture of its own."""
        left, top, width, height = self.state["sidebar"]
        image = Image.open(FOLDER / f"{screenshot}.png").crop((left, top, left + width, top + height))
        image.save(FOLDER / f"{name}.png", optimize=True)

    def _wait(self, what: str, process: subprocess.Popen[bytes], condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if process.poll() is not None:
                raise RuntimeError(f"{process.args[0]} ended before {what} came")
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come; last state: {self.state}")
            time.sleep(0.1)
