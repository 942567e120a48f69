"""Generates Rigify's human and saves it: python make_rigify.py OUT.blend."""

from __future__ import annotations

import os
import sys
import tempfile

os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="lipsync-rigify-")

import bpy  # noqa: E402, I001  (first: addon_utils can be imported from then on)
import addon_utils  # noqa: E402

bpy.ops.wm.read_factory_settings(use_empty=True)
addon_utils.enable("rigify", default_set=True)

import rigify  # noqa: E402
from rigify.metarigs import human  # noqa: E402

rigify.register_rig_parameters()
metarig = bpy.data.objects.new("metarig", bpy.data.armatures.new("metarig"))
bpy.context.scene.collection.objects.link(metarig)
bpy.context.view_layer.objects.active = metarig
human.create(metarig)
bpy.ops.object.mode_set(mode="OBJECT")
bpy.ops.pose.rigify_generate()
bpy.data.objects.remove(metarig)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1])
os._exit(0)  # Blender as a module does not end by itself once Rigify was on
