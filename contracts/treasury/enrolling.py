"""Who owes dues in a unit, by which category and on which base, from a day on.

Owns the operations `treasury.standing` and `.standings`. Never assesses anybody: what is said of a day in the past
counts for months that are not assessed yet. Invariant: nobody on the roll changes by their own office what they owe.
Source: docs/reference/treasury.md, "The roll".
"""

from contracts.arguments import Arguments
from contracts.authority.actor import ROLE, Actor
from contracts.authority.judgement import Subject, require
from contracts.calendar.dates import Day, parse_date
from contracts.context import Context
from contracts.errors import Refusal
from contracts.members.person import find_person
from contracts.packs.sections.dues import Category, Rates
from contracts.treasury.arguments import integer_of, text_of
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.reasons import (
    AMOUNT_RANGE,
    BASE_NOT_WANTED,
    BASE_WANTED,
    LINE_TWICE,
    OWN_STANDING,
    PERSON_UNKNOWN,
    ROLL_FULL,
)
from contracts.treasury.roll import MEMBERS_MAX, SHEETS_MAX, Member, Roll
from contracts.units.tree import active_unit

STANDING_SET = "treasury.standing-set"
# With the unit and the sender, as many as one transaction may be linked to.
PEOPLE_LINKED_MAX = 30


def set_standing(context: Context, arguments: Arguments) -> None:
    """Put somebody on the roll, change what their dues are computed from, or, without a category, end it."""
    unit, person, start = arguments.text("unit"), arguments.text("person"), arguments.text("from")
    active_unit(context, unit)
    actor = require(context, Subject(unit, person))
    work = Bookkeeping(context, unit)
    _check_change(work, actor, person)
    day = parse_date(start)
    category = text_of(arguments, "category")
    if category is None:
        roll, member = work.member(person)
        member.leave(start)
        work.touch(roll)
    else:
        _stand(work, person, day, start, category, integer_of(arguments, "base"))
    work.finish()
    link_people(context, [person])
    context.emit(STANDING_SET, {"count": 1, "from": start, "unit": unit})


def set_standings(context: Context, arguments: Arguments) -> None:
    """Do the same for up to a sheet of people at once."""
    unit, start = arguments.text("unit"), arguments.text("from")
    active_unit(context, unit)
    actor = require(context, Subject(unit))
    work = Bookkeeping(context, unit)
    day = parse_date(start)
    people: list[str] = []
    rows = arguments.value("lines")
    assert isinstance(rows, list)
    for row in rows:
        person, category, base = [*row, None][:3]  # type: ignore[misc]
        assert isinstance(person, str) and isinstance(category, str) and (base is None or isinstance(base, int))
        if person in people:
            raise Refusal(*LINE_TWICE, person=person)
        people.append(person)
        _check_change(work, actor, person)
        _stand(work, person, day, start, category, base)
    work.finish()
    link_people(context, people)
    context.emit(STANDING_SET, {"count": len(people), "from": start, "unit": unit})


def link_people(context: Context, people: list[str]) -> None:
    """Hang the transaction on the chains of these people, unless they are more than one can hang on."""
    if len(people) <= PEOPLE_LINKED_MAX:
        for person in people:
            context.link(f"person/{person}")


def check_not_own(context: Context, actor: Actor, unit: str, person: str) -> None:
    """Let nobody touch by an office of theirs what they themselves owe.

    Raises:
        Refusal: `treasury.own-standing`.
    """
    if actor.kind == ROLE and context.sender.person == person:
        raise Refusal(*OWN_STANDING, unit=unit, person=person)


def _check_change(work: Bookkeeping, actor: Actor, person: str) -> None:
    """As above; but a treasurer who is not on the roll yet puts themselves on it with everybody else."""
    if work.find_member(person) is not None:
        check_not_own(work.context, actor, work.unit, person)


def _stand(work: Bookkeeping, person: str, day: Day, start: str, name: str, base: int | None) -> None:
    category, rates = work.terms.category(name, day)
    _check_base(person, category, rates, base)
    found = work.find_member(person)
    if found is None:
        if find_person(work.context, person) is None:
            raise Refusal(*PERSON_UNKNOWN, person=person)
        roll = _roll_with_room(work)
        member = roll.members[person] = Member()
    else:
        roll, member = found
    member.stand(start, name, base)
    work.touch(roll)


def _check_base(person: str, category: Category, rates: Rates, base: int | None) -> None:
    if rates.bands:
        if base is None:
            raise Refusal(*BASE_WANTED, person=person, category=category.name)
    elif rates.is_fixed:
        if base is not None:
            raise Refusal(*BASE_NOT_WANTED, category=category.name)
    elif base is None or not rates.least <= base <= rates.most:
        raise Refusal(*AMOUNT_RANGE, category=category.name, least=rates.least, most=rates.most)


def _roll_with_room(work: Bookkeeping) -> Roll:
    for number in range(1, work.books.rolls + 1):
        roll = work.roll(number)
        if len(roll.members) < MEMBERS_MAX:
            return roll
    if work.books.rolls >= SHEETS_MAX:
        raise Refusal(*ROLL_FULL, unit=work.unit, count=MEMBERS_MAX * SHEETS_MAX)
    return work.new_roll()
