"""`lipsync formats`: what curves can be written as."""

from __future__ import annotations

import argparse

from ..exporters.arguments import format_lines

HELP = "List the formats of curves."
EXAMPLES = ("lipsync formats",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> None:
    """Prints the list."""
    print(*format_lines(), sep="\n")
