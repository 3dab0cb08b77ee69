"""The contracts of a network, by name: which operations there are, and what their refusals mean.

Owns the way from `contract.method` to what runs, and the description of it all. Never runs anything. The
registry is part of the rules: two nodes with different registries disagree about the state.
"""

from collections.abc import Iterable
from typing import NamedTuple

from contracts.admission import SENDER_COUNT_KIND, SENDER_REASONS
from contracts.argument_reasons import ARGUMENT_REASONS
from contracts.arguments import Description
from contracts.authority.judgement import NOT_ALLOWED
from contracts.calendar.reasons import CALENDAR_REASONS
from contracts.chain import CHAIN_KIND
from contracts.contract import Contract, Operation, TimerHandler
from contracts.errors import ContractError, Reason, Refusal
from contracts.expectation import EXPECT_REASONS
from contracts.genesis_state import GENESIS_KINDS, KIND_FORMER_POLICY
from contracts.limits import LIMIT_REASONS, RECORD_REASONS
from contracts.result import Result
from contracts.timer_effect import TimerEffect
from contracts.timers import KIND_TIMER, PURPOSE_UNKNOWN, TIMER_REASONS

OPERATION_UNKNOWN = Reason(
    "operation.unknown", "this ledger has no operation {operation}; see the list of operations for what there is"
)
UNEXPLAINED = Reason("refused", "refused with the code {reason}, which this version does not know")

RUNTIME_REASONS = (
    OPERATION_UNKNOWN,
    NOT_ALLOWED,
    *SENDER_REASONS,
    *ARGUMENT_REASONS,
    *EXPECT_REASONS,
    *RECORD_REASONS,
    *LIMIT_REASONS,
    *CALENDAR_REASONS,
    *TIMER_REASONS,
)
# What the runtime itself writes; no contract may.
RUNTIME_KINDS = frozenset((SENDER_COUNT_KIND, CHAIN_KIND, KIND_TIMER))
_RUNTIME = "the runtime"


class RegisteredOperation(NamedTuple):
    """An operation with the contract it belongs to."""

    contract: Contract
    operation: Operation


class RegisteredTimer(NamedTuple):
    """A timer handler with the contract it belongs to."""

    contract: Contract
    handler: TimerHandler


class Registry:
    """An unchanging set of contracts."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        """Put contracts together.

        Raises:
            ContractError: two have one name, one kind or one refusal code; one claims a kind of the runtime's, or
                borrows one that no other contract owns.
        """
        self.contracts = tuple(contracts)
        self._operations: dict[str, RegisteredOperation] = {}
        self._timers: dict[str, RegisteredTimer] = {}
        self._reasons: dict[str, Reason] = {reason.code: reason for reason in RUNTIME_REASONS}
        owners: dict[str, str] = dict.fromkeys(RUNTIME_KINDS, _RUNTIME)
        names: set[str] = set()
        for contract in self.contracts:
            if contract.name in names:
                raise ContractError("there are two contracts of the name {name}", name=contract.name)
            names.add(contract.name)
            for kind in sorted(contract.kinds):
                if kind in owners:
                    raise ContractError("records of the kind {kind} belong to {owner}", kind=kind, owner=owners[kind])
                owners[kind] = contract.name
            self._add_reasons(contract)
            for operation in contract.operations:
                self._operations[f"{contract.name}.{operation.method}"] = RegisteredOperation(contract, operation)
            for handler in contract.timers:
                self._timers[f"{contract.name}.{handler.name}"] = RegisteredTimer(contract, handler)
        self._check_borrowed_kinds(owners)
        self._check_pack_kinds(owners)

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind of record that there can be: the genesis', the runtime's and the contracts' own."""
        owned = {kind for contract in self.contracts for kind in contract.kinds}
        return GENESIS_KINDS | RUNTIME_KINDS | owned | {KIND_FORMER_POLICY}

    def find(self, name: str) -> RegisteredOperation:
        """The operation `contract.method`.

        Raises:
            Refusal: `operation.unknown`.
        """
        found = self._operations.get(name)
        if found is None:
            raise Refusal(*OPERATION_UNKNOWN, operation=name)
        return found

    def find_timer(self, purpose: str) -> RegisteredTimer:
        """The timer handler `contract.name`.

        Raises:
            Refusal: `timer.purpose-unknown`.
        """
        found = self._timers.get(purpose)
        if found is None:
            raise Refusal(*PURPOSE_UNKNOWN, purpose=purpose)
        return found

    def explain(self, result: Result | TimerEffect) -> Refusal | None:
        """Why a transaction or a timer was refused, in words, from what stands in its leaf; None if it was not.

        Never raises: a code or details that this registry does not know are named as they are.
        """
        if result.ok:
            return None
        reason = self._reasons.get(result.code)
        details = {name: value for name, value in result.details.items() if isinstance(value, int | str)}
        if reason is not None and reason.fields <= details.keys():
            return Refusal(*reason, **{name: details[name] for name in reason.fields})
        unexplained = Refusal(*UNEXPLAINED, reason=result.code)
        unexplained.code = result.code
        return unexplained

    def describe(self) -> list[Description]:
        """Every operation with its actors and arguments, in the order of names; for documents, forms and OpenAPI."""
        return [
            {
                "operation": name,
                "summary": registered.operation.summary,
                "actors": [str(actor) for actor in registered.operation.actors],
                "arguments": [argument.describe() for argument in registered.operation.declaration.arguments],
            }
            for name, registered in sorted(self._operations.items())
        ]

    def reasons(self) -> tuple[Reason, ...]:
        """Every way to be refused, in the order of codes."""
        return tuple(reason for _, reason in sorted(self._reasons.items()))

    def _check_borrowed_kinds(self, owners: dict[str, str]) -> None:
        """What a contract borrows, kinds and timers, is another contract's."""
        for contract in self.contracts:
            for purpose in sorted(contract.borrowed_timers):
                if purpose not in self._timers or self._timers[purpose].contract is contract:
                    raise ContractError(
                        "the contract {name} borrows {kind} of nobody", name=contract.name, kind=purpose
                    )
            for kind in sorted(contract.borrowed_kinds):
                if owners.get(kind, contract.name) in (contract.name, _RUNTIME):
                    raise ContractError("the contract {name} borrows {kind} of nobody", name=contract.name, kind=kind)

    def _check_pack_kinds(self, owners: dict[str, str]) -> None:
        """One contract writes the records of packs, and none of the kinds that others own or the genesis makes."""
        writers = [contract for contract in self.contracts if contract.pack_kinds_except is not None]
        if len(writers) > 1:
            raise ContractError("more than one contract writes the records of packs")
        for writer in writers:
            reserved = writer.pack_kinds_except or frozenset()
            unreserved = sorted((owners.keys() | GENESIS_KINDS) - reserved)
            if unreserved:
                raise ContractError("the kinds {kinds} are not reserved against packs", kinds=", ".join(unreserved))

    def _add_reasons(self, contract: Contract) -> None:
        for reason in contract.reasons:
            if reason.code in self._reasons:
                raise ContractError("the refusal code {code} is declared twice", code=reason.code)
            self._reasons[reason.code] = reason
