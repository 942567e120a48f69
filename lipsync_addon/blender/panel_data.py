"""Facts about the scene for panels and tooltips, computed when the scene changes and not when it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy

from ..core.diagnosis import obstacles
from ..core.errors import LipsyncError
from ..core.mapping import RigMapping, resolve
from ..core.model_spec import ModelSpec
from ..core.profile_match import ProfileMatch, RigInventory
from ..core.rig_profile import RigProfile
from ..inference.network import DEFAULT_NETWORK
from ..inference.predictor import OUTPUTS
from .actions import TAKE
from .bake import BakeReport, Rewritten
from .keyframes import data_block
from .mesh_measure import fitted_match, forget_meshes, is_fitted, still_keys
from .panel_values import jaw_settings
from .playing import playing_take
from .rig_scan import all_profiles, character_of, find_character, ranked_matches, ranked_with_fit, scan_rig

_cache: dict[object, Facts] = {}
_mappings: dict[tuple[str, ...], RigMapping] = {}
_rig: list[tuple[RigProfile, RigInventory]] = []  # of the cached facts
_last: list[BakeReport] = []
_detected: list[object] = []  # fingerprint of what Detect looked at, while its ranking is shown


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
    lacks: tuple[str, ...] = ()
    """What the mouth cannot do for want of them, in sentences."""
    obstacles: tuple[str, ...] = ()
    """What keeps the mouth from moving, in sentences."""
    ranked: tuple[ProfileMatch, ...] = ()
    """The profiles that know something of the character, the best first."""
    profile_problems: tuple[str, ...] = ()
    """What is wrong with rig profiles of the user."""


def facts(context: bpy.types.Context) -> Facts:
    """Of the chosen character, or of the one that the scene has. Computed anew only when something changed."""
    scene = context.scene
    key = _fingerprint(scene)
    if key not in _cache:
        _cache.clear()
        _mappings.clear()
        _cache[key] = _find(scene)
    return _cache[key]


def character(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The objects. Raises LipsyncError if there is no character that can speak, or if the chosen one is elsewhere."""
    return _character(context.scene)


