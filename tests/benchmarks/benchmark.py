"""Speed and memory in one run, side by side with the peers' stored figures.

    python tests/benchmarks/benchmark.py            everything, two minutes
    python tests/benchmarks/benchmark.py -n 10      best of 10 instead of 5

Run it with an environment that has bpy to time the writing of F-curves too. Nothing here is asserted: machines
differ. Best of n runs; on a busy machine the CPU figures are the steadier ones.
"""

from __future__ import annotations

import argparse
import functools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT.parent / "shared" / "bench"
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)

from lipsync_addon.core.audio_clip import AudioClip
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.inference.session import thread_count

RATE = 16000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5, metavar="RUNS", help="take the best of so many (default 5)")
    runs = parser.parse_args().n
    speech = recorded_speech()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, best of {runs}\n")
    print(f"{'':44s}{'wall':>10s}{'CPU':>10s}   wanted")
    network(speech, runs)
    with tempfile.TemporaryDirectory() as folder:
        command(speech, Path(folder), runs)
        start_up(runs)
        curves(runs)
        sliders(speech, Path(folder), runs)
        character(runs)
        live(speech)
        files(Path(folder), runs)
        memory(speech, Path(folder))
    peers(runs)


def recorded_speech() -> np.ndarray:
    """[N] at RATE: people where ../shared is there, the examples' voices otherwise."""
    files = sorted((BENCH / "dev" / "audio").glob("*.flac")) or sorted((ROOT / "examples" / "lines").glob("*.flac"))
    parts = [soundfile.read(file, dtype="float32") for file in files]
    return np.concatenate([samples for samples, rate in parts if rate == RATE])


