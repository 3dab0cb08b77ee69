"""What the demonstration puts on the ledger, in which order.

Owns the transaction of each row, and the cut into parts: what builds on another line stands in a later part, so that
within a part any order will do. Invariant: all parts one after the other are the rows in the order of their files.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cli.demo.membership import MembershipEvent
from cli.demo.organisation import ROOT_UNIT, Group, Organisation
from contracts.membership import KIND_MEMBERSHIP, membership_id

_OPERATIONS = {"joined": "membership.join", "left": "membership.leave", "role": "membership.role"}


class PlannedLine(NamedTuple):
    """A line of a batch file; `makes` is what later lines can need, such as `unit/sig-docs`."""

    document: dict[str, Any]
    makes: str
    needs: str


def plan_import(events: Iterable[MembershipEvent], organisation: Organisation) -> list[list[PlannedLine]]:
    """The parts of the import: groups, level by level, then the events in order, offices and meetings last."""
    lines = [_created(Group(ROOT_UNIT, "organisation", ROOT_UNIT, ""))]
    lines += map(_created, sorted(organisation.groups, key=lambda group: group.unit.count("/")))
    lines += _events(events)
    lines += _offices_and_meetings(organisation)
    return list(_cut(lines))


def _cut(lines: Iterable[PlannedLine]) -> Iterator[list[PlannedLine]]:
    part: list[PlannedLine] = []
    made: set[str] = set()
    for line in lines:
        if line.makes in made or line.needs in made:
            yield part
            part, made = [], set()
        part.append(line)
        made.add(line.makes)
    if part:
        yield part


def _created(group: Group) -> PlannedLine:
    arguments = {"unit": group.unit, "kind": group.kind, "name": group.name}
    if group.parent:
        arguments["parent"] = group.parent
    document = {"op": "units.create", "args": arguments, "expect": ["unit", group.unit, 0]}
    return PlannedLine(document, f"unit/{group.unit}", f"unit/{group.parent}")


def _events(events: Iterable[MembershipEvent]) -> Iterator[PlannedLine]:
    """One line for each event; it expects the version of the membership that the person's event before it made."""
    versions: dict[str, int] = {}
    for event in events:
        arguments: dict[str, Any] = {
            "unit": ROOT_UNIT,
            "person": event.person,
            "at": event.at_ms,
            "body": {"account": event.account, "revision": event.revision},
        }
        if event.kind != "left":
            arguments["role"] = event.role
        record_id = membership_id(ROOT_UNIT, event.person)
        version = versions.get(record_id, 0)
        versions[record_id] = version + 1
        expect = [KIND_MEMBERSHIP, record_id, version]
        document = {"op": _OPERATIONS[event.kind], "args": arguments, "expect": expect}
        yield PlannedLine(document, f"{KIND_MEMBERSHIP}/{record_id}", f"unit/{ROOT_UNIT}")


def _offices_and_meetings(organisation: Organisation) -> Iterator[PlannedLine]:
    for role in organisation.roles:
        arguments: dict[str, Any] = {
            "unit": role.unit,
            "role": role.role,
            "person": role.person,
            "body": {"account": role.account},
        }
        makes = f"office/{role.unit}/{role.role}/{role.person}"
        yield PlannedLine({"op": "units.appoint", "args": arguments}, makes, f"unit/{role.unit}")
    for meeting in organisation.meetings:
        makes = f"meeting/{meeting.unit}/{meeting.title}"
        yield PlannedLine({"op": "units.schedule", "args": meeting._asdict()}, makes, f"unit/{meeting.unit}")
