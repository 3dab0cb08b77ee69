"""An entry of a unit's journal: one event, the accounts that it moved, and what it did to the dues of members.

Owns the records `journal/<unit>/<number>`. Entries are never removed and never changed, but for the note that another
entry reversed one. Invariant: the lines of an entry add up to zero. Source: docs/reference/treasury.md, "The journal".
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.treasury.month import Month, format_month, parse_month
from ledger.encoding import Value
from ledger.errors import DecodingError

KIND_ENTRY = "journal"
NUMBER_DIGITS = 8

ASSESSMENT = "assessment"
CORRECTION = "correction"
PAYMENT = "payment"
GIFT = "gift"
REDUCTION = "reduction"
SPENDING = "spending"
INCOME = "income"
MOVE = "move"
REMITTANCE_SENT = "remittance-sent"
REMITTANCE_ARRIVED = "remittance-arrived"
REMITTANCE_RECEIVED = "remittance-received"
REMITTANCE_RETURNED = "remittance-returned"
REFUND = "refund"
HANDED_OVER = "handed-over"
TAKEN_OVER = "taken-over"
REVERSAL = "reversal"
CLOSING = "closing"
# What two units' books hold, and what ends a year, is not taken back by one entry.
REVERSIBLE = frozenset((ASSESSMENT, CORRECTION, PAYMENT, GIFT, REDUCTION, REFUND, SPENDING, INCOME, MOVE))

# What an entry did to a member: a payment on a month's dues, one that was made in advance, advance that settled a
# month's dues, dues that were waived, dues that are more or less than was assessed.
PAID = "paid"
ADVANCED = "advanced"
SETTLED = "settled"
WAIVED = "waived"
OWED = "owed"
# As many as an entry's record can hold with the longest names; every member of a sheet three times over.
EFFECTS_MAX = 180


class Effect(NamedTuple):
    """What happened to one member's dues; `month` is 0 where it is about no month. Amounts in fen."""

    what: str
    person: str
    month: Month
    sheet: int
    amount: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry. `what` is one of the names above, `date` a text, `more` what only some entries have."""

    unit: str
    number: int
    what: str
    date: str
    lines: dict[str, int]
    effects: tuple[Effect, ...] = ()
    more: dict[str, Value] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id of its record."""
        return entry_id(self.unit, self.number)

    def to_fields(self) -> dict[str, Value]:
        """The fields of the record."""
        fields: dict[str, Value] = {
            "date": self.date,
            "line": dict(self.lines),
            "number": self.number,
            "unit": self.unit,
            "what": self.what,
        }
        if self.effects:
            fields["effect"] = [
                [one.what, one.person, format_month(one.month) if one.month else "", one.sheet, one.amount]
                for one in self.effects
            ]
        return fields | self.more

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "Entry":
        """The entry in the fields of its record.

        Raises:
            DecodingError: no entry.
        """
        match fields:
            case {"date": str(date), "line": dict(lines), "number": int(number), "unit": str(unit), "what": str(what)}:
                effects = fields.get("effect", [])
                own = {"date", "line", "number", "unit", "what", "effect"}
                return cls(
                    unit,
                    number,
                    what,
                    date,
                    {code: amount for code, amount in lines.items() if isinstance(amount, int)},
                    tuple(map(_effect, effects)) if isinstance(effects, list) else (),
                    {name: value for name, value in fields.items() if name not in own},
                )
        raise DecodingError("the record of an entry is malformed")


def entry_id(unit: str, number: int) -> str:
    """The id of an entry: the unit, a slash, the number in eight digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}}"


def _effect(value: Value) -> Effect:
    match value:
        case [str(what), str(person), str(month), int(sheet), int(amount)]:
            return Effect(what, person, parse_month(month) if month else 0, sheet, amount)
    raise DecodingError("an effect of an entry is malformed")
