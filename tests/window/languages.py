"""Runs in Blender without a window: the installed add-on in each language, then switched off; writes languages.json."""

import json
from pathlib import Path

import addon_utils
import bpy

EXTENSION = "bl_ext.user_default.lipsync"

bpy.ops.extensions.package_install_files(repo="user_default", filepath="/session/extension.zip", enable_on_install=True)


def seen() -> dict[str, dict[str, str]]:
    """Language -> English text -> what Blender shows; a report too."""
    view, found = bpy.context.preferences.view, {}
    for language in ("en_US", "de_DE", "ja_JP"):
        view.language = language
        view.use_translate_interface = view.use_translate_reports = True
        found[language] = {
            "panel": bpy.app.translations.pgettext_iface("Words and Phonemes"),
            "button": bpy.app.translations.pgettext_iface("Bake Strips", "Operator"),
            "tooltip": bpy.app.translations.pgettext_tip("How far the jaw moves; closures stay closed"),
            "emotion": bpy.app.translations.pgettext_iface("Joy"),
            "property": bpy.app.translations.pgettext_iface("True Closures"),
            "report": reported(),
        }
    return found


def reported() -> str:
    """The reason why a button is grey, as Blender tells it to a script."""
    try:
        bpy.ops.lipsync.bake()
    except (RuntimeError, AttributeError) as error:
        return str(error)
    return ""


enabled = seen()
addon_utils.disable(EXTENSION)
Path("/session/languages.json").write_text(json.dumps({"enabled": enabled, "disabled": seen()}), encoding="utf-8")
