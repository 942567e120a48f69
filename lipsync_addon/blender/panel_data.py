"""Facts about the scene for panels and tooltips, computed when the scene changes and not when it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ..core.errors import LipsyncError
from ..core.mapping import resolve
from ..core.model_spec import ModelSpec
from ..inference.predictor import DEFAULT_NETWORK
from .actions import take_name
from .bake import BakeReport
from .keyframes import data_block
from .rig_scan import best_match, character_of, find_character, scan_rig
from .settings import jaw_settings

_cache: dict[object, Facts] = {}
_last: list[BakeReport] = []


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found on the character."""

    problem: str | None = None
    """Why nothing can be baked; everything else is empty then."""
    objects: tuple[str, ...] = ()
    """Names of the character's objects."""
    summary: str = ""
    """For example: ARKit: 52 of 52, jaw bone 'jaw'."""
    missing: tuple[str, ...] = ()
    """Shape keys that the network could use and the character lacks."""


def facts(context: bpy.types.Context) -> Facts:
    """Of the chosen character, or of the one that the scene has. Computed anew only when something changed."""
    scene = context.scene
    key = _fingerprint(scene)
    if key not in _cache:
        _cache.clear()
        _cache[key] = _find(scene)
    return _cache[key]


def character(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The objects. Raises LipsyncError if there is no character that can speak."""
    chosen = context.scene.lipsync.character
    return character_of(chosen, context.scene) if chosen else find_character(context.scene)


def active_take(context: bpy.types.Context) -> str | None:
    """Name of the take that plays on the character."""
    objects = [context.scene.objects.get(name) for name in facts(context).objects]
    return take_name(owner for obj in objects if obj for owner in animated_blocks(obj))


def animated_blocks(obj: bpy.types.Object) -> list[bpy.types.ID]:
    """What a take can animate of an object."""
    keys = obj.data.shape_keys if obj.type == "MESH" else None
    return [keys] if keys else [obj]


def last_report() -> BakeReport | None:
    """Of the last bake in this session."""
    return _last[0] if _last else None


def remember(report: BakeReport) -> None:
    """Keeps a report for the panel."""
    _last[:] = [report]


def forget() -> None:
    """Drops everything, when the add-on is switched off."""
    _cache.clear()
    _last.clear()


def _fingerprint(scene: bpy.types.Scene) -> object:
    """Changes with all that _find() depends on, and is cheap."""
    settings = scene.lipsync
    objects = []
    for obj in scene.objects:
        if obj.type == "MESH" and obj.data.shape_keys:
            names = tuple(obj.data.shape_keys.key_blocks.keys())
            objects.append((obj.session_uid, obj.name, obj.parent and obj.parent.session_uid, names))
        elif obj.type == "ARMATURE":
            objects.append((obj.session_uid, obj.name, len(obj.data.bones), len(obj.keys())))
    chosen = settings.character and settings.character.session_uid
    return scene.session_uid, len(scene.objects), tuple(objects), chosen, jaw_settings(settings)


def _find(scene: bpy.types.Scene) -> Facts:
    chosen = scene.lipsync.character
    try:
        objects = character_of(chosen, scene) if chosen else find_character(scene)
        match = best_match(objects)
        outputs = ModelSpec.load(DEFAULT_NETWORK.with_suffix(".json")).outputs.values()
        channels = [channel for names in outputs for channel in names]
        mapping = resolve(match.profile, scan_rig(objects), channels, jaw_settings(scene.lipsync))
    except LipsyncError as error:
        return Facts(problem=str(error))
    bones = [f"jaw bone '{target.name}'" for target in mapping.targets if target.kind == "bone_rotation"]
    summary = ", ".join([f"{match.profile.label}: {match.found} of {match.total}", *bones])
    locked = next((b for t in mapping.targets if not (b := data_block(t)).is_editable), None)
    problem = f"'{locked.name}' is linked: make a library override of the character first." if locked else None
    return Facts(problem, tuple(obj.name for obj in objects), summary, mapping.missing)
