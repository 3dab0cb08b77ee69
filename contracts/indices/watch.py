"""What a pack lets the ledger watch over by itself, and what everybody in an office has to have.

Owns the declarations of warnings and requirements. A warning opens a case for people to deal with, and does nothing
else; a requirement is looked at by the report on completeness. Source: docs/reference/indices.md.
"""

from dataclasses import dataclass

from contracts.calendar.recurrence import Recurrence
from contracts.cases.case import DAYS_MAX, OWNER_DEFAULT
from contracts.indices.limits import ROLES_MAX
from contracts.packs.fault import Faults
from contracts.packs.form import Form
from contracts.packs.limits import ARTICLE_SIZE_BYTES_MAX, STATES_MAX
from contracts.packs.names import (
    CASE_OWNER,
    CASE_OWNER_HINT,
    FIELD_NAME,
    FIELD_NAME_HINT,
    NAME,
    NAME_HINT,
    ROLE,
    ROLE_HINT,
)
from contracts.packs.period_reading import read_recurrence
from contracts.packs.words import Words, read_title
from ledger.encoding import Value

WATCH_DUES = "dues-late"
WATCH_PERIOD = "period-missed"
WATCH_TERM = "term-ending"
WATCH_WAITING = "record-waiting"
WATCHES = (WATCH_DUES, WATCH_PERIOD, WATCH_WAITING, WATCH_TERM)
# Three years before a term is over nobody has to think of the next one.
BEFORE_DAYS_MAX = 1100
MONTHS_MAX = 60


@dataclass(frozen=True, slots=True)
class WarningRule:
    """A matter that somebody has to deal with, found by the ledger itself.

    Attributes:
        watch: What is watched over, one of `WATCHES`.
        days: Until it should have been dealt with, from the day on which it was found.
        owner: Who deals with it, an actor.
        roles: Of terms, the offices.
        before_days: Of terms, how long before their end.
        months: Of dues, how many months after their own they are late.
        kind: Of records that wait, their type.
        states: Of records that wait, where they do.
        after_days: Of records that wait, after how many days in one of these states.
    """

    name: str
    title: Words
    watch: str
    days: int
    owner: str = OWNER_DEFAULT
    roles: tuple[str, ...] = ()
    before_days: int = 0
    months: int = 0
    kind: str = ""
    states: tuple[str, ...] = ()
    after_days: int = 0
    article: str = ""

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"days": self.days, "title": self.title.to_value(), "watch": self.watch}
        if self.owner != OWNER_DEFAULT:
            value["owner"] = self.owner
        if self.watch == WATCH_TERM:
            value |= {"before_days": self.before_days, "roles": list(self.roles)}
        if self.watch == WATCH_DUES:
            value["months"] = self.months
        if self.watch == WATCH_WAITING:
            value |= {"after_days": self.after_days, "kind": self.kind, "states": list(self.states)}
        return value | {"article": self.article} if self.article else value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "WarningRule":
        """The warning in the map `value`."""
        form = Form(value, path, faults)
        watch = form.choice("watch", WATCHES)
        terms, waiting = watch == WATCH_TERM, watch == WATCH_WAITING
        warning = cls(
            name,
            read_title(form),
            watch,
            form.integer("days", 1, DAYS_MAX),
            form.matching("owner", CASE_OWNER, CASE_OWNER_HINT, optional=True) or OWNER_DEFAULT,
            form.names("roles", ROLE, ROLE_HINT, ROLES_MAX, least=1) if terms else (),
            form.integer("before_days", 0, BEFORE_DAYS_MAX) if terms else 0,
            form.integer("months", 1, MONTHS_MAX) if watch == WATCH_DUES else 0,
            form.matching("kind", NAME, NAME_HINT) if waiting else "",
            form.names("states", NAME, NAME_HINT, STATES_MAX, least=1) if waiting else (),
            form.integer("after_days", 1, BEFORE_DAYS_MAX) if waiting else 0,
            form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
        )
        form.close()
        return warning


@dataclass(frozen=True, slots=True)
class Requirement:
    """Everybody who holds an office has a record of a kind that is about them.

    `states` are those in which it counts (none: all); with `every` and `on`, there is one whose day `on` lies in each
    period, for everybody who held the office throughout.
    """

    name: str
    title: Words
    role: str
    kind: str
    states: tuple[str, ...] = ()
    every: Recurrence | None = None
    on: str = ""
    article: str = ""

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"kind": self.kind, "role": self.role, "title": self.title.to_value()}
        if self.states:
            value["states"] = list(self.states)
        if self.every is not None:
            value |= {"every": self.every.encode_value(), "on": self.on}
        return value | {"article": self.article} if self.article else value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Requirement":
        """The requirement in the map `value`."""
        form = Form(value, path, faults)
        recurs = "every" in form
        requirement = cls(
            name,
            read_title(form),
            form.matching("role", ROLE, ROLE_HINT),
            form.matching("kind", NAME, NAME_HINT),
            form.names("states", NAME, NAME_HINT, STATES_MAX),
            read_recurrence(form) if recurs else None,
            form.matching("on", FIELD_NAME, FIELD_NAME_HINT) if recurs else "",
            form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
        )
        form.close()
        return requirement
