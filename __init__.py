"""Blender wants an __init__.py beside the manifest; everything is in lipsync_addon."""

from .lipsync_addon import register, unregister

__all__ = ("register", "unregister")
