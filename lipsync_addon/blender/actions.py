"""Actions, slots and channel bags: the only module that knows them, and any difference between Blender versions.

A take is one action with a slot for each data-block that it animates: KEY for the shape keys of a mesh, OBJECT
for an armature. Its curves are in the group "Lipsync"; that group is what a new bake replaces. Everything else in
the action belongs to the artist and stays. An action of the artist that is assigned when a take comes is pushed
down to the NLA, where it keeps playing beneath; another take of ours keeps a fake user. A take may itself be a strip
in the NLA, because it was asked for or because the artist pushed it down: it then stays there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import bpy

from ..core.errors import LipsyncError
from ..core.take_record import CurveId, TakeRecord
from .nla_rest import rest_beneath
from .take_records import record_as_stored, record_of, store_record

GROUP = "Lipsync"
TAKE = "lipsync_take"
"""Custom property of our actions: name of the voice line."""
CHARACTER = "lipsync_character"
"""Custom property of our actions: name of the object that the take was made for."""
MUTED = "lipsync_muted"
"""Custom property of our actions: set while we keep the take from playing, because its sequencer strip does not."""
UNFITTED = "lipsync_unfitted"
"""Custom property of our actions: set while its keys stay on their frames for a slider that is being dragged."""
TRACK = "Lipsync"
"""Name of the NLA tracks that takes are put on."""


class Take:
    """An action under construction. Nothing in the scene changes before assign()."""

    def __init__(
        self,
        name: str,
        character: str,
        owners: Iterable[bpy.types.ID],
        *,
        replaces: str = "",
        in_place: bpy.types.Action | None = None,
    ) -> None:
        """Starts from a copy of our earlier action for the same line and character, else of the take `replaces`;
        `in_place`: from the earlier one itself, this one where several are strips of that name. Undo needs that of what
        makes no step of its own: Blender ends where an action was replaced since the step that it goes back from.

        Raises LipsyncError if a data-block cannot be animated: linked, or in the NLA's tweak mode.
        """
        self.owners = list(owners)
        for owner in self.owners:
            _check_editable(owner)
        earlier = _find_take(name, character, self.owners, in_place)
        self._stays = in_place is not None and earlier is not None
        self._earlier = None if self._stays else earlier
        self._range = tuple(earlier.curve_frame_range) if earlier else None
        self._model = earlier or (_find_take(replaces, character, self.owners) if replaces else None)
        self.action = earlier if self._stays else self._model.copy() if self._model else bpy.data.actions.new(name)
        if earlier is None:
            self.action.name = name
        self.action.use_fake_user = True
        self.action[TAKE] = name
        self.action[CHARACTER] = character
        _regroup(self.action)
        self.record = stored_record(self.action)
        """What is known of the earlier bake; None for the first one."""
        self._spoken_for: set[int] = {slot.handle for slot in self.action.slots if any(curves_of(self.action, slot))}
        self._written: list[bpy.types.FCurve] = []
        self._dropped: list[tuple[bpy.types.ID, str, int]] = []
        self._left_behind: list[tuple[bpy.types.AnimData, str]] = []

    def curves(self, owner: bpy.types.ID, properties: Iterable[tuple[str, int]]) -> list[bpy.types.FCurve]:
        """Curves of ours for these data paths with index, new ones or those that are there; none at all if the artist
        has put an own one on any of them: mixed parts of two rotations would be neither."""
        bag = self._bag(owner)
        found = [bag.fcurves.find(path, index=index) for path, index in properties]
        if any(curve is not None and not _is_ours(curve) for curve in found):
            return []
        group = bag.groups.get(GROUP) or bag.groups.new(GROUP)
        for place, (path, index) in enumerate(properties):
            if found[place] is None:
                found[place] = bag.fcurves.new(path, index=index)
                found[place].group = group
        self._written += found
        return found

    def there(self, owner: bpy.types.ID, properties: Iterable[tuple[str, int]]) -> list[bpy.types.FCurve | None]:
        """The take's curves for these data paths with index, whoever made them; None where there is none."""
        bag = self._bag(owner)
        return [bag.fcurves.find(path, index=index) for path, index in properties]

    def ids(self, owner: bpy.types.ID, properties: Iterable[tuple[str, int]]) -> list[CurveId]:
        """How the record calls these curves."""
        handle = self._slot(owner).handle
        return [(handle, path, index) for path, index in properties]

    def removed(self, owner: bpy.types.ID, ids: Iterable[CurveId]) -> bool:
        """Whether the artist removed these curves of ours, and left others of the same data-block."""
        if self.record is None or self._slot(owner).handle not in self._spoken_for:
            return False
        bag = self._bag(owner)
        return all(
            (key in self.record.curves or key in self.record.deleted) and bag.fcurves.find(key[1], index=key[2]) is None
            for key in ids
        )

    def mark_unfitted(self, unfitted: bool) -> None:
        """Whether its keys stayed on their frames."""
        if unfitted:
            self.action[UNFITTED] = True
        elif UNFITTED in self.action:
            del self.action[UNFITTED]

    def remember(self, record: TakeRecord) -> None:
        """Keeps the record with the action, and drops curves of ours that were not asked for this time."""
        store_record(self.action, record)
        for bag in bags(self.action):
            for curve in [curve for curve in bag.fcurves if _is_ours(curve) and curve not in self._written]:
                moved = (owner for owner in self.owners if self._slot(owner) == bag.slot)
                self._dropped += [(owner, curve.data_path, curve.array_index) for owner in moved]
                bag.fcurves.remove(curve)

    @property
    def curve_count(self) -> int:
        """Curves of ours."""
        return sum(_is_ours(curve) for bag in bags(self.action) for curve in bag.fcurves)

    def assign(self, undo: ExitStack, as_strip: bool = False) -> None:
        """Makes the take play on its data-blocks: as their active action, or `as_strip` in the NLA; where it is a strip
        already it stays one, and plays again where we had muted it. `undo` gets the way back for each step."""
        if earlier := self._earlier:
            earlier.user_remap(self.action)
            undo.callback(self.action.user_remap, earlier)
        for owner in self.owners:
            if as_strip or _strip_of(owner.animation_data, self.action):
                self._lay_down(owner, undo)
            else:
                self._assign(owner, undo)

    def finish(self) -> None:
        """Takes the place and the name of the earlier action. Call it last, when nothing can fail any more."""
        if MUTED in self.action:
            del self.action[MUTED]
        for data, name in self._left_behind:
            for track in data.nla_tracks:
                if (strip := track.strips.get(name)) and strip.mute and strip.action == self.action:
                    track.strips.remove(strip)
        for owner, path, index in self._dropped:
            if path not in artists_paths(owner):
                put_at_rest(owner, path, index)
        if self._earlier:
            name = self._earlier.name
            bpy.data.actions.remove(self._earlier)
            self.action.name = name

    def discard(self) -> None:
        """Removes the action; for a bake that failed."""
        if not self._stays:
            bpy.data.actions.remove(self.action)

    def _assign(self, owner: bpy.types.ID, undo: ExitStack) -> None:
        if owner.animation_data is None:
            owner.animation_data_create()
            undo.callback(owner.animation_data_clear)
        data = owner.animation_data
        before = data.action
        if before == self.action and data.action_slot:
            return
        if before is not None:
            undo.callback(set_action, data, before, data.action_slot)
        if before is not None and TAKE not in before:
            _push_down(data, undo)
        set_action(data, self.action, self._slot(owner))
        undo.callback(set_action, data, None, None)

    def _lay_down(self, owner: bpy.types.ID, undo: ExitStack) -> None:
        """The take as a strip that is as long as its keys; an active action of ours makes way for it. A strip that the
        artist moved, scaled, cut or repeated stays so."""
        if owner.animation_data is None:
            owner.animation_data_create()
            undo.callback(owner.animation_data_clear)
        data = owner.animation_data
        start, end = self.action.curve_frame_range
        end = max(end, start + 1)
        strip = _strip_of(data, self.action)
        follows = strip is not None and abs(strip.frame_start - strip.action_frame_start) < 1e-3 and strip.scale == 1
        if follows and abs(strip.frame_start - start) > 1e-3:  # the line has moved, and nobody moved the strip by hand
            self._left_behind.append((data, strip.name))
            strip.mute = True
            undo.callback(setattr, strip, "mute", False)
            strip = None
        if strip is None:
            ours = [curve.data_path for curve in self._bag(owner).fcurves if _is_ours(curve)]
            rest_beneath(owner, sorted({*ours} - artists_paths(owner)), GROUP, undo)
            track = next((t for t in data.nla_tracks if t.name == TRACK and _is_free(t, start, end)), None)
            if track is None:
                track = data.nla_tracks.new()
                undo.callback(data.nla_tracks.remove, track)
                track.name = TRACK
            strip = track.strips.new(self.action.name, int(start), self.action)
            undo.callback(track.strips.remove, strip)
            strip.action_slot = self._slot(owner)
            strip.extrapolation = "NOTHING"
            strip.frame_start, strip.frame_end = start, end
        else:
            self._fit_strip(strip, start, end, undo)
            if strip.mute and self.action.get(MUTED):
                strip.mute = False
                undo.callback(setattr, strip, "mute", True)
        if data.action is not None and TAKE in data.action:
            undo.callback(set_action, data, data.action, data.action_slot)
            set_action(data, None, None)

    def _fit_strip(self, strip: bpy.types.NlaStrip, start: float, end: float, undo: ExitStack) -> None:
        """A strip whose action now has its keys from `start` to `end`: where it began or ended with them it does so
        again, where it was cut it is cut as far from them."""
        was_start, was_end = self._range or (start, end)
        was_end = max(was_end, was_start + 1)
        first, last = strip.action_frame_start, strip.action_frame_end
        first = start if abs(first - was_start) < 1e-3 else min(max(first + start - was_start, start), end - 1)
        last = end if abs(last - was_end) < 1e-3 else max(min(last + start - was_start, end), first + 1)
        wanted = first, last, strip.frame_start + (last - first) * strip.scale * strip.repeat
        before = strip.action_frame_start, strip.action_frame_end, strip.frame_end
        if any(abs(a - b) > 1e-4 for a, b in zip(wanted, before)):
            undo.callback(_set_range, strip, *before)
            _set_range(strip, *wanted)

    def _slot(self, owner: bpy.types.ID) -> bpy.types.ActionSlot:
        data = owner.animation_data
        if data and data.action_slot and data.action in (self.action, self._model):
            used = data.action_slot.identifier
        else:
            used = None
        for slot in self.action.slots:
            if slot.identifier == used or (slot.target_id_type, slot.name_display) == (owner.id_type, owner.name):
                return slot
        return self.action.slots.new(owner.id_type, owner.name)

    def _bag(self, owner: bpy.types.ID) -> bpy.types.ActionChannelbag:
        layers = self.action.layers
        layer = layers[0] if layers else layers.new(GROUP)
        strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
        return strip.channelbag(self._slot(owner), ensure=True)


