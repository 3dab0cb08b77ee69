"""Transactions and envelopes. Source: docs/protocol.md, section 4."""

import hashlib
import tracemalloc
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import INTEGER_MAX, Value, decode, encode
from ledger.errors import DecodingError, EncodingError, InvalidTransactionError, RemoteProtocolError
from ledger.signing import SigningKey
from ledger.transaction import (
    ENVELOPE_SIZE_BYTES_MAX,
    ENVELOPE_VALUES_MAX,
    Expectation,
    build_transaction,
    check_window,
    decode_envelope,
    seal,
    verify_signatures,
)
from ledger.transaction_signature import sign_batch, sign_body
from ledger.valid_batches import ValidBatches
from tests.batches import batched
from tests.ledger.byte_forms import assert_one_form, changed
from tests.ledger.samples import ARGUMENTS, CREATED_MS, NETWORK_ID, SENDER, member_key, transaction
from tests.ledger.values import hashes, texts, values

TRANSACTION = transaction()
EXPECTING = transaction(2, Expectation("notice", "unit/sig-node", 3))
DAY_MS = 86_400_000


def _body(**changes: object) -> bytes:
    fields = decode(TRANSACTION.body)
    assert isinstance(fields, dict)
    merged = {name: value for name, value in {**fields, **changes}.items() if value is not ...}
    return encode(merged)  # type: ignore[arg-type]


def _envelope(body: bytes, signatures: object = None) -> bytes:
    listed = [list(one) for one in TRANSACTION.signatures] if signatures is None else signatures
    return encode([body, listed])  # type: ignore[list-item]


def test_what_is_built_is_read_back() -> None:
    again = decode_envelope(EXPECTING.envelope)
    assert again == EXPECTING
    assert (again.network_id, again.sender, again.operation) == (NETWORK_ID, SENDER, "notice.post")
    assert (again.contract, again.method) == ("notice", "post")
    assert again.arguments == ARGUMENTS
    assert again.expect == Expectation("notice", "unit/sig-node", 3)
    assert (again.nonce, again.expires_ms) == (bytes(range(16)), CREATED_MS + 60_000)
    assert [one.key for one in again.signatures] == [member_key(1).public, member_key(2).public]
    assert verify_signatures(again)


def test_id_and_leaf_hash() -> None:
    body, envelope = TRANSACTION.body, TRANSACTION.envelope
    assert TRANSACTION.id == hashlib.sha256(b"banyan/transaction/v1\x00" + body).digest()
    assert TRANSACTION.leaf_hash == hashlib.sha256(b"\x00" + envelope).digest()


def test_the_signature_covers_the_id_under_its_own_domain() -> None:
    signed = b"banyan/transaction-signature/v1\x00" + TRANSACTION.id
    assert TRANSACTION.signatures[0].signature == member_key(1).sign(signed)


def test_every_signature_counts() -> None:
    first, second = EXPECTING.signatures
    forged = first._replace(signature=second.signature)
    assert not verify_signatures(EXPECTING._replace(signatures=(forged, second)))
    assert not verify_signatures(EXPECTING._replace(signatures=(second, forged)))
    assert not verify_signatures(EXPECTING._replace(id=bytes(32)))


