"""A viewing test for people: a static page that shows clips blind and in random order, and the mean opinions from it."""

from __future__ import annotations

import json
import shutil
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


def make_page(clips: Iterable[Path], folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """(page, key): a folder `page` with the clips under names that tell nothing, and key.json beside the folder.

    Raises LipsyncError if a clip is missing or the folder holds something already.
    """
    clips = [Path(clip) for clip in clips]
    if missing := next((clip for clip in clips if not clip.is_file()), None):
        raise LipsyncError(f"{missing} does not exist.", "Check the path and its spelling.")
    if folder.exists() and any(folder.iterdir()):
        raise LipsyncError(f"{folder} is not empty.", "Name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(seed).permutation(len(clips))
    key = {f"clip{number + 1:03d}{clips[i].suffix.lower()}": str(clips[i]) for number, i in enumerate(order)}
    for name, clip in key.items():
        shutil.copyfile(clip, folder / name)
    data = json.dumps({"clips": list(key), "questions": QUESTIONS})
    page, secret = folder / "index.html", folder.with_name(folder.name + ".key.json")
    for path, text in (
        (page, TEMPLATE.read_text(encoding="utf-8").replace("/*DATA*/null", data)),
        (secret, json.dumps(key, indent=2)),
    ):
        with whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return page, secret


@dataclass(frozen=True, slots=True)
class Opinion:
    """What people think of one clip, or one system, in one respect."""

    what: str
    question: str
    mean: float
    low: float
    high: float
    """95 % interval by drawing raters again"""
    raters: int


def opinions(results: Iterable[Path], key: Mapping[str, str]) -> list[Opinion]:
    """Mean opinion scores of every folder that clips are from (a system), best sync first.

    `results`: a file of each rater. Raises LipsyncError for files that are none.
    """
    by_system: dict[tuple[str, str], list[list[float]]] = {}
    for path in results:
        try:
            scores = json.loads(Path(path).read_text(encoding="utf-8"))["scores"]
            mine: dict[tuple[str, str], list[float]] = {}
            for clip, answers in scores.items():
                for question, score in answers.items():
                    if question not in QUESTIONS or not 1 <= score <= 5:
                        raise ValueError(f"{question} {score}")
                    mine.setdefault((Path(key[clip]).parent.name or ".", question), []).append(float(score))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LipsyncError(
                f"{path} holds no ratings of these clips: {error}.", "Give files that the page saved, and their key."
            ) from error
        for which, found in mine.items():
            by_system.setdefault(which, []).append(found)
    random = np.random.default_rng(0)
    opinions = []
    for (system, question), raters in by_system.items():
        means = np.array([np.mean(scores) for scores in raters])
        drawn = means[random.integers(len(means), size=(ROUNDS, len(means)))].mean(1)
        low, high = np.quantile(drawn, (0.025, 0.975))
        opinions.append(Opinion(system, question, float(means.mean()), float(low), float(high), len(means)))
    order = list(QUESTIONS)
    return sorted(opinions, key=lambda each: (order.index(each.question), -each.mean))
