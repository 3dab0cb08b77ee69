"""The steps that a rule is compiled into: one closure for each kind of node that is no loop.

Owns what each operator does. Never checks a type: the checker did. Invariant: a step takes 1 of fuel before anything
else; literals take nothing. Source: docs/reference/rules.md, "Fuel".
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from contracts.rules import opcodes
from contracts.rules.arithmetic import checked_integer, division_by_zero, quotient, remainder
from contracts.rules.errors import MissingValueError
from contracts.rules.fuel import Frame, Step, out_of_fuel, take
from contracts.rules.types import FractionType, Type

Comparison = Callable[[Any, Any], bool]

_COMPARISONS: dict[str, Comparison] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class ExactFraction(NamedTuple):
    """`numerator`/`denominator` of `whole`, never computed: it is compared by multiplying crosswise."""

    numerator: int
    denominator: int
    whole: int


def literal(value: object) -> Step:
    """A value that stands in the rule."""
    return lambda frame: value


def missing(name: str) -> MissingValueError:
    """The error for a value that has to be there."""
    return MissingValueError("{name} has to be there, and is not", name=name)


def name(name: str, *, optional: bool) -> Step:
    """A name of the scope."""

    def step(frame: Frame) -> Any:
        if frame.fuel < 1:
            raise out_of_fuel()
        frame.fuel -= 1
        value = frame.environment.value(name)
        if value is None and not optional:
            raise missing(name)
        return value

    return step


def variable(slot: int) -> Step:
    """The name of a `for`."""

    def step(frame: Frame) -> Any:
        if frame.fuel < 1:
            raise out_of_fuel()
        frame.fuel -= 1
        return frame.slots[slot]

    return step


def field(base: Step, name: str, *, optional: bool) -> Step:
    """A field of a record."""

    def step(frame: Frame) -> Any:
        if frame.fuel < 1:
            raise out_of_fuel()
        frame.fuel -= 1
        value = base(frame).get(name)
        if value is None and not optional:
            raise missing(name)
        return value

    return step


def negation(operand: Step) -> Step:
    """`not`."""

    def step(frame: Frame) -> bool:
        take(frame, 1)
        return not operand(frame)

    return step


def conjunction(operands: tuple[Step, ...]) -> Step:
    """`and`: up to the first that is false."""

    def step(frame: Frame) -> bool:
        take(frame, 1)
        for operand in operands:  # noqa: SIM110 - a loop of Python, so that the depth of the C stack stays what it is
            if not operand(frame):
                return False
        return True

    return step


def disjunction(operands: tuple[Step, ...]) -> Step:
    """`or`: up to the first that is true."""

    def step(frame: Frame) -> bool:
        take(frame, 1)
        for operand in operands:  # noqa: SIM110 - as above
            if operand(frame):
                return True
        return False

    return step


def conditional(condition: Step, yes: Step, no: Step) -> Step:
    """`yes if condition else no`: one of the two."""

    def step(frame: Frame) -> Any:
        take(frame, 1)
        return yes(frame) if condition(frame) else no(frame)

    return step


def is_none(operand: Step) -> Step:
    """`is None`."""

    def step(frame: Frame) -> bool:
        take(frame, 1)
        return operand(frame) is None

    return step


def is_not_none(operand: Step) -> Step:
    """`is not None`."""

    def step(frame: Frame) -> bool:
        take(frame, 1)
        return operand(frame) is not None

    return step


def default(value: Step, instead: Step) -> Step:
    """`default`: the second argument is only looked at where the first is missing."""

    def step(frame: Frame) -> Any:
        take(frame, 1)
        found = value(frame)
        return instead(frame) if found is None else found

    return step


def comparison_of(sign: str, left: Type, right: Type) -> Comparison:
    """How two values of these types are compared."""
    compare = _COMPARISONS[sign]
    if isinstance(right, FractionType):
        return lambda one, other: compare(one * other.denominator, other.numerator * other.whole)
    if isinstance(left, FractionType):
        return lambda one, other: compare(one.numerator * one.whole, other * one.denominator)
    return compare


def comparison(compare: Comparison, left: Step, right: Step) -> Step:
    """One comparison."""

    def step(frame: Frame) -> bool:
        if frame.fuel < 1:
            raise out_of_fuel()
        frame.fuel -= 1
        return compare(left(frame), right(frame))

    return step


def chain(compares: tuple[Comparison, ...], operands: tuple[Step, ...]) -> Step:
    """Several, up to the first that does not hold; each operand is evaluated once."""
    pairs = tuple(zip(compares, operands[1:], strict=True))

    def step(frame: Frame) -> bool:
        take(frame, 1)
        left = operands[0](frame)
        for compare, operand in pairs:
            right = operand(frame)
            if not compare(left, right):
                return False
            left = right
        return True

    return step


def membership(value: Step, values: Step, *, wanted: bool) -> Step:
    """`in` and `not in`; costs the size of the list, wherever in it the value is."""

    def step(frame: Frame) -> bool:
        take(frame, 1)
        one = value(frame)
        several = values(frame)
        take(frame, len(several))
        return (one in several) == wanted

    return step


def fraction(numerator: Step, denominator: Step, whole: Step) -> Step:
    """`fraction`; the denominator is made positive, so that comparisons keep their direction."""

    def step(frame: Frame) -> ExactFraction:
        take(frame, 1)
        above, below, of = numerator(frame), denominator(frame), whole(frame)
        if below == 0:
            raise division_by_zero()
        return ExactFraction(above, below, of) if below > 0 else ExactFraction(-above, -below, of)

    return step


def negative(operand: Step) -> Step:
    """A minus."""

    def step(frame: Frame) -> int:
        take(frame, 1)
        return checked_integer(-operand(frame))

    return step


def _sum(left: int, right: int) -> int:
    return checked_integer(left + right)


def _difference(left: int, right: int) -> int:
    return checked_integer(left - right)


def _product(left: int, right: int) -> int:
    return checked_integer(left * right)


ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    opcodes.ADD: _sum,
    opcodes.SUBTRACT: _difference,
    opcodes.MULTIPLY: _product,
    opcodes.DIVIDE: quotient,
    opcodes.REMAINDER: remainder,
}


def function(compute: Callable[..., Any], arguments: tuple[Step, ...]) -> Step:
    """A function of the language, or an operator, whose arguments are all evaluated first."""
    if len(arguments) == 2:
        left, right = arguments

        def step_of_two(frame: Frame) -> Any:
            if frame.fuel < 1:
                raise out_of_fuel()
            frame.fuel -= 1
            return compute(left(frame), right(frame))

        return step_of_two

    def step(frame: Frame) -> Any:
        take(frame, 1)
        return compute(*[argument(frame) for argument in arguments])

    return step


def costly_function(compute: Callable[..., Any], arguments: tuple[Step, ...], fuel: int) -> Step:
    """A function of the language that takes as long as several steps; they are paid before it is computed."""

    def step(frame: Frame) -> Any:
        take(frame, 1)
        values = [argument(frame) for argument in arguments]
        take(frame, fuel)
        return compute(*values)

    return step


def local_date(compute: Callable[[int, int], int], time: Step, fuel: int) -> Step:
    """`date_of`: needs to know what local time is."""

    def step(frame: Frame) -> int:
        take(frame, 1)
        time_ms = time(frame)
        take(frame, fuel)
        return compute(time_ms, frame.environment.utc_offset_minutes)

    return step


def host_call(name: str, arguments: tuple[Step, ...], fuel: int, *, optional: bool) -> Step:
    """A function of the engine; what it costs is paid before it is called."""

    def step(frame: Frame) -> Any:
        take(frame, 1)
        values = tuple([argument(frame) for argument in arguments])
        take(frame, fuel)
        value = frame.environment.call(name, values)
        if value is None and not optional:
            raise missing(name)
        return value

    return step
