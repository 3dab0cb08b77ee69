"""One agreement core, whose neighbours are played by the test: their keys are at hand, what they say is up to it.

Node 0 is the core; every other number is somebody who says what the test wants. Nothing is kept by itself: a test
reports writes when it likes, or lets `keep` report all of them.
"""

from collections.abc import Iterable
from typing import TypeVar

from consensus.agreement import Agreement
from consensus.branch import Branch
from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.effects import Broadcast, Committed, Effect, KeepAcknowledgement, KeepTerm, KeepVote, Propose
from consensus.events import (
    Accepted,
    AcknowledgementKept,
    BlocksStored,
    ChainLink,
    Event,
    Heard,
    Started,
    TermCertificateHeard,
    TermKept,
    Tick,
    VoteKept,
)
from consensus.messages import (
    Acknowledgement,
    Heartbeat,
    HeartbeatAnswer,
    PreVote,
    PreVoteRequest,
    Transfer,
    Vote,
    VoteRequest,
    signer_of,
)
from consensus.packets import _KINDS, Packet
from consensus.settings import Kept, Settings
from consensus.statement import Position, SignedMessage, Statement
from consensus.term_certificates import PreVoteCertificate, TermCertificate, encode_term_certificate
from consensus.timing import Timing
from consensus.voters import VoterSet
from ledger.encoding import encode
from ledger.hashing import Hash, tagged_hash
from tests.consensus.cluster import GENESIS, NETWORK, Dice, keys_of, position_of, voter_set

T_MS = 1000
HEARTBEAT_MS = 200
THREE = voter_set((0, 1, 2))
FOUR = voter_set((0, 1, 2, 3))
FIVE = voter_set((0, 1, 2, 3, 4))
NONCE = b"round of another"
NOTHING = SignedMessage(b"", b"")
_NUMBERS = {keys_of(number).node_id: number for number in range(21)}

_Effect = TypeVar("_Effect")
_Said = TypeVar("_Said", bound=Statement)


def id_of(number: int) -> Hash:
    """A node's id."""
    return keys_of(number).node_id


def signed(statement: Statement, by: int | None = None) -> SignedMessage:
    """The statement signed by the node that it names, or by somebody else."""
    signer = _NUMBERS[signer_of(statement)] if by is None else by
    return statement.sign(keys_of(signer).agreement)


def packet(statement: Statement, *attachments: bytes, by: int | None = None) -> Packet:
    """The statement as gossip brings it; attachments that are not given are empty."""
    absent = (b"",) * (_KINDS[statement.NAME][1] - len(attachments))
    return Packet.decode(Packet(statement, signed(statement, by), attachments + absent).encode())


# -- blocks -----------------------------------------------------------------------------------------------------


def block(term: int, height: int, name: str = "") -> Position:
    """A block of this place; another name is another block."""
    return Position(term, height, tagged_hash("test-block", encode([term, height, name])))


def chain(*positions: Position, voters: VoterSet = THREE, on: Position = GENESIS) -> tuple[ChainLink, ...]:
    """Blocks, each on top of the one before."""
    below = (on, *positions)
    return tuple(ChainLink(one, previous.hash, voters.hash) for previous, one in zip(below, positions, strict=False))


def header_of(position: Position) -> tuple[bytes, bytes]:
    """What proves a last block: see `cluster.position_of`; nothing for the genesis."""
    return (encode(list(position)), b"s") if position.height else (b"", b"")


# -- what others say --------------------------------------------------------------------------------------------


def pre_vote_request(
    asker: int, term: int, last: Position = GENESIS, voters: VoterSet = THREE, round_: bytes = NONCE
) -> PreVoteRequest:
    """`asker` would stand in `term`."""
    return PreVoteRequest(NETWORK, voters.hash, term, id_of(asker), round_, *last)


def pre_vote(request: PreVoteRequest, voter: int) -> PreVote:
    """`voter` grants what was asked."""
    return PreVote(NETWORK, request.voter_set_hash, request.term, request.asker, request.round, id_of(voter))


def vote_request(candidate: int, term: int, last: Position = GENESIS, voters: VoterSet = THREE) -> VoteRequest:
    """`candidate` stands in `term`."""
    return VoteRequest(NETWORK, voters.hash, term, id_of(candidate), *last)


