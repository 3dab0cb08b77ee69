"""Votes and acknowledgements. Source: docs/protocol.md, section 6."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.errors import InvalidMessageError
from consensus.messages import Acknowledgement, Vote
from consensus.statement import verify_statement
from ledger.encoding import INTEGER_MAX, Value, decode, encode
from ledger.errors import DecodingError
from tests.ledger.byte_forms import assert_one_form, changed
from tests.ledger.samples import acknowledgement, node_keys, vote
from tests.ledger.values import counts, hashes, values

VOTE = vote(2)
ACKNOWLEDGEMENT = acknowledgement(2)
KEY = node_keys(2).agreement
positive = st.integers(1, INTEGER_MAX)
votes = st.builds(Vote, hashes, hashes, positive, hashes, hashes, counts, counts, hashes)
acknowledgements = st.builds(Acknowledgement, hashes, hashes, positive, positive, hashes, hashes, hashes)


@given(votes)
def test_a_vote_is_read_back(one: Vote) -> None:
    assert Vote.decode(one.encode()) == one


@given(acknowledgements)
def test_an_acknowledgement_is_read_back(one: Acknowledgement) -> None:
    assert Acknowledgement.decode(one.encode()) == one


@given(st.one_of(st.binary(max_size=300), changed((VOTE.encode(), ACKNOWLEDGEMENT.encode()))))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    assert_one_form(Vote.decode, lambda one: one.encode(), data)
    assert_one_form(Acknowledgement.decode, lambda one: one.encode(), data)


@given(values, st.integers(0, 7))
def test_any_value_in_the_place_of_a_field(value: Value, place: int) -> None:
    in_vote, in_acknowledgement = decode(VOTE.encode()), decode(ACKNOWLEDGEMENT.encode())
    assert isinstance(in_vote, list) and isinstance(in_acknowledgement, list)
    in_vote[place] = in_acknowledgement[place % 7] = value
    assert_one_form(Vote.decode, lambda one: one.encode(), encode(in_vote))
    assert_one_form(Acknowledgement.decode, lambda one: one.encode(), encode(in_acknowledgement))


@pytest.mark.parametrize("broken", [None, -1, True, "x", b"", bytes(31), [], {}], ids=repr)
def test_the_broken_field_is_named(broken: Value) -> None:
    for place, field in enumerate(fields(Vote)):
        items = decode(VOTE.encode())
        assert isinstance(items, list)
        items[place] = broken
        with pytest.raises(InvalidMessageError, match=f"`{field.name}` of the vote"):
            Vote.decode(encode(items))
    for place, field in enumerate(fields(Acknowledgement)):
        items = decode(ACKNOWLEDGEMENT.encode())
        assert isinstance(items, list)
        items[place] = broken
        with pytest.raises(InvalidMessageError, match=f"`{field.name}` of the acknowledgement"):
            Acknowledgement.decode(encode(items))


def test_one_is_not_the_other() -> None:
    with pytest.raises(InvalidMessageError):
        Vote.decode(ACKNOWLEDGEMENT.encode())
    with pytest.raises(InvalidMessageError):
        Acknowledgement.decode(VOTE.encode())
    with pytest.raises(DecodingError):
        Vote.decode(VOTE.encode() + b"\x00")


def test_signatures_are_under_a_domain_of_their_own() -> None:
    signed_vote, signed_acknowledgement = VOTE.sign(KEY), ACKNOWLEDGEMENT.sign(KEY)
    assert signed_vote.signature == KEY.sign(b"banyan/vote/v1\x00" + VOTE.encode())
    assert signed_acknowledgement.signature == KEY.sign(b"banyan/acknowledgement/v1\x00" + ACKNOWLEDGEMENT.encode())
    assert verify_statement(Vote, signed_vote, KEY.public)
    assert verify_statement(Acknowledgement, signed_acknowledgement, KEY.public)
    assert not verify_statement(Acknowledgement, signed_vote, KEY.public)
    assert not verify_statement(Vote, signed_acknowledgement, KEY.public)
    assert not verify_statement(Vote, signed_vote, node_keys(3).agreement.public)
    assert not verify_statement(Vote, signed_vote._replace(message=vote(3).encode()), KEY.public)
    assert not verify_statement(Vote, signed_vote._replace(signature=b""), KEY.public)