def test_a_transaction_does_not_change() -> None:
    with pytest.raises(AttributeError):
        TRANSACTION.id = bytes(32)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"v": 2}, "version 2"),
        ({"v": True}, "version True"),
        ({"v": "1"}, "version '1'"),
        ({"v": ...}, "lacks v"),
        ({"net": bytes(31)}, "`net`"),
        ({"net": "x" * 32}, "`net`"),
        ({"net": ...}, "lacks net"),
        ({"from": bytes(33)}, "`from`"),
        ({"from": None}, "`from`"),
        ({"op": "notice"}, "`op`"),
        ({"op": "notice.post.now"}, "`op`"),
        ({"op": "Notice.post"}, "`op`"),
        ({"op": "notice.post\n"}, "`op`"),
        ({"op": "nötice.post"}, "`op`"),
        ({"op": "1otice.post"}, "`op`"),
        ({"op": "." * 3}, "`op`"),
        ({"op": b"notice.post"}, "`op`"),
        ({"op": "a." + "b" * 63}, "`op`"),
        ({"args": []}, "`args`"),
        ({"args": {"": 1}}, "`args`"),
        ({"args": {"two words": 1}}, "`args`"),
        ({"args": {"名": 1}}, "`args`"),
        ({"args": {"x" * 65: 1}}, "`args`"),
        ({"nonce": bytes(15)}, "`nonce`"),
        ({"nonce": 7}, "`nonce`"),
        ({"exp": -1}, "`exp`"),
        ({"exp": "now"}, "`exp`"),
        ({"exp": True}, "`exp`"),
        ({"expect": None}, "`expect`"),
        ({"expect": ["notice", "x"]}, "`expect`"),
        ({"expect": ["notice", "x", -1]}, "`expect`"),
        ({"expect": ["notice", "x", True]}, "`expect`"),
        ({"expect": ["Notice", "x", 1]}, "`expect`"),
        ({"expect": ["notice", "", 1]}, "`expect`"),
        ({"expect": ["notice", "a b", 1]}, "`expect`"),
        ({"expect": ["notice", "x" * 401, 1]}, "`expect`"),
        ({"expect": [b"notice", "x", 1]}, "`expect`"),
        ({"memo": "x"}, "unknown fields: 'memo'"),
    ],
    ids=repr,
)
def test_each_broken_field_is_named(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidTransactionError) as refused:
        decode_envelope(_envelope(_body(**changes)))
    assert said in str(refused.value)


@pytest.mark.parametrize("operation", ["a.b", "notice.post", "a-1.b-2", "a." + "b" * 62])
def test_operations_that_may_be(operation: str) -> None:
    assert decode_envelope(_envelope(_body(op=operation))).operation == operation


SIGNATURE: list[Value] = list(TRANSACTION.signatures[0])
MEMBERS = batched([TRANSACTION, EXPECTING, TRANSACTION], member_key(1))
BATCH_SIGNATURE: list[Value] = list(MEMBERS[0].signatures[0])


def _batch_signature(change: Callable[[bytes], bytes]) -> list[Value]:
    return [*BATCH_SIGNATURE[:2], change(MEMBERS[0].signatures[0].signature)]


def test_a_transaction_signed_in_a_batch_is_the_same_transaction() -> None:
    alone, member = TRANSACTION, MEMBERS[0]
    assert decode_envelope(member.envelope) == member and verify_signatures(member)
    assert (member.id, member.body) == (alone.id, alone.body)
    assert member.leaf_hash != alone.leaf_hash
    assert (
        member.signatures[0].registered_key == alone.signatures[0].registered_key == ("ed25519", member_key(1).public)
    )
    # Three members: a path of two hashes beside position, size and the signature of the batch.
    assert len(member.signatures[0].signature) == 4 + 64 + 2 * 32
    mixed = batched([TRANSACTION, EXPECTING], member_key(1), member_key(2), before=True)[0]
    single, batch = mixed.signatures
    assert (single.scheme, batch.scheme) == ("ed25519", "ed25519-batch") and verify_signatures(mixed)
    for one, other in ((single, batch), (batch, single)):
        forged = other._replace(signature=other.signature[:8] + bytes([other.signature[8] ^ 1]) + other.signature[9:])
        assert verify_signatures(seal(mixed.body, [one, other]))
        assert not verify_signatures(seal(mixed.body, [one, forged]))
        assert not verify_signatures(seal(mixed.body, [forged, one]))


