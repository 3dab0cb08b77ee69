"""One operation's work on the books of a unit: what it reads once, changes, and writes once at the end.

Owns the order: everything is changed in memory, and `finish` checks and writes what was touched. Never judges who asks.
Invariants: a member's line changes together with the sums of the books and the accounts, or the whole operation is
refused; the journal has an entry for every change of an account. Source: docs/reference/treasury.md.
"""

from collections.abc import Iterable

from contracts.calendar.dates import Day, parse_date
from contracts.context import Context
from contracts.errors import Refusal
from contracts.limits import RECORD_TOO_LARGE
from contracts.packs.sections.dues_parameters import REMITTED_PERCENT
from contracts.rules.arithmetic import share
from contracts.treasury.accounts import DUES_PAYABLE, DUES_REMITTED, KEPT, MONEY
from contracts.treasury.books import KIND_BOOKS, Books
from contracts.treasury.entry import (
    ADVANCED,
    EFFECTS_MAX,
    KIND_ENTRY,
    OWED,
    PAID,
    SETTLED,
    WAIVED,
    Effect,
    Entry,
    entry_id,
)
from contracts.treasury.month import Month, written
from contracts.treasury.reasons import (
    ACCOUNT_UNKNOWN,
    DATE_AHEAD,
    EFFECTS_TOO_MANY,
    ENTRY_UNKNOWN,
    NOT_ON_ROLL,
    NOT_OPEN,
    SHEET_UNKNOWN,
    UNBALANCED,
    USED_SINCE,
)
from contracts.treasury.roll import KIND_ROLL, Member, Roll, roll_id
from contracts.treasury.sheet import KIND_SHEET, Line, Sheet, sheet_id
from contracts.treasury.terms import Terms, find_terms
from contracts.units.tree import unit_subject
from ledger.encoding import Value

# What lines of rolls and sheets cost beside their bytes, in units of `contracts.work`: each is made an object when it
# is read, and looked at, added up and made a value again when it is written.
_LINE_READ_WORK = 4
_LINE_WRITTEN_WORK = 9
# Finding a line, changing it and the sums.
_LINE_CHANGED_WORK = 6


