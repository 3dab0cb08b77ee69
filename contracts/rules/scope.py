"""What a rule may speak of: the names and functions that the embedding engine supplies.

Owns the declaration of both, and the way the evaluator asks for their values. Never holds a value. Invariant: whatever
is declared can be written in an expression, and no host function hides one of the language's own.
Source: docs/reference/rules.md, "What an engine supplies".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from contracts.rules.errors import RuleDeclarationError
from contracts.rules.types import LiteralType, RuleValue, Type, check_declarable, check_rule_name

# A call carries no more: what needs more is given a record.
PARAMETERS_MAX = 8
# Below `FUEL_MAX`, or no rule could call it.
HOST_FUEL_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function.

    A `keyword` parameter is given by name (`of=due`), any other by place. A parameter with a `default` may be left
    out; the default then stands in the tree as if it had been written.
    """

    name: str
    type: Type
    keyword: bool = False
    default: bool | int | str | None = None

    def __post_init__(self) -> None:
        check_rule_name(self.name)
        if not isinstance(self.type, LiteralType):
            check_declarable(self.type)


@dataclass(frozen=True, slots=True)
class Signature:
    """A function: its parameters in order, its result, and what a call costs on top of the 1 of every node.

    `fuel` stands for the work that the engine does: 1 for about a tenth of a microsecond, 20 for a read of the state.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Type
    fuel: int = 1

    def __post_init__(self) -> None:
        check_rule_name(self.name)
        names = [one.name for one in self.parameters]
        order = [(one.keyword, one.default is not None) for one in self.parameters]
        if len(names) > PARAMETERS_MAX or len(set(names)) != len(names) or order != sorted(order):
            raise RuleDeclarationError(
                "{name} has more than {limit} parameters, two of one name, or not in the order: by place, by place with"
                " a default, by name",
                name=self.name,
                limit=PARAMETERS_MAX,
            )
        if not 0 <= self.fuel <= HOST_FUEL_MAX:
            raise RuleDeclarationError("a call of {name} costs 0 to {limit}", name=self.name, limit=HOST_FUEL_MAX)


class Scope:
    """Names with their types, and host functions. Immutable."""

    __slots__ = ("functions", "names")

    def __init__(self, names: Mapping[str, Type], functions: Iterable[Signature] = ()) -> None:
        """Declare both.

        Raises:
            RuleDeclarationError: a name that cannot be written, or a function of the language's own or twice.
        """
        from contracts.rules.functions import BUILTIN_NAMES

        for name, type_ in names.items():
            check_rule_name(name)
            check_declarable(type_)
        self.names: Mapping[str, Type] = dict(names)
        signatures = tuple(functions)
        for signature in signatures:
            check_declarable(signature.result)
        self.functions: Mapping[str, Signature] = {one.name: one for one in signatures}
        if len(self.functions) != len(signatures) or self.functions.keys() & BUILTIN_NAMES:
            raise RuleDeclarationError("two functions have one name, or one has the name of a function of the language")

    def extended(self, names: Mapping[str, Type]) -> "Scope":
        """This scope with further names; they replace those of the same name."""
        return Scope({**self.names, **names}, self.functions.values())


class Environment(Protocol):
    """Where an evaluation gets its values. Answers must be of the declared types, and the same for the whole of it."""

    @property
    def utc_offset_minutes(self) -> int:
        """How far local time is ahead of UTC: 480 in China. For `date_of`."""

    def value(self, name: str) -> RuleValue:
        """The value of a name of the scope."""

    def call(self, name: str, arguments: tuple[RuleValue, ...]) -> RuleValue:
        """The result of a host function; all arguments are there, in the order of the signature."""