def test_signatures_of_a_batch_and_alone_do_not_stand_for_each_other() -> None:
    alone, (member, other, _) = TRANSACTION.signatures[0], (one.signatures[0] for one in MEMBERS)
    known = ValidBatches()
    assert all(verify_signatures(one, known) for one in MEMBERS)
    for signature in (
        other,
        alone._replace(signature=member.signature[4:68]),
        member._replace(signature=bytes([0, 0, 0, 1]) + alone.signature),
        member._replace(signature=member.signature[:4] + alone.signature + member.signature[68:]),
        member._replace(key=member_key(2).public),
    ):
        assert not verify_signatures(seal(TRANSACTION.body, [signature]), known)


def test_the_largest_envelope_of_a_batch() -> None:
    """A path may not make an envelope larger than any other; alone the same body goes in."""
    room = ENVELOPE_SIZE_BYTES_MAX - len(_with_text(60_000)) + 60_000
    body = _body(args={"text": "x" * room})
    assert len(seal(body, [sign_body(body, member_key(1))]).envelope) == ENVELOPE_SIZE_BYTES_MAX
    with pytest.raises(InvalidTransactionError, match="65535"):
        seal(body, sign_batch([body, TRANSACTION.body], member_key(1))[:1])


@pytest.mark.parametrize(
    ("signatures", "said"),
    [
        ([], "1 to 16"),
        ([["ed25519", bytes([number]) * 32, bytes(64)] for number in range(17)], "1 to 16"),
        ({}, "1 to 16"),
        (None, "1 to 16"),
        ([SIGNATURE, SIGNATURE], "twice"),
        ([SIGNATURE, [*SIGNATURE[:2], bytes(64)]], "twice"),
        ([SIGNATURE[:2]], "scheme, key and signature"),
        ([[*SIGNATURE, 1]], "scheme, key and signature"),
        ([{"scheme": "ed25519"}], "scheme, key and signature"),
        ([[b"ed25519", *SIGNATURE[1:]]], "scheme, key and signature"),
        ([["ed25519", "k", bytes(64)]], "scheme, key and signature"),
        ([["rsa", *SIGNATURE[1:]]], "'rsa' is not known"),
        ([["ed25519", bytes(31), bytes(64)]], "wrong size"),
        ([["ed25519", bytes(32), bytes(65)]], "wrong size"),
        ([SIGNATURE, BATCH_SIGNATURE], "twice"),
        ([BATCH_SIGNATURE, BATCH_SIGNATURE], "twice"),
        ([["ed25519-batch", bytes(31), BATCH_SIGNATURE[2]]], "wrong size"),
        ([["ed25519-batch", *SIGNATURE[1:]]], "wrong size or form"),
        ([["ed25519", *BATCH_SIGNATURE[1:]]], "wrong size or form"),
        ([_batch_signature(lambda one: one + bytes(32))], "wrong size or form"),
        ([_batch_signature(lambda one: one[:-32])], "wrong size or form"),
        ([_batch_signature(lambda one: b"\x00\x03" + one[2:])], "wrong size or form"),
        ([_batch_signature(lambda one: b"\x00\x00\x00\x05" + one[4:])], "wrong size or form"),
        ([_batch_signature(lambda one: b"\x00\x00\x04\x01" + one[4:] + bytes(9 * 32))], "wrong size or form"),
    ],
    ids=range(24),
)
def test_each_broken_signature_is_named(signatures: object, said: str) -> None:
    with pytest.raises(InvalidTransactionError) as refused:
        decode_envelope(encode([TRANSACTION.body, signatures]))  # type: ignore[list-item]
    assert said in str(refused.value)


