"""Arithmetic of whole numbers: 64 bits, exact, rounded only where `share` is told how.

Owns overflow and rounding. Never uses a float. Invariant: what comes out fits into 64 bits.
Source: docs/reference/rules.md, "Numbers".
"""

import re

from contracts.rules.errors import DivisionByZeroError, IntegerOverflowError
from ledger.encoding import INTEGER_MAX, INTEGER_MIN

HALF_UP = "half-up"
HALF_EVEN = "half-even"
DOWN = "down"
UP = "up"
ROUNDINGS = frozenset((HALF_UP, HALF_EVEN, DOWN, UP))

_MONEY = re.compile(r"(-?)([0-9]{1,17})\.([0-9]{2})")


def checked_integer(value: int) -> int:
    """`value`, if it fits into 64 bits.

    Raises:
        IntegerOverflowError
    """
    if INTEGER_MIN <= value <= INTEGER_MAX:
        return value
    raise IntegerOverflowError("a number in the rule does not fit into 64 bits")


def division_by_zero() -> DivisionByZeroError:
    """The error of a division by zero, to be raised."""
    return DivisionByZeroError("the rule divides by zero")


def quotient(one: int, other: int) -> int:
    """The quotient, rounded towards minus infinity (as `//` of Python).

    Raises:
        DivisionByZeroError, IntegerOverflowError
    """
    if other == 0:
        raise division_by_zero()
    return checked_integer(one // other)


def remainder(one: int, other: int) -> int:
    """What `quotient` leaves; it has the sign of `other`.

    Raises:
        DivisionByZeroError
    """
    if other == 0:
        raise division_by_zero()
    return one % other


def share(amount: int, numerator: int, denominator: int, rounding: str) -> int:
    """`amount` times `numerator` by `denominator`, rounded once, at the end.

    Args:
        amount: In the smallest unit.
        numerator: Any.
        denominator: Any but 0.
        rounding: `half-up` rounds a half away from zero, `half-even` to the even neighbour, `down` everything towards
            zero, `up` everything away from zero.

    Raises:
        DivisionByZeroError, IntegerOverflowError
    """
    if denominator == 0:
        raise division_by_zero()
    product = amount * numerator
    whole, rest = divmod(abs(product), abs(denominator))
    twice = 2 * rest - abs(denominator)
    if rounding == HALF_UP:
        whole += twice >= 0
    elif rounding == HALF_EVEN:
        whole += twice > 0 or (twice == 0 and whole % 2 == 1)
    elif rounding == UP:
        whole += rest > 0
    return checked_integer(whole if (product < 0) == (denominator < 0) else -whole)


def parsed_money(text: str) -> int | None:
    """The amount that `text` writes with two decimals, such as `-3000.00`; None if it writes none."""
    found = _MONEY.fullmatch(text)
    if found is None:
        return None
    amount = int(found[2] + found[3])
    amount = -amount if found[1] else amount
    return amount if INTEGER_MIN <= amount <= INTEGER_MAX else None


def written_money(amount: int) -> str:
    """An amount with two decimals."""
    units, hundredths = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{units}.{hundredths:02}"
