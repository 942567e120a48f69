"""HeardBefore: a line that went through the network together with others, for the path that every line takes."""

from __future__ import annotations

from collections import deque
from typing import Any

from ..core.audio_clip import Sound
from ..core.hearing import Hearing
from ..core.track import AnimationTrack
from .predictor import Predictor


class HeardBefore:
    """Follows core.pipeline.TrackPredictor for the one sound that Predictor.hear_many() heard."""

    def __init__(self, predictor: Predictor, hearing: Hearing) -> None:
        """`predictor`: which moves; it may be adapted to an actor, that makes no difference to what is heard."""
        self._predictor, self._hearing = predictor, hearing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._predictor, name)

    def hear(self, sound: Sound, **_: Any) -> Hearing:
        """As Predictor.hear(). The sound is read all the same, for those who measure it on the way."""
        deque(sound.blocks(), maxlen=0)
        return self._hearing

    def predict(self, sound: Sound, *, progress: Any = None, **arguments: Any) -> AnimationTrack:
        """As Predictor.predict()."""
        return self._predictor.move(self.hear(sound), **arguments)
