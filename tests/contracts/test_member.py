"""Members read from their records, and records that are none."""

import pytest

from contracts.chain import ChainHead
from contracts.member import Member
from contracts.record import Record
from ledger.encoding import Value
from ledger.errors import DecodingError

GOOD: dict[str, Value] = {"name": "wang", "keys": [["ed25519", bytes(32)]], "roles": ["administrator"]}


def test_more_fields_may_stand_in_the_record() -> None:
    member = Member.decode(bytes(32), Record(4, GOOD | {"joined": 1}).encode())
    assert (member.name, member.roles) == ("wang", frozenset({"administrator"}))


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": b"wang"},
        {"keys": None},
        {"keys": [["ed25519"]]},
        {"keys": [["ed25519", "text"]]},
        {"keys": [[b"ed25519", bytes(32)]]},
        {"keys": ["ed25519"]},
        {"roles": "administrator"},
        {"roles": [1]},
    ],
)
def test_other_records_are_no_members(change: dict[str, Value]) -> None:
    with pytest.raises(DecodingError):
        Member.decode(bytes(32), Record(1, GOOD | change).encode())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"sequence": 1},
        {"sequence": 0, "link": bytes(32)},
        {"sequence": True, "link": bytes(32)},
        {"sequence": 1, "link": bytes(31)},
        {"sequence": 1, "link": "x" * 32},
    ],
)
def test_other_records_are_no_heads_of_chains(fields: dict[str, Value]) -> None:
    with pytest.raises(DecodingError):
        ChainHead.decode(Record(1, fields).encode())
