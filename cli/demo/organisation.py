"""The groups of the demonstration's organisation, who leads them, and when they meet.

Owns reading the three files and the ids of units; never talks to a node. What people wrote about when they meet stays
the text that it is. A data set may lack these files: then there are no groups.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from cli.demo.membership import pseudonym
from cli.demo.rows import BadRowError, read_rows
from cli.errors import UsageError

GROUPS_FILE = "groups.csv"
ROLES_FILE = "group_roles.csv"
MEETINGS_FILE = "meetings.csv"
# The organisation itself: the parent of groups that have no other.
ROOT_UNIT = "kubernetes"

Entry = TypeVar("Entry")


class Group(NamedTuple):
    """A group: its unit and its parent's, as the ledger names them."""

    unit: str
    kind: str
    name: str
    parent: str


class GroupRole(NamedTuple):
    """Who leads a group, as what."""

    unit: str
    role: str
    account: str

    @property
    def person(self) -> str:
        """The pseudonym on the ledger."""
        return pseudonym(self.account)


class Meeting(NamedTuple):
    """A regular meeting in people's own words."""

    unit: str
    title: str
    day: str
    clock: str
    zone: str
    frequency: str


class Organisation(NamedTuple):
    """Groups (each after its parent), roles, meetings."""

    groups: tuple[Group, ...]
    roles: tuple[GroupRole, ...]
    meetings: tuple[Meeting, ...]


def read_organisation(folder: Path) -> Organisation:
    """What the folder tells of groups.

    Raises:
        UsageError: a row that cannot be used, or that is about a group that there is not.
    """
    groups = _read(folder / GROUPS_FILE, ("group", "kind", "name", "parent"), _group)
    roles = _read(folder / ROLES_FILE, ("group", "role", "member"), _role)
    meetings = _read(folder / MEETINGS_FILE, ("group", "title", "day", "time", "timezone", "frequency"), _meeting)
    known = {ROOT_UNIT}
    for group in groups:
        if group.parent not in known:
            raise UsageError(
                "{path}: the parent {parent} of {unit} is not in a row before it; list parents first",
                path=str(folder / GROUPS_FILE),
                parent=group.parent,
                unit=group.unit,
            )
        known.add(group.unit)
    for file, unit in [(ROLES_FILE, role.unit) for role in roles] + [(MEETINGS_FILE, one.unit) for one in meetings]:
        if unit not in known:
            raise UsageError(
                "{path} is about the group {unit}, which {groups} does not have",
                path=str(folder / file),
                unit=unit,
                groups=GROUPS_FILE,
            )
    return Organisation(tuple(groups), tuple(roles), tuple(meetings))


def _read(path: Path, columns: tuple[str, ...], make: Callable[[dict[str, str]], Entry]) -> list[Entry]:
    return read_rows(path, columns, make) if path.exists() else []


def unit_of(group: str) -> str:
    """The unit's id: as the group's, with hyphens for spaces, which no id has."""
    return group.replace(" ", "-")


def _group(row: dict[str, str]) -> Group:
    _demand(row, "group", "kind", "name", "parent")
    return Group(unit_of(row["group"]), row["kind"], row["name"], unit_of(row["parent"]))


def _role(row: dict[str, str]) -> GroupRole:
    _demand(row, "group", "role", "member")
    # As the pack writes names of roles.
    return GroupRole(unit_of(row["group"]), row["role"].replace("_", "-"), row["member"])


def _meeting(row: dict[str, str]) -> Meeting:
    _demand(row, *row)
    return Meeting(unit_of(row["group"]), row["title"], row["day"], row["time"], row["timezone"], row["frequency"])


def _demand(row: dict[str, str], *columns: str) -> None:
    for column in columns:
        if not row[column]:
            raise BadRowError(column)
