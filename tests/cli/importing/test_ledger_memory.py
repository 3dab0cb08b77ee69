"""Looking through the log: what the node has counted and not stored yet is waited for, other refusals are not."""

from typing import Any, cast

import pytest

from cli.client import NodeClient
from cli.errors import CommandError, RefusedError
from cli.importing import ledger_memory
from cli.importing.ledger_memory import KnownFact, facts_in_log, versions_of
from ledger.signing import SigningKey
from ledger.tiles import encode_entry_bundle
from ledger.transaction import Transaction, build_transaction

NONCE = bytes(range(16))


def transaction(nonce: bytes, note: bytes = b"") -> Transaction:
    key = SigningKey.from_seed(bytes(32))
    return build_transaction(bytes(32), bytes(32), "notice.post", {"note": note}, nonce, 1, [key])


class Node:
    """A node that has these entries, once it was asked `late` times, and records by kind."""

    def __init__(self, entries: list[bytes], codes: dict[str, str], late: int = 0, **records: dict[str, int]) -> None:
        self.entries, self.codes, self.late, self.records = entries, codes, late, records
        self.code = "tile-unknown"
        self.asked = 0

    def get(self, path: str, **query: Any) -> Any:
        self.asked += 1
        if path == "/v1/status":
            return {"tree_size": len(self.entries)}
        if path.startswith("/v1/transactions/"):
            return {"height": 1, "result": {"code": self.codes[path.rpartition("/")[2]]}}
        if path.startswith("/v1/blocks/"):
            return {"transactions": [{"id": one, "code": code} for one, code in self.codes.items()]}
        kind, _slash, record_id = path.removeprefix("/v1/records/").partition("/")
        versions = self.records[kind]
        if record_id:
            if record_id not in versions:
                error = RefusedError("none")
                error.code = "record-unknown"
                raise error
            return {"version": versions[record_id]}
        after = [one for one in sorted(versions) if one > (query["after"] or "")]
        page = after[: query["limit"]]
        shown = [{"id": one, "version": versions[one]} for one in page]
        return {"records": shown, "next": page[-1] if len(after) > len(page) else None}

    def get_bytes(self, path: str, accept: str) -> bytes:
        if self.late:
            self.late -= 1
            error = RefusedError("not yet")
            error.code = self.code
            raise error
        first = 256 * int(path.rpartition("/entries/")[2][:3])
        return encode_entry_bundle(self.entries[first : first + 256]) if self.code else b"\x00"


def search(node: Node, *facts: bytes) -> dict[bytes, KnownFact]:
    return facts_in_log(cast(NodeClient, node), set(facts), lambda _one: True, lambda _done, _total: None)


def test_wanted_nonces_are_found_and_their_results_asked_for_by_the_block() -> None:
    hidden = transaction(bytes(16), note=b"\xa5nonce\xc4\x10" + NONCE)
    ours, other = transaction(NONCE), transaction(bytes([9]) * 16)
    entries = [b"\x9a\xa7outcome", hidden.envelope, other.envelope] * 100 + [ours.envelope]
    node = Node(entries, {ours.id.hex(): "ok", other.id.hex(): "notice.not-found"})
    # What arguments repeat of a nonce is none.
    assert search(node, NONCE[:10]) == {NONCE[:10]: KnownFact(NONCE[10:], "ok")}
    node.asked = 0
    found = search(node, NONCE[:10], bytes([9]) * 10)
    assert found[bytes([9]) * 10] == KnownFact(bytes([9]) * 6, "notice.not-found")
    assert node.asked == 3


def test_of_several_transactions_the_executed_one_counts() -> None:
    refused, done, late = (transaction(NONCE, note=note) for note in (b"1", b"2", b"3"))
    codes = {refused.id.hex(): "x.y", done.id.hex(): "ok", late.id.hex(): "x.y"}
    node = Node([one.envelope for one in (refused, done, late)], codes)
    assert search(node, NONCE[:10]) == {NONCE[:10]: KnownFact(NONCE[10:], "ok")}


def test_entries_that_are_counted_and_not_stored_yet_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = transaction(NONCE)
    monkeypatch.setattr(ledger_memory, "_STORED_PAUSE_S", 0)
    node = Node([ours.envelope], {ours.id.hex(): "ok"}, late=3)
    assert search(node, NONCE[:10]) == {NONCE[:10]: KnownFact(NONCE[10:], "ok")}
    monkeypatch.setattr(ledger_memory, "STORED_WAIT_S", -1)
    node.late = 1
    with pytest.raises(RefusedError):
        search(node, NONCE[:10])


def test_other_refusals_and_no_bundle_are_told_at_once() -> None:
    node = Node([transaction(NONCE).envelope], {}, late=1)
    node.code = "members-only"
    with pytest.raises(RefusedError):
        search(node, NONCE[:10])
    node.code = ""
    with pytest.raises(CommandError, match="no bundle"):
        search(node, NONCE[:10])


@pytest.mark.parametrize("count", [3, 500])
def test_versions_of_few_and_of_many_records_are_the_same(count: int) -> None:
    versions = {f"u/{number:05}": number + 1 for number in range(0, 20_000, 7)}
    node = Node([], {}, office=versions, unit={"u": 4})
    wanted = {f"office/u/{number:05}" for number in range(0, count * 30, 30)} | {"unit/u", "unit/v"}
    found = versions_of(cast(NodeClient, node), wanted)
    assert found == {one: (versions | {"u": 4}).get(one.partition("/")[2], 0) for one in wanted}
    assert node.asked < 30
