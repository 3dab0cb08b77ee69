"""Proxies: somebody on the roll lets somebody else on the roll vote for them.

Owns giving and revoking, and the record `ballot-proxy/<unit>/<number>/<holder>`, how many votes one person holds. Never
casts. Invariants: nobody holds more than the terms allow; what was given is not passed on; a proxy that is revoked
takes the vote with it that was cast by it. Source: docs/reference/ballots.md, "Proxies".
"""

from dataclasses import replace

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.ballots.ballot import Ballot, ballot_subject, open_ballot
from contracts.ballots.casting import sender_person, store_vote, vote_of
from contracts.ballots.reasons import (
    NO_PROXIES,
    OWN_PROXY,
    PROXIES_FULL,
    PROXY_GIVEN,
    PROXY_NOT_GIVEN,
    VOTED,
)
from contracts.ballots.vote import WAY_PROXY
from contracts.context import Context
from contracts.errors import Refusal
from contracts.units.office import person_subject
from ledger.encoding import Value

KIND_PROXY = "ballot-proxy"


def give_proxy(context: Context, arguments: Arguments) -> None:
    """Let `person` vote for the sender; the sender may still vote, and then that counts."""
    ballot, giver, holder = _named(context, arguments)
    if not ballot.terms.proxies:
        raise Refusal(*NO_PROXIES, number=ballot.number)
    if giver == holder:
        raise Refusal(*OWN_PROXY, person=giver)
    vote = vote_of(context, ballot, giver)
    if vote.way:
        raise Refusal(*VOTED, person=giver)
    if vote.holder:
        raise Refusal(*PROXY_GIVEN, person=giver, holder=vote.holder)
    # The holder has to be on the roll as well.
    vote_of(context, ballot, holder)
    count = _count(context, ballot, holder)
    if count >= ballot.terms.proxies:
        raise Refusal(*PROXIES_FULL, holder=holder, count=count)
    _store_count(context, ballot, holder, count + 1)
    store_vote(context, ballot, replace(vote, holder=holder))
    _report(context, ballot, "ballots.proxy-given", giver, holder)


def revoke_proxy(context: Context, arguments: Arguments) -> None:
    """Take back that `person` votes for the sender, and what they have cast by it."""
    ballot, giver, holder = _named(context, arguments)
    vote = vote_of(context, ballot, giver)
    if vote.holder != holder:
        raise Refusal(*PROXY_NOT_GIVEN, person=giver, holder=holder)
    _store_count(context, ballot, holder, _count(context, ballot, holder) - 1)
    if vote.way == WAY_PROXY:
        vote = replace(vote, way="", choices=(), ranks=(), by="")
    store_vote(context, ballot, replace(vote, holder=""))
    _report(context, ballot, "ballots.proxy-revoked", giver, holder)


def _named(context: Context, arguments: Arguments) -> tuple[Ballot, str, str]:
    ballot = open_ballot(context, arguments.text("unit"), arguments.integer("number"))
    giver = sender_person(context)
    require(context, Subject(person=giver))
    return ballot, giver, arguments.text("person")


def _count(context: Context, ballot: Ballot, holder: str) -> int:
    record = context.read(KIND_PROXY, f"{ballot.id}/{holder}")
    count = 0 if record is None else record.fields["count"]
    assert isinstance(count, int)
    return count


def _store_count(context: Context, ballot: Ballot, holder: str, count: int) -> None:
    assert count >= 0, "what is revoked was counted when it was given"
    fields: dict[str, Value] = {"count": count, "holder": holder, "number": ballot.number, "unit": ballot.unit}
    context.put(KIND_PROXY, f"{ballot.id}/{holder}", fields)


def _report(context: Context, ballot: Ballot, event: str, giver: str, holder: str) -> None:
    context.link(ballot_subject(ballot.unit, ballot.number))
    context.link(person_subject(giver))
    context.link(person_subject(holder))
    context.emit(event, {"holder": holder, "number": ballot.number, "person": giver, "unit": ballot.unit})
