"""Random frames of every kind."""

from hypothesis import strategies as st

from ledger.signing import SIGNATURE_SIZE_BYTES
from p2p import frames, snapshot_frames
from p2p.frame import Frame
from p2p.frames import Announcement, CarriedBlock, Gossip, IndexedEntry, PayloadKind, PendingSummary

hashes = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, 2**63 - 1)
requests = st.integers(0, 2**32 - 1)
rounds = st.integers(0, frames.ROUND_MAX)
gossips = st.builds(Gossip.of, st.sampled_from(PayloadKind), st.binary(max_size=200), rounds)
announcements = st.lists(st.builds(Announcement, hashes, rounds), min_size=1, max_size=20).map(tuple)
summaries = st.builds(
    PendingSummary,
    numbers,
    st.lists(hashes, min_size=frames.PENDING_BUCKETS, max_size=frames.PENDING_BUCKETS).map(tuple),
)
blocks = st.builds(
    CarriedBlock,
    st.binary(min_size=1, max_size=100),
    st.binary(min_size=SIGNATURE_SIZE_BYTES, max_size=SIGNATURE_SIZE_BYTES),
    st.binary(max_size=100),
    st.lists(st.binary(min_size=1, max_size=60), max_size=5).map(tuple),
    st.binary(max_size=100),
)
indexes = st.sets(st.integers(0, frames.BLOCK_ENTRIES_MAX - 1), min_size=1, max_size=20).map(
    lambda found: tuple(sorted(found))
)
ids = st.lists(hashes, min_size=1, max_size=10).map(tuple)
submissions = st.lists(st.binary(min_size=1, max_size=100), max_size=10).map(tuple)


@st.composite
def entries(draw: st.DrawFn) -> tuple[IndexedEntry, ...]:
    return tuple(IndexedEntry(place, draw(st.binary(min_size=1, max_size=60))) for place in draw(indexes))


carried_headers = st.builds(
    snapshot_frames.CarriedHeader,
    st.binary(min_size=1, max_size=100),
    st.binary(min_size=SIGNATURE_SIZE_BYTES, max_size=SIGNATURE_SIZE_BYTES),
    st.binary(max_size=60),
    st.binary(min_size=1, max_size=60),
)
past_blocks = st.builds(
    snapshot_frames.PastBlock,
    st.integers(1, 2**40),
    st.integers(0, snapshot_frames.PAST_PLACE_MAX),
    st.lists(
        st.builds(snapshot_frames.PastRow, st.binary(max_size=60), st.binary(max_size=60)), min_size=1, max_size=4
    ).map(tuple),
)
any_frame: st.SearchStrategy[Frame] = st.one_of(
    gossips,
    st.builds(frames.IHave, announcements),
    st.builds(frames.Graft, st.lists(hashes, max_size=5).map(tuple)),
    st.just(frames.Prune()),
    st.builds(frames.Status, numbers, hashes, numbers, numbers, hashes, numbers, summaries),
    st.builds(frames.PendingIds, ids),
    st.builds(frames.WantTransactions, requests, ids),
    st.builds(frames.Transactions, requests, submissions),
    st.builds(frames.WantBlocks, requests, st.integers(1, 2**40), st.integers(1, 64), st.booleans()),
    st.builds(frames.Blocks, requests, st.lists(blocks, max_size=3).map(tuple)),
    st.builds(frames.WantEntries, requests, hashes, indexes),
    st.builds(frames.Entries, requests, entries()),
    st.builds(frames.TermCertificate, st.binary(min_size=1, max_size=300)),
    st.builds(frames.CheckpointNote, st.binary(min_size=1, max_size=300)),
    st.builds(snapshot_frames.WantSnapshots, requests),
    st.builds(
        snapshot_frames.Snapshots,
        requests,
        st.lists(st.builds(snapshot_frames.Offer, st.integers(1, 2**40), hashes), max_size=4).map(tuple),
    ),
    st.builds(snapshot_frames.WantPart, requests, hashes, st.integers(0, snapshot_frames.PART_NUMBER_MAX)),
    st.builds(snapshot_frames.Part, requests, st.binary(max_size=300)),
    st.builds(snapshot_frames.WantHeaders, requests, st.integers(1, 2**40), st.integers(1, 512)),
    st.builds(
        snapshot_frames.Headers,
        requests,
        st.lists(carried_headers, max_size=3).map(tuple),
        st.lists(st.binary(min_size=1, max_size=80), max_size=2).map(tuple),
    ),
    st.builds(snapshot_frames.WantPast, requests, st.integers(1, 2**40), st.integers(1, 256), st.integers(0, 65_535)),
    st.builds(snapshot_frames.Past, requests, st.lists(past_blocks, max_size=3).map(tuple)),
)
EXAMPLES: tuple[Frame, ...] = (
    Gossip.of(PayloadKind.AGREEMENT, b"payload", 3),
    frames.IHave((Announcement(b"i" * 32, 2), Announcement(b"j" * 32, 300))),
    frames.Graft((b"i" * 32,)),
    frames.Graft(()),
    frames.Prune(),
    frames.Status(9, b"c" * 32, 2, 11, b"t" * 32, 3, PendingSummary(1, (b"x" * 32, *[bytes(32)] * 15))),
    frames.PendingIds((b"p" * 32,)),
    frames.WantTransactions(7, (b"p" * 32, b"q" * 32)),
    frames.Transactions(7, (b"one", b"other")),
    frames.WantBlocks(8, 10, 64, True),
    frames.Blocks(8, (CarriedBlock(b"header", b"s" * 64, b"", (b"outcome", b"envelope"), b"certificate"),)),
    frames.WantEntries(9, b"b" * 32, (1, 2, 300)),
    frames.Entries(9, (IndexedEntry(1, b"e"), IndexedEntry(300, b"f"))),
    frames.TermCertificate(b"certificate"),
    frames.CheckpointNote(b"note"),
    snapshot_frames.WantSnapshots(10),
    snapshot_frames.Snapshots(10, (snapshot_frames.Offer(8192, b"m" * 32),)),
    snapshot_frames.WantPart(11, b"m" * 32, 3),
    snapshot_frames.Part(11, b"chunk"),
    snapshot_frames.WantHeaders(12, 257, 256),
    snapshot_frames.Headers(
        12, (snapshot_frames.CarriedHeader(b"header", b"s" * 64, b"", b"certificate"),), (b"voters",)
    ),
    snapshot_frames.WantPast(13, 8192, 256, 0),
    snapshot_frames.Past(13, (snapshot_frames.PastBlock(8192, 0, (snapshot_frames.PastRow(b"entry", b"result"),)),)),
)
