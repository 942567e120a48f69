"""The only folder that may import bpy, mathutils and aud."""