class Bookkeeping:
    """The books of one unit under work."""

    def __init__(self, context: Context, unit: str) -> None:
        """Read the books of `unit`, which is there.

        Raises:
            Refusal: `treasury.not-open`.
        """
        record = context.read(KIND_BOOKS, unit)
        if record is None:
            raise Refusal(*NOT_OPEN, unit=unit)
        self.context = context
        self.unit = unit
        self.books = Books.from_fields(record.fields)
        self._terms: Terms | None = None
        self._rolls: dict[int, Roll] = {}
        self._sheets: dict[tuple[Month, int], Sheet] = {}
        self._changed_rolls: set[int] = set()
        self._changed_sheets: set[tuple[Month, int]] = set()

    @property
    def terms(self) -> Terms:
        """What the unit's treasury goes by; read when it is asked for.

        Raises:
            Refusal: `treasury.pack-unknown`.
        """
        if self._terms is None:
            self._terms = find_terms(self.context, self.books.pack)
        return self._terms

    @property
    def today(self) -> Day:
        """The day of this block."""
        return self.terms.today(self.context.time_ms)

    def day(self, text: str | None) -> Day:
        """The day that a text names, today if there is none; not one that is still to come.

        Raises:
            Refusal: `calendar.not-a-date`, `treasury.date-ahead`.
        """
        if text is None:
            return self.today
        day = parse_date(text)
        if day > self.today:
            raise Refusal(*DATE_AHEAD, date=text)
        return day

    def money(self, code: str) -> str:
        """The account of this code, if money lies in it."""
        return self.account(code, (MONEY,))

    def account(self, code: str, types: Iterable[str]) -> str:
        """The code itself, if it is that of an account of one of these types.

        Raises:
            Refusal: `treasury.account-unknown`.
        """
        account = self.books.accounts.get(code)
        if account is None or account.type not in types:
            raise Refusal(*ACCOUNT_UNKNOWN, unit=self.unit, account=code)
        return code

    def chosen_account(self, code: str, types: Iterable[str]) -> str:
        """The code itself, if people may choose that account: one that no operation of its own posts to.

        Raises:
            Refusal: `treasury.account-unknown`.
        """
        if code in KEPT:
            raise Refusal(*ACCOUNT_UNKNOWN, unit=self.unit, account=code)
        return self.account(code, types)

    def roll(self, number: int) -> Roll:
        """A sheet of the roll.

        Raises:
            Refusal: `treasury.sheet-unknown`.
        """
        if number not in self._rolls:
            record = self.context.read(KIND_ROLL, roll_id(self.unit, number))
            if record is None:
                raise Refusal(*SHEET_UNKNOWN, unit=self.unit, sheet=number)
            roll = self._rolls[number] = Roll.from_fields(record.fields)
            self.context.add_work(len(roll.members) * _LINE_READ_WORK)
        return self._rolls[number]

    def new_roll(self) -> Roll:
        """One more sheet of the roll, empty."""
        self.books.rolls += 1
        roll = self._rolls[self.books.rolls] = Roll(self.unit, self.books.rolls)
        return roll

    def find_member(self, person: str) -> tuple[Roll, Member] | None:
        """Somebody on the roll, with their sheet; a read for each sheet of the roll."""
        for number in range(1, self.books.rolls + 1):
            roll = self.roll(number)
            if person in roll.members:
                return roll, roll.members[person]
        return None

    def member(self, person: str) -> tuple[Roll, Member]:
        """Somebody on the roll, with their sheet.

        Raises:
            Refusal: `treasury.not-on-roll`.
        """
        found = self.find_member(person)
        if found is None:
            raise Refusal(*NOT_ON_ROLL, unit=self.unit, person=person)
        return found

    def touch(self, roll: Roll) -> None:
        """Write this sheet of the roll at the end."""
        self._changed_rolls.add(roll.number)

    def sheet(self, month: Month, number: int) -> Sheet:
        """A sheet of dues; a new and empty one where there is none."""
        key = (month, number)
        if key not in self._sheets:
            record = self.context.read(KIND_SHEET, sheet_id(self.unit, month, number))
            sheet = Sheet(self.unit, month, number) if record is None else Sheet.from_fields(record.fields)
            self._sheets[key] = sheet
            self.context.add_work(len(sheet.lines) * _LINE_READ_WORK)
        return self._sheets[key]

    def owe(self, sheet: Sheet, person: str, line: Line) -> None:
        """Add a line to a sheet, nothing of it paid."""
        assert person not in sheet.lines and line.paid == line.waived == 0, "a line begins open"
        sheet.lines[person] = line
        self.books.sums.due += line.due
        self.context.add_work(_LINE_CHANGED_WORK)
        self._changed_sheets.add((sheet.month, sheet.number))

    def owe_no_more(self, sheet: Sheet, person: str) -> None:
        """Take a line back on which nothing was paid or waived."""
        self.books.sums.due -= sheet.lines.pop(person).due
        self._changed_sheets.add((sheet.month, sheet.number))

    def rebase(self, month: Month, number: int, person: str, basis: tuple[str, int | None, int]) -> None:
        """Let a line be by another category and base, of another entry; its amounts stay."""
        sheet = self.sheet(month, number)
        category, base, entry = basis
        sheet.lines[person] = sheet.lines[person]._replace(category=category, base=base, entry=entry)
        self._changed_sheets.add((month, number))

    def apply(self, effect: Effect, factor: int = 1, entry: int = 0) -> None:
        """Let an effect happen to a member's dues, or with the factor -1 take it back.

        Raises:
            Refusal: `treasury.used-since`: it cannot be taken back, because later ones build upon it.
        """
        amount = factor * effect.amount
        self.context.add_work(_LINE_CHANGED_WORK)
        sums = self.books.sums
        if effect.what in (ADVANCED, SETTLED):
            roll, member = self.roll(effect.sheet), self.roll(effect.sheet).members[effect.person]
            change = amount if effect.what == ADVANCED else -amount
            member.advance += change
            sums.advance += change
            if member.advance < 0:
                raise Refusal(*USED_SINCE, unit=self.unit, number=entry, person=effect.person)
            self.touch(roll)
        if effect.what == ADVANCED:
            return
        sheet = self.sheet(effect.month, effect.sheet)
        line = sheet.lines.get(effect.person)
        if line is None:
            raise Refusal(*USED_SINCE, unit=self.unit, number=entry, person=effect.person)
        if effect.what in (PAID, SETTLED):
            sums.paid += amount
            sheet.lines[effect.person] = line._replace(paid=line.paid + amount)
        elif effect.what == OWED:
            sums.due += amount
            sheet.lines[effect.person] = line._replace(due=line.due + amount)
        else:
            assert effect.what == WAIVED, "there is no other effect"
            sums.waived += amount
            sheet.lines[effect.person] = line._replace(waived=line.waived + amount)
        self._changed_sheets.add((effect.month, effect.sheet))

    def accrual(self, income: int, day: Day) -> dict[str, int]:
        """The lines that set aside what of this income goes to the unit above."""
        percent = self.terms.number(REMITTED_PERCENT, day)
        part = share(income, percent, 100, self.terms.rounding(day))
        return {DUES_REMITTED: part, DUES_PAYABLE: -part}

    def post(self, what: str, day: Day, lines: dict[str, int], effects: Iterable[Effect] = (), **more: Value) -> Entry:
        """Enter something in the journal and the accounts; `effects` have happened already.

        Raises:
            Refusal: as `Books.post`; `treasury.effects-too-many`.
        """
        happened = tuple(effects)
        if len(happened) > EFFECTS_MAX:
            raise Refusal(*EFFECTS_TOO_MANY, limit=EFFECTS_MAX)
        moved = {code: amount for code, amount in lines.items() if amount}
        self.books.post(moved, day)
        context = self.context
        stamp: dict[str, Value] = {
            "account": context.sender.id,
            "height": context.height,
            "time": context.time_ms,
        }
        number = self.books.next_number("entry")
        entry = Entry(self.unit, number, what, written(day), moved, happened, stamp | more)
        context.create(KIND_ENTRY, entry.id, entry.to_fields())
        return entry

    def entry(self, number: int) -> Entry:
        """An entry of the journal.

        Raises:
            Refusal: `treasury.entry-unknown`.
        """
        record = self.context.read(KIND_ENTRY, entry_id(self.unit, number))
        if record is None:
            raise Refusal(*ENTRY_UNKNOWN, unit=self.unit, number=number)
        return Entry.from_fields(record.fields)

    def finish(self) -> None:
        """Check and write everything that was touched.

        Raises:
            Refusal: `treasury.unbalanced`, or a limit.
        """
        context = self.context
        for number in sorted(self._changed_rolls):
            self._store_roll(self._rolls[number])
        for month, number in sorted(self._changed_sheets):
            sheet = self._sheets[(month, number)]
            if not sheet.is_sound:
                raise Refusal(*UNBALANCED, unit=self.unit, what="line")
            context.add_work(len(sheet.lines) * _LINE_WRITTEN_WORK)
            self.books.note_open(number, month, sheet.is_open)
            context.put(KIND_SHEET, sheet.id, sheet.to_fields())
        self.books.check()
        context.put(KIND_BOOKS, self.unit, self.books.to_fields())
        context.link(unit_subject(self.unit))

    def _store_roll(self, roll: Roll) -> None:
        """Write a sheet of the roll; one that has grown out of its record forgets what is oldest."""
        while True:
            self.context.add_work(len(roll.members) * _LINE_WRITTEN_WORK)
            try:
                self.context.put(KIND_ROLL, roll.id, roll.to_fields())
                return
            except Refusal as refusal:
                if refusal.code != RECORD_TOO_LARGE.code or not roll.forget():
                    raise
