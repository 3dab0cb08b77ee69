"""What a node exchanges with its neighbours: gossip, questions and answers, blocks and bodies of others. Pure.

Owns the parts that do it and the order in which they are asked; never changes the chain, never decides what agreement
makes of what is heard. The node appends what `next_branch` hands it. Source: docs/protocol.md, sections 6 and 8.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from consensus.agreement import Agreement
from consensus.events import Event as AgreementEvent
from consensus.evidence import Evidence
from consensus.settings import Chance
from daemon.answering import Answering
from daemon.block_judge import BlockJudge
from daemon.catching_up import Branch, CatchingUp
from daemon.chain import Chain
from daemon.cosigning import Cosigning
from daemon.courier import Courier, CourierEffect
from daemon.events import DialFailed, GuestsChanged, PeerBlamed, PeerConnected, PeerGone, Received, SyncDone, Verified
from daemon.evidence_judge import EvidenceJudge
from daemon.following import Following, VerifyCall
from daemon.hearing import Hearing, Report
from daemon.intake import Intake
from daemon.missing_values import MissingValues
from daemon.neighbourhood import Peer, known_nodes
from daemon.protocol_in_force import ProtocolInForce
from daemon.relayed import Relayed
from daemon.saying import Saying
from daemon.state_sync import StateSync
from daemon.sync_answering import SyncAnswering
from daemon.sync_progress import SyncProgress
from daemon.sync_work import SyncSettings
from daemon.syncing import Syncing, SyncingEffect
from daemon.voters_in_force import VotersInForce
from ledger.detached import DetachedValue
from ledger.errors import RemoteProtocolError
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.transaction import Transaction
from p2p.offences import Offence
from p2p.overlay import KnownNode, OverlaySettings
from p2p.sync import Standing
from storage.interface import StoreReader

# What the operations begin with that change the registry of nodes.
_GOVERNANCE = "governance."

NeighbourEvent: TypeAlias = PeerConnected | PeerGone | DialFailed
Clock: TypeAlias = Callable[[], int]


class Exchange:
    """One node's side of all its connections.

    Args:
        own: The node's id.
        settings: Whom it wants as neighbours.
        genesis: The network.
        chain: Its chain.
        intake: Its pool.
        reader: Its store.
        agreement: Its part in agreement.
        voters: Who may sign what.
        protocol: Which version of the protocol a block has to follow.
        evidence: What was proven of whom.
        cosigning: Who signed which checkpoint.
        chance: Where random numbers come from.
        clock: The node's own, in milliseconds.
        verify: Has signatures of transactions verified.
        report: Tells operators of a broken rule.
        sync: Whether and how it syncs by snapshot.
    """

    def __init__(
        self,
        own: Hash,
        settings: OverlaySettings,
        genesis: Genesis,
        chain: Chain,
        intake: Intake,
        reader: StoreReader,
        agreement: Agreement,
        voters: VotersInForce,
        protocol: ProtocolInForce,
        evidence: EvidenceJudge,
        cosigning: Cosigning,
        chance: Chance,
        clock: Clock,
        verify: VerifyCall,
        report: Report,
        sync: SyncSettings,
    ) -> None:
        self._chain = chain
        self._reader = reader
        self._cosigning = cosigning
        self._clock = clock
        self._report = report
        self._own = own
        self._hosts: tuple[Hash, ...] = ()
        self._guests: tuple[Hash, ...] = ()
        self._needs_registry = not settings.fixed or bool(settings.names)
        # Where the chain stood when it was looked at last.
        self._tip = chain.tip
        self._executed_height = chain.executed_height
        answering = Answering(chain, intake, reader)
        self._courier = Courier(
            own, settings, self._standing, lambda: answering.comparison(agreement.term, clock()), chance
        )
        self.saying = Saying(self._courier, chance, lambda transaction_id: transaction_id in intake.pool)
        judge = BlockJudge(genesis, voters.at, protocol)
        block_size_bytes_max = genesis.parameters.block_size_bytes_max
        relayed = Relayed()
        self._following = Following(chain, intake, judge, self._courier, verify, relayed, block_size_bytes_max)
        self._catching_up = CatchingUp(chain, self._following, self._courier, verify)
        self._syncing = Syncing(
            self._courier,
            StateSync(sync, genesis, chain, voters, reader, report),
            SyncAnswering(chain, reader),
        )
        self._hearing = Hearing(
            agreement,
            self._courier,
            self._following,
            self._catching_up,
            intake,
            answering,
            voters,
            evidence,
            cosigning,
            verify,
            relayed,
            self._syncing,
        )
        self._missing_values = MissingValues(reader)

    @property
    def _standing(self) -> Standing:
        return Standing(self._chain.executed_height, self._chain.tip.term, self._chain.tip.height)

    def _look_at_chain(self) -> None:
        """Tell where the chain stands if it moved; asked at every step."""
        chain = self._chain
        if chain.tip is not self._tip or chain.executed_height != self._executed_height:
            self._tip, self._executed_height = chain.tip, chain.executed_height
            self._courier.advanced(self._standing, self._clock())

    @property
    def neighbours(self) -> tuple[Hash, ...]:
        """Who is connected."""
        return self._courier.neighbours

    def peers(self) -> tuple[Peer, ...]:
        """The neighbours, and everybody whose score shows an offence, with the reasons."""
        return self._courier.peers(self._clock())

    def heard_ages_ms(self, nodes: Iterable[Hash]) -> dict[Hash, int | None]:
        """How long ago each of these was heard by what it signed; None: not since the start."""
        return self._hearing.voices.ages_ms(nodes, self._own, self._clock())

    def look_up_nodes(self) -> None:
        """Whom the ledger's registry allows as neighbours; a fixed list of ids does not ask it."""
        if not self._needs_registry and not self._hosts and not self._guests:
            return
        registered = {node.id: node for node in known_nodes(self._reader, self._own)}
        if self._hosts and self._own not in registered:
            # Nobody else knows this node yet.
            known = [KnownNode(host, True, is_kept=True) for host in self._hosts]
        else:
            # A guest that is registered by now stays, as long as its invitation: a fixed list may not name it yet.
            for guest in self._guests:
                registered[guest] = registered.get(guest, KnownNode(guest, False))._replace(is_kept=True)
            known = list(registered.values())
        self._courier.set_registry(known, self._clock())

    def executed(self, transactions: Iterable[Transaction]) -> bool:
        """These are executed and on disk; whether some may have changed the registry."""
        if not any(one.operation.startswith(_GOVERNANCE) for one in transactions):
            return False
        self.look_up_nodes()
        return True

    @property
    def sync_progress(self) -> SyncProgress:
        """How far syncing by snapshot is, or filling."""
        return self._syncing.progress

    def take(self, event: PeerBlamed | GuestsChanged | SyncDone) -> None:
        """What a neighbour did to its connection, that others are invited, or that a work of syncing is done."""
        match event:
            case PeerBlamed(_, peer, offence):
                self._courier.blame(peer, offence, self._clock())
            case GuestsChanged(_, hosts, guests):
                self._hosts, self._guests = hosts, guests
                self.look_up_nodes()
            case SyncDone():
                self._syncing.done(event, self._clock())

    def neighbour(self, event: NeighbourEvent) -> None:
        """A connection was made, ended, or could not be made."""
        match event:
            case PeerConnected(_, peer, dialled):
                self._courier.peer_up(peer, dialled, self._clock())
            case PeerGone(_, peer):
                self._courier.peer_down(peer, self._clock())
                self._syncing.lost(peer)
                self._cosigning.forget(peer)
            case DialFailed(_, peer):
                self._courier.dial_failed(peer, self._clock())

    def tick(self) -> None:
        """Compare with neighbours, ask for what is missing, look for neighbours."""
        now_ms = self._clock()
        self._syncing.tick(now_ms)
        self._courier.tick(now_ms)
        question = self._missing_values.question(self._courier.neighbours, now_ms)
        if question is not None:
            self._courier.want_transactions(*question, now_ms)

    def hear(self, event: Received) -> list[AgreementEvent]:
        """A frame came: what agreement is to hear of it."""
        try:
            return self._hearing.receive(event.peer, event.frame, self._clock())
        except RemoteProtocolError as error:
            self._courier.blame(event.peer, Offence.INVALID_MESSAGE, self._clock())
            self._report(error)
            return []

    def take_evidence(self) -> list[Evidence]:
        """What was proven by what was heard."""
        return self._hearing.take_evidence()

    def verified(self, event: Verified, block_time_ms: int) -> tuple[DetachedValue, ...]:
        """Signatures were verified: what lies beside transactions of this node's blocks, to be stored."""
        values: list[DetachedValue] = []
        if len(self._missing_values):
            for found in filter(None, event.results):
                values += self._missing_values.found(*found)
        if not self._hearing.relayed(event, block_time_ms, self._clock()):
            transactions = [result[0] if result is not None else None for result in event.results]
            if not self._following.on_verified(event.ticket, transactions):
                self._catching_up.on_verified(event.ticket, transactions)
        return tuple(values)

    def looks_for_work(self) -> bool:
        """Look where the chain stands; whether something came or waits that may make it longer. Asked at every step."""
        self._look_at_chain()
        return self._courier.has_answers or bool(len(self._following) or len(self._catching_up))

    def take_answers(self) -> list[AgreementEvent]:
        """Look at what was asked for and came: what agreement is to hear of it."""
        return self._hearing.take_answers(self._clock(), self._report) if self._courier.has_answers else []

    def next_branch(self) -> Branch | None:
        """Blocks of others that may be appended now, to be appended before asking again.

        Raises:
            RemoteProtocolError: somebody sent an invalid block.
        """
        if not self._missing_values.has_room:
            return None
        self._look_at_chain()
        now_ms = self._clock()
        block = self._following.next_block(now_ms)
        return Branch([block]) if block is not None else self._catching_up.next_branch(now_ms)

    def appended(self, strangers: Iterable[Transaction]) -> None:
        """A block of somebody else is in the chain; these of its transactions came without what lies beside them."""
        self._missing_values.add(strangers)

    def take_effects(self) -> list[CourierEffect | SyncingEffect]:
        """Everything that is to leave at the end of a step."""
        self.saying.flush(self._clock())
        return [*self._courier.take_effects(), *self._syncing.take_effects()]