def artists_paths(owner: bpy.types.ID) -> set[str]:
    """Data paths of the curves that play on this data-block and are not ours."""
    data = owner.animation_data
    if data is None:
        return set()
    used = [(data.action, data.action_slot)] if data.action else []
    used += [(strip.action, strip.action_slot) for track in data.nla_tracks for strip in track.strips if strip.action]
    return {
        curve.data_path
        for action, slot in used
        for bag in bags(action)
        if bag.slot == slot
        for curve in _others(bag)
    }


def stored_record(action: bpy.types.Action) -> TakeRecord | None:
    """What the add-on remembers of a take; None for an action that is none, or that an older version wrote."""
    return record_of(action, our_curves(action))


def our_curves(action: bpy.types.Action) -> dict[CurveId, bpy.types.FCurve]:
    """Our curves in a take, as its record calls them."""
    return {
        (bag.slot.handle, curve.data_path, curve.array_index): curve
        for bag in bags(action)
        for curve in _ours(bag)
    }


def takes_of(objects: Iterable[bpy.types.Object]) -> list[bpy.types.Action]:
    """Every take that was made for this character, whether it plays or not, by name."""
    objects = list(objects)
    names = {obj.name for obj in objects}
    playing = {action for action in _actions_on(map(animated_block, objects)) if TAKE in action and _is_orphan(action)}
    found = [a for a in bpy.data.actions if TAKE in a and (a.get(CHARACTER) in names or a in playing)]
    return sorted(found, key=lambda action: action[TAKE])


