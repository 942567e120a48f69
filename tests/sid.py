"""A Debian sid in a cached chroot: Blender, Godot, Chromium, Mono, a display without a screen, a mouse, a reader of
text.

Debian's Blender is the newest release with a real window that can be had from a package mirror; its Godot and Chromium
are consumers of our files, and Mono compiles scripts for Unity. Needs Linux, root and debootstrap; about a minute and
3 GB the first time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lipsync-window" / "sid"
PACKAGES = """blender godot chromium mono-devel python3-numpy python3-requests python3-zstandard python3-cattr
python3-pil xvfb xdotool scrot libgl1-mesa-dri libegl1 libegl-mesa0 xfonts-base fonts-dejavu-core tesseract-ocr
tesseract-ocr-eng""".split()
MOUNTS = """mount -t proc proc {root}/proc
mount -t sysfs sysfs {root}/sys
mount --rbind /dev {root}/dev
mount -t tmpfs tmpfs {root}/dev/shm
mount -t tmpfs tmpfs {root}/tmp
mount --bind {session} {root}/session
exec chroot {root} sh -c 'cd /session && exec "$@"' sh "$@"
"""


def absent() -> str:
    """Why there can be no chroot on this machine, in one line; empty if there can."""
    if not sys.platform.startswith("linux"):
        return "a Debian with Blender, Godot and Chromium is installed with debootstrap, which needs Linux"
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        return "needs root and the package debootstrap"
    return ""


def ensure() -> Path:
    """The chroot with PACKAGES installed; made on first use, finished if it was left half made."""
    import fcntl  # absent on Windows, where absent() has said so

    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with (FOLDER.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at a time make it once
        _install()
    return FOLDER


def _install() -> None:
    stamp = FOLDER / "lipsync-stamp"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == " ".join(PACKAGES):
        return
    if not (FOLDER / "usr/bin/apt-get").exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", "sid", str(FOLDER), mirror()], check=True
        )
    # A snapshot mirror's lists may be older than their date of expiry.
    (FOLDER / "etc/apt/apt.conf.d/90lipsync").write_text('Acquire::Check-Valid-Until "false";\n', encoding="ascii")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"]
    for command in (["update"], ["install", "--no-install-recommends", *PACKAGES]):
        subprocess.run(inside([*quiet, *command], FOLDER), check=True)
    stamp.write_text(" ".join(PACKAGES), encoding="ascii")


def mirror() -> str:
    """The Debian mirror that apt uses on this machine."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Created-By: Packages"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    mirrors = [line.split()[0] for line in lines if line.endswith(" Debian")]
    if not mirrors:
        raise RuntimeError("apt knows no Debian mirror: run `apt-get update`.")
    return mirrors[0]


def inside(command: list[str], session: Path) -> list[str]:
    """The command that runs `command` in the chroot, in the folder `session`, which it sees as /session.

    The mounts live in a namespace of their own and go with the command; so do all processes that it starts.
    """
    (FOLDER / "session").mkdir(exist_ok=True)
    script = MOUNTS.format(root=FOLDER, session=session)
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", script, "sh", *command]
