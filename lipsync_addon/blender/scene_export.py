"""A baked character as FBX, GLB, USD or Alembic: its meshes, armature and one clip that holds shape keys and bones.

The character is exported from a scene of its own, made for the export: neither cameras nor lights come along,
hidden objects do, the clip bears the take's name and starts at second 0, and there is little to restore.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import bpy
from mathutils import Matrix

from ..core.errors import LipsyncError
from ..core.writing import whole_file
from ..exporters import fbx_file, fbx_units
from .animation_states import moved, without_animation


def export_character(
    target: Path,
    scene: bpy.types.Scene,
    objects: Sequence[bpy.types.Object],
    take: str,
    first_frame: int,
    last_frame: int,
    engine: str = "",
    *,
    clamp: bool = False,
) -> tuple[str, ...]:
    """Writes `target`, whose ending is one of ENDINGS, with the frames first_frame..last_frame, and returns notices for
    the user. `engine`: one of ENGINES, whose needs an FBX meets. `clamp`: shape keys stay within 0 and 1, whatever
    their ranges allow.

    Everything that animates the objects goes into the clip as it plays in the scene. The scene is afterwards as
    it was. Raises LipsyncError for another ending, or where the file cannot be written.
    """
    _writer(Path(target))
    with whole_file(Path(target)) as temporary:
        return write_character(temporary, scene, objects, take, first_frame, last_frame, engine, clamp=clamp)


def write_character(
    path: Path,
    scene: bpy.types.Scene,
    objects: Sequence[bpy.types.Object],
    take: str,
    first_frame: int,
    last_frame: int,
    engine: str = "",
    *,
    clamp: bool = False,
) -> tuple[str, ...]:
    """export_character() straight into `path`, for callers that care for whole files themselves."""
    write = _writer(path)
    kept = _MOVING if path.suffix.lower() == ".abc" else _ARMATURE
    owners = [owner for obj in objects for owner in animated(obj)]
    with (
        _object_mode(),
        moved(owners, -first_frame),
        _still_values(owners),
        _narrow_ranges(owners) if clamp else nullcontext(),
        _only_modifiers(kept, objects),
        _own_scene(scene, objects, take, last_frame - first_frame),
    ):
        try:
            with redirect_stdout(io.StringIO()):  # the exporters tell every step
                write(str(path), ENGINES[engine])
        except (RuntimeError, AttributeError) as error:  # the latter where the exporter is switched off
            raise LipsyncError(
                f"The {path.suffix} file of '{take}' was not written, Blender's exporter failed: {_reason(error)}",
                "Choose another folder, free some space, or see whether Blender's FBX and glTF add-ons are switched "
                "on.",
            ) from error
    return tuple(_unapplied(kept, objects))


def write_resting(
    path: Path, scene: bpy.types.Scene, objects: Sequence[bpy.types.Object], engine: str = ""
) -> tuple[str, ...]:
    """The character as .fbx or .glb without a clip: keys at 0, bones at rest. Lengths of an FBX are as Blender's
    exporter leaves them, whatever the engine. Returns notices for the user."""
    owners = [owner for obj in objects for owner in animated(obj)]
    armatures = {obj.data for obj in objects if obj.type == "ARMATURE"}
    with (
        _object_mode(),
        _still_values(owners),
        without_animation(owners),
        _only_modifiers(_ARMATURE, objects),
        ExitStack() as undo,
    ):
        for armature in armatures:
            undo.callback(setattr, armature, "pose_position", armature.pose_position)
            armature.pose_position = "REST"
        _rest_keys(owners)
        with _own_scene(scene, objects, path.stem, 0), redirect_stdout(io.StringIO()):
            if path.suffix.lower() == ".fbx":
                _export_fbx(str(path), **ENGINES[engine].options, bake_anim=False)
            else:
                bpy.ops.export_scene.gltf(filepath=str(path), **_GLB | {"export_animations": False})
    return tuple(_unapplied(_ARMATURE, objects))


@dataclass(frozen=True, slots=True)
class Engine:
    """What an engine wants of an FBX, beside what all want."""

    label: str
    options: dict[str, str] = field(default_factory=dict)
    """Of Blender's exporter."""
    centimetres: bool = False
    """Lengths in the file are centimetres, and no object is scaled by 100 to make up for it."""


ENGINES = {
    "": Engine("Any"),
    # The unit stands in the file's head, where Unity reads it: every object arrives with scale 1.
    "unity": Engine("Unity", {"apply_scale_options": "FBX_SCALE_ALL", "axis_forward": "-Z", "axis_up": "Y"}),
    # Unreal goes by the numbers; without smoothing groups it warns and shades anew.
    "unreal": Engine(
        "Unreal",
        {
            "apply_scale_options": "FBX_SCALE_ALL",
            "axis_forward": "-Z",
            "axis_up": "Y",
            "mesh_smooth_type": "FACE",
            "armature_nodetype": "NULL",
        },
        centimetres=True,
    ),
}
"""By id."""


