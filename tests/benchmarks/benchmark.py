"""Speed and memory in one run, side by side with the peers' stored figures.

    python tests/benchmarks/benchmark.py            everything, two minutes
    python tests/benchmarks/benchmark.py -n 10      best of 10 instead of 5

Run it with an environment that has bpy to time the writing of F-curves too. Nothing here is asserted: machines
differ. Best of n runs; on a busy machine the CPU figures are the steadier ones.
"""

from __future__ import annotations

import argparse
import functools
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from measuring import BENCH, RATE, ROOT, best, header, recorded_speech, row

from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.inference.session import thread_count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5, metavar="RUNS", help="take the best of so many (default 5)")
    runs = parser.parse_args().n
    speech = recorded_speech()
    header(runs)
    network(speech, runs)
    with tempfile.TemporaryDirectory() as folder:
        command(speech, Path(folder), runs)
        start_up(runs)
        in_blender(speech, Path(folder), runs)
        files(Path(folder), runs)
        memory(speech, Path(folder))
    peers(runs)


def network(speech: np.ndarray, runs: int) -> None:
    """Times real time, start-up not included."""
    predictor = Predictor.load(providers=["CPU"])
    clip = AudioClip(np.resize(speech, 120 * RATE), RATE)
    predictor.predict(clip)
    wall, cpu = best(lambda: predictor.predict(clip), runs)
    what = f"network, times real time, {thread_count()} threads, {predictor.provider_line}"
    row(what[:43], clip.duration / wall, clip.duration / cpu, "over 200", unit=" x")


def bake(line: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "lipsync_addon.cli", "bake", str(line), "--to", str(out), "--quiet"]


def command(speech: np.ndarray, folder: Path, runs: int) -> None:
    """From the start of the process to the finished file."""
    for seconds, wanted in ((10, "under 1.5 s"), (60, "")):
        line = folder / f"{seconds}.wav"
        soundfile.write(line, np.resize(speech, seconds * RATE), RATE)
        row(
            f"lipsync bake, {seconds} s line to .csv",
            *best(lambda line=line: subprocess.run(bake(line, folder / "out.csv"), check=True), runs),
            wanted,
        )


def start_up(runs: int) -> None:
    """What `import lipsync_addon` costs, in a process of its own."""
    code = (
        "import sys, time; before = time.perf_counter(), time.process_time(); import lipsync_addon;"
        "print(time.perf_counter() - before[0], time.process_time() - before[1],"
        " sum(name in sys.modules for name in ('onnxruntime', 'soundfile', 'numpy', 'bpy')))"
    )
    outputs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(runs)
    ]
    measured = [list(map(float, output.stdout.split())) for output in outputs]
    wall, cpu, heavy = (min(column) for column in zip(*measured, strict=True))
    row("import lipsync_addon", wall, cpu, f"under 0.05 s; {heavy:.0f} of onnxruntime, soundfile, numpy, bpy loaded")


def in_blender(speech: np.ndarray, folder: Path, runs: int) -> None:
    """Bakes, sliders, Detect and the live preview; alone: blender.py."""
    try:
        import bpy  # noqa: F401
    except ImportError:
        print("Blender: not timed, this Python has no bpy")
        return
    import blender

    blender.everything(speech, folder, runs)


def files(folder: Path, runs: int) -> None:
    """52 curves of 3000 frames to files, by our own writers and by Blender's exporters."""
    from lipsync_addon.core.channels import ARKIT_52
    from lipsync_addon.core.track import AnimationTrack
    from lipsync_addon.exporters import FORMATS, ExportOptions, JawCurve, write

    track = AnimationTrack(ARKIT_52, np.random.default_rng(0).random((3000, 52)), 50.0)
    options = ExportOptions(fps=50.0, jaw=JawCurve("Rig/Jaw", (0.0, 0.0, 0.0), (20.0, 0.0, 0.0)))
    for format_id, wanted in (("gltf-animation", "under 0.5 s"), ("fbx-animation", "under 0.5 s"), ("unity", "")):
        target = folder / f"line{FORMATS[format_id].extension}"
        work = functools.partial(write, track, target, FORMATS[format_id], options)
        row(f"52 curves of 3000 frames to {format_id}", *best(work, runs), wanted)
    try:
        import bpy
    except ImportError:
        return
    from lipsync_addon.blender.bake import BakeSettings, bake
    from lipsync_addon.blender.rig_scan import find_character
    from lipsync_addon.blender.scene_export import export_character
    from lipsync_addon.blender.take_clips import export_takes
    from lipsync_addon.core.pipeline import Performance

    bpy.ops.wm.open_mainfile(filepath=str(ROOT / "examples" / "character.blend"))
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 50, 1.0
    objects = find_character(scene)
    report = bake(scene, objects, Performance(track), "line", BakeSettings(start_frame=0))
    for ending in (".glb", ".fbx"):
        work = functools.partial(
            export_character, folder / f"whole{ending}", scene, objects, report.take, 0, report.last_frame
        )
        row(f"  the example with them by Blender, {ending}", *best(work, 1))
        work = functools.partial(export_takes, folder / f"takes{ending}", scene, objects)
        row(f"  the same by All Takes, {ending}", *best(work, 1))


MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10)))
"""
"""A small process between: Linux counts the size of the process that starts a program as the program's own."""


def memory(speech: np.ndarray, folder: Path) -> None:
    """Largest resident set of `lipsync bake` on a minute and on an hour."""
    if sys.platform == "win32":
        print("memory: not measured, Windows does not tell in this way")
        return
    peaks: list[float] = []

    def measured(line: Path) -> None:
        command = [sys.executable, "-c", MEASURE, *bake(line, folder / "out.csv")]
        peaks.append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout))

    for minutes in (1, 60):
        line = folder / "long.wav"
        with soundfile.SoundFile(line, "w", RATE, 1) as file:
            for _ in range(minutes):
                file.write(np.resize(speech, 60 * RATE))
        times = best(lambda line=line: measured(line), 1)
        row(f"lipsync bake, {minutes} min of sound to .csv", *times, f"{peaks[-1]:.0f} MB at most")


def peers(runs: int) -> None:
    """The peers' own script, as it is."""
    if not BENCH.is_dir():
        print("\n../shared is absent: no peers to compare with")
        return
    ours = f'"{sys.executable}" -m lipsync_addon.cli bake {{wav}} --to {{out}}.csv'
    print(flush=True)
    subprocess.run([sys.executable, str(BENCH / "speed.py"), "--command", ours, "-n", str(runs)], check=True)


if __name__ == "__main__":
    main()
