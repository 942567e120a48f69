"""The sections of the report, each from the curves and what is known about the sound."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.speech.sound_file import open_sound

from ..network import ARKIT_CHANNELS
from . import bench, exhibits, faces, speed
from .accuracy import accuracy
from .boundaries import boundaries
from .closures import BilabialCheck, SeenClosure, check_bilabials, seen_closures
from .degraded import CLEAN, CONDITIONS, degraded
from .lines import Line, LineSet, every_set, synthetic_languages
from .peers import DHLIVE, STORED, PhoneTable, dhlive_openings
from .performance import LOUDNESS, Network, Program, clip, loudness, write_all
from .statistics import Measured, ratio
from .targets import DUTCH, OTHERS, TALKER_1

LIMITS = (
    "Shouted and whispered speech: there is no such material.",
    "Faces of children, and of any language but English: the filmed talkers are six of GRID. What is said about other "
    "voices comes from their phones.",
    "Rhubarb, Cherry and DH_live do not run here: they stand where their curves are stored, which is the dev sounds as recorded, "
    "and DH_live on held-out lines of four corpora. Elsewhere loudness, our previous release and pocketsphinx's phones do, "
    "which Rhubarb's phonetic recogniser is built on. The words given and the boundaries of a text are asked of the networks alone.",
    "Held-out lines of a corpus are new lines of voices that the network may know; some prompts occur in other takes.",
    "Memory, and the command from start to file: tests/benchmarks and bench/speed.py.",
)
GRID = {TALKER_1: "grid_s1", OTHERS: "gridx"}
"""Title in the bench's tables -> set in clips.tsv."""
LANGUAGE_LINES = 3
UNKNOWN = Measured(float("nan"))


def perform_all(program: Program, lines: LineSet) -> dict[str, AnimationTrack]:
    """{line: track}"""
    return {line.name: program.perform(clip(line.samples, line.name)) for line in lines.lines}


