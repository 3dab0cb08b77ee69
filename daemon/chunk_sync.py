"""Fetching one snapshot: its manifest, which a certified header has to prove, then its chunks from many at once. Pure.

Owns which parts are asked of whom, and that each is what its hash names before it is kept; never looks into a chunk
(`storage.loading` does, when all are there). Who sends a part that is not what was asked for is to blame; who offered a
manifest that no header proves is, with everybody who offered it.

Bounds: `p2p.pieces.UNDER_WAY_MAX` chunks of a megabyte, asked for or being kept. Source: docs/protocol.md, section 10.
"""

from collections.abc import Callable, Sequence
from itertools import islice

from daemon.sync_work import KeepChunk
from ledger.errors import RemoteProtocolError
from ledger.hashing import Hash
from p2p.effects import Blame, SendFrame, send
from p2p.offences import Offence
from p2p.pieces import UNDER_WAY_MAX, WRONG_PAUSE_MS, PieceFetch
from p2p.snapshot_frames import Offer, Part, WantPart
from storage.snapshot_chunks import chunk_hash
from storage.snapshot_manifest import SnapshotManifest

_MANIFEST = 0


class ChunkSync:
    """The parts of one offered snapshot.

    Args:
        offer: The snapshot.
        proves: Whether the certified headers prove what a manifest says.
        fetch: What was asked before is given up.
    """

    def __init__(self, offer: Offer, proves: Callable[[SnapshotManifest], bool], fetch: PieceFetch[int]) -> None:
        self.offer = offer
        self.manifest: SnapshotManifest | None = None
        # Its manifest says what no header proves: nobody can do anything with it.
        self.is_false = False
        self._proves = proves
        self._fetch = fetch
        fetch.give_up()
        self._missing: dict[int, None] = {}
        self._keeping: dict[Hash, int] = {}

    @property
    def missing_count(self) -> int:
        """Chunks that are not kept yet."""
        return len(self._missing)

    @property
    def is_complete(self) -> bool:
        """Whether all parts are kept."""
        return self.manifest is not None and not self._missing

    def lost(self, peer: Hash) -> None:
        """A neighbour is gone."""
        self._fetch.lost(peer)

    def begin(self, manifest: SnapshotManifest, has_chunk: Callable[[Hash], bool]) -> None:
        """The manifest is proven: fetch the chunks that are not kept already."""
        self.manifest = manifest
        self._missing = {
            number: None for number, chunk in enumerate(manifest.chunks, _MANIFEST + 1) if not has_chunk(chunk)
        }

    def miss(self, chunk: Hash) -> None:
        """A chunk that was kept is not what it should be any more."""
        assert self.manifest is not None, "chunks are of a manifest"
        self._missing[self.manifest.chunks.index(chunk) + _MANIFEST + 1] = None

    def plan(self, sources: Sequence[Hash], now_ms: int) -> list[SendFrame | Blame]:
        """Ask the sources for what is missing."""
        if self.is_false or self.is_complete:
            return []
        being_kept = set(self._keeping.values())
        missing = (one for one in self._missing if one not in being_kept)
        wanted = [_MANIFEST] if self.manifest is None else list(islice(missing, UNDER_WAY_MAX - len(being_kept)))
        questions, blames = self._fetch.ask(wanted, lambda _: sources, now_ms)
        asked = [send(peer, WantPart(number, self.offer.manifest_hash, key)) for peer, number, key in questions]
        return [*blames, *asked]

    def answered(self, peer: Hash, frame: Part, now_ms: int) -> tuple[KeepChunk | None, bool, list[Blame]]:
        """A part came: what is to be kept, whether the peer has the snapshot no more, and who is to be blamed."""
        came = self._fetch.came(peer, frame.request)
        if came.key is None:
            return None, False, list(came.blames)
        if not frame.data:
            return None, True, []
        if came.key == _MANIFEST:
            return None, False, self._take_manifest(peer, frame.data, now_ms)
        assert self.manifest is not None, "chunks are asked for when the manifest is there"
        chunk = self.manifest.chunks[came.key - _MANIFEST - 1]
        if chunk_hash(frame.data) != chunk:
            self._fetch.pause(peer, now_ms, WRONG_PAUSE_MS)
            return None, False, [Blame(peer, Offence.INVALID_SNAPSHOT)]
        if came.key not in self._missing or chunk in self._keeping:
            return None, False, []
        self._keeping[chunk] = came.key
        return KeepChunk(chunk, frame.data), False, []

    def kept(self, chunk: Hash) -> None:
        """A chunk is on disk."""
        number = self._keeping.pop(chunk, None)
        if number is not None:
            self._missing.pop(number, None)

    def _take_manifest(self, peer: Hash, data: bytes, now_ms: int) -> list[Blame]:
        try:
            manifest = SnapshotManifest.decode(data)
        except RemoteProtocolError:
            manifest = None
        if manifest is None or manifest.hash != self.offer.manifest_hash:
            self._fetch.pause(peer, now_ms, WRONG_PAUSE_MS)
            return [Blame(peer, Offence.INVALID_SNAPSHOT)]
        self.is_false = not self._proves(manifest)
        self.manifest = None if self.is_false else manifest
        return []
