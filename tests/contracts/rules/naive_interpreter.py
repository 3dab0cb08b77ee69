"""Goes through a rule's tree node by node, as docs/reference/rules.md says it: what compiled rules are compared with.

Written from the page and not from the evaluator: dates are the standard library's, fractions too.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from contracts.rules.errors import (
    DateOutOfRangeError,
    DivisionByZeroError,
    IntegerOverflowError,
    ListTooLongError,
    MissingValueError,
    OutOfFuelError,
)
from contracts.rules.scope import Environment
from contracts.rules.tree import Node, Tree
from contracts.rules.types import ListType, OptionalType

# As the page has it: what functions cost beside the 1 of every node.
FUEL = {
    "months_between": 25,
    "years_between": 25,
    "add_months": 25,
    "year_of": 10,
    "month_of": 10,
    "day_of": 10,
    "share": 5,
    "add_days": 2,
    "date_of": 2,
}
EPOCH = date(1970, 1, 1).toordinal()


def as_date(days: int) -> date:
    if not 1 <= days + EPOCH <= date.max.toordinal():
        raise DateOutOfRangeError("")
    return date.fromordinal(days + EPOCH)


def fitting(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise IntegerOverflowError("")
    return value


def months_later(days: int, count: int) -> int:
    """By trying: the same day, or the last one that the month has."""
    start = as_date(days)
    months = start.year * 12 + start.month - 1 + count
    if not 1 <= months // 12 <= 9999:
        raise DateOutOfRangeError("")
    for day in range(start.day, 0, -1):
        try:
            return date(months // 12, months % 12 + 1, day).toordinal() - EPOCH
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def complete_months(start: int, end: int) -> int:
    """By counting down from too many."""
    if end < start:
        return -complete_months(end, start)
    first, last = as_date(start), as_date(end)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    while months > 0:
        try:
            if months_later(start, months) <= end:
                return months
        except DateOutOfRangeError:
            pass
        months -= 1
    return 0


def rounded(amount: Fraction, how: str) -> int:
    whole = amount.numerator // amount.denominator
    rest = amount - whole
    if rest == 0:
        return whole
    if how == "down":
        return whole if amount > 0 else whole + 1
    if how == "up":
        return whole + 1 if amount > 0 else whole
    if rest != Fraction(1, 2):
        return whole + (rest > Fraction(1, 2))
    if how == "half-even":
        return whole + whole % 2
    return whole + 1 if amount > 0 else whole


class Naive:
    """One evaluation; `left` is the fuel that is left."""

    def __init__(self, tree: Tree, environment: Environment, fuel: int) -> None:
        self.tree = tree
        self.environment = environment
        self.left = fuel
        self.variables: dict[str, Any] = {}

    def pay(self, count: int) -> None:
        if count > self.left:
            raise OutOfFuelError("")
        self.left -= count

    def run(self) -> Any:
        return self.value(self.tree.root)

    def value(self, node: Node) -> Any:
        match node.opcode:
            case "boolean" | "integer" | "money" | "date" | "text":
                return node.literal
            case "tuple":
                return [item.literal for item in node.operands]
        self.pay(1)
        match node.opcode:
            case "name":
                if node.name in self.variables:
                    return self.variables[node.name]
                return self.there(node, self.environment.value(node.name))
            case "field":
                return self.there(node, self.value(node.operands[0]).get(node.name))
            case "not":
                return not self.value(node.operands[0])
            case "and":
                return all(self.value(one) for one in node.operands)
            case "or":
                return any(self.value(one) for one in node.operands)
            case "if":
                condition, yes, no = node.operands
                return self.value(yes if self.value(condition) else no)
            case "is-none":
                return self.value(node.operands[0]) is None
            case "is-not-none":
                return self.value(node.operands[0]) is not None
            case "compare":
                return self.compare(node)
            case "in" | "not-in":
                one = self.value(node.operands[0])
                several = self.whole_list(node.operands[1])
                return (one in several) == (node.opcode == "in")
            case "negate":
                return fitting(-self.value(node.operands[0]))
            case "call":
                return self.call(node)
        return self.arithmetic(node)

    def there(self, node: Node, value: Any) -> Any:
        if value is None and not isinstance(node.type, OptionalType):
            raise MissingValueError("")
        return value

    def compare(self, node: Node) -> bool:
        left = self.value(node.operands[0])
        for sign, operand in zip(node.literals, node.operands[1:], strict=True):
            right = self.value(operand)
            holds = {
                "==": lambda a, b: a == b,
                "!=": lambda a, b: a != b,
                "<": lambda a, b: a < b,
                "<=": lambda a, b: a <= b,
                ">": lambda a, b: a > b,
                ">=": lambda a, b: a >= b,
            }[str(sign)](left, right)
            if not holds:
                return False
            left = right
        return True

    def arithmetic(self, node: Node) -> int:
        left, right = self.value(node.operands[0]), self.value(node.operands[1])
        match node.opcode:
            case "+":
                return fitting(left + right)
            case "-":
                return fitting(left - right)
            case "*":
                return fitting(left * right)
        if right == 0:
            raise DivisionByZeroError("")
        return fitting(left // right) if node.opcode == "//" else left % right

    def list_of(self, node: Node) -> Any:
        values = self.value(node)
        assert isinstance(node.type, ListType)
        if len(values) > node.type.count_max:
            raise ListTooLongError("", count=0, limit=0)
        return values

    def whole_list(self, node: Node) -> Any:
        values = self.list_of(node)
        self.pay(len(values))
        return values

    def elements(self, node: Node) -> Iterator[Any]:
        self.pay(1)
        for one in self.list_of(node.operands[0]):
            self.pay(1)
            self.variables[node.name] = one
            if node.opcode == "each" or self.value(node.operands[1]):
                if node.operands[-1].opcode in ("each", "each-if"):
                    yield from self.elements(node.operands[-1])
                else:
                    yield self.value(node.operands[-1])
            del self.variables[node.name]

    def call(self, node: Node) -> Any:
        name = node.name
        if name == "default":
            value = self.value(node.operands[0])
            return self.value(node.operands[1]) if value is None else value
        if name in ("all", "any", "count", "sum", "min", "max", "distinct_count") and len(node.operands) == 1:
            operand = node.operands[0]
            if operand.opcode in ("each", "each-if"):
                before = dict(self.variables)
                result = self.aggregate(name, self.elements(operand))
                self.variables = before
                return result
            return self.aggregate(name, iter(self.whole_list(operand)))
        arguments = [self.value(one) for one in node.operands]
        signature = self.tree.scope.functions.get(name)
        if signature is not None:
            self.pay(signature.fuel)
            return self.there(node, self.environment.call(name, tuple(arguments)))
        self.pay(FUEL.get(name, 0))
        return self.function(name, arguments)

    def aggregate(self, name: str, values: Iterator[Any]) -> Any:
        match name:
            case "all":
                return all(values)
            case "any":
                return any(values)
            case "count":
                return len(list(values))
            case "distinct_count":
                return len(set(values))
            case "sum":
                total = 0
                for value in values:
                    total = fitting(total + value)
                return total
        found = list(values)
        return None if not found else min(found) if name == "min" else max(found)

    def function(self, name: str, arguments: list[Any]) -> Any:
        match name, arguments:
            case "days_between", [start, end]:
                return fitting(end - start)
            case "months_between", [start, end]:
                return complete_months(start, end)
            case "years_between", [start, end]:
                return int(Fraction(complete_months(start, end), 12))
            case "add_days", [start, count]:
                first = as_date(start)
                try:
                    return (first + timedelta(days=count)).toordinal() - EPOCH
                except OverflowError:
                    raise DateOutOfRangeError("") from None
            case "add_months", [start, count]:
                return months_later(start, count)
            case "date_of", [time]:
                days = (time + self.environment.utc_offset_minutes * 60_000) // 86_400_000
                return as_date(days).toordinal() - EPOCH
            case "year_of", [day]:
                return as_date(day).year
            case "month_of", [day]:
                return as_date(day).month
            case "day_of", [day]:
                return as_date(day).day
            case "starts_with", [text, prefix]:
                return text[: len(prefix)] == prefix
            case "share", [amount, numerator, denominator, rounding]:
                if denominator == 0:
                    raise DivisionByZeroError("")
                return fitting(rounded(Fraction(amount) * numerator / denominator, rounding))
            case "fraction", [numerator, denominator, of]:
                if denominator == 0:
                    raise DivisionByZeroError("")
                return Fraction(numerator, denominator) * of
            case "min", _:
                return min(arguments)
            case "max", _:
                return max(arguments)
        raise AssertionError(name)