def curves_for(action: bpy.types.Action, owner: bpy.types.ID) -> list[bpy.types.FCurve]:
    """What an action that need not play holds for a data-block."""
    slot = slot_for(action, owner)
    return next((list(bag.fcurves) for bag in bags(action) if bag.slot == slot), [])


def put_at_rest(owner: bpy.types.ID, path: str, index: int) -> None:
    """What no curve of ours moves any more must not stay where it last was."""
    holder, _, name = path.rpartition(".")
    try:
        thing = owner.path_resolve(holder) if holder else owner
    except ValueError:  # the key or bone is gone
        return
    if name.startswith("rotation") or name == "location":
        getattr(thing, name)[index] = float(name == "rotation_quaternion" and index == 0)
    elif name == "value":
        thing.value = 0.0


def _check_editable(owner: bpy.types.ID) -> None:
    if not owner.is_editable:
        raise LipsyncError(
            f"'{owner.name}' comes from the linked file {owner.library.filepath} and cannot be animated here."
            if owner.library
            else f"'{owner.name}' cannot be edited.",
            "Make a library override of the whole character (Object > Library Override > Make), or append it.",
        )
    if owner.animation_data and owner.animation_data.use_tweak_mode:
        raise LipsyncError(
            f"A strip of '{owner.name}' is being tweaked in the NLA editor.", "Leave tweak mode (Tab) first."
        )


