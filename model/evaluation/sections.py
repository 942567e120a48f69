"""The sections of the report, each from the curves and what is known about the sound. Every program has a row in every
table."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_addon.core.track import AnimationTrack

from ..network import ARKIT_CHANNELS
from . import bench, exhibits, faces, speed
from .accuracy import accuracy, hears, right_frames
from .boundaries import boundaries
from .closures import BilabialCheck, SeenClosure, bilabial_hits, check_bilabials, seen_closures
from .degraded import CLEAN, CONDITIONS, degraded
from .lines import Line, LineSet, every_set, synthetic_languages
from .peers import peers, repeated
from .performance import CURVE_FPS, Network, Program, clip, opening, write_all
from .statistics import UNKNOWN, Figure, Measured, mean
from .targets import DUTCH, OTHERS, TALKER_1

LIMITS = (
    "Shouted, whispered and sung speech: there is no such material with a face, phones or a text, so it is in no "
    "table. Acted emotions, without either, can be listened to in “Acted voices”.",
    "Faces of children, and of any language but English: the filmed talkers are six of GRID. What is said about other "
    "voices comes from their phones.",
    "Held-out lines of a corpus are new lines of voices that the network may know; some prompts occur in other takes.",
    "Memory, and the command from start to file: tests/benchmarks and bench/speed.py.",
)
GRID = {TALKER_1: "grid_s1", OTHERS: "gridx"}
"""Title in the bench's tables -> set in clips.tsv."""
LANGUAGE_LINES = 3
Tracks = dict[str, AnimationTrack]
"""{line: track}"""


def perform_all(program: Program, lines: LineSet) -> Tracks | None:
    """None where the program has nothing for one of them."""
    tracks = {line.name: program.perform(clip(line.samples, line.name), lines.tag) for line in lines.lines}
    return None if any(track is None for track in tracks.values()) else tracks


