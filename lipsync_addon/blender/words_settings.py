"""The words of the line and its phoneme track, as they are kept in the scene: saved, and undone, with it."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ..core.timeline import Phone, PhonemeTimeline

NO_WORD = -1


def _takes(settings: bpy.types.PropertyGroup, context: bpy.types.Context, typed: str) -> list[str]:
    from .actions import TAKE, takes_of
    from .panel_data import objects  # which reads these settings

    return [action[TAKE] for action in takes_of(objects(context))]


class LIPSYNC_PG_phone(bpy.types.PropertyGroup):
    """One phone of the track: core.timeline.Phone."""

    unit: StringProperty(name="Phone")
    start: FloatProperty(name="Start", unit="TIME_ABSOLUTE")
    end: FloatProperty(name="End", unit="TIME_ABSOLUTE")
    confidence: FloatProperty(name="Confidence", subtype="FACTOR", min=0, max=1)
    word: IntProperty(name="Word", default=NO_WORD)
    stress: FloatProperty(name="Stress", default=1, min=0, max=2)
    mute: BoolProperty(name="Mute")


class LIPSYNC_PG_words(bpy.types.PropertyGroup):
    """Scene.lipsync.words"""

    text: StringProperty(
        name="Text", description="What is said in the line, so that every p, b and m closes. May be empty"
    )
    text_block: PointerProperty(
        name="Text Block",
        description="A text of this file, which goes before the field above: for what is longer than a line",
        type=bpy.types.Text,
    )
    language: StringProperty(
        name="Language", description="Of the text, e.g. en-GB, hi or pt-BR. Empty: guessed from the text"
    )
    recogniser_model: StringProperty(
        name="Recogniser",
        description="Folder of a faster-whisper or Vosk model of yours; empty: pocketsphinx, which knows English only",
        subtype="DIR_PATH",
    )
    voice: StringProperty(
        name="Voice",
        description="Who speaks the text: a language or accent such as en-GB, with one of espeak-ng's timbres if "
        "wanted, such as en-US+f3, or the file of a Piper voice. Empty: the language above, else as the text seems to "
        "be",
    )
    voice_rate: IntProperty(name="Rate", description="Words a minute", default=170, min=80, max=450)
    voice_pitch: IntProperty(
        name="Pitch", description="0: low, 100: high", default=50, min=0, max=100, subtype="FACTOR"
    )
    replaces: StringProperty(
        name="Replaces",
        description="An earlier take of these words, for example a spoken one: your edits of its curves and phonemes "
        "move along, word by word. That take stays",
        search=_takes,
    )
    phones: CollectionProperty(type=LIPSYNC_PG_phone)
    active: IntProperty(name="Phone", description="The phone that the buttons change")
    edited: BoolProperty(options={"HIDDEN"})
    """Whether a person changed the track: the next bake plays it instead of listening."""
    texts: StringProperty(default="[]", options={"HIDDEN"})
    """JSON: the words of the track."""
    source: StringProperty(options={"HIDDEN"})
    """Name of the sound that the track belongs to."""
    take: StringProperty(options={"HIDDEN"})
    """Name of the take that the track belongs to."""
    spoken_language: StringProperty(options={"HIDDEN"})
    start_frame: FloatProperty(options={"HIDDEN"})
    """Frame of the take at the sound's second 0."""
    follow: BoolProperty(
        name="Update Curves", description="Bake again after every change of a phoneme", default=True
    )
    show_strip: BoolProperty(
        name="Show in Dope Sheet",
        description="Draw words and phones at the bottom of the dope sheet, as far as it is high enough for them",
        default=True,
    )


def recogniser_model(words: LIPSYNC_PG_words) -> Path | None:
    """The folder of the user's own model, with Blender's // resolved."""
    return Path(bpy.path.abspath(words.recogniser_model)) if words.recogniser_model else None


def text_of(words: LIPSYNC_PG_words) -> str:
    """What is said: the text block, else the field."""
    return (words.text_block.as_string() if words.text_block else words.text).strip()


def timeline_of(words: LIPSYNC_PG_words, part: slice = slice(None)) -> PhonemeTimeline | None:
    """The track, or the phones `part` of it; None before the first bake. Blender keeps times in single precision, so
    ends are made to meet."""
    shown = words.phones[part]
    if not shown:
        return None
    starts = [phone.start for phone in shown]
    ends = [*starts[1:], shown[-1].end]
    phones = tuple(
        Phone(
            phone.unit,
            start,
            end,
            phone.confidence,
            None if phone.word == NO_WORD else phone.word,
            phone.stress,
            phone.mute,
        )
        for phone, start, end in zip(shown, starts, ends)
    )
    return PhonemeTimeline(phones, tuple(json.loads(words.texts)), words.spoken_language, words.source)


def keep(
    words: LIPSYNC_PG_words, timeline: PhonemeTimeline, *, edited: bool, before: PhonemeTimeline | None = None
) -> None:
    """Puts the track into the scene; what is there already (`before`, if the caller knows it) is not written again,
    for the sake of long lines."""
    before, now = before or timeline_of(words), timeline.phones
    was = before.phones if before else ()
    while len(words.phones) > len(now):
        words.phones.remove(len(words.phones) - 1)
    for index, phone in enumerate(now):
        if index < len(was) and phone == was[index]:
            continue
        item = words.phones[index] if index < len(words.phones) else words.phones.add()
        item.unit, item.start, item.end, item.confidence = phone.unit, phone.start, phone.end, phone.confidence
        item.word = NO_WORD if phone.word is None else phone.word
        item.stress, item.mute = phone.stress, phone.mute
    words.texts = json.dumps(timeline.words, ensure_ascii=False)
    words.source, words.spoken_language, words.edited = timeline.source, timeline.language, edited
    words.active = min(max(words.active, 0), max(len(timeline.phones) - 1, 0))
