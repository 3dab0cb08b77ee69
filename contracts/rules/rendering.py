"""Values of rules as small texts and numbers that can stand in a refusal, and in a sentence.

Owns how each type is written. Never translates a sentence. Invariant: what goes into a refusal is the same in every
language (ISO dates, amounts with two decimals, the values of enums); titles of enums are put in when it is shown.
Source: docs/reference/rules.md, "Explanations".
"""

from collections.abc import Mapping
from typing import TypeAlias

from contracts.rules.arithmetic import written_money
from contracts.rules.dates import written_date, written_time
from contracts.rules.steps import ExactFraction
from contracts.rules.types import (
    DATE,
    INTEGER,
    MONEY,
    TIME,
    EnumType,
    FractionType,
    ListType,
    OptionalType,
    RuleValue,
    Type,
)

# The titles of enum values in one language: enum, value, title.
Titles: TypeAlias = Mapping[str, Mapping[str, str]]
# As in a refusal: longer texts repeat what stands in a record anyway.
TEXT_LENGTH_MAX = 100


def rendered(value: "RuleValue | ExactFraction", type_: Type) -> int | str:
    """A value as it stands in a refusal: a whole number, or a text without words of any language."""
    if isinstance(type_, OptionalType):
        return "-" if value is None else rendered(value, type_.item)
    if isinstance(value, ExactFraction):
        whole = rendered(value.whole, type_.of if isinstance(type_, FractionType) else INTEGER)
        return f"{value.numerator}/{value.denominator} × {whole}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _number(value, type_)
    if isinstance(value, str):
        return value[:TEXT_LENGTH_MAX]
    if isinstance(value, bytes):
        return value.hex()[:TEXT_LENGTH_MAX]
    return len(value) if isinstance(type_, ListType) and value is not None else str(type_)


def titled(shown: int | str, type_: Type | None, titles: Titles) -> int | str:
    """A rendered value with the title that its enum has, if it is of one."""
    if isinstance(type_, EnumType) and isinstance(shown, str):
        return titles.get(type_.name, {}).get(shown, shown)
    return shown


def _number(value: int, type_: Type) -> int | str:
    if type_ == MONEY:
        return written_money(value)
    if type_ == DATE:
        return written_date(value)
    if type_ == TIME:
        return written_time(value)
    return value
