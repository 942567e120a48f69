"""Renders the frame range of a .blend to a film, with the sound in its sequencer."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.progress import Progress, no_progress

ENGINES = {"low": ("BLENDER_WORKBENCH", 480), "medium": ("BLENDER_EEVEE", 720), "high": ("CYCLES", 1080)}
"""Quality -> engine, lines of the picture. None needs a display; without a graphics card Workbench and EEVEE need
Mesa's software OpenGL, and EEVEE then compiles its shaders for minutes."""
SAMPLES = 32
"""Of EEVEE and of Cycles for a pixel; Cycles denoises."""


def render_film(blend: Path, target: Path, quality: str, *, progress: Progress = no_progress) -> int:
    """Returns the number of frames; the file is `target`, H.264 with AAC. Opens `blend`: for use without a window."""
    bpy.ops.wm.open_mainfile(filepath=str(blend.resolve()))
    scene = bpy.context.scene
    engine, lines = ENGINES[quality]
    if engine == "BLENDER_EEVEE" and bpy.app.version < (5, 0):
        engine = "BLENDER_EEVEE_NEXT"
    _set_up(scene, target, engine, lines)
    frames = scene.frame_end - scene.frame_start + 1

    def tell(scene: bpy.types.Scene, *_: object) -> None:
        progress((scene.frame_current - scene.frame_start + 1) / frames)

    bpy.app.handlers.render_write.append(tell)
    try:
        bpy.ops.render.render(animation=True)
    finally:
        bpy.app.handlers.render_write.remove(tell)  # a handler that is left makes bpy 4.5 hang at exit
    return frames


def _set_up(scene: bpy.types.Scene, target: Path, engine: str, lines: int) -> None:
    render = scene.render
    shape = render.resolution_x / render.resolution_y
    render.engine = engine
    render.resolution_x, render.resolution_y = 2 * round(lines * shape / 2), lines
    render.resolution_percentage = 100
    render.filepath = str(target.resolve())
    render.use_file_extension = False
    scene.display.render_aa = "FXAA"
    scene.eevee.taa_render_samples = SAMPLES
    if engine == "CYCLES":
        scene.cycles.samples, scene.cycles.use_denoising = SAMPLES, True
    settings = render.image_settings
    if hasattr(settings, "media_type"):  # Blender 5.0 sorts formats by medium and offers FFMPEG for videos only
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    render.ffmpeg.format = "MPEG4"
    render.ffmpeg.codec = "H264"
    render.ffmpeg.constant_rate_factor = "HIGH"
    render.ffmpeg.audio_codec = "AAC"
    render.ffmpeg.audio_bitrate = 160
