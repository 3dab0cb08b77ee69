"""Scenarios of a policy pack: who does what when, and what has to come of it, as its author writes them.

Owns the form of `scenarios/*.toml` and reading it. Never runs one (`pack_scenario_run` does). Source:
docs/reference/packs.md, "Scenarios".
"""

from dataclasses import dataclass, field
from typing import Any

from contracts.packs.fault import Faults, PackFault, undeclared
from contracts.packs.form import Form
from contracts.packs.gathering import Table
from contracts.packs.limits import TEXT_SIZE_BYTES_MAX, TITLE_SIZE_BYTES_MAX
from contracts.packs.names import NAME, NAME_HINT
from contracts.rules.dates import parsed_date

STEPS_MAX = 200
EXPECTATIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class Step:
    """A person does something on a day: `create`s a record of a kind, or `act`s on or `approve`s one by its address.

    `refused` is the code or the rule by which the ledger has to refuse it; empty if it has to go through.
    """

    path: str
    by: str
    day: int
    create: str = ""
    act: str = ""
    approve: str = ""
    transition: str = ""
    unit: str = ""
    fields: Table = field(default_factory=dict)
    vote: Table = field(default_factory=dict)
    refused: str = ""

    @property
    def told(self) -> str:
        """Who does what, as the author wrote it: this finds a step sooner than its number."""
        verb = "approve" if self.approve else self.transition or "create"
        return f"{self.by}: {verb} {self.create or self.act or self.approve}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a record is in the end: its address, state and some of its values; None is not asked for."""

    path: str
    record: str
    state: str = ""
    values: Table = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OtherUnit:
    """A unit of a story beside its own one: what it belongs to, and who holds which role in it."""

    parent: str
    roles: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. `roles` are those that persons hold in `unit` when it begins, on the day `start`.

    `units` are further units by their ids, and `parent` the one of them that `unit` belongs to, if any. `holders`,
    `counters` and `cases` are compared in the end: who holds a role (by unit, then role), what was counted, open cases.
    """

    title: str
    start: int
    end: int
    unit: str
    parent: str
    units: dict[str, OtherUnit]
    roles: dict[str, list[str]]
    persons: list[str]
    steps: tuple[Step, ...]
    records: tuple[Expectation, ...]
    holders: dict[str, dict[str, list[str]]]
    counters: dict[str, int]
    cases: int | None


def read_scenario(tables: Table, faults: Faults) -> Scenario:
    """The scenario in a file's tables; what is wrong with it is noted."""
    form = Form(tables, "", faults)
    title = form.text("title", TITLE_SIZE_BYTES_MAX)
    start = _day(form, "date", 0)
    unit = form.text("unit", TITLE_SIZE_BYTES_MAX, optional=True) or "unit"
    given = form.form("given")
    roles = _lists(given.take("roles") if given is not None else {}, "given.roles", faults)
    persons = _lists({"persons": given.take("persons") or []} if given is not None else {}, "given", faults)
    parent, units = "", {}
    if given is not None:
        parent = given.text("parent", TITLE_SIZE_BYTES_MAX, optional=True)
        units = _units(given, faults)
        given.close()
    if parent and parent not in units:
        faults.add(undeclared("unit", parent, units), "given.parent")
    steps = []
    day = start
    for value, path in form.items("when", STEPS_MAX):
        step = _step(value, path, day, unit, faults)
        day = step.day
        steps.append(step)
    then = Form(form.take("then") or {}, "then", faults)
    scenario = Scenario(
        title=title,
        start=start,
        end=_day(then, "date", day),
        unit=unit,
        parent=parent,
        units=units,
        roles=roles,
        persons=persons.get("persons", []),
        steps=tuple(steps),
        records=tuple(_expectation(value, path, faults) for value, path in then.items("record", EXPECTATIONS_MAX)),
        holders=_holders(then, unit, faults),
        counters=_numbers(then.take("counters") or {}, "then.counters", faults),
        cases=then.optional_integer("cases", 0, 1000),
    )
    then.close()
    form.close()
    if not scenario.steps:
        faults.add(PackFault("a scenario has at least one step: a table [[when]]"), "when")
    return scenario


