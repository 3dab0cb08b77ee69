"""What this node answers to its neighbours' questions: blocks, bodies, transactions with what lies beside them. Pure.

Owns where each of them is read; never changes anything. Their sizes are bounded by `p2p.answers`, their number by the
rates of `p2p.scores`. Source: docs/protocol.md, section 8.
"""

from collections.abc import Sequence

from daemon.chain import Chain
from daemon.courier import Comparison, Head
from daemon.intake import Intake
from ledger.detached import DetachedValue, commitments_in
from ledger.hashing import Hash
from ledger.submission import encode_submission
from ledger.transaction import decode_envelope
from p2p.answers import answer_blocks, answer_entries, answer_transactions
from p2p.frames import (
    Blocks,
    CarriedBlock,
    Entries,
    Transactions,
    WantBlocks,
    WantEntries,
    WantTransactions,
)
from storage.errors import NotKeptError
from storage.interface import StoredHeader, StoreReader

# Whoever is a window behind with a proposal still finds its bodies here.
_EXECUTED_BLOCKS_MAX = 16


class Answering:
    """One node's memory, as its neighbours may ask for it."""

    def __init__(self, chain: Chain, intake: Intake, reader: StoreReader) -> None:
        self._chain = chain
        self._intake = intake
        self._reader = reader

    def blocks(self, asked: WantBlocks) -> Blocks:
        """The stored blocks from a height on; without their entries where only certificates are asked for.

        None with their entries where those are not kept here: who asks then goes on to the next neighbour.
        """

        def read(height: int) -> CarriedBlock | None:
            stored = self._reader.header(height)
            if stored is None:
                return None
            entries = self._entries_of(stored) if asked.with_entries else ()
            if entries is None:
                return None
            certificate = self._reader.certificate(height) or b""
            return CarriedBlock(
                stored.header, stored.signature, stored.election_certificate, tuple(entries), certificate
            )

        return answer_blocks(asked, read)

    def entries(self, asked: WantEntries) -> Entries:
        """Entries of a block of the last two windows."""
        return answer_entries(asked, self._entries_by_hash)

    def transactions(self, asked: WantTransactions) -> Transactions:
        """What waits here, and what is executed, with the detached values that are here."""
        return answer_transactions(asked, self._submission)

    def comparison(self, term: int, now_ms: int) -> Comparison:
        """What neighbours are told to compare: only what is on disk, so that they can be given what they ask for."""
        stored = self._reader.head()
        committed = self._reader.header(stored.executed_height)
        committed_hash = committed.header_hash if committed is not None else stored.network_id
        head = Head(stored.executed_height, committed_hash, stored.tip_term, stored.tip_height, stored.tip_hash, term)
        return Comparison(head, self._intake.pool.pending_ids.summary(now_ms))

    def _entries_by_hash(self, block_hash: Hash) -> Sequence[bytes] | None:
        for block in self._chain.blocks:
            if block.header.hash == block_hash:
                return block.stored.entries
        newest = self._chain.executed_height
        for height in range(newest, max(newest - _EXECUTED_BLOCKS_MAX, 0), -1):
            stored = self._reader.header(height)
            if stored is not None and stored.header_hash == block_hash:
                return self._entries_of(stored)
        return None

    def _entries_of(self, stored: StoredHeader) -> Sequence[bytes] | None:
        """The entries of a stored block; None where only its header is kept here."""
        try:
            return tuple(map(bytes, self._reader.entries(stored.first_index, stored.leaf_count)))
        except NotKeptError:
            return None

    def _submission(self, transaction_id: Hash) -> bytes | None:
        waiting = self._intake.pool.get(transaction_id)
        if waiting is not None:
            return encode_submission(waiting.transaction.envelope, waiting.detached)
        index = self._reader.index_of(transaction_id)
        if index is None:
            return None
        entry = bytes(self._reader.entries(index, 1)[0])
        return encode_submission(entry, self._beside(entry))

    def _beside(self, envelope: bytes) -> tuple[DetachedValue, ...]:
        """The values beside a stored transaction; of those that were erased, nothing."""
        found = (self._reader.payload(one) for one in commitments_in(decode_envelope(envelope).arguments))
        return tuple(DetachedValue(one.salt, one.value) for one in found if one is not None)
