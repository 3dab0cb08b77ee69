"""The commands of the treasurer's guide are ones that `banyan` takes, in both languages the same."""

import re
import shlex

import pytest

from cli.operation_arguments import declaration_of, parse_settings
from tests.cli.command import ROOT

PAGES = ("docs/guide/treasurer.md", "docs/guide/treasurer.zh_CN.md", "docs/reference/treasury.md")
HASH = "00" * 32


def submissions(page: str) -> list[list[str]]:
    """The words of every command of the page that submits something."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [shlex.split(line.strip()) for line in text.splitlines() if line.startswith("    banyan submit treasury.")]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_has_the_arguments_of_its_operation(page: str) -> None:
    found = submissions(page)
    assert len(found) >= 4
    for words in found:
        declaration = declaration_of(words[2])
        assert words[3::2] == ["--arg"] * len(words[3::2])
        settings = [setting.replace("HASH", HASH) for setting in words[4::2]]
        declaration.check(parse_settings(settings, declaration))


def test_both_languages_have_the_same_commands() -> None:
    one, other = (re.sub(r'"[^"]*"', '""', (ROOT / page).read_text("utf-8")) for page in PAGES[:2])
    commands = [[line for line in text.splitlines() if line.startswith("    ")] for text in (one, other)]
    assert commands[0] == commands[1] and len(commands[0]) > 20
