"""Two signatures that no honest voter makes. Source: docs/protocol.md, section 7, (a) to (d)."""

from dataclasses import replace

import pytest

from consensus.effects import Caught, Effect
from consensus.events import HeaderSeen
from consensus.evidence import HEIGHTS_MAX, SIGNERS_MAX, TERMS_MAX, Evidence, Offence, Witness
from consensus.messages import Acknowledgement, Vote
from consensus.statement import Position, SignedMessage, Statement, verify_statement
from ledger.encoding import decode
from tests.consensus.cluster import GENESIS, keys_of
from tests.consensus.one_node import (
    OneNode,
    acknowledgement,
    answer,
    block,
    id_of,
    of,
    signed,
    vote,
)

FIRST, SECOND, OTHER = block(1, 1), block(1, 2), block(1, 2, "other")


def _caught(effects: list[Effect]) -> list[Evidence]:
    return [one.evidence for one in of(effects, Caught)]


def _hear_all(*statements: Statement) -> list[Evidence]:
    node = OneNode()
    return [evidence for one in statements for evidence in _caught(node.hear(one))]


def _seen(node: OneNode, position: Position, proposer: int) -> list[Evidence]:
    header = repr(position).encode()
    return _caught(node.step(HeaderSeen(position, id_of(proposer), header, b"s" * 64)))


# -- (a) --------------------------------------------------------------------------------------------------------


def test_two_headers_of_one_proposer_for_one_term_and_height() -> None:
    """Guard: consensus/evidence.py, `proposal`, "before[0] != position.hash"."""
    node = OneNode()
    assert not _seen(node, SECOND, 1)
    (found,) = _seen(node, OTHER, 1)
    assert (found.offence, found.node_id, found.term) == (Offence.PROPOSALS, id_of(1), 1)
    assert (found.first.message, found.second.message) == (repr(SECOND).encode(), repr(OTHER).encode())


def test_the_same_header_again_or_of_another_height_term_or_proposer_is_none() -> None:
    node = OneNode()
    for position, proposer in ((SECOND, 1), (SECOND, 1), (OTHER, 2), (block(2, 2), 1), (block(1, 3), 1)):
        assert not _seen(node, position, proposer)


# -- (b) --------------------------------------------------------------------------------------------------------


def test_two_acknowledged_hashes_for_one_term_and_height() -> None:
    """Guard: consensus/evidence.py, `acknowledgement`, "before[0] == told.block_hash"."""
    first, second = acknowledgement(1, SECOND, FIRST), acknowledgement(1, OTHER, FIRST)
    (found,) = _hear_all(first, second)
    assert (found.offence, found.node_id, found.term) == (Offence.ACKNOWLEDGEMENTS, id_of(1), 1)
    assert (found.first, found.second) == (signed(first), signed(second))


def test_it_is_found_in_an_answers_repetition_too() -> None:
    node = OneNode()
    node.lead(1)
    told = signed(acknowledgement(1, block(1, 5)))
    assert not _caught(node.hear(answer(1, 1, 1), *told))
    lie = signed(acknowledgement(1, block(1, 5, "other")))
    assert [one.offence for one in _caught(node.hear(answer(1, 1, 1), *lie))] == [Offence.ACKNOWLEDGEMENTS]


def test_two_hashes_in_two_terms_are_none() -> None:
    """The later term's leader replaced the block: an honest voter acknowledges both."""
    assert not _hear_all(acknowledgement(1, SECOND, FIRST), acknowledgement(1, block(2, 2), FIRST))
    assert not _hear_all(acknowledgement(1, SECOND, FIRST), acknowledgement(2, OTHER, FIRST))


# -- (c) --------------------------------------------------------------------------------------------------------


def test_two_candidates_in_one_term() -> None:
    """Guard: consensus/evidence.py, `vote`, "before[0].candidate != told.candidate"."""
    first, second = vote(1, 1, 3), vote(1, 2, 3)
    (found,) = _hear_all(first, second)
    assert (found.offence, found.node_id, found.term) == (Offence.VOTES, id_of(1), 3)
    assert (found.first, found.second) == (signed(first), signed(second))


def test_two_candidates_in_two_terms_are_none() -> None:
    assert not _hear_all(vote(1, 1, 3), vote(1, 2, 4), vote(2, 2, 3), vote(1, 1, 3))


