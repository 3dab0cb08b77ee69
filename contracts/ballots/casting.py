"""Casting votes: one's own, somebody else's as their proxy, an opinion on paper; and who is in the room.

Owns these operations. Never counts. Invariants: a vote is cast for somebody on the roll, while the ballot is open; the
last vote of a person before the close is the one that counts; who votes in person is heard before any proxy or paper.
Source: docs/reference/ballots.md, "Votes".
"""

from dataclasses import replace

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.ballots.ballot import Ballot, ballot_id, ballot_subject, open_ballot
from contracts.ballots.reasons import (
    IS_TALLIED,
    NO_OPINIONS,
    NO_PERSON,
    NOT_DUE,
    NOT_MARKED,
    NOT_PRESENT,
    PROXY_NOT_GIVEN,
    VOTED,
)
from contracts.ballots.roll import on_roll
from contracts.ballots.terms import PRESENCE_MARKED, TALLIED
from contracts.ballots.vote import KIND_VOTE, WAY_OWN, WAY_PROXY, WAY_WRITTEN, Vote, check_vote
from contracts.context import Context
from contracts.errors import Refusal
from contracts.units.office import person_subject
from ledger.encoding import Value


def cast(context: Context, arguments: Arguments) -> None:
    """Cast one's vote, or that of `person` as their proxy; again until the close, the last one counts."""
    ballot = open_ballot(context, arguments.text("unit"), arguments.integer("number"))
    sender = sender_person(context)
    require(context, Subject(person=sender))
    if ballot.terms.casting == TALLIED:
        raise Refusal(*IS_TALLIED, number=ballot.number)
    own = vote_of(context, ballot, sender)
    if ballot.terms.presence == PRESENCE_MARKED and not own.issued:
        raise Refusal(*NOT_PRESENT, person=sender)
    person = arguments.text("person") if "person" in arguments else sender
    if person == sender:
        # Whoever votes took part, and holds a paper; a proxy that they had given is without effect from now on.
        _store_cast(context, ballot, replace(own, present=True, issued=True, way=WAY_OWN, by="", body=None), arguments)
        return
    given = find_vote(context, ballot, person)
    if given is None or given.holder != sender:
        raise Refusal(*PROXY_NOT_GIVEN, person=person, holder=sender)
    if given.way == WAY_OWN:
        raise Refusal(*VOTED, person=person)
    _store_cast(context, ballot, replace(given, way=WAY_PROXY, by=sender, body=None), arguments)


def write_opinion(context: Context, arguments: Arguments) -> None:
    """Enter the opinion that an absent person has given on paper; their own vote takes its place."""
    ballot = open_ballot(context, arguments.text("unit"), arguments.integer("number"))
    require(context, Subject(unit=ballot.unit))
    if not ballot.terms.written:
        raise Refusal(*NO_OPINIONS, number=ballot.number)
    vote = vote_of(context, ballot, arguments.text("person"))
    if vote.way in (WAY_OWN, WAY_PROXY):
        raise Refusal(*VOTED, person=vote.person)
    body = arguments.value("body") if "body" in arguments else None
    by = context.sender.person or context.sender.id.hex()
    _store_cast(context, ballot, replace(vote, way=WAY_WRITTEN, by=by, body=body), arguments)


def attend(context: Context, arguments: Arguments) -> None:
    """Note that persons are in the room and were each given a ballot paper."""
    ballot = open_ballot(context, arguments.text("unit"), arguments.integer("number"))
    require(context, Subject(unit=ballot.unit))
    if ballot.terms.presence != PRESENCE_MARKED:
        raise Refusal(*NOT_MARKED, number=ballot.number)
    persons = arguments.texts("persons")
    for person in persons:
        store_vote(context, ballot, replace(vote_of(context, ballot, person), present=True, issued=True))
    context.link(ballot_subject(ballot.unit, ballot.number))
    context.emit("ballots.attended", {"count": len(persons), "number": ballot.number, "unit": ballot.unit})


def sender_person(context: Context) -> str:
    """The person for whom the sender acts.

    Raises:
        Refusal: `ballots.no-person`.
    """
    if context.sender.person is None:
        raise Refusal(*NO_PERSON, member=context.sender.id.hex())
    return context.sender.person


def find_vote(context: Context, ballot: Ballot, person: str) -> Vote | None:
    """What the ledger has of a person on this ballot; None if nothing. One read."""
    record = context.read(KIND_VOTE, f"{ballot_id(ballot.unit, ballot.number)}/{person}")
    return None if record is None else Vote.from_fields(record.fields)


def vote_of(context: Context, ballot: Ballot, person: str) -> Vote:
    """What the ledger has of a person on this ballot, or the vote of somebody who has not done anything yet.

    Raises:
        Refusal: `ballots.not-due`.

    Cost: one read; three more for each source of the electorate while nothing is there.
    """
    found = find_vote(context, ballot, person)
    if found is not None:
        return found
    assert ballot.roll is not None, "an open ballot has a roll"
    if not on_roll(context, ballot.unit, ballot.roll, len(ballot.terms.electorate), person):
        raise Refusal(*NOT_DUE, person=person, height=ballot.roll.height)
    return Vote(person)


def store_vote(context: Context, ballot: Ballot, vote: Vote) -> None:
    """Write a person's record on the ballot, as of now."""
    fields = replace(vote, height=context.height, time=context.time_ms).to_fields()
    context.put(
        KIND_VOTE,
        f"{ballot_id(ballot.unit, ballot.number)}/{vote.person}",
        fields | {"number": ballot.number, "unit": ballot.unit},
    )


def _store_cast(context: Context, ballot: Ballot, vote: Vote, arguments: Arguments) -> None:
    choices = tuple(arguments.texts("choices"))
    ranks = tuple(arguments.integers("ranks"))
    check_vote(ballot.terms, choices, ranks)
    store_vote(context, ballot, replace(vote, choices=choices, ranks=ranks, casts=vote.casts + 1))
    context.link(ballot_subject(ballot.unit, ballot.number))
    context.link(person_subject(vote.person))
    fields: dict[str, Value] = {"number": ballot.number, "person": vote.person, "unit": ballot.unit, "way": vote.way}
    context.emit("ballots.cast", fields)