def _character(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    chosen = scene.lipsync.character
    if chosen is None:
        return find_character(scene)
    if chosen not in scene.objects.values():
        raise LipsyncError(f"'{chosen.name}' is not in this scene.", "Choose another character, or empty the field.")
    return character_of(chosen, scene)


def profiles(context: bpy.types.Context) -> tuple[RigProfile, ...] | None:
    """The rig profile that the user chose, else None. Raises LipsyncError if it does not exist."""
    label = context.scene.lipsync.profile
    if not label:
        return None
    found = character(context)
    return tuple(match.profile for match in _ranked(label, found, scan_rig(found), all_profiles()[0])[:1])


def show_ranking() -> None:
    """The panel lists the profiles that fit, until the character changes."""
    _detected[:] = list(_cache)


def ranking_shown(context: bpy.types.Context) -> bool:
    """Whether the panel lists the profiles that fit."""
    return bool(_detected) and _detected[0][:-1] == _fingerprint(context.scene)[:-1]


def objects(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Those of facts() that are still there."""
    found = (_local(context.scene, name) for name in dict.fromkeys(facts(context).objects))
    return [obj for obj in found if obj is not None]


def _local(scene: bpy.types.Scene, name: str) -> bpy.types.Object | None:
    """The scene's object of that name, rather an override than what it overrides."""
    found = scene.objects.get(name)
    local = bpy.data.objects.get((name, None)) if found and found.library else None
    return local if local and scene in local.users_scene else found


def active_action(context: bpy.types.Context) -> bpy.types.Action | None:
    """The take that plays on the character at the playhead, or nearest to it."""
    return playing_take(objects(context), context.scene.frame_current)


def exported_take(context: bpy.types.Context) -> str | None:
    """Name of the take whose curves are exported, wherever the playhead is."""
    action = playing_take(objects(context))
    return action[TAKE] if action else None


def mapping(context: bpy.types.Context, channels: tuple[str, ...]) -> RigMapping:
    """How the character plays these channels. Raises LipsyncError if it cannot."""
    found = facts(context)
    if not found.ranked:
        raise LipsyncError(found.problem or "There is no character.")
    if channels not in _mappings:
        profile, inventory = _rig[0]
        _mappings[channels] = resolve(profile, inventory, channels, jaw_settings(context.scene.lipsync))
    return _mappings[channels]


def last_report() -> BakeReport | None:
    """Of the last bake in this session."""
    return _last[0] if _last else None


def remember(report: BakeReport) -> None:
    """Keeps a report for the panel."""
    _last[:] = [report]


def remember_rewritten(take: str, now: Rewritten) -> None:
    """After a take was written in another style: the report on its bake must not say otherwise."""
    if _last and _last[0].take == take:
        old = _last[0].lips.notices()
        told = tuple(notice for notice in _last[0].notices if notice not in old)
        _last[0] = replace(_last[0], lips=now.lips, edits=now.edits, notices=told)


def forget_character() -> None:
    """Makes the next facts() look at the character and at the files with rig profiles again."""
    _cache.clear()
    _mappings.clear()
    _rig.clear()
    _detected.clear()
    forget_meshes()


def forget() -> None:
    """Drops everything, when the add-on is switched off."""
    forget_character()
    _last.clear()


def _fingerprint(scene: bpy.types.Scene) -> tuple[object, ...]:
    """Changes with all that _find() depends on, and is cheap: panels ask at every redraw."""
    settings = scene.lipsync
    objects = tuple(_traits(obj) for obj in scene.objects if obj.type == "ARMATURE" or _has_keys(obj))
    chosen = settings.character and settings.character.session_uid
    return scene.session_uid, len(scene.objects), objects, jaw_settings(settings), (chosen, settings.profile)


def _has_keys(obj: bpy.types.Object) -> bool:
    return obj.type == "MESH" and obj.data.shape_keys is not None


def _traits(obj: bpy.types.Object) -> tuple[object, ...]:
    block = obj.data.shape_keys if obj.type == "MESH" else obj
    data = block.animation_data
    animation = data and (len(data.drivers), any(track.is_solo for track in data.nla_tracks))
    traits = (obj.session_uid, obj.name, obj.parent and obj.parent.session_uid, animation)
    if obj.type == "ARMATURE":
        return *traits, len(obj.data.bones), tuple(obj.keys()), obj.data.pose_position
    keys = tuple(
        (key.name, key.mute, key.slider_min, key.slider_max, key.vertex_group, key.relative_key.name)
        for key in block.key_blocks
    )
    return *traits, obj.show_only_shape_key, block.use_relative, keys


def _find(scene: bpy.types.Scene) -> Facts:
    settings = scene.lipsync
    known, problems = all_profiles()
    try:
        objects = _character(scene)
        inventory = scan_rig(objects)
        ranked = ranked_with_fit(objects, inventory, known)
        best = _ranked(settings.profile, objects, inventory, known)[0] if settings.profile else ranked[0]
        channels = ModelSpec.load(DEFAULT_NETWORK).channels(OUTPUTS)
        mapping = resolve(best.profile, inventory, channels, jaw_settings(settings))
    except LipsyncError as error:
        return Facts(problem=f"{error} {_elsewhere(scene)}".rstrip(), profile_problems=problems)
    _rig[:] = [(best.profile, inventory)]
    locked = next((b for t in mapping.targets if not (b := data_block(t)).is_editable), None)
    problem = f"'{locked.name}' is linked: make a library override of the character first." if locked else None
    return Facts(
        problem=problem,
        objects=tuple(obj.name for obj in objects),
        summary=_summary(best, mapping),
        missing=mapping.missing,
        lacks=mapping.lacks,
        obstacles=obstacles(mapping.targets, inventory, still_keys(objects, mapping.targets)),
        ranked=tuple(ranked),
        profile_problems=problems,
    )


def _ranked(
    label: str, objects: list[bpy.types.Object], inventory: RigInventory, known: tuple[RigProfile, ...]
) -> list[ProfileMatch]:
    """The profile of that label, or the fit to the mesh. Raises LipsyncError if the character has nothing of it."""
    if not is_fitted(label):
        return ranked_matches(inventory, _wanted(label, known))
    if fit := fitted_match(objects, inventory):
        return [fit]
    raise LipsyncError(
        "No mouth was found on the character's meshes: no shape key parts two lips.",
        "Choose the rig by its names, or leave the field empty.",
    )


def _wanted(label: str, known: tuple[RigProfile, ...]) -> tuple[RigProfile, ...]:
    if not label:
        return known
    wanted = tuple(profile for profile in known if label in (profile.label, profile.id))
    if not wanted:
        raise LipsyncError(f"There is no rig profile '{label}'.", "Choose another one, or leave the field empty.")
    return wanted


def _summary(best: ProfileMatch, mapping: RigMapping) -> str:
    texts = [str(best)]
    for part, bone in (("jaw", mapping.jaw_bone), ("tongue", mapping.tongue_bone)):
        if bone:
            sure = f" (by where it lies, {bone.confidence:.0%} sure)" if bone.by == "position" else ""
            texts.append(f"{part} bone '{bone.name}'{sure}")
    return ", ".join(texts)


def _elsewhere(scene: bpy.types.Scene) -> str:
    """Which object to choose, if the one that was chosen cannot speak and another one can."""
    if scene.lipsync.character is None:
        return ""
    try:
        other = ranked_matches(scan_rig(scene.objects))[0]
    except LipsyncError:
        return ""
    return f"'{other.objects[0]}' can speak ({other}): choose that as the character."
