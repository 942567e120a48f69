"""The add-on from Python: what the buttons do, as functions. docs/python.md shows them.

    from bl_ext.user_default.lipsync.lipsync_addon.blender import api

    report = api.bake(bpy.data.objects["Face"], "line.wav", keys="sparse")
    api.restyle(bpy.data.objects["Face"], api.StyleSettings(jaw=1.3))

Nothing here reads or changes Scene.lipsync. Every function raises LipsyncError for what a user can put right, and the
scene is then as it was.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy

from ..core.actors import load_actor
from ..core.adaptation import Adaptation
from ..core.controls import Controls
from ..core.errors import LipsyncError
from ..core.face_layers import FaceSettings
from ..core.keying import KeyMode, KeySettings
from ..core.pipeline import Known, animate
from ..core.presets import find_preset
from ..core.profile_match import ProfileMatch
from ..core.style import StyleSettings
from ..inference.predictor import Predictor
from ..speech.transcriber import SAMPLE_RATE
from ..speech.transcriber import transcribe as recognised_words
from ..speech.transcript import Transcript
from .actions import TAKE, takes_of
from .bake import BakeReport, BakeSettings
from .bake import bake as bake_performance
from .operators.bake import speaking
from .preferences import actor_folder, wanted_threads
from .playing import playing_take
from .restyle import restyle as restyle_take
from .rig_scan import character_of, ranked_with_fit, scan_rig
from .sound_import import open_sound
from .speaker import Speaker
from .speaking import Speech, spoken_line
from .stored import stored_played, stored_prediction

__all__ = (
    "Controls",
    "FaceSettings",
    "LipsyncError",
    "StyleSettings",
    "bake",
    "detect",
    "doubts",
    "find_preset",
    "restyle",
    "speak",
    "transcribe",
)


def detect(character: bpy.types.Object, scene: bpy.types.Scene | None = None) -> list[ProfileMatch]:
    """The rig profiles that fit the character that this object is part of, the best first."""
    objects = character_of(character, scene or bpy.context.scene)
    return ranked_with_fit(objects, scan_rig(objects))


def bake(
    character: bpy.types.Object,
    sound: str | Path,
    *,
    start_frame: int = 1,
    style: StyleSettings = StyleSettings(),
    face: FaceSettings = FaceSettings(),
    keys: KeyMode = "every",
    max_error: float = 0.02,
    as_strip: bool = False,
    add_sound: bool = False,
    text: str = "",
    language: str = "",
    replaces: str = "",
    provider: str | None = None,
    controls: Controls = Controls(),
    actor: str = "",
    scene: bpy.types.Scene | None = None,
) -> BakeReport:
    """A voice line onto the character that this object is part of, as a take named after the file.

    `text`, `language`: what is said, if that is known. `replaces`: an earlier take of these words, whose edits of
    curves and phones move along to a new one. `start_frame`: of the sound's first sample. `keys`, `max_error`:
    core/keying.py. `as_strip`: into the NLA.
    `add_sound`: the file into the sequencer. `provider`: as in session.PROVIDERS; None: the first that works.
    `controls`: ways of speaking and intensity. `actor`: name or file of one made with `lipsync adapt`.
    """
    scene, path = scene or bpy.context.scene, Path(bpy.path.abspath(str(sound)))
    keyed = KeySettings(keys, max_error)
    predictor = _network(provider, actor)
    objects = character_of(character, scene)
    takes = {action[TAKE]: action for action in takes_of(objects)}
    replaced = takes.get(replaces) if path.stem not in takes else None
    edits = stored_prediction(replaced).edits if stored_prediction(replaced) else None
    words = Transcript.of(text, language) if text.strip() else Known()
    heard = open_sound(path, predictor.spec.sample_rate)
    performance = animate(heard, predictor, style, face, words, edits=edits, controls=controls, keep=True)
    settings = BakeSettings(start_frame, keys=keyed, as_strip=as_strip, replaces=replaces)
    return bake_performance(scene, objects, performance, path.stem, settings, sound=path if add_sound else None)


def speak(
    character: bpy.types.Object,
    text: str,
    to: str | Path,
    *,
    voice: str = "",
    rate: int = 170,
    pitch: int = 50,
    start_frame: int = 1,
    style: StyleSettings = StyleSettings(),
    face: FaceSettings = FaceSettings(),
    keys: KeyMode = "every",
    max_error: float = 0.02,
    as_strip: bool = False,
    add_sound: bool = True,
    provider: str | None = None,
    controls: Controls = Controls(),
    actor: str = "",
    scene: bpy.types.Scene | None = None,
) -> BakeReport:
    """The text spoken into the .wav `to`, which is replaced, and onto the character with its exact times.

    `voice`: a language or accent, with a timbre of espeak-ng if wanted, "en-US+f3", or the file of a Piper voice;
    guessed from the text where empty. `rate`: words a minute, 80 to 450; `pitch`: 0 to 100. The others as in bake().
    """
    scene, path = scene or bpy.context.scene, Path(bpy.path.abspath(str(to)))
    settings = BakeSettings(start_frame, keys=KeySettings(keys, max_error), as_strip=as_strip)
    line = spoken_line(Speech(text, path, voice, rate, pitch), _network(provider, actor), style, face, controls)
    line.save()
    objects = character_of(character, scene)
    return bake_performance(scene, objects, line.performance, path.stem, settings, sound=path if add_sound else None)


def transcribe(sound: str | Path, *, model: str | Path | None = None, language: str = "") -> str:
    """The words that are recognised in a sound file, some of them wrong: English ones by pocketsphinx, or by the user's
    own faster-whisper or Vosk `model`, a folder. What is needed must be installed; nothing is downloaded."""
    heard = open_sound(Path(bpy.path.abspath(str(sound))), SAMPLE_RATE)
    return recognised_words(heard, model=Path(model) if model else None, language=language).text


def restyle(
    character: bpy.types.Object,
    style: StyleSettings,
    *,
    face: FaceSettings | None = None,
    keys: KeyMode | None = None,
    max_error: float | None = None,
    controls: Controls | None = None,
    actor: str | None = None,
    scene: bpy.types.Scene | None = None,
) -> tuple[str, ...]:
    """The take that plays on the character, in another style; of several strips the one at the playhead, or nearest to
    it. Returns notices.

    None, for any of them: as the take has it. `face`, `keys`, `max_error`: as in bake(). `controls`, `actor`: another
    way of speaking, another actor ("" for none). For these, and for other emotions than the take's, the network moves
    the mouth again; it need not listen again.
    """
    scene = scene or bpy.context.scene
    objects = character_of(character, scene)
    take = playing_take(objects, scene.frame_current)
    speaker, prediction, (own_face, own_keys) = None, stored_prediction(take), stored_played(take)
    wanted = {name: value for name, value in (("mode", keys), ("max_error", max_error)) if value is not None}
    settings = BakeSettings(keys=replace(own_keys, **wanted))
    if prediction and not (controls is None and actor is None):
        own = replace(prediction.controls, emotions={})
        speaker = Speaker(own if controls is None else controls, prediction.actor if actor is None else _actor(actor))
    return restyle_take(
        scene,
        objects,
        style,
        settings,
        own_face if face is None else face,
        speaker=speaker,
        predictor=lambda: _network(None, ""),
    ).notices


def doubts(character: bpy.types.Object, scene: bpy.types.Scene | None = None) -> tuple[tuple[float, float], ...]:
    """(start s, end s) on the clock of the recording where the network is not sure; empty without a take."""
    scene = scene or bpy.context.scene
    prediction = stored_prediction(playing_take(character_of(character, scene), scene.frame_current))
    return prediction.doubts if prediction else ()


def _network(provider: str | None, actor: str) -> Predictor:
    """The shared one, as that actor speaks."""
    return speaking(_actor(actor), (provider,) if provider else None, wanted_threads(bpy.context))


def _actor(name: str) -> Adaptation | None:
    return load_actor(name, actor_folder(bpy.context)) if name else None
