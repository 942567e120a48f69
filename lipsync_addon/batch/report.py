"""What a run came to: report.html for people, report.json for programs, junit.xml for CI, report.csv for sheets.

All four are written into the output folder from the state, line by line, so that ten thousand lines need no memory.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from ..core.errors import LipsyncError
from ..core.writing import whole_file
from .plan import Decision
from .quality import PREVIEW_FPS
from .run import Totals
from .state import CannotWrite, Known, State

SURE, CLIPPED = 0.36, 0.001
"""What an animator should look at: confidence below, share of samples above. How many lines are below depends on the
recording: docs/batch.md has figures."""
NOT_SHOWN = ("confidence", "clipped", "silent", "closures", "unsealed", "notices")
"""What the page tells by `troubles` instead."""
PAGE = Path(__file__).parent.parent / "data" / "report.html"


def numbers(totals: Totals) -> dict[str, object]:
    """The sums of a run, by the names of the JSON."""
    counts = totals.counts
    return {
        "lines": totals.lines,
        "baked": counts["baked"],
        "unchanged": counts[Decision.SKIP],
        "kept": counts[Decision.KEEP],
        "failed": counts[Decision.FAIL],
        "not_chosen": counts[Decision.LEAVE],
        "sound_seconds": round(totals.seconds, 3),
        "elapsed_seconds": round(totals.elapsed, 3),
        "stopped": totals.stopped,
    }


def sentences(state: State, totals: Totals) -> Iterator[str]:
    """The same for the terminal."""
    n, left = numbers(totals), sum(1 for _ in state.ids()) - sum(totals.counts.values())
    times = totals.seconds / totals.elapsed if totals.elapsed else 0.0
    speed = f", {times:.{int(times < 10)}f} times real time" if n["baked"] else ""
    yield "There are no lines in what you gave." if not (n["lines"] or left) else (
        f"{n['lines']} lines: {n['baked']} baked, {n['unchanged']} unchanged, {n['kept']} kept as changed by hand, "
        f"{n['failed']} failed. {totals.seconds:.0f} s of sound in {totals.elapsed:.1f} s{speed}."
    )
    if doubtful := sum(_is_doubtful(known) for known in state.lines()):
        yield f"{doubtful} {'lines have' if doubtful > 1 else 'line has'} troubles, which the report tells."
    ids, files = state.removed()
    if ids or files:
        gone = f"No longer in the table: {len(ids)} lines, {len(files)} files."
        yield f"{gone} --delete-removed deletes those that nobody changed."
    if totals.stopped:
        yield f"Not finished: {totals.stopped} {left} lines are left; the next run goes on from here."


def troubles(known: Known) -> list[tuple[float, str]]:
    """(how bad, what) of a line, the worst first; nothing where nobody need look."""
    q, found = known.quality, []
    if known.status == "failed":
        return [(10.0, known.error)]
    if known.decision == Decision.KEEP:
        found.append((5.0, known.reason))
    if q.silent:
        found.append((4.0, "nobody speaks"))
    for notice in q.notices if not q.silent else ():
        told = notice.removeprefix(f"{Path(known.line.sound).name}: ").removesuffix(".")
        if told.startswith(("the text does not fit", "the text seems to be")):
            found.append((3.0, told))
        elif not told.startswith("the text is read as"):  # which is no trouble
            found.append((1.5, told))
    if q.confidence is not None and q.confidence < SURE:
        found.append((1 - q.confidence / SURE, f"network {q.confidence:.0%} sure"))  # after all others: it is a hint
    if q.unsealed:
        found.append((1 + q.unsealed / max(q.closures, 1), f"lips stay open at {q.unsealed} of {q.closures} p, b, m"))
    if q.clipped > CLIPPED:
        found.append((1 + min(10 * q.clipped, 1), f"clipped: {q.clipped:.1%} of the samples"))
    return sorted(found, reverse=True)


def _is_doubtful(known: Known) -> bool:
    """Whether there are troubles beyond those that the counts tell."""
    return known.status != "failed" and known.decision != Decision.KEEP and bool(troubles(known))


def write(state: State, totals: Totals) -> Path:
    """Writes all four; returns the page. Raises CannotWrite where that is impossible."""
    try:
        _write_json(state, totals)
        _write_junit(state, totals)
        _write_csv(state)
        return _write_page(state, totals)
    except LipsyncError as error:
        raise CannotWrite(error.message, error.hint) from error


def inert(text: str) -> str:
    """A cell that a spreadsheet shows and never computes: owasp.org/www-community/attacks/CSV_Injection."""
    return f"'{text}" if text.lstrip(" \n").startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _record(state: State, known: Known) -> dict[str, object]:
    line, q = known.line, known.quality
    return {
        "id": line.id,
        "status": known.status or "not baked",
        "decision": known.decision,
        "reason": known.reason,
        "error": known.error if known.status == "failed" else "",
        "troubles": [what for _, what in troubles(known)],
        "text": line.fields.get("text", ""),
        "character": line.fields.get("character", ""),
        "language": line.fields.get("language", ""),
        "sound": _link(state.out, line.sound),
        "outputs": list(line.outputs),
        "take": Path(line.sound).stem if line.character else "",
        "seconds": q.seconds,
        "confidence": q.confidence,
        "clipped": q.clipped,
        "silent": q.silent,
        "closures": q.closures,
        "unsealed": q.unsealed,
        "notices": list(q.notices),
    }


def _write_json(state: State, totals: Totals) -> None:
    ids, files = state.removed()
    head = {"format_version": 1, "totals": numbers(totals), "removed_lines": ids, "removed_files": files}
    with _file(state.out / "report.json") as out:
        out.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "lines": [')
        for index, known in enumerate(state.lines()):
            out.write((",\n  " if index else "\n  ") + json.dumps(_record(state, known), ensure_ascii=False))
        out.write("\n ]\n}\n")


def _write_junit(state: State, totals: Totals) -> None:
    """A test case for each line, as github.com/testmoapp/junitxml describes what CI systems read."""
    n, counts = numbers(totals), {"tests": 0, "failures": 0, "skipped": 0}
    for known in state.lines():
        counts["tests"] += 1
        counts["failures"] += known.status == "failed"
        counts["skipped"] += known.status != "failed" and known.decision in (Decision.KEEP, Decision.LEAVE)
    with _file(state.out / "junit.xml") as out:
        sums = " ".join(f'{name}="{value}"' for name, value in counts.items())
        out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {sums} time="{n["elapsed_seconds"]}">\n')
        out.write(f'<testsuite name="lipsync batch" {sums} errors="0" time="{n["elapsed_seconds"]}">\n')
        for known in state.lines():
            language = known.line.fields.get("language") or "lines"
            case = f"<testcase classname={quoteattr(_xml(language))} name={quoteattr(_xml(known.line.id))}"
            if known.status == "failed":
                out.write(f"{case}><failure message={quoteattr(_xml(known.error))}/></testcase>\n")
            elif known.decision in (Decision.KEEP, Decision.LEAVE):
                out.write(f"{case}><skipped message={quoteattr(_xml(known.reason))}/></testcase>\n")
            elif found := troubles(known):
                text = escape(_xml("; ".join(what for _, what in found)))
                out.write(f"{case}><system-out>{text}</system-out></testcase>\n")
            else:
                out.write(f"{case}/>\n")
        out.write("</testsuite>\n</testsuites>\n")


def _write_csv(state: State) -> None:
    with _file(state.out / "report.csv") as out:
        table = None
        for known in state.lines():
            record = {
                name: "; ".join(value) if isinstance(value, list) else value
                for name, value in _record(state, known).items()
            }
            if table is None:
                table = csv.DictWriter(out, list(record), lineterminator="\r\n")
                table.writeheader()
            table.writerow({name: inert(v) if isinstance(v, str) else v for name, v in record.items()})


def _write_page(state: State, totals: Totals) -> Path:
    """data/report.html with the data of all lines in it; the page ranks them and draws those that are looked at."""
    before, _, after = PAGE.read_text(encoding="utf-8").partition("/*DATA*/null")
    ids, files = state.removed()
    target = state.out / "report.html"
    with _file(target) as out:
        out.write(before)
        data = {"totals": numbers(totals), "removed": ids, "removedFiles": files, "fps": PREVIEW_FPS}
        out.write(_script(data)[:-1] + ',"lines":[')
        for index, known in enumerate(state.lines(previews=True)):
            shown = _record(state, known) | {"bad": [round(bad, 3) for bad, _ in troubles(known)]}
            shown |= {"preview": base64.b64encode(known.preview).decode()}
            shown = {name: value for name, value in shown.items() if value and name not in NOT_SHOWN}
            out.write("," * (index > 0) + "\n" + _script(shown))
        out.write("]}" + after)
    return target


@contextmanager
def _file(target: Path) -> Iterator[IO[str]]:
    with whole_file(target) as temporary, io.open(temporary, "w", encoding="utf-8", newline="") as out:
        yield out


def _script(value: object) -> str:
    """JSON that may stand in a script element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")


def _xml(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(
        c if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c < "\ufffe") else "?" for c in text
    )


def _link(out: Path, path: str) -> str:
    """From the report to a file, as a URL; relative where that is possible, so that the whole can be moved."""
    if not path:
        return ""
    try:
        return quote(Path(os.path.relpath(path, out)).as_posix(), errors="surrogatepass")
    except ValueError:  # another drive of Windows
        return Path(path).as_uri()
