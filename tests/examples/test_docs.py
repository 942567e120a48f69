"""Pages for users: every link leads somewhere, every picture is there, every command is one that the program takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from lipsync_addon import cli

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md")])
LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"`(lipsync\s+(?:bake|convert)\s[^`]+)`")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target.split("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8"))]
    broken = [each for each in targets if "://" not in each and not (page.parent / each).exists()]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_are_understood(page: Path) -> None:
    parser = cli.parser()
    for command in COMMAND.findall(page.read_text(encoding="utf-8")):
        parser.parse_args(shlex.split(command)[1:])


def test_there_are_pages_and_commands() -> None:
    commands = [command for page in PAGES for command in COMMAND.findall(page.read_text(encoding="utf-8"))]
    assert len(PAGES) >= 9 and len(commands) >= 10
