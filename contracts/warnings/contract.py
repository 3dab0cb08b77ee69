"""The contract `warnings`: timers that look for what packs warn of. It has no operations: what they open are cases.

Owns the registration. Source: docs/reference/indices.md, "Warnings"; docs/adr/0027-indices-and-warnings.md.
"""

from contracts.cases.case import BORROWED_FOR_CASES, BORROWED_TIMERS_FOR_CASES
from contracts.contract import Contract, TimerHandler
from contracts.warnings.names import (
    EVENT_BEGUN,
    EVENT_DONE,
    EVENT_ENDED,
    EVENT_OPENED,
    KIND_WARNING,
    KIND_WATCH,
    PURPOSE_BEGIN,
    PURPOSE_PERIOD,
    PURPOSE_SWEEP,
)
from contracts.warnings.sweeping import begin, sweep, warn_of_period

_NAME = "warnings"

WARNINGS = Contract(
    name=_NAME,
    summary="What the ledger warns of by itself: terms that end, plans that were not kept, dues that are late",
    kinds=frozenset((KIND_WARNING, KIND_WATCH)),
    events=frozenset((EVENT_BEGUN, EVENT_DONE, EVENT_ENDED, EVENT_OPENED)),
    reasons=(),
    operations=(),
    borrowed_kinds=BORROWED_FOR_CASES,
    borrowed_timers=BORROWED_TIMERS_FOR_CASES,
    timers=(
        TimerHandler(PURPOSE_BEGIN.removeprefix(f"{_NAME}."), begin),
        TimerHandler(PURPOSE_PERIOD.removeprefix(f"{_NAME}."), warn_of_period),
        TimerHandler(PURPOSE_SWEEP.removeprefix(f"{_NAME}."), sweep),
    ),
)
