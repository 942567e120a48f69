"""The strip editor at the bottom of the dope sheet, under the keys that it makes: waveform, words, phones, and the
current frame that runs over them. What the mouse does to it is in operators/strip.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.phones import BILABIALS, LABIODENTALS, VOWELS
from ..core.prediction import Prediction
from ..core.timeline import SILENCE, PhonemeTimeline
from ..core.waveform import Waveform
from . import waveforms
from .shown_take import Place, places, shown_action
from .stored import stored_prediction
from .words_settings import LIPSYNC_PG_words, timeline_of

PHONES, WORDS, WAVE = 0, 1, 2
"""The rows, from the bottom."""
HEIGHTS = (20.0, 20.0, 44.0)
"""Pixels of each at a scale of 1."""
BASE = 24.0
"""Pixels at a scale of 1 below the phones: the scroll bar."""
MARKERS = 22.0
"""The same more where the scene has markers, whose names are there."""
RULER = 24.0
"""Pixels at a scale of 1 above the rows: the numbers of the frames."""
GRIP = 5.0
"""Pixels from a boundary within which the mouse holds it."""
NARROW = 3.0
"""Pixels; where boxes are narrower than this on average they are left out."""

Colour = tuple[float, float, float, float]
_COLOURS: tuple[tuple[frozenset[str], Colour], ...] = (
    (BILABIALS, (0.72, 0.24, 0.24, 1.0)),
    (LABIODENTALS, (0.76, 0.47, 0.16, 1.0)),
    (VOWELS, (0.22, 0.42, 0.66, 1.0)),
)
_OTHER = (0.34, 0.34, 0.34, 1.0)
_WORD = (0.24, 0.24, 0.24, 1.0)
_GROUND = (0.1, 0.1, 0.1, 1.0)
_LINE = (0.02, 0.02, 0.02, 1.0)
_SOUND, _QUIET = (0.42, 0.68, 0.62, 1.0), (0.3, 0.3, 0.3, 1.0)
_DOUBT, _DOUBT_AREA = (0.95, 0.75, 0.15, 1.0), (0.95, 0.75, 0.15, 0.16)
_TEXT, _FAINT, _ACTIVE = (1.0, 1.0, 1.0, 1.0), (0.6, 0.6, 0.6, 1.0), (1.0, 1.0, 1.0, 1.0)
_FAINTEST = 0.1
"""Peak of a sound below which it is not drawn at full height."""
_PLAYHEAD = (0.35, 0.6, 1.0, 1.0)
_handle: object | None = None


@dataclass(frozen=True, slots=True)
class Grip:
    """What the mouse holds."""

    kind: str
    """"boundary" (before phone `index`), "word start" or "word end" (of word `index`)."""
    index: int


@dataclass(frozen=True, slots=True)
class Box:
    """A word or a phone on the strip."""

    first: float
    """Frame where it begins."""
    last: float
    row: int
    index: int
    """Of the phone or the word."""
    text: str
    colour: Colour
    doubtful: bool = False
    """The network is not sure what it heard."""
    mute: bool = False


def start() -> None:
    """Draws from now on."""
    global _handle
    if _handle is None and not bpy.app.background:
        _handle = bpy.types.SpaceDopeSheetEditor.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")


def stop() -> None:
    """The reverse."""
    global _handle
    waveforms.forget()
    _doubts.clear()
    if _handle is not None:
        bpy.types.SpaceDopeSheetEditor.draw_handler_remove(_handle, "WINDOW")
        _handle = None


def boxes(
    timeline: PhonemeTimeline, place: Place, doubts: Sequence[tuple[float, float]] = ()
) -> Iterator[Box]:
    """Every word, then every phone that is no pause, as far as the place goes. `doubts`: (start s, end s) where the
    network is not sure."""
    for word in timeline.word_spans():
        if frames := place.within(word.start, word.end):
            yield Box(*frames, WORDS, word.index, word.text, _WORD)
    for index, phone in enumerate(timeline.phones):
        if phone.unit == SILENCE or not (frames := place.within(phone.start, phone.end)):
            continue
        colour = next((colour for units, colour in _COLOURS if phone.unit in units), _OTHER)
        mark = "ˈ" if phone.stress > 1.01 else "ˌ" if phone.stress < 0.99 else ""
        yield Box(
            *frames,
            PHONES,
            index,
            mark + phone.unit,
            (*colour[:3], 0.3) if phone.mute else colour,
            doubtful=not phone.mute and any(a < (phone.start + phone.end) / 2 < b for a, b in doubts),
            mute=phone.mute,
        )


def bottom(row: int) -> float:
    """Pixels at a scale of 1 from the bottom of the region to that of the row; of the row above the last: the top."""
    return BASE + MARKERS * bool(bpy.context.scene.timeline_markers) + sum(HEIGHTS[:row])


def rows_in(context: bpy.types.Context) -> int:
    """How many rows the region is high enough for, from the bottom."""
    room = context.region.height / context.preferences.system.ui_scale - RULER
    return sum(bottom(row + 1) <= room for row in (PHONES, WORDS, WAVE))


def row_at(context: bpy.types.Context, y: float) -> int | None:
    """The row; None: beside the strip. `y`: pixels in the region."""
    at = y / context.preferences.system.ui_scale
    return next((row for row in range(rows_in(context)) if bottom(row) <= at < bottom(row + 1)), None)


def frame_at(context: bpy.types.Context, x: float) -> float:
    """Of the scene, at so many pixels in the region."""
    return context.region.view2d.region_to_view(x, 0)[0]


def place_at(context: bpy.types.Context, x: float) -> Place | None:
    """Where the line plays that is drawn at so many pixels in the region; None beside it."""
    frame, near = frame_at(context, x), abs(frame_at(context, x + GRIP) - frame_at(context, x))
    found = min(places(context, shown_action(context)), key=lambda place: place.piece.away(frame), default=None)
    return found if found and found.piece.away(frame) <= near else None


def grip_at(timeline: PhonemeTimeline, row: int, seconds: float, near: float) -> Grip | None:
    """What there is to hold within `near` seconds: boundaries among phones, edges among words; the nearest."""
    if row == PHONES:
        found = [(abs(p.start - seconds), Grip("boundary", i)) for i, p in enumerate(timeline.phones) if i]
    else:
        spans = timeline.word_spans()
        found = [(abs(w.start - seconds), Grip("word start", w.index)) for w in spans]
        found += [(abs(w.end - seconds), Grip("word end", w.index)) for w in spans]
    distance, grip = min(found, key=lambda pair: pair[0], default=(near, None))
    return grip if distance < near else None


def part_shown(words: LIPSYNC_PG_words, first: float, last: float) -> tuple[PhonemeTimeline, int] | None:
    """(the part of the track from second `first` to `last`, whole words, number of the phones before it)."""
    count = len(words.phones)
    starts, of_word = np.empty(count, np.float32), np.empty(count, np.int32)
    words.phones.foreach_get("start", starts)
    words.phones.foreach_get("word", of_word)
    a = max(int(np.searchsorted(starts, first, "right")) - 1, 0)
    b = max(int(np.searchsorted(starts, last, "left")), a + 1)
    while a > 0 and of_word[a] >= 0 and of_word[a - 1] == of_word[a]:
        a -= 1
    while b < count and of_word[b] >= 0 and of_word[b - 1] == of_word[b]:
        b += 1
    timeline = timeline_of(words, slice(a, b))
    return (timeline, a) if timeline else None


_doubts: list[tuple[Prediction, tuple[tuple[float, float], ...]]] = []  # of the take that was drawn last


def doubts_of(context: bpy.types.Context) -> tuple[tuple[float, float], ...]:
    """(start s, end s) where the network is not sure what it heard in the line that the strip shows."""
    prediction = stored_prediction(shown_action(context))
    if prediction is None or prediction.source != context.scene.lipsync.words.source:
        return ()
    if not _doubts or _doubts[0][0] is not prediction:
        _doubts[:] = [(prediction, prediction.doubts)]
    return _doubts[0][1]


def _draw() -> None:
    context = bpy.context
    words, region = context.scene.lipsync.words, context.region
    rows = rows_in(context)
    if not words.show_strip or not words.phones or not rows:
        return
    scale = context.preferences.system.ui_scale
    left, right = frame_at(context, 0), frame_at(context, region.width)
    per_frame = region.width / max(right - left, 1e-6)
    x_of = lambda frame: (frame - left) * per_frame  # noqa: E731
    shapes, texts, doubts = _Shapes(scale), [], doubts_of(context)
    top, outline, now = bottom(rows), waveforms.shown(context.scene), context.scene.frame_current_final
    for place in places(context, shown_action(context)):
        whole = place.within(0.0, words.phones[-1].end)
        if not whole or whole[1] <= left or whole[0] >= right:
            continue
        first, last = max(whole[0], left), min(whole[1], right)
        shapes.row(x_of(first), x_of(last), bottom(PHONES) - 2, top, _GROUND)
        if outline and rows > WAVE:
            shapes.wave(outline, [x_of(first), x_of(last)], place.seconds(first), place.seconds(last))
        found = part_shown(words, *sorted((place.seconds(first), place.seconds(last))))
        if found:
            timeline, before = found
            near = [(a, b) for a, b in doubts if b > timeline.start and a < timeline.end]
            drawn = list(boxes(timeline, place, near))
            for row in range(min(rows, WAVE)):
                of_row = [box for box in drawn if box.row == row]
                if of_row and sum(box.last - box.first for box in of_row) * per_frame / len(of_row) < NARROW:
                    continue
                for box in of_row:
                    active = row == PHONES and box.index + before == words.active
                    shapes.box(box, x_of(box.first), x_of(box.last), active, rows > WAVE)
                    texts.append((box, x_of(box.first), x_of(box.last)))
        if first <= now <= last:
            shapes.row(x_of(now) - scale, x_of(now) + scale, bottom(PHONES) - 2, top, _PLAYHEAD)
    if not shapes.empty:
        shapes.draw()
        _write(texts, scale, region.width)


class _Shapes:
    """Rectangles that are drawn at once."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._corners: list[NDArray[np.float32]] = []
        self._colours: list[NDArray[np.float32]] = []

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self._corners

    def row(self, x0: float, x1: float, low: float, high: float, colour: Colour) -> None:
        """`low`, `high` at a scale of 1."""
        self._add(np.array([[x0, low * self._scale, x1, high * self._scale]], np.float32), colour)

    def box(self, box: Box, x0: float, x1: float, active: bool, wave: bool) -> None:
        """A word or a phone; a frame around the one that is active, a mark on what is doubtful, on the `wave` too."""
        low, high = bottom(box.row) + 1, bottom(box.row + 1) - 1
        x1 = max(x1 - self._scale, x0 + 1)
        if active:
            self.row(x0 - self._scale, x1 + self._scale, low - 1, high + 1, _ACTIVE)
            self.row(x0 + self._scale, x1 - self._scale, low + 1, high - 1, _LINE)
            self.row(x0 + self._scale, x1 - self._scale, low + 1, high - 1, box.colour)
        else:
            self.row(x0, x1, low, high, box.colour)
        if box.doubtful:
            self.row(x0, x1, low, low + 3, _DOUBT)
            if wave:
                self.row(x0, x1, bottom(WAVE), bottom(WAVE + 1), _DOUBT_AREA)
        if box.mute:
            middle = (low + high) / 2
            self.row(x0, x1, middle - 0.5, middle + 0.5, _TEXT)

    def wave(self, outline: Waveform, ends: list[float], start: float, end: float) -> None:
        """The sound between two pixels, which are these seconds of it, the later ones first where it plays in
        reverse."""
        columns = max(int(ends[1] - ends[0]), 1)
        sides = outline.between(min(start, end), max(start, end), columns)
        low, high = (side[:: 1 if start <= end else -1] / max(outline.peak, _FAINTEST) for side in sides)
        middle, half = (bottom(WAVE) + HEIGHTS[WAVE] / 2) * self._scale, (HEIGHTS[WAVE] / 2 - 2) * self._scale
        self.row(ends[0], ends[1], middle / self._scale - 0.5, middle / self._scale + 0.5, _QUIET)
        x = ends[0] + np.arange(columns, dtype=np.float32)
        loud = (high > low) & (np.maximum(high, -low) * half > 0.5)
        sides = np.stack((x, middle + low * half, x + 1, middle + high * half), axis=1)
        self._add(sides[loud].astype(np.float32), _SOUND)

    def draw(self) -> None:
        """All of them, in the order in which they came."""
        import gpu
        from gpu_extras.batch import batch_for_shader

        sides, colours = np.concatenate(self._corners), np.concatenate(self._colours)
        corners = sides[:, [0, 1, 2, 1, 2, 3, 0, 1, 2, 3, 0, 3]].reshape(-1, 2)
        shader = gpu.shader.from_builtin("FLAT_COLOR")
        gpu.state.blend_set("ALPHA")
        batch_for_shader(shader, "TRIS", {"pos": corners, "color": np.repeat(colours, 6, axis=0)}).draw(shader)
        gpu.state.blend_set("NONE")

    def _add(self, sides: NDArray[np.float32], colour: Colour) -> None:
        """`sides` [N, 4]: left, bottom, right, top in pixels."""
        self._corners.append(sides)
        self._colours.append(np.tile(np.array(colour, np.float32), (len(sides), 1)))


def _write(texts: list[tuple[Box, float, float]], scale: float, width: float) -> None:
    """What fits into its box, in the middle of the part that can be seen."""
    import blf

    blf.size(0, 11 * scale)
    for box, left, right in texts:
        left, right = max(left, 0.0), min(right, width)
        needed, _ = blf.dimensions(0, box.text)
        if needed < right - left - 2 * scale:
            blf.color(0, *(_FAINT if box.mute else _TEXT))
            blf.position(0, (left + right - needed) / 2, (bottom(box.row) + 6) * scale, 0)
            blf.draw(0, box.text)
