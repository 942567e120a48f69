"""`lipsync info`: what is installed and what will run."""

from __future__ import annotations

import argparse
import importlib.metadata

from ..exporters import EXPORTERS
from ..inference.predictor import Predictor
from .outputs import CHARACTER_ENDINGS, INSTALL_BLENDER

HELP = "Say what is installed, what the network runs on and what can be written."
EXAMPLES = ("lipsync info",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> None:
    """What is installed and what will run."""
    predictor = Predictor.load(options.network)
    spec = predictor.spec
    channels = ", ".join(f"{len(spec.outputs[output])} {output}" for output in ("arkit", "visemes", "phones"))
    formats = [f"{ending} ({exporter.label})" for ending, exporter in EXPORTERS.items()]
    print(f"lipsync   {_version('lipsync') or 'run from its source folder'}")
    print(f"network   {spec.name} {spec.version}, {spec.sample_rate} Hz in, {spec.fps:g} frames per second: {channels}")
    print(f"          needs the sound up to {spec.latency:.2g} s after a frame; can be told {', '.join(spec.controls)}")
    print(f"runs on   {predictor.provider_line}")
    print(f"writes    {', '.join(formats)}; with a character {', '.join(CHARACTER_ENDINGS)}")
    print(f"Blender   {_version('bpy') or 'not in this Python. ' + INSTALL_BLENDER.format('characters')}")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
