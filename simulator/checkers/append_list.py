"""A list that is only ever added to, as an object of linearizable histories: what a file of numbered records is.

Owns the model; the search is `simulator.checkers.history`. A unit's file of notices is such a list: `notice.post` puts
a value behind all others and answers its number, with `expect` only if the list is as long as its author believed (a
compare-and-set), and reading answers the whole list or its length. A read of the whole list tells which value stood
where, so that one that was lost, came twice, came from nowhere or changed its place contradicts it. That is why this
object is looked at rather than a plain register, whose every write hides the one before it.
Source: Kingsbury and Alvaro, "Elle", 2020, on lists as the most telling objects.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple, TypeAlias

from simulator.checkers.history import Operation

APPEND = "append"
APPEND_IF = "append-if"
READ = "read"
COUNT = "count"
Values: TypeAlias = tuple[Hashable, ...]


class AppendIf(NamedTuple):
    """What `append-if` is asked for: `value`, if the list has `expected` values."""

    value: Hashable
    expected: int


class Answered(NamedTuple):
    """What `append-if` answers: whether it did, and how long the list is after that."""

    is_done: bool
    length: int


class AppendList:
    """Empty first; `append` answers the new length, `append-if` an `Answered`, `read` the values, `count` the length.

    Args:
        longest: The longest list that anybody read. The list only grows, so that until it is as long, each state is a
            beginning of this one: whatever else an operation would make of it cannot be part of an explanation.
        length_max: The greatest length that any answer tells; None where that is not known. Every answer tells one, so
            that nothing that was answered can come after the list was longer.
    """

    def __init__(self, longest: Values = (), length_max: int | None = None) -> None:
        self._longest = longest
        self._length_max = length_max

    @classmethod
    def of(cls, operations: Sequence[Operation]) -> "AppendList":
        """The list that the search for these operations can follow."""
        told = [one.result for one in operations if one.ended is not None]
        reads = [one.result for one in operations if one.ended is not None and one.kind == READ]
        longest = max((one for one in reads if isinstance(one, tuple)), key=len, default=())
        return cls(longest, max(map(_length, told), default=0))

    def first(self) -> Hashable:
        """Nothing appended."""
        return ()

    def after(self, state: Hashable, operation: Operation) -> Hashable | None:
        """Append, or compare what was read."""
        assert isinstance(state, tuple), "a list of values"
        told = operation.result
        new: Values = state
        match operation.kind:
            case "append":
                new = (*state, operation.argument)
                real: Hashable = len(new)
            case "append-if":
                assert isinstance(operation.argument, AppendIf), "a value and a length"
                is_done = operation.argument.expected == len(state)
                new = (*state, operation.argument.value) if is_done else state
                real = Answered(is_done, len(new))
            case "read":
                real = state
            case _:
                real = len(state)
        if operation.ended is not None and told != real:
            return None
        if self._length_max is not None and len(new) > self._length_max:
            return None
        return new if len(new) > len(self._longest) or new == self._longest[: len(new)] else None


def _length(told: Hashable) -> int:
    """How long the list was according to an answer."""
    match told:
        case Answered(_, length):
            return length
        case tuple():
            return len(told)
        case int():
            return told
    raise AssertionError("every answer tells a length")
