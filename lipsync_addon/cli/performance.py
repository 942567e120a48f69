"""How the mouth moves and what else the face does, as options of every command that animates."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from ..core.actors import load_actor
from ..core.adaptation import Adaptation
from ..core.controls import Controls, names_of, styles_of
from ..core.errors import LipsyncError
from ..core.face_layers import LAYERS, FaceSettings, emotion_table
from ..core.model_spec import ModelSpec
from ..core.presets import LIMITS, find_preset, load_presets
from ..core.style import StyleSettings
from ..exporters.arguments import number_within
from ..inference.network import DEFAULT_NETWORK
from ..inference.predictor import Predictor

SPEECH_INTENSITY = (0.4, 1.6)
"""As the network was taught: model/controls.py."""

STYLE_HELP = {
    "intensity": "0 still .. 1 as predicted (default) .. 2 twice as strong",
    "smoothing": "soften over time, e.g. 0.02 (default 0)",
    "jaw": "0 .. 2: how far the jaw moves (default 1)",
    "lips": "0 .. 2: how far the lips round, spread and part (default 1)",
    "closure": "1 .. 2: how firmly closed lips press (default 1)",
    "anticipation": "how much the mouth leads the sound, e.g. 0.03 (default 0)",
    "asymmetry": "-1 .. 1: right or left half of the mouth stronger (default 0)",
    "limit": "1 .. 2: the weight at which strong styles stop (default 1)",
}


def add_speaker_arguments(parser: argparse.ArgumentParser) -> None:
    """Who speaks and how: what the network is told beside the sound."""
    add = parser.add_argument
    add(
        "--actor",
        "--style",
        metavar="NAME",
        help="one person's face and way of speaking, made with `lipsync adapt`, or FILE.json",
    )
    add(
        "--speech-style",
        metavar="NAME[:0..1]",
        default="",
        help="way of speaking, of those that the network was taught, e.g. clear, or filmed:0.5,clear:0.5 (default: the "
        "actor's, else the mean speaker's)",
    )
    low, high = SPEECH_INTENSITY
    add(
        "--speech-intensity",
        type=number_within(low, high),
        default=1.0,
        metavar=f"{low}..{high}",
        help="how large the speaker moves his mouth, p, b and m closing all the same (default 1)",
    )


def chosen_controls(options: argparse.Namespace) -> Controls:
    """What the network is told; emotions come with the face. Raises LipsyncError for a share that is no number."""
    return Controls(styles_of(options.speech_style), options.speech_intensity)


def named_actor(name: str) -> Adaptation:
    """load_actor(), which says more where --style was taken for what names a preset or a way of speaking."""
    try:
        return load_actor(name)
    except LipsyncError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        hint = error.hint
        if name.lower() in {preset.name.lower() for preset in load_presets()}:
            hint = f"For the preset of that name give --preset {name}."
        elif name in names_of(ModelSpec.load(DEFAULT_NETWORK).controls, "style"):
            hint = f"For the way of speaking of that name give --speech-style {name}."
        raise LipsyncError(error.message, hint) from error


def chosen_predictor(options: argparse.Namespace, providers: Sequence[str] | None = None) -> Predictor:
    """The network, adapted to the actor. Raises LipsyncError for an actor or controls that it does not know."""
    actor = named_actor(options.actor) if options.actor else None  # before the network is opened
    predictor = Predictor.load(options.network, providers=providers)
    chosen_controls(options).check(predictor.spec.controls)
    return predictor.adapted(actor) if actor else predictor


def add_style_arguments(parser: argparse.ArgumentParser) -> None:
    """The speaker, --preset, and a slider for each number of a style; one that is not given is the preset's."""
    add_speaker_arguments(parser)
    parser.add_argument("--preset", metavar="NAME", help="a named style, e.g. Shouted, or FILE.json")
    for name, text in STYLE_HELP.items():
        unit = "SECONDS" if name in ("smoothing", "anticipation") else None
        flag = "--jaw-gain" if name == "jaw" else f"--{name}"  # --jaw is a bone of Unity's
        limits = number_within(*LIMITS[name])
        parser.add_argument(flag, type=limits, dest=f"style_{name}", metavar=unit or name.upper(), help=text)


def chosen_style(options: argparse.Namespace) -> StyleSettings:
    """The preset's style with the sliders that were given. Raises LipsyncError for an unknown preset."""
    style = find_preset(options.preset).style if options.preset else StyleSettings()
    given = {name: getattr(options, f"style_{name}") for name in STYLE_HELP}
    return replace(style, **{name: value for name, value in given.items() if value is not None})


FACE_HELP = {
    "blinks": "blink; 1 (16 a minute) .. 2 twice as often",
    "brows": "raise the brows on accents; 0 .. 2 how far",
    "head": "sway and nod with the voice; 0 .. 2 how far (bones, and the head columns of Live Link)",
    "gaze": "glance about; 0 .. 2 how far",
    "breath": "part the lips for a breath before phrases; 0 .. 2 how far",
    "rest": "in pauses let the jaw hang; 1 lips touch .. 2 lips apart",
    "calm": "0 .. 1: do not follow breaths, coughs and laughter with the mouth",
}


def add_face_arguments(parser: argparse.ArgumentParser) -> None:
    """A switch or slider for each layer of the face beside the mouth."""
    add = parser.add_argument
    add("--face", action="store_true", help="all layers of the face at 1; those named beside it as they say")
    for name, text in FACE_HELP.items():
        add(f"--{name}", type=number_within(0, LAYERS[name]), nargs="?", const=1.0, help=text)
    add_emotion_arguments(parser)
    add("--seed", type=int, default=0, help="another whole number from 0 up gives other blinks (default 0)")


def add_emotion_arguments(parser: argparse.ArgumentParser) -> None:
    """--emotion: of the mouth by the network, of the rest of the face on top."""
    emotions = ", ".join(emotion_table())
    parser.add_argument(
        "--emotion", metavar="NAME=0..1", action="append", default=[], help=f"{emotions}; may be repeated"
    )


def chosen_emotions(options: argparse.Namespace) -> dict[str, float]:
    """Raises LipsyncError for an unknown emotion or a strength beyond 0..1."""
    emotions = {}
    for text in options.emotion:
        name, _, number = text.partition("=")
        try:
            strength = float(number)
        except ValueError:
            strength = -1.0
        if name not in emotion_table() or not 0 <= strength <= 1:
            known = ", ".join(emotion_table())
            raise LipsyncError(f"--emotion {text} is not an emotion with a strength.", f"joy=0.4, or: {known}.")
        emotions[name] = strength
    return emotions


def chosen_face(options: argparse.Namespace) -> FaceSettings:
    """The layers that were asked for. Raises LipsyncError for an unknown emotion or a strength beyond 0..1."""
    emotions = chosen_emotions(options)
    if options.seed < 0:
        raise LipsyncError(f"--seed {options.seed} is below 0.", "Give a whole number from 0 up.")
    given = {name: getattr(options, name) for name in LAYERS}
    strengths = {name: float(options.face) if value is None else value for name, value in given.items()}
    return FaceSettings(**strengths, emotions=emotions, seed=options.seed)
