"""How far a node is with syncing by snapshot and with filling what lies below it. Pure data, for `status` and logs."""

from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """What state sync does; the value is its name in `status` and logs."""

    # Nothing: the node is not far behind, or it executes the blocks itself.
    IDLE = "idle"
    # Neighbours are asked which snapshots they have.
    ASKING = "asking"
    # Headers with their certificates, up to the one that proves the snapshot.
    HEADERS = "headers"
    MANIFEST = "manifest"
    CHUNKS = "chunks"
    # All chunks are here, and are checked as a whole.
    LOADING = "loading"
    # The newest blocks below the snapshot, whose transactions must not come again.
    ENTRIES = "entries"
    # The node begins again on top of the snapshot.
    ADOPTING = "adopting"
    # After that, or later: older blocks are filled in.
    FILLING = "filling"


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """One picture: of `total` headers, chunks or blocks, `done` are here; both are 0 where nothing can be counted.

    `height` is that of the snapshot, 0 where there is none; `size_bytes` is the size of all its chunks, 0 before it is
    known. `sources` are the neighbours that have what the stage fetches, as far as they say.
    """

    stage: Stage = Stage.IDLE
    height: int = 0
    done: int = 0
    total: int = 0
    size_bytes: int = 0
    sources: int = 0
