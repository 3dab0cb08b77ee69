"""Reading the node's chain back from its store at start. Pure.

Owns the way from stored bytes to the values the node works with; never trusts that they fit together: a stored
block is decoded, hashed and put into the tree again, once, at start.
"""

from typing import NoReturn

from consensus.certificates import ElectionCertificate
from daemon.block_builder import BuiltBlock, Tip
from daemon.node_errors import LedgerContradictionError
from ledger.block import Header
from ledger.errors import RemoteProtocolError
from ledger.genesis import Genesis
from ledger.transaction import decode_envelope
from ledger.tree import CompactRange, leaf_hash
from storage.interface import StoredBlock, StoredHeader, StoreHead, StoreReader


def load_executed_tip(genesis: Genesis, reader: StoreReader, head: StoreHead) -> Tip:
    """The newest executed block as something to build on, or the genesis."""
    if head.executed_height == 0:
        return Tip(0, 0, genesis.network_id, genesis.created_ms, 0, CompactRange())
    stored = _stored_header(reader, head.executed_height)
    header = _decoded(stored)
    tree = CompactRange.from_tiles(reader, head.tree_size)
    if tree.size != header.tree_size or tree.root() != header.tree_root:
        _contradiction(head.executed_height)
    return Tip(stored.height, stored.term, stored.header_hash, header.time_ms, header.executed_height, tree, header)


def load_block(genesis: Genesis, reader: StoreReader, parent: Tip, height: int) -> BuiltBlock:
    """A stored block above the executed height, on top of `parent`."""
    stored = _stored_header(reader, height)
    header = _decoded(stored)
    entries = tuple(bytes(entry) for entry in reader.entries(stored.first_index, stored.leaf_count))
    tree = parent.tree.copy()
    tile_hashes = tree.extend([leaf_hash(entry) for entry in entries])
    fits = (
        header.network_id == genesis.network_id
        and header.previous_hash == parent.hash
        and header.tree_size == tree.size
        and header.tree_root == tree.root()
    )
    if not fits:
        _contradiction(height)
    try:
        transactions = tuple(decode_envelope(entry) for entry in entries[1:])
    except RemoteProtocolError:
        _contradiction(height)
    tip = parent.followed_by(header, tree, transactions)
    return BuiltBlock(header, StoredBlock(stored, entries), transactions, tile_hashes, tip)


def opening_certificate(reader: StoreReader, tip: Tip) -> ElectionCertificate:
    """The election of the tip's term, from the block that opened it.

    Asked where a node ended after it stored the opening block and before it kept the term, and where it begins with a
    snapshot: a term may have lasted for years then.

    Cost: O(log n) headers, as terms only rise along a chain.
    """
    low, high = 1, tip.height
    while low < high:
        middle = (low + high) // 2
        if _stored_header(reader, middle).term < tip.term:
            low = middle + 1
        else:
            high = middle
    opening = _stored_header(reader, low)
    if opening.term != tip.term:
        _contradiction(low)
    try:
        return ElectionCertificate.decode(opening.election_certificate)
    except RemoteProtocolError:
        _contradiction(low)


def load_result_leaves(reader: StoreReader, height: int) -> tuple[bytes, ...]:
    """What an executed block added to the tree of results, in order: its timers' effects, its transactions' results."""
    stored = _stored_header(reader, height)
    leaves = reader.results(stored.first_index + 1, stored.leaf_count - 1)
    if len(leaves) != stored.leaf_count - 1:
        _contradiction(height)
    return (*reader.timer_effects(height), *leaves)


def _stored_header(reader: StoreReader, height: int) -> StoredHeader:
    stored = reader.header(height)
    if stored is None:
        _contradiction(height)
    return stored


def _decoded(stored: StoredHeader) -> Header:
    try:
        header = Header.decode(stored.header)
    except RemoteProtocolError:
        _contradiction(stored.height)
    if header.hash != stored.header_hash or header.height != stored.height:
        _contradiction(stored.height)
    return header


def _contradiction(height: int) -> NoReturn:
    raise LedgerContradictionError(
        "what is stored of block {height} does not fit together; run `banyan audit` on this folder, keep it as"
        " it is, and put back a copy that was made while the node was stopped",
        height=height,
    )