class Report:
    """Gathers the numbers of report.json and, after them, the pictures of the page."""

    def __init__(self, networks: list[Network], curves: Path, lines: int) -> None:
        self.networks = networks
        self.programs: list[Program] = [*networks, PhoneTable()]
        """That can be asked about any sound."""
        self.curves = curves
        self.most_lines = lines

    def speed(self, paths: dict[str, Path]) -> dict[str, Any]:
        """× real time and size, with the peers' stored figures."""
        return {"programs": {n.label: speed.measure(n, paths[n.label]) for n in self.networks}, "peers": speed.peers()}

    def bench(self) -> dict[str, Any]:
        """The bench's tables on curves that go from file to file as a user's do."""
        results: dict[str, dict[str, dict]] = {}
        for network in self.networks:
            folder, label = self.curves / network.label, network.label
            bench.bake(network, folder)
            clips = ("--clips", ",".join(bench.clip_sets()))
            results.setdefault("score.py", {})[label] = bench.run("score.py", folder, *clips, name=label)
            results.setdefault("articulation.py", {})[label] = bench.run("articulation.py", folder, name=label)
        tables = {
            name: bench.with_previous(results[script]["ours"], results[script].get("previous"))
            for name, script in (("faces", "score.py"), ("articulation", "articulation.py"))
        }
        return tables | {"paired": self._paired()}

    def everything_else(self, faces_table: dict[str, dict]) -> dict[str, Any]:
        """All sections but the bench's; long, but each part is short. `faces_table`: the bench's, for its peers."""
        numbers: dict[str, Any] = {"clips": self._clip_scores(), "closures": self._closure_counts()}
        with tempfile.TemporaryDirectory() as temporary:
            numbers["degraded"], noted = self._degraded(Path(temporary), faces_table)
            numbers |= self._lines(Path(temporary))
        numbers["bilabials"] |= noted | self._words_known()
        numbers["boundaries"] = boundaries(self.networks[0], self.most_lines)
        numbers["languages"] = self._languages()
        numbers["mandarin"] = {
            take: {"what": faces.TAKES[take], "programs": programs}
            for take, programs in faces.jaw_of_takes(self.programs).items()
        }
        numbers["rest"] = self._rest()
        return numbers

    def pictures(self, numbers: dict[str, Any]) -> dict[str, Any]:
        """What the page shows beside `numbers` (as in report.json)."""
        faces_table = numbers["faces"]
        shown: dict[str, Any] = {"cards": exhibits.cards(faces_table), "bars": exhibits.bench_bars(faces_table)}
        if "clips" in numbers:
            labels = [network.label for network in self.networks]
            shown["clips"] = exhibits.clips(numbers["clips"], self.curves, labels)
            shown["closures"] = exhibits.closures(self._seen, self.curves / "ours")
            shown["confusions"] = exhibits.confusions(numbers["hearing"])
            shown["languages"] = exhibits.languages(numbers["languages"])
            shown["degraded_sets"] = list(GRID)
        return shown

    # Against faces

    @cached_property
    def _clip_names(self) -> dict[str, list[str]]:
        """{title: clips} of the filmed talkers."""
        sets = bench.clip_sets()
        return {title: [name for name, member in sets.items() if member == key] for title, key in GRID.items()}

    def _clip_scores(self) -> dict[str, dict[str, float]]:
        """{title: {clip: r_sp0}}"""
        folder = self.curves / "ours"
        return {
            title: {name: faces.unshifted_r(name, folder / f"{name}.csv") for name in names}
            for title, names in self._clip_names.items()
        }

    def _paired(self) -> dict[str, Measured]:
        """{title: r_sp0 of this network minus the previous one's on the same clips}"""
        if len(self.networks) < 2:
            return {}
        found = {}
        for title, names in self._clip_names.items():
            ours, theirs = (
                np.array([faces.unshifted_r(name, self.curves / network.label / f"{name}.csv") for name in names])
                for network in self.networks
            )
            found[title] = ratio(ours - theirs, np.ones(len(names)))
        return found

    @cached_property
    def _seen(self) -> list[SeenClosure]:
        folder = self.curves / "ours"
        names = [name for names in self._clip_names.values() for name in names]
        return [closure for name in names for closure in seen_closures(name, folder / f"{name}.csv")]

    def _closure_counts(self) -> dict[str, int]:
        kinds = [closure.kind for closure in self._seen]
        return {kind.replace(" ", "_"): kinds.count(kind) for kind in ("found", "missed", "wrongly shut")}

    def _degraded(self, folder: Path, faces_table: dict[str, dict]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Scores by condition, loudness as the last program; and the bilabials of the clean clips."""
        result: dict[str, Any] = {}
        clean: dict[str, Any] = {title: {} for title in GRID}
        for condition, what in CONDITIONS.items():
            sounds = {
                name: degraded(condition, exhibits.sound_of(name), seed)
                for seed, name in enumerate(name for names in self._clip_names.values() for name in names)
            }
            programs: dict[str, dict] = {title: {} for title in GRID}
            for program in self.programs:
                tracks = {name: program.perform(clip(samples, name)) for name, samples in sounds.items()}
                checks = {title: self._bilabials(title, tracks) for title in GRID}
                for title, row in self._scores(tracks, folder / condition / program.label).items():
                    programs[title][program.label] = row | {"hit": checks[title].hit}
                    if condition == CLEAN:
                        clean[title][program.label] = checks[title]
            openings = {name: loudness(samples) for name, samples in sounds.items()}
            for title, row in self._scores(openings, folder / condition / LOUDNESS).items():
                stored = faces_table[title] if condition == CLEAN else {}
                for name in (name for name in STORED if name in stored):
                    value, error = stored[name]["value"], stored[name]["error"]
                    programs[title][name] = {key: Measured(value[key], error[key]) for key in row} | {"hit": UNKNOWN}
                programs[title][LOUDNESS] = row | {"hit": UNKNOWN}
            result[condition] = {"what": what, "programs": programs}
        return result, clean

    def _scores(self, tracks: dict[str, AnimationTrack], folder: Path) -> dict[str, dict[str, Measured]]:
        """{title: r_sp0 and closure AUC} by score.py."""
        write_all(tracks, folder)
        scores = bench.run("score.py", folder, "--clips", ",".join(tracks), "--boot", "100")
        rows = {title: scores[title]["ours"] for title in GRID}
        return {
            title: {key: Measured(row["value"][key], row["error"][key]) for key in ("r_sp0", "clos_auc")}
            for title, row in rows.items()
        }

    def _bilabials(self, title: str, tracks: dict[str, AnimationTrack]) -> BilabialCheck:
        lines = [Line(name, np.zeros(0, np.float32), bench.clip_phones(name)) for name in self._clip_names[title]]
        check = check_bilabials(lines, tracks)
        if title == TALKER_1:  # only p, b, m and pauses are known there
            return dataclasses.replace(check, precision=UNKNOWN, chance_precision=UNKNOWN, sealed_at={})
        return check

    def _words_known(self) -> dict[str, dict[str, BilabialCheck]]:
        """{"…, words known": {program: bilabials}} of the dev clips and utterances, baked with what is said in them."""
        texts, sounds, dutch = bench.dev_texts(), bench.dev_sounds(), bench.dutch_phones()
        found: dict[str, dict[str, BilabialCheck]] = {}
        spoken = [name for name in dutch if name in sounds][: self.most_lines]
        for title, names in (self._clip_names | {DUTCH: spoken}).items():
            for network in self.networks:
                opened = {name: open_sound(sounds[name], network.predictor.spec.sample_rate) for name in names}
                tracks = {name: network.perform_words(sound, *texts[name]) for name, sound in opened.items()}
                lines = [Line(name, np.zeros(0, np.float32), dutch[name]) for name in names if name in dutch]
                check = check_bilabials(lines, tracks) if lines else self._bilabials(title, tracks)
                found.setdefault(f"{title}, words known", {})[network.label] = check
        return found

    def _rest(self) -> dict[str, Any]:
        sounds: dict[str, dict] = {"pauses of the GRID dev clips": {}}
        for program in self.programs:
            tracks = {name: program.perform(clip(exhibits.sound_of(name), name)) for name in self._clip_names[TALKER_1]}
            sounds["pauses of the GRID dev clips"][program.label] = faces.rest_in_pauses(tracks)
            for title, rest in faces.rest_without_speech(program).items():
                sounds.setdefault(title, {})[program.label] = rest
        return {"channels": len(ARKIT_CHANNELS), "sounds": sounds}

    # By phones

    def _lines(self, folder: Path) -> dict[str, Any]:
        """Hearing, articulation and bilabials of every set of lines."""
        hearing, voices, bilabials = {}, {}, {}
        for lines in every_set(self.networks[0], self.most_lines):
            tracks = {program.label: perform_all(program, lines) for program in self.programs}
            hearing[lines.title] = {
                "language": lines.language,
                "phones_from": lines.phones_from,
                "unheard": lines.unheard,
                "programs": {label: accuracy(lines.lines, heard) for label, heard in tracks.items()},
            }
            openings = dhlive_openings()
            stored = {line.name: openings[line.name] for line in lines.lines if line.name in openings}
            if lines.lines and len(stored) == len(lines.lines):
                tracks[DHLIVE] = stored
            bilabials[lines.title] = {label: check_bilabials(lines.lines, heard) for label, heard in tracks.items()}
            voices[lines.title] = self._articulation(lines, tracks, folder / lines.title)
        return {"hearing": hearing, "voices": voices, "bilabials": bilabials}

    @staticmethod
    def _articulation(lines: LineSet, tracks: dict[str, dict[str, AnimationTrack]], folder: Path) -> dict[str, dict]:
        """{program: numbers of articulation.py}, loudness as the last."""
        folder.mkdir()
        phones = json.dumps({line.name: line.phones for line in lines.lines})
        (folder / "phones.json").write_text(phones, encoding="utf-8")
        loud = {line.name: loudness(line.samples) for line in lines.lines}
        scored = {}
        for label, performed in (tracks | {LOUDNESS: loud}).items():
            write_all(performed, folder / label)
            result = bench.run("articulation.py", folder / label, "--speech", str(folder))
            scored[label] = result[folder.name]["ours"]
        return scored

    def _languages(self) -> dict[str, dict[str, Any]]:
        """{language: {program: visemes and phone errors}} of synthetic speech."""
        found = {}
        for lines in synthetic_languages(min(LANGUAGE_LINES, self.most_lines)):
            heard = {}
            for network in self.networks:
                result = accuracy(lines.lines, perform_all(network, lines))
                heard[network.label] = {"visemes": result.visemes, "phone_errors": result.phone_errors}
            found[lines.title] = heard
        return found
