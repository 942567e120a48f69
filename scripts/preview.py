"""Renders the frame range of a .blend to a video, with the sound in its sequencer.

    .venvs/blender-4.5/bin/python scripts/preview.py out/hello_en.blend out/hello_en.mp4

Runs in an environment with the module bpy. Workbench needs no display; about 0.3 s a frame on two cores.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lipsync_addon.blender.film import render_film


def main() -> None:
    """The command. One line a frame, such as "preview 25%", for whoever started this."""
    blend, target = map(Path, sys.argv[1:])
    render_film(blend, target, "low", progress=lambda fraction: print(f"preview {fraction:.0%}", flush=True))


if __name__ == "__main__":
    main()
