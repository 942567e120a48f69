"""Seconds of film per second of every path of `lipsync` with films, and whether memory grows with their length.

    .venvs/video/bin/python tests/benchmarks/video.py                all paths but --character
    .venvs/blender-4.5/bin/python tests/benchmarks/video.py character
    .venvs/video/bin/python tests/benchmarks/video.py memory         capture and evaluate of 1 and of 10 minutes

Each is the command in a process of its own, its start included. Needs ../shared/data and ffmpeg.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import ROOT

from lipsync_addon.video.face_mesh import reference_face
from lipsync_addon.video.tracker import SeenFace

SAMPLE = ROOT.parent / "shared" / "data" / "faces" / "video_samples" / "bbaf3s.mpg"
LINE = ROOT / "examples" / "lines" / "hello_en.flac"
CHARACTER = ROOT / "examples" / "character.blend"


def ran(*arguments: object) -> tuple[float, float, float]:
    """(wall s, CPU s, peak MB) of `lipsync` with these arguments, ffmpeg's not among them."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "lipsync_addon.cli", *map(str, arguments), "--quiet"], cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"lipsync {' '.join(map(str, arguments))} failed.")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def made(folder: Path, name: str, *arguments: str) -> Path:
    """A film of the sample by ffmpeg."""
    film = folder / name
    command = ["ffmpeg", "-v", "error", "-y", *arguments, "-c:v", "libx264", "-preset", "veryfast", str(film)]
    subprocess.run(command, check=True)
    return film


def row(what: str, seconds: float, measured: tuple[float, float, float]) -> None:
    wall, cpu, peak = measured
    print(f"{what:44}{seconds / wall:8.2f} film s/s{cpu / seconds:8.2f} CPU s/film s{peak:8.0f} MB", flush=True)


def speed(folder: Path) -> None:
    """All paths that need no Blender."""
    repeated = ["-stream_loop", "3", "-i", str(SAMPLE)]
    small = made(folder, "small.mp4", *repeated, "-t", "10")
    large = made(folder, "large.mp4", *repeated, "-t", "10", "-vf", "scale=1350:1080,pad=1920:1080:285:0")
    face = folder / "face.png"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(SAMPLE), "-vf", "scale=900:-2", "-frames:v", "1", str(face)], check=True
    )
    for name, film in (("360 x 288", small), ("1920 x 1080", large)):
        row(f"capture, {name}", 10, ran("capture", film, "--to", folder / f"{film.stem}.csv"))
        row(f"evaluate, {name}", 10, ran("evaluate", "--video", film, "--to", folder / f"{film.stem}.json"))
    row("dataset build, 360 x 288", 10, ran("dataset", "build", small, "--out", folder / "data"))
    for quality in ("low", "high"):
        film = folder / f"{quality}.mp4"
        row(
            f"picture, 900 x 720, {quality}",
            4.96,
            ran("video", "--image", face, "--audio", LINE, "--output", film, "--quality", quality),
        )
    row(
        "another line, 1920 x 1080",
        4.96,
        ran("video", "--video", large, "--audio", LINE, "--output", folder / "dub.mp4"),
    )


def character(folder: Path) -> None:
    """Rendered by Blender at 12 frames per second; EEVEE needs minutes for its shaders without a graphics card."""
    row(
        "character, Workbench",
        4.96,
        ran(
            "video", "--character", CHARACTER, "--audio", LINE, "--output", folder / "low.mp4", "--quality", "low",
            "--fps", 12,
        ),  # fmt: skip
    )


class MadeFace:
    """A tracker that sees the reference face open its mouth, so that ten minutes take less than one with MediaPipe."""

    def faces(self, picture: np.ndarray, seconds: float) -> list[SeenFace]:
        """Follows the FaceTracker protocol."""
        face = reference_face()
        jaw = 0.2 + 0.2 * np.sin(seconds * 12)
        points = (face.neutral + jaw * face.deltas[face.names.index("jawOpen")]) * 5 * [1, -1, -1]
        return [SeenFace((points + [picture.shape[1] / 2, picture.shape[0] / 2, 0]).astype(np.float32))]

    def __enter__(self) -> MadeFace:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


def memory(folder: Path) -> None:
    """Peaks that are the same for a minute and for ten."""
    os.environ["PYTHONPATH"] += os.pathsep + str(Path(__file__).parent)
    for minutes in (1, 10):
        looped = ["-stream_loop", "-1", "-i", str(SAMPLE), "-t", str(60 * minutes), "-vf", "scale=180:144"]
        film, made_face = made(folder, f"{minutes}.mp4", *looped), ("--tracker", "video:MadeFace")
        row(
            f"capture, {minutes} min", 60 * minutes, ran("capture", film, "--to", folder / f"{minutes}.csv", *made_face)
        )
        row(f"evaluate, {minutes} min", 60 * minutes, ran("evaluate", "--video", film, *made_face))


def main() -> None:
    """The command."""
    chosen = {"speed": speed, "character": character, "memory": memory}[(sys.argv[1:] or ["speed"])[0]]
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        chosen(Path(folder))


if __name__ == "__main__":
    main()
