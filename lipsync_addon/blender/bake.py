"""bake(): a performance onto a character. Operators, the command line and scripts all call this."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import bpy

from ..core.diagnosis import limits_told, obstacles, widened_told
from ..core.errors import LipsyncError
from ..core.keying import KeySettings, closures
from ..core.lip_report import LipReport
from ..core.lip_truth import LipModel, contacts, corrected
from ..core.mapping import JawSettings, RigMapping, Target, cut_off, map_track, resolve
from ..core.pipeline import Performance
from ..core.rig_profile import RigProfile
from ..core.spoken import Heard, heard
from ..core.take_edits import Timing
from .actions import CHARACTER, TAKE, Take
from .keyframes import Written, data_block, frame_rate, write_track
from .mesh_measure import measured_lips, still_keys
from .rig_scan import all_profiles, ranked_with_fit, scan_rig
from .sequencer import add_sound
from .stored import store_played, store_prediction
from .strip_places import StripPlace, store_strips


@dataclass(frozen=True, slots=True)
class BakeSettings:
    """Where a take goes and what else it may change."""

    start_frame: float = 1.0
    """Frame of the sound's first sample. May lie between whole frames, where the keys are, if no sound is added."""
    jaw: JawSettings = JawSettings()
    extend_range: bool = False
    """Let the scene end later where the take does; otherwise its range is left alone."""
    keys: KeySettings = KeySettings()
    true_lips: bool = True
    """See to it that at p b m the lips of this mesh meet, and at f v the lower one reaches the teeth."""
    as_strip: bool = False
    """Lay the take down as a strip in the NLA, instead of making it the active action."""
    replaces: str = ""
    """An earlier take of the character whose hand edits a new one takes over, word by word. That take stays."""
    widen_ranges: bool = False
    """Widen the ranges of shape keys that a performance goes beyond; else it is cut off there, and the user is told."""


@dataclass(frozen=True, slots=True)
class BakeReport:
    """What a bake did, for the user."""

    take: str
    profile: str
    """Label of the rig profile."""
    frames: int
    first_frame: int
    last_frame: int
    curves: int
    targets: tuple[Target, ...]
    missing: tuple[str, ...]
    """Shape keys that the performance could use and the character lacks."""
    notices: tuple[str, ...]
    edits: int = 0
    """Changes by hand that were carried over from the earlier bake."""
    lips: LipReport = LipReport()
    """What the lips of this mesh do at p b m, f v."""

    def __str__(self) -> str:
        names = list(dict.fromkeys(f"'{target.owner}'" for target in self.targets))
        owners = ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"
        missing = f" Not on this character: {', '.join(self.missing)}." if self.missing else ""
        kept = f" {self.edits} hand edit{'s' * (self.edits > 1)} kept." if self.edits else ""
        lips = f" {self.lips}" if self.lips.closures or self.lips.bites else ""
        return f"{self.curves} curves, {self.frames} frames written to {owners}.{lips}{kept}{missing}"


def bake(
    scene: bpy.types.Scene,
    objects: Iterable[bpy.types.Object],
    performance: Performance,
    take: str,
    settings: BakeSettings = BakeSettings(),
    *,
    sound: Path | None = None,
    strips: Sequence[StripPlace] = (),
    profiles: Sequence[RigProfile] | None = None,
) -> BakeReport:
    """Writes the performance as one action named `take` onto the character that `objects` make up.

    `sound`: a file to put into the sequencer at the same frame. `strips`: those of the sequencer that it was made
    from. `profiles`: the rigs to look for; None: all,
    the user's own among them. Raises LipsyncError; after any error the scene is exactly as it was.
    """
    with ExitStack() as undo:
        staged = _stage(scene, objects, performance, take, settings, undo, sound, strips, profiles)
        undo.pop_all()
    staged.finish()
    return staged.report


