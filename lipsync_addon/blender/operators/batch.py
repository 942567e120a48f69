"""The buttons of the batch's panel: read it, select lines, bake them again, bring them in as takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import bpy
from bpy.props import EnumProperty

from ...batch.report import troubles
from ...batch.state import FOLDER, State
from ...core.errors import LipsyncError
from ...core.pipeline import Performance
from ...core.progress import Progress
from ...importers import ENDINGS, read_curves
from .. import panel_data
from ..bake import bake
from ..batch_settings import chosen
from ..jobs import JobOperator, running
from ..operator_base import LipsyncOperator
from ..panel_values import bake_settings

ROOT = Path(__file__).parents[3]
"""The folder that holds the add-on."""


class LIPSYNC_OT_read_batch(LipsyncOperator, bpy.types.Operator):
    """List the lines of the batch with their state. Nothing in the scene changes"""

    bl_idname = "lipsync.read_batch"
    bl_label = "Read Batch"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return _problem(context)

    def run(self, context: bpy.types.Context) -> None:
        read(context.scene)


class LIPSYNC_OT_select_lines(LipsyncOperator, bpy.types.Operator):
    """Select lines of the batch"""

    bl_idname = "lipsync.select_lines"
    bl_label = "Select Lines"
    bl_options = {"REGISTER", "UNDO"}

    which: EnumProperty(
        name="Which",
        items=(
            ("ALL", "All", "Every line"),
            ("NONE", "None", "No line"),
            ("LOOK", "To Look At", "Lines that failed, and those that the report lists as worst"),
        ),
    )

    def run(self, context: bpy.types.Context) -> None:
        for line in context.scene.lipsync.batch.lines:
            line.selected = self.which == "ALL" or (self.which == "LOOK" and bool(line.told))


class LIPSYNC_OT_import_takes(LipsyncOperator, bpy.types.Operator):
    """Write the curves of the selected lines onto the character, a take for each, named as the line is"""

    bl_idname = "lipsync.import_takes"
    bl_label = "Import as Takes"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        return _problem(context) or _none_selected(context) or panel_data.facts(context).problem

    def run(self, context: bpy.types.Context) -> None:
        scene = context.scene
        state = State(_folder(scene), writing=False)
        try:
            files = {id: _curves(state, id) for id in chosen(scene.lipsync.batch)}
        finally:
            state.close()
        tracks = {id: read_curves(path) for id, path in files.items()}  # all, before the scene changes
        objects, profiles = panel_data.character(context), panel_data.profiles(context)
        for id, track in tracks.items():
            settings = bake_settings(scene.lipsync, scene.lipsync.start_frame)
            panel_data.remember(bake(scene, objects, Performance(track), id, settings, profiles=profiles))
        self.report({"INFO"}, f"{len(tracks)} take{'s' * (len(tracks) > 1)} of the batch brought in.")


class LIPSYNC_OT_bake_lines_again(JobOperator, bpy.types.Operator):
    """Bake the selected lines again as the batch's table says, beside Blender; files that somebody changed stay"""

    bl_idname = "lipsync.bake_lines_again"
    bl_label = "Bake Again"
    label = "Baking lines"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str | None:
        if running():
            return "A line is being baked."
        return _problem(context) or _none_selected(context)

    def prepare(self, context: bpy.types.Context) -> Callable[[Progress], dict]:
        self._scene = context.scene.name
        folder, ids = _folder(context.scene), chosen(context.scene.lipsync.batch)
        state = State(folder, writing=False)
        words, where = json.loads(state.remembered("words") or "[]"), state.remembered("folder")
        state.close()
        if not words or not Path(where).is_dir():
            raise LipsyncError("This batch does not say how it was made.", "Run `lipsync batch` on it once more.")
        words = [word for word in words if word != "--delete-removed"]
        words += ["--out", str(folder), "--again", "--machine-readable"]
        return lambda progress: _baked_again(words, where, ids, progress)

    def finish(self, context: bpy.types.Context, result: dict) -> None:
        read(bpy.data.scenes[self._scene])
        self.report(
            {"INFO"}, f"{result['baked']} baked, {result['kept']} kept as changed by hand, {result['failed']} failed."
        )


def read(scene: bpy.types.Scene) -> None:
    """Fills the table from the state of the batch; what was selected stays so."""
    batch = scene.lipsync.batch
    before = set(chosen(batch))
    state = State(_folder(scene), writing=False)
    try:
        batch.lines.clear()
        for known in state.lines():
            line = batch.lines.add()
            line.name, line.selected = known.line.id, known.line.id in before
            line.state = "kept" if known.decision == "keep" else known.status or ""
            line.said = " · ".join(filter(None, map(known.line.fields.get, ("text", "character", "language"))))
            line.told = "; ".join(what for _, what in troubles(known))
    finally:
        state.close()


def _folder(scene: bpy.types.Scene) -> Path:
    return Path(bpy.path.abspath(scene.lipsync.batch.folder))


def _problem(context: bpy.types.Context) -> str | None:
    if not context.scene.lipsync.batch.folder:
        return "Choose the output folder of a batch."
    there = (_folder(context.scene) / FOLDER / "state.sqlite").is_file()
    return None if there else "In this folder `lipsync batch` has not written yet."


def _none_selected(context: bpy.types.Context) -> str | None:
    return None if chosen(context.scene.lipsync.batch) else "Select lines of the batch."


def _curves(state: State, id: str) -> Path:
    """The file of a line that holds most: JSON has the visemes too."""
    known = state.known(id)
    names = sorted(known.line.outputs, key=lambda name: (Path(name).suffix != ".json", name))
    for name in names:
        if Path(name).suffix.lower() in ENDINGS and (state.out / name).is_file():
            return state.out / name
    raise LipsyncError(f"The line {id} has no curves to bring in.", "Bake it to .json or .csv.")


def _command(words: list[str]) -> list[str]:
    """`lipsync` in this Blender without a window, or in this Python where Blender is a module of it."""
    paths = [str(ROOT), *(path for path in sys.path if path)]
    code = f"import sys; sys.path[:0] = {paths!r}; from lipsync_addon.cli import main; sys.exit(main({words!r}))"
    if bpy.app.binary_path:
        return [
            bpy.app.binary_path,
            "--background",
            "--factory-startup",
            "--python-exit-code",
            "1",
            "--python-expr",
            code,
        ]
    return [sys.executable, "-c", code]


def _baked_again(words: list[str], where: str, ids: list[str], progress: Progress) -> dict:
    """Runs it to its end; returns the sums that it tells last. Raises LipsyncError with what it complains of.

    Ids and complaints go through files: a command is too short for thousands of ids, and a pipe that nobody reads
    stops who writes.
    """
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryDirectory() as folder, open(Path(folder, "told"), "w+", encoding="utf-8") as told:
        file = Path(folder, "ids.json")
        file.write_text(json.dumps(ids), encoding="utf-8")
        run = subprocess.Popen(
            _command([*words, "--ids", str(file)]),
            cwd=where,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            encoding="utf-8",
        )
        try:
            done, last = 0, {}
            for text in run.stdout:
                if not text.startswith("{"):  # Blender talks too
                    continue
                event = json.loads(text)
                done += event["event"] == "line" and event["status"] != "leave"
                last = event
                progress(min(done / len(ids), 1.0))
            run.wait()
        except BaseException:
            run.kill()
            run.wait()
            raise
        finally:
            run.stdout.close()
        told.seek(0)
        complaint = told.read().strip()
    if last.get("event") != "end":
        raise LipsyncError(complaint.removeprefix("lipsync: ") or "The batch did not end as it should.")
    return last
