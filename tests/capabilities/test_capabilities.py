"""docs/reference/capabilities.md is true: every command on it runs and says what the page says."""

import os
from collections.abc import Iterator
from functools import cache

import pytest

from cli.language import use_language
from cli.pack_folder import compile_folder
from tests.capabilities.organisation import Organisation, banyan
from tests.capabilities.table import Row, areas, rows
from tests.cli.command import Answer

CAPABILITIES = 72
SHOWN = [row for row in rows() if row.command]


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    """The example organisation, on a node of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("LC_", "LANG", "BANYAN_"))]:
            patch.delenv(name)
        # A pack of which many stories are told is read once, by whatever way it is named.
        once = cache(compile_folder)
        patch.setattr("cli.pack_folder.compile_folder", lambda folder, depth=0: once(folder.resolve(), depth))
        found = Organisation(tmp_path_factory.mktemp("organisation"))
        try:
            found.set_up()
            patch.setenv("BANYAN_HOME", str(found.home))
            patch.chdir(found.desk)
            yield found
        finally:
            status = found.node.stop()
    assert status == 0


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, ...], Answer]:
    """What was said already: a command that shows two capabilities runs once."""
    return {}


def test_every_capability_has_its_row() -> None:
    assert [row.number for row in rows()] == list(range(1, CAPABILITIES + 1))
    assert all(row.english and row.chinese for row in rows())


def test_what_is_not_shown_waits_for_something_that_is_named() -> None:
    assert [row.number for row in rows() if not row.command and not row.waits_for] == []
    assert [row.number for row in rows() if bool(row.command) != bool(row.says)] == []
    named = {area for row in rows() for area in row.waits_for}
    assert named == areas()


@pytest.mark.slow
@pytest.mark.parametrize("row", SHOWN, ids=lambda row: f"M{row.number}")
def test_the_command_shows_the_capability(
    organisation: Organisation, answers: dict[tuple[str, ...], Answer], row: Row
) -> None:
    if row.command not in answers:
        use_language("en")
        answers[row.command] = banyan(*row.command)
    answer = answers[row.command]
    assert answer.status == 0, answer.out + answer.err
    assert row.says in answer.out
