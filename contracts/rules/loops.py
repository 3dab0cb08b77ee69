"""The steps that go through lists.

Owns generators and the functions over them. Invariant: every element costs 1 before it is looked at; a function over a
whole list pays for all its elements at once; a list that is longer than its type says is an error before anything is
paid. Source: docs/reference/rules.md, "Fuel".
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from contracts.rules import functions
from contracts.rules.arithmetic import checked_integer
from contracts.rules.errors import ListTooLongError
from contracts.rules.fuel import Frame, Step, out_of_fuel, take

Elements = Callable[[Frame], Iterator[Any]]


def bounded(values: Step, count_max: int) -> Step:
    """A list that is checked against its type's bound; takes no fuel of its own."""

    def step(frame: Frame) -> Any:
        several = values(frame)
        if len(several) > count_max:
            raise ListTooLongError(
                "a list has {count} values, its type allows {limit}", count=len(several), limit=count_max
            )
        return several

    return step


def each(values: Step, slot: int, condition: Step | None, element: Step) -> Elements:
    """`element for … in values if condition`."""

    def elements(frame: Frame) -> Iterator[Any]:
        take(frame, 1)
        slots = frame.slots
        for one in values(frame):
            if frame.fuel < 1:
                raise out_of_fuel()
            frame.fuel -= 1
            slots[slot] = one
            if condition is None or condition(frame):
                yield element(frame)

    return elements


def each_of_each(values: Step, slot: int, condition: Step | None, inner: Elements) -> Elements:
    """The outer one of two `for`."""

    def elements(frame: Frame) -> Iterator[Any]:
        take(frame, 1)
        slots = frame.slots
        for one in values(frame):
            take(frame, 1)
            slots[slot] = one
            if condition is None or condition(frame):
                yield from inner(frame)

    return elements


def _all(values: Iterable[bool]) -> bool:
    # Loops of Python, so that no function of C is between two levels of a rule.
    for value in values:  # noqa: SIM110
        if not value:
            return False
    return True


def _any(values: Iterable[bool]) -> bool:
    for value in values:  # noqa: SIM110
        if value:
            return True
    return False


def _count(values: Iterable[Any]) -> int:
    count = 0
    for _ in values:
        count += 1
    return count


def _sum(values: Iterable[int]) -> int:
    total = 0
    for value in values:
        total = checked_integer(total + value)
    return total


def _least(values: Iterable[int]) -> int | None:
    least = None
    for value in values:
        if least is None or value < least:
            least = value
    return least


def _greatest(values: Iterable[int]) -> int | None:
    greatest = None
    for value in values:
        if greatest is None or value > greatest:
            greatest = value
    return greatest


def _distinct_count(values: Iterable[Any]) -> int:
    found = set()
    for value in values:
        found.add(value)
    return len(found)


_FUNCTIONS: dict[str, Callable[[Iterable[Any]], Any]] = {
    functions.ALL: _all,
    functions.ANY: _any,
    functions.COUNT: _count,
    functions.SUM: _sum,
    functions.MIN: _least,
    functions.MAX: _greatest,
    functions.DISTINCT_COUNT: _distinct_count,
}


def over_elements(name: str, elements: Elements) -> Step:
    """A function over a generator; `all` and `any` stop where they know."""
    compute = _FUNCTIONS[name]

    def step(frame: Frame) -> Any:
        take(frame, 1)
        return compute(elements(frame))

    return step


def over_list(name: str, values: Step) -> Step:
    """A function over a whole list, which costs its size."""
    compute = _FUNCTIONS[name]

    def step(frame: Frame) -> Any:
        take(frame, 1)
        several = values(frame)
        take(frame, len(several))
        return compute(several)

    return step


def least_of(*values: int) -> int:
    """`min` of several values."""
    return min(values)


def greatest_of(*values: int) -> int:
    """`max` of several values."""
    return max(values)
