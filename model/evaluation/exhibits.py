"""Pictures and sounds for the page, chosen by the numbers of report.json."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipsync_addon.core.phones import BILABIALS
from lipsync_addon.speech.sound_file import open_sound

from ..datasets.corpora import corpus_sound
from ..paths import BENCH, SPEECH
from . import bench, figures
from .accuracy import worst_confusions
from .closures import SeenClosure
from .faces import best_median_worst
from .performance import CURVE_FPS, SAMPLE_RATE, Program, clip, opening
from .targets import OTHERS, TALKER_1

EXCERPT_S = 0.6
SHOWN = {"missed": 8, "wrongly shut": 6, "found": 6}
"""Closures of each kind on the page."""
ACTED, ACTED_SHOWN, ACTED_S = "a2f_samples_en", 5, 8.0
"""Corpus of acted emotions, how many of them are shown, and how long (s)."""
STORED = {"dhlive": "DH_live", "rhubarb_phonetic": "Rhubarb, phonetic", "rms_band_db": "loudness"}
"""Peers whose curves are drawn beside ours, as the bench stores them."""
PICTURED = (
    "English, other readers", "Dutch, dev", "Spanish", "German, one woman", "Women, accented English",
    "Children to 12, accented English",
)  # fmt: skip
"""Sets whose confusion of visemes is drawn."""


def bench_bars(faces: Mapping[str, Any]) -> list[str]:
    """r_sp0 and closure AUC of the programs, for both sets of talkers."""
    pictures = []
    for title in (TALKER_1, OTHERS):
        shown = [n for n in bench.PROGRAMS if n in faces[title] and "wrong" not in n and "itself" not in n]
        rows = {name: faces[title][name] for name in shown}
        colours = [{"ours": figures.OURS, "previous": figures.EARLIER}.get(name, "#c4ccd5") for name in rows]
        for key, what, goal in (("r_sp0", "r_sp without shift", 0.80), ("clos_auc", "closure AUC", 0.97)):
            bars = [(bench.PROGRAMS[n], r["value"][key], r["error"].get(key) or 0.0) for n, r in rows.items()]
            pictures.append(figures.bars_picture(bars, f"{what}: {title}", goal, colours))
    return pictures


def clips(scores: Mapping[str, Mapping[str, float]], curves: Path, labels: Sequence[str]) -> list[dict[str, Any]]:
    """The best, middle and worst clip of each set: picture, sound, words."""
    texts = json.loads((BENCH / "dev" / "texts.json").read_text(encoding="utf-8"))
    shown = []
    for title, by_clip in scores.items():
        for word, name in best_median_worst(by_clip):
            samples = sound_of(name)
            picture = _clip_picture(name, samples, curves, labels)
            facts = {"set": title, "word": word, "clip": name, "r": by_clip[name], "text": texts.get(name, "")}
            shown.append(facts | {"picture": picture, "sound": figures.mp3(samples)})
    return shown


def _clip_picture(name: str, samples: NDArray[np.float32], curves: Path, labels: Sequence[str]) -> str:
    tools = bench.script("eval_openness")
    face = tools.read_gt(str(BENCH / "dev" / "gt" / f"{name}.csv"))
    ours = {bench.PROGRAMS[label]: tools.read_pred(str(curves / label / f"{name}.csv"), CURVE_FPS) for label in labels}
    for program, label in STORED.items():
        times, lips = tools.read_pred(str(BENCH / "peers" / program / f"{name}.csv"))
        ours[label] = (times, lips * (tools.level(face[1]) / tools.level(lips)))
    phones = bench.clip_phones(name)
    said = bench.clip_words(name) or [(a, b, unit) for a, b, unit in phones if unit != "sil"]
    said = [part for part in said if part[2] not in ("sil", "sp")]
    closed = [part for part in phones if part[2] in BILABIALS]
    return figures.clip_picture(samples, face, ours, said, closed, (0.0, len(samples) / SAMPLE_RATE))


def closures(seen: Sequence[SeenClosure], curves: Path) -> list[dict[str, Any]]:
    """The most open of the missed, the most shut of the wrongly shut, and found ones spread over the clips."""
    chosen: list[SeenClosure] = []
    for kind, most in SHOWN.items():
        of_kind = [closure for closure in seen if closure.kind == kind]
        if kind == "found":
            of_kind = of_kind[:: max(len(of_kind) // most, 1)]
        else:
            of_kind.sort(key=lambda closure: closure.aperture, reverse=kind == "missed")
        chosen += of_kind[:most]
    return [_closure(closure, curves) for closure in chosen]


def _closure(closure: SeenClosure, curves: Path) -> dict[str, Any]:
    tools = bench.script("eval_openness")
    samples = sound_of(closure.clip)
    middle = (closure.start + closure.end) / 2
    end = min(max(middle + EXCERPT_S / 2, EXCERPT_S), len(samples) / SAMPLE_RATE)
    window = (end - EXCERPT_S, end)
    scaled = lambda curve: (curve[0], curve[1] / tools.level(curve[1]))  # noqa: E731
    face = scaled(tools.read_gt(str(BENCH / "dev" / "gt" / f"{closure.clip}.csv")))
    curve = scaled(tools.read_pred(str(curves / f"{closure.clip}.csv"), CURVE_FPS))
    part = samples[round(window[0] * SAMPLE_RATE) : round(window[1] * SAMPLE_RATE)]
    said = bench.clip_words(closure.clip) or bench.clip_phones(closure.clip)
    return {
        "kind": closure.kind,
        "clip": closure.clip,
        "middle": middle,
        "word": next((word for a, b, word in said if a <= middle < b and word != "sil"), ""),
        "picture": figures.closure_picture(samples, face, curve, (closure.start, closure.end), window),
        "sound": figures.mp3(part),
    }


def confusions(hearing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Matrices of the sets in PICTURED that there are."""
    shown = []
    for title in PICTURED:
        if title in hearing:
            confusion = np.array(hearing[title]["programs"]["ours"]["confusion"])
            worst = worst_confusions(confusion)
            shown.append({"title": title, "worst": worst, "picture": figures.confusion_picture(confusion)})
    return shown


