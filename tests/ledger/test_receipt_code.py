"""QR codes: the identical receipt comes out, whatever the order, and nothing else comes out."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.base45 import decode_base45, encode_base45
from ledger.encoding import Value, decode, encode
from ledger.errors import InvalidNoteError, InvalidProofError, RemoteProtocolError
from ledger.hashing import Hash, sha256, tagged_hash
from ledger.note import Note
from ledger.policy import Policy
from ledger.proof import TlogProof
from ledger.receipt import build_receipt, verify_receipt
from ledger.receipt_code import (
    CODE_PREFIX,
    PART_SIZE_BYTES_MAX,
    decode_receipt_code,
    encode_receipt_code,
)
from ledger.tree import leaf_hash, root_of_inclusion
from tests.ledger.receipt_network import ORIGIN, ReceiptNetwork

NETWORK = ReceiptNetwork(4)
QR_ALPHANUMERIC = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
SIZE = 1_000_000
INDEX = 123_456


def receipt_at_a_million(leaf: bytes, network: ReceiptNetwork = NETWORK) -> bytes:
    """A receipt as it is issued in a log of a million entries, with made-up neighbours."""
    path: list[Hash] = [sha256(bytes([level])) for level in range(20)]
    root = root_of_inclusion(leaf_hash(leaf), INDEX, SIZE, path)
    return build_receipt(leaf, INDEX, path, network.note(SIZE, root), network.policy)


SMALL = NETWORK.receipt([b"a", b"b" * 50, b"c"], 1)
LARGE = receipt_at_a_million(bytes(range(250)) * 6)
OTHER = receipt_at_a_million(bytes(range(250)) * 6 + b"x")


def compact_value(texts: tuple[str, ...]) -> list[Value]:
    value = decode(decode_base45(texts[0].removeprefix(CODE_PREFIX)) or b"")
    assert isinstance(value, list)
    return value


def one_code(value: list[Value]) -> list[str]:
    return [CODE_PREFIX + encode_base45(encode(value))]


def test_sizes_are_as_documented() -> None:
    receipt = receipt_at_a_million(random.Random(1).randbytes(300))
    texts = encode_receipt_code(receipt, NETWORK.policy)
    assert 1_900 < len(receipt) < 2_100
    assert len(texts) == 2
    assert sum(map(len, texts)) < 2_000
    young = ReceiptNetwork(1).receipt([b"e" * 300] * 9, 4)
    assert len(encode_receipt_code(young, ReceiptNetwork(1).policy)) == 1
    assert 3_500 < len(receipt_at_a_million(bytes(1500))) < 3_800


@pytest.mark.parametrize("leaf_size", [0, 1, 55, 56, 57, 300, 1500, 65_535])
def test_the_identical_receipt_comes_out_in_any_order(leaf_size: int) -> None:
    receipt = receipt_at_a_million(bytes(leaf_size))
    texts = encode_receipt_code(receipt, NETWORK.policy)
    assert decode_receipt_code(texts, NETWORK.policy) == receipt
    shuffled = random.Random(leaf_size).sample([*texts, *texts[:2]], len(texts) + len(texts[:2]))
    assert decode_receipt_code(shuffled, NETWORK.policy) == receipt
    for text in texts:
        assert text.startswith("BANYAN1:")
        assert set(text) <= QR_ALPHANUMERIC
        assert len(text) <= len(CODE_PREFIX) + PART_SIZE_BYTES_MAX // 2 * 3
    verify_receipt(decode_receipt_code(texts, NETWORK.policy), NETWORK.policy)


def test_one_symbol_up_to_the_limit() -> None:
    base = len(encode(compact_value(encode_receipt_code(receipt_at_a_million(bytes(56)), NETWORK.policy))))
    sizes = {
        size: len(encode_receipt_code(receipt_at_a_million(bytes(size)), NETWORK.policy)) for size in range(56, 400)
    }
    largest = max(size for size, count in sizes.items() if count == 1)
    assert base + largest - 56 in (PART_SIZE_BYTES_MAX, PART_SIZE_BYTES_MAX - 1)
    assert set(sizes.values()) == {1, 2}


def test_the_root_is_not_in_the_code() -> None:
    checkpoint = TlogProof.parse(SMALL).checkpoint
    data = encode(compact_value(encode_receipt_code(SMALL, NETWORK.policy)))
    assert ORIGIN.encode() not in data
    assert not any(data.find(one.name.encode()) >= 0 for one in checkpoint.signatures)
    assert len(data) < len(SMALL) * 3 // 5


def test_missing_parts_are_named() -> None:
    texts = encode_receipt_code(receipt_at_a_million(bytes(5000)), NETWORK.policy)
    assert len(texts) == 6
    with pytest.raises(InvalidNoteError) as caught:
        decode_receipt_code([texts[5], texts[0], texts[3]], NETWORK.policy)
    assert str(caught.value) == "of 6 QR codes these are missing: 2, 3, 5"


def test_parts_of_different_receipts_do_not_mix() -> None:
    texts, others = encode_receipt_code(LARGE, NETWORK.policy), encode_receipt_code(OTHER, NETWORK.policy)
    assert len(texts) == len(others) > 1
    small = encode_receipt_code(SMALL, NETWORK.policy)
    for mixture in [(texts[0], *others[1:]), (*texts, others[0]), (*texts, *small), (*small, *texts)]:
        with pytest.raises(InvalidNoteError):
            decode_receipt_code(mixture, NETWORK.policy)
    relabelled = compact_value(others)
    relabelled[2] = compact_value(texts)[2]
    with pytest.raises(InvalidNoteError):
        decode_receipt_code([*one_code(relabelled), *texts[1:]], NETWORK.policy)


def test_another_policy_is_told_from_damage() -> None:
    texts = encode_receipt_code(SMALL, NETWORK.policy)
    with pytest.raises(InvalidProofError) as caught:
        decode_receipt_code(texts, ReceiptNetwork(3).policy)
    assert "tree size 3" in str(caught.value)
    assert decode_receipt_code(texts, Policy.parse(NETWORK.policy.encode(["comment"]))) == SMALL


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["BANYAN1:"],
        ["BANYAN2:BB8"],
        ["banyan1:BB8"],
        ["BANYAN1:bb8"],
        ["BANYAN1:" + "0" * 1803],
        ["BANYAN1:BB8"] * 300,
    ],
)
def test_other_codes_are_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidNoteError):
        decode_receipt_code(texts, NETWORK.policy)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (0, 2),
        (0, True),
        (2, -1),
        (2, 3),
        (2, None),
        (3, 0),
        (3, 1),
        (3, "3"),
        (4, bytes(31)),
        (4, b""),
        (4, bytes(64 * 32)),
        (4, []),
        (5, 4),
        (5, -1),
        (5, True),
        (6, bytes(63)),
        (6, None),
        (7, None),
        (7, []),
        (7, [[0, 0]]),
        (7, [[4, 0, bytes(64)]]),
        (7, [[0, -1, bytes(64)]]),
        (7, [[0, 0, bytes(65)]]),
        (7, [0]),
        (7, [[0, 0, bytes(64)]] * 70),
        (8, None),
        (8, "text"),
    ],
)
def test_damaged_contents_are_refused(field: int, value: Value) -> None:
    contents = compact_value(encode_receipt_code(SMALL, NETWORK.policy))
    contents[field] = value
    with pytest.raises(RemoteProtocolError):
        verify_receipt(decode_receipt_code(one_code(contents), NETWORK.policy), NETWORK.policy)


@pytest.mark.parametrize(
    ("field", "value"),
    [(0, 0), (0, 3), (0, True), (0, None), (1, 0), (1, 1), (1, 65), (1, "2"), (2, b"short"), (2, 7), (3, b""), (3, 7)],
)
def test_damaged_parts_are_refused(field: int, value: Value) -> None:
    texts = encode_receipt_code(LARGE, NETWORK.policy)
    part = compact_value(texts)
    part[field] = value
    with pytest.raises(InvalidNoteError):
        decode_receipt_code([*one_code(part), *texts[1:]], NETWORK.policy)


def test_parts_that_fit_together_may_still_be_no_receipt() -> None:
    for contents in (b"\xc1" * 8, encode("text"), encode([1] * 9), encode([2] * 9), encode([])):
        common = tagged_hash("receipt-code", contents)[:8]
        parts: list[list[Value]] = [[1, 2, common, contents[:1]], [2, 2, common, contents[1:] or b"\xc1"]]
        with pytest.raises(InvalidNoteError):
            decode_receipt_code([code for part in parts for code in one_code(part)], NETWORK.policy)


def test_only_receipts_as_issued_are_packed() -> None:
    proof = TlogProof.parse(SMALL)
    note = proof.checkpoint
    stranger = ReceiptNetwork(5)
    for checkpoint, extra in [
        (Note(note.text, note.signatures[1:]), proof.extra),
        (Note(note.text, (*note.signatures, note.signatures[0])), proof.extra),
        (Note(note.text, stranger.note(3, bytes(32)).signatures), proof.extra),
        (Note(note.text + "extension\n", note.signatures), proof.extra),
        (note, b"another entry"),
        (note, None),
    ]:
        receipt = TlogProof(proof.index, proof.path, checkpoint, extra).encode()
        with pytest.raises(RemoteProtocolError):
            encode_receipt_code(receipt, NETWORK.policy)


@given(
    st.lists(
        st.one_of(st.text(max_size=30), st.binary(max_size=40).map(lambda data: "BANYAN1:" + encode_base45(data))),
        max_size=3,
    )
)
@settings(deadline=None)
def test_any_texts_are_a_receipt_or_refused(texts: list[str]) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_receipt_code(texts, NETWORK.policy)


scalars: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 70), st.binary(max_size=70), st.text(max_size=3)
)


@given(st.data())
@settings(deadline=None)
def test_a_code_has_one_form(data: st.DataObject) -> None:
    contents = compact_value(encode_receipt_code(SMALL, NETWORK.policy))
    for _ in range(data.draw(st.integers(0, 2))):
        field = data.draw(st.integers(0, len(contents) - 1))
        choice: st.SearchStrategy[Value] = st.one_of(scalars, st.just(contents[field]), st.lists(scalars, max_size=3))
        contents[field] = data.draw(choice)
    texts = one_code(contents)
    try:
        receipt = decode_receipt_code(texts, NETWORK.policy)
    except RemoteProtocolError as error:
        assert str(error)
    else:
        assert list(encode_receipt_code(receipt, NETWORK.policy)) == texts