# -- (d) --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [GENESIS, FIRST])
def test_a_vote_that_forgot_what_was_acknowledged(last: Position) -> None:
    """In either order of arrival. Guards: consensus/evidence.py, the two comparisons with `rank`."""
    told, forgetful = acknowledgement(1, SECOND, FIRST), vote(1, 2, 2, last)
    for statements in ((told, forgetful), (forgetful, told)):
        (found,) = _hear_all(*statements)
        assert (found.offence, found.node_id, found.term) == (Offence.FORGOTTEN, id_of(1), 2)
        assert (found.first, found.second) == (signed(told), signed(forgetful))


def test_a_vote_that_remembers_is_none() -> None:
    told = acknowledgement(1, SECOND, FIRST)
    for remembering in (vote(1, 2, 2, SECOND), vote(1, 2, 3, block(2, 1)), vote(1, 2, 2, block(1, 3))):
        assert not _hear_all(told, remembering)
        assert not _hear_all(remembering, told)


def test_a_vote_of_the_same_term_or_before_has_nothing_to_forget() -> None:
    """What is acknowledged in a term comes after that term's vote."""
    told = acknowledgement(1, block(3, 5), FIRST)
    for before in (vote(1, 2, 3, FIRST), vote(1, 2, 2)):
        assert not _hear_all(told, before)
        assert not _hear_all(before, told)


# -- what a witness takes, and keeps ----------------------------------------------------------------------------


def test_unsigned_contradictions_prove_nothing() -> None:
    """Nobody can make another node look like a liar."""
    node = OneNode()
    assert not node.hear(vote(1, 1, 3))
    assert not _caught(node.hear(vote(1, 2, 3), by=2))
    node.hear(acknowledgement(1, SECOND, FIRST))
    assert not _caught(node.hear(acknowledgement(1, OTHER, FIRST), by=2))


def test_evidence_can_be_checked_by_anybody() -> None:
    (found,) = _hear_all(vote(1, 1, 3), vote(1, 2, 3))
    key = keys_of(1).agreement.public
    for one in (found.first, found.second):
        assert verify_statement(Vote, one, key)
    offence, node_id, term, first, second = decode(found.encode())  # type: ignore[misc, str-unpack]
    assert (offence, node_id, term) == ("two-votes", id_of(1), 3)
    assert [first, second] == [list(found.first), list(found.second)]
    assert {one.value for one in Offence} == {
        "two-proposals",
        "two-acknowledgements",
        "two-votes",
        "vote-below-acknowledgement",
    }


def test_a_witness_remembers_a_bounded_number_of_things() -> None:
    witness, nothing = Witness(), SignedMessage(b"", b"")
    template = acknowledgement(1, FIRST)
    for height in range(1, 3 * HEIGHTS_MAX):
        assert witness.acknowledgement(replace(template, height=height), nothing) is None
        assert witness.proposal(block(1, height), id_of(1), nothing) is None
    for term in range(1, 3 * TERMS_MAX):
        witness.vote(replace(vote(1, 1, term, block(term, 999)), term=term), nothing)
    signer = witness._signers[id_of(1)]
    assert len(signer.acknowledged._told) == len(signer.proposed._told) == HEIGHTS_MAX
    assert len(signer.voted._told) == TERMS_MAX
    for number in range(3 * SIGNERS_MAX):
        witness.acknowledgement(replace(template, voter=bytes([number]) * 32), nothing)
    assert len(witness._signers) == SIGNERS_MAX


def test_an_acknowledgement_is_looked_at_with_the_newest_things_in_mind() -> None:
    """A liar cannot make room by signing much: what it signed about the newest heights stays."""
    witness, nothing = Witness(), SignedMessage(b"", b"")
    template: Acknowledgement = acknowledgement(1, FIRST)
    for height in range(1, 2 * HEIGHTS_MAX):
        witness.acknowledgement(replace(template, height=height), nothing)
    newest = replace(template, height=2 * HEIGHTS_MAX - 1, block_hash=OTHER.hash)
    found = witness.acknowledgement(newest, nothing)
    assert found is not None and found.offence is Offence.ACKNOWLEDGEMENTS
