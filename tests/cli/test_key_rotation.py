"""What comes next when a node's keys are replaced, by what the registry says."""

import pytest

from cli.errors import UsageError
from cli.key_rotation import Rotation, Step, rotation_of, successor_of
from cli.node_registry import NodeEntry, find_node

OLD, NEW = "aa" * 32, "bb" * 32


def entry(identifier: str, state: str, replaces: str | None = None) -> NodeEntry:
    return NodeEntry(identifier, "alpha", state, "127.0.0.1:1", 1, replaces)


@pytest.mark.parametrize(
    ("old", "new", "runs", "step"),
    [
        ("voter", None, False, Step.REGISTER),
        ("observer", None, False, Step.REGISTER),
        ("voter", "observer", False, Step.PROMOTE),
        ("voter", "voter", False, Step.CHANGE),
        ("observer", "observer", False, Step.CHANGE),
        ("voter", "voter", True, Step.DEMOTE),
        # The old keys' vote was taken by a decision of its own: the new ones get theirs so too.
        ("observer", "observer", True, Step.LEAVE),
        ("observer", "voter", True, Step.LEAVE),
        (None, "voter", True, Step.DONE),
        (None, "voter", False, Step.DONE),
    ],
)
def test_each_step_follows_from_where_both_identities_stand(
    old: str | None, new: str | None, runs: bool, step: Step
) -> None:
    former = None if old is None else entry(OLD, old)
    assert Rotation(former, None if new is None else entry(NEW, new, OLD), runs).step is step


def test_the_pair_is_found_in_the_registry() -> None:
    old, new = entry(OLD, "voter"), entry(NEW, "voter", OLD)
    assert rotation_of((old, new), None, NEW, frozenset((NEW,))) == Rotation(old, new, True)
    assert rotation_of((old,), OLD, NEW, frozenset((OLD,))) == Rotation(old, None, False)
    assert rotation_of((new,), OLD, NEW, frozenset((NEW,))).step is Step.DONE
    assert successor_of((old, new), OLD) == new
    assert successor_of((old, new), NEW) is None


def test_a_name_that_two_have_is_asked_back() -> None:
    nodes = (entry(OLD, "voter"), entry(NEW, "observer", OLD))
    with pytest.raises(UsageError, match="two nodes alpha while its keys are replaced"):
        find_node(nodes, "alpha")
    assert find_node(nodes, NEW[:12]).id == NEW
