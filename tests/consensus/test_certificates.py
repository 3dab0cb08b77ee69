"""Certificates: exactly a quorum's valid signatures make one. Source: docs/protocol.md, section 6."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.errors import InvalidCertificateError
from consensus.statement import SignedMessage
from ledger.encoding import Value, decode, encode
from ledger.errors import RemoteProtocolError
from ledger.hashing import tagged_hash
from tests.ledger.byte_forms import assert_one_form, changed
from tests.ledger.samples import (
    NETWORK_ID,
    block_certificate,
    by_node_id,
    election_certificate,
    node_keys,
    vote,
    voter_set,
)
from tests.ledger.values import values

VOTERS = voter_set()
ELECTION = election_certificate()
BLOCK = block_certificate()


def _votes(numbers: tuple[int, ...]) -> tuple[SignedMessage, ...]:
    return tuple(vote(number).sign(node_keys(number).agreement) for number in numbers)


def test_both_are_read_back() -> None:
    for election in (ELECTION, replace(ELECTION, votes=()), election_certificate((1, 2, 3, 4))):
        again = ElectionCertificate.decode(election.encode())
        assert again == election
        assert again.hash == tagged_hash("election-certificate", election.encode())
    for block in (BLOCK, replace(BLOCK, signatures=()), block_certificate((1, 2, 3, 4))):
        assert BlockCertificate.decode(block.encode()) == block


@given(st.one_of(st.binary(max_size=600), changed((ELECTION.encode(), BLOCK.encode()))))
def test_any_bytes_are_a_certificate_or_refused(data: bytes) -> None:
    """Whatever can be read can also be asked for its proof: nothing but `InvalidCertificateError` comes out."""
    assert_one_form(ElectionCertificate.decode, lambda one: one.encode(), data)
    assert_one_form(BlockCertificate.decode, lambda one: one.encode(), data)
    for kind, original in ((ElectionCertificate, ELECTION), (BlockCertificate, BLOCK)):
        try:
            certificate = kind.decode(data)
        except RemoteProtocolError:
            continue
        if certificate != original:
            with pytest.raises(InvalidCertificateError):
                certificate.verify(VOTERS, NETWORK_ID)


@given(values, st.integers(0, 5))
def test_any_value_in_the_place_of_a_field(value: Value, place: int) -> None:
    election, block = decode(ELECTION.encode()), decode(BLOCK.encode())
    assert isinstance(election, list) and isinstance(block, list)
    election[place % 3] = block[place] = value
    assert_one_form(ElectionCertificate.decode, lambda one: one.encode(), encode(election))
    assert_one_form(BlockCertificate.decode, lambda one: one.encode(), encode(block))


@pytest.mark.parametrize("numbers", [(1, 2, 3), (2, 3, 4), (1, 3, 4), (1, 2, 3, 4)])
def test_a_quorum_proves(numbers: tuple[int, ...]) -> None:
    election_certificate(numbers).verify(VOTERS, NETWORK_ID)
    block_certificate(numbers).verify(VOTERS, NETWORK_ID)


def test_the_only_voter_proves() -> None:
    alone = voter_set(1)
    election_certificate((1,), alone).verify(alone, NETWORK_ID)
    block_certificate((1,), alone).verify(alone, NETWORK_ID)


@pytest.mark.parametrize("numbers", [(), (1,), (1, 2), (3, 4)])
def test_less_than_a_quorum_proves_nothing(numbers: tuple[int, ...]) -> None:
    with pytest.raises(InvalidCertificateError, match="a quorum is 3"):
        election_certificate(numbers).verify(VOTERS, NETWORK_ID)
    with pytest.raises(InvalidCertificateError, match="a quorum is 3"):
        block_certificate(numbers).verify(VOTERS, NETWORK_ID)


def test_two_thirds_need_more() -> None:
    strict = voter_set(5, "two-thirds")
    block_certificate((1, 2, 3, 4), strict).verify(strict, NETWORK_ID)
    with pytest.raises(InvalidCertificateError, match="a quorum is 4"):
        block_certificate((1, 2, 3), strict).verify(strict, NETWORK_ID)


def test_a_voter_counts_once() -> None:
    first, second = by_node_id((1, 2))
    for numbers in ((first, first, second), (first, second, second)):
        with pytest.raises(InvalidCertificateError, match="each once"):
            replace(ELECTION, votes=_votes(numbers)).verify(VOTERS, NETWORK_ID)
    one, other = block_certificate((1, 2)).signatures
    with pytest.raises(InvalidCertificateError, match="each once"):
        replace(BLOCK, signatures=(one, one, other)).verify(VOTERS, NETWORK_ID)


def test_there_is_one_order() -> None:
    with pytest.raises(InvalidCertificateError, match="ascending"):
        replace(ELECTION, votes=tuple(reversed(ELECTION.votes))).verify(VOTERS, NETWORK_ID)
    with pytest.raises(InvalidCertificateError, match="ascending"):
        replace(BLOCK, signatures=tuple(reversed(BLOCK.signatures))).verify(VOTERS, NETWORK_ID)


def test_every_signature_is_checked_beyond_the_quorum_too() -> None:
    for place in range(4):
        votes = list(election_certificate((1, 2, 3, 4)).votes)
        votes[place] = votes[place]._replace(signature=bytes(64))
        with pytest.raises(InvalidCertificateError, match="not signed"):
            replace(ELECTION, votes=tuple(votes)).verify(VOTERS, NETWORK_ID)
        signatures = list(block_certificate((1, 2, 3, 4)).signatures)
        signatures[place] = (signatures[place][0], bytes(64))
        with pytest.raises(InvalidCertificateError, match="not signed"):
            replace(BLOCK, signatures=tuple(signatures)).verify(VOTERS, NETWORK_ID)


def test_a_stranger_does_not_count() -> None:
    with pytest.raises(InvalidCertificateError, match="not signed by a voter"):
        election_certificate((1, 2, 3, 5)).verify(VOTERS, NETWORK_ID)
    with pytest.raises(InvalidCertificateError, match="not signed by a voter"):
        block_certificate((1, 2, 3, 5)).verify(VOTERS, NETWORK_ID)


def test_somebody_who_is_no_voter_is_not_elected() -> None:
    votes = tuple(vote(number, candidate=5).sign(node_keys(number).agreement) for number in by_node_id((1, 2, 3)))
    certificate = ElectionCertificate(1, node_keys(5).node_id, votes)
    with pytest.raises(InvalidCertificateError, match="not a voter"):
        certificate.verify(VOTERS, NETWORK_ID)


def test_signatures_count_where_they_were_meant() -> None:
    for network_id, voters in (
        (bytes(32), VOTERS),
        (NETWORK_ID, voter_set(3)),
        (NETWORK_ID, voter_set(4, "two-thirds")),
    ):
        with pytest.raises(InvalidCertificateError):
            ELECTION.verify(voters, network_id)
        with pytest.raises(InvalidCertificateError):
            BLOCK.verify(voters, network_id)


@pytest.mark.parametrize("change", [{"term": 2}, {"candidate": node_keys(2).node_id}])
def test_an_election_is_of_one_term_and_candidate(change: dict[str, object]) -> None:
    with pytest.raises(InvalidCertificateError, match="something else"):
        replace(ELECTION, **change).verify(VOTERS, NETWORK_ID)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"term": 2},
        {"height": 2},
        {"block_hash": bytes(32)},
        {"previous_hash": bytes(32)},
        {"voter_set_hash": bytes(32)},
    ],
)
def test_a_block_is_certified_as_it_is(change: dict[str, object]) -> None:
    with pytest.raises(InvalidCertificateError):
        replace(BLOCK, **change).verify(VOTERS, NETWORK_ID)  # type: ignore[arg-type]


def test_a_malformed_vote_is_told_as_part_of_the_certificate() -> None:
    broken = replace(ELECTION, votes=(SignedMessage(b"\xc1", bytes(64)), *ELECTION.votes))
    with pytest.raises(InvalidCertificateError, match="malformed"):
        broken.verify(VOTERS, NETWORK_ID)


SIGNATURE: list[Value] = [bytes(32), bytes(64)]


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [0, bytes(32), []],
        [1, bytes(31), []],
        [1, bytes(32), {}],
        [1, bytes(32), [SIGNATURE] * 22],
        [1, bytes(32), [[*SIGNATURE, 1]]],
        [1, bytes(32), [["x", bytes(64)]]],
        [1, bytes(32), [[b"x", bytes(63)]]],
        [1, 0, bytes(32), bytes(32), bytes(32), []],
        [1, 1, bytes(32), bytes(32), bytes(31), []],
        [1, 1, bytes(32), bytes(32), bytes(32), [SIGNATURE] * 22],
        [1, 1, bytes(32), bytes(32), bytes(32), [[bytes(31), bytes(64)]]],
        [1, True, bytes(32), bytes(32), bytes(32), []],
    ],
    ids=range(14),
)
def test_what_is_no_certificate(value: Value) -> None:
    for kind in (ElectionCertificate, BlockCertificate):
        with pytest.raises(InvalidCertificateError):
            kind.decode(encode(value))


def test_certificates_of_21_voters_fit() -> None:
    everyone = tuple(range(1, 22))
    voters = voter_set(21)
    election, block = election_certificate(everyone, voters), block_certificate(everyone, voters)
    ElectionCertificate.decode(election.encode()).verify(voters, NETWORK_ID)
    BlockCertificate.decode(block.encode()).verify(voters, NETWORK_ID)
