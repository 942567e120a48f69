"""What earlier runs did, in SQLite: `<output folder>/.lipsync/state.sqlite`.

Nothing is lost at whatever moment the process or the power goes. A worker writes into a staging folder that is its
task's own; record() commits what lies there, then the files are moved to their names. After a kill between the two,
recover() moves the rest. So a file under its name is always whole, and always one whose digest is recorded: one with
another digest was changed by somebody else.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..core.errors import LipsyncError
from .worker import Line, Outcome, Quality, Task, file_digest

FOLDER = ".lipsync"
VERSION = 1
REPORTS = ("report.html", "report.json", "report.csv", "junit.xml")
"""What report.write() writes into the output folder: no line's results."""

Decided = tuple[str, str, str]

SCHEMA = """
CREATE TABLE lines (
    id TEXT PRIMARY KEY,
    position INTEGER,            -- in the table of the latest run; NULL: not in it
    line TEXT NOT NULL,          -- worker.Line as JSON
    status TEXT,                 -- NULL never baked, 'done', 'failed'
    error TEXT NOT NULL DEFAULT '',
    inputs TEXT NOT NULL DEFAULT '{}',   -- of the latest bake: Worker.inputs()
    quality TEXT NOT NULL DEFAULT '{}',  -- worker.Quality as JSON
    preview BLOB NOT NULL DEFAULT x'',
    decision TEXT NOT NULL DEFAULT '',   -- of the latest run: plan.Decision
    reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX by_position ON lines (position);
CREATE TABLE files (
    name TEXT PRIMARY KEY,       -- path below the output folder
    folded TEXT NOT NULL,        -- the same as file systems compare it that ignore letter case
    id TEXT NOT NULL,
    digest TEXT,                 -- SHA-256 of what we wrote; NULL: never written
    wanted INTEGER NOT NULL,     -- by the latest table
    staged TEXT,                 -- where it waits to be moved from, below .lipsync/staging
    before TEXT                  -- digest of what it then replaces
) WITHOUT ROWID;
CREATE INDEX by_id ON files (id);
CREATE INDEX by_folded ON files (folded) WHERE wanted;
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class CannotWrite(LipsyncError):
    """The state or a result cannot be written; what was committed before stays."""


@dataclass(frozen=True, slots=True)
class Known:
    """A line as the state has it."""

    line: Line
    status: str | None
    error: str
    inputs: Mapping[str, str]
    quality: Quality
    decision: str
    reason: str
    preview: bytes = b""


class State:
    """The state of one output folder. Used by one thread; who writes holds lock.locked() as well."""

    def __init__(self, out: Path, *, writing: bool = True) -> None:
        """`writing` False: for dry runs and readers; an absent state is then one in memory, and nothing is created.

        Raises LipsyncError for a state that is damaged or of a newer version.
        """
        self.out = Path(out).absolute()
        self.folder = self.out / FOLDER
        self.staging = self.folder / "staging"
        file = self.folder / "state.sqlite"
        with _told(file):
            if writing:
                self.folder.mkdir(parents=True, exist_ok=True)
            there = file.is_file()
            self._db = sqlite3.connect(file if writing or there else ":memory:", isolation_level=None, timeout=30)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            if self._version() == 0:
                self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        if self._version() != VERSION:
            raise LipsyncError(f"{file} is of version {self._version()}, not {VERSION}.", "Choose another folder.")

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    def _version(self) -> int:
        return self._db.execute("PRAGMA user_version").fetchone()[0]

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """All or nothing; with `keep` False nothing in any case, for dry runs. Raises LipsyncError on a full disk."""
        with _told(self.folder / "state.sqlite", sqlite3.Error):  # other errors are of what is done meanwhile
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT" if keep else "ROLLBACK")

    def recover(self) -> None:
        """Finishes what a run that was killed had recorded, and removes what it had not."""
        with _told(self.folder):
            waiting = self._db.execute(
                "SELECT name, staged, before, digest, id FROM files WHERE staged IS NOT NULL"
            ).fetchall()
            needed = {staged.split("/")[0] for _, staged, *_ in waiting}
            for folder in self.staging.glob("*"):  # first, for that makes room where the disk is full
                if folder.name not in needed:
                    shutil.rmtree(folder, ignore_errors=True)
            ours = [
                (self.staging / staged, name, id)
                for name, staged, before, digest, id in waiting
                if not edited(self.out, {name: before}) or not edited(self.out, {name: digest})
            ]
            self._place(ours)
            with self.transaction():
                self._db.execute("UPDATE files SET staged = NULL WHERE staged IS NOT NULL")
            if self.staging.exists():
                shutil.rmtree(self.staging, ignore_errors=True)  # a worker of the killed run may be about to end

    def begin(self) -> None:
        """A new table is about to be told: no line is in it yet, no file is wanted. Within a transaction."""
        self._db.execute("UPDATE lines SET position = NULL, decision = '', reason = ''")
        self._db.execute("UPDATE files SET wanted = 0")

    def tell(self, position: int, line: Line) -> str:
        """Takes in a line of the table; returns what is wrong with it, or nothing. Within a transaction."""
        row = self._db.execute("SELECT position FROM lines WHERE id = ?", (line.id,)).fetchone()
        if row and row[0] is not None:
            raise LipsyncError(f"{line.where}: the id {line.id!r} is there twice.", "Give every line an id of its own.")
        self._db.execute(
            "INSERT INTO lines (id, position, line) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET position = excluded.position, line = excluded.line",
            (line.id, position, line.to_json()),
        )
        for name in line.outputs:
            folded = name.casefold()
            if folded in REPORTS:
                return f"{name} is the name of the report. Give the line another id, or another name after --to."
            if self._db.execute("SELECT 1 FROM files WHERE folded = ? AND wanted", (folded,)).fetchone():
                return f"{name} is already the output of another line."
            self._db.execute(
                "INSERT INTO files (name, folded, id, wanted) VALUES (?, ?, ?, 1)"
                " ON CONFLICT (name) DO UPDATE SET wanted = 1, id = excluded.id",
                (name, folded, line.id),
            )
        return ""

    def ids(self) -> Iterator[str]:
        """Of the lines of the latest table."""
        return (row[0] for row in self._db.execute("SELECT id FROM lines WHERE position IS NOT NULL"))

    def lines(self, *, previews: bool = False) -> Iterator[Known]:
        """The lines of the latest table in its order, with previews or without."""
        last, preview = -1, ", preview" * previews
        while rows := self._db.execute(
            f"SELECT position, line, status, error, inputs, quality, decision, reason{preview} FROM lines"
            " WHERE position > ? ORDER BY position LIMIT 256",
            (last,),
        ).fetchall():
            last = rows[-1][0]
            yield from (_known(row[1:]) for row in rows)

    def known(self, id: str) -> Known | None:
        """One line, with its preview."""
        row = self._db.execute(
            "SELECT line, status, error, inputs, quality, decision, reason, preview FROM lines WHERE id = ?", (id,)
        ).fetchone()
        return row and _known(row)

    def decide(self, id: str, decision: str, reason: str) -> None:
        """What this run does with a line, and why; "fail" gives it up. Within a transaction."""
        self._db.execute("UPDATE lines SET decision = ?, reason = ? WHERE id = ?", (decision, reason, id))
        if decision == "fail":
            self._db.execute("UPDATE lines SET status = 'failed', error = ? WHERE id = ?", (reason, id))

    def digests(self, id: str) -> dict[str, str | None]:
        """Wanted file of a line -> what we wrote there; None: we never did."""
        return dict(self._db.execute("SELECT name, digest FROM files WHERE id = ? AND wanted = 1", (id,)))

    def task(self, line: Line) -> Task:
        """The line with a staging folder of its own."""
        return Task(line, str(self.staging / uuid.uuid4().hex))

    def record(
        self, outcomes: Sequence[tuple[Outcome, Mapping[str, str]]], decided: Sequence[Decided] = ()
    ) -> list[Decided]:
        """Takes in what became of tasks, with the Worker.inputs() that each was given: one commit, then the moves.

        `decided`: (id, decision, reason) for decide(). Returns the same for lines that were baked and have no result:
        kept, because somebody changed a file in their place meanwhile, or failed, because it cannot be put there.
        Raises LipsyncError where the state cannot be written; then nothing of this was recorded, nor moved.
        """
        without, moving = [], []
        for outcome, _ in outcomes:
            if outcome.error:  # where the disk is full, that makes room for the results that are whole
                shutil.rmtree(outcome.task.staging, ignore_errors=True)
        with self.transaction():
            for each in decided:
                self.decide(*each)
            for outcome, inputs in outcomes:
                line = outcome.task.line
                before = self.digests(line.id)
                if not outcome.error and (changed := edited(self.out, before)):
                    without.append((line.id, "keep", f"{', '.join(changed)} changed by hand while it was baked"))
                    self.decide(*without[-1])
                    continue
                self._db.execute(
                    "UPDATE lines SET status = ?, error = ?, quality = ?, preview = ? WHERE id = ?",
                    (
                        "failed" if outcome.error else "done",
                        outcome.error,
                        json.dumps(asdict(outcome.quality)),
                        outcome.preview,
                        line.id,
                    ),
                )
                if outcome.error:
                    continue
                self._db.execute("UPDATE lines SET inputs = ? WHERE id = ?", (json.dumps(dict(inputs)), line.id))
                for name, path in outcome.task.staged().items():
                    staged = path.relative_to(self.staging).as_posix()
                    self._db.execute(
                        "UPDATE files SET digest = ?, staged = ?, before = ? WHERE name = ?",
                        (outcome.digests[name], staged, before[name], name),
                    )
                    moving.append((path, name, line.id))
        without += self._place(moving)
        for outcome, _ in outcomes:
            shutil.rmtree(outcome.task.staging, ignore_errors=True)
        return without

    def _place(self, staged: Sequence[tuple[Path, str, str]]) -> list[Decided]:
        """Moves results to their names: (where it lies, its name, id of its line). Returns the lines that failed
        because their folder cannot be written: the others have theirs."""
        refused: dict[str, str] = {}
        for path, name, id in staged:
            target = self.out / name
            try:
                if path.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(path, target)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    with _told(target):
                        raise
                refused[name] = f"{name} cannot be written: {error.strerror}. Check that you may write there."
        if staged:
            folders = {folder for _, name, _ in staged for folder in (self.out / name).parents}
            _flush(folder for folder in folders if folder.is_relative_to(self.out))
            with self.transaction():
                for _, name, id in staged:
                    if name in refused:
                        self._db.execute("UPDATE files SET digest = before WHERE name = ?", (name,))
                        self.decide(id, "fail", refused[name])
                    self._db.execute("UPDATE files SET staged = NULL WHERE name = ?", (name,))
        return [(id, "fail", refused[name]) for _, name, id in staged if name in refused]

    def removed(self) -> tuple[list[str], list[str]]:
        """(ids of lines that were baked once and are no longer in the table, files of ours that no line wants)."""
        ids = [row[0] for row in self._db.execute("SELECT id FROM lines WHERE position IS NULL ORDER BY id")]
        files = self._db.execute("SELECT name FROM files WHERE wanted = 0 AND digest IS NOT NULL ORDER BY name")
        return ids, [row[0] for row in files]

    def delete_removed(self) -> tuple[list[str], list[str]]:
        """Deletes the files that removed() names and forgets the lines; returns (deleted files, those changed by hand,
        which stay)."""
        deleted, kept = [], []
        rows = self._db.execute("SELECT name, digest FROM files WHERE wanted = 0 AND digest IS NOT NULL").fetchall()
        for name, digest in rows:
            if edited(self.out, {name: digest}):
                kept.append(name)
                continue
            with _told(self.out / name):
                (self.out / name).unlink(missing_ok=True)
            deleted.append(name)
        with self.transaction():
            self._db.executemany("DELETE FROM files WHERE name = ?", [(name,) for name in deleted])
            self._db.execute("DELETE FROM files WHERE wanted = 0 AND digest IS NULL")
            self._db.execute("DELETE FROM lines WHERE position IS NULL")
        return deleted, kept

    def remember(self, **values: str) -> None:
        """Facts about the latest run. Within a transaction."""
        self._db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values.items())

    def remembered(self, key: str) -> str:
        """A fact about the latest run, "" if there is none."""
        row = self._db.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""


def edited(out: Path, digests: Mapping[str, str | None]) -> list[str]:
    """Of these files the ones that are there and are not what we wrote."""
    return [name for name, digest in digests.items() if (found := _digest(out / name)) and found != digest]


def missing(out: Path, names: Iterable[str]) -> list[str]:
    """Of these files the ones that are not there."""
    return [name for name in names if not (out / name).exists()]


def _flush(folders: Iterable[Path]) -> None:
    """Returns when what was moved into these folders is on the disk; Windows has nothing of the kind."""
    for folder in folders if os.name == "posix" else ():
        with suppress(OSError):  # a folder that may not be read, a file system that cannot
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError:  # it is there, and what it holds is not ours to lose
        return "unreadable"


def _known(row: Sequence) -> Known:
    line, status, error, inputs, quality, decision, reason, *preview = row
    values = json.loads(quality)
    known = Quality(**values | {"notices": tuple(values.get("notices", ()))})
    return Known(Line.from_json(line), status, error, json.loads(inputs), known, decision, reason, *preview)


@contextmanager
def _told(file: Path, *refusals: type[Exception]) -> Iterator[None]:
    """What SQLite and the file system refuse, in the user's words; or only these of them."""
    try:
        yield
    except refusals or (sqlite3.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotWrite(
            f"{file} cannot be written: {reason}.", "Free some space, or check that you may write there."
        ) from error
