"""Bakes the lines of a batch with `lipsync bake`'s own function; every option of that may be a column of the table."""

from __future__ import annotations

import argparse
import errno
import importlib.metadata
import os
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from ..batch.names import output_name
from ..batch.quality import Observed
from ..batch.table import Row
from ..batch.worker import Bake, Line, Outcome, Task, file_digest, text_digest
from ..core.actors import actor_file
from ..core.adaptation import Adaptation
from ..core.audio_clip import CheckedSound
from ..core.errors import LipsyncError
from ..core.hearing import Hearing
from ..exporters import FORMATS
from ..exporters.channel_set import ALL, load_set
from ..inference.heard import HeardBefore
from ..inference.network import DEFAULT_NETWORK
from ..inference.predictor import Predictor
from . import bake
from .outputs import CHARACTER_ENDINGS, sorted_outputs
from .performance import chosen_controls, chosen_face, chosen_style, named_actor

NOT_COLUMNS = {"line", "to", "also", "character", "quiet", "overwrite", "provider", "help", "network", "edits_of"}
"""Options of `lipsync bake` that a batch sets itself, or that mean nothing for a line."""
READ = {"text_file", "timeline_in", "transcriber_model"}
"""Those with a path that may be columns, for it is only read; others, `timeline`, would write wherever a table says."""
YES, NO = ("1", "yes", "true", "on"), ("0", "no", "false", "off")
"""What a column says for an option that is a switch, such as `face`."""
CODE = (
    "core",
    "inference",
    "speech",
    "exporters",
    "importers",
    "batch/quality.py",
    "cli/bake.py",
    "cli/outputs.py",
    "cli/performance.py",
    "cli/words.py",
)
DATA = (
    "accents.json", "emotions.json", "ipa.json", "mouth_poses", "mouth_shapes", "reference", "rigs", "text_fit.json",
)  # fmt: skip
CODE_OF_CHARACTERS = ("blender",)
"""What of the add-on decides how a result looks."""


class _LineParser(argparse.ArgumentParser):
    """Refuses what a table says in the way everything else is refused."""

    def error(self, message: str) -> NoReturn:
        raise LipsyncError(f"{message[:1].upper()}{message[1:]}.", "`lipsync bake --help` explains each option.")


@cache
def _parser() -> argparse.ArgumentParser:
    parser = _LineParser(add_help=False, allow_abbrev=False)
    bake.add_arguments(parser)
    return parser


@cache
def _known() -> frozenset[str]:
    """Names of the options of `lipsync bake`."""
    return frozenset(vars(_parser().parse_args(["--to=x", "x"])))


@cache
def option_of(column: str) -> str:
    """The option of `lipsync bake` that a column sets, "--preset" for "preset"; "" for one that sets none.

    An actor goes by `style`: a column "actor" names whose voice it is, as tables of games do.
    """
    flag = "--" + column.replace("_", "-").replace(" ", "-")
    action = _action(flag)
    if action is None or action.dest in NOT_COLUMNS or (action.type is Path and action.dest not in READ):
        return ""
    return flag if flag != "--actor" else ""


def _action(flag: str) -> argparse.Action | None:
    # argparse lists its options nowhere else
    return next((action for action in _parser()._actions if flag in action.option_strings), None)


def _words(where: str, fields: Mapping[str, str]) -> Iterator[str]:
    """The columns that are options of `lipsync bake`, as words of its command. Raises LipsyncError for a switch that is
    neither on nor off."""
    for name, text in fields.items():
        flag = option_of(name)
        if not flag or not text:
            continue
        if _action(flag).nargs == 0:
            if text.lower() in YES:
                yield flag
            elif text.lower() not in NO:
                raise LipsyncError(f"{where}: {name} is on or off, and this says {text!r}.", "Write yes or no.")
            continue
        for part in text.split(";") if name in ("emotion", "format") else [text]:
            yield f"{flag}={part.strip()}"


