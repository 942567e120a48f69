"""A voice line as the network that ships predicts it now: what users export."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lipsync_addon.core.pipeline import animate
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound

LINE = Path(__file__).parents[2] / "examples" / "lines" / "hello_en.flac"


@cache
def hello() -> AnimationTrack:
    """ "Hello! My name is Poppy. Feed me a voice, and watch my mouth move." """
    predictor = Predictor.load()
    return animate(open_sound(LINE, predictor.spec.sample_rate), predictor).track


@cache
def poppy() -> AnimationTrack:
    """A second of it, "my name is Poppy", for readers that take their time."""
    return hello().with_values(hello().values[40:92])
