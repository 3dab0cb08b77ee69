"""Statements on their way, and the certificates that go with them. Source: docs/protocol.md, section 6, "Formats"."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.certificates import CERTIFICATE_SIZE_BYTES_MAX
from consensus.errors import InvalidCertificateError, InvalidMessageError, InvalidTimingError
from consensus.messages import ReadAnswer, ReadQuestion, signer_of
from consensus.packets import _KINDS, PACKET_SIZE_BYTES_MAX, Packet
from consensus.statement import STATEMENT_SIZE_BYTES_MAX, SignedMessage, Statement, verify_statement
from consensus.term_certificates import (
    PreVoteCertificate,
    TermCertificate,
    decode_term_certificate,
    encode_term_certificate,
    verify_term_certificate,
    voter_set_hash_of,
)
from consensus.timing import Timing
from ledger.encoding import INTEGER_MAX, Value, decode, encode
from ledger.errors import DecodingError
from tests.consensus.cluster import NETWORK, keys_of, voter_set
from tests.consensus.one_node import (
    FOUR,
    NONCE,
    THREE,
    acknowledgement,
    answer,
    block,
    certificate,
    election,
    heartbeat,
    id_of,
    packet,
    pre_vote,
    pre_vote_request,
    pre_votes,
    signed,
    transfer,
    vote,
    vote_request,
)
from tests.ledger.byte_forms import assert_one_form, changed
from tests.ledger.values import values

ROOT = Path(__file__).resolve().parents[2]
STATEMENTS: tuple[Statement, ...] = (
    pre_vote_request(1, 1),
    pre_vote(pre_vote_request(1, 1), 2),
    vote_request(1, 1),
    vote(2, 1, 1),
    acknowledgement(2, block(1, 1)),
    heartbeat(1, 1, 1),
    answer(2, 1, 1),
    transfer(1, 2, 1),
    ReadQuestion(NETWORK, THREE.hash, 1, id_of(1), NONCE),
    ReadAnswer(NETWORK, THREE.hash, 1, id_of(1), NONCE, 7),
)
PACKETS = tuple(packet(one) for one in STATEMENTS)
PROOFS: tuple[TermCertificate, ...] = (pre_votes(4, 1), election(4, 1), certificate(block(4, 9)))
BROKEN: tuple[Value, ...] = (None, -1, "x", b"", bytes(33), [], True)
each_statement = pytest.mark.parametrize("statement", STATEMENTS, ids=lambda one: one.NAME)
each_proof = pytest.mark.parametrize("proof", PROOFS, ids=("pre-votes", "election", "block"))


# -- statements and packets -------------------------------------------------------------------------------------


@each_statement
def test_a_statement_is_read_back_and_is_an_array_of_its_fields(statement: Statement) -> None:
    data = statement.encode()
    assert type(statement).decode(data) == statement
    items = decode(data)
    assert isinstance(items, list)
    assert items[:3] == [NETWORK, THREE.hash, statement.term]
    assert items == [getattr(statement, name) for name in statement.field_names()]
    assert len(data) <= STATEMENT_SIZE_BYTES_MAX


@each_statement
def test_a_statement_is_signed_under_its_own_name_by_whom_it_names(statement: Statement) -> None:
    number = 1 if signer_of(statement) == id_of(1) else 2
    key = keys_of(number).agreement
    assert signed(statement).signature == key.sign(f"banyan/{statement.NAME}/v1\0".encode() + statement.encode())
    for other in STATEMENTS:
        is_same = type(other) is type(statement)
        assert verify_statement(type(other), signed(statement), key.public) is is_same


@each_statement
def test_no_field_can_be_anything_else(statement: Statement) -> None:
    for place, name in enumerate(statement.field_names()):
        for broken in BROKEN:
            items = decode(statement.encode())
            assert isinstance(items, list)
            items[place] = broken
            with pytest.raises(InvalidMessageError, match=f"`{name}` of the {statement.NAME}"):
                type(statement).decode(encode(items))
    with pytest.raises(InvalidMessageError, match="not a list of"):
        type(statement).decode(encode([]))


@each_statement
def test_every_statement_fits_where_it_must_with_the_largest_numbers(statement: Statement) -> None:
    items = [getattr(statement, name) for name in statement.field_names()]
    largest = encode([INTEGER_MAX if isinstance(item, int) else item for item in items])
    assert type(statement).decode(largest).encode() == largest


@pytest.mark.parametrize("one", PACKETS, ids=lambda one: one.statement.NAME)
def test_a_packet_is_read_back_with_its_attachments(one: Packet) -> None:
    name, message, signature, attachments = decode(one.encode())  # type: ignore[misc, str-unpack]
    assert (name, message, signature) == (one.statement.NAME, *one.signed)
    assert attachments == [b""] * _KINDS[one.statement.NAME][1]
    filled = replace(one, attachments=tuple(b"%d" % place for place in range(len(one.attachments))))
    assert Packet.decode(filled.encode()) == filled


def test_the_largest_packet_has_room() -> None:
    """A request for pre-votes of 21 voters, with an election as its proof."""
    voters = voter_set(tuple(range(21)))
    proof = encode_term_certificate(election(INTEGER_MAX - 1, 1, range(21), voters))
    assert len(proof) < CERTIFICATE_SIZE_BYTES_MAX
    request = pre_vote_request(1, INTEGER_MAX, voters=voters)
    wish = signed(transfer(1, 2, INTEGER_MAX - 1, voters=voters))
    largest = packet(request, proof, bytes(1024), bytes(64), *wish)
    assert len(largest.encode()) <= PACKET_SIZE_BYTES_MAX


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        ["vote", b"", bytes(64)],
        [1, b"", bytes(64), []],
        ["no such name", b"", bytes(64), []],
        ["vote", "", bytes(64), []],
        ["vote", b"", bytes(63), []],
        ["vote", b"", bytes(64), [b""]],
        ["heartbeat", b"", bytes(64), []],
        ["heartbeat", b"", bytes(64), [1]],
    ],
    ids=repr,
)
def test_what_is_no_packet_is_refused(value: Value) -> None:
    with pytest.raises(InvalidMessageError):
        Packet.decode(encode(value))


def test_a_packet_names_the_statement_that_is_in_it() -> None:
    """Signed as one kind, sent as another: the bytes do not fit, or else the signature does not."""
    for one in PACKETS:
        for other in PACKETS:
            renamed = encode([other.statement.NAME, *one.signed, list(other.attachments)])
            try:
                read = Packet.decode(renamed)
            except InvalidMessageError:
                assert one is not other
            else:
                key = keys_of(1 if signer_of(read.statement) == id_of(1) else 2).agreement.public
                assert verify_statement(type(read.statement), read.signed, key) is (one is other)


@given(st.one_of(st.binary(max_size=600), changed(tuple(one.encode() for one in PACKETS))))
def test_any_bytes_are_a_packet_or_refused(data: bytes) -> None:
    assert_one_form(Packet.decode, lambda one: one.encode(), data)


def test_an_oversized_packet_is_refused_unread() -> None:
    with pytest.raises(DecodingError):
        Packet.decode(bytes(PACKET_SIZE_BYTES_MAX + 1))


def test_the_protocol_page_lists_them_as_they_are() -> None:
    """docs/protocol.md, section 6, "Formats": two tables, of fields and of attachments."""
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in (ROOT / "docs" / "protocol.md").read_text("utf-8").split("**Formats.**")[1].splitlines()
        if line.startswith("| `")
    ]
    for statement in STATEMENTS:
        named = [row for row in rows if row[0] == f"`{statement.NAME}`"]
        signer, fields = named[0][1:]
        assert [field.strip().replace(" ", "_") for field in fields.split(",")] == list(statement.field_names()[3:])
        assert getattr(statement, signer) == signer_of(statement)
        attachments = named[1][1].count(";") + 1 if len(named) > 1 else 0
        assert attachments == _KINDS[statement.NAME][1]


# -- certificates of terms --------------------------------------------------------------------------------------


@each_proof
def test_a_terms_certificate_is_read_back_and_says_whose_it_is(proof: TermCertificate) -> None:
    assert decode_term_certificate(encode_term_certificate(proof)) == proof
    assert voter_set_hash_of(proof) == THREE.hash
    verify_term_certificate(proof, {THREE.hash: THREE, FOUR.hash: FOUR}, NETWORK)


@each_proof
def test_a_terms_certificate_is_of_a_known_set_and_network(proof: TermCertificate) -> None:
    with pytest.raises(InvalidCertificateError, match="not known here"):
        verify_term_certificate(proof, {FOUR.hash: FOUR}, NETWORK)
    with pytest.raises(InvalidCertificateError):
        verify_term_certificate(proof, {THREE.hash: THREE}, bytes(32))
    with pytest.raises(InvalidCertificateError):
        verify_term_certificate(replace(proof, term=5), {THREE.hash: THREE}, NETWORK)


def test_a_certificate_of_pre_votes_takes_exactly_a_quorum_of_valid_ones() -> None:
    proof = pre_votes(4, 1, by=(0, 1, 2))
    proof.verify(THREE, NETWORK)
    one, other, third = proof.signatures
    for signatures, told in (
        ((), "a quorum is 2"),
        ((one,), "a quorum is 2"),
        ((one, one), "each once"),
        ((other, one), "ascending"),
        ((one, (other[0], bytes(64))), "not signed by a voter"),
        ((one, (b"\xff" * 32, other[1])), "not signed by a voter"),
        ((one, other, (third[0], one[1])), "not signed by a voter"),
    ):
        with pytest.raises(InvalidCertificateError, match=told):
            replace(proof, signatures=signatures).verify(THREE, NETWORK)
    for other_proof in (replace(proof, asker=id_of(2)), replace(proof, round=bytes(16)), replace(proof, term=5)):
        with pytest.raises(InvalidCertificateError, match="not signed by a voter"):
            other_proof.verify(THREE, NETWORK)
    with pytest.raises(InvalidCertificateError, match="another voter set"):
        proof.verify(FOUR, NETWORK)


def test_an_election_without_votes_is_of_no_set() -> None:
    empty = replace(election(4, 1), votes=())
    assert voter_set_hash_of(empty) == b""
    malformed = replace(election(4, 1), votes=(SignedMessage(b"\x01", bytes(64)),))
    assert voter_set_hash_of(malformed) == b""


@given(st.one_of(st.binary(max_size=600), changed(tuple(encode_term_certificate(one) for one in PROOFS))))
def test_any_bytes_are_a_terms_certificate_or_refused(data: bytes) -> None:
    assert_one_form(decode_term_certificate, encode_term_certificate, data)


@given(values, st.integers(0, 4))
def test_any_value_in_a_certificate_of_pre_votes(value: Value, place: int) -> None:
    items = decode(pre_votes(4, 1).encode())
    assert isinstance(items, list)
    items[place] = value
    assert_one_form(PreVoteCertificate.decode, lambda one: one.encode(), encode(items))


# -- timing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("timeout_ms", "heartbeat_ms"), [(1000, 334), (1000, 0), (1000, -1), (2, 1), (0, 0)])
def test_times_that_do_not_go_together_are_refused(timeout_ms: int, heartbeat_ms: int) -> None:
    with pytest.raises(InvalidTimingError, match="make it a third"):
        Timing(timeout_ms, heartbeat_ms)


def test_times_that_do() -> None:
    assert Timing().starving_ms == 10 * Timing().election_timeout_ms
    assert Timing(3, 1).heartbeat_ms == 1
