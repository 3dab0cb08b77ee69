"""Tallies: what tellers counted in a room, reported by as many of them as the terms ask, all with the same figures.

Owns the operation. Never adjusts a figure. Invariants: a tally counts only when enough different people have reported
the same figures; a report with other figures begins anew; figures that contradict each other are refused, but for more
papers returned than issued: that is a fact, and voids the ballot. Source: docs/reference/ballots.md, "Tallies".
"""

from itertools import pairwise

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.ballots.ballot import Ballot, changed, open_ballot, store_ballot
from contracts.ballots.closing import begin_counting
from contracts.ballots.outcome import Tally
from contracts.ballots.reasons import IS_ROLL_CALL, TALLY_COUNTS, TALLY_TWICE, TALLY_VOTES
from contracts.ballots.terms import ABSTAIN, ANSWERS, APPROVAL, CHOOSE, TALLIED, YES_NO, Terms
from contracts.context import Context
from contracts.errors import Refusal
from ledger.encoding import Value


def tally(context: Context, arguments: Arguments) -> None:
    """Report what was counted; with the last report that is needed, the ballot closes and is decided."""
    ballot = open_ballot(context, arguments.text("unit"), arguments.integer("number"))
    require(context, Subject(unit=ballot.unit))
    if ballot.terms.casting != TALLIED:
        raise Refusal(*IS_ROLL_CALL, number=ballot.number)
    assert ballot.roll is not None, "an open ballot has a roll"
    counted = _counted(ballot.terms, arguments)
    _check(ballot.terms, ballot.roll.due, counted)
    reporters = _reporters(ballot, counted)
    if context.sender.id in reporters:
        raise Refusal(*TALLY_TWICE, member=context.sender.id.hex())
    reporters.append(context.sender.id)
    agreed = len(reporters) >= ballot.terms.tellers
    by: list[Value] = list(reporters)
    ballot = changed(ballot, tally=counted.to_value() | {"agreed": agreed, "by": by})
    context.emit("ballots.tallied", {"agreed": agreed, "number": ballot.number, "unit": ballot.unit})
    if agreed:
        begin_counting(context, ballot)
    else:
        store_ballot(context, ballot)


def _counted(terms: Terms, arguments: Arguments) -> Tally:
    votes = tuple(arguments.integers("votes"))
    if len(votes) != terms.option_count:
        raise Refusal(*TALLY_VOTES, found=len(votes), options=terms.option_count)
    blank = arguments.integer("blank") if "blank" in arguments else 0
    if terms.method == YES_NO:
        blank = votes[ANSWERS.index(ABSTAIN)]
    present, issued = arguments.integer("present"), arguments.integer("issued")
    return Tally(present, issued, arguments.integer("returned"), arguments.integer("valid"), blank, votes)


def _check(terms: Terms, due: int, counted: Tally) -> None:
    """Refuse figures of which one cannot be.

    Raises:
        Refusal: `ballots.tally-counts`, naming the two that contradict each other.
    """
    falling = (("due", due), ("present", counted.present), ("issued", counted.issued))
    papers = (("returned", counted.returned), ("valid", counted.valid), ("blank", counted.blank))
    marked, (what, most) = sum(counted.votes), _marks_most(terms, counted)
    for (more, upper), (less, found) in (*pairwise(falling), *pairwise(papers), ((what, most), ("votes", marked))):
        if found > upper:
            raise Refusal(*TALLY_COUNTS, less=less, found=found, more=more, most=upper)
    if terms.method == YES_NO and marked != counted.valid:
        raise Refusal(*TALLY_COUNTS, less="valid", found=counted.valid, more="yes + no + abstain", most=marked)


def _marks_most(terms: Terms, counted: Tally) -> tuple[str, int]:
    """How many marks the papers can hold together."""
    if terms.method == YES_NO:
        return "valid", counted.valid
    marking = counted.valid - counted.blank
    each = terms.choices_max if terms.method == CHOOSE else terms.option_count if terms.method == APPROVAL else 1
    return f"(valid - blank) x {each}", marking * each


def _reporters(ballot: Ballot, counted: Tally) -> list[bytes]:
    """Who has reported these very figures so far."""
    before = ballot.tally
    if before is None or Tally.from_value(before) != counted:
        return []
    by = before["by"]
    assert isinstance(by, list)
    return [one for one in by if isinstance(one, bytes)]
