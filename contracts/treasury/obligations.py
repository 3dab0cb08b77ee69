"""What is owed and what was entered in a unit, as a statement of a bank is compared with it.

Pure: read from the books, the roll, the open sheets and the journal, of whatever answers for the records. Never writes.
"""

from dataclasses import dataclass, field

from contracts.packs.in_force import newest_sections
from contracts.packs.sections.dues import SECTION_DUES, DuesTable
from contracts.record_source import RecordSource
from contracts.treasury.books import KIND_BOOKS, Books
from contracts.treasury.entry import KIND_ENTRY, PAYMENT, Entry
from contracts.treasury.month import Month
from contracts.treasury.roll import KIND_ROLL, Roll
from contracts.treasury.sheet import KIND_SHEET, Sheet, sheet_id
from contracts.treasury.terms import Terms


@dataclass(slots=True)
class Entered:
    """Money that an entry brought into, or took out of, an account on a day: `amount` in fen, with its sign.

    `reference` as it was entered, empty if it was not; `person` where the entry names one.
    """

    entry: int
    date: str
    money: str
    amount: int
    person: str
    reference: str
    is_used: bool = False


@dataclass(slots=True)
class Obligations:
    """A unit's side: by person the open months in order, with what is open on each; and what was entered already."""

    unit: str
    terms: Terms
    open: dict[str, list[tuple[Month, int]]] = field(default_factory=dict)
    entered: list[Entered] = field(default_factory=list)


def obligations_of(source: RecordSource, unit: str) -> Obligations | None:
    """What is owed and entered in a unit; None if it keeps no books.

    Cost: reads the roll, the sheets that are not settled, and the journal.
    """
    record = source.find(KIND_BOOKS, unit)
    if record is None:
        return None
    books = Books.from_fields(record.fields)
    found = Obligations(unit, _terms(source, books.pack))
    for one in source.of_unit(KIND_ROLL, unit):
        roll = Roll.from_fields(one.record.fields)
        found.open |= {person: [] for person in roll.members}
        for month in books.open.get(roll.number, []):
            sheet_record = source.find(KIND_SHEET, sheet_id(unit, month, roll.number))
            if sheet_record is not None:
                for person, line in Sheet.from_fields(sheet_record.fields).lines.items():
                    if line.open:
                        found.open.setdefault(person, []).append((month, line.open))
    for one in source.of_unit(KIND_ENTRY, unit):
        found.entered += _entered(Entry.from_fields(one.record.fields), books)
    return found


def _terms(source: RecordSource, pack: str) -> Terms:
    """The newest terms of the pack; where it has none any more, those that hold without one."""
    for one in newest_sections(source, SECTION_DUES):
        if one.pack == pack and isinstance(one.section, DuesTable):
            return Terms(one.section)
    return Terms(DuesTable({}, {}))


def _entered(entry: Entry, books: Books) -> list[Entered]:
    if "reversed_by" in entry.more or entry.what == "reversal":
        return []
    moved = {code: amount for code, amount in entry.lines.items() if books.accounts[code].type == "money"}
    reference, person = entry.more.get("reference"), entry.more.get("person")
    whole = reference if isinstance(reference, str) else ""
    if entry.what != PAYMENT:
        named = person if isinstance(person, str) else ""
        return [Entered(entry.number, entry.date, code, amount, named, whole) for code, amount in moved.items()]
    paid: dict[str, int] = {}
    for effect in entry.effects:
        paid[effect.person] = paid.get(effect.person, 0) + effect.amount
    references = entry.more.get("references")
    own = references if isinstance(references, dict) else {}
    (money,) = moved
    return [
        Entered(entry.number, entry.date, money, amount, one, str(own.get(one, whole))) for one, amount in paid.items()
    ]
