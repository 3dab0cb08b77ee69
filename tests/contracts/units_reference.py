"""A second, naive reading of docs/reference/units.md: slow, plain, nothing shared with the contract.

Nothing is counted or bounded in advance: children, levels and holders are found by looking at everything there is.
Only what the administrator asks for, and delegation by persons; whoever else asks is tried elsewhere.
"""

from dataclasses import dataclass, field
from typing import Any

DAY_MS = 86_400_000


@dataclass
class NaiveUnit:
    parent: str | None
    name: str
    state: str = "active"
    # The most levels that were ever below it since nothing was.
    below: int = 0


@dataclass
class NaiveOffice:
    since: int
    until: int | None
    giver: str | None
    ended: bool = False


@dataclass
class NaiveUnits:
    units: dict[str, NaiveUnit] = field(default_factory=dict)
    offices: dict[tuple[str, str, str], NaiveOffice] = field(default_factory=dict)

    def children(self, unit: str) -> list[str]:
        return [name for name, one in self.units.items() if one.parent == unit and one.state == "active"]

    def above(self, unit: str | None) -> list[str]:
        found = []
        while unit is not None:
            found.append(unit)
            unit = self.units[unit].parent
        return found

    def runs(self, key: tuple[str, str, str], now: int) -> bool:
        office = self.offices.get(key)
        return office is not None and not office.ended and (office.until is None or now < office.until)

    def own(self, unit: str, role: str, person: str, now: int) -> bool:
        key = (unit, role, person)
        return self.runs(key, now) and self.offices[key].giver is None

    def holds(self, unit: str, role: str, person: str, now: int) -> bool:
        key = (unit, role, person)
        if unit not in self.units or self.units[unit].state != "active" or not self.runs(key, now):
            return False
        giver = self.offices[key].giver
        return giver is None or self.own(unit, role, giver, now)

    def count(self, unit: str, role: str, now: int) -> int:
        return sum(self.own(*key, now) for key in self.offices if key[:2] == (unit, role))

    def bad(self, unit: str) -> str | None:
        if unit not in self.units:
            return "units.not-found"
        return None if self.units[unit].state == "active" else "units.not-active"

    def place(self, unit: str, parent: str, levels: int) -> str | None:
        above = self.above(parent)
        if unit in above:
            return "units.ring"
        return "units.too-deep" if len(above) + 1 + levels > 12 else None

    def grow(self, parent: str, levels: int) -> None:
        for distance, one in enumerate(self.above(parent), 1):
            self.units[one].below = max(self.units[one].below, levels + distance)

    def leave(self, parent: str | None) -> None:
        if parent is not None and not self.children(parent):
            self.units[parent].below = 0

    def create(self, now: int, unit: str, name: str, parent: str | None = None, **_: Any) -> str:
        if unit in self.units:
            return "units.exists"
        if parent is not None:
            found = self.bad(parent) or self.place(unit, parent, 0)
            if found:
                return found
            self.grow(parent, 0)
        self.units[unit] = NaiveUnit(parent, name)
        return "ok"

    def rename(self, now: int, unit: str, name: str) -> str:
        found = self.bad(unit)
        if found:
            return found
        if self.units[unit].name == name:
            return "units.same-name"
        self.units[unit].name = name
        return "ok"

    def move(self, now: int, unit: str, parent: str | None = None) -> str:
        found = self.bad(unit)
        if found:
            return found
        before = self.units[unit].parent
        if before == parent:
            return "units.same-place"
        if parent is not None:
            found = self.bad(parent) or self.place(unit, parent, self.units[unit].below)
            if found:
                return found
        self.units[unit].parent = None
        self.leave(before)
        if parent is not None:
            self.grow(parent, self.units[unit].below)
            self.units[unit].parent = parent
        return "ok"

    def merge(self, now: int, unit: str, into: str) -> str:
        if unit == into:
            return "units.into-itself"
        return self.bad(into) or self.end(unit, "merged")

    def dissolve(self, now: int, unit: str) -> str:
        return self.end(unit, "dissolved")

    def end(self, unit: str, state: str) -> str:
        found = self.bad(unit)
        if found:
            return found
        if self.children(unit):
            return "units.has-children"
        self.units[unit].state = state
        self.leave(self.units[unit].parent)
        return "ok"

    def appoint(
        self, now: int, unit: str, role: str, person: str, since: int | None = None, until: int | None = None
    ) -> str:
        found = self.bad(unit)
        if found:
            return found
        begin = now if since is None else since
        if begin > now:
            return "units.term-later"
        if until is not None and until <= begin:
            return "units.term-empty"
        if self.own(unit, role, person, now):
            return "units.office-held"
        self.offices[unit, role, person] = NaiveOffice(begin, until, None)
        return "ok"

    def release(self, now: int, unit: str, role: str, person: str) -> str:
        found = self.bad(unit)
        if found:
            return found
        key = (unit, role, person)
        if not self.runs(key, now):
            return "units.office-not-held"
        if self.offices[key].giver is not None:
            return "units.office-delegated"
        self.offices[key].ended = True
        return "ok"

    def delegate(self, now: int, giver: str, unit: str, role: str, person: str, until: int) -> str:
        found = self.bad(unit)
        if found:
            return found
        if role in ("member", "voter"):
            return "units.not-delegable"
        if person == giver:
            return "units.delegated-to-oneself"
        if not self.own(unit, role, giver, now):
            return "units.office-not-held"
        if until <= now:
            return "units.delegation-over"
        term = self.offices[unit, role, giver].until
        if until > now + 90 * DAY_MS or (term is not None and until > term):
            return "units.delegation-too-long"
        if not self.holds(unit, "member", person, now):
            return "units.not-a-member"
        if self.holds(unit, role, person, now):
            return "units.office-held"
        self.offices[unit, role, person] = NaiveOffice(now, until, giver)
        return "ok"

    def revoke_delegation(self, now: int, sender: str | None, unit: str, role: str, person: str) -> str:
        key = (unit, role, person)
        if not self.runs(key, now) or self.offices[key].giver is None:
            return "units.no-delegation"
        if sender is not None and sender not in (person, self.offices[key].giver):
            return "operation.not-allowed"
        self.offices[key].ended = True
        return "ok"
