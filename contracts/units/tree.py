"""The tree of units: finding one, walking up, and the bound on its depth.

Owns the record `unit/<unit>` and what ties it to its parent. Never judges who asks. Invariants: following parents ends
at a unit without one after fewer than `DEPTH_MAX` steps; `children` counts the active units right below; `below` is at
least the number of levels under the unit, and 0 while nothing is there. Source: docs/reference/units.md, "The tree".
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from contracts.errors import Reason, Refusal
from contracts.record import Record
from ledger.encoding import Value

if TYPE_CHECKING:
    from contracts.run_context import RunContext

KIND_UNIT = "unit"
STATE_ACTIVE = "active"
STATE_MERGED = "merged"
STATE_DISSOLVED = "dissolved"

# Levels, the topmost one included: a nation's organisation has six or seven. It bounds every walk up.
DEPTH_MAX = 12
# Right below one unit; more belong under a level in between.
CHILDREN_MAX = 100_000

NOT_FOUND = Reason("units.not-found", "there is no unit {unit}; create it first, or see `list unit` for what there is")
NOT_ACTIVE = Reason("units.not-active", "the unit {unit} is {state}; nothing more happens in it")
RING = Reason("units.ring", "the unit {unit} cannot go under {parent}, which is itself or below it")
TOO_DEEP = Reason("units.too-deep", "under {parent}, the unit {unit} would make the tree deeper than {limit} levels")
CHILDREN_TOO_MANY = Reason(
    "units.children-too-many", "the unit {unit} has {count} units below it, the most there can be"
)

TREE_REASONS = (NOT_FOUND, NOT_ACTIVE, RING, TOO_DEEP, CHILDREN_TOO_MANY)


def unit_subject(unit: str) -> str:
    """The subject in whose chain everything that concerns the unit is linked."""
    return f"unit/{unit}"


def find_unit(context: "RunContext", unit: str) -> Record:
    """The unit's record, whatever its state.

    Raises:
        Refusal: `units.not-found`.
    """
    record = context.read(KIND_UNIT, unit)
    if record is None:
        raise Refusal(*NOT_FOUND, unit=unit)
    return record


def active_unit(context: "RunContext", unit: str) -> Record:
    """The record of a unit in which things can happen.

    Raises:
        Refusal: `units.not-found` or `units.not-active`.
    """
    record = find_unit(context, unit)
    state = record.fields["state"]
    assert isinstance(state, str)
    if state != STATE_ACTIVE:
        raise Refusal(*NOT_ACTIVE, unit=unit, state=state)
    return record


def is_active(context: "RunContext", unit: str) -> bool:
    """Whether there is such a unit and it is active; one read."""
    content = context.content(KIND_UNIT, unit)
    return content is not None and _state(content) == STATE_ACTIVE


# The units in which something happens within an hour.
@lru_cache(maxsize=4096)
def _state(content: bytes) -> Value:
    """The state in the bytes of a unit's record."""
    return Record.decode_own(content).fields["state"]


def parent_of(context: "RunContext", unit: str) -> str | None:
    """The unit right above; None at the top, or where there is no such unit. One read."""
    record = context.read(KIND_UNIT, unit)
    parent = None if record is None else record.fields.get("parent")
    assert parent is None or isinstance(parent, str)
    return parent


def units_above(context: "RunContext", unit: str) -> Iterator[str]:
    """All units above, the parent first; a read for each, made when it is asked for."""
    above = parent_of(context, unit)
    while above is not None:
        yield above
        above = parent_of(context, above)


def top_unit(context: "RunContext", unit: str) -> str:
    """The topmost unit above, or the unit itself where none is; a read for each level."""
    for above in units_above(context, unit):
        unit = above
    return unit


def check_place(context: "RunContext", unit: str, parent: str, levels: int) -> None:
    """Refuse to hang a unit with `levels` levels under it below `parent`.

    Raises:
        Refusal: `units.ring` or `units.too-deep`.
    """
    above = [parent, *units_above(context, parent)]
    if unit in above:
        raise Refusal(*RING, unit=unit, parent=parent)
    if len(above) + 1 + levels > DEPTH_MAX:
        raise Refusal(*TOO_DEEP, unit=unit, parent=parent, limit=DEPTH_MAX)


def add_child(context: "RunContext", parent: str, levels: int) -> None:
    """Count one more active unit right below `parent`, itself with `levels` levels under it; as many writes as needed.

    Raises:
        Refusal: `units.children-too-many`.
    """
    fields = active_unit(context, parent).fields
    count = children_of(fields)
    if count >= CHILDREN_MAX:
        raise Refusal(*CHILDREN_TOO_MANY, unit=parent, count=count)
    below = max(levels_below(fields), levels + 1)
    context.put(KIND_UNIT, parent, fields | {"below": below, "children": count + 1})
    for above in units_above(context, parent):
        below += 1
        fields = find_unit(context, above).fields
        if levels_below(fields) >= below:
            return
        context.put(KIND_UNIT, above, fields | {"below": below})


def remove_child(context: "RunContext", parent: str) -> None:
    """Count one active unit less right below `parent`; with the last one, nothing is below it any more."""
    fields = find_unit(context, parent).fields
    count = children_of(fields) - 1
    assert count >= 0, "a unit that was counted is taken off once"
    context.put(KIND_UNIT, parent, fields | {"below": levels_below(fields) if count else 0, "children": count})


def children_of(fields: dict[str, Value]) -> int:
    """How many active units are right below the unit with these fields."""
    count = fields["children"]
    assert isinstance(count, int)
    return count


def levels_below(fields: dict[str, Value]) -> int:
    """At least as many as there are levels of active units under the unit with these fields."""
    below = fields["below"]
    assert isinstance(below, int)
    return below
