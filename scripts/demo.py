"""From a voice line to a talking head: bakes it onto the example character and shows the result.

    python3 scripts/demo.py                 the English example line
    python3 scripts/demo.py my_line.wav     your own

Makes its environment on first use. Writes out/<line>.fbx, .glb, .csv (Live Link Face), .blend and .mp4.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from environments import ROOT, NoEnvironment, command_of, ensure

CHARACTER = ROOT / "examples" / "character.blend"
LINE = ROOT / "examples" / "lines" / "hello_en.flac"
OUT = ROOT / "out"


def bake(python: Path, line: Path) -> None:
    """Runs the command `lipsync bake`, as a user would."""
    command = [_short(command_of(python, "lipsync")), "bake", _short(line), "--character", _short(CHARACTER)]
    command.append("--overwrite")
    for ending in (".fbx", ".glb", ".csv", ".blend"):
        command += ["--to", _short(OUT / f"{line.stem}{ending}")]
    print("$ " + " ".join(command), flush=True)
    if code := subprocess.run([str(ROOT / command[0]), *command[1:]], cwd=ROOT).returncode:
        sys.exit(code)


def render(python: Path, blend: Path, video: Path) -> None:
    """Renders the baked scene with its sound; shows the frames as they come."""
    command = [str(python), str(ROOT / "scripts" / "preview.py"), str(blend), str(video)]
    print("rendering the preview", end="\n" if not sys.stdout.isatty() else "", flush=True)
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        for text in process.stdout:
            if text.startswith("preview ") and sys.stdout.isatty():
                print(f"\rrendering the preview, frame {text.split()[1]}", end="", flush=True)
        if sys.stdout.isatty():
            print()
        if process.wait() != 0:
            log.seek(0)
            sys.exit(f"The preview could not be rendered:\n{log.read()}")


def _short(path: Path) -> str:
    """A path below the repository as seen from there; any other as it is."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("line", nargs="?", type=Path, default=LINE, help="a sound file with speech")
    line = parser.parse_args().line.resolve()
    try:
        python = ensure("blender-4.5")
    except NoEnvironment as error:
        sys.exit(str(error))
    OUT.mkdir(exist_ok=True)
    start = time.monotonic()
    bake(python, line)
    baked = time.monotonic()
    video = OUT / f"{line.stem}.mp4"
    render(python, video.with_suffix(".blend"), video)
    print(f"\nBaked and exported in {baked - start:.1f} s, preview in {time.monotonic() - baked:.1f} s. Look at:")
    for path in sorted(OUT.glob(f"{line.stem}.*")):
        print(f"  {_short(path):28} {path.stat().st_size / 1e6:6.2f} MB")


if __name__ == "__main__":
    main()
