"""Builds the zips that Blender installs, one per platform, into dist/.

    python3 scripts/build_extension.py                          all platforms
    python3 scripts/build_extension.py --platform linux-x64     one

Fetches the wheels named in blender_manifest.toml through pip into wheels/, compares them with
wheels.sha256, and runs Blender's own extension tool (from the environment blender-4.5).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from environments import ROOT, NoEnvironment, ensure

PLATFORMS = {
    "linux-x64": r"manylinux\w*_x86_64(\.manylinux\w*)?",
    "windows-x64": "win_amd64",
    "windows-arm64": "win_arm64",
    "macos-arm64": r"macosx_\d+_\d+_arm64",
    "macos-x64": r"macosx_\d+_\d+_x86_64",
}
"""Blender's name of a platform -> what the tags of its wheels are like."""

PYTHONS = ("cp311", "cp313")
"""Blender 4.5 and 5.0 have Python 3.11, 5.1 and later 3.13. Linux distributions build with newer ones."""

TAGS = """3D View|Add Curve|Add Mesh|Animation|Bake|Camera|Compositing|Development|Game Engine|Geometry Nodes|\
Grease Pencil|Import-Export|Lighting|Material|Mesh|Modeling|Node|Object|Paint|Physics|Pipeline|Render|Rigging|Scene|\
Sculpt|Sequencer|System|Text Editor|Tracking|User Interface|UV""".split("|")
"""What extensions.blender.org accepts for add-ons."""


def problems(manifest: Mapping[str, Any], locked: Iterable[str]) -> list[str]:
    """What is wrong with a manifest and Blender's tool does not notice, one line each.

    `locked` are the file names of the wheels whose hashes are known.
    """
    found = [
        f'platform "{p}" is not one of {", ".join(PLATFORMS)}' for p in manifest["platforms"] if p not in PLATFORMS
    ]
    found += [
        f'licence "{name}" lacks the prefix SPDX:' for name in manifest["license"] if not name.startswith("SPDX:")
    ]
    if "blender" in manifest["name"].lower():
        found.append("the name must not contain Blender")
    listed = {Path(path).name for path in manifest.get("wheels", ())}
    found += [f"{name} is in the manifest but not in wheels.sha256" for name in sorted(listed - set(locked))]
    found += [f"{name} is in wheels.sha256 but not in the manifest" for name in sorted(set(locked) - listed)]
    for platform in manifest["platforms"]:
        pythons = {name.split("-")[2] for name in of_platform(listed, platform)}
        found += [f"{platform} has no wheel for {python}" for python in PYTHONS if python not in pythons]
    return found


def of_platform(wheels: Iterable[str], platform: str) -> list[str]:
    """The wheels that run on one of Blender's platforms."""
    tag = re.compile(rf".*-(any|{PLATFORMS.get(platform, '-')})\.whl")
    return [name for name in wheels if tag.fullmatch(name)]


def read_hashes(path: Path) -> dict[str, str]:
    """Wheel file name -> SHA-256, from a list as the command sha256sum writes it."""
    lines = path.read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def fetch(name: str, digest: str, folder: Path, python: Path) -> Path:
    """The wheel of this file name in `folder`, downloaded by pip unless it is there already.

    Raises ValueError if its content is not the one that was pinned; such a file is deleted.
    """
    path = folder / name
    if not path.is_file():
        package, version, tag, abi, platform = path.stem.split("-")
        print(f"fetching {name}", flush=True)
        wanted = ["--platform", platform.partition(".")[0]]
        if tag.startswith("cp"):
            wanted += ["--python-version", f"{tag[2]}.{tag[3:]}", "--implementation", "cp", "--abi", abi]
        pip = [str(python), "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [*pip, "--no-deps", "--only-binary=:all:", *wanted, "--dest", str(folder), f"{package}=={version}"],
            check=True,
        )
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != digest:
        path.unlink()
        raise ValueError(f"{name} has the hash {actual}, not {digest}. It was deleted; run again.")
    return path


def stage(folder: Path, platforms: list[str], wheels: Iterable[Path]) -> None:
    """Copies what ships into `folder`, with a manifest for these platforms only."""
    text = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    text = re.sub(r"^platforms = .*$", f"platforms = {json.dumps(platforms)}", text, flags=re.MULTILINE)
    (folder / "blender_manifest.toml").write_text(text, encoding="utf-8")
    for name in ("__init__.py", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "lipsync_addon", folder / "lipsync_addon", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "wheels").mkdir()
    for wheel in wheels:
        shutil.copy(wheel, folder / "wheels")


def extension_tool(python: Path, *arguments: str) -> None:
    """Runs Blender's extension tool from the environment of this Python. Raises ValueError with what it says."""
    code = "import importlib.util; print(importlib.util.find_spec('bpy').submodule_search_locations[0])"
    package = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    tool = next(Path(package).glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    answer = subprocess.run([str(python), str(tool), *arguments], capture_output=True, text=True)
    if answer.returncode != 0:
        raise ValueError(answer.stdout + answer.stderr)


def build(platforms: list[str], output: Path, python: Path) -> list[Path]:
    """Builds and validates the zips of these platforms with the bpy module of this Python.

    Raises ValueError for a faulty manifest or wheel.
    """
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    hashes = read_hashes(ROOT / "scripts" / "wheels.sha256")
    if found := problems(manifest, hashes):
        raise ValueError("blender_manifest.toml: " + "; ".join(found))
    (ROOT / "wheels").mkdir(exist_ok=True)
    output.mkdir(parents=True, exist_ok=True)
    needed = [name for platform in platforms for name in of_platform(hashes, platform)]
    wheels = [fetch(name, hashes[name], ROOT / "wheels", python) for name in needed]
    with tempfile.TemporaryDirectory() as folder:
        source, tags = Path(folder, "source"), Path(folder, "tags.json")
        source.mkdir()
        stage(source, platforms, wheels)
        tags.write_text(json.dumps({"add-on": TAGS, "theme": []}), encoding="utf-8")
        check = ("--valid-tags", str(tags))
        places = ("--source-dir", str(source), "--output-dir", str(output))
        extension_tool(python, "build", "--split-platforms", *places, *check)
        stem = f"{manifest['id']}-{manifest['version']}"
        zips = [output / f"{stem}-{platform.replace('-', '_')}.zip" for platform in platforms]
        for path in zips:
            extension_tool(python, "validate", *check, str(path))
    return zips


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--platform", action="append", choices=PLATFORMS, help="may be given several times")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", help="folder of the zips, dist/ by default")
    options = parser.parse_args()
    try:
        zips = build(options.platform or list(PLATFORMS), options.to, ensure("blender-4.5"))
    except (ValueError, NoEnvironment) as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(f"This failed: {' '.join(map(str, error.cmd))}. The cause is above.")
    for path in zips:
        print(f"{path.stat().st_size / 1e6:6.1f} MB  {path}")


if __name__ == "__main__":
    main()