def test_sixteen_signatures() -> None:
    assert verify_signatures(transaction(16))
    assert len(transaction(16).signatures) == 16


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        encode([]),
        encode([TRANSACTION.body]),
        encode([TRANSACTION.body, [SIGNATURE], 1]),
        encode({"body": TRANSACTION.body}),
        encode(["x", [SIGNATURE]]),
        encode([decode(TRANSACTION.body), [SIGNATURE]]),
        encode([b"", [SIGNATURE]]),
        encode([encode([1]), [SIGNATURE]]),
        encode([TRANSACTION.body + b"\x00", [SIGNATURE]]),
        # A body with its keys in another order, so with another id for the same content.
        encode([b"\x81\xa1v\xcc\x01", [SIGNATURE]]),
        TRANSACTION.envelope + b"\x00",
        TRANSACTION.envelope[:-1],
    ],
    ids=range(13),
)
def test_what_is_no_envelope(envelope: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_envelope(envelope)


def _with_text(size: int) -> bytes:
    return _envelope(_body(args={"text": "x" * size}))


def test_size_of_an_envelope() -> None:
    """65,535 bytes are what a C2SP entry bundle can hold."""
    room = ENVELOPE_SIZE_BYTES_MAX - len(_with_text(60_000)) + 60_000
    assert len(_with_text(room)) == ENVELOPE_SIZE_BYTES_MAX == 65_535
    assert decode_envelope(_with_text(room)).arguments == {"text": "x" * room}
    with pytest.raises(InvalidTransactionError, match="65536 bytes, more than 65535"):
        decode_envelope(_with_text(room + 1))
    with pytest.raises(InvalidTransactionError, match="more than 65535"):
        build_transaction(NETWORK_ID, SENDER, "a.b", {"text": "x" * 65_535}, bytes(16), 0, [member_key(1)])


@given(st.binary(max_size=400))
def test_any_bytes_are_an_envelope_or_refused(data: bytes) -> None:
    assert_one_form(decode_envelope, lambda one: one.envelope, data)


@given(changed((TRANSACTION.envelope, EXPECTING.envelope)))
def test_bytes_close_to_an_envelope(data: bytes) -> None:
    assert_one_form(decode_envelope, lambda one: one.envelope, data)


@given(changed((TRANSACTION.body, EXPECTING.body)))
def test_bytes_close_to_a_body(body: bytes) -> None:
    assert_one_form(decode_envelope, lambda one: one.envelope, _envelope(body))


@given(values, values)
def test_any_value_in_the_place_of_body_or_signatures(body: Value, signatures: Value) -> None:
    for value in ([body, signatures], [encode(body), [SIGNATURE]], [TRANSACTION.body, signatures], body):
        assert_one_form(decode_envelope, lambda one: one.envelope, encode(value))  # type: ignore[arg-type]


names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)


@given(
    st.dictionaries(names, values, max_size=4), hashes, st.integers(0, INTEGER_MAX), st.binary(min_size=16, max_size=16)
)
def test_round_trip(arguments: dict[str, Value], sender: bytes, expires_ms: int, nonce: bytes) -> None:
    built = build_transaction(NETWORK_ID, sender, "a.b", arguments, nonce, expires_ms, [member_key(1)])
    assert decode_envelope(built.envelope) == built
    assert (built.sender, built.expires_ms, built.nonce) == (sender, expires_ms, nonce)
    assert built.arguments.keys() == arguments.keys()


@given(st.recursive(texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)))
def test_texts_are_normalised_where_they_are_built(value: Value) -> None:
    built = build_transaction(NETWORK_ID, SENDER, "a.b", {"value": value}, bytes(16), 1, [member_key(1)])
    _assert_normalised(built.arguments["value"])
    assert build_transaction(NETWORK_ID, SENDER, "a.b", built.arguments, bytes(16), 1, [member_key(1)]) == built


def _assert_normalised(value: Value) -> None:
    if isinstance(value, str):
        assert unicodedata.is_normalized("NFC", value)
    elif isinstance(value, list):
        for item in value:
            _assert_normalised(item)
    elif isinstance(value, dict):
        for item in value.values():
            _assert_normalised(item)


def test_nodes_do_not_look_at_normal_forms() -> None:
    decomposed = "e\u0301"
    assert decode_envelope(_envelope(_body(args={"text": decomposed}))).arguments == {"text": decomposed}


