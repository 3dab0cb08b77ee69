"""Opening a ballot, repeating one that decided nothing, cancelling one that should not go on.

Owns these operations. Never counts. Invariants: whoever opens a ballot states all its terms before anybody votes; a
further round has the terms and the roll of the first, fewer options and seats at most, and is held once.
Source: docs/reference/ballots.md, "Operations", "Rounds".
"""

from dataclasses import replace

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.ballots.ballot import (
    STATE_CANCELLED,
    STATE_CLOSED,
    STATE_COUNTING,
    STATE_OPEN,
    STATE_PREPARING,
    Ballot,
    changed,
    find_ballot,
    next_number,
    store_ballot,
)
from contracts.ballots.closing import CLOSE_PURPOSE
from contracts.ballots.freezing import FREEZE_PURPOSE, Freeze, check_electorate
from contracts.ballots.outcome import ELECTED, SHORT, TIED, UNDECIDED
from contracts.ballots.reasons import (
    AGAIN_ALREADY,
    NOT_AGAIN,
    NOT_OPEN,
    ROUNDS_FULL,
    TIMES,
    UNKNOWN_OPTION,
)
from contracts.ballots.terms import YES_NO, Terms, terms_of
from contracts.calendar.dates import DAY_MS
from contracts.context import Context
from contracts.errors import Refusal
from contracts.timers import cancel_timer, set_timer
from contracts.units.tree import active_unit
from ledger.encoding import Value

# Time for the roll to be written and for one person to vote.
VOTING_MS_MIN = 60_000
# An electorate of more than a year ago is another one.
DAYS_MAX = 366
# Who has voted sixteen times without deciding needs other candidates.
ROUNDS_MAX = 16


def open_(context: Context, arguments: Arguments) -> None:
    """Open a ballot on terms that are stated now; the electorate is frozen when it opens, and it closes by itself."""
    unit = arguments.text("unit")
    active_unit(context, unit)
    require(context, Subject(unit=unit))
    terms = terms_of(arguments, unit)
    opens = max(context.time_ms, arguments.integer("opens") if "opens" in arguments else 0)
    closes = arguments.integer("closes")
    _check_times(context, opens, closes)
    check_electorate(context, terms)
    number = next_number(context, unit)
    sender = context.sender.id
    ballot = Ballot(unit, number, terms, STATE_PREPARING, opens, closes, sender, context.height, context.time_ms)
    timer = set_timer(context, closes, CLOSE_PURPOSE, _named(ballot))
    set_timer(context, opens, FREEZE_PURPOSE, Freeze(unit, number).to_payload())
    store_ballot(context, changed(ballot, timer=timer))
    context.emit("ballots.opened", {"number": number, "round": 1, "unit": unit})


def again(context: Context, arguments: Arguments) -> None:
    """Hold the next round of a ballot that was closed without deciding everything, on the same roll."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    active_unit(context, unit)
    require(context, Subject(unit=unit))
    before = find_ballot(context, unit, number)
    _check_repeatable(before)
    closes = arguments.integer("closes")
    _check_times(context, context.time_ms, closes)
    following = next_number(context, unit)
    ballot = Ballot(
        unit,
        following,
        _next_terms(before, arguments.texts("options")),
        STATE_OPEN,
        context.time_ms,
        closes,
        context.sender.id,
        context.height,
        context.time_ms,
        before.round_number + 1,
        before.first or before.number,
        before.number,
        roll=before.roll,
    )
    timer = set_timer(context, closes, CLOSE_PURPOSE, _named(ballot))
    store_ballot(context, changed(ballot, timer=timer))
    store_ballot(context, changed(before, following=following))
    context.emit("ballots.opened", {"number": following, "round": ballot.round_number, "unit": unit})


def cancel(context: Context, arguments: Arguments) -> None:
    """End a ballot without a result, with the reason; what was cast stays where it is."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    require(context, Subject(unit=unit))
    ballot = find_ballot(context, unit, number)
    if ballot.state not in (STATE_PREPARING, STATE_OPEN, STATE_COUNTING):
        raise Refusal(*NOT_OPEN, unit=unit, number=number, state=ballot.state)
    if ballot.timer:
        cancel_timer(context, ballot.timer)
    reason = arguments.text("reason")
    store_ballot(context, changed(ballot, state=STATE_CANCELLED, reason=reason, timer=""))
    context.emit("ballots.cancelled", {"number": number, "reason": reason, "unit": unit})


def _check_times(context: Context, opens: int, closes: int) -> None:
    if closes < opens + VOTING_MS_MIN or closes > context.time_ms + DAYS_MAX * DAY_MS:
        raise Refusal(*TIMES, closes=closes, least=VOTING_MS_MIN, days=DAYS_MAX)


def _check_repeatable(ballot: Ballot) -> None:
    outcome = ballot.result["outcome"] if ballot.result is not None else ""
    assert isinstance(outcome, str)
    if ballot.state != STATE_CLOSED or outcome not in UNDECIDED or ballot.roll is None:
        raise Refusal(*NOT_AGAIN, number=ballot.number, state=ballot.state, outcome=outcome or "-")
    if ballot.following:
        raise Refusal(*AGAIN_ALREADY, number=ballot.number, next=ballot.following)
    if ballot.round_number >= ROUNDS_MAX:
        raise Refusal(*ROUNDS_FULL, round=ballot.round_number)


def _next_terms(before: Ballot, wanted: list[str]) -> Terms:
    """The terms of the next round: the tied for the seats that are left, or whoever was not elected.

    A surplus is not asked of a further round: those who stood are fewer by now.
    """
    terms, result = before.terms, before.result
    if terms.method == YES_NO or result is None or result["outcome"] not in (TIED, SHORT, ELECTED):
        standing, seats = list(terms.options), terms.seats
    else:
        standing = _texts(result.get("tied")) or [
            one for one in terms.options if one not in _texts(result.get("elected"))
        ]
        left = result.get("seats_left", 0)
        assert isinstance(left, int)
        seats = min(left, len(standing))
    for one in wanted:
        if one not in standing:
            raise Refusal(*UNKNOWN_OPTION, option=one, options=", ".join(standing))
    options = tuple(one for one in standing if not wanted or one in wanted)
    titles = tuple(terms.titles[terms.options.index(one)] for one in options) if terms.titles else ()
    seats = min(seats, len(options))
    choices_max = min(terms.choices_max, seats) if terms.choices_max else 0
    return replace(terms, options=options, titles=titles, seats=seats, choices_max=choices_max, surplus="")


def _texts(value: Value) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _named(ballot: Ballot) -> dict[str, Value]:
    return {"number": ballot.number, "unit": ballot.unit}