def lines(
    rows: Iterable[Row], templates: Sequence[str], characters: Mapping[str, Path], alone: set[str]
) -> Iterator[Line]:
    """Rows as lines: outputs named, character found, option columns as words.

    `templates`: outputs where the table has no column for them. `characters`: name -> .blend, "" for everybody else.
    `alone`: endings that mean curves without a character. What is wrong with a row goes into Line.problem.
    """
    for row in rows:
        fields, outputs, words, problem = dict(row.fields), [], [], row.problem
        given = [text.strip() for text in fields.get("outputs", "").split(";") if text.strip()]
        character = fields.get("character", "")
        if character.lower().endswith(".blend"):
            file, fields["character"] = str((row.folder / character).absolute()), Path(character).stem
        else:
            file = str(characters.get(character, characters.get("", "")) or "")
        try:
            outputs = [output_name(template, fields).as_posix() for template in given or templates]
            words = list(_words(row.where, fields))
            if not any(word.startswith(("--text", "--transcribe")) for word in words):  # it may just name a folder
                words = [word for word in words if not word.startswith("--language=")]
        except LipsyncError as error:
            problem = str(error)
        if not fields["sound"] and not problem:
            problem = f"{row.where} names no sound. Fill the column in, or give --sound."
        endings = {Path(output).suffix.lower() for output in outputs} - alone
        needs = endings & set(CHARACTER_ENDINGS)
        yield Line(
            id=fields["id"],
            where=row.where,
            sound=str(Path(fields["sound"]).absolute()) if fields["sound"] else "",
            outputs=tuple(outputs),
            character=str(Path(file).absolute()) if needs and file else "",
            words=tuple(words),
            fields={name: text for name, text in fields.items() if text and name not in ("sound", "outputs")},
            problem=problem,
        )


@dataclass(frozen=True, slots=True)
class Baker:
    """Follows batch.worker.Worker."""

    common: argparse.Namespace
    """Options of `lipsync bake` that hold for all lines."""

    def open(self) -> Bake:
        """Opens the network."""
        common = self.common
        loaded = Predictor.load(common.network, providers=common.provider and [common.provider])
        return partial(self._bake_together, loaded)

    def inputs(self, line: Line) -> dict[str, str]:
        """Everything that the files of a line depend on."""
        options = self._options(line, [Path(self.common.out, name) for name in line.outputs])
        settings = {
            name: value
            for name, value in vars(options).items()
            if name not in NOT_COLUMNS | {"text", "preset", "names", "actor"} and not name.startswith("style_")
        }
        settings |= {"style": asdict(chosen_style(options)), "outputs": line.outputs}
        found = {"sound": _digest(line.sound), "settings": text_digest(settings)}
        for check in (sorted_outputs, chosen_face, chosen_controls):  # so that a dry run knows as well
            check(options)
        if options.language and not options.timeline_in:
            _check_language(options.language)
        if text := getattr(options, "text", None) or line.fields.get("text"):
            found["text"] = text_digest(str(text))
        if options.names and options.names != ALL:
            found["names"] = _names_digest(options.names)
        for given in (options.text_file, options.timeline_in):
            if given:
                found["text"] = _digest(str(given))
        if line.character:
            found["character"] = _kept_digest(line.character)
        if options.actor:
            found["actor"] = _actor(options.actor).digest
        return found | {"network": self.network(), "tool": _tool(bool(line.character))}

    def network(self) -> str:
        """A digest of the network's description, which holds those of its files. Raises LipsyncError without one."""
        return _kept_digest(str(self.common.network or DEFAULT_NETWORK))

    def _options(self, line: Line, outputs: Iterable[str | Path]) -> argparse.Namespace:
        """What `lipsync bake` would be told. Raises LipsyncError for what the table says wrong."""
        words = [*line.words, *(f"--to={output}" for output in outputs)]
        words.append("--overwrite")  # in the staging folder lies at most what an earlier try left
        if line.character:
            words.append(f"--character={line.character}")
        # argparse takes what a namespace holds for the defaults.
        common = {name: deepcopy(value) for name, value in vars(self.common).items() if name in _known()}
        common = {name: value for name, value in common.items() if name not in ("line", "to", "character")}
        return _parser().parse_args([*words, "--", line.sound], argparse.Namespace(**common))

    def _bake_together(self, predictor: Predictor, tasks: Sequence[Task]) -> Iterator[Outcome]:
        hearings = predictor.hear_many(_sounds(tasks, predictor.spec.sample_rate)) if len(tasks) > 1 else iter(())
        for task in tasks:
            hearing = None
            with suppress(Exception):  # whatever it is, the line that it comes from meets it again alone
                hearing = next(hearings, None)
            yield self._bake(predictor, hearing, task)

    def _bake(self, predictor: Predictor, hearing: Hearing | None, task: Task) -> Outcome:
        staged = task.staged()
        try:
            for path in staged.values():
                path.parent.mkdir(parents=True, exist_ok=True)
            options = self._options(task.line, staged.values())
            chosen_controls(options).check(predictor.spec.controls)
            mover = predictor.adapted(_actor(options.actor)) if options.actor else predictor
            observed = Observed(HeardBefore(mover, hearing) if hearing else mover)
            baked = bake.bake_line(options, observed)
            digests = {output: _flushed(path) for output, path in staged.items()}
            performance = baked.performance
            return Outcome(
                task, digests, quality=observed.quality(performance), preview=observed.preview(performance.track)
            )
        except (LipsyncError, OSError) as error:
            text = str(error)
            for output, path in staged.items():
                text = text.replace(str(path), output)
            return Outcome(task, error=text, full=_is_full(error))
        except Exception as error:  # whatever it is, it is this line's, and the others go on
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(frame.filename).name}, line {frame.lineno}"
            return Outcome(task, error=f"Something unexpected went wrong: {type(error).__name__} in {where}: {error}")


