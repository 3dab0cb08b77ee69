"""The statement of a member: what they owed month by month, what became of it, how old what is open is.

Pure: computed from the roll, the sheets and the journal, which are compared with each other. Source:
docs/reference/treasury.md, "Statements".
"""

from collections import Counter
from dataclasses import dataclass

from contracts.record_source import RecordSource
from contracts.treasury.entry import ADVANCED, KIND_ENTRY, PAID, SETTLED, WAIVED, Effect, Entry
from contracts.treasury.month import Month, months_apart
from contracts.treasury.roll import KIND_ROLL, Member, Roll
from contracts.treasury.sheet import KIND_SHEET, Line, Sheet


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One month; `age_months`: how many months ago, where something is still open, else None."""

    month: Month
    line: Line
    age_months: int | None


@dataclass(frozen=True, slots=True)
class MemberStatement:
    """The statement; amounts in fen. `member` is None for who is not on the unit's roll.

    `entries` are those that changed something for the member or name them, in their order, each with what it did to the
    member's dues. `agrees`: what the entries did is what the sheets and the roll say.
    """

    unit: str
    person: str
    member: Member | None
    months: tuple[MonthLine, ...]
    entries: tuple[tuple[Entry, tuple[Effect, ...]], ...]
    agrees: bool

    def total(self, name: str) -> int:
        """The sum over the months of `due`, `paid`, `waived` or `open`."""
        return sum(getattr(one.line, name) for one in self.months)

    @property
    def oldest_age_months(self) -> int | None:
        """How old the oldest open dues are; None if nothing is open."""
        return max((one.age_months for one in self.months if one.age_months is not None), default=None)


def member_statement(source: RecordSource, unit: str, person: str, today: Month) -> MemberStatement:
    """The statement of a person in a unit, as of the month `today`.

    Cost: reads the unit's roll, sheets and journal.
    """
    rolls = [Roll.from_fields(found.record.fields) for found in source.of_unit(KIND_ROLL, unit)]
    member = next((roll.members[person] for roll in rolls if person in roll.members), None)
    sheets = [Sheet.from_fields(found.record.fields) for found in source.of_unit(KIND_SHEET, unit)]
    months = tuple(
        MonthLine(sheet.month, line, months_apart(sheet.month, today) if line.open else None)
        for sheet in sheets
        if (line := sheet.lines.get(person)) is not None
    )
    entries = []
    for found in source.of_unit(KIND_ENTRY, unit):
        entry = Entry.from_fields(found.record.fields)
        effects = tuple(effect for effect in entry.effects if effect.person == person)
        if effects or entry.more.get("person") == person:
            entries.append((entry, effects))
    return MemberStatement(unit, person, member, months, tuple(entries), _agree(member, months, entries))


def _agree(
    member: Member | None, months: tuple[MonthLine, ...], entries: list[tuple[Entry, tuple[Effect, ...]]]
) -> bool:
    paid: Counter[Month] = Counter()
    waived: Counter[Month] = Counter()
    advance = 0
    for entry, effects in entries:
        if "reversed_by" in entry.more:
            continue
        for effect in effects:
            if effect.what in (PAID, SETTLED):
                paid[effect.month] += effect.amount
            if effect.what == WAIVED:
                waived[effect.month] += effect.amount
            if effect.what in (ADVANCED, SETTLED):
                advance += effect.amount if effect.what == ADVANCED else -effect.amount
    lines_agree = all(one.line.paid == paid[one.month] and one.line.waived == waived[one.month] for one in months)
    return lines_agree and advance == (0 if member is None else member.advance)
