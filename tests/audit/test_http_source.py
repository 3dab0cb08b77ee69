"""An audit over HTTP believes nothing: whatever a node answers, it ends with a finding or an error of ours."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.audit.finding import AuditFinding
from cli.audit.report import AuditReport
from cli.audit.run import run_audit
from cli.errors import CommandError, RefusedError, UnreachableError, UsageError
from cli.language import translated, use_language
from ledger.tiles import decode_entry_bundle, encode_entry_bundle
from tests.audit.builder import fill
from tests.audit.damage import flip
from tests.audit.ledgers import build
from tests.audit.lying_server import Lie, serving


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short ledger, for lies that are many."""
    return build(tmp_path_factory.mktemp("small") / "home", lambda builder: fill(builder, blocks=4, transactions=6))


def audit(home: Path, lie: Lie) -> AuditReport:
    """The report about a server that lies in this way."""
    with serving(home, lie) as address:
        return run_audit(address, home / "genesis.json", lambda phase, done, total: None)


def finding(home: Path, lie: Lie) -> AuditFinding:
    """The finding about a server that lies in this way."""
    found = audit(home, lie).finding
    assert found is not None, "the lie was believed"
    return found


def lie_in(path: str, alter: Callable[[bytes], bytes | int | None]) -> Lie:
    """Lie in the answers at this path, or below it."""

    def lie(asked: str, answer: bytes | None) -> bytes | int | None:
        return alter(answer) if asked.startswith(path) and answer is not None else answer

    return lie


def with_field(name: str, value: object) -> Callable[[bytes], bytes]:
    """Replace a field of a JSON object."""
    return lambda answer: json.dumps(json.loads(answer) | {name: value}).encode()


def test_an_honest_server_passes(pristine: Path) -> None:
    report = audit(pristine, lambda path, answer: answer)
    assert report.finding is None, report.finding
    assert report.entries == report.head.tree_size
    assert len(report.left_out) == 1


def test_a_changed_entry(pristine: Path) -> None:
    def alter(bundle: bytes) -> bytes:
        entries = list(decode_entry_bundle(bundle))
        entries[44] = flip(entries[44], 100)
        return encode_entry_bundle(entries)

    found = finding(pristine, lie_in("/tile/entries/001", alter))
    assert (found.code, found.index) == ("audit.entry-changed", 300)


def test_a_changed_tile(pristine: Path) -> None:
    found = finding(pristine, lie_in("/tile/0/001", lambda tile: flip(tile, 32 * 7)))
    assert (found.code, found.index) == ("audit.tile-changed", 263)


@pytest.mark.parametrize(
    ("path", "alter", "code"),
    [
        ("/v1/status", with_field("network", {"id": "00" * 32}), "audit.genesis-differs"),
        ("/v1/status", with_field("state_digest", "00" * 32), "audit.head-changed"),
        ("/v1/blocks/5", with_field("signature", "00" * 64), "audit.proposal-forged"),
        ("/v1/blocks/5", with_field("certificate", None), "audit.certificate-missing"),
        ("/v1/blocks/5", with_field("term", 7), "audit.header-changed"),
        ("/v1/blocks/5", lambda answer: None, "audit.block-missing"),
        ("/checkpoint", lambda note: note.replace(b"huaxin", b"huaxia", 1), "audit.checkpoint-forged"),
        ("/checkpoint", lambda note: b"\xff", "audit.checkpoint-malformed"),
        ("/tile/entries/000", lambda bundle: None, "audit.entry-missing"),
        ("/tile/1/", lambda tile: None, "audit.tile-missing"),
        ("/tile/1/", lambda tile: tile[:31], "audit.unreadable"),
        ("/tile/1/", lambda tile: tile + bytes(32), "audit.unreadable"),
        ("/v1/records/notice?", lambda page: with_field("records", [])(page), "audit.state-missing"),
        ("/v1/records/notice?", lambda page: page.replace(b"posted", b"pasted", 1), "audit.state-changed"),
    ],
)
def test_lies_that_are_well_formed(
    pristine: Path, path: str, alter: Callable[[bytes], bytes | None], code: str
) -> None:
    assert finding(pristine, lie_in(path, alter)).code == code


