"""How many hold an office of a unit now: the denominator of quorums and majorities, exact at every moment.

Owns the record `role-count/<unit>/<role>`: how many offices were given and not ended, and when the terms among them run
out. A term that has run out is not counted from that very millisecond on, without anything being written. Never looks
at offices themselves. Invariants: `ends` ascends, each end once, with a number of at least 1; the sum of these numbers
is at most `count`. Source: docs/reference/units.md, "Counting".
"""

from typing import TYPE_CHECKING, NamedTuple

from contracts.errors import Reason, Refusal
from ledger.encoding import Value

if TYPE_CHECKING:
    from contracts.run_context import RunContext

KIND_ROLE_COUNT = "role-count"
# Different moments at which running terms of one office of one unit end: the terms of a body end together, and where
# everybody has a term of their own, these are a year's days in which somebody starts. 256 take 4 KiB.
ENDS_MAX = 256

ENDS_TOO_MANY = Reason(
    "units.terms-too-many",
    "the terms of {role} in the unit {unit} would end at more than {limit} different moments; let several end together",
)


class _Counted(NamedTuple):
    """So many offices were `given`; those in `ends` (end in ms, number) have a term."""

    given: int
    ends: dict[int, int]

    def running(self, time_ms: int) -> "_Counted":
        """What is left of it at this time."""
        over = sum(number for end, number in self.ends.items() if end <= time_ms)
        return _Counted(self.given - over, {end: number for end, number in self.ends.items() if end > time_ms})


def role_count(context: "RunContext", unit: str, role: str) -> int:
    """How many hold the office `role` of the unit now in their own right; delegated ones do not count. One read.

    What was counted in a unit that is dissolved or merged says nothing any more.
    """
    return _read(context, unit, role).running(context.time_ms).given


def count_office(context: "RunContext", unit: str, role: str, until_ms: int | None) -> None:
    """One more holds the office, until then or for an indefinite time. A term that is over already is not counted.

    Raises:
        Refusal: `units.terms-too-many`.
    """
    count, ends = _read(context, unit, role).running(context.time_ms)
    if until_ms is not None:
        if until_ms <= context.time_ms:
            return
        ends[until_ms] = ends.get(until_ms, 0) + 1
        if len(ends) > ENDS_MAX:
            raise Refusal(*ENDS_TOO_MANY, unit=unit, role=role, limit=ENDS_MAX)
    _write(context, unit, role, _Counted(count + 1, ends))


def uncount_office(context: "RunContext", unit: str, role: str, until_ms: int | None) -> None:
    """One less holds the office that was counted with this end. A term that is over is not counted any more anyway."""
    count, ends = _read(context, unit, role).running(context.time_ms)
    if until_ms is not None:
        if until_ms <= context.time_ms:
            return
        ends[until_ms] -= 1
        if not ends[until_ms]:
            del ends[until_ms]
    assert count >= 1, "an office was counted when it was given"
    _write(context, unit, role, _Counted(count - 1, ends))


def _read(context: "RunContext", unit: str, role: str) -> _Counted:
    record = context.read(KIND_ROLE_COUNT, f"{unit}/{role}")
    if record is None:
        return _Counted(0, {})
    count, listed = record.fields["count"], record.fields["ends"]
    assert isinstance(count, int) and isinstance(listed, list)
    ends: dict[int, int] = {}
    for item in listed:
        assert isinstance(item, list)
        end, number = item
        assert isinstance(end, int) and isinstance(number, int)
        ends[end] = number
    return _Counted(count, ends)


def _write(context: "RunContext", unit: str, role: str, counted: _Counted) -> None:
    ends: list[Value] = [[end, number] for end, number in sorted(counted.ends.items())]
    fields: dict[str, Value] = {"count": counted.given, "ends": ends, "role": role, "unit": unit}
    context.put(KIND_ROLE_COUNT, f"{unit}/{role}", fields)