def vote(voter: int, candidate: int, term: int, last: Position = GENESIS, voters: VoterSet = THREE) -> Vote:
    """`voter` is for `candidate`."""
    return Vote(NETWORK, voters.hash, term, id_of(candidate), id_of(voter), *last)


def acknowledgement(
    voter: int, position: Position, previous: Position = GENESIS, voters: VoterSet = THREE
) -> Acknowledgement:
    """`voter` has the block."""
    term, height, hash_ = position
    return Acknowledgement(NETWORK, voters.hash, term, height, hash_, previous.hash, id_of(voter))


def heartbeat(leader: int, term: int, counter: int, tip: Position = GENESIS, voters: VoterSet = THREE) -> Heartbeat:
    """`leader` lives."""
    return Heartbeat(NETWORK, voters.hash, term, id_of(leader), counter, *tip, 0)


def answer(voter: int, term: int, counter: int, tip: Position = GENESIS, voters: VoterSet = THREE) -> HeartbeatAnswer:
    """`voter` follows."""
    return HeartbeatAnswer(NETWORK, voters.hash, term, id_of(voter), counter, *tip)


def transfer(leader: int, successor: int, term: int, tip: Position = GENESIS, voters: VoterSet = THREE) -> Transfer:
    """`leader` wants `successor` to lead."""
    return Transfer(NETWORK, voters.hash, term, id_of(leader), id_of(successor), *tip)


# -- certificates -----------------------------------------------------------------------------------------------


def pre_votes(term: int, asker: int, by: Iterable[int] = (1, 2), voters: VoterSet = THREE) -> PreVoteCertificate:
    """These voters let `asker` stand in `term`."""
    request = pre_vote_request(asker, term, voters=voters)
    pairs = [(id_of(voter), signed(pre_vote(request, voter)).signature) for voter in by]
    return PreVoteCertificate.of(pre_vote(request, 0), pairs)


def election(
    term: int, candidate: int, by: Iterable[int] = (1, 2), voters: VoterSet = THREE, last: Position = GENESIS
) -> ElectionCertificate:
    """These voters elected `candidate` in `term`."""
    votes = {id_of(voter): signed(vote(voter, candidate, term, last, voters)) for voter in by}
    return ElectionCertificate(term, id_of(candidate), tuple(one for _, one in sorted(votes.items())))


def certificate(
    position: Position, previous: Position = GENESIS, by: Iterable[int] = (1, 2), voters: VoterSet = THREE
) -> BlockCertificate:
    """These voters acknowledged the block."""
    told = [acknowledgement(voter, position, previous, voters) for voter in by]
    return BlockCertificate.of(told[0], [(one.voter, signed(one).signature) for one in told])


# -- the node ---------------------------------------------------------------------------------------------------


