"""What an evaluation may cost, and the frame in which it runs.

Owns the count of steps and the values of `for` names. Invariant: `fuel` is what is left, each step takes its part
before it does anything, and nothing is done without: an evaluation ends after at most as many steps as it was given,
at the same one on every node. Source: docs/reference/rules.md, "Fuel".
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from contracts.rules.errors import OutOfFuelError
from contracts.rules.scope import Environment

# Part of the protocol's version: who allows more accepts rules that others do not. A guard of three clauses takes
# about 20, going through 256 members with one condition each about 1,500; 10,000 steps take about a millisecond.
FUEL_MAX = 10_000


class Frame:
    """One evaluation: fuel left, the environment's answers, the values of `for` names by their depth."""

    __slots__ = ("environment", "fuel", "slots")

    def __init__(self, environment: Environment, fuel: int, slot_count: int) -> None:
        self.fuel = fuel
        self.environment = environment
        self.slots: list[Any] = [None] * slot_count


# A compiled node: gives its value in a frame. The checker has made sure of the value's type.
Step: TypeAlias = Callable[[Frame], Any]


def out_of_fuel() -> OutOfFuelError:
    """The error to raise where `fuel` does not suffice."""
    return OutOfFuelError("the rule takes more steps than it is allowed")


def take(frame: Frame, count: int) -> None:
    """Pay for `count` steps.

    Raises:
        OutOfFuelError
    """
    if frame.fuel < count:
        raise out_of_fuel()
    frame.fuel -= count