_FBX = {
    "object_types": {"MESH", "ARMATURE"},
    # Applying any modifier but an armature makes the exporter drop the shape keys without a word.
    "use_mesh_modifiers": False,
    "add_leaf_bones": False,
    "use_custom_props": False,
    "bake_anim": True,
    "bake_anim_use_all_bones": True,
    # One clip of what the scene plays, not one for each action or strip.
    "bake_anim_use_nla_strips": False,
    "bake_anim_use_all_actions": False,
    "bake_anim_step": 1.0,
    "bake_anim_simplify_factor": 0.0,
}
_GLB = {
    "export_format": "GLB",
    "use_active_scene": True,
    "export_cameras": False,
    "export_lights": False,
    "export_apply": False,  # as for FBX
    "export_morph": True,
    "export_skins": True,
    "export_animations": True,
    # One clip of what the scene plays, for all objects together.
    "export_animation_mode": "SCENE",
    "export_anim_scene_split_object": False,
    "export_frame_range": True,
    "export_force_sampling": True,
    "export_frame_step": 1,
    "export_optimize_animation_size": False,
}


def _export_fbx(path: str, **options: object) -> None:
    """Blender's exporter. It would keep the name of every curve that it ever wrote, 0.2 MB for a line of a batch."""
    bpy.ops.export_scene.fbx(filepath=path, **_FBX | options)
    exporter = sys.modules.get("io_scene_fbx.fbx_utils")
    for names in ("_keys_to_uuids", "_uuids_to_keys"):
        getattr(exporter, names, {}).clear()


def _write_fbx(path: str, engine: Engine) -> None:
    _export_fbx(path, **engine.options)
    if engine.centimetres:
        top, version = fbx_file.parse(Path(path).read_bytes())
        fbx_units.to_centimetres(top)
        Path(path).write_bytes(fbx_file.to_bytes(top, version))


def _write_glb(path: str, engine: Engine) -> None:
    bpy.ops.export_scene.gltf(filepath=path, **_GLB)


def _write_usd(path: str, engine: Engine) -> None:
    """UsdSkel: blend shapes with weights, a skeleton."""
    bpy.ops.wm.usd_export(
        filepath=path,
        **_hidden_too(bpy.ops.wm.usd_export),
        export_animation=True,
        export_shapekeys=True,
        export_armatures=True,
        export_hair=False,
        export_materials=True,
        export_textures_mode="NEW",
        export_lights=False,
        export_cameras=False,
        root_prim_path="/root",
    )


def _write_abc(path: str, engine: Engine) -> None:
    """Alembic knows no shape keys: every frame holds the places of all points, moved by keys, bones and modifiers."""
    bpy.ops.wm.alembic_export(
        filepath=path,
        start=bpy.context.scene.frame_start,
        end=bpy.context.scene.frame_end,
        **_hidden_too(bpy.ops.wm.alembic_export),
        export_hair=False,
        export_particles=False,
        as_background_job=False,
    )


def _hidden_too(operator: Callable[..., set[str]]) -> dict[str, bool]:
    """Hidden objects are exported by default from Blender 5.0 on, which has no option for it."""
    known = operator.get_rna_type().properties
    return {"visible_objects_only": False} if "visible_objects_only" in known else {}


_FORMATS: dict[str, Callable[[str, Engine], None]] = {
    ".fbx": _write_fbx,
    ".glb": _write_glb,
    ".usd": _write_usd,
    ".usda": _write_usd,
    ".usdc": _write_usd,
    ".abc": _write_abc,
}
_ARMATURE = frozenset({"ARMATURE"})
"""Types of modifiers that leave exporters their shape keys."""
_MOVING = _ARMATURE | frozenset(
    """CAST CURVE DISPLACE HOOK LAPLACIANDEFORM LATTICE MESH_DEFORM SHRINKWRAP SIMPLE_DEFORM SMOOTH CORRECTIVE_SMOOTH
    LAPLACIANSMOOTH SURFACE_DEFORM WARP WAVE CLOTH SOFT_BODY MESH_CACHE""".split()
)
"""Types that move the points of a mesh and leave their number and order."""
ENDINGS = tuple(_FORMATS)
"""File name endings that export_character() writes."""


def _writer(path: Path) -> Callable[[str, Engine], None]:
    write = _FORMATS.get(path.suffix.lower())
    if write is None:
        raise LipsyncError(f"{path.name} has an ending that cannot be exported.", f"Use one of {', '.join(ENDINGS)}.")
    return write