@pytest.mark.parametrize(
    ("expires_ms", "fits"),
    [(999, False), (1000, True), (1001, True), (1000 + DAY_MS, True), (1001 + DAY_MS, False)],
)
def test_window(expires_ms: int, fits: bool) -> None:
    """Valid in a block of time t iff t <= exp <= t + lifetime."""
    built = build_transaction(NETWORK_ID, SENDER, "a.b", {}, bytes(16), expires_ms, [member_key(1)])
    if fits:
        check_window(built, 1000, DAY_MS)
    else:
        with pytest.raises(InvalidTransactionError, match="expire"):
            check_window(built, 1000, DAY_MS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"network_id": bytes(31)},
        {"operation": "x"},
        {"nonce": b""},
        {"expires_ms": -1},
        {"signers": []},
        {"signers": [member_key(1), member_key(1)]},
        {"signers": [SigningKey.from_seed(bytes([number]) * 32) for number in range(17)]},
        {"expect": Expectation("", "", 0)},
    ],
    ids=lambda wrong: "-".join(wrong),
)
def test_nothing_is_built_that_would_be_refused(wrong: dict[str, object]) -> None:
    arguments: dict[str, object] = {
        "network_id": NETWORK_ID,
        "sender": SENDER,
        "operation": "a.b",
        "arguments": {},
        "nonce": bytes(16),
        "expires_ms": 1,
        "signers": [member_key(1)],
    }
    with pytest.raises(InvalidTransactionError):
        build_transaction(**{**arguments, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1.5, "\ud800", 2**63])
def test_nothing_is_built_that_has_no_encoding(value: object) -> None:
    with pytest.raises(EncodingError):
        build_transaction(NETWORK_ID, SENDER, "a.b", {"x": value}, bytes(16), 1, [member_key(1)])  # type: ignore[dict-item]


def _with_list(count: int, item: Value) -> bytes:
    """An envelope whose arguments hold a list of `count` items."""
    return _envelope(_body(args={"list": [item] * count}))


# The body's map, its seven fields and their names, the one argument and its name: all but the list's items.
_VALUES_BESIDE = 1 + 2 * 7 + 2


def test_as_many_values_as_allowed_stand_in_a_transaction_and_no_more() -> None:
    count = ENVELOPE_VALUES_MAX - _VALUES_BESIDE
    assert decode_envelope(_with_list(count, {})).arguments == {"list": [{}] * count}
    with pytest.raises(DecodingError, match="values"):
        decode_envelope(_with_list(count + 1, {}))
    with pytest.raises(DecodingError, match="values"):
        decode_envelope(_envelope(TRANSACTION.body, [{}] * ENVELOPE_VALUES_MAX))


@pytest.mark.parametrize(
    "arguments",
    [
        {"list": [{"": number} for number in range(1300)]},
        {"list": [[[number]] for number in range(1300)]},
        {f"a{number}": {} for number in range(2000)},
        {"map": {f"a{number}": [] for number in range(2000)}},
        {"list": [f"ж{number}" for number in range(4000)]},
        {f"a{number}": [1, 2, 3, 4, 5, 6, 7] for number in range(400)},
    ],
    ids=lambda arguments: str(arguments)[:24],
)
def test_arguments_of_many_values_are_not_kept_decoded(arguments: dict[str, Value]) -> None:
    envelope = _envelope(_body(args=arguments))
    tracemalloc.start()
    try:
        kept = decode_envelope(envelope)
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Envelope and body, the transaction itself, and what the library remembers of keys.
    assert held_bytes < 2 * len(envelope) + 16_000
    assert kept.arguments == arguments
    assert kept == decode_envelope(envelope)


def test_arguments_of_usual_shape_are_decoded_once() -> None:
    assert TRANSACTION.arguments is TRANSACTION.arguments
    usual = decode_envelope(
        _envelope(_body(args={"about": [f"person/{n}" for n in range(16)], "note": {"#": bytes(32)}}))
    )
    assert usual.arguments is usual.arguments
