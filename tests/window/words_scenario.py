"""What the user does to the phonemes of a line with the mouse; runs inside the chroot, leaves result.json and
screenshots."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from session import FOLDER, Session

PHONES, WORDS, WAVE = 0, 1, 2
State = dict[str, Any]


def box(state: State, row: int, text: str) -> tuple[int, int, int]:
    """(left, right, y) of the first box with this text, in pixels of the display."""
    _, _, left, right, y, _ = next(each for each in state["boxes"] if each[:2] == [row, text])
    return round(left), round(right), y


def middle(state: State, row: int, text: str) -> tuple[int, int]:
    left, right, y = box(state, row, text)
    return (left + right) // 2, y


class Strip:
    """The line as it was baked, and what becomes of it: each edit is undone again, in one step."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.before: State = {}
        self.done: dict[str, State] = {}

    def choose(self, unit: str) -> None:
        """A click on a phone."""
        self.session.click_at(*middle(self.session.state, PHONES, unit))
        self.session.wait_for(f"the active {unit}", lambda s: s["phones"][s["active"]] == unit)
        self.before = self.session.state

    def drag(self, row: int, text: str, pixels: int) -> None:
        """The left edge of a box, so many pixels to the right. Blender asks where the mouse is when it comes to a
        press, so each step waits until it is done."""
        left, _, y = box(self.session.state, row, text)
        mouse = ["xdotool", "mousemove"]
        subprocess.run([*mouse, str(left), str(y), "sleep", "1", "mousedown", "1"], check=True)
        self.session.wait_for("the strip to hold", lambda s: "LIPSYNC_OT_drag_phone" in s["running"])
        for x in (left + pixels // 2, left + pixels):
            subprocess.run([*mouse, str(x), str(y), "sleep", "0.1"], check=True)
        self.session.wait_for("the drag", lambda s: s["starts"] != self.before["starts"])
        subprocess.run([*mouse, str(left + pixels), str(y), "sleep", "0.3", "mouseup", "1"], check=True)

    def edited(self, name: str) -> None:
        """Waits for the edit and for its undo."""
        before = self.before
        self.done[name] = self.session.wait_for(name, lambda s: s["keys"] != before["keys"] and not s["running"])
        self.session.screenshot(f"strip-{name}")
        self.undo()

    def undo(self) -> None:
        """One step."""
        before = self.before
        self.session.press("ctrl+z")
        self.session.wait_for("the undo", lambda s: (s["keys"], s["starts"]) == (before["keys"], before["starts"]))

    def menu(self, unit: str, item: str) -> None:
        """The right mouse button on a phone, and an entry of what it offers."""
        self.session.click_at(*middle(self.session.state, PHONES, unit), button=3)
        self.session.click_at(*self.session.see(item, f"strip-menu-{item}"))

    def say(self, text: str, seen: str) -> None:
        """Types into the field of a dialog, which is open when the word `seen` is to be read, and accepts."""
        self.session.see(seen, f"strip-dialog-{text}")
        self.session.press("ctrl+a")
        self.session.type(text)
        self.session.press("Return")
        self.session.press("Return")


def main() -> None:
    """Every edit of the strip, each undone; then playback, and the panel."""
    with Session() as session:
        ready = session.wait_for("the baked line", lambda s: s.get("step") == "ready" and s["boxes"])
        session.wait_for("the waveform", lambda s: s["waveform"])
        session.screenshot("strip")
        strip = Strip(session)
        strip.choose("ʃ")
        strip.drag(PHONES, "ʃ", -20)
        strip.edited("drag")
        strip.drag(WORDS, "market", -15)
        strip.edited("word")
        session.click_at(*middle(session.state, PHONES, "k"), times=2)
        strip.say("m", "IPA")
        strip.edited("change")
        for item, unit in (("Mute", "f"), ("Delete", "ʃ")):
            strip.menu(unit, item)
            strip.edited(item.lower())
        strip.menu("k", "Insert")
        strip.say("s", "IPA")
        strip.edited("insert")
        x, y = middle(session.state, WORDS, "market")
        session.click_at(x, y - 50)
        gone = session.wait_for("the playhead", lambda s: s["frame"] != ready["frame"])
        session.press("space")
        session.wait_for("playback", lambda s: s["frame"] != gone["frame"])
        session.screenshot("strip-playing")
        session.press("space")
    result = {"ready": ready, "gone": gone, **strip.done}
    (FOLDER / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
