"""Words and phones at the bottom of the dope sheet, under the keys that they make; the current frame runs over them."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ..core.phones import BILABIALS, LABIODENTALS, VOWELS
from ..core.timeline import SILENCE, PhonemeTimeline
from .words_settings import timeline_of

HEIGHT = 18.0
"""Pixels of a row at a scale of 1: words above, phones below."""
_COLOURS: tuple[tuple[frozenset[str], tuple[float, float, float, float]], ...] = (
    (BILABIALS, (0.75, 0.25, 0.25, 0.9)),
    (LABIODENTALS, (0.75, 0.5, 0.2, 0.9)),
    (VOWELS, (0.25, 0.45, 0.7, 0.9)),
)
_OTHER = (0.35, 0.35, 0.35, 0.9)
_WORD = (0.2, 0.2, 0.2, 0.9)
_TEXT, _ACTIVE = (1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 0.9)
GRIP = 5.0
"""Pixels from a boundary within which the mouse holds it."""
BASE = 24.0
"""Pixels at a scale of 1 below the phones: the scroll bar."""
_handle: object | None = None


@dataclass(frozen=True, slots=True)
class Grip:
    """What the mouse holds."""

    kind: str
    """"boundary" (before phone `index`), "word start" or "word end" (of word `index`)."""
    index: int


def start() -> None:
    """Draws from now on."""
    global _handle
    if _handle is None and not bpy.app.background:
        _handle = bpy.types.SpaceDopeSheetEditor.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")


def stop() -> None:
    """The reverse."""
    global _handle
    if _handle is not None:
        bpy.types.SpaceDopeSheetEditor.draw_handler_remove(_handle, "WINDOW")
        _handle = None


def boxes(timeline: PhonemeTimeline, start_frame: float, rate: float) -> list[tuple[float, float, int, str, tuple]]:
    """(first frame, last frame, row, text, colour) of every word (row 1) and every phone that is no pause (row 0)."""
    frames = lambda seconds: start_frame + seconds * rate  # noqa: E731
    found = [(frames(w.start), frames(w.end), 1, w.text, _WORD) for w in timeline.word_spans()]
    for phone in timeline.phones:
        if phone.unit != SILENCE:
            colour = next((colour for units, colour in _COLOURS if phone.unit in units), _OTHER)
            colour = (*colour[:3], 0.25) if phone.mute else colour
            found.append((frames(phone.start), frames(phone.end), 0, phone.unit, colour))
    return found


def row_at(context: bpy.types.Context, y: float) -> int | None:
    """0: phones, 1: words, None: beside the strip. `y`: pixels in the region."""
    row = (y / context.preferences.system.ui_scale - BASE) // HEIGHT
    return int(row) if row in (0, 1) else None


def seconds_at(context: bpy.types.Context, x: float) -> float:
    """Of the line, at so many pixels in the region."""
    frame = context.region.view2d.region_to_view(x, 0)[0]
    rate = context.scene.render.fps / context.scene.render.fps_base
    return (frame - context.scene.lipsync.words.start_frame) / rate


def grip_at(timeline: PhonemeTimeline, row: int, seconds: float, near: float) -> Grip | None:
    """What there is to hold within `near` seconds: boundaries among phones, edges among words; the nearest."""
    if row == 0:
        found = [(abs(p.start - seconds), Grip("boundary", i)) for i, p in enumerate(timeline.phones) if i]
    else:
        spans = timeline.word_spans()
        found = [(abs(w.start - seconds), Grip("word start", w.index)) for w in spans]
        found += [(abs(w.end - seconds), Grip("word end", w.index)) for w in spans]
    distance, grip = min(found, key=lambda pair: pair[0], default=(near, None))
    return grip if distance < near else None


def _draw() -> None:
    import blf
    import gpu
    from gpu_extras.batch import batch_for_shader

    context = bpy.context
    words, region = context.scene.lipsync.words, context.region
    timeline = timeline_of(words) if words.show_strip else None
    if timeline is None or not words.phones:
        return
    scale = context.preferences.system.ui_scale
    rate = context.scene.render.fps / context.scene.render.fps_base
    to_x = lambda frame: region.view2d.view_to_region(frame, 0, clip=False)[0]  # noqa: E731
    active = timeline.phones[min(words.active, len(timeline.phones) - 1)]
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.blend_set("ALPHA")
    blf.size(0, 11 * scale)
    for first, last, row, text, colour in boxes(timeline, words.start_frame, rate):
        left, right = to_x(first), to_x(last)
        if right < 0 or left > region.width:
            continue
        low = (BASE + row * HEIGHT) * scale
        high = low + (HEIGHT - 2) * scale
        corners = [(left, low), (max(right - 1, left + 1), low), (max(right - 1, left + 1), high), (left, high)]
        is_active = row == 0 and abs(first - (words.start_frame + active.start * rate)) < 1e-3
        shader.uniform_float("color", colour)
        batch_for_shader(shader, "TRI_FAN", {"pos": corners}).draw(shader)
        if is_active:
            shader.uniform_float("color", _ACTIVE)
            batch_for_shader(shader, "LINE_STRIP", {"pos": [*corners, corners[0]]}).draw(shader)
        width, _ = blf.dimensions(0, text)
        if width < right - left:
            blf.color(0, *_TEXT)
            blf.position(0, (left + right - width) / 2, low + 5 * scale, 0)
            blf.draw(0, text)
    gpu.state.blend_set("NONE")