def garbage(chance: random.Random) -> list[Callable[[bytes], bytes]]:
    """Ways to answer nonsense."""
    return [
        lambda answer: b"",
        lambda answer: b"\xff\xfe{",
        lambda answer: b"[]",
        lambda answer: b"{}",
        lambda answer: b"[" * 5000,
        lambda answer: answer[: len(answer) // 2],
        lambda answer: answer + b"x",
        lambda answer: flip(answer, len(answer) // 3, 0x80),
        lambda answer: chance.randbytes(len(answer)),
    ]


def told_by(found: AuditFinding) -> str:
    """The sentence of a finding; there is nothing of Python's own in it."""
    sentence = str(found)
    assert not re.search(r"Error\(|'utf-8'|NoneType|\bdict\b|recursion|sys\.", sentence), sentence
    return sentence


@pytest.mark.parametrize("path", ["/v1/blocks/", "/tile/entries/", "/tile/0/", "/v1/records/notice?", "/checkpoint"])
def test_nonsense_is_never_believed_and_never_a_traceback(small: Path, path: str) -> None:
    for alter in garbage(random.Random(path)):
        found = finding(small, lie_in(path, alter))
        assert found.code.startswith("audit.")
        assert told_by(found)


@pytest.mark.parametrize(
    "status",
    [
        *(one(b'{"network": {"id": 1}}') for one in garbage(random.Random(1))),
        b"<!doctype html><title>Welcome</title>",
        b'{"network": null}',
        b'{"network": {"id": "zz"}}',
        b'{"network": {"id": "00"}}',
        b"1" * 5000,
        None,
        301,
        401,
        500,
        503,
    ],
)
def test_what_is_no_node_is_not_called_damaged(small: Path, status: bytes | int | None) -> None:
    with pytest.raises(UnreachableError) as caught:
        audit(small, lambda path, answer: status)
    assert not re.search(r"Error\(|'utf-8'|NoneType|digits\)|sys\.", str(caught.value)), str(caught.value)
    if status != 503:
        assert "no Banyan node at http://127.0.0.1" in str(caught.value)


def test_json_that_is_no_problem_of_a_node_is_no_node(small: Path) -> None:
    with pytest.raises(UnreachableError, match=r"no Banyan node at .*: the node refuses: Log in first"):
        audit(small, lambda path, answer: (401, b'{"detail": "Log in first"}'))


def test_a_problem_of_a_node_is_a_refusal(small: Path) -> None:
    with pytest.raises(RefusedError, match="the node refuses: Not here"):
        audit(small, lambda path, answer: (403, b'{"detail": "Not here", "code": "operator-only"}'))


def test_a_node_that_becomes_nonsense_later_is_a_finding(small: Path) -> None:
    asked: list[str] = []

    def lie(path: str, answer: bytes | None) -> bytes | int | None:
        asked.append(path)
        return b"{}" if path == "/v1/status" and asked.count(path) > 1 else answer

    found = finding(small, lie)
    assert found.code == "audit.unreadable"
    assert told_by(found) == "the node's answer cannot be read at status: the answer lacks a field"


@pytest.mark.parametrize("path", ["/v1/status", "/v1/blocks/3", "/v1/records/notice?"])
def test_any_field_of_any_type(small: Path, path: str) -> None:
    """Each field of an answer in turn becomes each kind of JSON value: a finding, or the field is not looked at."""
    seen: list[str] = []

    def note(answer: bytes) -> bytes:
        seen.extend(json.loads(answer))
        return answer

    assert audit(small, lie_in(path, note)).finding is None
    values: list[Any] = [None, True, -1, 2**70, 1.5, "", "zz", [], [[]], {}, {"$hex": 1}]
    chance = random.Random(path)
    for name in sorted(set(seen)):
        for value in chance.sample(values, 3):
            try:
                report = audit(small, lie_in(path, with_field(name, value)))
            except UnreachableError:
                assert (path, name) == ("/v1/status", "network")
                continue
            if report.finding is not None:
                assert report.finding.code.startswith("audit.")
                assert told_by(report.finding)


def test_pages_that_lead_nowhere(pristine: Path) -> None:
    found = finding(pristine, lie_in("/v1/records/notice?", with_field("next", "a")))
    assert found.code in ("audit.unreadable", "audit.state-missing", "audit.state-changed")


def test_a_ledger_that_grows_while_it_is_read_is_compared_by_its_digest(pristine: Path) -> None:
    report = audit(pristine, lie_in("/v1/records/", with_field("executed_height", 28)))
    assert report.finding is None
    assert len(report.left_out) == 2


@pytest.mark.parametrize(("status", "error"), [(403, CommandError), (500, CommandError), (429, UnreachableError)])
def test_a_node_that_refuses(pristine: Path, status: int, error: type[CommandError]) -> None:
    with pytest.raises(error):
        audit(pristine, lie_in("/tile/entries/", lambda answer: status))


def test_a_problem_is_told_in_its_own_words(pristine: Path) -> None:
    with serving(pristine) as address, pytest.raises((RefusedError, CommandError)):
        run_audit(address + "/nowhere?x=1", pristine / "genesis.json", lambda phase, done, total: None)


@pytest.mark.parametrize("address", ["http://", "http://host:99999", "http://[::1", "https://host/?a=b"])
def test_what_is_no_address(pristine: Path, address: str) -> None:
    with pytest.raises(UsageError, match="address of a node"):
        run_audit(address, pristine / "genesis.json", lambda phase, done, total: None)


def test_a_finding_is_told_in_the_reader_s_language_down_to_its_reason(pristine: Path) -> None:
    found = finding(pristine, lie_in("/checkpoint", lambda note: b"\xff"))
    use_language("zh_CN")
    try:
        assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", translated(found)), translated(found)
    finally:
        use_language("en")
