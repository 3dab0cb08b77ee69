"""What an argument is made of, as a plan writes it.

Owns the settings of a value: `{column = …}`, `{template = …}`, `{constant = …}`, `{provenance = true}`; a table without
any of these is a map of values, a list a list of them, everything else a constant.
"""

from typing import Any
from zoneinfo import ZoneInfo

from cli.errors import UsageError
from cli.importing.plan import (
    CASES,
    DATE_ORDERS,
    FEN_BY_UNIT,
    RECURRENCE,
    TARGETS,
    TARGETS_WITH_PREFIX,
    Constant,
    Conversion,
    FromCell,
    ListForm,
    MapForm,
    ProvenanceForm,
    ValueForm,
)
from cli.importing.plan_table import PlanTable, within
from cli.importing.template import fields_of
from cli.language import translated
from cli.ledger_value import from_json
from contracts.calendar.dates import parse_date
from contracts.errors import Refusal
from ledger.encoding import Value
from ledger.errors import BanyanError

# As deep as the canonical encoding goes.
DEPTH_MAX = 16
_MARKS = ("column", "template", "constant", "provenance")


class ValueFormReader:
    """Reads the values of one step; `zone` is the plan's, for times without an offset."""

    def __init__(self, zone: ZoneInfo | None) -> None:
        self._zone = zone

    def read(self, place: BanyanError, content: Any, depth: int = 0, *, detachable: bool = True) -> ValueForm:
        """The form that `content`, which stands at `place`, describes.

        `detachable` says that it is an argument or an entry of one that is a map: nothing else can be detached.

        Raises:
            UsageError: it describes none.
        """
        if depth > DEPTH_MAX:
            raise UsageError("{place} is nested too deeply", place=place)
        if isinstance(content, list):
            return ListForm(
                tuple(
                    self.read(_item(place, n), item, depth + 1, detachable=False) for n, item in enumerate(content, 1)
                )
            )
        if not isinstance(content, dict):
            return Constant(_constant(place, content))
        table = PlanTable(place, content)
        marks = [mark for mark in _MARKS if mark in content]
        if not marks:
            return MapForm(
                {
                    name: self.read(within(place, name), one, depth + 1, detachable=depth == 0)
                    for name, one in content.items()
                }
            )
        if len(marks) > 1:
            raise UsageError("{place} has several of {marks}; it takes one", place=place, marks=", ".join(marks))
        form = self._marked(table, marks[0])
        table.finish()
        if isinstance(form, FromCell) and form.is_detached and not detachable:
            raise UsageError(
                "{place}: only an argument, or an entry of one that is a map, can be detached", place=place
            )
        return form

    def _marked(self, table: PlanTable, mark: str) -> ValueForm:
        if mark == "constant":
            return Constant(_constant(table.place, table.value("constant")))
        if mark == "provenance":
            if not table.truth("provenance", False):
                raise UsageError("{place}: `provenance` is true, or is not there", place=table.place)
            return ProvenanceForm()
        template = table.optional_text("template")
        if template is not None:
            fields_of(template, table.place)
        mapping = table.value("map")
        return FromCell(
            column=table.optional_text("column"),
            template=template,
            conversion=self._conversion(table),
            mapping=None if mapping is None else self._mapping(table),
            optional=table.truth("optional", False),
            is_detached=table.truth("detached", False),
            default=_constant(table.place, table.value("default")) if "default" in table else None,
        )

    def _conversion(self, table: PlanTable) -> Conversion:
        order = table.choice("format", ("iso", *DATE_ORDERS), "ymd")
        replace = table.table("replace").items()
        if not all(isinstance(new, str) for new in replace.values()) or "" in replace:
            raise UsageError("{place}: `replace` leads from texts to texts", place=table.place)
        target, prefix = table.choice("as", TARGETS), table.text("prefix", "")
        if prefix and target not in TARGETS_WITH_PREFIX:
            raise UsageError("{place}: `prefix` goes before texts, identifiers and pseudonyms", place=table.place)
        day_column, since = self._recurrence(table, target)
        return Conversion(
            target=target,
            trim=table.truth("trim", True),
            case=table.choice("case", CASES),
            replace=tuple((old, str(new)) for old, new in replace.items()),
            fen_per_unit=FEN_BY_UNIT[table.choice("unit", tuple(FEN_BY_UNIT), "yuan") or "yuan"],
            date_order="ymd" if order in (None, "iso") else str(order),
            zone=table.zone() or self._zone,
            split=table.optional_text("split"),
            prefix=prefix,
            day_column=day_column,
            since=since,
        )

    def _recurrence(self, table: PlanTable, target: str | None) -> tuple[str | None, str]:
        """The column with the day, and the date from which a recurrence counts; for values of that kind alone."""
        if target != RECURRENCE:
            return None, ""
        day, since = table.optional_text("day"), table.text("since")
        try:
            parse_date(since)
        except Refusal as refusal:
            raise UsageError(
                "{place}: `since` is {value}; write a date such as 2026-08-31", place=table.place, value=repr(since)
            ) from refusal
        return day, since

    def _mapping(self, table: PlanTable) -> dict[str, Value]:
        content = table.table("map").items()
        if not content:
            raise UsageError("{place}: `map` leads from texts in the column to values", place=table.place)
        return {text.strip(): _constant(table.place, value) for text, value in content.items()}


def _item(place: BanyanError, number: int) -> BanyanError:
    return BanyanError("{place}, item {number}", place=place, number=number)


def _constant(place: BanyanError, value: Any) -> Value:
    if value is None or isinstance(value, str | int | bool | float | list | dict):
        return from_json(value, translated(place))
    # A date of TOML's own: it would be a guess whether a text or a time is meant.
    raise UsageError("{place}: write {value} in quotes, as a text", place=place, value=str(value))