def _find_take(
    name: str, character: str, owners: Iterable[bpy.types.ID], rather: bpy.types.Action | None = None
) -> bpy.types.Action | None:
    """Of several of that name the active one, else `rather`."""
    active = [data.action for owner in owners if (data := owner.animation_data) and data.action]
    assigned = _actions_on(owners)
    for action in (*active, *([rather] if rather else []), *assigned, *bpy.data.actions):
        if action.get(TAKE) == name and action.get(CHARACTER) == character and action.is_editable:
            return action
    return next((each for each in assigned if each.get(TAKE) == name and each.is_editable and _is_orphan(each)), None)


def _actions_on(owners: Iterable[bpy.types.ID]) -> list[bpy.types.Action]:
    """All that are assigned to these data-blocks, then those that are strips of theirs."""
    found = [data for owner in owners if (data := owner.animation_data)]
    strips = [strip.action for data in found for track in data.nla_tracks for strip in track.strips if strip.action]
    return [*(data.action for data in found if data.action), *strips]


def _is_orphan(action: bpy.types.Action) -> bool:
    """Whether the object that a take was made for is called otherwise now, or is the original of a copy that has it."""
    obj = bpy.data.objects.get((action.get(CHARACTER, ""), None))
    return obj is None or action not in _actions_on([animated_block(obj)])


def animated_block(obj: bpy.types.Object) -> bpy.types.ID:
    """What a take animates of an object."""
    return (obj.data.shape_keys if obj.type == "MESH" else None) or obj


def bags(action: bpy.types.Action) -> Iterator[bpy.types.ActionChannelbag]:
    """The curves of each slot of an action."""
    for layer in action.layers:
        for strip in layer.strips:
            yield from strip.channelbags


