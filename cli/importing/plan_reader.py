"""From a TOML file to an import plan.

Owns the names of the settings. Never opens a source, and never asks which operations there are.
Source: docs/reference/import-plans.md.
"""

import re
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cli.errors import UsageError
from cli.importing.plan import (
    EXPECT_ANY,
    EXPECTATIONS,
    OCCURRENCES,
    Condition,
    ImportPlan,
    MapForm,
    OperationChoice,
    RecordPlan,
    SourcePlan,
    StepPlan,
)
from cli.importing.plan_table import PlanTable, within
from cli.importing.template import fields_of
from cli.importing.value_form import ValueFormReader
from cli.named_file import read_text
from daemon.config import toml_fault
from ledger.errors import BanyanError

# A plan of a hundred steps has 50 kB.
PLAN_SIZE_BYTES_MAX = 1024 * 1024
SOURCES_MAX = 64
STEPS_MAX = 256
# Column names stand in the rows before the data; nobody has more of a title above them.
HEADER_ROW_MAX = 1000
ENCODINGS = ("utf-8", "gb18030", "gbk", "gb2312", "big5", "utf-16", "utf-16-le", "utf-16-be")
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def read_plan(path: Path) -> ImportPlan:
    """The plan in the file at `path`; the files that it names lie relative to it.

    Raises:
        UsageError: unreadable, not TOML, or not a plan; with the place in it.
    """
    text = read_text(path, PLAN_SIZE_BYTES_MAX)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "{path} is not TOML ({reason}); correct that line", path=str(path), reason=toml_fault(error)
        ) from error
    try:
        return _plan(path, PlanTable(BanyanError("the plan"), document))
    except UsageError as error:
        raise UsageError("{path}: {reason}", path=str(path), reason=error) from error


def _plan(path: Path, table: PlanTable) -> ImportPlan:
    name = _checked_name(table, table.text("name"))
    secret = table.text("secret", f"{path.stem}.secret")
    zone = table.zone()
    sources: dict[str, SourcePlan] = {}
    for number, content in enumerate(_tables(table, "source", SOURCES_MAX), 1):
        source = _source(PlanTable(BanyanError("source {number}", number=number), content), path.parent)
        if source.name in sources:
            raise UsageError("two sources have the name {name}; give one another `name`", name=repr(source.name))
        sources[source.name] = source
    steps: dict[str, StepPlan] = {}
    for number, content in enumerate(_tables(table, "step", STEPS_MAX), 1):
        step = _step(PlanTable(BanyanError("step {number}", number=number), content), sources, zone)
        if step.name in steps:
            raise UsageError("two steps have the name {name}; give one another `name`", name=repr(step.name))
        steps[step.name] = step
    table.finish()
    return ImportPlan(path, name, path.parent / secret, sources, tuple(steps.values()))


def _tables(table: PlanTable, name: str, most: int) -> list[Any]:
    found = table.value(name)
    tables = [found] if isinstance(found, dict) else found
    if not isinstance(tables, list) or not tables:
        raise UsageError("the plan has no [[{name}]]; it needs one at least", name=name)
    if len(tables) > most:
        raise UsageError("the plan has more than {limit} [[{name}]]; make several plans", limit=most, name=name)
    return tables


def _checked_name(table: PlanTable, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            "{place}: {name} cannot be a name; take 1 to 64 letters, digits and ._- in ASCII",
            place=table.place,
            name=repr(name),
        )
    return name


