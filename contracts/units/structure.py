"""The operations on units themselves: create, rename, move, merge, dissolve.

Owns the operations and what they report; the tree's invariants are kept by `contracts.units.tree`. Never removes a unit
and never gives it another id. Invariants: a unit that is merged or dissolved stays so, has no active unit below it, and
is in no count of its parent; who changes several units at once needs the right in each, and at the top where one goes
to or comes from there.
Source: docs/reference/units.md, "Operations".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.units.tree import (
    KIND_UNIT,
    STATE_ACTIVE,
    STATE_DISSOLVED,
    STATE_MERGED,
    active_unit,
    add_child,
    check_place,
    children_of,
    levels_below,
    remove_child,
    unit_subject,
)
from ledger.encoding import Value

EXISTS = Reason("units.exists", "there is a unit {unit} already; a unit that is over keeps its id too")
SAME_PLACE = Reason("units.same-place", "the unit {unit} is there already")
SAME_NAME = Reason("units.same-name", "the unit {unit} has this name already")
INTO_ITSELF = Reason("units.into-itself", "the unit {unit} cannot be merged into itself")
HAS_CHILDREN = Reason(
    "units.has-children", "there are {count} active units below {unit}; move, merge or dissolve them first"
)

STRUCTURE_REASONS = (EXISTS, SAME_PLACE, SAME_NAME, INTO_ITSELF, HAS_CHILDREN)
STRUCTURE_EVENTS = frozenset(("units.created", "units.renamed", "units.moved", "units.merged", "units.dissolved"))


def create(context: Context, arguments: Arguments) -> None:
    """Create a unit, under a parent or at the top; who may is asked with regard to the parent."""
    unit = arguments.text("unit")
    parent = arguments.text("parent") if "parent" in arguments else None
    require(context, Subject(unit=parent))
    if context.read(KIND_UNIT, unit) is not None:
        raise Refusal(*EXISTS, unit=unit)
    fields: dict[str, Value] = {
        "below": 0,
        "children": 0,
        "height": context.height,
        "kind": arguments.text("kind"),
        "meetings": 0,
        "name": arguments.text("name"),
        "state": STATE_ACTIVE,
        "time": context.time_ms,
        "unit": unit,
    }
    context.link(unit_subject(unit))
    if parent is not None:
        active_unit(context, parent)
        check_place(context, unit, parent, 0)
        add_child(context, parent, 0)
        fields["parent"] = parent
        context.link(unit_subject(parent))
    context.create(KIND_UNIT, unit, fields)
    context.emit("units.created", {"unit": unit})


def rename(context: Context, arguments: Arguments) -> None:
    """Give a unit another name; its id stays."""
    unit, name = arguments.text("unit"), arguments.text("name")
    fields = active_unit(context, unit).fields
    require(context, Subject(unit=unit))
    if fields["name"] == name:
        raise Refusal(*SAME_NAME, unit=unit)
    context.put(KIND_UNIT, unit, fields | {"name": name})
    context.link(unit_subject(unit))
    context.emit("units.renamed", {"unit": unit})


def move(context: Context, arguments: Arguments) -> None:
    """Hang a unit, with all below it, under another parent, or put it at the top."""
    unit = arguments.text("unit")
    parent = arguments.text("parent") if "parent" in arguments else None
    fields = active_unit(context, unit).fields
    before = fields.get("parent")
    assert before is None or isinstance(before, str)
    # Asked on both sides, and in the unit itself: nobody is drawn away, or given up, by one of them alone.
    for one in (unit, before, parent):
        require(context, Subject(unit=one))
    if parent == before:
        raise Refusal(*SAME_PLACE, unit=unit)
    levels = levels_below(fields)
    if parent is not None:
        active_unit(context, parent)
        check_place(context, unit, parent, levels)
    context.link(unit_subject(unit))
    if before is not None:
        remove_child(context, before)
        context.link(unit_subject(before))
    if parent is not None:
        add_child(context, parent, levels)
        context.link(unit_subject(parent))
    # The new parent's chain of parents does not go through this unit, so its own record is as it was read.
    after = {name: value for name, value in fields.items() if name != "parent"}
    context.put(KIND_UNIT, unit, after if parent is None else after | {"parent": parent})
    context.emit("units.moved", {"unit": unit})


def merge(context: Context, arguments: Arguments) -> None:
    """End a unit in favour of another one; its offices are held no more, and nothing moves by itself."""
    unit, successor = arguments.text("unit"), arguments.text("into")
    if unit == successor:
        raise Refusal(*INTO_ITSELF, unit=unit)
    active_unit(context, successor)
    _end(context, unit, {"state": STATE_MERGED, "successor": successor}, successor)
    context.link(unit_subject(successor))
    context.emit("units.merged", {"into": successor, "unit": unit})


def dissolve(context: Context, arguments: Arguments) -> None:
    """End a unit; its offices are held no more."""
    unit = arguments.text("unit")
    _end(context, unit, {"state": STATE_DISSOLVED}, None)
    context.emit("units.dissolved", {"unit": unit})


def _end(context: Context, unit: str, after: dict[str, Value], successor: str | None) -> None:
    fields = active_unit(context, unit).fields
    require(context, Subject(unit=unit))
    if successor is not None:
        require(context, Subject(unit=successor))
    count = children_of(fields)
    if count:
        raise Refusal(*HAS_CHILDREN, unit=unit, count=count)
    context.link(unit_subject(unit))
    parent = fields.get("parent")
    if isinstance(parent, str):
        remove_child(context, parent)
        context.link(unit_subject(parent))
    context.put(KIND_UNIT, unit, fields | after | {"ended": context.time_ms})
