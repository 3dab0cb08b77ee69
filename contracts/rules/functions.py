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

# These go through the elements of a list, or of a generator.
AGGREGATES = frozenset((ALL, ANY, COUNT, SUM, MIN, MAX, DISTINCT_COUNT))
# In a text these two make literals: `money("3000.00")`, `date("2024-07-01")`.
LITERAL_MAKERS = frozenset(("money", "date"))


def _signature(name: str, result: Type, *parameters: Parameter) -> Signature:
    return Signature(name, parameters, result, fuel=0)


_FROM_TO = (Parameter("start", DATE), Parameter("end", DATE))

FIXED: dict[str, Signature] = {
    one.name: one
    for one in (
        _signature("days_between", INTEGER, *_FROM_TO),
        _signature("months_between", INTEGER, *_FROM_TO),
        _signature("years_between", INTEGER, *_FROM_TO),
        _signature("add_days", DATE, Parameter("date", DATE), Parameter("count", INTEGER)),
        _signature("add_months", DATE, Parameter("date", DATE), Parameter("count", INTEGER)),
        _signature("date_of", DATE, Parameter("time", TIME)),
        _signature("year_of", INTEGER, Parameter("date", DATE)),
        _signature("month_of", INTEGER, Parameter("date", DATE)),
        _signature("day_of", INTEGER, Parameter("date", DATE)),
        _signature("starts_with", BOOLEAN, Parameter("text", TEXT), Parameter("prefix", TEXT)),
        _signature(
            SHARE,
            MONEY,
            Parameter("amount", MONEY),
            Parameter("numerator", INTEGER),
            Parameter("denominator", INTEGER),
            Parameter("rounding", LiteralType(ROUNDINGS), default=HALF_UP),
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
