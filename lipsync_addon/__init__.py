"""Lipsync: recorded speech in, mouth animation out.

    core/        the words of the domain and all arithmetic (numpy and the standard library)
    inference/   runs the network with ONNX Runtime
    speech/      reads sound files; words and phonemes
    exporters/   one file per format: track in, bytes out
    blender/     the only folder that may import bpy
    cli/         the command `lipsync`, a module for each of its commands
    data/        the network with its contract, rig profiles, styles

Read core/pipeline.py first. Importing this package needs neither Blender nor ONNX Runtime.
"""


def register() -> None:
    """Called by Blender when the extension is switched on."""
    from .blender import registration

    registration.register()


def unregister() -> None:
    """Called by Blender when the extension is switched off."""
    from .blender import registration

    registration.unregister()