class OneNode:
    """The core of node 0, started with what the test says it kept.

    Args:
        voters: The set in force.
        kept: What lies beside its seed; a node that never ran if it is not given.
        links: The blocks it has stored above `committed`.
        committed: The newest committed block.
        earlier: The sets that were in force before.
    """

    def __init__(
        self,
        voters: VoterSet = THREE,
        kept: Kept | None = None,
        links: tuple[ChainLink, ...] = (),
        committed: Position = GENESIS,
        earlier: tuple[VoterSet, ...] = (),
    ) -> None:
        self.voters = voters
        self.now_ms = 0
        self.chance = Dice(1)
        branch = Branch(committed, committed.height)
        if links:
            branch.extend(links)
        self.core = Agreement(
            Settings(NETWORK, id_of(0), keys_of(0).agreement, Timing(T_MS, HEARTBEAT_MS)),
            voters,
            earlier,
            kept or Kept(0, None, None, GENESIS),
            branch,
            header_of(branch.tip),
            self.chance,
            position_of,
            0,
        )
        self.step(Started())

    def step(self, event: Event, after_ms: int = 0) -> list[Effect]:
        """One step, so much later than the one before."""
        self.now_ms += after_ms
        return self.core.step(event, self.now_ms)

    def tick(self, after_ms: int = 0, waiting_ms: int = 0) -> list[Effect]:
        """Time went on."""
        return self.step(Tick(waiting_ms), after_ms)

    def hear(self, statement: Statement, *attachments: bytes, by: int | None = None) -> list[Effect]:
        """Somebody's statement comes."""
        return self.step(Heard(packet(statement, *attachments, by=by)))

    def learn(self, term_certificate: TermCertificate) -> list[Effect]:
        """A certificate of a term comes, and is kept."""
        return self.keep(self.step(TermCertificateHeard(term_certificate)))

    def keep(self, effects: Iterable[Effect]) -> list[Effect]:
        """Report everything that `effects` want kept, and what follows from that; all effects, in order."""
        found = list(effects)
        for effect in found:
            match effect:
                case KeepTerm(term, _, _):
                    found += self.step(TermKept(term))
                case KeepVote(term, _):
                    found += self.step(VoteKept(term))
                case KeepAcknowledgement(position):
                    found += self.step(AcknowledgementKept(position))
        return found

    def store(self, links: tuple[ChainLink, ...]) -> list[Effect]:
        """Blocks are on disk."""
        return self.step(BlocksStored(links, *header_of(links[-1].position)))

    def store_and_accept(self, links: tuple[ChainLink, ...]) -> list[Effect]:
        """Blocks are on disk and checked in everything; acknowledgements are not kept yet."""
        effects = self.store(links)
        for link in links:
            effects += self.step(Accepted(link.position))
        return effects

    @property
    def role(self) -> str:
        """Its part in the running term."""
        return self.core.role.value

    # -- ways to a state ----------------------------------------------------------------------------------------

    def ask_pre_votes(self) -> PreVoteRequest:
        """Let the election timeout pass; what is asked."""
        effects = self.tick(2 * T_MS)
        return said(effects, PreVoteRequest)[0]

    def stand(self, *granting: int) -> list[Effect]:
        """Become candidate by these pre-votes; nothing is kept yet."""
        effects = self.tick(2 * T_MS)
        request = said(effects, PreVoteRequest)[0]
        for voter in granting:
            effects += self.hear(pre_vote(request, voter))
        return effects

    def lead(self, *electing: int) -> list[Effect]:
        """Win the next term by these voters, and have the opening block stored, accepted and acknowledged here."""
        effects = self.keep(self.stand(*electing))
        term = self.core.term
        for voter in electing:
            effects += self.hear(vote(voter, 0, term, voters=self.voters))
        opening = chain(block(term, self.core.tip.height + 1), voters=self.voters, on=self.core.tip)
        return effects + self.keep(self.store_and_accept(opening))

    def follow(self, leader: int, term: int, by: Iterable[int] = (1, 2)) -> list[Effect]:
        """Learn that `leader` was elected in `term`."""
        return self.learn(election(term, leader, by, self.voters))


def proof_of(term_certificate: TermCertificate | None) -> bytes:
    """The attachment that shows a term's certificate; empty for none."""
    return encode_term_certificate(term_certificate) if term_certificate is not None else b""


def asked(
    node: OneNode, request: PreVoteRequest | VoteRequest, proof: TermCertificate | None, permit: Packet | None = None
) -> list[Effect]:
    """The request comes with the proof of its term and of its last block; for pre-votes with a leader's wish too."""
    last = Position(request.last_term, request.last_height, request.last_hash)
    wish: tuple[bytes, ...] = permit.signed if permit is not None else NOTHING
    extra = wish if isinstance(request, PreVoteRequest) else ()
    return node.hear(request, proof_of(proof), *header_of(last), *extra)


def of(effects: Iterable[Effect], kind: type[_Effect]) -> list[_Effect]:
    """The effects of one kind."""
    return [one for one in effects if isinstance(one, kind)]


def said(effects: Iterable[Effect], kind: type[_Said]) -> list[_Said]:
    """What the node says of one kind; a leader's acknowledgement goes with its proposal."""
    packets = [
        one.packet if isinstance(one, Broadcast) else one.acknowledgement
        for one in effects
        if isinstance(one, Broadcast | Propose)
    ]
    return [one.statement for one in packets if isinstance(one.statement, kind)]


def committed_heights(effects: Iterable[Effect]) -> list[int]:
    """The heights that certificates commit now."""
    return [one.certificate.height for one in of(effects, Committed)]
