"""Nonsense that is signed: every operation with arguments that are nearly right never stops a node."""

from collections import Counter

import pytest

from tests.contracts.stories import WORLDS, play, told

STEPS = 40
# `make fuzz` goes through the others too.
STORIES = [("club", seed) for seed in range(12)] + [("drawn", 1), ("drawn", 2), ("association", 1)]


@pytest.fixture(scope="module")
def outcomes() -> Counter[tuple[str, str]]:
    """What became of these stories."""
    found: Counter[tuple[str, str]] = Counter()
    for name, seed in STORIES:
        assert name in WORLDS
        found.update(play(told(name, seed, STEPS)))
    return found


def test_nothing_but_refusals_comes_of_it(outcomes: Counter[tuple[str, str]]) -> None:
    assert outcomes.total() == STEPS * len(STORIES)


def test_it_gets_past_the_first_checks(outcomes: Counter[tuple[str, str]]) -> None:
    """Much is done, and refused for more than its form."""
    done = {operation for operation, code in outcomes if code == "ok"}
    tried = {operation for operation, _ in outcomes}
    codes = {code for _, code in outcomes if not code.startswith("arguments.")}
    assert len(done) >= 8 and len(tried) >= 50 and len(codes) >= 30, (sorted(done), len(tried), len(codes))


@pytest.mark.parametrize("story", [None, [], 3, ["club", 1, [0, "x", {}, []], [-1, "x", {}, []]], ["nowhere", [[]]]])
def test_whatever_a_story_is_it_can_be_played(story: object) -> None:
    tried = play(story)  # type: ignore[arg-type]
    assert all(code == "operation.unknown" for _, code in tried)
