"""The contract `records`: records whose types, states and rules are a policy pack's.

Owns the declaration. Source: docs/reference/records.md.
"""

from contracts.arguments import Argument, Detached, Identifier, Integer, Text
from contracts.cases.case import BORROWED_FOR_CASES, BORROWED_TIMERS_FOR_CASES
from contracts.contract import Contract, Operation
from contracts.map_arguments import Fields, Provenance, VoteCounts
from contracts.packs.reserved import RESERVED_KINDS
from contracts.records.automatic import DEADLINE_HANDLER
from contracts.records.counters import KIND_COUNTER
from contracts.records.events import RECORDS_EVENTS
from contracts.records.identity import KIND_AND_ID_LENGTH_MAX, KIND_RECORD_COUNT
from contracts.records.operations import act, approve, create, withdraw
from contracts.records.reasons import RECORDS_REASONS
from contracts.records.sweeping import CHECK_EVENTS, CHECK_HANDLERS, KIND_CHECK
from contracts.schedule.period import BORROWED_TO_FULFIL
from contracts.units.office import BORROWED_FOR_OFFICES

NAME_LENGTH_MAX = 32
NAME_PATTERN = r"[a-z][a-z0-9-]{0,31}"
_ANYONE = ("anyone",)

_TYPE = Argument("type", Text(NAME_LENGTH_MAX, pattern=NAME_PATTERN), "ledger")
_ID = Argument("id", Identifier(KIND_AND_ID_LENGTH_MAX), "ledger")
_TRANSITION = Text(NAME_LENGTH_MAX, pattern=NAME_PATTERN)
_BROUGHT = (
    Argument("fields", Fields(), "ledger", optional=True),
    Argument("vote", VoteCounts(), "ledger", optional=True),
    Argument("at", Integer(), "ledger", optional=True),
    Argument("note", Detached(), "unit", optional=True),
    Argument("provenance", Provenance(), "ledger", optional=True),
)

RECORDS = Contract(
    name="records",
    summary="Records and their workflows, as policy packs define them",
    kinds=frozenset((KIND_CHECK, KIND_COUNTER, KIND_RECORD_COUNT)),
    borrowed_kinds=BORROWED_FOR_OFFICES | BORROWED_FOR_CASES | BORROWED_TO_FULFIL,
    borrowed_timers=BORROWED_TIMERS_FOR_CASES,
    pack_kinds_except=RESERVED_KINDS,
    events=RECORDS_EVENTS | CHECK_EVENTS,
    reasons=RECORDS_REASONS,
    timers=(DEADLINE_HANDLER, *CHECK_HANDLERS),
    operations=(
        Operation(
            "create",
            "Create a record of a kind that a pack defines",
            (
                _TYPE,
                Argument("unit", Identifier(), "ledger"),
                Argument("transition", _TRANSITION, "ledger", optional=True),
                *_BROUGHT,
            ),
            create,
            actors=_ANYONE,
            weighed_by=("type", "transition"),
        ),
        Operation(
            "act",
            "Take a transition of a record, or ask for one that needs approvals",
            (_TYPE, _ID, Argument("transition", _TRANSITION, "ledger"), *_BROUGHT),
            act,
            actors=_ANYONE,
            weighed_by=("type", "transition"),
        ),
        Operation(
            "approve",
            "Approve what waits for approvals",
            (_TYPE, _ID),
            approve,
            actors=_ANYONE,
            weighed_by=("type",),
        ),
        Operation(
            "withdraw",
            "Take back what one has asked for or approved",
            (_TYPE, _ID),
            withdraw,
            actors=_ANYONE,
            weighed_by=("type",),
        ),
    ),
)
