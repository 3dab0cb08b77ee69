"""What can be wrong with a snapshot: bytes that came from outside, or from a disk that was not asked for long.

RemoteProtocolError
└── InvalidSnapshotError       not what headers prove, or not the form that every node makes
    └── WrongChunkError        one chunk is not the one that its manifest names: another source may have it
"""

from ledger.errors import RemoteProtocolError
from ledger.hashing import Hash


class InvalidSnapshotError(RemoteProtocolError):
    """A manifest, or what all its chunks hold, is not what the headers prove."""

    code = "snapshot-invalid"


class WrongChunkError(InvalidSnapshotError):
    """The bytes of a chunk do not have its hash."""

    code = "snapshot-chunk-wrong"

    @property
    def chunk(self) -> Hash:
        """The name of the chunk."""
        return bytes.fromhex(str(self.params["chunk"]))
