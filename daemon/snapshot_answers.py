"""What a neighbour is answered that asks for snapshots: which there are, and their parts. Reads the snapshots' files.

Owns the way from a question to its answer; never decides who may ask (`p2p.scores` does). One megabyte at a time.
Source: docs/protocol.md, section 10.
"""

from p2p.snapshot_frames import SNAPSHOTS_MAX, Offer, Part, Snapshots, WantPart, WantSnapshots
from storage.snapshot_shelf import SnapshotShelf


def answer_snapshots(asked: WantSnapshots | WantPart, shelf: SnapshotShelf) -> Snapshots | Part:
    """The answer; blocks for as long as reading a megabyte takes.

    Raises:
        StoreError: the disk refuses.
    """
    if isinstance(asked, WantSnapshots):
        offers = (Offer(height, manifest_hash) for height, manifest_hash in shelf.offers())
        return Snapshots(asked.request, tuple(offers)[:SNAPSHOTS_MAX])
    if asked.number == 0:
        data = shelf.manifest(asked.manifest_hash)
    else:
        data = shelf.chunk(asked.manifest_hash, asked.number - 1)
    return Part(asked.request, data or b"")
