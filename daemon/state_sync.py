"""Syncing by snapshot: a node that is new or far behind takes the state from neighbours instead of executing. Pure.

Owns the order of the steps and what becomes of each report: ask who has which snapshot; headers with their certificates
up to the one that proves the chosen one; manifest; chunks from many at once; check everything; the newest blocks below
it, whose ids must be known; then the node begins again on top of it. Nothing of the node's own chain is touched before.
What has come is kept on disk, so that an interrupted sync goes on where it was.

While it gets on, blocks are not asked for; where it does not for `STALLED_MS`, or nobody has a snapshot, the node
catches up by blocks as ever. Afterwards, and in a node that began with a snapshot earlier, older blocks are filled in.

Trust: `daemon.header_walk`, `storage.snapshot_check`, `daemon.past_judge`; a lie costs its maker its score and the node
some megabytes. Bounds: those of the parts. Source: docs/protocol.md, section 10; docs/adr/0029-state-sync.md.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from consensus.errors import UnprovenVotersError
from consensus.voters import VoterSet
from daemon.chain import Chain
from daemon.chunk_sync import ChunkSync
from daemon.header_sync import RANGES_MAX, HeaderRange, HeaderSync
from daemon.header_walk import Anchor
from daemon.past_fill import PastFill, WantedPast
from daemon.snapshot_choice import SnapshotChoice
from daemon.snapshot_inquiry import SnapshotInquiry
from daemon.sync_leftovers import Leftovers
from daemon.sync_progress import Stage, SyncProgress
from daemon.sync_work import (
    AdoptSnapshot,
    BeginIncoming,
    CheckRoom,
    DiscardIncoming,
    FillPast,
    Incoming,
    KeepChunk,
    KeepHeaders,
    SyncSettings,
    SyncWork,
    TakeSnapshot,
    Work,
    WorkFailed,
)
from daemon.voters_in_force import VotersInForce
from ledger.block import Header
from ledger.errors import BanyanError, RemoteProtocolError
from ledger.genesis import Genesis
from ledger.hashing import ZERO_HASH, Hash
from p2p.effects import Blame, SendFrame
from p2p.frames import Status
from p2p.offences import Offence
from p2p.pieces import PieceFetch
from p2p.snapshot_frames import Headers, Offer, Part, Past, Snapshots
from storage.errors import StoreFullError
from storage.interface import StoreReader
from storage.snapshot_check import check_manifest, headers_above
from storage.snapshot_errors import InvalidSnapshotError
from storage.snapshot_manifest import SnapshotManifest

# How long the first neighbours that are asked for snapshots may keep the others' blocks waiting.
ASK_MS = 3000
# How long the first offer waits for others, which may be newer or of more neighbours.
CHOOSE_MS = 1000
# Without anything new for so long, blocks are asked for as well.
STALLED_MS = 60_000
# Headers above a snapshot that are looked at for the one that proves it: twice what lies between as a rule.
ABOVE_MAX = 128
# Ways along headers that ended without a proof of who votes, one after the other: then blocks have to do.
UNPROVEN_MAX = 3
# The store that is made of a snapshot is up to half as large again, and LMDB keeps pages free.
STORE_FACTOR = 2
# Filling leaves the disk and the neighbours to what is new: it rests as long as it worked, on a busy machine this long.
FILL_REST_MS_MAX = 200


SyncEffect: TypeAlias = SendFrame | Blame | SyncWork
SyncAnswer: TypeAlias = Snapshots | Part | Headers | Past
Report: TypeAlias = Callable[[BanyanError], None]
_ACTIVE = (Stage.HEADERS, Stage.MANIFEST, Stage.CHUNKS, Stage.LOADING, Stage.ENTRIES, Stage.ADOPTING)


class StateSync:
    """One node's syncing.

    Args:
        settings: When, and how much is kept.
        genesis, chain, voters, reader: The node's.
        report: Tells operators.
    """

    def __init__(
        self,
        settings: SyncSettings,
        genesis: Genesis,
        chain: Chain,
        voters: VotersInForce,
        reader: StoreReader,
        report: Report,
    ) -> None:
        self._settings = settings
        self._genesis = genesis
        self._chain = chain
        self._voters = voters
        self._reader = reader
        self._report = report
        self._heights: dict[Hash, int] = {}
        self._choice = SnapshotChoice()
        self._inquiry = SnapshotInquiry()
        self._leftovers = Leftovers()
        self._is_gone = False
        self._stage = Stage.IDLE
        self._offer: Offer | None = None
        self._headers: HeaderSync | None = None
        self._chunks: ChunkSync | None = None
        self._fill: PastFill | None = None
        self._header_fetch: PieceFetch[HeaderRange] = PieceFetch(RANGES_MAX)
        self._chunk_fetch: PieceFetch[int] = PieceFetch()
        self._past_fetch: PieceFetch[WantedPast] = PieceFetch(1)
        self._works: deque[SyncWork] = deque()
        self._ticket = 0
        self._since_ms = 0
        self._pause_until_ms = 0
        self._moved_ms = 0
        self._fill_asked_ms = 0
        self._filled_ms = 0
        self._unproven_count = 0
        self._is_whole = False
        self._effects: list[SyncEffect] = []

    @property
    def _incoming(self) -> Incoming:
        incoming = self._settings.incoming
        assert incoming is not None, "who syncs has somewhere to keep what comes"
        return incoming

    # -- what it says -------------------------------------------------------------------------------------------

    def holds_blocks(self, now_ms: int) -> bool:
        """Whether blocks are not to be asked for: the snapshot will have executed them."""
        if self._stage is Stage.ASKING:
            return now_ms - self._since_ms < ASK_MS
        return self._stage in _ACTIVE and now_ms - self._moved_ms < STALLED_MS

    @property
    def progress(self) -> SyncProgress:
        """How far it is."""
        offer, manifest = self._offer, self._chunks.manifest if self._chunks is not None else None
        height, size = offer.height if offer is not None else 0, manifest.size_bytes if manifest is not None else 0
        done = total = sources = 0
        match self._stage:
            case Stage.HEADERS:
                done, total, sources = min(self._incoming.headers_height, height), height, len(self._who_has(height))
            case Stage.MANIFEST | Stage.CHUNKS if offer is not None:
                sources = len(self._choice.sources(offer))
                if self._stage is Stage.CHUNKS and manifest is not None and self._chunks is not None:
                    total = len(manifest.chunks)
                    done = total - self._chunks.missing_count
            case Stage.ENTRIES | Stage.FILLING if self._fill is not None:
                done, total = self._fill.top - self._fill.kept_from + 1, self._fill.top - self._fill.floor + 1
                sources = len(self._who_has(self._fill.top))
        return SyncProgress(self._stage, height, done, total, size, sources)

    def take_effects(self) -> list[SyncEffect]:
        """What is to be sent and done."""
        effects, self._effects = self._effects, []
        return effects

    # -- what it hears ------------------------------------------------------------------------------------------

    def heard(self, peer: Hash, status: Status) -> None:
        """A neighbour says where its chain stands."""
        self._heights[peer] = status.committed_height

    def lost(self, peer: Hash) -> None:
        """A neighbour is gone."""
        self._heights.pop(peer, None)
        self._inquiry.lost(peer)
        self._choice.lost(peer)
        for part in (self._headers, self._chunks, self._fill):
            if part is not None:
                part.lost(peer)

    def receive(self, peer: Hash, frame: SyncAnswer, now_ms: int) -> None:
        """An answer came."""
        match frame:
            case Snapshots(_, offers):
                if peer in self._heights:
                    self._choice.offered(peer, offers)
            case Headers():
                self._headers_came(peer, frame, now_ms)
            case Part():
                self._part_came(peer, frame, now_ms)
            case Past():
                if self._fill is not None:
                    work, blames = self._fill.answered(peer, frame, now_ms)
                    self._effects += blames
                    if work is not None:
                        self._do(work)
        self._get_on(now_ms)

    def tick(self, now_ms: int) -> None:
        """Take the next step, if one can be taken; ask for what is missing."""
        match self._stage:
            case Stage.IDLE | Stage.FILLING:
                self._rest(now_ms)
            case Stage.ASKING:
                self._ask(now_ms)
            case _:
                self._get_on(now_ms)
        if self._stage in _ACTIVE and self._is_overtaken:
            self._give_up(now_ms)

    def _get_on(self, now_ms: int) -> None:
        """Ask for what is missing of a snapshot; with every answer, as between two ticks many come."""
        match self._stage:
            case Stage.HEADERS:
                self._fetch_headers(now_ms)
            case Stage.MANIFEST | Stage.CHUNKS:
                self._fetch_chunks(now_ms)
            case Stage.ENTRIES:
                self._fill_past(now_ms)

    def done(self, ticket: int, failed: WorkFailed | None, now_ms: int) -> None:
        """A work was done, or could not be."""
        assert self._works and self._works[0].ticket == ticket, "works are reported in their order"
        work = self._works.popleft().work
        self._moved_ms = now_ms
        if failed is not None:
            self._failed(work, failed, now_ms)
            return
        match work:
            case BeginIncoming():
                self._begun(now_ms)
            case KeepChunk(chunk, _):
                self._inquiry.got_on()
                if self._chunks is not None:
                    self._chunks.kept(chunk)
            case TakeSnapshot():
                self._taken()
            case FillPast():
                if self._fill is not None:
                    self._fill.filled()
                self._filled_ms = now_ms
            case _:
                pass
        self._get_on(now_ms)

    # -- whether to sync ----------------------------------------------------------------------------------------

    @property
    def _goal(self) -> int:
        """Of what height a snapshot has to be at least."""
        return self._chain.executed_height + self._settings.behind_blocks_min

    @property
    def _is_overtaken(self) -> bool:
        """Whether the node executed up to the snapshot itself."""
        return self._offer is not None and self._chain.executed_height >= self._offer.height

    def _is_wanted(self, now_ms: int) -> bool:
        if not self._settings.behind_blocks_min or self._unproven_count >= UNPROVEN_MAX:
            return False
        return now_ms >= self._pause_until_ms and max(self._heights.values(), default=0) >= self._goal

    @property
    def _fills(self) -> bool:
        return self._settings.keeps_all and self._settings.incoming is not None

    @property
    def _is_near(self) -> bool:
        """Whether neighbours say where they stand, and nobody is so far ahead that a snapshot is worth it."""
        behind = max(self._settings.behind_blocks_min, 1)
        return 0 < max(self._heights.values(), default=0) < self._chain.executed_height + behind

    def _rest(self, now_ms: int) -> None:
        if self._settings.incoming is not None and self._leftovers.is_due(self._is_near, now_ms):
            self._do(DiscardIncoming())
        if self._is_wanted(now_ms):
            self._stage, self._since_ms, self._fill = Stage.ASKING, now_ms, None
            self._ask(now_ms)
        elif self._fills and self._lacks_past():
            if self._fill is None:
                self._fill = PastFill(self._reader, 1, True, self._past_fetch)
            self._stage = Stage.FILLING
            if now_ms - self._filled_ms >= min(self._filled_ms - self._fill_asked_ms, FILL_REST_MS_MAX):
                self._fill_past(now_ms)
        else:
            self._stage, self._fill = Stage.IDLE, None

    def _lacks_past(self) -> bool:
        """Whether older blocks are to be fetched; a store that is whole stays so and is not asked again."""
        if not self._is_whole:
            self._is_whole = self._reader.head().kept_from <= 1
        return not self._is_whole

    def _ask(self, now_ms: int) -> None:
        if self._works:
            return
        if not self._is_wanted(now_ms):
            self._stage = Stage.IDLE
            return
        self._effects += self._inquiry.ask(self._heights, now_ms)
        have_all_answered = all(map(self._choice.has_answered, self._heights))
        offer = self._choice.newest(self._goal)
        if offer is not None and (have_all_answered or now_ms - self._since_ms >= CHOOSE_MS):
            self._offer, self._stage, self._moved_ms = offer, Stage.HEADERS, now_ms
            self._headers, self._is_gone = None, False
            self._chunks = ChunkSync(offer, self._proves, self._chunk_fetch)
            self._leftovers.came()
            self._do(BeginIncoming(self._goal))

    def _give_up(self, now_ms: int, is_false: bool = False) -> None:
        """Leave the chosen snapshot; with `is_false` everybody who offers it is to blame."""
        self._header_fetch.give_up()
        self._chunk_fetch.give_up()
        if self._offer is not None and is_false:
            self._effects += [Blame(peer, Offence.INVALID_SNAPSHOT) for peer in self._choice.refuse(self._offer)]
        self._offer = self._chunks = self._fill = None
        self._headers = None
        self._stage, self._since_ms = Stage.ASKING, now_ms

    def _do(self, work: Work) -> None:
        self._ticket += 1
        one = SyncWork(self._ticket, work)
        self._works.append(one)
        self._effects.append(one)

    # -- headers ------------------------------------------------------------------------------------------------

    def _begun(self, now_ms: int) -> None:
        """What an earlier sync left is known now."""
        if self._offer is None:
            return
        if self._incoming.taken_height:
            self._offer = Offer(self._incoming.taken_height, ZERO_HASH)
            self._taken()
            return
        height = self._incoming.headers_height
        known: tuple[VoterSet, ...] = (*self._voters.earlier, self._voters.current)
        newest = self._header(height) if height else None
        is_own = height == self._chain.executed_height
        self._headers = HeaderSync(
            lambda voters: self._anchor_at(newest, voters, known if is_own else ()),
            newest.voter_set_hash if newest is not None else self._voters.current.hash,
            known,
            self._header_fetch,
        )

    def _anchor_at(self, newest: Header | None, voters: VoterSet, known: Sequence[VoterSet]) -> Anchor:
        """Behind a header that is kept; `known` are the sets that the node's own chain had, in order."""
        after = tuple(known[-1:]) if known and known[-1].hash != voters.hash else ()
        return Anchor(self._genesis.network_id, self._genesis.created_ms, newest, voters, after)

    def _header(self, height: int) -> Header | None:
        stored = self._incoming.header(height)
        return None if stored is None else Header.decode(bytes(stored.header))

    def _fetch_headers(self, now_ms: int) -> None:
        if self._offer is None or self._headers is None:
            return
        height, kept = self._offer.height, self._incoming.headers_height
        if any(isinstance(one.work, KeepHeaders) for one in self._works):
            kept = 0
        above = headers_above(height, self._header) if kept > height else []
        if above and above[-1].executed_height >= height:
            self._stage = Stage.MANIFEST
            return
        if len(above) > ABOVE_MAX:
            self._give_up(now_ms, is_false=True)
            return
        # Where a change of voters is not proven yet, what comes after it may prove it.
        goal = height + ABOVE_MAX // 2
        if self._headers.walked_height >= goal:
            goal = self._headers.walked_height + ABOVE_MAX
        first, newest = self._incoming.headers_height + 1, max(self._heights.values(), default=0)
        self._effects += self._headers.plan(first, min(goal, newest), self._who_has, now_ms)

    def _who_has(self, height: int) -> list[Hash]:
        return [peer for peer, committed in self._heights.items() if committed >= height]

    def _headers_came(self, peer: Hash, frame: Headers, now_ms: int) -> None:
        if self._headers is None:
            return
        try:
            settled, blames = self._headers.answered(peer, frame, now_ms)
        except UnprovenVotersError as error:
            self._unproven_count += 1
            self._report(error)
            if self._unproven_count >= UNPROVEN_MAX:
                self._give_up(now_ms)
            return
        self._effects += blames
        if settled:
            self._unproven_count = 0
            self._do(KeepHeaders(tuple(settled)))

    # -- manifest and chunks ------------------------------------------------------------------------------------

    def _proves(self, manifest: SnapshotManifest) -> bool:
        try:
            check_manifest(manifest, self._header)
        except InvalidSnapshotError as error:
            self._report(error)
            return False
        return self._offer is not None and manifest.height == self._offer.height

    def _fetch_chunks(self, now_ms: int) -> None:
        chunks = self._chunks
        if chunks is None or self._offer is None:
            return
        if chunks.is_false:
            self._give_up(now_ms, is_false=True)
            return
        if self._stage is Stage.MANIFEST and chunks.manifest is not None:
            self._stage = Stage.CHUNKS
            chunks.begin(chunks.manifest, self._incoming.has_chunk)
            size, total = chunks.manifest.size_bytes, max(len(chunks.manifest.chunks), 1)
            self._do(CheckRoom(size * chunks.missing_count // total, size * STORE_FACTOR))
        if any(isinstance(one.work, CheckRoom) for one in self._works):
            return
        if chunks.is_complete and chunks.manifest is not None:
            self._stage = Stage.LOADING
            self._do(TakeSnapshot(chunks.manifest))
            return
        sources = self._choice.sources(self._offer)
        if not sources and not self._works and (self._is_gone or now_ms - self._moved_ms >= ASK_MS):
            # Nobody has it any more; what came of it stays, and a newer one shares most of it.
            self._give_up(now_ms)
            return
        self._effects += chunks.plan(sources, now_ms)

    def _part_came(self, peer: Hash, frame: Part, now_ms: int) -> None:
        if self._chunks is None:
            return
        kept, is_gone, blames = self._chunks.answered(peer, frame, now_ms)
        self._effects += blames
        if is_gone and self._offer is not None:
            self._choice.lacks(peer, self._offer)
            self._inquiry.is_gone(peer)
            self._is_gone = True
        if kept is not None:
            self._do(kept)

    # -- the store that is made of it ---------------------------------------------------------------------------

    def _taken(self) -> None:
        lifetime_ms = self._genesis.parameters.transaction_lifetime_ms_max
        self._stage = Stage.ENTRIES
        floor = self._incoming.needed_from(lifetime_ms)
        self._fill = PastFill(self._incoming.reader, floor, False, self._past_fetch)

    def _fill_past(self, now_ms: int) -> None:
        is_under_way = any(isinstance(one.work, FillPast) for one in self._works)
        if self._fill is None or is_under_way or now_ms < self._pause_until_ms:
            return
        if not self._fill.is_done:
            effects = self._fill.plan(self._who_has, now_ms)
            if any(isinstance(one, SendFrame) for one in effects):
                self._fill_asked_ms = now_ms
            self._effects += effects
        elif self._stage is Stage.ENTRIES:
            self._stage = Stage.ADOPTING
            self._do(AdoptSnapshot())

    def _failed(self, work: Work, failed: WorkFailed, now_ms: int) -> None:
        self._report(failed.error)
        match work:
            case FillPast(is_own=is_own) if is_own or not isinstance(failed.error, StoreFullError):
                is_wrong = isinstance(failed.error, RemoteProtocolError)
                if self._fill is not None:
                    self._effects += self._fill.failed(is_wrong, now_ms)
                if not is_wrong:
                    self._pause_until_ms = now_ms + STALLED_MS
            case TakeSnapshot() if failed.chunk is not None and self._chunks is not None:
                self._chunks.miss(failed.chunk)
                self._stage = Stage.CHUNKS
            case TakeSnapshot() if not isinstance(failed.error, StoreFullError):
                self._give_up(now_ms, is_false=isinstance(failed.error, InvalidSnapshotError))
            case _:
                # The disk is full, or refuses: that does not change in a moment.
                self._pause_until_ms = now_ms + STALLED_MS
                self._give_up(now_ms)
                if isinstance(failed.error, StoreFullError) and not isinstance(work, CheckRoom):
                    # What came of a snapshot must not be what the ledger lacks.
                    self._do(DiscardIncoming())
