"""What the user does in the window; runs inside the chroot and leaves result.json and screenshots."""

from __future__ import annotations

import json
import time
from pathlib import Path

from session import FOLDER, Session


def choose(session: Session, name: str) -> None:
    """Chooses a sound of the session's folder."""
    (FOLDER / "sound.txt").write_text(str(FOLDER / name), encoding="utf-8")
    session.wait_for("the chosen sound", lambda state: state.get("sound") == name)


def scroll(session: Session, by: int) -> None:
    """Turns the mouse's wheel at the edge of the sidebar, where no list takes it; below 0 upwards."""
    left, top, _, _ = session.state["sidebar"]
    session.click_at(left + 6, top + 100, button=5 if by > 0 else 4, times=abs(by))


def scroll_to(session: Session, word: str, name: str) -> tuple[int, int]:
    """Downwards until the word is to be read; returns where, once it has come to rest there."""
    before = None
    for _ in range(24):
        places = [(x, y) for text, x, y in session.words(session.screenshot(name)) if text == word]
        topmost = min(places, key=lambda place: place[1], default=None)
        if topmost and topmost == before:
            return topmost
        before = topmost
        if topmost is None:
            scroll(session, 4)
    raise TimeoutError(f'"{word}" is nowhere on the tab')


def bake(session: Session, name: str) -> float:
    """Chooses a sound, bakes it, and returns how many seconds that took by Blender's own clock, to a tenth."""
    choose(session, name)
    session.see("Bake", f"{name}-chosen")  # grey, and unreadable, until the panel is drawn with the sound
    session.click("Bake", f"{name}-ready")
    started = session.wait_for(f"the start of {name}", lambda state: state["running"] or Path(name).stem in state["takes"])
    ended = session.wait_for(
        f"the bake of {name}", lambda state: Path(name).stem in state["takes"] and not state["running"]
    )
    return ended["since"] - started["since"]


def main() -> None:
    """Detects the character and bakes a line; drags a slider and takes that back; bakes a minute; starts a long line and
    gives up."""
    with Session(height=1300) as session:
        session.wait_for("the tab", lambda state: state.get("tab"))
        session.see("Choose", "1-before")
        choose(session, "line.flac")
        session.click("Detect", "2-chosen")
        detected = session.wait_for("the character", lambda state: state.get("character"))
        session.see("Face", "2-detected")  # buttons move down when the ranking is drawn
        bake(session, "line.flac")
        session.see("written", "3-baked")
        session.still("3-baked")
        session.panel("3-baked", "panel")
        baked = session.state
        x, y = scroll_to(session, "Jaw", "4-before-drag")
        session.drag((x + 100, y), (x + 170, y), pause=0.4)
        dragged = session.wait_for("the slider", lambda state: state["jaw"] > 1.05 and not state["settling"])
        session.see("Jaw", "4-dragged")
        session.press("ctrl+z")
        undone = session.wait_for("undo", lambda state: state["jaw"] == 1.0)
        scroll(session, -48)
        minute = bake(session, "minute.flac")
        before = session.state
        choose(session, "long.flac")
        session.click("Bake", "5-ready")
        started = session.wait_for("the long bake", lambda state: state["running"])
        session.see("Listening", "5-running")
        session.press("Escape")
        pressed = time.time()
        stopped = session.wait_for("the end of the long bake", lambda state: not state["running"])
        session.see("Bake", "6-stopped")
    states = {"detected": detected, "baked": baked, "dragged": dragged, "undone": undone, "before": before}
    seconds = {"minute": minute, "escape": stopped["since"] - pressed}
    result = {**states, "started": started, "stopped": stopped, "seconds": seconds}
    (FOLDER / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
