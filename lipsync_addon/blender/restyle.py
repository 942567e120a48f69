"""restyle(): a take that was baked, played in another style, without the network. replay(): with edited phones, of
which the network moves the touched stretch only. Neither needs the sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import bpy

from ..core.actors import load_actor
from ..core.adaptation import Adaptation
from ..core.errors import LipsyncError
from ..core.face_layers import FaceSettings
from ..core.joining import is_settled, settled, settled_as
from ..core.mapping import RigMapping, resolve
from ..core.pipeline import perform, respoken
from ..core.prediction import Prediction, as_kept
from ..core.rig_profile import RigProfile
from ..core.style import StyleSettings
from ..core.take_record import TakeRecord
from ..core.timeline import PhonemeTimeline
from ..core.timeline_moves import remade
from ..inference.predictor import Predictor
from .actions import TAKE, stored_record
from .bake import BakeSettings, Rewritten, write_take
from .mesh_measure import measured_lips
from .playing import playing_take, playing_takes
from .rig_scan import best_match, scan_rig
from .speaker import Speaker, network_controls
from .stored import store_kept, store_prediction, stored_prediction


def restyle(
    scene: bpy.types.Scene,
    objects: Sequence[bpy.types.Object],
    style: StyleSettings,
    settings: BakeSettings = BakeSettings(),
    face: FaceSettings = FaceSettings(),
    *,
    mapping: RigMapping | None = None,
    profiles: Sequence[RigProfile] | None = None,
    quick: bool = False,
    speaker: Speaker | None = None,
    predictor: Callable[[], Predictor] | None = None,
    take: str | None = None,
) -> Rewritten:
    """Writes the keys of the take that plays on these objects anew; hand edits stay.

    `take`: the name of one, where several play as strips; None: the one at the playhead, or nearest to it.

    `speaker`: another than the take has. He, and emotions of the face that are not those of the take, need
    `predictor`, which is asked for the network only then: it moves the mouth again from what the take keeps of what
    was heard.

    The take stays where it is: `settings.start_frame` is not looked at. `mapping`: of the character for the channels of
    the prediction; found out if it is missing or of others, of `profiles` or of all. `quick`: see write_take(); the
    mesh's own lips are not looked at meanwhile. Raises LipsyncError if no take plays, or if it does not know its
    recording; the scene is then exactly as it was.
    """
    action = playing_take(objects, scene.frame_current, take)
    if action is None:
        raise LipsyncError("The character has no baked take.", "Bake a voice line first.")
    prediction, record = stored_prediction(action), stored_record(action)
    if prediction is None or record is None:
        raise LipsyncError(
            f"The take '{action[TAKE]}' does not know its recording.",
            "Bake the line once more; sliders act from then on.",
        )
    name, anew = action[TAKE], _spoken_anew(prediction, speaker, face, predictor)
    told = _play(scene, objects, action, anew, record, style, settings, face, mapping, profiles, quick)
    if anew is not prediction:
        store_prediction(playing_take(objects, scene.frame_current, name), anew)
    return told


def _spoken_anew(
    prediction: Prediction, speaker: Speaker | None, face: FaceSettings, predictor: Callable[[], Predictor] | None
) -> Prediction:
    """By the wanted speaker with the wanted emotions; itself where they are the take's own. Raises LipsyncError where
    the take does not know what was heard, or the actor is another network's."""
    own = Speaker(replace(prediction.controls, emotions={}), prediction.actor)
    wanted = speaker or own
    controls = wanted.controls.with_emotions(face.emotions, network_controls())
    same_actor = (wanted.actor and wanted.actor.digest) == (own.actor and own.actor.digest)
    if predictor is None or (same_actor and controls.to_json() == prediction.controls.to_json()):
        return prediction
    if prediction.hearing is None and same_actor and wanted.controls.to_json() == own.controls.to_json():
        return prediction  # its emotions are laid over it
    network = predictor()
    anew = respoken(prediction, network.adapted(wanted.actor) if wanted.actor else network, wanted.controls, face)
    return replace(anew, track=settled(anew.track, anew.hearing)) if is_settled(prediction.track) else anew