@contextmanager
def _object_mode() -> Iterator[None]:
    """Out of edit mode, where the mesh is not what it will be and exporters stumble; back again at the end."""
    active = bpy.context.object
    mode = active.mode if active else "OBJECT"
    if mode == "OBJECT":
        yield
        return
    bpy.ops.object.mode_set(mode="OBJECT")
    try:
        yield
    finally:
        bpy.ops.object.mode_set(mode=mode)


@contextmanager
def _only_modifiers(kept: frozenset[str], objects: Sequence[bpy.types.Object]) -> Iterator[None]:
    """Modifiers of other types are off."""
    shown = [
        (modifier, modifier.show_viewport, modifier.show_render)
        for obj in objects
        for modifier in obj.modifiers
        if modifier.type not in kept
    ]
    for modifier, _, _ in shown:
        modifier.show_viewport = modifier.show_render = False
    try:
        yield
    finally:
        for modifier, viewport, render in shown:
            modifier.show_viewport, modifier.show_render = viewport, render


@contextmanager
def _own_scene(
    scene: bpy.types.Scene, objects: Sequence[bpy.types.Object], name: str, last_frame: int
) -> Iterator[None]:
    """The context's scene is one with just these objects and the frames 0..last_frame."""
    own = bpy.data.scenes.new(name)
    try:
        own.render.fps, own.render.fps_base = scene.render.fps, scene.render.fps_base
        own.frame_start, own.frame_end = 0, last_frame
        for setting in ("system", "scale_length", "length_unit"):
            setattr(own.unit_settings, setting, getattr(scene.unit_settings, setting))
        for obj in objects:
            own.collection.objects.link(obj)
        with bpy.context.temp_override(scene=own, view_layer=own.view_layers[0]):
            yield
    finally:
        bpy.data.scenes.remove(own)


@contextmanager
def _still_values(owners: Sequence[bpy.types.ID]) -> Iterator[None]:
    """Evaluating other frames leaves their values in shape keys and bones; this puts back what was there."""
    saved = [
        (thing, name, value if isinstance(value := getattr(thing, name), float) else tuple(value))
        for owner in owners
        for thing, names in _values(owner)
        for name in names
    ]
    try:
        yield
    finally:
        for thing, name, value in saved:
            setattr(thing, name, value)


@contextmanager
def at_rest(owners: Sequence[bpy.types.ID]) -> Iterator[None]:
    """Keys and bones that nothing animates are at rest, not where a take has left them."""
    with _still_values(owners):
        _rest_keys(owners)
        for bone in [bone for owner in owners if getattr(owner, "pose", None) for bone in owner.pose.bones]:
            bone.matrix_basis = Matrix()
        yield


def _rest_keys(owners: Sequence[bpy.types.ID]) -> None:
    for block in [block for owner in owners if isinstance(owner, bpy.types.Key) for block in owner.key_blocks]:
        block.value = max(0.0, block.slider_min)


@contextmanager
def _narrow_ranges(owners: Sequence[bpy.types.ID]) -> Iterator[None]:
    """Blender evaluates no shape key beyond 0 and 1."""
    with ExitStack() as undo:
        for key in [key for owner in owners if isinstance(owner, bpy.types.Key) for key in owner.key_blocks]:
            for name, end in (("slider_min", max(key.slider_min, 0.0)), ("slider_max", min(key.slider_max, 1.0))):
                undo.callback(setattr, key, name, getattr(key, name))
                setattr(key, name, end)
        yield


def _values(owner: bpy.types.ID) -> Iterator[tuple[object, tuple[str, ...]]]:
    """What F-curves of a data-block usually move: (thing, its properties)."""
    if isinstance(owner, bpy.types.Key):
        for block in owner.key_blocks:
            yield block, ("value",)
    elif isinstance(owner, bpy.types.Object):
        for thing in (owner, *(owner.pose.bones if owner.pose else ())):
            yield thing, ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale")


def _reason(error: Exception) -> str:
    """The line of an operator's traceback that says what happened."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith("Location:")]
    return lines[-1] if lines else "for no reason that it tells."


def animated(obj: bpy.types.Object) -> Iterator[bpy.types.ID]:
    """What can be animated of an object: itself, its data, its shape keys."""
    yield obj
    if obj.data is not None:
        yield obj.data
    if obj.type == "MESH" and obj.data.shape_keys:
        yield obj.data.shape_keys


def _unapplied(kept: frozenset[str], objects: Sequence[bpy.types.Object]) -> Iterator[str]:
    cost = "remove the shape keys" if kept is _ARMATURE else "give it other points than the mesh has"
    for obj in objects:
        names = [f"'{m.name}'" for m in obj.modifiers if m.type not in kept and m.show_viewport]
        if names and obj.type == "MESH":
            verb = "is" if len(names) == 1 else "are"
            yield f"{' and '.join(names)} of '{obj.name}' {verb} not in the file: applying them there would {cost}."
