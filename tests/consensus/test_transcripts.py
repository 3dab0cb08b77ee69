"""Every transcript under `testdata/` still says what happens. See `transcripts` for the commands."""

from pathlib import Path

import pytest

from tests.consensus.transcripts import FOLDER, performed

STORIES = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_transcript_says_what_happens(path: Path) -> None:
    """If it should say something else now: `python -m tests.consensus.transcripts --rewrite`, and look at it."""
    text = path.read_text("utf-8")
    assert performed(text) == text


def test_a_transcript_that_says_something_else_is_noticed() -> None:
    for path in STORIES:
        text = path.read_text("utf-8")
        broken = text.replace("committed up to 1\n", "committed up to 9\n", 1)
        assert performed(broken) == text != broken


def test_there_is_a_transcript_of_each_story() -> None:
    assert len(STORIES) >= 8
