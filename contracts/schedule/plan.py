"""A plan: what a unit has to do regularly, from when until when, and how long a record of it may be late.

Owns the record `plan/<unit>/<number>`, its form and what is needed in each of its periods. Never writes what took
place, and never judges a period (`contracts.schedule.judging` does). Invariants: `next` is the index of the first
period that was not judged yet and only grows; what is needed depends on the plan alone, never on when it is asked.
Source: docs/reference/schedule.md.
"""

from dataclasses import dataclass

from contracts.calendar.dates import Day, add_days, format_date, parse_date, start_ms
from contracts.calendar.recurrence import Recurrence
from contracts.record import Record
from ledger.encoding import Value
from ledger.errors import DecodingError

KIND_PLAN = "plan"
STATE_ACTIVE = "active"
STATE_ENDED = "ended"

# With this many digits, the order of ids is the order of numbers.
NUMBER_DIGITS = 6
NUMBER_MAX = 10**NUMBER_DIGITS - 1


def plan_id(unit: str, number: int) -> str:
    """The id of a unit's plan: the unit, a slash, the number in six digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}d}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to take place, in the form of its record.

    Attributes:
        unit, number: Whose plan, and which.
        title: For people.
        recurrence: The periods, and how often in each.
        since, until: The first and, if there is one, the last day on which it counts.
        grace_days: How many days after its last day a period is judged.
        offset_minutes: How far the unit's clocks are ahead of UTC.
        next: The index of the next period to be judged.
        state: `active`, or `ended` once no period is left to be judged.
        timer: The id of the timer that judges next; empty where none waits.
        height, time: Of the block that took the plan.
    """

    unit: str
    number: int
    title: str
    recurrence: Recurrence
    since: Day
    until: Day | None
    grace_days: int
    offset_minutes: int
    next: int
    state: str
    timer: str
    height: int
    time: int

    def needed_in(self, index: int) -> int:
        """How often it has to take place in a period, as far as the plan reaches into it.

        Of a period in which the plan begins or ends, the days that the rule fixes count if the plan covers them; where
        none are fixed, half a period can be held to nothing.
        """
        first, last = self.recurrence.period_bounds(index)
        until = last if self.until is None else self.until
        days = self.recurrence.expected_days(index)
        if days is None:
            return self.recurrence.times if self.since <= first and last <= until else 0
        return sum(self.since <= day <= until for day in days)

    def due_ms(self, index: int) -> int:
        """When a period is judged: the end of its last day, and the days of grace after it."""
        _, last = self.recurrence.period_bounds(index)
        return start_ms(add_days(last, 1 + self.grace_days), self.offset_minutes)

    def reaches(self, index: int) -> bool:
        """Whether the plan still runs when a period begins."""
        return self.until is None or self.recurrence.period_bounds(index)[0] <= self.until

    def period_id(self, index: int) -> str:
        """The id of what is recorded of a period: the plan's, a slash, the period's first day."""
        return f"{plan_id(self.unit, self.number)}/{format_date(self.recurrence.period_bounds(index)[0])}"

    def fields(self) -> dict[str, Value]:
        """The fields of the record."""
        fields: dict[str, Value] = {
            "grace_days": self.grace_days,
            "height": self.height,
            "next": self.next,
            "number": self.number,
            "offset_minutes": self.offset_minutes,
            "recurrence": self.recurrence.encode_value(),
            "since": format_date(self.since),
            "state": self.state,
            "time": self.time,
            "timer": self.timer,
            "title": self.title,
            "unit": self.unit,
        }
        return fields if self.until is None else fields | {"until": format_date(self.until)}

    @classmethod
    def of(cls, record: Record) -> "Plan":
        """The plan in a record.

        Raises:
            DecodingError: not the record of a plan; the store is damaged.
        """
        fields = record.fields
        until = fields.get("until")
        return cls(
            _text(fields, "unit"),
            _integer(fields, "number"),
            _text(fields, "title"),
            Recurrence.decode(fields.get("recurrence")),
            parse_date(_text(fields, "since")),
            parse_date(until) if isinstance(until, str) else None,
            _integer(fields, "grace_days"),
            _integer(fields, "offset_minutes"),
            _integer(fields, "next"),
            _text(fields, "state"),
            _text(fields, "timer"),
            _integer(fields, "height"),
            _integer(fields, "time"),
        )


def _text(fields: dict[str, Value], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise DecodingError("the record of a plan lacks its {name}", name=name)
    return value


def _integer(fields: dict[str, Value], name: str) -> int:
    value = fields.get(name)
    if type(value) is not int:
        raise DecodingError("the record of a plan lacks its {name}", name=name)
    return value
