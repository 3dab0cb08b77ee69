"""`banyan voters …`, against a real node."""

from pathlib import Path

import pytest

from tests.cli.command import Command

NAME = "node-1.example"


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


def test_the_protocol_is_shown_announced_and_set_where_voters_support_it(
    banyan: Command, second: Path, tmp_path: Path
) -> None:
    shown = banyan.ok("protocol", "show")
    assert (shown["version"], shown["known"], shown["scheduled"]) == (1, [1], None)
    assert {one["name"]: one["versions"] for one in shown["nodes"]}[NAME] == [1]
    text = banyan("protocol", "show")
    assert text.status == 0 and "Version in force" in text.out and NAME in text.out
    printed = banyan("protocol", "statement")
    file = tmp_path / "statement.json"
    file.write_text(printed.out, encoding="utf-8")
    assert banyan("protocol", "announce", str(file), "--key", str(second)).status == 0
    # The same statement again, of the node itself this time.
    again = banyan("--json", "protocol", "announce")
    assert again.status == 4 and "governance.support-old" in again.err
    assert any(one["id"] for one in banyan.ok("list", "node-protocol")["records"])
    refused = banyan("--json", "protocol", "set", "2", "--height", "100000", "--force")
    assert refused.status == 4 and "governance.protocol-unsupported" in refused.err
    nothing = banyan("--json", "protocol", "cancel")
    assert nothing.status == 4 and "governance.protocol-nothing-scheduled" in nothing.err
    assert "Version of the protocol" in banyan("status").out


@pytest.mark.parametrize(
    "content", ["", "[]", '{"node": "zz"}', '{"node": "zz", "versions": [], "time_ms": 1, "signature": ""}']
)
def test_a_file_that_is_no_statement(banyan: Command, second: Path, tmp_path: Path, content: str) -> None:
    file = tmp_path / "statement.json"
    file.write_text(content, encoding="utf-8")
    answer = banyan("protocol", "announce", str(file))
    assert answer.status == 2
    assert "banyan protocol statement" in answer.err
