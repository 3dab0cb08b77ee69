"""Whether a transition may be taken: every condition that its definition sets, in a fixed order.

Owns the order (state, actor, fields, stay, vote, guards) and nothing that is written. Invariants: a transition that
decides on a person is asked for by a person; who may not is told so before anything of the record's content is judged;
a judgement depends on the state and the request alone. Source: docs/reference/records.md, "What is judged".
"""

from contracts.member import STATE_ACTIVE
from contracts.records.acting import acting, not_acting
from contracts.records.field_values import changed_values, check_present
from contracts.records.local_day import days_between
from contracts.records.move import Move
from contracts.records.reasons import (
    GUARD,
    MINIMUM_STAY,
    NOT_AUTOMATIC,
    NOT_PASSED,
    QUORUM,
    VOTE_MISSING,
    VOTE_UNEXPECTED,
    WRONG_STATE,
)
from contracts.records.rule_check import check_rule
from contracts.records.vote_block import vote_block
from contracts.units.role_count import role_count
from contracts.units.tree import is_active


def judge(move: Move) -> None:
    """Find out the move's acting role, values and vote, if the transition may be taken now; write nothing.

    Raises:
        Refusal: the first condition that does not hold.
    """
    _check_state(move)
    _check_actor(move)
    definition, transition = move.program.definition, move.transition
    values = {} if move.before is None else move.before.values
    move.values = changed_values(move.context, definition, transition, move.state, values, move.request.fields)
    move.vote = None
    check_present(definition, transition, move.program.needed(transition).judged, move.values)
    if transition.minimum_stay is not None:
        _check_stay(move, move.program.days(transition.minimum_stay, move.context.time_ms))
    _check_vote(move)
    for rule in transition.guards:
        check_rule(move, rule, GUARD)


def _check_state(move: Move) -> None:
    if move.state not in move.transition.from_states:
        expected = ", ".join(state or "-" for state in move.transition.from_states)
        raise move.refusal(WRONG_STATE, expected=expected)


def _check_actor(move: Move) -> None:
    transition = move.transition
    if move.asker is None:
        # What people have to decide on together, or sign for, no rule decides in their place.
        unsigned = transition.decides and not move.decided
        if unsigned or transition.review is not None or transition.vote is not None:
            raise move.refusal(NOT_AUTOMATIC)
        return
    actor = acting(move, transition.by, move.asker)
    # What somebody asked for a while ago is judged as if they asked now: who is suspended by then cannot.
    if actor is None or move.asker.state != STATE_ACTIVE:
        raise not_acting(move)
    move.actor = actor.text


def _check_stay(move: Move, needed: int) -> None:
    found = days_between(move.since_ms, move.context.time_ms, move.offset_minutes)
    if found < needed:
        raise move.refusal(MINIMUM_STAY, needed=needed, found=found, pack=move.program.pack_hex)


def _check_vote(move: Move) -> None:
    wanted = move.transition.vote
    if wanted is None:
        if "vote" in move.request.parts:
            raise move.refusal(VOTE_UNEXPECTED)
        return
    given = move.request.vote
    if given is None:
        raise move.refusal(VOTE_MISSING)
    # In a unit that is over nobody holds an office, whatever was counted.
    due = role_count(move.context, move.unit, wanted.electorate) if is_active(move.context, move.unit) else 0
    move.vote = vote_block(given, due)
    if wanted.quorum is not None:
        check_rule(move, wanted.quorum, QUORUM)
    check_rule(move, wanted.passes, NOT_PASSED)