def replay(
    scene: bpy.types.Scene,
    objects: Sequence[bpy.types.Object],
    timeline: PhonemeTimeline,
    predictor: Predictor,
    style: StyleSettings,
    settings: BakeSettings = BakeSettings(),
    face: FaceSettings = FaceSettings(),
    *,
    mapping: RigMapping | None = None,
    profiles: Sequence[RigProfile] | None = None,
    actors: Path | None = None,
    take: str = "",
) -> Rewritten | None:
    """restyle() with the phones of an edited timeline; keys that the edit does not reach keep their bits.

    The actor is the take's own, as he was when it was baked; `actors`: the folder where he may have changed
    meanwhile, which is told. `take`: its name, where others of the sound may play. None, and nothing is done, where the
    take that plays does not know what was heard in this line, or another network heard it: bake the line again then.
    Raises LipsyncError; the scene is then exactly as it was."""
    takes = {
        each.action: None for each in playing_takes(objects, scene.frame_current) if take in ("", each.action[TAKE])
    }
    own = ((each, known) for each in takes if (known := stored_prediction(each)) and known.source == timeline.source)
    action, prediction = next(own, (None, None))
    record = stored_record(action) if action else None
    if prediction is None or record is None:
        return None
    name = action[TAKE]
    hearing, old = prediction.hearing, prediction.timeline
    if hearing is None or old is None or not predictor.can_move(hearing):
        return None
    predictor = predictor.adapted(prediction.actor) if prediction.actor else predictor
    track = settled_as(prediction, remade(predictor, hearing, prediction.track, old, timeline, prediction.controls))
    before = prediction.original or old
    short = replace(prediction, track=track, timeline=timeline, original=None, hearing=None, prosody=None)
    # The others come from the take, and are as it keeps them.
    edited = replace(as_kept(short), original=before, hearing=hearing, prosody=prediction.prosody)
    told = _play(scene, objects, action, edited, record, style, settings, face, mapping, profiles, quick=False)
    store_kept(playing_take(objects, scene.frame_current, name), edited)
    return replace(told, notices=(*told.notices, *_changed_since(prediction.actor, actors)))


def _changed_since(actor: Adaptation | None, folder: Path | None) -> Iterator[str]:
    """What to tell of an actor that is kept in a take."""
    if actor is None:
        return
    try:
        now = load_actor(actor.name, folder)
    except LipsyncError as error:
        yield f"The take keeps its actor '{actor.name}', whose own file cannot be used any more: {error.message}"
        return
    if now.digest != actor.digest:
        yield (
            f"The actor '{actor.name}' has changed since: the take keeps him as he was. "
            "Bake again to take up the change."
        )


def _play(
    scene: bpy.types.Scene,
    objects: Sequence[bpy.types.Object],
    action: bpy.types.Action,
    prediction: Prediction,
    record: TakeRecord,
    style: StyleSettings,
    settings: BakeSettings,
    face: FaceSettings,
    mapping: RigMapping | None,
    profiles: Sequence[RigProfile] | None,
    quick: bool,
) -> Rewritten:
    """Writes the prediction as keys of the take that plays."""
    performance = perform(prediction, style, face)
    if mapping is None or mapping.channels != performance.track.names:
        match = best_match(objects, profiles)
        mapping = resolve(match.profile, scan_rig(objects), performance.track.names, settings.jaw)
    measure = settings.true_lips and not quick
    told = write_take(
        scene,
        action,
        mapping,
        performance,
        replace(settings, start_frame=record.timing.start_frame),
        quick=quick,
        lips=measured_lips(objects, mapping) if measure else None,
    )
    return replace(told, notices=(*performance.notices, *told.notices))

