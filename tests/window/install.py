"""Runs in Blender without a window: installs the zip and saves the settings that the session needs."""

import bpy

bpy.ops.extensions.package_install_files(repo="user_default", filepath="/session/extension.zip", enable_on_install=True)
view = bpy.context.preferences.view
view.show_splash = False
view.ui_scale = 1.4  # large enough for the reader of text
view.show_statusbar_stats = False
bpy.ops.wm.save_userpref()
