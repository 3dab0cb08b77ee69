"""An attendance list: for whom, from when, and the hashes of the codes of its windows.

Owns the record `attendance/<unit>/<number>`, its form, and which window a time falls into. Never knows a code, never
asks who somebody is. Invariants: the windows follow each other without gap or overlap, one hash each; what was
published before the list began never changes. Source: docs/reference/attendance.md.
"""

from dataclasses import dataclass
from enum import Enum

from contracts.attendance.reasons import NOT_FOUND
from contracts.errors import Refusal
from contracts.run_context import RunContext
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import Hash

KIND_SESSION = "attendance"
KIND_COUNT = "attendance-count"
STATE_OPEN = "open"
STATE_CLOSED = "closed"
# With this many digits, the order of ids is the order of numbers.
NUMBER_DIGITS = 6
NUMBER_MAX = 10**NUMBER_DIGITS - 1
# With 34 bytes for each hash, the record stays below half of what one may have. Four hours of minutes, or a day of six
# minutes each.
WINDOWS_MAX = 240
# Shorter than a block and a hand's typing is no use, longer than an hour no proof of presence.
WINDOW_SECONDS_MIN = 15
WINDOW_SECONDS_MAX = 3600
# Windows before and after its own in which a code counts. A block, a slow thumb and a clock that is off need one.
SLACK_MAX = 3
# Members, probationary members, guests. More are another list.
ROLES_MAX = 4


class Place(Enum):
    """Where a time lies in relation to the windows in which a code counts."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"


def session_id(unit: str, number: int) -> str:
    """The id of a unit's attendance list: the unit, a slash, the number in six digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}d}"


def session_subject(unit: str, number: int) -> str:
    """The chain of an attendance list."""
    return f"attendance/{session_id(unit, number)}"


@dataclass(frozen=True, slots=True)
class Session:
    """An attendance list, in the form of its record.

    Attributes:
        unit, number: Whose list, and which.
        title: For people.
        roles: Offices of the unit; who holds one of them may sign in, and is listed by the first that they hold.
        starts_ms, window_ms: Of the first window, and how long each is.
        hashes: Of the windows' codes, in their order.
        slack: Windows before and after its own in which a code counts.
        about: What it is for, such as `party-meeting/branch-1/000003`; empty for nothing in particular.
        opener: The account that opened it.
        state: `open` or `closed`.
        counts: How many are listed by each role.
        pages: How many pages of names there are.
        height, time_ms: Of the block that opened it.
    """

    unit: str
    number: int
    title: str
    roles: tuple[str, ...]
    starts_ms: int
    window_ms: int
    hashes: tuple[Hash, ...]
    slack: int
    about: str
    opener: Hash
    state: str
    counts: dict[str, int]
    pages: int
    height: int
    time_ms: int

    @property
    def id(self) -> str:
        """The id of its record."""
        return session_id(self.unit, self.number)

    @property
    def ends_ms(self) -> int:
        """The end of the last window."""
        return self.starts_ms + len(self.hashes) * self.window_ms

    @property
    def count(self) -> int:
        """How many are listed."""
        return sum(self.counts.values())

    def bounds_ms(self, window: int) -> tuple[int, int]:
        """From when on, and before when, the code of a window is shown."""
        begin_ms = self.starts_ms + window * self.window_ms
        return begin_ms, begin_ms + self.window_ms

    def place(self, time_ms: int, first: int, last: int) -> Place:
        """Where a time lies as seen from the windows `first` to `last`, with the slack around them."""
        slack_ms = self.slack * self.window_ms
        if time_ms < self.bounds_ms(first)[0] - slack_ms:
            return Place.BEFORE
        return Place.WITHIN if time_ms < self.bounds_ms(last)[1] + slack_ms else Place.AFTER

    def to_fields(self) -> dict[str, Value]:
        """The fields of the record."""
        counts: dict[str, Value] = dict(self.counts)
        fields: dict[str, Value] = {
            "counts": counts,
            "hashes": list(self.hashes),
            "height": self.height,
            "number": self.number,
            "opener": self.opener,
            "pages": self.pages,
            "roles": list(self.roles),
            "slack": self.slack,
            "starts": self.starts_ms,
            "state": self.state,
            "time": self.time_ms,
            "title": self.title,
            "unit": self.unit,
            "window": self.window_ms,
        }
        return fields | {"about": self.about} if self.about else fields

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "Session":
        """The list in the fields of its record.

        Raises:
            DecodingError: not an attendance list; the store is damaged.
        """
        match fields:
            case {
                "counts": dict(counts),
                "hashes": list(hashes),
                "height": int(height),
                "number": int(number),
                "opener": bytes(opener),
                "pages": int(pages),
                "roles": list(roles),
                "slack": int(slack),
                "starts": int(starts_ms),
                "state": str(state),
                "time": int(time_ms),
                "title": str(title),
                "unit": str(unit),
                "window": int(window_ms),
            }:
                about = fields.get("about", "")
                return cls(
                    unit=unit,
                    number=number,
                    title=title,
                    roles=tuple(role for role in roles if isinstance(role, str)),
                    starts_ms=starts_ms,
                    window_ms=window_ms,
                    hashes=tuple(one for one in hashes if isinstance(one, bytes)),
                    slack=slack,
                    about=about if isinstance(about, str) else "",
                    opener=opener,
                    state=state,
                    counts={role: count for role, count in counts.items() if isinstance(count, int)},
                    pages=pages,
                    height=height,
                    time_ms=time_ms,
                )
        raise DecodingError("the record of an attendance list is malformed")


def find_session(context: RunContext, unit: str, number: int) -> Session | None:
    """The list of this number; None where the unit has none. One read."""
    record = context.read(KIND_SESSION, session_id(unit, number))
    return None if record is None else Session.from_fields(record.fields)


def known_session(context: RunContext, unit: str, number: int) -> Session:
    """The list of this number.

    Raises:
        Refusal: `attendance.not-found`.
    """
    found = find_session(context, unit, number)
    if found is None:
        raise Refusal(*NOT_FOUND, unit=unit, number=number)
    return found
