"""What a contract is: a name, operations with declared arguments, timer handlers, the kinds of records it owns.

Owns the declaration and its checks; never runs anything. Everything that a contract can do is stated here in the
open, so that documents, forms and message catalogues can be made from it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from contracts.arguments import Argument, Arguments, Declaration
from contracts.authority.actor import parse_actors
from contracts.errors import ContractError, Reason, check_reason
from contracts.limits import COMMON_LIMITS, RunLimits
from ledger.encoding import Value

if TYPE_CHECKING:
    from contracts.context import Context
    from contracts.timer_context import TimerContext

# The whole name `contract.method` stands in a transaction and has at most 64 characters there.
NAME_LENGTH_MAX = 64

_NAME = re.compile(r"[a-z][a-z0-9-]*")

OperationFunction: TypeAlias = "Callable[[Context, Arguments], None]"
TimerFunction: TypeAlias = "Callable[[TimerContext, dict[str, Value]], None]"


class Operation:
    """One thing a contract can do: `function(context, arguments)` does it, or raises a `Refusal`.

    The function is deterministic: it depends on the context and the arguments alone, never on a clock, on
    randomness, on the order of a set, or on what is detached.
    """

    __slots__ = ("actors", "declaration", "function", "method", "summary", "weighed_by")

    def __init__(
        self,
        method: str,
        summary: str,
        arguments: tuple[Argument, ...],
        function: OperationFunction,
        *,
        actors: tuple[str, ...],
        weighed_by: tuple[str, ...] = (),
    ) -> None:
        """Declare an operation.

        Args:
            method: The part of its name after the dot.
            summary: One line for people.
            arguments: In the order of documents.
            function: What does it.
            actors: Who may do it, at least one; the function asks `contracts.authority` whether the sender is one.
            weighed_by: One argument or two, short texts, that tell cheap uses from dear ones where one operation does
                many things: whoever fills blocks remembers what each has cost (`daemon.work_memory`).

        Raises:
            ContractError, InvalidActorError: the name or an actor is malformed; there is no actor, or no such argument.
        """
        if not _NAME.fullmatch(method):
            raise ContractError("{name!r} cannot be the name of an operation", name=method)
        self.method = method
        self.summary = summary
        if not actors:
            raise ContractError("the operation {name} names nobody who may do it", name=method)
        self.actors = parse_actors(actors)
        self.declaration = Declaration(arguments)
        self.function = function
        for name in weighed_by:
            if all(one.name != name for one in arguments):
                raise ContractError("the operation {name} has no argument {argument}", name=method, argument=name)
        self.weighed_by = weighed_by


@dataclass(frozen=True, slots=True)
class TimerHandler:
    """What a contract does when one of its timers is due: `function(context, payload)` does it, or raises a `Refusal`.

    `name` is of the form of an operation's; the whole name `contract.name` is the purpose of the timers that it serves
    and stands in the log. Timers outlive a version of this software: a handler that no contract declares any more
    leaves those that wait to be refused, each when it is due. The function is as deterministic as an operation's.
    """

    name: str
    function: TimerFunction


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as it is registered.

    `kinds` are the kinds of records that it owns; `borrowed_kinds` those of other contracts that it writes too, through
    the functions of their owners and in no other way. `events` and `reasons` are everything it reports and refuses, the
    names beginning with the contract's own. `pack_kinds_except` is for the one contract that writes the records of
    kinds which policy packs define: every kind but these is a pack's. `timers` serve the timers that it sets;
    `borrowed_timers` are purposes of other contracts, for timers that it sets through the functions of their owners.
    `limits` are what one run of it may read and write.
    """

    name: str
    summary: str
    kinds: frozenset[str]
    events: frozenset[str]
    reasons: tuple[Reason, ...]
    operations: tuple[Operation, ...]
    pack_kinds_except: frozenset[str] | None = None
    borrowed_kinds: frozenset[str] = frozenset()
    timers: tuple[TimerHandler, ...] = ()
    borrowed_timers: frozenset[str] = frozenset()
    limits: RunLimits = COMMON_LIMITS

    def __post_init__(self) -> None:
        for name in (self.name, *sorted(self.kinds | self.borrowed_kinds)):
            if not _NAME.fullmatch(name):
                raise ContractError("{name!r} cannot be the name of a contract or kind", name=name)
        for event in sorted(self.events):
            if not event.startswith(f"{self.name}.") or not _NAME.fullmatch(event[len(self.name) + 1 :]):
                raise ContractError("the event {event} is not of the form {name}.event", event=event, name=self.name)
        for reason in self.reasons:
            check_reason(reason, self.name)
        methods = [operation.method for operation in self.operations]
        if len(set(methods)) != len(methods):
            raise ContractError("the contract {name} has two operations of one name", name=self.name)
        handlers = [handler.name for handler in self.timers]
        if len(set(handlers)) != len(handlers):
            raise ContractError("the contract {name} has two timer handlers of one name", name=self.name)
        for handler in handlers:
            if not _NAME.fullmatch(handler):
                raise ContractError("{name!r} cannot be the name of a timer handler", name=handler)
        for method in (*methods, *handlers):
            if len(self.name) + 1 + len(method) > NAME_LENGTH_MAX:
                raise ContractError("the name {name}.{method} is too long", name=self.name, method=method)

    def writes(self, kind: str) -> bool:
        """Whether records of `kind` are this contract's to write, be they its own, a pack's or borrowed."""
        if kind in self.kinds or kind in self.borrowed_kinds:
            return True
        return self.pack_kinds_except is not None and kind not in self.pack_kinds_except
