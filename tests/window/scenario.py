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
    """Turns the mouse's wheel beside what the sidebar holds, where no list takes it, and not on its edge, which a slow
    Blender would take for a drag; below 0 upwards."""
    left, top, _, _ = session.state["sidebar"]
    session.click_at(left + 15, top + 100, button=5 if by > 0 else 4, times=abs(by))


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


def bake(session: Session, name: str) -> list:
    """Chooses a sound, bakes it, and returns the job as Blender's own clock saw it."""
    choose(session, name)
    session.see("Bake", f"{name}-chosen")  # grey, and unreadable, until the panel is drawn with the sound
    before = len(session.state["jobs"])
    session.click("Bake", f"{name}-ready")
    done = session.wait_for(f"the bake of {name}", lambda state: len(state["jobs"]) > before and state["jobs"][-1][3])
    return done["jobs"][-1]


def speak(session: Session, text: str) -> dict:
    """Types a text into its field, opens the box Speak and presses the button in it."""
    x, y = session.see("Text", "7-text")
    session.click_at(x + 150, y)
    session.type(text)
    session.press("Return")
    session.wait_for("the text", lambda state: state["text"] == text)
    for _ in range(12):  # the box's head until it is open, then downwards until its button is there
        session.click_at(*scroll_to(session, "Speak", "7-closed"))
        session.still("7-opened")
        if {"Voice", "Rate", "Pitch"} & {word for word, _, _ in session.words(FOLDER / "7-opened.png")}:
            break
    for _ in range(12):
        scroll(session, 4)
        session.still("7-opened")
        places = [(x, y) for word, x, y in session.words(FOLDER / "7-opened.png") if word == "Speak"]
        if len(places) > 1:
            break
    else:
        raise TimeoutError("the button Speak is nowhere on the tab")
    before = len(session.state["jobs"])
    session.click_at(*max(places, key=lambda place: place[1]))
    session.wait_for("the speech", lambda state: len(state["jobs"]) > before and state["jobs"][-1][3])
    session.still("7-spoken")
    session.panel("7-spoken", "spoken")
    scroll(session, -60)
    session.still("8-spoken")
    return session.state


def main() -> None:
    """Detects the character and bakes a line; drags a slider and takes that back; bakes a minute; starts a long line
    and gives up."""
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
        spoken = speak(session, "Please buy me a few plums.")
        before = session.state
        choose(session, "long.flac")
        session.click("Bake", "5-ready")
        started = session.wait_for("the long bake", lambda state: state["running"])
        session.see("Listening", "5-running")
        pressed = time.time()
        session.press("Escape")
        stopped = session.wait_for("the end of the long bake", lambda state: state["jobs"][-1][3])
        session.see("Bake", "6-stopped")
    states = {
        "detected": detected,
        "baked": baked,
        "dragged": dragged,
        "undone": undone,
        "spoken": spoken,
        "before": before,
    }
    jobs = {"first": baked["jobs"][-1], "minute": minute, "spoken": spoken["jobs"][-1]}
    seconds = {name: (*job[2:4], job[5]) for name, job in jobs.items()}
    seconds["escape"] = stopped["jobs"][-1][4] - pressed
    result = {**states, "started": started, "stopped": stopped, "seconds": seconds}
    (FOLDER / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
