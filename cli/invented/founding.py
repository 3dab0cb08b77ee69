"""How an invented organisation begins: its units, its people, its offices, its roster.

Owns the steps until everybody who is a member is one on the ledger. Members who hold no office have no key of their
own: they are enrolled, and others record what concerns them, as where most have no computer.
"""

from collections.abc import Iterator

from cli.invented.invention import Invention
from cli.invented.people import InventedMember
from cli.invented.step import ADMINISTRATOR, Step
from cli.invented.tree import COMMITTEE, ORGANISER, SECRETARY, TREASURER, Branch, Tree
from contracts.calendar.dates import Day, day_of
from ledger.encoding import Value

PACK = "party-branch"
TYPE_MEMBER = "party-member"
ROLE_OFFICER = "officer"
# Who has a key.
_SIGNING = (SECRETARY, TREASURER, ORGANISER)


def founding(tree: Tree, wish: Invention, parts: Iterator[int]) -> Iterator[Step]:
    """Units, people, offices, then the roster of each branch as of the first day."""
    day = day_of(wish.first_year, 1, 1)
    yield from _units(tree, day, parts)
    yield from _people(tree, day, next(parts))
    part = next(parts)
    for general in tree.general_branches:
        yield _appointed(part, day, general.unit, ROLE_OFFICER, general.officer)
    for branch in tree.branches:
        for role, person in branch.offices:
            yield _appointed(part, day, branch.unit, role, person)
    part = next(parts)
    for branch in tree.branches:
        for member in branch.members:
            yield _registered(part, day, branch, member)


def _units(tree: Tree, day: Day, parts: Iterator[int]) -> Iterator[Step]:
    yield _created(next(parts), day, COMMITTEE, "committee", "Committee / 党委", None)
    part = next(parts)
    for general in tree.general_branches:
        yield _created(part, day, general.unit, "general-branch", general.name, COMMITTEE)
    part = next(parts)
    for branch in tree.branches:
        yield _created(part, day, branch.unit, "branch", branch.name, branch.above.unit)


def _created(part: int, day: Day, unit: str, kind: str, name: str, parent: str | None) -> Step:
    arguments: dict[str, Value] = {"unit": unit, "kind": kind, "name": name}
    if parent is not None:
        arguments["parent"] = parent
    return Step(part, day, ADMINISTRATOR, "units.create", arguments)


def _people(tree: Tree, day: Day, part: int) -> Iterator[Step]:
    signing = {general.officer for general in tree.general_branches}
    signing |= {branch.members[place].person for branch in tree.branches for place in _SIGNING}
    everybody = [general.officer for general in tree.general_branches]
    everybody += [member.person for branch in tree.branches for member in branch.members]
    for person in everybody:
        proves = person if person in signing else ""
        yield Step(part, day, ADMINISTRATOR, "members.enrol", {"person": person}, proves=proves)


def _appointed(part: int, day: Day, unit: str, role: str, person: str) -> Step:
    return Step(part, day, ADMINISTRATOR, "units.appoint", {"unit": unit, "role": role, "person": person})


def _registered(part: int, day: Day, branch: Branch, member: InventedMember) -> Step:
    """The secretary takes a member over from the paper roster, and the officer above signs along."""
    fields: dict[str, Value] = {
        "person": member.person,
        "since": day,
        "joined_on": member.joined_on,
        "full_on": member.full_on,
        "dues_until": day,
        "life_on": day,
        "work_on": day,
    }
    arguments: dict[str, Value] = {
        "type": TYPE_MEMBER,
        "unit": branch.unit,
        "transition": "register",
        "fields": fields,
    }
    signers = (branch.above.officer,)
    return Step(part, day, branch.secretary, "records.create", arguments, signers, {"contact": member.name})
