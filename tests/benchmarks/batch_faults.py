"""Ten thousand lines with everything going wrong that can: is anything lost, half-written, baked twice or not told?

    python tests/benchmarks/batch_faults.py            10,000 lines, some minutes
    python tests/benchmarks/batch_faults.py -n 1000

Lines whose process is killed (once, always), that hang (once, always), that cannot be read; the run itself killed with
kill -9 again and again. Ends with 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)

from lipsync_addon.batch.pool import Pool
from lipsync_addon.batch.state import State
from tests.batch.conftest import results
from tests.batch.faulty import run_rows

NETWORK = ROOT / "tests" / "data" / "tiny.json"
LIMIT = 5.0
FAULTS = ("poison", "stall", "poison once", "stall once", "gone", "empty", "cut", "folder")
SHARE = 0.01
"""Of the lines that have a fault."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=10_000, metavar="LINES")
    parser.add_argument("--part", type=Path, help=argparse.SUPPRESS)  # one run, to be killed
    options = parser.parse_args()
    if options.part:
        run(options.part, options.n)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sounds(folder)
        began, kills = time.monotonic(), 0
        draw = random.Random(1)
        while kills < 5:
            process = subprocess.Popen(
                [sys.executable, __file__, "-n", str(options.n), "--part", str(folder)], start_new_session=True
            )
            try:
                process.wait(timeout=draw.uniform(2, options.n / 300))
                break
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
        told = run(folder, options.n)
        sys.exit(judged(folder, options.n, kills, told, time.monotonic() - began))


def rows(folder: Path, count: int) -> list[tuple[str, Path]]:
    """(id, sound) of each line; the id says what is wrong with it."""
    draw, made = random.Random(0), []
    for number in range(count):
        fault = draw.choice(FAULTS) if draw.random() < SHARE else ""
        sound = folder / f"{fault}.wav" if fault in FAULTS[4:] else folder / f"{number % 4}.wav"
        made.append((f"{number} {fault}".strip(), sound))
    return made


def sounds(folder: Path) -> None:
    """Four good ones and the bad ones."""
    for number, name in enumerate(("hello_en", "boat_en", "lobo_es", "zug_de")):
        samples, rate = soundfile.read(ROOT / "examples" / "lines" / f"{name}.flac", frames=16000)
        soundfile.write(folder / f"{number}.wav", samples, rate)
    (folder / "empty.wav").touch()
    (folder / "folder.wav").mkdir()
    (folder / "cut.wav").write_bytes((folder / "0.wav").read_bytes()[:5000])


def run(folder: Path, count: int) -> dict[str, int]:
    """One run, to its end unless it is killed."""
    totals, _ = run_rows(NETWORK, folder / "build", rows(folder, count), lambda worker: Pool(worker, 2, timeout=LIMIT))
    return dict(totals.counts)


def judged(folder: Path, count: int, kills: int, told: dict[str, int], seconds: float) -> int:
    """Compares what there is with what there should be; 0 if it is the same."""
    table, out = rows(folder, count), folder / "build"
    bad = {id for id, _ in table if any(id.endswith(f" {fault}") for fault in ("poison", "stall", *FAULTS[4:]))}
    reference = folder / "reference" / "build"
    run_rows(NETWORK, reference, [(str(n), folder / f"{n}.wav") for n in range(4)], lambda worker: Pool(worker, 1))
    wanted = {path.stem: path.read_bytes() for path in reference.glob("*.csv")}
    made = results(out)
    missing = [id for id, _ in table if id not in bad and f"{id}.csv" not in made]
    wrong = [id for id, sound in table if f"{id}.csv" in made and made[f"{id}.csv"] != wanted[sound.stem]]
    unwanted = made.keys() - {f"{id}.csv" for id, _ in table if id not in bad}
    state = State(out)
    failed = {known.line.id for known in state.lines() if known.status == "failed"}
    silent = [known.line.id for known in state.lines() if known.status == "failed" and not known.error]
    state.close()
    print(
        f"{count} lines, {len(bad)} of them bad, the run killed {kills} times, {seconds:.0f} s: {len(made)} files, "
        f"{len(missing)} missing, {len(wrong)} not as they should be, {len(unwanted)} too many; {len(failed)} lines "
        f"told as failed, {len(failed ^ bad)} of them wrongly or not, {len(silent)} without a reason. The last run: {told}"
    )
    return int(bool(missing or wrong or unwanted or failed != bad or silent))


if __name__ == "__main__":
    main()
