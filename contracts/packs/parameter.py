"""A number, or another value, that rules use by its name, with the dates from which it holds.

Owns the declaration and which value holds on a day. Never reads a clock. Invariant: there is a value on every day:
before the first date it is the first value. Source: docs/reference/packs.md, "Parameters".
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from contracts.calendar.dates import DAY_MAX, DAY_MIN
from contracts.packs.fault import Faults, PackFault
from contracts.packs.form import Form, kind_of
from contracts.packs.limits import ARTICLE_SIZE_BYTES_MAX, FIELD_TEXT_SIZE_BYTES_DEFAULT, PARAMETER_VALUES_MAX
from contracts.packs.rule_names import PARAMETER_UTC_OFFSET
from contracts.packs.words import Words, read_title
from ledger.encoding import Value

PARAMETER_TYPES = ("integer", "money", "text", "boolean", "date")
# As far as clocks on Earth differ from UTC.
_UTC_OFFSET = ("integer", -720, 840)
_NUMBER_TYPES = frozenset(("integer", "money", "date"))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; `values` are (day since 1970-01-01 from which it holds, value), ascending, at least one.

    `least` and `most` bound its values, also those that local conventions put in their place.
    """

    name: str
    type: str
    values: tuple[tuple[int, Value], ...]
    title: Words
    least: int | None = None
    most: int | None = None
    article: str = ""

    def value_on(self, day: int) -> Value:
        """The value that holds on `day` (days since 1970-01-01)."""
        index = bisect_right(self.values, day, key=lambda entry: entry[0])
        return self.values[max(index - 1, 0)][1]

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {
            "title": self.title.to_value(),
            "type": self.type,
            "values": [[day, one] for day, one in self.values],
        }
        for name, number in (("least", self.least), ("most", self.most)):
            if number is not None:
                value[name] = number
        return value | {"article": self.article} if self.article else value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Parameter":
        """The parameter in the map `value`."""
        form = Form(value, path, faults)
        kind = form.choice("type", PARAMETER_TYPES)
        parameter = cls(
            name=name,
            type=kind,
            values=tuple(_entry(one, where, faults) for one, where in form.items("values", PARAMETER_VALUES_MAX)),
            title=read_title(form),
            least=form.optional_integer("least"),
            most=form.optional_integer("most"),
            article=form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
        )
        form.close()
        _check(parameter, form)
        return parameter


def _entry(value: Value, path: str, faults: Faults) -> tuple[int, Value]:
    if isinstance(value, list) and len(value) == 2 and type(value[0]) is int:
        if not DAY_MIN <= value[0] <= DAY_MAX:
            faults.add(PackFault("the date is outside of the calendar"), path)
        return value[0], value[1]
    faults.add(PackFault("a date and a value are wanted here"), path)
    return 0, None


def _check(parameter: Parameter, form: Form) -> None:
    if not parameter.values:
        form.refuse(
            PackFault("the parameter has no value; give at least one, with the date from which it holds"), "values"
        )
    days = [day for day, _value in parameter.values]
    if days != sorted(set(days)):
        form.refuse(PackFault("the dates do not ascend; put the values in the order of their dates"), "values")
    bounded = parameter.least is not None or parameter.most is not None
    if parameter.type and bounded and parameter.type not in _NUMBER_TYPES:
        form.refuse(PackFault("`least` and `most` bound numbers and dates; leave them out here"))
        return
    if parameter.name == PARAMETER_UTC_OFFSET and (parameter.type, parameter.least, parameter.most) != _UTC_OFFSET:
        form.refuse(PackFault("{name} is an integer with `least = -720` and `most = 840`", name=parameter.name))
    for index, (_day, value) in enumerate(parameter.values):
        check_value(parameter, value, lambda fault, where=f"values[{index}]": form.refuse(fault, where))  # type: ignore[misc]


def check_value(parameter: Parameter, value: Value, refuse: Callable[[PackFault], None]) -> None:
    """Hand every fault of `value` as a value of `parameter` to `refuse`."""
    wanted = {"text": str, "boolean": bool}.get(parameter.type, int)
    if type(value) is not wanted:
        if parameter.type and value is not None:
            refuse(
                PackFault(
                    "a value of type {wanted} is wanted here, not {found}", wanted=parameter.type, found=kind_of(value)
                )
            )
        return
    if isinstance(value, str) and not 1 <= len(value.encode()) <= FIELD_TEXT_SIZE_BYTES_DEFAULT:
        refuse(PackFault("a text has 1 to {limit} bytes here", limit=FIELD_TEXT_SIZE_BYTES_DEFAULT))
    if type(value) is int:
        if parameter.least is not None and value < parameter.least:
            refuse(PackFault("{value} is below `least`, which is {least}", value=value, least=parameter.least))
        if parameter.most is not None and value > parameter.most:
            refuse(PackFault("{value} is above `most`, which is {most}", value=value, most=parameter.most))