def slot_for(action: bpy.types.Action, owner: bpy.types.ID) -> bpy.types.ActionSlot | None:
    """The slot that the data-block uses in an action, or would use."""
    data = owner.animation_data
    if data and data.action == action and data.action_slot:
        return data.action_slot
    known = (owner.id_type, owner.name)
    return next((slot for slot in action.slots if (slot.target_id_type, slot.name_display) == known), None)


def curves_of(action: bpy.types.Action, slot: bpy.types.ActionSlot) -> Iterator[bpy.types.FCurve]:
    """Our curves of a slot."""
    for bag in bags(action):
        if bag.slot == slot:
            yield from _ours(bag)


def _strip_of(data: bpy.types.AnimData | None, action: bpy.types.Action) -> bpy.types.NlaStrip | None:
    """The first strip of an action, unless it is the active action as well."""
    if data is None or data.action == action:
        return None
    return next((strip for track in data.nla_tracks for strip in track.strips if strip.action == action), None)


def _set_range(strip: bpy.types.NlaStrip, first: float, last: float, end: float) -> None:
    """The action's frames `first` to `last` up to frame `end` of the scene."""
    scale = strip.scale
    strip.scale = 1e-4  # else Blender pushes its neighbours aside while it is longer than it will be
    sides = [("action_frame_start", first), ("action_frame_end", last)]
    # The start is before the end always.
    for name, value in reversed(sides) if last > strip.action_frame_end else sides:
        setattr(strip, name, value)
    strip.scale = scale
    strip.frame_end = end


def _is_free(track: bpy.types.NlaTrack, start: float, end: float) -> bool:
    return all(strip.frame_end <= start or strip.frame_start >= end for strip in track.strips)


def _is_ours(curve: bpy.types.FCurve) -> bool:
    return curve.group is not None and curve.group.name == GROUP


def _ours(bag: bpy.types.ActionChannelbag) -> list[bpy.types.FCurve]:
    """Our curves; those that the record names where the artist gave the group another name, or dissolved it: most are
    there then, where he removed them they are not."""
    if GROUP in bag.groups:
        return [curve for curve in bag.fcurves if _is_ours(curve)]
    record, handle = record_as_stored(bag.id_data), bag.slot_handle
    known = [key for key in record.curves if key[0] == handle] if record else []
    found = [bag.fcurves.find(path, index=index) for _, path, index in known]
    there = [curve for curve in found if curve is not None]
    return there if 2 * len(there) > len(known) else []


def _others(bag: bpy.types.ActionChannelbag) -> list[bpy.types.FCurve]:
    ours = {(curve.data_path, curve.array_index) for curve in _ours(bag)}
    return [curve for curve in bag.fcurves if (curve.data_path, curve.array_index) not in ours]


def _regroup(action: bpy.types.Action) -> None:
    """Puts our curves back into the group of our name, which is how a bake knows them from the artist's."""
    for bag in bags(action):
        for curve in [] if GROUP in bag.groups else _ours(bag):
            curve.group = bag.groups.get(GROUP) or bag.groups.new(GROUP)


def set_action(data: bpy.types.AnimData, action: bpy.types.Action | None, slot: bpy.types.ActionSlot | None) -> None:
    """Lets an action, or none, play on a data-block by one of its slots."""
    data.action = action
    if action is not None:
        data.action_slot = slot


def _push_down(data: bpy.types.AnimData, undo: ExitStack) -> None:
    """The active action as a strip on a new NLA track, playing as before."""
    action, slot = data.action, data.action_slot
    start, end = action.frame_range
    track = data.nla_tracks.new()
    undo.callback(data.nla_tracks.remove, track)
    track.name = action.name
    strip = track.strips.new(action.name, int(start), action)
    if slot is not None:
        strip.action_slot = slot
    strip.frame_start, strip.frame_end = start, max(end, start + 1)
    strip.blend_type = data.action_blend_type
    strip.extrapolation = data.action_extrapolation
    strip.influence = data.action_influence
