"""`lipsync adapt`: teaches the network one person's face from a captured take with its sound."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.actors import actor_file, save_actor
from ..core.adaptation import ChannelFit
from ..core.adaptation_fit import fitted, time_offset
from ..core.aperture import LIP_GAP
from ..core.controls import Controls
from ..core.errors import LipsyncError
from ..core.track import AnimationTrack
from ..importers import read_curves
from ..inference.predictor import Predictor
from .bake import open_sound
from .own_results import check_free, remember
from .progress_line import progress_line

HELP = "Fit the mouth to one person's face, from a captured take with its sound."
EXAMPLES = (
    "lipsync adapt --capture take.csv --sound take.wav --name my_actor",
    "lipsync bake line.wav --to line.csv --actor my_actor",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The take and what to call the result."""
    add = parser.add_argument
    add("--capture", type=Path, required=True, metavar="CURVES", help="Live Link Face CSV, or other curves we read")
    add("--sound", type=Path, required=True, metavar="SOUND", help="what was said in it; up to 1 s earlier or later")
    add("--name", required=True, metavar="NAME", help="for `lipsync bake --actor NAME`, or FILE.json")
    add("--overwrite", action="store_true", help="replace an actor of that name")
    add("--quiet", action="store_true", help="print nothing but errors")


def run(options: argparse.Namespace) -> None:
    """Fits, keeps the actor and says what it is worth."""
    path = actor_file(options.name)
    if path != Path(options.name):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LipsyncError(f"{path.parent} cannot be made: {error.strerror}.", "Use --name FILE.json.") from error
    check_free(path, options.overwrite)
    captured = read_curves(options.capture)
    if not set(captured.names) & set(LIP_GAP):
        raise LipsyncError(f"{options.capture} holds no ARKit mouth coefficients.", "Capture with Live Link Face.")
    predictor = Predictor.load(options.network)
    spec = predictor.spec
    sound = open_sound(options.sound, spec.sample_rate)
    with progress_line(options.quiet) as progress:
        hearing = predictor.hear(sound, progress=progress)

    def move(controls: Controls) -> tuple[AnimationTrack, NDArray[np.float32]]:
        both = predictor.move(hearing, outputs=("arkit", "features"), controls=controls)
        count = len(spec.outputs["arkit"])
        return AnimationTrack(both.names[:count], both.values[:, :count], both.fps), both.values[:, count:]

    try:
        offset, agreement = time_offset(captured, move(Controls())[0])
        adaptation = fitted(captured, move, offset, spec.fingerprint, spec.controls)
    except LipsyncError as error:
        raise LipsyncError(f"{options.capture} with {options.sound}: {error.message}", error.hint) from error
    save_actor(path, adaptation)
    remember([path])
    if options.quiet:
        return
    print(f"{options.capture} is {offset:+.2f} s later than {options.sound}; lips agree with r = {agreement:.2f}")
    print(f"Way of speaking: {_way(adaptation.controls)}")
    print("On blocks of the take that the fit did not see:")
    for name, fit in adaptation.measured.items():
        print(f"  {name:20} r {fit.r_before:5.2f} -> {fit.r_after:5.2f}  {_how(fit)}")
    if adaptation.changes_nothing:
        print("The capture teaches nothing that the network does not do already.")
    print(f"Actor -> {path}")


def _how(fit: ChannelFit) -> str:
    if not fit.strength:
        return "left as predicted"
    how = "gain and offset" if math.isinf(fit.ridge) else "fitted"
    return how if fit.strength == 1 else f"{how}, {fit.strength:.0%} of it"


def _way(controls: Controls) -> str:
    shares = ", ".join(f"{share:.0%} {name}" for name, share in controls.styles.items()) or "the mean speaker's"
    return shares if float(controls.intensity) == 1 else f"{shares}, intensity {float(controls.intensity):g}"
