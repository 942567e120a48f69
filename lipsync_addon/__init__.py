"""Lipsync: recorded speech in, mouth animation out.

    core/        the words of the domain and all arithmetic (numpy and the standard library)
    inference/   runs the network with ONNX Runtime
    speech/      reads sound files; words, phonemes and speech from text, with espeak-ng
    exporters/   one file per format: track in, bytes out; importers/ the reverse
    video/       faces in films and pictures
    blender/     the only folder that may import bpy
    batch/       many lines: tables, what changed, processes, reports
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
