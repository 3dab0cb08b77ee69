"""Versions of the protocol for tests: programs that are older or newer than the one that is tested.

Version 2 exists here only. A block of it holds no notice that says `MARK_REFUSED` in its unit (a rule of validity, told
by the bytes), and posting a notice counts posted notices in an event of its own (a rule of execution): a node that
executed such a block by version 1 would come to another state and another digest.
"""

from dataclasses import replace
from functools import lru_cache

from contracts.arguments import Arguments
from contracts.builtin import builtin_registry
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.notice import KIND_NOTICE, NOTICE, notice_id, post
from contracts.protocols import Protocol, Protocols
from contracts.registry import Registry
from ledger.transaction import Transaction

UNIT_REFUSED = "closed-in-version-2"
EVENT_OF_TWO = f"{NOTICE.name}.posted-by-two"


def only_version(registry: Registry) -> Protocols:
    """A program with other contracts and no other version than the first."""
    return Protocols([Protocol(1, registry)])


@lru_cache(maxsize=1)
def two_versions() -> Protocols:
    """A newer program: it knows versions 1 and 2."""
    return Protocols(
        [Protocol(1, builtin_registry()), Protocol(2, Registry(map(_changed, builtin_registry().contracts)), _admits)]
    )


def _admits(transaction: Transaction) -> bool:
    return transaction.arguments.get("unit") != UNIT_REFUSED


def _changed(contract: Contract) -> Contract:
    if contract is not NOTICE:
        return contract
    operations = tuple(
        Operation(one.method, one.summary, one.declaration.arguments, _post_by_two, actors=("anyone",))
        if one.method == "post"
        else one
        for one in contract.operations
    )
    return replace(contract, operations=operations, events=contract.events | {EVENT_OF_TWO})


def _post_by_two(context: Context, arguments: Arguments) -> None:
    post(context, arguments)
    unit = arguments.text("unit")
    number = next(fields for name, fields in context.events if name == f"{NOTICE.name}.posted")["number"]
    assert isinstance(number, int)
    record = context.read(KIND_NOTICE, notice_id(unit, number))
    assert record is not None, "it was posted just now"
    context.put(KIND_NOTICE, notice_id(unit, number), record.fields | {"by": 2})
    context.emit(EVENT_OF_TWO, {"number": number})
