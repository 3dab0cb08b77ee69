"""The short way to read an envelope, beside the general one: whatever the bytes, both say the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ledger.transaction
from ledger.encoding import INTEGER_MAX, Value, encode
from ledger.errors import RemoteProtocolError
from ledger.transaction import Expectation, Transaction, decode_envelope
from ledger.usual_envelope import read_usual
from tests.batches import batched
from tests.ledger.samples import member_key, transaction
from tests.ledger.values import texts, values

USUAL = transaction()
BODY = {
    "v": 1,
    "net": bytes(32),
    "from": bytes(32),
    "op": "notice.post",
    "args": {"unit": "branch-1"},
    "nonce": bytes(16),
    "exp": 1_700_000_000_000,
}
SIGNATURE = ["ed25519", bytes(32), bytes(64)]
# Bytes that no encoder of ours makes: a float, an extension, a time, half a surrogate pair, a long form, a key twice.
FOREIGN = [
    b"\xcb" + bytes(8),
    b"\xd4\x05\x00",
    b"\xd6\xff" + bytes(4),
    b"\xa3\xed\xa0\x80",
    b"\xcd\x00\x01",
    b"\xcf" + b"\xff" * 8,
    b"\x82\xa1a\x01\xa1a\x01",
    b"\x82\xa1b\x01\xa1a\x01",
    b"\x81\x01\x01",
    b"\x91" * 15 + b"\x01",
    b"\x91" * 14 + b"\x01",
    b"\xdd\x7f\xff\xff\xff",
    b"\xdf\x7f\xff\xff\xff",
]


def _said(envelope: bytes) -> Transaction | tuple[type, str]:
    try:
        return decode_envelope(envelope)
    except RemoteProtocolError as error:
        return type(error), str(error)


def _assert_same(envelope: bytes) -> None:
    said = _said(envelope)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger.transaction, "read_usual", lambda envelope: None)
        assert said == _said(envelope)


def _envelope(signature: object = None, **changes: object) -> bytes:
    fields = {name: value for name, value in {**BODY, **changes}.items() if value is not ...}
    return encode([encode(fields), [SIGNATURE if signature is None else signature]])  # type: ignore[arg-type, list-item]


def test_nearly_all_envelopes_are_usual() -> None:
    assert read_usual(USUAL.envelope) is not None
    in_a_batch = batched([USUAL, decode_envelope(_envelope())], member_key(1))
    assert all(read_usual(one.envelope) is not None for one in in_a_batch)


def test_an_expectation_several_signatures_and_large_bodies_are_not() -> None:
    expecting = transaction(1, Expectation("notice", "unit/sig-node", 3))
    large = _envelope(args={"text": "x" * 512})
    for envelope in (expecting.envelope, transaction(2).envelope, large):
        assert read_usual(envelope) is None
        _assert_same(envelope)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": "1"},
        {"exp": -1},
        {"exp": INTEGER_MAX},
        {"exp": None},
        {"op": "Notice.post"},
        {"op": "notice"},
        {"op": b"notice.post"},
        {"args": []},
        {"args": {"a b": 1}},
        {"args": {"é": 1}},
        {"args": {"many": [{}] * 200}},
        {"net": bytes(31)},
        {"from": bytes(33)},
        {"nonce": "0123456789abcdef"},
        {"net": ...},
        {"more": 1},
        {"expect": None},
        {"v": 2, "exp": -1, "net": bytes(31)},
    ],
)
def test_every_field_is_looked_at(changes: dict[str, object]) -> None:
    _assert_same(_envelope(**changes))


@pytest.mark.parametrize(
    "signature",
    [
        ["ed25519", bytes(32), bytes(63)],
        ["ed25519", bytes(31), bytes(64)],
        ["ed25519-batch", bytes(32), bytes(64)],
        ["rsa", bytes(32), bytes(64)],
        ["ed25519", "key", bytes(64)],
        ["ed25519", bytes(32)],
        {},
    ],
)
def test_the_form_of_the_signature_is_looked_at(signature: object) -> None:
    _assert_same(_envelope(signature))


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("field", ["v", "exp", "args", "argument"])
def test_what_has_no_canonical_form_is_refused_as_ever(foreign: bytes, field: str) -> None:
    mark = b"\xaaTAKE-ME-IN"
    changes: dict[str, object] = {"args": {"unit": "TAKE-ME-IN"}} if field == "argument" else {field: "TAKE-ME-IN"}
    body = encode({**BODY, **changes}).replace(mark, foreign)  # type: ignore[dict-item]
    assert foreign in body
    _assert_same(encode([body, [SIGNATURE]]))  # type: ignore[list-item]


@given(st.dictionaries(texts, values, max_size=4), st.integers(0, INTEGER_MAX))
@example({}, 0)
def test_any_arguments_are_read_alike(arguments: dict[str, Value], expires_ms: int) -> None:
    _assert_same(_envelope(args=arguments, exp=expires_ms))


@given(st.integers(0, len(USUAL.envelope) - 1), st.binary(max_size=4), st.integers(0, 4))
def test_any_change_of_bytes_is_read_alike(at: int, put: bytes, cut: int) -> None:
    _assert_same(USUAL.envelope[:at] + put + USUAL.envelope[at + cut :])


def test_the_signer_stays_who_it_was() -> None:
    assert decode_envelope(USUAL.envelope).signatures[0].key == member_key(1).public
