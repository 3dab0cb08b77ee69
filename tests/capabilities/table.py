"""The table of docs/reference/capabilities.md, read: what each row says and which command shows it.

Owns the form of the page; never runs anything.
"""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

from tests.cli.command import ROOT

PAGE = ROOT / "docs" / "reference" / "capabilities.md"
_ROW = re.compile(r"\| M(\d+) \|(.*)\|")
_AREA = re.compile(r"\| `([a-z -]+)` \|")
_COMMAND = re.compile(r"`banyan ([^`]+)`")
_NAMED = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """One capability."""

    number: int
    english: str
    chinese: str
    command: tuple[str, ...]
    says: str
    waits_for: tuple[str, ...]


def rows(page: Path = PAGE) -> list[Row]:
    """The rows of the page, in their order."""
    found = []
    for line in page.read_text("utf-8").splitlines():
        match = _ROW.fullmatch(line)
        if match is None:
            continue
        english, chinese, command, says, waits_for = (cell.strip() for cell in match[2].split("|"))
        shown = _COMMAND.fullmatch(command)
        assert bool(shown) == bool(command), f"M{match[1]}: a command is written `banyan …`"
        words = tuple(shlex.split(shown[1])) if shown else ()
        found.append(Row(int(match[1]), english, chinese, words, says, tuple(_NAMED.findall(waits_for))))
    return found


def areas(page: Path = PAGE) -> set[str]:
    """What a row may wait for, by the page's first table."""
    return {match[1] for line in page.read_text("utf-8").splitlines() if (match := _AREA.match(line))}