def _source(table: PlanTable, folder: Path) -> SourcePlan:
    file = table.text("file")
    path = folder / file
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            "{place}: {file} is of no kind that can be read; save it as .xlsx or .csv", place=table.place, file=file
        )
    revision = table.value("revision")
    revision_column = None
    if isinstance(revision, dict):
        inner = table.table("revision")
        revision, revision_column = "", inner.text("column")
        inner.finish()
    delimiter = table.text("delimiter", "\t" if path.suffix.lower() == ".tsv" else ",")
    if len(delimiter) != 1:
        raise UsageError("{place}: `delimiter` is one character", place=table.place)
    encoding = table.text("encoding", "utf-8").lower().replace("_", "-").replace("utf8", "utf-8")
    if encoding.removesuffix("-sig") not in ENCODINGS:
        raise UsageError(
            "{place}: `encoding` is {value}; it can be {choices}",
            place=table.place,
            value=repr(encoding),
            choices=", ".join(ENCODINGS),
        )
    source = SourcePlan(
        name=_checked_name(table, table.text("name", path.stem)) if "name" in table else path.stem,
        path=path,
        encoding=encoding.removesuffix("-sig"),
        delimiter=delimiter,
        sheet=table.optional_text("sheet"),
        header_row=table.whole("header", 1, 1, HEADER_ROW_MAX),
        revision=revision if isinstance(revision, str) else table.text("revision", ""),
        revision_column=revision_column,
        origin=table.text("origin", ""),
    )
    table.finish()
    return source


def _step(table: PlanTable, sources: dict[str, SourcePlan], zone: ZoneInfo | None) -> StepPlan:
    name = _checked_name(table, table.text("name"))
    source = table.choice("source", list(sources), next(iter(sources)) if len(sources) == 1 else None)
    if source is None:
        raise UsageError("{place} lacks `{name}`; add it", place=table.place, name="source")
    key = table.texts("key")
    if not key:
        raise UsageError(
            "{place} lacks `key`: the columns that tell one row from every other, today and next year",
            place=table.place,
        )
    arguments = table.table("arguments")
    forms = ValueFormReader(zone)
    step = StepPlan(
        name=name,
        source=source,
        operation=_operation(table),
        key=key,
        conditions=_conditions(table),
        arguments={one: forms.read(within(arguments.place, one), value) for one, value in arguments.items().items()},
        record=_record(table),
        needs=table.texts("needs"),
    )
    table.finish()
    for template in (*step.needs, *((step.record.id_template,) if step.record else ())):
        for field in fields_of(template, table.place):
            if not _sets(step, field):
                raise UsageError(
                    "{place}: {written} names the argument {field}, which the step does not set",
                    place=table.place,
                    written=repr(template),
                    field=field,
                )
    for need in step.needs:
        if "/" not in need:
            raise UsageError(
                "{place}: `needs` takes records such as unit/{example}, not {value}",
                place=table.place,
                example="{parent}",
                value=repr(need),
            )
    return step


def _sets(step: StepPlan, name: str) -> bool:
    """Whether a step sets an argument, or an entry of one that is a map: `fields.person`."""
    argument, _dot, entry = name.partition(".")
    form = step.arguments.get(argument)
    return form is not None and (not entry or (isinstance(form, MapForm) and entry in form.entries))


def _operation(table: PlanTable) -> OperationChoice:
    if not isinstance(table.value("operation"), dict):
        return OperationChoice(table.text("operation"))
    chosen = table.table("operation")
    column, by_text = chosen.text("column"), chosen.table("map").items()
    chosen.finish()
    if not by_text or not all(isinstance(name, str) for name in by_text.values()):
        raise UsageError("{place}: `map` leads from texts in the column to operations", place=chosen.place)
    return OperationChoice(None, column, {text.strip(): name for text, name in by_text.items()})


def _conditions(table: PlanTable) -> tuple[Condition, ...]:
    found = table.value("where")
    conditions = []
    for content in [found] if isinstance(found, dict) else found or []:
        one = PlanTable(within(table.place, "where"), content)
        column, wanted, unwanted = one.text("column"), one.texts("is"), one.texts("not")
        occurrence = one.choice("occurrence", OCCURRENCES)
        one.finish()
        if sum(map(bool, (wanted, unwanted, occurrence))) != 1:
            raise UsageError("{place} takes one of `is` and `not`, with the texts, and `occurrence`", place=one.place)
        texts = frozenset(text.strip() for text in wanted or unwanted)
        conditions.append(Condition(column, texts, bool(unwanted), occurrence))
    return tuple(conditions)


def _record(table: PlanTable) -> RecordPlan | None:
    if "record" not in table:
        return None
    record = table.table("record")
    expect = record.choice("expect", EXPECTATIONS, EXPECT_ANY)
    found = RecordPlan(record.text("kind"), record.text("id"), expect or EXPECT_ANY)
    record.finish()
    return found
