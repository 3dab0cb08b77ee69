"""Putting a block together: outcome leaf, envelopes, tree, header, proposer's signature. Pure.

Owns the arithmetic of one block on top of another; never decides whether there should be one. The same function
makes opening, closing and ordinary blocks: they differ in what is handed in. Source: docs/protocol.md, section 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.voter_change import is_voter_change
from ledger.block import Header, Outcome, sign_header
from ledger.hashing import ZERO_HASH, Hash, tagged_hash
from ledger.signing import SigningKey
from ledger.transaction import Transaction
from ledger.tree import CompactRange, TileHashes, leaf_hash, root_of
from storage.interface import StoredBlock, StoredHeader


@dataclass(frozen=True, slots=True)
class Tip:
    """The block that the next one builds on, or the genesis at height 0, which has no `header`.

    `tree` is the right edge of the log after it and must not be changed; `executed_height` is its header's.
    `barrier_height` is that of the newest barrier at or below it, as far as it was not executed when this node started.
    """

    height: int
    term: int
    hash: Hash
    time_ms: int
    executed_height: int
    tree: CompactRange
    header: Header | None = None
    barrier_height: int = 0

    def followed_by(self, header: Header, tree: CompactRange, transactions: Sequence[Transaction]) -> "Tip":
        """The block of `header` on top of this one; one that holds a change of voters is a barrier by its bytes."""
        is_barrier = any(is_voter_change(one) for one in transactions)
        return Tip(
            header.height,
            header.term,
            header.hash,
            header.time_ms,
            header.executed_height,
            tree,
            header,
            header.height if is_barrier else self.barrier_height,
        )


@dataclass(frozen=True, slots=True)
class ExecutedPoint:
    """What the next outcome leaf states: the executed height, its digest, and the result leaves since the tip's."""

    height: int
    state_digest: Hash
    result_leaves: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BuiltBlock:
    """A block of this node's chain, not executed yet, with everything that was computed on the way."""

    header: Header
    stored: StoredBlock
    transactions: tuple[Transaction, ...]
    tile_hashes: tuple[TileHashes, ...]
    tip: Tip


@dataclass(frozen=True, slots=True)
class Proposer:
    """Who proposes, in which term, under which voters; `election_certificate` is only for the opening block."""

    network_id: Hash
    key: SigningKey
    node_id: Hash
    term: int
    voter_set_hash: Hash
    protocol_version: int


def build_block(
    proposer: Proposer,
    parent: Tip,
    transactions: Sequence[Transaction],
    now_ms: int,
    executed: ExecutedPoint,
    closing: bool = False,
    election_certificate: bytes = b"",
) -> BuiltBlock:
    """The block that `proposer` signs on top of `parent`.

    Args:
        proposer: Its term is at least the parent's.
        parent: The newest block of the chain.
        transactions: In their order in the log; may be empty.
        now_ms: The proposer's clock; the block's time is this or the parent's + 1 ms, whichever is later.
        executed: Height at most the parent's and at least the one in the parent's header.
        closing: The block exists to put executed effects into a header; such a block is a checkpoint, and so is the
            one that opens a term: it may state results that no closing block will.
        election_certificate: Encoded, for the block that opens the term; else empty.

    Cost: about two hashes a transaction and one signature.
    """
    assert parent.executed_height <= executed.height <= parent.height, "the executed height never decreases"
    height = parent.height + 1
    time_ms = max(now_ms, parent.time_ms + 1)
    outcome = Outcome(
        parent_hash=parent.hash,
        height=height,
        time_ms=time_ms,
        executed_height=executed.height,
        state_digest=executed.state_digest,
        results_root=root_of([leaf_hash(leaf) for leaf in executed.result_leaves]),
        results_count=len(executed.result_leaves),
    ).encode()
    leaf_hashes = [leaf_hash(outcome), *[transaction.leaf_hash for transaction in transactions]]
    tree = parent.tree.copy()
    tile_hashes = tree.extend(leaf_hashes)
    header = Header(
        network_id=proposer.network_id,
        height=height,
        term=proposer.term,
        previous_hash=parent.hash,
        time_ms=time_ms,
        proposer=proposer.node_id,
        leaf_count=len(leaf_hashes),
        tree_size=tree.size,
        tree_root=tree.root(),
        voter_set_hash=proposer.voter_set_hash,
        election_certificate_hash=_certificate_hash(election_certificate),
        executed_height=executed.height,
        state_digest=executed.state_digest,
        checkpoint=closing or bool(election_certificate) or time_ms // 1000 > parent.time_ms // 1000,
        protocol_version=proposer.protocol_version,
    )
    stored = _stored(header, proposer.key, election_certificate, parent.tree.size, outcome, transactions)
    return BuiltBlock(header, stored, tuple(transactions), tile_hashes, parent.followed_by(header, tree, transactions))


def _certificate_hash(certificate: bytes) -> Hash:
    return tagged_hash("election-certificate", certificate) if certificate else ZERO_HASH


def _stored(
    header: Header,
    key: SigningKey,
    election_certificate: bytes,
    first_index: int,
    outcome: bytes,
    transactions: Sequence[Transaction],
) -> StoredBlock:
    stored_header = StoredHeader(
        height=header.height,
        term=header.term,
        header=header.encode(),
        header_hash=header.hash,
        signature=sign_header(header, key),
        election_certificate=election_certificate,
        first_index=first_index,
        leaf_count=header.leaf_count,
    )
    return StoredBlock(stored_header, (outcome, *[transaction.envelope for transaction in transactions]))
