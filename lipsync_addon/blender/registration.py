"""What Blender is told about when the extension is switched on, and forgets in reverse order when it is off."""

from __future__ import annotations

import bpy

from . import defaults, keyframes, panel_data, phoneme_strip, shown_take, sliders, take_records, translations
from .batch_panel import LIPSYNC_PT_batch, LIPSYNC_UL_batch
from .batch_settings import LIPSYNC_PG_batch, LIPSYNC_PG_batch_line
from .face_panel import LIPSYNC_PT_face
from .face_settings import LIPSYNC_PG_face
from .live_panel import LIPSYNC_PT_live
from .live_settings import LIPSYNC_PG_live
from .operators.bake import LIPSYNC_OT_bake
from .operators.batch import (
    LIPSYNC_OT_bake_lines_again,
    LIPSYNC_OT_import_takes,
    LIPSYNC_OT_read_batch,
    LIPSYNC_OT_select_lines,
)
from .operators.detect import LIPSYNC_OT_detect
from .operators.export import LIPSYNC_OT_export_character, LIPSYNC_OT_export_curves
from .operators.import_curves import LIPSYNC_OT_import_curves
from .operators.live import LIPSYNC_OT_live, LIPSYNC_OT_stop_live, give_up
from .operators.phoneme_files import CLASSES as PHONEME_FILE_OPERATORS
from .operators.phones import CLASSES as PHONE_OPERATORS
from .operators.speech import LIPSYNC_OT_speak, LIPSYNC_OT_transcribe
from .operators.strip import CLASSES as STRIP_CLASSES, add_keys, remove_keys
from .operators.strip_takes import CLASSES as STRIP_TAKE_OPERATORS
from .operators.style_presets import CLASSES as STYLE_OPERATORS
from .operators.take import CLASSES as TAKE_OPERATORS
from .operators.voices import LIPSYNC_OT_bake_scene, LIPSYNC_OT_list_voices, LIPSYNC_OT_remove_voice
from .panels import (
    LIPSYNC_PT_channels,
    LIPSYNC_PT_export,
    LIPSYNC_PT_jaw,
    LIPSYNC_PT_keys,
    LIPSYNC_PT_main,
    LIPSYNC_PT_performance,
    LIPSYNC_PT_take,
    LIPSYNC_UL_channels,
)
from .preferences import LIPSYNC_AP_preferences
from .settings import LIPSYNC_PG_channel, LIPSYNC_PG_settings
from .speaker_panel import LIPSYNC_PT_speaker
from .speaker_settings import LIPSYNC_PG_speaker
from .stored import forget_predictions
from .voice_settings import LIPSYNC_PG_voice, LIPSYNC_PG_voices
from .voices_panel import LIPSYNC_PT_voices, LIPSYNC_UL_voices
from .words_panel import LIPSYNC_PT_speak, LIPSYNC_PT_transcribe, LIPSYNC_PT_words, LIPSYNC_UL_phones
from .words_settings import LIPSYNC_PG_phone, LIPSYNC_PG_words

CLASSES: tuple[type, ...] = (
    LIPSYNC_AP_preferences,
    LIPSYNC_PG_face,
    LIPSYNC_PG_speaker,
    LIPSYNC_PG_voice,
    LIPSYNC_PG_voices,
    LIPSYNC_PG_batch_line,
    LIPSYNC_PG_batch,
    LIPSYNC_PG_phone,
    LIPSYNC_PG_words,
    LIPSYNC_PG_live,
    LIPSYNC_PG_channel,
    LIPSYNC_PG_settings,
    LIPSYNC_OT_detect,
    LIPSYNC_OT_bake,
    LIPSYNC_OT_speak,
    LIPSYNC_OT_transcribe,
    LIPSYNC_OT_list_voices,
    LIPSYNC_OT_remove_voice,
    LIPSYNC_OT_bake_scene,
    LIPSYNC_OT_live,
    LIPSYNC_OT_stop_live,
    LIPSYNC_OT_read_batch,
    LIPSYNC_OT_select_lines,
    LIPSYNC_OT_import_takes,
    LIPSYNC_OT_bake_lines_again,
    LIPSYNC_OT_export_character,
    LIPSYNC_OT_export_curves,
    LIPSYNC_OT_import_curves,
    *PHONE_OPERATORS,
    *PHONEME_FILE_OPERATORS,
    *STRIP_CLASSES,
    *STRIP_TAKE_OPERATORS,
    *STYLE_OPERATORS,
    *TAKE_OPERATORS,
    LIPSYNC_UL_channels,
    LIPSYNC_UL_voices,
    LIPSYNC_PT_main,
    LIPSYNC_UL_phones,
    LIPSYNC_PT_words,
    LIPSYNC_PT_transcribe,
    LIPSYNC_PT_speak,
    LIPSYNC_PT_performance,
    LIPSYNC_PT_channels,
    LIPSYNC_PT_take,
    LIPSYNC_PT_keys,
    LIPSYNC_PT_speaker,
    LIPSYNC_PT_face,
    LIPSYNC_PT_voices,
    LIPSYNC_PT_live,
    LIPSYNC_UL_batch,
    LIPSYNC_PT_batch,
    LIPSYNC_PT_jaw,
    LIPSYNC_PT_export,
)


def register() -> None:
    """Classes, then the property that uses one of them."""
    translations.start()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.lipsync = bpy.props.PointerProperty(type=LIPSYNC_PG_settings)
    defaults.start()
    phoneme_strip.start()
    shown_take.start()
    sliders.start()
    add_keys()


def unregister() -> None:
    """The mirror image of register()."""
    give_up()
    remove_keys()
    sliders.stop()
    shown_take.stop()
    phoneme_strip.stop()
    defaults.stop()
    del bpy.types.Scene.lipsync
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    sliders.forget()
    panel_data.forget()
    forget_predictions()
    take_records.forget_records()
    keyframes.forget_fits()
    translations.stop()
