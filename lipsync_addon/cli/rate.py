"""`lipsync rate`: what people think of clips."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..core.errors import LipsyncError

HELP = "Make a page on which people rate clips, blind and in random order; or count what they rated."
EXAMPLES = (
    "lipsync rate ours/*.mp4 theirs/*.mp4 --out test",
    "lipsync rate --results anna.json ben.json --key test.key.json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The clips and the page, or the results and their key."""
    add = parser.add_argument
    add("clips", type=Path, nargs="*", metavar="CLIP", help="films to rate; their folder's name is the system's")
    add("--out", type=Path, metavar="FOLDER", help="new folder for the page; FOLDER.key.json says which clip is which")
    add("--results", type=Path, nargs="+", metavar="FILE.json", help="what the page saved, a file for each rater")
    add("--key", type=Path, metavar="FILE.key.json", help="with --results: of that page")
    add("--seed", type=int, default=0, help="of the clips' names")


def run(options: argparse.Namespace) -> None:
    """Writes the page, or prints mean opinion scores with 95 % intervals."""
    from ..video import check_installed
    from ..video.rating import make_page, opinions

    if options.results:
        if not options.key:
            raise LipsyncError("--results needs the key of the page.", "Add --key FILE.key.json.")
        try:
            key = json.loads(options.key.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise LipsyncError(
                f"{options.key} is no key that can be read.", "Give the file beside the page."
            ) from error
        print(f"{'':12} {'':24} mean  95 % interval  raters")
        for each in opinions(options.results, key):
            interval = "{:.2f} to {:.2f}".format(*each.interval) if each.interval else "one rater: no interval"
            print(f"{each.question:12} {each.what:24} {each.mean:.2f}  {interval}    {each.raters}")
        return
    if not options.clips or not options.out:
        raise LipsyncError("Nothing to rate.", "Name clips and --out FOLDER, or --results.")
    check_installed()
    page, key = make_page(options.clips, options.out, options.seed)
    print(f"{len(options.clips)} clips -> {page}; which is which: {key} (keep it from the raters)")
