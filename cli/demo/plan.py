"""What the demonstration puts on the ledger, in which order.

Owns the transaction of each row, and the cut into parts: what builds on another line stands in a later part, so that
within a part any order will do. Invariant: all parts one after the other are the rows in the order of their files.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cli.demo.membership import FILE_NAME, MembershipEvent
from cli.demo.organisation import ROOT_UNIT, Group, Organisation
from cli.demo.recording import ACT, CREATE, KIND_CONTRIBUTOR, STATE_LEFT, transition_of


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
    """One line for each event; it expects the version of the record that the person's event before it made."""
    versions: dict[str, int] = {}
    roles: dict[str, str] = {}
    for event in events:
        record_id = f"{ROOT_UNIT}/{event.person}"
        version = versions.get(record_id, 0)
        fields: dict[str, Any] = {"happened": event.at_ms}
        arguments: dict[str, Any] = {
            "type": KIND_CONTRIBUTOR,
            "transition": transition_of(event, roles.get(record_id)),
            "at": event.at_ms,
            "fields": fields,
            "provenance": {"file": FILE_NAME} | ({"revision": event.revision} if event.revision else {}),
        }
        if version == 0:
            arguments["unit"] = ROOT_UNIT
            fields["person"] = event.person
        else:
            arguments["id"] = record_id
        versions[record_id] = version + 1
        roles[record_id] = STATE_LEFT if event.kind == "left" else event.role
        document = {
            "op": CREATE if version == 0 else ACT,
            "args": arguments,
            "detached": {"fields.account": event.account},
            "expect": [KIND_CONTRIBUTOR, record_id, version],
        }
        yield PlannedLine(document, f"{KIND_CONTRIBUTOR}/{record_id}", f"unit/{ROOT_UNIT}")


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
