"""`banyan voters …`, against a real node."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command, call
from tests.cli.running_node import RunningNode, make_home

NAME = "node-1.example"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder: `home` is a running node's, with the key of one of two administrators; `second.key` is the other's."""
    folder = tmp_path_factory.mktemp("voters")
    assert call("keygen", "--out", folder / "second.key").status == 0
    node = RunningNode(make_home(folder, "--admin", str(folder / "second.key")))
    yield folder
    assert node.stop() == 0


@pytest.fixture
def second(network: Path, banyan: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The other administrator's key; the running node's folder is `$BANYAN_HOME`."""
    monkeypatch.setenv("BANYAN_HOME", str(network / "home"))
    return network / "second.key"


def description(banyan: Command, tmp_path: Path, name: str) -> Path:
    banyan.ok("init", "--home", str(tmp_path / name), "--name", name, "--listen", "127.0.0.1:7499")
    return tmp_path / name / "node.public.json"


def states(banyan: Command) -> dict[str, str]:
    return {one["name"]: one["state"] for one in banyan.ok("voters", "list")["nodes"]}


def test_the_list_says_who_votes_and_who_leads(banyan: Command, second: Path) -> None:
    document = banyan.ok("voters", "list")
    assert document["quorum"] == "majority"
    (voter,) = [one for one in document["nodes"] if one["state"] == "voter"]
    assert (voter["name"], voter["leader"]) == (NAME, True)
    assert voter["address"].startswith("127.0.0.1:")
    shown = banyan("voters", "list")
    assert shown.status == 0
    assert NAME in shown.out
    assert voter["id"] in shown.out


def test_a_node_is_added_and_leaves_when_both_administrators_agree(
    banyan: Command, second: Path, tmp_path: Path
) -> None:
    file = description(banyan, tmp_path, "newcomer.example")
    proposed = banyan.ok("voters", "add", str(file))
    assert "newcomer.example" not in states(banyan)
    (shown,) = banyan.ok("voters", "list")["proposals"]
    assert (shown["id"], shown["method"], shown["approvals"]) == (proposed["proposal"], "node-register", 1)
    done = banyan.ok("voters", "approve", proposed["proposal"], "--key", str(second))
    assert done["proposal"] is None
    assert states(banyan)["newcomer.example"] == "observer"
    leaving = banyan.ok("voters", "remove", "newcomer.example", "--leave")
    told = banyan("voters", "approve", leaving["proposal"], "--key", str(second))
    assert told.status == 0
    assert "Done, in block" in told.out
    assert "newcomer.example" not in states(banyan)


def test_what_is_proposed_says_what_comes_next(banyan: Command, second: Path, tmp_path: Path) -> None:
    answer = banyan("voters", "add", str(description(banyan, tmp_path, "later.example")))
    assert answer.status == 0
    assert "banyan voters approve" in answer.out
    # It is not there yet, so nothing is said of promoting it.
    assert "promote" not in answer.err


def test_a_vote_that_is_the_last_cannot_be_taken(banyan: Command, second: Path) -> None:
    answer = banyan("--json", "voters", "remove", NAME)
    assert answer.status == 4
    assert "governance.voters-too-few" in answer.err


def test_an_approval_cannot_be_given_twice(banyan: Command, second: Path, tmp_path: Path) -> None:
    proposal = banyan.ok("voters", "add", str(description(banyan, tmp_path, "twice.example")))["proposal"]
    answer = banyan("--json", "voters", "approve", proposal)
    assert answer.status == 4
    assert "governance.approved-already" in answer.err


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["promote", "nobody"], 2, f"there is no node 'nobody' in the registry; there are {NAME}"),
        (["promote", "0123456789abcdef"], 2, "there is no node"),
        (["add", "no-such-file"], 2, "no-such-file"),
        (["approve", "abc"], 2, "is not the id of a transaction"),
        (["approve", "00" * 32], 4, "there is no record proposal"),
        (["transfer", "nobody"], 2, "there is no node"),
    ],
)
def test_wrong_words_are_told(banyan: Command, second: Path, words: list[str], status: int, told: str) -> None:
    answer = banyan("voters", *words)
    assert answer.status == status
    assert told in answer.err.replace("\n", " ")


def test_a_node_is_found_by_the_beginning_of_its_id(banyan: Command, second: Path) -> None:
    (identifier,) = [one["id"] for one in banyan.ok("voters", "list")["nodes"] if one["name"] == NAME]
    answer = banyan("--json", "voters", "promote", identifier[:12])
    assert answer.status == 4
    assert "governance.node-votes" in answer.err


def test_the_only_voter_cannot_hand_over(banyan: Command, second: Path) -> None:
    answer = banyan("--json", "voters", "transfer")
    assert answer.status == 4
    assert answer.error["code"] == "cannot-lead"


def test_whoever_leads_already_goes_on(banyan: Command, second: Path) -> None:
    document = banyan.ok("voters", "transfer", NAME)
    assert document["leader"] == banyan.ok("status")["leader"]
