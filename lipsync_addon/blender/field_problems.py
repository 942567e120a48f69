"""What is wrong with a name in a field, typed or brought along by a file, in a sentence; empty where nothing is. Panels
ask at every redraw, so nothing is opened twice."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import bpy

from ..core.actors import actor_file, load_actor
from ..core.channels import ARKIT_52, VISEMES_15
from ..core.errors import LipsyncError
from . import panel_data, presets
from .actions import TAKE, takes_of
from .preferences import actor_folder
from .speaker import own_network
from .words_settings import LIPSYNC_PG_words, text_of


def preset_problem(name: str) -> str:
    """Of a preset: the sliders go on without it."""
    if not name or name in presets.names():
        return ""
    return f"There is no preset '{name}': the sliders stay as they are. Choose one of the list, or empty the field."


def actor_problem(name: str, context: bpy.types.Context) -> str:
    """Of an actor, without whom nothing can be baked, such as one of the network before this one."""
    if not name:
        return ""
    try:
        file = actor_file(name, actor_folder(context))
        if file.is_file():
            return _unfit(name, file.parent, file.stat().st_mtime_ns)
    except LipsyncError as error:
        return str(error)
    return f"There is no actor '{name}' in {file.parent}. Choose one of the list, or empty the field."


def language_problem(words: LIPSYNC_PG_words) -> str:
    """Of the text's language, where there is a text to read in it."""
    return _unread(words.language.strip()) if words.language.strip() and text_of(words) else ""


def voice_problem(words: LIPSYNC_PG_words) -> str:
    """Of who speaks the text; what a Piper voice is good for is found out when it speaks."""
    from ..speech import piper

    voice = wanted_voice(words)
    if piper.is_voice(voice):
        file = Path(voice.partition("+")[0])
        return (
            "" if file.is_file() else f"{file} does not exist. A Piper voice is a .onnx with its .onnx.json beside it."
        )
    language, _, timbre = voice.partition("+")
    return (_unread(language) if language else "") or (_unspoken(timbre) if timbre else "")


def wanted_voice(words: LIPSYNC_PG_words) -> str:
    """As speech.synthesis.speak() takes it: the voice, else the language; Blender's // resolved."""
    from ..speech import piper

    voice = words.voice.strip() or words.language.strip()
    return bpy.path.abspath(voice) if piper.is_voice(voice) else voice


def replaces_problem(context: bpy.types.Context) -> str:
    """Of the take whose edits are to move along."""
    name = context.scene.lipsync.words.replaces
    if not name or name in {action[TAKE] for action in takes_of(panel_data.objects(context))}:
        return ""
    return f"The character has no take '{name}': no edits move along. Choose one of the list, or empty the field."


def bone_problem(context: bpy.types.Context) -> str:
    """Of the jaw bone."""
    settings = context.scene.lipsync
    rigs = [obj for obj in panel_data.objects(context) if obj.type == "ARMATURE"]
    if not settings.jaw_bone or settings.jaw_mode == "off" or any(settings.jaw_bone in rig.data.bones for rig in rigs):
        return ""
    return f"There is no bone '{settings.jaw_bone}' on the character."


def channel_problems(settings: bpy.types.PropertyGroup) -> tuple[str, ...]:
    """Of the channels that have a gain of their own."""
    unknown = [each.name for each in settings.channels if each.name not in ("", *ARKIT_52, *VISEMES_15)]
    return tuple(f"There is no channel '{name}'. Choose one of the list." for name in unknown)


def ignored(context: bpy.types.Context) -> tuple[str, ...]:
    """What a bake does without, for its report."""
    return tuple(filter(None, (preset_problem(context.scene.lipsync.preset), replaces_problem(context))))


@lru_cache(maxsize=8)
def _unfit(name: str, folder: Path, changed: int) -> str:
    """Why the actor of a file, as it is since `changed`, cannot be used."""
    try:
        misfit = load_actor(name, folder).misfit(own_network())
    except LipsyncError as error:
        return str(error)
    return misfit and f"{misfit} Run lipsync adapt again with this network and --overwrite."


@lru_cache(maxsize=8)
def _unread(language: str) -> str:
    from ..speech.languages import reader_of  # opens espeak-ng

    try:
        reader_of(language)
    except LipsyncError as error:
        return error.message
    return ""


@lru_cache(maxsize=8)
def _unspoken(timbre: str) -> str:
    from ..speech.espeak import espeak

    try:
        return "" if timbre in espeak().timbres else f"espeak-ng has no timbre '{timbre}'."
    except LipsyncError as error:
        return error.message
