"""Scores a network on what it has never trained on and writes a report to read, look at and listen to.

    python -m model.evaluate                                  the network that ships
    python -m model.evaluate --network runs/x/lipsync.json --previous runs/old/lipsync.json
    python -m model.evaluate --quick                          the bench's tables alone, half a minute

Writes runs/evaluation/report.html (one file, no network needed), report.json (the same numbers) and the curves of the
bench's sounds. `--previous` takes a network of two graphs: 0.2.0's files are in git at commit 31597e6 (there are no
tags; commands in model/README.md). 0.1.0 is one graph that only the code of its own day reads, so its columns in the
model card were measured then and cannot be measured again by this command.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_addon.core.writing import whole_file
from lipsync_addon.inference.network import DEFAULT_NETWORK

from .command import arguments, in_a_sentence, needed, shared
from .evaluation import bench, page, sections, targets
from .evaluation.lines import lines_missing
from .evaluation.performance import Network
from .paths import BENCH, RUNS

LINES = 60
"""Most lines of a set: about all that there are, in under three minutes altogether."""


def evaluate(networks: dict[str, Path], folder: Path, *, quick: bool = False, lines: int = LINES) -> dict[str, Any]:
    """Everything into `folder`; returns what report.json holds. `networks`: "ours" and, if there is one, "previous"."""
    started = time.monotonic()
    loaded = [Network.load(label, path) for label, path in networks.items()]
    specs = {network.label: network.predictor.spec for network in loaded}
    report = sections.Report(loaded, folder / "curves", lines)
    numbers: dict[str, Any] = {
        "made": datetime.date.today().isoformat(),
        "network": {"version": specs["ours"].version, "fingerprint": specs["ours"].fingerprint},
        "previous": None,
        "limits": [*report.absent, *sections.LIMITS, *lines_missing()],
    }
    if "previous" in specs:
        numbers["previous"] = {"version": specs["previous"].version, "fingerprint": specs["previous"].fingerprint}
    if not quick:
        numbers["speed"] = report.speed(networks)  # first, before anything warms the machine up
    numbers |= report.bench()
    if not quick:
        numbers |= report.everything_else(numbers)
    numbers["targets"] = [
        dataclasses.asdict(g) | {"met": g.met, "short_by": g.short_by, "within_error": g.within_error}
        for g in targets.of(numbers, quick=quick)
    ]
    numbers["seconds"] = time.monotonic() - started
    numbers = plain(numbers)
    html = page.render(numbers, report.pictures(numbers))
    for name, text in (("report.json", json.dumps(numbers, indent=1, ensure_ascii=False)), ("report.html", html)):
        with whole_file(folder / name) as path:
            path.write_text(text, encoding="utf-8")
    return numbers


def plain(value: Any) -> Any:
    """Dataclasses, arrays and infinite or missing numbers as JSON knows them."""
    if dataclasses.is_dataclass(value):
        return plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def summary(numbers: dict[str, Any]) -> str:
    """The bench's main figures and the targets, for the terminal."""
    lines = [f"network {numbers['network']['version']}, {numbers['seconds']:.0f} s"]
    for title, rows in numbers["faces"].items():
        shown = [name for name in bench.PROGRAMS if name in rows and "wrong" not in name]
        width = max(len(bench.PROGRAMS[name]) for name in shown)
        lines.append(f"\n{title:{width}s}  {'r_sp':>6s} {'r_sp0':>6s} {'lag':>6s} {'AUC':>6s}")
        for name in shown:
            figures = (f"{rows[name]['value'][key]:6.3f}" for key in ("r_sp", "r_sp0", "lag", "clos_auc"))
            lines.append(f"{bench.PROGRAMS[name]:{width}s}  {' '.join(figures)}")
    lines.append("")
    for goal in numbers["targets"]:
        result = "met" if goal["met"] else f"MISSED by {goal['short_by']:.3f}"
        lines.append(f"{goal['what']}, {goal['on']}: {goal['measured']['value']:.3f}, {result}")
    return "\n".join(lines)


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--network", type=Path, default=DEFAULT_NETWORK, help="the network's .json")
    parser.add_argument("--previous", type=Path, help="the network to beat, in the same form")
    parser.add_argument("--to", type=Path, default=RUNS / "evaluation", help="folder of the report")
    parser.add_argument("--lines", type=int, default=LINES, help=f"most lines of each set (default {LINES})")
    parser.add_argument("--quick", action="store_true", help="the bench's tables alone")
    options = parser.parse_args()
    networks = {"ours": options.network} | ({"previous": options.previous} if options.previous else {})
    for path in networks.values():
        needed(path, "Name a network's .json, its two graphs beside it; model/README.md says how to get an older one.")
    shared(BENCH)
    folder = options.to.resolve()  # the bench runs in a folder of its own
    folder.mkdir(parents=True, exist_ok=True)
    numbers = evaluate(networks, folder, quick=options.quick, lines=options.lines)
    print(summary(numbers))
    print(f"\n{folder / 'report.html'}")


if __name__ == "__main__":
    main()
