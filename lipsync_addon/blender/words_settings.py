"""The words of the line and its phoneme track, as they are kept in the scene: saved, and undone, with it."""

from __future__ import annotations

import json

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, IntProperty, StringProperty

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
    language: StringProperty(
        name="Language", description="Of the text, e.g. en-GB, hi or pt-BR. Empty: guessed from the text"
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
    spoken_language: StringProperty(options={"HIDDEN"})
    start_frame: FloatProperty(options={"HIDDEN"})
    """Frame of the sound's second 0."""
    follow: BoolProperty(
        name="Update Curves", description="Bake again after every change of a phoneme", default=True
    )
    show_strip: BoolProperty(
        name="Show in Dope Sheet", description="Draw words and phones at the bottom of the dope sheet", default=True
    )


def timeline_of(words: LIPSYNC_PG_words) -> PhonemeTimeline | None:
    """The track; None before the first bake. Blender keeps times in single precision, so ends are made to meet."""
    if not words.phones:
        return None
    starts = [phone.start for phone in words.phones]
    ends = [*starts[1:], words.phones[-1].end]
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
        for phone, start, end in zip(words.phones, starts, ends)
    )
    return PhonemeTimeline(phones, tuple(json.loads(words.texts)), words.spoken_language, words.source)


def keep(words: LIPSYNC_PG_words, timeline: PhonemeTimeline, *, edited: bool) -> None:
    """Puts the track into the scene."""
    words.phones.clear()
    for phone in timeline.phones:
        item = words.phones.add()
        item.unit, item.start, item.end, item.confidence = phone.unit, phone.start, phone.end, phone.confidence
        item.word = NO_WORD if phone.word is None else phone.word
        item.stress, item.mute = phone.stress, phone.mute
    words.texts = json.dumps(timeline.words, ensure_ascii=False)
    words.source, words.spoken_language, words.edited = timeline.source, timeline.language, edited
    words.active = min(max(words.active, 0), max(len(timeline.phones) - 1, 0))
