"""What transactions will cost: by what others of their kind have cost lately. Pure.

Owns a level for each kind of transaction, in units of `contracts.work`. Never judges a block: a leader fills its own by
these estimates, and nobody else looks at them. A kind is the operation, the size of the envelope to the power of two,
and the arguments that the operation names as telling cheap uses from dear ones (`contracts.contract.Operation`).

The level goes a quarter of the way up to what costs more and a 64th of the way down to what costs less: it settles near
the dearest tenth of what comes, knows after a handful of transactions that they are dear now, and forgets in some
hundreds. A kind that was never seen is taken for dear: its first block is small, and teaches what it costs.

Bounds: `KINDS_MAX` kinds; the one that was not executed for the longest time is forgotten.
Source: docs/adr/0037-work-of-blocks.md.
"""

from collections.abc import Sequence
from typing import TypeAlias

from contracts.registry import Registry
from ledger.transaction import Transaction

# Some dozens of operations, a few sizes of each, and the transitions of some packs; 0.3 MB.
KINDS_MAX = 2048
# What a pack calls its types and transitions has at most 32 characters; anything longer names none.
ARGUMENT_LENGTH_MAX = 32
# Of a kind that was never seen: more than nearly everything that an operation of that size does.
UNKNOWN_WORK = 500
UNKNOWN_WORK_PER_BYTE = 4
# Levels are kept in 64ths, so that small differences are not lost.
_FRACTION_SHIFT = 6
_UP_SHIFT = 2
_DOWN_SHIFT = 6

_Kind: TypeAlias = tuple[str | int, ...]


class WorkMemory:
    """What each kind of transaction has cost lately."""

    def __init__(self, registry: Registry) -> None:
        """Nothing is known yet; `registry` says by which arguments uses of an operation differ."""
        self._weighed_by = {
            f"{contract.name}.{operation.method}": (operation.weighed_by[0], operation.weighed_by[-1])
            for contract in registry.contracts
            for operation in contract.operations
            if operation.weighed_by
        }
        # In the order in which they were executed last.
        self._levels: dict[_Kind, int] = {}

    def __len__(self) -> int:
        """How many kinds are known."""
        return len(self._levels)

    def estimate(self, transaction: Transaction) -> int:
        """What it will cost, in units; at least 1. O(1)."""
        level = self._levels.get(self._kind(transaction))
        if level is None:
            return UNKNOWN_WORK + UNKNOWN_WORK_PER_BYTE * len(transaction.envelope)
        return (level >> _FRACTION_SHIFT) + 1

    def learn(self, transactions: Sequence[Transaction], works: Sequence[int]) -> None:
        """A block was executed: what each of its transactions cost; about half a microsecond for each."""
        seen: dict[_Kind, int] = {}
        for transaction, work in zip(transactions, works, strict=True):
            kind = self._kind(transaction)
            level = seen.get(kind)
            if level is None:
                level = self._levels.pop(kind, work << _FRACTION_SHIFT)
            change = (work << _FRACTION_SHIFT) - level
            seen[kind] = level + (change >> _UP_SHIFT if change > 0 else change >> _DOWN_SHIFT)
        self._levels.update(seen)
        while len(self._levels) > KINDS_MAX:
            del self._levels[next(iter(self._levels))]

    def _kind(self, transaction: Transaction) -> _Kind:
        operation, arguments = transaction.operation, transaction.kept_arguments
        size = len(transaction.envelope).bit_length()
        if arguments is None or operation not in self._weighed_by:
            return operation, size
        # They may be anything, as long as nobody has checked the transaction.
        first, second = self._weighed_by[operation]
        one, other = arguments.get(first), arguments.get(second)
        return (
            operation,
            size,
            one if type(one) is str and len(one) <= ARGUMENT_LENGTH_MAX else "",
            other if type(other) is str and len(other) <= ARGUMENT_LENGTH_MAX else "",
        )
