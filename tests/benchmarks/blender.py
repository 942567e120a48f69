"""Speed in Blender: Detect, bakes, sliders, the live preview.

    python tests/benchmarks/blender.py            half a minute, with an environment that has bpy
    python tests/benchmarks/blender.py -n 10      best of 10 instead of 5
    python tests/benchmarks/blender.py --memory   what bakes of a minute, ten and sixty need, in three minutes (Linux)

Nothing is asserted: machines differ. On a busy machine the CPU figures are the steadier ones.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bpy
import numpy as np
import soundfile
from measuring import RATE, ROOT, best, header, recorded_speech, row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5, metavar="RUNS", help="take the best of so many (default 5)")
    parser.add_argument("--memory", action="store_true", help="memory instead of time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.memory:
            memory(recorded_speech(), Path(folder))
            return
        header(options.n)
        everything(recorded_speech(), Path(folder), options.n)


def everything(speech: np.ndarray, folder: Path, runs: int) -> None:
    """All of it; `speech` [N] at RATE."""
    curves(runs)
    sliders(speech, folder, runs)
    phonemes(speech, folder)
    character(runs)
    live(speech)


def curves(runs: int) -> None:
    """52 curves of 3000 frames onto the shape keys of a mesh."""
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
    """A minute of speech onto the example character, then a slider of the panel that is dragged, and let go."""
    import lipsync_addon
    from lipsync_addon.blender import api
    from lipsync_addon.blender.sliders import held, write

    lipsync_addon.register()
    bpy.ops.wm.open_mainfile(filepath=str(ROOT / "examples" / "character.blend"))
    line, face, settings = folder / "minute.wav", bpy.data.objects["Face"], bpy.context.scene.lipsync
    soundfile.write(line, np.resize(speech, 60 * RATE), RATE)
    positions = iter(np.arange(0.5, 2.0, 0.001))

    def drag(quick: bool = True) -> None:
        with held():  # without a window a change is written as one that has come to rest
            settings.jaw = next(positions)
        write(bpy.context, quick)

    for mode in ("every", "sparse"):
        with held():
            settings.key_mode, settings.jaw = mode, 1.0
        api.bake(face, line, keys=mode)  # opens the network
        row(
            f"60 s line baked, keys: {mode}",
            *best(lambda mode=mode: api.bake(face, line, keys=mode), runs),
            "under 1 s",
        )
        drag()
        row("  slider of it dragged", *best(drag, runs), "under 0.05 s")
        row("  slider of it let go", *best(lambda: drag(quick=False), runs))
    lipsync_addon.unregister()


def phonemes(speech: np.ndarray, folder: Path) -> None:
    """A phone of a minute of speech that is changed: from the button to the F-curves; and of it the core's part."""
    import lipsync_addon
    from lipsync_addon.blender.operators.bake import shared_predictor
    from lipsync_addon.blender.playing import playing_take
    from lipsync_addon.blender.stored import stored_prediction
    from lipsync_addon.core.timeline_edits import with_unit
    from lipsync_addon.core.timeline_moves import remade

    lipsync_addon.register()
    bpy.ops.wm.open_mainfile(filepath=str(ROOT / "examples" / "character.blend"))
    line, settings = folder / "minute.wav", bpy.context.scene.lipsync
    soundfile.write(line, np.resize(speech, 60 * RATE), RATE)
    settings.sound_file, settings.add_sound, settings.key_mode = str(line), False, "every"
    bpy.ops.lipsync.bake()
    words, predictor = settings.words, shared_predictor(None)
    places = np.linspace(10, len(words.phones) - 10, 25).astype(int).tolist()
    prediction = stored_prediction(playing_take(list(bpy.context.scene.objects)))
    hearing, track, timeline = prediction.hearing, prediction.track, prediction.timeline

    def edit(index: int) -> None:
        words.active = index
        bpy.ops.lipsync.change_phone(ipa="m" if words.phones[index].unit != "m" else "o")

    def edit_sparse(index: int) -> None:
        if settings.key_mode != "sparse":
            settings.key_mode = "sparse"
            bpy.ops.lipsync.bake()
        edit(index)

    moves = {
        "phone of 60 s changed, to the F-curves": edit,
        "  with sparse keys": edit_sparse,
        "  of it the network's stretch": lambda index: remade(
            predictor, hearing, track, timeline, with_unit(timeline, index, "m"), prediction.controls
        ),
    }
    for what, move in moves.items():
        move(places[0])
        spent = []
        for index in places[1:]:
            before = time.perf_counter(), time.process_time()
            move(index)
            spent.append((time.perf_counter() - before[0], time.process_time() - before[1]))
        for name, place in (("median", len(spent) // 2), ("slowest", -1)):
            wall, cpu = (sorted(column)[place] for column in zip(*spent))
            row(f"{what}, {name}"[:43], wall, cpu, "under 0.02 s")
    lipsync_addon.unregister()


def character(runs: int) -> None:
    """A head of 60,000 vertices with 200 shape keys: told by its names, and by what the keys do."""
    import lipsync_addon
    from lipsync_addon.blender.mesh_measure import fitted, forget_meshes, measured_lips, read_meshes
    from lipsync_addon.blender.rig_scan import scan_rig
    from lipsync_addon.core.channels import ARKIT_52, VISEMES_15
    from lipsync_addon.core import lip_truth
    from lipsync_addon.core.keying import KEY_MODES, KeySettings, closures, keyed
    from lipsync_addon.core.lip_truth import corrected
    from lipsync_addon.core.mapping import map_track, resolve
    from lipsync_addon.core.track import AnimationTrack
    from tests.core.paper_face import motion, sheet

    lipsync_addon.register()
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
        bpy.context.scene.lipsync.character = None
        bpy.ops.lipsync.detect()

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

    def mend() -> None:
        lip_truth._seen.clear(), lip_truth._steps.clear()  # as for a line that was never looked at
        corrected(track, mapped, lips, *bounds)

    row("  120 closures of 60 s made true", *best(mend, runs))
    true, truth = corrected(track, mapped, lips, *bounds)
    times, closed = np.arange(1441) / 24, closures(track)
    for mode in KEY_MODES:
        settings = KeySettings(mode)
        work = lambda s=settings: keyed(  # noqa: E731
            true, bounds[1] - bounds[0], 24 * times, times, closed, s, truth=truth
        )
        row(f"  keys of it that show them, {mode}", *best(work, runs))
    lipsync_addon.unregister()


def live(speech: np.ndarray) -> None:
    """From a sound to the shape that shows it: a file in the microphone's stead, looked at 60 times a second of a clock
    that goes on while the network runs. The microphone's own buffer and the screen come on top."""
    from lipsync_addon.blender.bake_file import open_character
    from lipsync_addon.core.audio_clip import AudioClip
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
    now, late, spent, before = 0.0, [], [], time.process_time()
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
    cpu = (time.process_time() - before) / len(late)
    row("live: from a sound to its shape, median", late[len(late) // 2], cpu, "under 0.15 s; CPU: a step's")
    row("  slowest of 20", late[int(len(late) * 0.95)], cpu, "under 0.15 s")
    row("  of it the network and the shape keys", sorted(spent)[len(spent) // 2], cpu)


BAKE = """
import json, os, sys
from pathlib import Path
import bpy
line, mode, character = sys.argv[1:]
facts = lambda: {name: int(value.split()[0]) / 1024 for name, _, value in
                 (row.partition(":") for row in Path("/proc/self/status").read_text().splitlines()) if name[:2] == "Vm"}
bpy.ops.wm.open_mainfile(filepath=character)
before = facts()["VmRSS"]
if mode == "none":  # the same keys without the add-on, one data-block's action after the other
    face = bpy.data.objects["Face"].data.shape_keys
    bag = bpy.data.actions.new("keys")
    slot = bag.slots.new("KEY", face.name)
    face.animation_data_create().action, face.animation_data.action_slot = bag, slot
    bag = bag.layers.new("keys").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    for index, count in enumerate(json.loads(line)):
        points = bag.fcurves.new(f'key_blocks["{face.key_blocks[1].name}"].value', index=index).keyframe_points
        points.add(count)
    bpy.context.view_layer.update()
else:
    import lipsync_addon
    lipsync_addon.register()
    settings = bpy.context.scene.lipsync
    settings.sound_file, settings.add_sound, settings.key_mode = line, False, mode
    bpy.ops.lipsync.bake()
    bpy.context.view_layer.update()
after = facts()
curves = [curve for action in bpy.data.actions for layer in action.layers for strip in layer.strips
          for bag in strip.channelbags for curve in bag.fcurves]
kept = [len(value) for action in bpy.data.actions for value in action.values() if isinstance(value, bytes)]
print("MEASURED", json.dumps([after["VmHWM"] - before, after["VmRSS"] - before, sum(kept) / 2**20,
                              [len(curve.keyframe_points) for curve in curves]]), flush=True)
os._exit(0)  # Blender as a module hangs now and then when Python ends
"""
"""A process that bakes, and prints MB over those of Blender with the character open: most and at the end, of which
custom properties of the take; and the keys of its curves."""


def memory(speech: np.ndarray, folder: Path) -> None:
    """Bakes of the example character by the button, beside the same keys without the add-on."""
    if not Path("/proc/self/status").exists():
        print("memory: measured on Linux only")
        return

    def measured(*arguments: str) -> list:
        command = [sys.executable, "-c", BAKE, *arguments, str(ROOT / "examples" / "character.blend")]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return json.loads(told.partition("MEASURED ")[2].partition("\n")[0])

    print(
        f"MB over Blender's own{'at most':>19s}{'after':>8s}{'in the take':>13s}{'keys':>12s}{'Blender for them':>18s}"
    )
    for minutes in (1, 10, 60):
        line = folder / f"{minutes} min.wav"
        with soundfile.SoundFile(line, "w", RATE, 1) as file:
            for minute in range(minutes):  # no two are the same, or they would pack better than speech does
                noise = np.random.default_rng(minute).normal(0, 0.003, 60 * RATE)
                file.write(np.resize(np.roll(speech, -minute * 37 * RATE), 60 * RATE) + noise)
        for mode in ("every", "sparse"):
            most, after, kept, keys = measured(str(line), mode)
            alone = measured(json.dumps(keys), "none")[1]
            what = f"{minutes} min, keys: {mode}"
            print(f"{what:30s}{most:10.0f}{after:8.0f}{kept:13.1f}{sum(keys):12d}{alone:18.0f}", flush=True)


if __name__ == "__main__":
    main()