class Report:
    """Gathers the numbers of report.json and, after them, the pictures of the page."""

    def __init__(self, networks: list[Network], curves: Path, lines: int) -> None:
        self.networks = networks
        others, self.absent = peers()
        self.programs: list[Program] = [*networks, *others]
        self.curves = curves
        self.most_lines = lines

    def speed(self, paths: dict[str, Path]) -> dict[str, Any]:
        """× real time and size, with the peers' stored figures."""
        return {"programs": {n.label: speed.measure(n, paths[n.label]) for n in self.networks}, "peers": speed.peers()}

    def bench(self) -> dict[str, Any]:
        """The bench's tables on curves that go from file to file as a user's do."""
        tables: dict[str, Any] = {"faces": {}, "articulation": {}}
        for network in self.networks:
            bench.bake(network, self.curves / network.label)
            self._judge(network.label, tables)
        return tables

    def _judge(self, label: str, tables: dict[str, Any]) -> None:
        """Puts the rows of the curves in a program's folder into the bench's tables."""
        clips = ("--clips", ",".join(bench.clip_sets()))
        for name, script, options in (("faces", "score.py", clips), ("articulation", "articulation.py", ())):
            result = bench.run(script, self.curves / label, *options, name=label)
            for title, rows in result.items():
                tables[name][title] = rows | tables[name].get(title, {})

    def everything_else(self, tables: dict[str, Any]) -> dict[str, Any]:
        """All sections but the bench's; long, but each part is short. `tables`: the bench's, which get the programs it
        lacks."""
        numbers: dict[str, Any] = {"clips": self._clip_scores(), "repeated": repeated(self.programs)}
        self._complete(tables)
        numbers["closures"] = self._closure_counts()
        numbers["degraded"], numbers["paired"], noted = self._degraded()
        numbers |= self._lines()
        numbers["bilabials"] |= noted | self._words_known()
        numbers["boundaries"] = boundaries(self.programs, self.most_lines)
        numbers["languages"], numbers["language_means"] = self._languages()
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
            shown["closures"] = exhibits.closures(self._seen["ours"], self.curves / "ours")
            shown["confusions"] = exhibits.confusions(numbers["hearing"])
            shown["languages"] = exhibits.languages(numbers["languages"])
            shown["acted"] = exhibits.acted(self.programs)
            shown["degraded_sets"] = list(GRID)
        return shown

    # Against faces

    @cached_property
    def _clip_names(self) -> dict[str, list[str]]:
        """{title: clips} of the filmed talkers."""
        sets = bench.clip_sets()
        return {title: [name for name, member in sets.items() if member == key] for title, key in GRID.items()}

    @cached_property
    def _as_recorded(self) -> dict[str, Tracks | None]:
        """{program: its tracks of the filmed clips}"""
        return self._of_clips({name: exhibits.sound_of(name) for names in self._clip_names.values() for name in names})

    def _of_clips(self, sounds: Mapping[str, np.ndarray], condition: str = CLEAN) -> dict[str, Tracks | None]:
        """{program: tracks}; clips that are changed have other names than those that stored curves are found by."""
        called = {name: name if condition == CLEAN else f"{name}, {condition}" for name in sounds}
        found: dict[str, Tracks | None] = {}
        for program in self.programs:
            tracks = {n: program.perform(clip(samples, called[n]), "en") for n, samples in sounds.items()}
            found[program.label] = None if any(track is None for track in tracks.values()) else tracks
        return found

    def _complete(self, tables: dict[str, Any]) -> None:
        """Rows in the bench's tables for programs whose curves it does not store."""
        dutch = bench.dutch_phones()
        sounds = {name: exhibits.sound_of(name) for name in bench.dev_sounds()}
        for program in self.programs:
            if isinstance(program, Network) or all(program.label in rows for rows in tables["faces"].values()):
                continue
            tags = {name: "nl" if name in dutch else "zh" if name == faces.DEV_CLIP else "en" for name in sounds}
            tracks = {name: program.perform(clip(samples, name), tags[name]) for name, samples in sounds.items()}
            write_all({name: track for name, track in tracks.items() if track}, self.curves / program.label)
            if any(tracks.values()):
                self._judge(program.label, tables)

    def _clip_scores(self) -> dict[str, dict[str, float]]:
        """{title: {clip: r_sp0}}"""
        found = {}
        for title, names in self._clip_names.items():
            _, clips = faces.scored({name: self._as_recorded["ours"][name] for name in names})
            found[title] = {result["clip"]: float(result["r_sp0"]) for result in clips}
        return found

    @cached_property
    def _seen(self) -> dict[str, list[SeenClosure] | None]:
        """{program: closures}; ours from the files, which the pictures show."""
        read = bench.script("eval_openness").read_pred
        found: dict[str, list[SeenClosure] | None] = {}
        for label, tracks in self._as_recorded.items():
            curves = {name: (track.times, opening(track)) for name, track in (tracks or {}).items()}
            if label == "ours":
                curves = {name: read(str(self.curves / label / f"{name}.csv"), CURVE_FPS) for name in curves}
            found[label] = [closure for name, curve in curves.items() for closure in seen_closures(name, *curve)]
            found[label] = found[label] if tracks else None
        return found

    def _closure_counts(self) -> dict[str, dict[str, int] | None]:
        kinds = {label: seen and [closure.kind for closure in seen] for label, seen in self._seen.items()}
        return {
            label: kind and {k.replace(" ", "_"): kind.count(k) for k in ("found", "missed", "wrongly shut")}
            for label, kind in kinds.items()
        }

    def _degraded(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Scores by condition; as recorded, r_sp0 and closure AUC of ours less each other's; and the bilabials
        there."""
        result: dict[str, Any] = {}
        paired: dict[str, Any] = {}
        clean: dict[str, Any] = {}
        for condition, what in CONDITIONS.items():
            sounds = {
                name: degraded(condition, exhibits.sound_of(name), seed)
                for seed, name in enumerate(name for names in self._clip_names.values() for name in names)
            }
            performed = self._as_recorded if condition == CLEAN else self._of_clips(sounds, condition)
            programs: dict[str, dict] = {title: {} for title in GRID}
            lags: dict[str, float] = {}
            for title, names in self._clip_names.items():
                ours: faces.Scored = []
                for label, every in performed.items():
                    if every is None:
                        programs[title][label] = None
                        continue
                    tracks = {name: every[name] for name in names}
                    scores, clips = faces.scored(tracks, lags.get(label))
                    lags.setdefault(label, scores["lag"].value)  # five clips are too few to find it
                    ours = ours or clips
                    row = {key: scores[key] for key in ("r_sp0", "clos_auc", "sil_move")}
                    row |= {"hit": self._bilabials(title, tracks).hit, "ahead": faces.minus(ours, clips)}
                    programs[title][label] = row
                if condition == CLEAN:
                    paired[title] = {
                        label: row and row["ahead"] for label, row in programs[title].items() if label != "ours"
                    }
                    clean[title] = self._bilabial_rows(
                        title, {label: every and {n: every[n] for n in names} for label, every in performed.items()}
                    )
            result[condition] = {"what": what, "programs": programs}
        return result, paired, clean

    def _bilabial_lines(self, title: str) -> list[Line]:
        return [Line(name, np.zeros(0, np.float32), bench.clip_phones(name)) for name in self._clip_names[title]]

    def _bilabials(self, title: str, tracks: Tracks) -> BilabialCheck:
        check = check_bilabials(self._bilabial_lines(title), tracks)
        if title == TALKER_1:  # only p, b, m and pauses are known there
            return dataclasses.replace(check, precision=UNKNOWN, chance_precision=UNKNOWN, sealed_at={})
        return check

    def _bilabial_rows(
        self, title: str, performed: Mapping[str, Tracks | None], lines: Sequence[Line] = ()
    ) -> dict[str, BilabialCheck | None]:
        """{program: check}, with the hit of ours less each other's. `lines`: those of a set that is not filmed."""
        ours = bilabial_hits(title, lines or self._bilabial_lines(title), performed["ours"])
        rows: dict[str, BilabialCheck | None] = {}
        for label, tracks in performed.items():
            if tracks is None:
                rows[label] = None
                continue
            check = check_bilabials(lines, tracks) if lines else self._bilabials(title, tracks)
            theirs = bilabial_hits(title, lines or self._bilabial_lines(title), tracks)
            rows[label] = dataclasses.replace(check, ahead=ours.minus(theirs))
        return rows

    def _words_known(self) -> dict[str, dict[str, BilabialCheck | None]]:
        """{"…, words known": {program: bilabials}} of the dev clips and utterances, performed with what is said in
        them.

        Programs that take no words do there what they do without.
        """
        texts, sounds, dutch = bench.dev_texts(), bench.dev_sounds(), bench.dutch_phones()
        spoken = [name for name in dutch if name in sounds][: self.most_lines]
        found = {}
        for title, names in (self._clip_names | {DUTCH: spoken}).items():
            performed: dict[str, Tracks | None] = {}
            for program in self.programs:
                tracks = {}
                for name in names:
                    text, language = texts[name]
                    tracks[name] = program.perform(clip(exhibits.sound_of(name), name), language, text)
                performed[program.label] = None if any(track is None for track in tracks.values()) else tracks
            lines = [Line(name, np.zeros(0, np.float32), dutch[name]) for name in names if name in dutch]
            found[f"{title}, words known"] = self._bilabial_rows(title, performed, lines)
        return found

    def _rest(self) -> dict[str, Any]:
        sounds: dict[str, dict] = {"pauses of the GRID dev clips": {}}
        for program in self.programs:
            every = self._as_recorded[program.label]
            if every is None:
                for rows in sounds.values():
                    rows[program.label] = None
                continue
            tracks = {name: every[name] for name in self._clip_names[TALKER_1]}
            sounds["pauses of the GRID dev clips"][program.label] = faces.rest_in_pauses(tracks)
            for title, rest in faces.rest_without_speech(program, faces.level_of(tracks)).items():
                sounds.setdefault(title, {})[program.label] = rest
        return {"channels": len(ARKIT_CHANNELS), "sounds": sounds}

    # By phones

    def _lines(self) -> dict[str, Any]:
        """Hearing, articulation and bilabials of every set of lines."""
        hearing, voices, bilabials = {}, {}, {}
        for lines in every_set(self.networks[0], self.most_lines):
            performed = {program.label: perform_all(program, lines) for program in self.programs}
            hearing[lines.title] = {
                "language": lines.language,
                "phones_from": lines.phones_from,
                "unheard": lines.unheard,
                "minutes": sum(len(line.samples) for line in lines.lines) / 16000 / 60,
                "programs": self._hearing(lines, performed),
                "ahead": self._ahead(lines, performed),
            }
            bilabials[lines.title] = self._bilabial_rows(lines.title, performed, lines.lines)
            voices[lines.title] = {
                label: tracks and self._articulation(lines, tracks) for label, tracks in performed.items()
            }
        return {"hearing": hearing, "voices": voices, "bilabials": bilabials}

    @staticmethod
    def _hearing(lines: LineSet, performed: Mapping[str, Tracks | None]) -> dict[str, Any]:
        """{program: Accuracy}; None where its tracks say nothing of visemes."""
        return {
            label: accuracy(lines.lines, tracks) if tracks and hears(tracks) else None
            for label, tracks in performed.items()
        }

    @staticmethod
    def _ahead(lines: LineSet, performed: Mapping[str, Tracks | None]) -> dict[str, dict[str, Measured]]:
        """{program: visemes and mouths of ours less its own}"""
        ours = right_frames(lines.lines, performed["ours"])
        return {
            label: {name: ours[name].minus(figure) for name, figure in right_frames(lines.lines, tracks).items()}
            for label, tracks in performed.items()
            if label != "ours" and tracks and hears(tracks)
        }

    @staticmethod
    def _articulation(lines: LineSet, tracks: Tracks) -> dict[str, Any]:
        """What articulation.py says of these curves."""
        curves = {name: bench.at_60(track) for name, track in tracks.items()}
        phones = {line.name: [list(phone) for phone in line.phones] for line in lines.lines}
        value, error, chance, _ = bench.script("articulation").evaluate(curves, phones, lines.tag, boot=100)
        return {"value": value, "error": error, "chance": chance}

    def _languages(self) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        """{language: {program: …}} of synthetic speech, and {program: means over the languages}."""
        found: dict[str, dict[str, Any]] = {}
        for lines in synthetic_languages(min(LANGUAGE_LINES, self.most_lines)):
            performed = {program.label: perform_all(program, lines) for program in self.programs}
            rows = self._hearing(lines, performed)
            found[lines.title] = {}
            for label, tracks in performed.items():
                heard = rows[label]
                row = {key: getattr(heard, key) if heard else UNKNOWN for key in ("visemes", "mouths", "phone_errors")}
                hit = check_bilabials(lines.lines, tracks).hit if tracks else UNKNOWN
                found[lines.title][label] = row | {"hit": hit} if tracks else None
        means = {}
        for label in (program.label for program in self.programs):
            rows = [(row[label], row["ours"]) for row in found.values() if row[label]]
            means[label] = {"languages": len(rows)}
            for key in ("visemes", "mouths", "phone_errors", "hit"):
                pairs = [
                    (theirs[key].value, ours[key].value) for theirs, ours in rows if np.isfinite(theirs[key].value)
                ]
                theirs, ours = (Figure(key, tuple(side), mean) for side in (zip(*pairs) if pairs else ((), ())))
                means[label][key] = theirs.measured() if pairs else UNKNOWN
                means[label][f"{key}_ahead"] = ours.minus(theirs) if pairs else UNKNOWN
        return found, means
