"""A viewing test for people: a static page that shows clips blind and in random order, and the mean opinions from
it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.errors import LipsyncError
from ..core.writing import whole_file

QUESTIONS = {"realism": "How real does the face look?", "sync": "How well do lips and sound fit?",
             "naturalness": "How natural is the motion?"}  # fmt: skip
TEMPLATE = Path(__file__).parent / "rating.html"
ROUNDS = 2000
"""Of drawing raters again, for the interval."""
ALIKE = (
    "-map 0:v:0 -map 0:a:0? -map_metadata -1 -map_chapters -1 -vf scale=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1 "
    "-c:v libx264 -preset veryfast -crf 14 -pix_fmt yuv420p -c:a aac -b:a 192k -movflags +faststart -f mp4"
).split()
"""ffmpeg's arguments that make every clip the same kind of file, which any browser shows: a suffix, a codec or metadata
would tell the original apart."""


def make_page(clips: Iterable[Path], folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """(page, key): a folder `page` with the clips under names that tell nothing, and key.json beside the folder.

    Raises LipsyncError if a clip is missing or no film, or if the folder or the key holds something already; nothing is
    written then.
    """
    clips, folder = [Path(clip) for clip in clips], Path(folder)
    if missing := next((clip for clip in clips if not clip.is_file()), None):
        raise LipsyncError(f"{missing} does not exist.", "Check the path and its spelling.")
    secret = folder.with_name(folder.name + ".key.json")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LipsyncError(f"{folder} is not empty.", "Name a new folder.")
    if secret.exists():
        raise LipsyncError(f"{secret} exists, the key of another page.", "Name another folder, or move the key away.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(seed).permutation(len(clips))
    key = {f"clip{number + 1:03d}.mp4": os.path.abspath(clips[i]) for number, i in enumerate(order)}
    data = json.dumps({"clips": list(key), "questions": QUESTIONS})
    with tempfile.TemporaryDirectory(prefix=".lipsync-", dir=folder.parent) as made:
        page = Path(made) / "page"
        page.mkdir()
        for name, clip in key.items():
            _write_alike(Path(clip), page / name)
        text = TEMPLATE.read_text(encoding="utf-8").replace("/*DATA*/null", data)
        (page / "index.html").write_text(text, encoding="utf-8")
        with whole_file(secret) as temporary:
            temporary.write_text(json.dumps(key, indent=2), encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        page.rename(folder)
    return folder / "index.html", secret


def _write_alike(clip: Path, target: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(clip), *ALIKE, str(target)]
    if subprocess.run(command, capture_output=True).returncode:
        raise LipsyncError(f"{clip} cannot be read as a film.", "Choose films that ffmpeg can play.")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What people think of one clip, or one system, in one respect."""

    what: str
    question: str
    mean: float
    interval: tuple[float, float] | None
    """95 % interval by drawing raters again; None for one rater, whose mean says nothing about others"""
    raters: int


def opinions(results: Iterable[Path], key: Mapping[str, str]) -> list[Opinion]:
    """Mean opinion scores of every folder that clips are from (a system), best sync first.

    `results`: a file of each rater. Raises LipsyncError for files that are none, or one rater's answers given twice.
    """
    systems = _systems(key)
    by_system: dict[tuple[str, str], list[list[float]]] = {}
    seen: dict[str, Path] = {}
    for path in results:
        try:
            text = Path(path).read_text(encoding="utf-8")
            saved = json.loads(text)
            mine: dict[tuple[str, str], list[float]] = {}
            for clip, answers in saved["scores"].items():
                for question, score in answers.items():
                    if question not in QUESTIONS or not 1 <= score <= 5:
                        raise ValueError(f"{question} {score}")
                    mine.setdefault((systems[clip], question), []).append(float(score))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LipsyncError(
                f"{path} holds no ratings of these clips: {error}.", "Give files that the page saved, and their key."
            ) from error
        rater = str(saved.get("rater") or text)
        if rater in seen:
            raise LipsyncError(
                f"{path} holds the same rater's answers as {seen[rater]}.", "Give each rater's file once."
            )
        seen[rater] = path
        for which, found in mine.items():
            by_system.setdefault(which, []).append(found)
    random = np.random.default_rng(0)
    opinions = []
    for (system, question), raters in by_system.items():
        means, interval = np.array([np.mean(scores) for scores in raters]), None
        if len(means) > 1:
            drawn = means[random.integers(len(means), size=(ROUNDS, len(means)))].mean(1)
            low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
            interval = (low, high)
        opinions.append(Opinion(system, question, float(means.mean()), interval, len(means)))
    order = list(QUESTIONS)
    return sorted(opinions, key=lambda each: (order.index(each.question), -each.mean))


def _systems(key: Mapping[str, str]) -> dict[str, str]:
    """{clip: its folder, by as many last parts of the path as tell it from the other folders}"""
    folders = {clip: Path(path).parent for clip, path in key.items()}
    different = set(folders.values())

    def last(folder: Path, parts: int) -> str:
        return str(Path(*folder.parts[-parts:])) if folder.parts else "."

    names = {}
    for folder in different:
        others = different - {folder}
        enough = (n for n in range(1, len(folder.parts)) if last(folder, n) not in {last(each, n) for each in others})
        names[folder] = last(folder, next(enough, max(len(folder.parts), 1)))
    return {clip: names[folder] for clip, folder in folders.items()}