def best(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Least wall and CPU seconds, those of finished child processes included."""
    measured = []
    for _ in range(runs):
        before = (time.perf_counter(), sum(os.times()[:4]))
        work()
        measured.append((time.perf_counter() - before[0], sum(os.times()[:4]) - before[1]))
    return min(wall for wall, _ in measured), min(cpu for _, cpu in measured)


def row(what: str, wall: float, cpu: float, wanted: str = "", unit: str = " s") -> None:
    print(f"{what:44s}{wall:>8.3g}{unit}{cpu:>8.3g}{unit}   {wanted}")


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


def curves(runs: int) -> None:
    """52 curves of 3000 frames onto the shape keys of a mesh."""
    try:
        import bpy
    except ImportError:
        print("52 curves of 3000 keys: not timed, this Python has no bpy")
        return
    from lipsync_addon.blender.actions import Take
    from lipsync_addon.blender.keyframes import write_track
    from lipsync_addon.core.channels import ARKIT_52
    from lipsync_addon.core.keying import KeySettings
    from lipsync_addon.core.mapping import Target
    from lipsync_addon.core.take_edits import Timing
    from lipsync_addon.core.track import AnimationTrack

    bpy.ops.wm.read_factory_settings(use_empty=True)
    face = bpy.data.objects.new("Face", bpy.data.meshes.new("Face"))
    bpy.context.scene.collection.objects.link(face)
    for name in ("Basis", *ARKIT_52):
        face.shape_key_add(name=name)
    targets = [Target("shape_key", "Face", name) for name in ARKIT_52]
    track = AnimationTrack(tuple(target.id for target in targets), np.random.default_rng(0).random((3000, 52)), 50.0)

    def write() -> None:
        take = Take("line", "Face", [face.data.shape_keys])
        write_track(track, targets, take, Timing(0, 50.0), ranges=np.ones(len(targets)), keys=KeySettings("every"))
        take.discard()

    row("52 curves of 3000 keys in Blender", *best(write, runs), "under 0.1 s")


def sliders(speech: np.ndarray, folder: Path, runs: int) -> None:
    """A minute of speech onto the example character, then a slider that is dragged, and let go."""
    try:
        import bpy
    except ImportError:
        print("bake and sliders: not timed, this Python has no bpy")
        return
    from lipsync_addon.blender import api
    from lipsync_addon.blender.bake import BakeSettings
    from lipsync_addon.blender.mesh_measure import forget_meshes
    from lipsync_addon.blender.restyle import restyle
    from lipsync_addon.blender.rig_scan import character_of
    from lipsync_addon.core.keying import KeySettings
    from lipsync_addon.core.style import StyleSettings

    bpy.ops.wm.open_mainfile(filepath=str(ROOT / "examples" / "character.blend"))
    line, face, scene = folder / "minute.wav", bpy.data.objects["Face"], bpy.context.scene
    soundfile.write(line, np.resize(speech, 60 * RATE), RATE)
    objects, jaw = character_of(face, scene), iter(np.arange(0.5, 2.0, 0.001))
    for mode in ("every", "sparse"):
        api.bake(face, line, keys=mode)  # opens the network
        row(f"60 s line baked, keys: {mode}", *best(lambda mode=mode: api.bake(face, line, keys=mode), runs), "under 1 s")
        settings = BakeSettings(keys=KeySettings(mode))

        def drag(settings: BakeSettings = settings, quick: bool = True) -> None:
            restyle(scene, objects, StyleSettings(jaw=float(next(jaw))), settings, quick=quick)

        row("  slider of it dragged", *best(drag, runs), "under 0.05 s")
        row("  slider of it let go", *best(lambda drag=drag: drag(quick=False), runs))
    forget_meshes()


def character(runs: int) -> None:
    """A head of 60,000 vertices with 200 shape keys: told by its names, and by what the keys do."""
    try:
        import bpy
    except ImportError:
        print("Detect and the fit by geometry: not timed, this Python has no bpy")
        return
    from lipsync_addon.blender.mesh_measure import fitted, forget_meshes, measured_lips, read_meshes
    from lipsync_addon.blender.rig_scan import best_match, scan_rig
    from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
    from lipsync_addon.core.lip_truth import corrected
    from lipsync_addon.core.mapping import map_track, resolve
    from lipsync_addon.core.track import AnimationTrack
    from tests.core.paper_face import motion, sheet

    bpy.ops.wm.read_factory_settings(use_empty=True)
    step = 0.0131
    points, faces, _ = sheet(step)
    mesh = bpy.data.meshes.new("Face")
    mesh.from_pydata(points.tolist(), [], faces)
    face = bpy.data.objects.new("Face", mesh)
    bpy.context.scene.collection.objects.link(face)
    face.shape_key_add(name="Basis", from_mix=False)
    motions = [motion(name, step) for name in ("open", "pucker", "left", "right", "upper", "brow")]
    for index in range(200):
        block = face.shape_key_add(name=ARKIT_52[index] if index < 52 else f"Other {index}", from_mix=False)
        shape = points + (1 - 0.004 * index) * motions[index % len(motions)]
        block.points.foreach_set("co", shape.astype(np.float32).ravel())
    objects, size = [face], f"{len(points)} vertices, 200 keys"

    def detect() -> None:
        forget_meshes()
        best_match(objects)

    row(f"Detect by names, {size}"[:43], *best(detect, runs), "under 0.2 s")
    row("  the same read from Blender as arrays", *best(lambda: read_meshes(objects), runs))
    for index, block in enumerate(list(mesh.shape_keys.key_blocks)[1:]):
        block.name = f"Key {index}"
    row(f"Detect by geometry, {size}"[:43], *best(detect, runs), "under 5 s")
    mapping = resolve(fitted(objects, scan_rig(objects)).profile, scan_rig(objects), ARKIT_52)

    def measure() -> None:
        forget_meshes()
        measured_lips(objects, mapping)

    row("  lips of it measured for the truth check", *best(measure, runs))
    lips = measured_lips(objects, mapping)
    sounds = np.resize(np.repeat([VISEMES_15.index(f"viseme_{name}") for name in ("aa", "PP")], (17, 8)), 3000)
    values = np.zeros((3000, len(ARKIT_52) + 15), np.float32)
    values[:, ARKIT_52.index("jawOpen")] = 0.2
    values[np.arange(3000), len(ARKIT_52) + sounds] = 1.0
    track = AnimationTrack((*ARKIT_52, *VISEMES_15), values, 50.0)
    mapped = map_track(track, mapping)
    bounds = mapping.low, mapping.high
    row("  120 closures of 60 s made true", *best(lambda: corrected(track, mapped, lips, *bounds), runs))


def live(speech: np.ndarray) -> None:
    """From a sound to the shape that shows it: a file in the microphone's stead, looked at 60 times a second of a clock
    that goes on while the network runs. The microphone's own buffer and the screen come on top."""
    try:
        import bpy
    except ImportError:
        print("Live preview: not timed, this Python has no bpy")
        return
    from lipsync_addon.blender.bake_file import open_character
    from lipsync_addon.blender.live import LivePreview
    from lipsync_addon.blender.live_face import LiveFace
    from lipsync_addon.blender.live_sound import FileSound
    from lipsync_addon.blender.rig_scan import find_character
    from lipsync_addon.inference.stream import Stream

    open_character(ROOT / "examples" / "character.blend")
    stream = Stream.load(providers=["CPU"])
    face = LiveFace(find_character(bpy.context.scene), stream.channels)
    preview = LivePreview(FileSound(AudioClip(speech[: 20 * RATE], RATE)), stream, face)
    stream.push(np.zeros(RATE, np.float32))  # the first run is slower
    now, late, spent = 0.0, [], []
    preview.start(now)
    while True:
        shown, started = preview.frames, time.perf_counter()
        more = preview.step(now)
        took = time.perf_counter() - started
        if preview.frames > shown:
            spent.append(took)
            late.append(now + took - (preview.frames - 1) / 50)
        if not more:
            break
        now += max(took, 1 / 60)
    preview.stop()
    late.sort()
    row("live: from a sound to its shape, median", late[len(late) // 2], float("nan"), "< 0.15")
    row("  slowest of 20", late[int(len(late) * 0.95)], float("nan"), "< 0.15")
    row("  of it the network and the shape keys", sorted(spent)[len(spent) // 2], float("nan"))


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
