"""Lines in the log about single transactions: the same few on every node, so that one can be followed through all.

Owns which transactions have lines and how many: at most about `per_second` of them for each event, whatever the load.
The choice is made by the transaction's id, which nobody has to be told: with twice as many transactions a bit more of
the id has to be zero, so what a busier node tells, a calmer one tells too. A line that stands for several says for how
many (`one_of`). Never logs content, and decides nothing.
Reference: docs/reference/logs-and-metrics.md.
"""

import time
from collections.abc import Callable, Sequence

from daemon.block_builder import BuiltBlock
from daemon.effects import Admitted, BlockExecuted, Dropped, Refused
from daemon.events import Verified
from ledger.hashing import Hash

# More bits than this are never asked for: one of 65,536.
_BITS_MAX = 16
_BITS_SIZE_BYTES = 2


class _Choice:
    """Which transactions have a line for one event. Looks at no clock: most transactions are only counted."""

    __slots__ = ("_count", "_mask", "_per_second", "_told")

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._count = self._told = self._mask = 0

    @property
    def one_of(self) -> int:
        """For how many transactions a line stands now."""
        return self._mask + 1

    def next_second(self) -> None:
        """This second is taken to be like the last one."""
        self._mask = self._mask_for(self._count)
        self._count = self._told = 0

    def chosen(self, ids: Sequence[Hash]) -> list[Hash]:
        """Those of many that have a line: much as asking for each, at a tenth of the cost for those that have none."""
        # What is seldom chosen is passed over by one byte; the mask only grows within a second.
        low = self._mask & 0xFF
        candidates = [one for one in ids if not one[1] & low]
        self._count += len(ids) - len(candidates)
        return [one for one in candidates if self.takes(one)]

    def takes(self, transaction_id: Hash) -> bool:
        """Whether this one has a line."""
        self._count += 1
        if int.from_bytes(transaction_id[:_BITS_SIZE_BYTES], "big") & self._mask:
            return False
        self._told += 1
        if self._told > self._per_second:
            # More than expected: as it would be had this been known from the beginning of the second.
            self._mask = max(self._mask, self._mask_for(self._count))
        # Ids can be made to end with zeros there; a flood of those is cut off.
        return self._told <= 4 * self._per_second

    def _mask_for(self, count: int) -> int:
        bits = (max(count - 1, 0) // self._per_second).bit_length()
        return int((1 << min(bits, _BITS_MAX)) - 1)


class TransactionLog:
    """One node's; `per_second` 0: no lines at all."""

    def __init__(
        self, log: Callable[..., None], per_second: int, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """`seconds` is a clock that never goes back."""
        self._log = log
        self._seconds = seconds
        self._second = int(seconds())
        self.is_on = per_second > 0
        self._choices = choices = [_Choice(max(per_second, 1)) for _ in range(6)]
        self._admissions, self._refusals, self._drops, self._arrivals, self._blocks, self._executions = choices

    def tick(self) -> None:
        """Time went on; to be called several times a second."""
        second = int(self._seconds())
        if second != self._second:
            self._second = second
            for choice in self._choices:
                choice.next_second()

    def admitted(self, effect: Admitted, request_id: str) -> None:
        """A client's transaction waits for its block here."""
        if self._is_chosen(self._admissions, effect.transaction_id):
            self._log(
                "transaction-admitted",
                transaction=effect.transaction_id,
                request=request_id,
                known=effect.known,
                **_one_of(self._admissions),
            )

    def refused(self, effect: Refused, request_id: str) -> None:
        """A client's transaction was not admitted."""
        if self._is_chosen(self._refusals, effect.transaction_id):
            self._log(
                "transaction-refused",
                transaction=effect.transaction_id,
                request=request_id,
                code=effect.error.code,
                **_one_of(self._refusals),
            )

    def dropped(self, effect: Dropped) -> None:
        """An admitted transaction left the pool without a block."""
        if self._is_chosen(self._drops, effect.transaction_id):
            self._log(
                "transaction-dropped",
                transaction=effect.transaction_id,
                code=effect.error.code,
                **_one_of(self._drops),
            )

    def received(self, event: Verified) -> None:
        """Transactions came from a neighbour, and their signatures are good."""
        found = [one[0].id for one in event.results if one is not None] if self.is_on else []
        for transaction_id in self._arrivals.chosen(found):
            self._log("transaction-received", transaction=transaction_id, **_one_of(self._arrivals))

    def in_blocks(self, blocks: Sequence[BuiltBlock]) -> None:
        """The blocks are on their way to this node's disk; whether they will be committed is not known yet."""
        for block in blocks if self.is_on else ():
            for transaction_id in self._blocks.chosen([one.id for one in block.transactions]):
                self._log(
                    "transaction-in-block",
                    transaction=transaction_id,
                    height=block.header.height,
                    proposer=block.header.proposer,
                    **_one_of(self._blocks),
                )

    def executed(self, block: BlockExecuted) -> None:
        """The block is committed, executed and on this node's disk."""
        if not self.is_on:
            return
        chosen = set(self._executions.chosen([one.transaction_id for one in block.transactions]))
        for one in block.transactions if chosen else ():
            if one.transaction_id in chosen:
                self._log(
                    "transaction-executed",
                    transaction=one.transaction_id,
                    height=block.height,
                    index=one.leaf_index,
                    code=one.result.code,
                    **_one_of(self._executions),
                )

    def _is_chosen(self, choice: _Choice, transaction_id: Hash) -> bool:
        return self.is_on and choice.takes(transaction_id)


def _one_of(choice: _Choice) -> dict[str, int]:
    return {"one_of": choice.one_of} if choice.one_of > 1 else {}
