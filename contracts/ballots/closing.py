"""Closing a ballot at its time, or before it where the terms allow, and counting it.

Owns the operation `close`, the timers `ballots.close` and `ballots.count`, and the records `ballot-progress` and
`ballot-papers`, which are there while votes are counted and gone when the result stands. Never changes a vote.
Invariants: no vote is taken after the stated time; every vote is counted once, in the order of persons; the result
follows from the terms and the votes alone. Source: docs/reference/ballots.md, "Counting".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.ballots.ballot import (
    STATE_CLOSED,
    STATE_COUNTING,
    STATE_OPEN,
    STATE_PREPARING,
    Ballot,
    changed,
    find_ballot,
    open_ballot,
    store_ballot,
)
from contracts.ballots.gathering import Gathered, add_papers, papers_to_value
from contracts.ballots.outcome import NOT_HELD, Outcome, Tally, outcome_of
from contracts.ballots.reasons import NOT_EARLY
from contracts.ballots.roll import next_step
from contracts.ballots.vote import KIND_VOTE, Vote
from contracts.context import Context
from contracts.errors import Refusal
from contracts.run_context import RunContext
from contracts.timer_context import TimerContext
from contracts.timers import cancel_timer, set_timer
from ledger.encoding import Value
from ledger.hashing import ZERO_HASH

KIND_PROGRESS = "ballot-progress"
KIND_PAPERS = "ballot-papers"

CLOSE_TIMER = "close"
CLOSE_PURPOSE = f"ballots.{CLOSE_TIMER}"
COUNT_TIMER = "count"
COUNT_PURPOSE = f"ballots.{COUNT_TIMER}"

# Two reads each; their papers, at most 35 bytes each, fit into a record by far.
VOTES_PER_RUN = 100
# The ballot, its progress, the papers of all runs of a transferable vote.
_READS_KEPT = 4


def close(context: Context, arguments: Arguments) -> None:
    """Close a ballot before its time, where its terms allow that."""
    ballot = open_ballot(context, arguments.text("unit"), arguments.integer("number"))
    require(context, Subject(unit=ballot.unit))
    if not ballot.terms.early:
        raise Refusal(*NOT_EARLY, number=ballot.number)
    begin_counting(context, ballot)


def begin_counting(context: RunContext, ballot: Ballot) -> None:
    """End the voting now; the votes are counted from the next block on."""
    if ballot.timer:
        cancel_timer(context, ballot.timer)
    store_ballot(context, changed(ballot, state=STATE_COUNTING, timer=""))
    set_timer(context, context.time_ms, COUNT_PURPOSE, {"number": ballot.number, "unit": ballot.unit})


def close_due(context: TimerContext, payload: dict[str, Value]) -> None:
    """The stated time has come: count, or say that there was no voting."""
    ballot = _ballot(context, payload)
    if ballot.state == STATE_PREPARING:
        # The electorate was never frozen, as nobody let time pass, or too many offices changed.
        counts: dict[str, int] = {}
        _finish(context, changed(ballot, timer=""), Outcome(NOT_HELD, counts, ZERO_HASH))
    elif ballot.state == STATE_OPEN:
        ballot = changed(ballot, state=STATE_COUNTING, timer="")
        store_ballot(context, ballot)
        _count_some(context, ballot)


def count_some(context: TimerContext, payload: dict[str, Value]) -> None:
    """Go on counting."""
    ballot = _ballot(context, payload)
    if ballot.state == STATE_COUNTING:
        _count_some(context, ballot)


def _count_some(context: TimerContext, ballot: Ballot) -> None:
    gathered, pages = _progress(context, ballot)
    prefix = f"{ballot.id}/"
    counted = 0
    while counted < VOTES_PER_RUN and context.reads_left > _READS_KEPT:
        step = next_step(context, KIND_VOTE, prefix, gathered.after, _READS_KEPT)
        if step.part is None:
            gathered.after = step.after
            if not step.is_last or context.reads_left < pages + _READS_KEPT:
                # The papers are read in a run of their own.
                break
            _finish_counting(context, ballot, gathered, pages)
            return
        record = context.read(KIND_VOTE, prefix + step.part)
        assert record is not None, "a key that is found in order is there"
        gathered.add(ballot.terms, Vote.from_fields(record.fields))
        counted += 1
    if gathered.papers:
        context.create(KIND_PAPERS, f"{prefix}{pages:03d}", {"papers": papers_to_value(gathered.papers)})
        pages += 1
    context.put(KIND_PROGRESS, ballot.id, {"gathered": gathered.to_value(), "pages": pages})
    set_timer(context, context.time_ms, COUNT_PURPOSE, {"number": ballot.number, "unit": ballot.unit})


def _progress(context: TimerContext, ballot: Ballot) -> tuple[Gathered, int]:
    record = context.read(KIND_PROGRESS, ballot.id)
    if record is None:
        return Gathered.none_yet(ballot.terms), 0
    value, pages = record.fields["gathered"], record.fields["pages"]
    assert isinstance(value, dict) and isinstance(pages, int)
    return Gathered.from_value(value), pages


def _finish_counting(context: TimerContext, ballot: Ballot, gathered: Gathered, pages: int) -> None:
    for page in range(pages):
        record = context.read(KIND_PAPERS, f"{ballot.id}/{page:03d}")
        assert record is not None, "this module has written it"
        add_papers(gathered.papers, record.fields["papers"])
        context.delete(KIND_PAPERS, f"{ballot.id}/{page:03d}")
    if gathered.after and context.read(KIND_PROGRESS, ballot.id) is not None:
        context.delete(KIND_PROGRESS, ballot.id)
    assert ballot.roll is not None, "a ballot that was open has a roll"
    _finish(context, ballot, outcome_of(ballot.terms, ballot.roll.due, gathered, tally_of(ballot)))


def _finish(context: TimerContext, ballot: Ballot, outcome: Outcome) -> None:
    store_ballot(context, changed(ballot, state=STATE_CLOSED, result=outcome.to_value()))
    context.emit("ballots.closed", {"number": ballot.number, "outcome": outcome.outcome, "unit": ballot.unit})


def tally_of(ballot: Ballot) -> Tally | None:
    """What tellers have agreed on; None if they have not, or there is nothing to report."""
    if ballot.tally is None or not ballot.tally.get("agreed"):
        return None
    return Tally.from_value(ballot.tally)


def _ballot(context: TimerContext, payload: dict[str, Value]) -> Ballot:
    unit, number = payload["unit"], payload["number"]
    assert isinstance(unit, str) and isinstance(number, int)
    return find_ballot(context, unit, number)
