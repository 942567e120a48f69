"""What the user does in the window; runs inside the chroot and leaves result.json and screenshots."""

from __future__ import annotations

import json

from session import FOLDER, Session


def choose(session: Session, name: str) -> None:
    """Chooses a sound of the session's folder."""
    (FOLDER / "sound.txt").write_text(str(FOLDER / name), encoding="utf-8")
    session.wait_for("the chosen sound", lambda state: state.get("sound") == name)


def main() -> None:
    """Detects the character and bakes a line, then starts a long one and gives up."""
    with Session() as session:
        session.wait_for("the tab", lambda state: state.get("tab"))
        session.see("Choose", "1-before")
        choose(session, "line.flac")
        session.see("Bake", "2-chosen")  # which is grey, and cannot be read, until the panel is drawn with the sound
        session.click("Detect", "2-chosen")
        detected = session.wait_for("the character", lambda state: state.get("character"))
        session.see("Face", "2-detected")  # buttons move down when the ranking is drawn
        session.click("Bake", "2-ready")
        baked = session.wait_for("the bake", lambda state: state["keys"] and not state["running"])
        session.see("written", "3-baked")
        choose(session, "long.flac")
        session.click("Bake", "4-ready-again")
        started = session.wait_for("the long bake", lambda state: state["running"])
        session.see("Listening", "5-running")
        session.press("Escape")
        stopped = session.wait_for("the end of the long bake", lambda state: not state["running"])
        session.see("Bake", "6-stopped")
    result = {"detected": detected, "baked": baked, "started": started, "stopped": stopped}
    (FOLDER / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
