"""A Debian sid with Blender, a display without a screen, a mouse and a reader of text, in a cached chroot.

Debian's Blender is the newest release with a real window that can be had from a package mirror. Needs Linux,
root and debootstrap; about two minutes and 2 GB the first time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lipsync-window" / "sid"
PACKAGES = """blender python3-numpy python3-requests python3-zstandard python3-cattr python3-pil xvfb xdotool scrot
libgl1-mesa-dri libegl1 libegl-mesa0 xfonts-base fonts-dejavu-core tesseract-ocr tesseract-ocr-eng""".split()
MOUNTS = """mount -t proc proc {root}/proc
mount -t sysfs sysfs {root}/sys
mount --rbind /dev {root}/dev
mount -t tmpfs tmpfs {root}/dev/shm
mount -t tmpfs tmpfs {root}/tmp
mount --bind {session} {root}/session
exec chroot {root} {command}"""


def ensure() -> Path:
    """The chroot with PACKAGES installed; made on first use, finished if it was left half made."""
    stamp = FOLDER / "lipsync-stamp"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == " ".join(PACKAGES):
        return FOLDER
    if not (FOLDER / "usr/bin/apt-get").exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", "sid", str(FOLDER), mirror()], check=True
        )
    # A snapshot mirror's lists may be older than their date of expiry.
    (FOLDER / "etc/apt/apt.conf.d/90lipsync").write_text('Acquire::Check-Valid-Until "false";\n', encoding="ascii")
    run(["apt-get", "-qq", "update"], FOLDER)
    run(
        [
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-qq",
            "-y",
            "install",
            "--no-install-recommends",
            *PACKAGES,
        ],
        FOLDER,
    )
    stamp.write_text(" ".join(PACKAGES), encoding="ascii")
    return FOLDER


def mirror() -> str:
    """The Debian mirror that apt uses on this machine."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Created-By: Packages"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    mirrors = [line.split()[0] for line in lines if line.endswith(" Debian")]
    if not mirrors:
        raise RuntimeError("apt knows no Debian mirror: run `apt-get update`.")
    return mirrors[0]


def run(command: list[str], session: Path) -> None:
    """Runs a command in the chroot, which sees the folder `session` as /session. Raises CalledProcessError.

    The mounts live in a namespace of their own and go with the command; so do all processes that it starts.
    """
    (FOLDER / "session").mkdir(exist_ok=True)
    script = MOUNTS.format(root=FOLDER, session=session, command='"$@"')
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", script, "sh"]
    subprocess.run([*unshare, *command], check=True)
