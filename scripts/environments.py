"""Makes the virtual environments of this checkout, in .venvs/, from the extras in pyproject.toml.

    python3 scripts/environments.py                 all of them
    python3 scripts/environments.py blender-4.5     one

An environment whose stamp matches is used as it is; one that is missing, outdated or half made is completed.
Standard library only, so that it runs on a fresh machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit(
        f"Python 3.11 is needed and this is {sys.version.split()[0]}: install it and run `python3.11 {sys.argv[0]}`."
    )

import tomllib

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venvs"


@dataclass(frozen=True)
class Environment:
    """A Python version and the extras of pyproject.toml that go into it."""

    python: str
    extras: tuple[str, ...]
    size: str
    """What the user waits for, in words."""


ENVIRONMENTS = {
    "blender-4.5": Environment(
        "3.11", ("test", "batch", "cluster", "engines", "blender-4-5"), "Blender 4.5 as a module, about 1.3 GB"
    ),
    "blender-5.0": Environment(
        "3.11", ("test", "batch", "cluster", "engines", "blender-5-0"), "Blender 5.0 as a module, about 1.3 GB"
    ),
    "train": Environment("3.11", ("test", "train"), "PyTorch and librosa, 1.5 GB and more"),
    "video": Environment("3.11", ("test", "video"), "MediaPipe and OpenCV, about 900 MB"),
    "core-3.13": Environment("3.13", ("test", "batch", "cluster"), "about 200 MB"),
}


class NoEnvironment(Exception):
    """An environment cannot be made here; the message says why and what to do."""


def ensure(name: str) -> Path:
    """The environment's Python, after making or completing the environment if that is needed.

    Raises NoEnvironment where there is no fitting Python or pip fails.
    """
    environment = ENVIRONMENTS[name]
    folder = FOLDER / name
    python, stamp = python_of(folder), folder / "lipsync-stamp"
    wanted = _requirements_hash(environment)
    works = _version(str(python), needs="pip") == environment.python
    if works and stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return python
    start = time.monotonic()
    print(f"{name}: making the environment in {folder.relative_to(ROOT)} ({environment.size})", flush=True)
    if not works:
        _run([*find_python(environment.python), "-m", "venv", "--clear", str(folder)])
    project = f"{ROOT}[{','.join(environment.extras)}]"
    _run([str(python), "-m", "pip", "install", "--disable-pip-version-check", "--editable", project])
    stamp.write_text(wanted, encoding="ascii")
    print(f"{name}: ready after {time.monotonic() - start:.0f} s", flush=True)
    return python


def python_of(folder: Path) -> Path:
    """The Python inside a virtual environment, whether it exists or not."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def command_of(python: Path, command: str) -> Path:
    """A command that pip installed beside this Python."""
    return python.with_name(command + (".exe" if os.name == "nt" else ""))


def find_python(version: str) -> list[str]:
    """The command that starts a Python of this version, such as "3.11". Raises NoEnvironment."""
    for command in _candidates(version):
        if _version(*command) == version:
            return command
    raise NoEnvironment(
        f"No Python {version} with venv was found: install it from python.org, "
        f"or the package python{version}-venv on Debian and Ubuntu."
    )


def _candidates(version: str) -> Iterator[list[str]]:
    yield [sys.executable]
    if found := shutil.which(f"python{version}"):
        yield [found]
    if launcher := shutil.which("py"):
        yield [launcher, f"-{version}"]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for folder in sorted(pyenv.glob(f"versions/{version}*"), reverse=True):
        yield [str(folder / "bin" / "python")]


def _version(*command: str, needs: str = "ensurepip") -> str:
    """The version of this Python, such as "3.11"; nothing if it does not start or lacks the module it `needs`."""
    code = f"import sys, {needs}; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([*command, "-c", code], capture_output=True, text=True)
    except OSError:
        return ""
    return answer.stdout.strip()


def _requirements_hash(environment: Environment) -> str:
    """Changes when the environment has to be installed again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: project["optional-dependencies"][name] for name in environment.extras}
    parts = [environment.python, str(ROOT), project["dependencies"], extras, project["scripts"], project["version"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _run(command: list[str]) -> None:
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise NoEnvironment(f"This failed: {' '.join(command)}. Run again once the cause above is gone.")


def main() -> None:
    """Makes the environments named on the command line, or all."""
    unknown = set(sys.argv[1:]) - set(ENVIRONMENTS)
    if unknown:
        sys.exit(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join(ENVIRONMENTS)}.")
    for name in sys.argv[1:] or ENVIRONMENTS:
        try:
            print(f"{name}: {ensure(name)}")
        except NoEnvironment as error:
            print(f"{name}: {error}")


if __name__ == "__main__":
    main()