def languages(shares: Mapping[str, Any]) -> str:
    """Visemes that ours has right, by language of espeak-ng."""
    ours = {language: programs["ours"]["visemes"]["value"] for language, programs in shares.items()}
    return figures.languages_picture(ours, 0.60)


def acted(programs: Sequence[Program]) -> list[dict[str, Any]]:
    """What every program does in voices that act emotions, to look at and to listen to: nothing there is known to judge
    it by."""
    with open(SPEECH / ACTED / "utterances.tsv", encoding="utf-8") as file:
        rows = {row["utt"]: row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    emotions: dict[str, str] = {}
    for name, row in rows.items():
        if row["language"].startswith("en"):
            emotions.setdefault(row["emotion"], name)
    chosen = {name: emotion for emotion, name in list(emotions.items())[:ACTED_SHOWN]}
    shown = []
    for name, samples in corpus_sound(ACTED):
        if name in chosen:
            part = samples[: round(ACTED_S * SAMPLE_RATE)]
            tracks = {bench.PROGRAMS[p.label]: p.perform(clip(part, name), "en") for p in programs}
            curves = {label: (track.times, opening(track)) for label, track in tracks.items() if track}
            picture = figures.clip_picture(part, None, curves, (), (), (0.0, len(part) / SAMPLE_RATE))
            facts = {"clip": name, "voice": rows[name]["speaker"], "emotion": chosen[name]}
            shown.append(facts | {"picture": picture, "sound": figures.mp3(part)})
    return shown


def cards(faces: Mapping[str, Any]) -> list[dict[str, str]]:
    """The figures that a reader looks for first."""
    pairs = (("r_sp0", "r_sp0"), ("closure AUC", "clos_auc"))
    return [
        {"what": f"{what}, {title}", "value": f"{faces[title]['ours']['value'][key]:.3f}"}
        for title in (TALKER_1, OTHERS)
        for what, key in pairs
    ]


def sound_of(name: str) -> NDArray[np.float32]:
    """[N] samples at 16 kHz of a dev sound."""
    return np.concatenate(list(open_sound(bench.dev_sounds()[name], SAMPLE_RATE).blocks()))
