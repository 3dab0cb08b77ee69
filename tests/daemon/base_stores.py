"""Stores that begin with a snapshot of another store's ledger, and go on to where that one stands."""

from consensus.certificates import BlockCertificate
from contracts.protocols import builtin_protocols
from daemon.chain import Chain
from daemon.recovery import load_result_leaves
from ledger.genesis import Genesis
from ledger.transaction import decode_envelope
from storage.interface import (
    CertifiedHeader,
    ExecutedId,
    Store,
    StoredBlock,
    StoredPast,
    StoredResult,
    StoreReader,
    WriteBatch,
)
from storage.loading import Loading
from storage.snapshot_making import complete_snapshot, draft_snapshot, stated_height
from tests.storage.snapshots import Chunks


def load_newest(source: StoreReader, loading: Loading) -> int:
    """Take a snapshot of where `source` stands, whose newest header states it; its height."""
    head = source.head()
    height = stated_height(source, head)
    assert height is not None, "nothing was executed that is not stated"
    chunks = Chunks()
    draft = draft_snapshot(source, height, head.state_digest, source.scan_state(b""), chunks.keep)
    manifest = complete_snapshot(source, draft)
    assert manifest is not None
    loading.add_headers([_certified(source, one) for one in range(1, head.executed_height + 1)])
    loading.take(manifest, chunks.__getitem__)
    return height


def go_on(store: Store, source: StoreReader, genesis: Genesis) -> None:
    """Store and execute what `source` has executed above the snapshot, as a node does."""
    start, stop = store.head().executed_height + 1, source.head().executed_height + 1
    for height in range(start, stop):
        header = source.header(height)
        assert header is not None
        entries = tuple(bytes(one) for one in source.entries(header.first_index, header.leaf_count))
        store.apply([WriteBatch(blocks=(StoredBlock(header, entries),))])
    chain = Chain(genesis, builtin_protocols(), store)
    for height in range(start, stop):
        executed = chain.execute(BlockCertificate.decode(_certified(source, height).certificate), height)
        store.apply([WriteBatch(executions=tuple(one.stored for one in executed))])
        chain.overlay.stored(height)


def past_of(source: StoreReader, height: int) -> StoredPast:
    """Everything of one block as a whole store has it, but for links, which these tests do not look at."""
    header = source.header(height)
    assert header is not None
    entries = tuple(bytes(one) for one in source.entries(header.first_index, header.leaf_count))
    transactions = [decode_envelope(entry) for entry in entries[1:]]
    effects = tuple(source.timer_effects(height))
    leaves = load_result_leaves(source, height)[len(effects) :]
    return StoredPast(
        height,
        entries,
        tuple(
            ExecutedId(one.id, one.expires_ms, header.first_index + place) for place, one in enumerate(transactions, 1)
        ),
        tuple(StoredResult(header.first_index + place, leaf) for place, leaf in enumerate(leaves, 1)),
        (),
        effects,
    )


def _certified(source: StoreReader, height: int) -> CertifiedHeader:
    header, certificate = source.header(height), source.certificate(height)
    assert header is not None and certificate is not None
    return CertifiedHeader(header, certificate)
