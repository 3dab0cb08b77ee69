"""Detached values that did not come with their transaction: asked of neighbours until they are here. Pure.

Owns which transactions of this node's blocks lack values; never judges whether one may be read. A block carries
commitments alone, so a node that fetches it later asks for the values that lie beside its transactions, as it asks for
waiting ones. What no neighbour has in `TRIES_MAX` questions was erased, as far as this node can tell, and is given up.

Bounds: `TRANSACTIONS_MAX` transactions; whoever appends blocks waits while there is no room. Each is asked for
`TRIES_MAX` times, `EVERY_MS` apart. Source: docs/protocol.md, sections 4 and 8.
"""

from collections.abc import Iterable, Sequence

from ledger.detached import DetachedValue, commitments_in
from ledger.hashing import Hash
from ledger.transaction import Transaction
from p2p.frames import WANTED_TRANSACTIONS_MAX
from storage.interface import StoreReader

TRANSACTIONS_MAX = 16_384
# Every neighbour of a node that has the usual number of them, and twice where they are few.
TRIES_MAX = 12
EVERY_MS = 500


class MissingValues:
    """The transactions whose values are missing, by id, with their commitments and how often they were asked for."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader
        self._missing: dict[Hash, set[Hash]] = {}
        self._tries: dict[Hash, int] = {}
        self._asked_ms = -EVERY_MS
        self._turn = 0

    def __len__(self) -> int:
        return len(self._missing)

    @property
    def has_room(self) -> bool:
        """Whether further blocks may be fetched."""
        return len(self._missing) < TRANSACTIONS_MAX

    def add(self, transactions: Iterable[Transaction]) -> None:
        """These are in a block and came without what lies beside them."""
        for one in transactions:
            commitments = {at for at in commitments_in(one.arguments) if self._reader.payload(at) is None}
            if commitments:
                self._missing[one.id] = commitments
                self._tries[one.id] = 0

    def question(self, neighbours: Sequence[Hash], now_ms: int) -> tuple[Hash, tuple[Hash, ...]] | None:
        """Whom to ask for which transactions now, the next neighbour each time; None if there is nothing to ask."""
        if not self._missing or not neighbours or now_ms - self._asked_ms < EVERY_MS:
            return None
        self._asked_ms = now_ms
        self._turn += 1
        ids = tuple(self._missing)[:WANTED_TRANSACTIONS_MAX]
        for one in ids:
            self._tries[one] += 1
            # The others have their turn before it is asked for again.
            self._missing[one] = self._missing.pop(one)
            if self._tries[one] > TRIES_MAX:
                self._forget(one)
        return neighbours[self._turn % len(neighbours)], ids

    def found(self, transaction: Transaction, values: Iterable[DetachedValue]) -> tuple[DetachedValue, ...]:
        """Those of the values that were missing, to be stored."""
        missing = self._missing.get(transaction.id)
        if missing is None:
            return ()
        wanted = tuple(one for one in values if one.commitment in missing)
        missing.difference_update(one.commitment for one in wanted)
        if not missing:
            self._forget(transaction.id)
        return wanted

    def _forget(self, transaction_id: Hash) -> None:
        del self._missing[transaction_id]
        del self._tries[transaction_id]
