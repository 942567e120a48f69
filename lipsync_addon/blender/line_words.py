"""What is known of a line before it is baked: its text, the edited track, the edits of a take that it replaces."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..core.pipeline import Known, LineWords
from ..core.prediction import Prediction
from ..core.timeline import PhonemeTimeline
from ..core.timeline_retiming import Edits
from .actions import TAKE, takes_of
from .stored import stored_prediction
from .words_settings import LIPSYNC_PG_words, text_of, timeline_of


def known_words(
    words: LIPSYNC_PG_words, objects: Sequence[bpy.types.Object], source: str, take: str
) -> tuple[LineWords, Edits | None]:
    """(what is said, edits that move along) for a bake of the sound `source` as `take` of the character `objects`.

    The track that was edited, if it is of this sound; else the text, else what will be heard. Edits come along from
    `words.replaces` unless the take is there already. Raises LipsyncError for text that cannot be said or a language
    that espeak-ng does not read.
    """
    takes = {action[TAKE]: stored_prediction(action) for action in takes_of(objects)}
    if words.edited and words.source == source and (track := timeline_of(words)):
        original = _original(takes.get(take), source)
        return (Known(original), Edits(original, track)) if original else (Known(track), None)
    if (spoken := _original(takes.get(take), source)) and _is_exact(spoken):
        return Known(spoken), None  # by a synthesiser, whose times are better than what could be heard
    edits = _edits(words, takes.get(words.replaces)) if take not in takes else None
    if not (text := text_of(words)):
        return Known(), edits
    from ..speech.transcript import line_words  # opens espeak-ng, which a line without text does not need

    return line_words(text, words.language), edits


def kept_edits(
    words: LIPSYNC_PG_words, objects: Sequence[bpy.types.Object], source: str, take: str
) -> Edits | None:
    """What a person changed in the phones of a take that is baked again from the sound `source`."""
    prediction = next((stored_prediction(action) for action in takes_of(objects) if action[TAKE] == take), None)
    original = _original(prediction, source)
    if original is None or (words.source, words.take) != (source, take):
        return prediction.edits if original else None
    track = timeline_of(words) if words.edited else None
    return Edits(original, track) if track else None


def _edits(words: LIPSYNC_PG_words, replaced: Prediction | None) -> Edits | None:
    """Of the take that is replaced; of its track in the scene, where the curves did not follow that."""
    if replaced is None:
        return None
    original = _original(replaced, words.source)
    if words.edited and original and (track := timeline_of(words)):
        return Edits(original, track)
    return replaced.edits


def _is_exact(timeline: PhonemeTimeline) -> bool:
    """Whether all of it is certain."""
    said = [phone.confidence for phone in timeline.phones if phone.word is not None]
    return bool(said) and min(said) == 1


def _original(prediction: Prediction | None, source: str) -> PhonemeTimeline | None:
    """The phones of this sound before anybody changed them."""
    if prediction is None or prediction.source != source:
        return None
    return prediction.original or prediction.timeline