@dataclass(frozen=True, slots=True)
class _LaterOpened:
    """A sound file that is opened when it is read. Follows core.audio_clip.Sound."""

    file: Path
    sample_rate: int
    source: str = ""
    duration: float = 0.0

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Of the file."""
        return bake.open_sound(self.file, self.sample_rate).blocks()


def _sounds(tasks: Iterable[Task], sample_rate: int) -> Iterator[CheckedSound]:
    return (CheckedSound(_LaterOpened(Path(task.line.sound), sample_rate)) for task in tasks)


def endings_alone(common: argparse.Namespace) -> set[str]:
    """Endings for which --format names a format of curves, so that they need no character."""
    return {FORMATS[each].extension for each in common.format}


@cache
def _check_language(tag: str) -> None:
    from ..speech.languages import reader_of

    reader_of(tag)


def _flushed(path: Path) -> str:
    """The digest of a file that is on the disk when this returns."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return file_digest(path)


def _is_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


def _digest(path: str) -> str:
    try:
        return file_digest(Path(path))
    except FileNotFoundError as error:
        raise LipsyncError(f"{path!r} does not exist.", "Check the path and its spelling.") from error
    except IsADirectoryError as error:
        raise LipsyncError(f"{path} is a folder.", "Choose a sound file in it.") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        reason = getattr(error, "strerror", None) or error
        raise LipsyncError(f"{path!r} cannot be read: {reason}.", "Check that you may open the file.") from error


def _kept_digest(path: str) -> str:
    """Of a character or a network that many lines share, as its file is now: a watch may last for days."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return _digest(path)  # which says what is wrong
    return _digest_once(path, found.st_mtime_ns, found.st_size)


@cache
def _digest_once(path: str, *state: int) -> str:
    return _digest(path)


def _actor(name: str) -> Adaptation:
    """One that many lines share, as its file is now."""
    try:
        found = actor_file(name).stat()
    except OSError:
        return named_actor(name)  # which says what is wrong
    return _read_actor(name, found.st_mtime_ns, found.st_size)


@cache
def _read_actor(name: str, *state: int) -> Adaptation:
    return named_actor(name)


@cache
def _names_digest(names: str) -> str:
    """Of what a set of names says, wherever its file lies, and of the profile below it."""
    return text_digest(asdict(load_set(names)) | {"label": ""})  # which may be the name of the file


@cache
def _tool(characters: bool) -> str:
    """Of the code that decides how results look, and of the packages that do."""
    root = Path(__file__).parents[1]
    parts = [*CODE, *CODE_OF_CHARACTERS * characters, *(f"data/{name}" for name in DATA)]
    within = (file for part in parts for file in ([root / part] if "." in part else (root / part).rglob("*.*")))
    files = sorted(file for file in within if file.suffix in (".py", ".json", ".npz"))
    digests = [(file.relative_to(root).as_posix(), file_digest(file)) for file in files]
    packages = ("onnxruntime", "soundfile", "soxr", "espeakng-loader", "py3langid", *(("bpy",) if characters else ()))
    return text_digest([digests, [_version(package) for package in packages]])


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