@dataclass(frozen=True, slots=True)
class Line:
    """One of several takes that bake_all() writes."""

    objects: tuple[bpy.types.Object, ...]
    performance: Performance
    take: str
    start_frame: float
    strips: tuple[StripPlace, ...] = ()
    """Of the sequencer, that it was made from."""


def bake_all(
    scene: bpy.types.Scene, lines: Sequence[Line], settings: BakeSettings = BakeSettings()
) -> list[BakeReport]:
    """bake() for each line; `settings.start_frame` is the line's. Raises LipsyncError; after any error in any of
    them the scene is exactly as it was."""
    staged: list[_Staged] = []
    with ExitStack() as undo:
        for line in lines:
            own = replace(settings, start_frame=line.start_frame)
            staged.append(_stage(scene, line.objects, line.performance, line.take, own, undo, strips=line.strips))
        undo.pop_all()
    for each in staged:
        each.finish()
    return [each.report for each in staged]


@dataclass(frozen=True, slots=True)
class _Staged:
    """A take that is there, and can still be taken back."""

    finish: Callable[[], None]
    report: BakeReport


def _stage(
    scene: bpy.types.Scene,
    objects: Iterable[bpy.types.Object],
    performance: Performance,
    take: str,
    settings: BakeSettings,
    undo: ExitStack,
    sound: Path | None = None,
    strips: Sequence[StripPlace] = (),
    profiles: Sequence[RigProfile] | None = None,
) -> _Staged:
    """bake() up to the point of no return; `undo` gets the way back."""
    objects = list(objects)
    profiles, problems = all_profiles() if profiles is None else (profiles, ())
    inventory = scan_rig(objects)
    match = ranked_with_fit(objects, inventory, profiles)[0]
    mapping = resolve(match.profile, inventory, performance.track.names, settings.jaw)
    track = performance.track
    widened = cut_off(track, mapping) if settings.widen_ranges else {}
    if widened:
        _widen(widened, undo)
        mapping = resolve(match.profile, scan_rig(objects), track.names, settings.jaw)
    lips = measured_lips(objects, mapping) if settings.true_lips and contacts(track) else None
    written = _write(scene, match.objects[0], mapping, performance, take, settings, undo, lips=lips)
    store_prediction(written.action.action, performance.prediction)
    if settings.extend_range and written.last_frame > scene.frame_end:
        undo.callback(setattr, scene, "frame_end", scene.frame_end)
        scene.frame_end = written.last_frame
    if sound is not None:
        strips = [StripPlace.of(add_sound(scene, Path(sound), settings.start_frame, take, undo))]
    store_strips(written.action.action, scene, strips)
    notices = (*performance.notices, *problems, *written.notices, *written.lips.notices(), *mapping.lacks)
    still = still_keys(objects, written.targets)
    report = BakeReport(
        take=take,
        profile=match.profile.label,
        frames=written.last_frame - written.first_frame + 1,
        first_frame=written.first_frame,
        last_frame=written.last_frame,
        curves=written.action.curve_count,
        targets=written.targets,
        missing=mapping.missing,
        edits=written.edits,
        lips=written.lips,
        notices=(*notices, *widened_told(widened), *obstacles(written.targets, inventory, still)),
    )
    return _Staged(written.action.finish, report)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What write_take() did, for the user."""

    notices: tuple[str, ...]
    lips: LipReport
    """What the lips of this mesh do at p b m, f v; nothing where they were not looked at."""
    edits: int = 0
    """Changes by hand that are in the curves."""


def write_take(
    scene: bpy.types.Scene,
    action: bpy.types.Action,
    mapping: RigMapping,
    performance: Performance,
    settings: BakeSettings = BakeSettings(),
    *,
    quick: bool = False,
    lips: LipModel | None = None,
) -> Rewritten:
    """The middle of bake(), for a character that was looked at before: puts the keys of the performance into the take's
    action, in the place of those that the add-on wrote there earlier.

    `character`: the name of the object that the take belongs to, the first of the profile match. `quick`: sparse keys
    stay on their frames, for a slider that is being dragged; write once more without it in the end. `lips`: of
    mesh_measure.measured_lips(), to make closures true; None leaves them as they come.
    Raises LipsyncError; the scene is then exactly as it was.
    """
    with ExitStack() as undo:
        known = action[CHARACTER], mapping, performance, action[TAKE]
        written = _write(scene, *known, settings, undo, quick, lips, in_place=action)
        undo.pop_all()
    written.action.finish()
    return Rewritten((*written.notices, *written.lips.notices()), written.lips, written.edits)


@dataclass(frozen=True, slots=True)
class _Written:
    """A take that plays, and that `action.finish()` makes final."""

    action: Take
    first_frame: int
    last_frame: int
    targets: tuple[Target, ...]
    edits: int
    notices: tuple[str, ...]
    lips: LipReport


def _write(
    scene: bpy.types.Scene,
    character: str,
    mapping: RigMapping,
    performance: Performance,
    take: str,
    settings: BakeSettings,
    undo: ExitStack,
    quick: bool = False,
    lips: LipModel | None = None,
    in_place: bpy.types.Action | None = None,
) -> _Written:
    """write_take() up to the point of no return; `undo` gets the way back for each step."""
    track = performance.track
    if not mapping.targets or len(track.values) == 0:
        raise LipsyncError(
            f"The take '{take}' has nothing for this character to do.", "Choose a voice line with some sound in it."
        )
    owners = list(dict.fromkeys(data_block(target) for target in mapping.targets))
    new = Take(take, character, owners, replaces=settings.replaces, in_place=in_place)
    undo.callback(new.discard)
    mapped, truth = map_track(track, mapping), None
    if lips:
        mapped, truth = corrected(track, mapped, lips, mapping.low, mapping.high)
    written = write_track(
        mapped,
        mapping.targets,
        new,
        Timing(settings.start_frame, frame_rate(scene), *_said(performance)),
        ranges=mapping.high - mapping.low,
        closed=closures(track),
        keys=settings.keys,
        quick=quick,
        truth=truth,
    )
    store_played(new.action, performance.face, settings.keys)
    new.mark_unfitted(quick)
    new.assign(undo, settings.as_strip)
    alone = {*written.left, *written.removed}
    targets = tuple(target for target in mapping.targets if target not in alone)
    first, last = int(written.frames[0]), math.ceil(written.frames[-1])
    notices = (*_told(written), *limits_told(cut_off(track, mapping)))
    return _Written(new, first, last, targets, sum(map(len, written.kept.values())), notices, written.lips)


def _widen(beyond: Mapping[Target, tuple[float, float]], undo: ExitStack) -> None:
    for target, (lowest, highest) in beyond.items():
        key = data_block(target).key_blocks[target.name]
        for name, end in (("slider_min", min(key.slider_min, lowest)), ("slider_max", max(key.slider_max, highest))):
            undo.callback(setattr, key, name, getattr(key, name))
            setattr(key, name, end)


def _said(performance: Performance) -> tuple[tuple[Heard, ...], tuple[str, ...]]:
    """The sounds of the line and its words: as they were heard, whatever a style made of it since."""
    prediction = performance.prediction
    if prediction and (sounds := prediction.sounds):
        return sounds, prediction.timeline.words
    return tuple(heard(performance.track)), ()


def _told(written: Written) -> Iterator[str]:
    """What became of the animator's own work, where it is not simply there."""
    for target in written.left:
        yield f"'{target.name}' of '{target.owner}' keeps the curve that you made for it."
    if names := [f"'{target.name}'" for target in written.removed]:
        yield f"Without a curve, as you left it: {', '.join(names)}. Discard Hand Edits brings it back."
    for target, spans in written.dropped.items():
        places = ", ".join(f"{first:.2f} to {last:.2f} s" for first, last in spans)
        yield (
            f"Your edit of '{target.name}' of '{target.owner}' at {places} of the earlier recording was dropped: "
            "nothing in this one sounds the same."
        )
