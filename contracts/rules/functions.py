"""The functions of the language itself.

Owns their names and, of those whose parameters have fixed types, the signatures. Never evaluates. The others
(`default`, `fraction`, and what goes through a list) take several types and are judged in the checker.
Source: docs/reference/rules.md, "Functions".
"""

from contracts.rules.arithmetic import HALF_UP, ROUNDINGS
from contracts.rules.scope import Parameter, Scope, Signature
from contracts.rules.types import (
    BOOLEAN,
    DATE,
    INTEGER,
    MONEY,
    TEXT,
    TIME,
    FractionType,
    LiteralType,
    Type,
)

ALL = "all"
ANY = "any"
COUNT = "count"
SUM = "sum"
MIN = "min"
MAX = "max"
DISTINCT_COUNT = "distinct_count"
DEFAULT = "default"
FRACTION = "fraction"
SHARE = "share"
DATE_OF = "date_of"

# These go through the elements of a list, or of a generator.
AGGREGATES = frozenset((ALL, ANY, COUNT, SUM, MIN, MAX, DISTINCT_COUNT))
# In a text these two make literals: `money("3000.00")`, `date("2024-07-01")`.
LITERAL_MAKERS = frozenset(("money", "date"))


# A step takes a tenth of a microsecond; what takes longer pays for more steps. Part of the protocol's version.
_PARTS_FUEL = 10
_MONTHS_FUEL = 25
_SHARE_FUEL = 5
_TIME_FUEL = 2


def _signature(name: str, result: Type, *parameters: Parameter, fuel: int = 0) -> Signature:
    return Signature(name, parameters, result, fuel)


_FROM_TO = (Parameter("start", DATE), Parameter("end", DATE))

FIXED: dict[str, Signature] = {
    one.name: one
    for one in (
        _signature("days_between", INTEGER, *_FROM_TO),
        _signature("months_between", INTEGER, *_FROM_TO, fuel=_MONTHS_FUEL),
        _signature("years_between", INTEGER, *_FROM_TO, fuel=_MONTHS_FUEL),
        _signature("add_days", DATE, Parameter("date", DATE), Parameter("count", INTEGER), fuel=_TIME_FUEL),
        _signature("add_months", DATE, Parameter("date", DATE), Parameter("count", INTEGER), fuel=_MONTHS_FUEL),
        _signature(DATE_OF, DATE, Parameter("time", TIME), fuel=_TIME_FUEL),
        _signature("year_of", INTEGER, Parameter("date", DATE), fuel=_PARTS_FUEL),
        _signature("month_of", INTEGER, Parameter("date", DATE), fuel=_PARTS_FUEL),
        _signature("day_of", INTEGER, Parameter("date", DATE), fuel=_PARTS_FUEL),
        _signature("starts_with", BOOLEAN, Parameter("text", TEXT), Parameter("prefix", TEXT)),
        _signature(
            SHARE,
            MONEY,
            Parameter("amount", MONEY),
            Parameter("numerator", INTEGER),
            Parameter("denominator", INTEGER),
            Parameter("rounding", LiteralType(ROUNDINGS), default=HALF_UP),
            fuel=_SHARE_FUEL,
        ),
    )
}

# What it is a fraction of may be a number or an amount; the checker puts the right one in its place.
_FRACTION = _signature(
    FRACTION,
    FractionType(INTEGER),
    Parameter("numerator", INTEGER),
    Parameter("denominator", INTEGER),
    Parameter("of", INTEGER, keyword=True),
)

BUILTIN_NAMES = frozenset(FIXED) | AGGREGATES | LITERAL_MAKERS | {DEFAULT, FRACTION}


def signature_of(name: str, scope: Scope) -> Signature | None:
    """The signature of a function of the language or of `scope`; None if it has none, or there is no such function."""
    if name == FRACTION:
        return _FRACTION
    return FIXED.get(name) or scope.functions.get(name)