def _units(given: Form, faults: Faults) -> dict[str, OtherUnit]:
    """The further units of a story, each after the one that it belongs to."""
    found: dict[str, OtherUnit] = {}
    for name, value in _table(given, "units").items():
        form = Form(value, f"given.units.{name}", faults)
        parent = form.text("parent", TITLE_SIZE_BYTES_MAX, optional=True)
        if parent and parent not in found:
            form.refuse(
                PackFault("the unit {parent} is not there yet: it stands before those below it", parent=parent),
                "parent",
            )
        found[name] = OtherUnit(parent, _lists(form.take("roles") or {}, f"given.units.{name}.roles", faults))
        form.close()
    return found


def _holders(then: Form, unit: str, faults: Faults) -> dict[str, dict[str, list[str]]]:
    """Who holds which role in the end, by unit; those of the story's own unit stand in `then.roles`."""
    found = {unit: _lists(then.take("roles") or {}, "then.roles", faults)}
    for name, value in _table(then, "units").items():
        form = Form(value, f"then.units.{name}", faults)
        found[name] = _lists(form.take("roles") or {}, f"then.units.{name}.roles", faults)
        form.close()
    return found


def _step(value: Any, path: str, day: int, unit: str, faults: Faults) -> Step:
    form = Form(value, path, faults)
    step = Step(
        path=path,
        by=form.text("by", 64),
        day=_day(form, "on", day),
        create=form.matching("create", NAME, NAME_HINT, optional=True),
        act=form.text("act", 400, optional=True),
        approve=form.text("approve", 400, optional=True),
        transition=form.matching("transition", NAME, NAME_HINT, optional=True),
        unit=form.text("unit", TITLE_SIZE_BYTES_MAX, optional=True) or unit,
        fields=_table(form, "fields"),
        vote=_table(form, "vote"),
        refused=form.text("refused", TEXT_SIZE_BYTES_MAX, optional=True),
    )
    form.close()
    if sum(1 for one in (step.create, step.act, step.approve) if one) != 1:
        form.refuse(PackFault("a step has one of `create`, `act` and `approve`"))
    if step.act and not step.transition:
        form.refuse(PackFault("the key {key} is missing", key="'transition'"), "transition")
    if step.day < day:
        form.refuse(PackFault("time does not go back: the steps stand in the order of their days"), "on")
    return step


def _expectation(value: Any, path: str, faults: Faults) -> Expectation:
    form = Form(value, path, faults)
    found = Expectation(
        path,
        form.text("id", 400),
        form.matching("state", NAME, NAME_HINT, optional=True),
        _table(form, "values"),
    )
    form.close()
    return found


def _table(form: Form, key: str) -> Table:
    value = form.take(key)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    form.refuse(PackFault("a table is wanted here"), key)
    return {}


def _day(form: Form, key: str, otherwise: int) -> int:
    value = form.take(key)
    if value is None and key != "date":
        return otherwise
    if value is None and otherwise:
        return otherwise
    day = parsed_date(value) if isinstance(value, str) else None
    if day is None:
        form.refuse(PackFault("a date such as 2026-03-01 is wanted here"), key)
        return otherwise
    return day


def _lists(value: Any, path: str, faults: Faults) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, persons in (value if isinstance(value, dict) else {}).items():
        if isinstance(persons, list) and all(isinstance(one, str) for one in persons):
            found[name] = persons
        else:
            faults.add(PackFault("a list of names is wanted here"), f"{path}.{name}")
    return found


def _numbers(value: Any, path: str, faults: Faults) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, number in (value if isinstance(value, dict) else {}).items():
        if type(number) is int:
            found[name] = number
        else:
            faults.add(PackFault("a whole number is wanted here"), f"{path}.{name}")
    return found
