"""Executions that were constructed to break what docs/divergence.md claims; each found a hole, or looks for one.

Those of one core play its neighbours, liars too; those of a cluster steer which message arrives when.
"""

import pytest

from consensus.certificates import BlockCertificate
from consensus.effects import BroadcastTerm, Effect, KeepAcknowledgement, ReadConfirmed
from consensus.events import CertificateHeard, ChainLink, Heard, ReadAsked
from consensus.messages import Acknowledgement, Heartbeat, PreVote, PreVoteRequest, VoteRequest
from consensus.packets import PROOF, Packet
from consensus.standing import TERM_MAX
from consensus.statement import Position
from ledger.encoding import encode
from ledger.errors import RemoteProtocolError
from ledger.hashing import tagged_hash
from tests.consensus.cluster import NETWORK, Block, Cluster, Host, Message, voter_set
from tests.consensus.one_node import (
    T_MS,
    OneNode,
    acknowledgement,
    answer,
    asked,
    block,
    certificate,
    chain,
    header_of,
    heartbeat,
    of,
    packet,
    pre_vote_request,
    pre_votes,
    proof_of,
    said,
    transfer,
)

FOUR_TWO_THIRDS = voter_set((0, 1, 2, 3), "two-thirds")


# -- a leader that lies, within its term ------------------------------------------------------------------------


def _is_acknowledged(effects: list[Effect]) -> bool:
    return bool(of(effects, KeepAcknowledgement))


def test_acknowledgements_of_one_term_stand_on_each_other() -> None:
    """A lying leader shows a longer chain of its own term, without the block that this node acknowledged there.

    Storing it follows the rule of ranks; acknowledging it would help to certify two blocks of one height within a term,
    though nobody but the leader signed twice. Guard: consensus/commitment.py, `acknowledge_accepted`, "_disowns".
    """
    first, other = block(1, 1), block(1, 1, "other")
    node = OneNode(FOUR_TWO_THIRDS)
    node.follow(1, 1, by=(1, 2, 3))
    assert _is_acknowledged(node.keep(node.store_and_accept(chain(first, voters=FOUR_TWO_THIRDS))))
    forked = chain(other, block(1, 2), block(1, 3), voters=FOUR_TWO_THIRDS)
    assert not _is_acknowledged(node.store_and_accept(forked))
    # Another term ends it: what a later leader's chain has was judged by a quorum.
    node.follow(2, 2, by=(1, 2, 3))
    later = chain(block(2, 4), voters=FOUR_TWO_THIRDS, on=block(1, 3))
    assert _is_acknowledged(node.store_and_accept(later))


def test_what_is_committed_needs_no_comparing() -> None:
    """A block that was acknowledged and is committed lies below everything that can be stored."""
    node = OneNode()
    node.follow(1, 1)
    node.keep(node.store_and_accept(chain(block(1, 1))))
    node.step(CertificateHeard(certificate(block(1, 1))))
    assert node.core.committed_height == 1
    assert _is_acknowledged(node.store_and_accept(chain(block(1, 2), on=block(1, 1))))


def test_one_lying_leader_of_four_forks_no_term_with_a_quorum_of_two_thirds() -> None:
    """Section 1: with `two-thirds`, a fork within a term takes more than a third of the voters to sign twice.

    The leader gets a block certified by all, and lets one voter only see that; to the others it shows a longer chain of
    the same term without the block, and acknowledges that too.
    """
    cluster = Cluster(4, quorum="two-thirds")
    cluster.run(5_000)
    liar = cluster.leader
    assert liar is not None
    told, *fooled = [host for host in cluster.hosts if host is not liar]
    cluster.is_lost = lambda receiver, message: receiver is not told and _certifies(message)
    liar.build()
    cluster.settle()
    certified = told.disk.tip
    assert told.disk.committed_height == certified.height
    liar.crash()
    lies = _fork(liar, told.disk.chain[certified.height - 2], certified)
    cluster.is_lost = lambda receiver, message: receiver is told
    for host in fooled:
        assert host.disk.tip == certified and host.disk.committed_height < certified.height
        host.writes.append(("blocks", lies))
        cluster.settle()
        assert host.disk.tip == lies[-1].position
    for host in fooled:
        # `Checks.commit` compares what it commits with what is committed elsewhere.
        host.step(Heard(_acknowledged_by(liar, lies[-1])))
        assert host.disk.committed_height < certified.height


def _certifies(message: Message) -> bool:
    return isinstance(message, BlockCertificate) or (
        isinstance(message, Packet) and isinstance(message.statement, Acknowledgement)
    )


def _fork(liar: Host, below: Block, certified: Position) -> tuple[Block, ...]:
    """Two blocks of the liar's term on top of `below`, the first one in place of `certified`."""
    lies, parent = [], below.position
    for height in (certified.height, certified.height + 1):
        position = Position(certified.term, height, tagged_hash("lie", encode([height])))
        link = ChainLink(position, parent.hash, below.link.voter_set_hash)
        lies.append(Block(link, liar.id))
        parent = position
    return tuple(lies)


def _acknowledged_by(liar: Host, lie: Block) -> Packet:
    link = lie.link
    term, height, block_hash = link.position
    told = Acknowledgement(NETWORK, link.voter_set_hash, term, height, block_hash, link.previous_hash, liar.id)
    return Packet(told, told.sign(liar.keys.agreement))


# -- livelocks --------------------------------------------------------------------------------------------------


def test_an_overloaded_network_keeps_each_leader_for_a_while() -> None:
    """More comes in than fits into blocks, so the oldest transaction always waits for more than 10 T: at every voter.

    A leader that nobody has ever waited for that long cannot be blamed; else each one is deposed within two timeouts,
    and an overloaded network does nothing but elect. Guard: consensus/leadership.py, `tick`, "_followed_since_ms".
    """
    cluster = Cluster(3)
    cluster.run(5_000)
    for host in cluster.hosts:
        host.waiting_ms = 60_000
    before = len(cluster.checks.leaders)
    cluster.run(60_000, build=True)
    elections = len(cluster.checks.leaders) - before
    # It is overload to some and a leader that does not do its work to others: nobody can tell, so a new one is tried.
    assert 1 <= elections <= 60_000 // (10 * T_MS)


# -- a voter that lies ------------------------------------------------------------------------------------------


def test_grants_for_a_term_wait_until_the_one_before_had_its_chance() -> None:
    """A term has just begun, and nobody leads in it yet: a pre-vote for the one after would outlive the election.

    Guard: consensus/elections.py, `_may_grant`, "standing.adopted_ms".
    """
    node = OneNode()
    node.tick(T_MS)
    node.learn(pre_votes(1, 2))
    request = pre_vote_request(1, 2)
    assert not said(asked(node, request, pre_votes(1, 2)), PreVote)
    node.tick(T_MS - 1)
    assert not said(asked(node, request, pre_votes(1, 2)), PreVote)
    node.tick(1)
    assert said(asked(node, request, pre_votes(1, 2)), PreVote)


def test_a_lying_voter_cannot_hoard_what_deposes_the_next_leader() -> None:
    """Section 1: "a voter that lies cannot depose a healthy leader". Certificates do not age, so whoever got a quorum's
    pre-votes for the term after the running one can end it at any time, and get the next ones in the gap after that.

    One voter of five asks for pre-votes for the term after each election that it sees, before the votes are counted,
    and keeps what it is given to itself. In the end it can show nothing against the leader.
    """
    cluster = Cluster(5)
    cluster.run(4_000)
    first = cluster.leader
    assert first is not None
    liar = next(host for host in cluster.hosts if host is not first)
    granted: dict[int, set[bytes]] = {}

    def overhear(receiver: Host, message: Message) -> bool:
        told = message.statement if isinstance(message, Packet) else None
        if isinstance(told, PreVote) and told.asker == liar.id:
            granted.setdefault(told.term, set()).add(told.voter)
        if isinstance(told, VoteRequest) and receiver is liar and isinstance(message, Packet):
            last = Position(told.last_term, told.last_height, told.last_hash)
            request = pre_vote_request(liar.number, told.term + 1, last, cluster.first_voters)
            asking = packet(request, message.attachments[PROOF], *header_of(last), b"", b"")
            cluster.network[:0] = [(liar, host, asking) for host in cluster.hosts if host is not liar]
        return False

    cluster.is_lost = overhear
    first.crash()
    cluster.run(20_000, build=True)
    leader = cluster.leader
    assert leader is not None
    assert len(granted.get(leader.led_term + 1, ())) + 1 < cluster.first_voters.quorum_size
    # What it may have from the time before the leader was elected deposes nobody any more.
    assert len(cluster.checks.leaders) == 2


def test_the_largest_term_ends_no_process() -> None:
    """A quorum of former voters may raise the term as far as numbers go; nodes stay up, and say what there is.

    Guard: consensus/standing.py, `certifies`, "TERM_MAX".
    """
    node = OneNode()
    assert not node.learn(pre_votes(2**63 - 1, 1))
    node.learn(pre_votes(TERM_MAX, 1))
    assert node.core.term == TERM_MAX
    assert not said(node.tick(2 * T_MS), PreVoteRequest), "nobody is elected any more"


# -- storms -----------------------------------------------------------------------------------------------------


def test_a_request_that_comes_late_is_not_answered_by_the_whole_network() -> None:
    """Of a thousand nodes some twenty vote. Did each of them broadcast why it is in a later term, one request that lost
    a race, or that a stranger plays again, would cause a million messages. What voters tell reaches everybody.

    Guard: consensus/standing.py, `tell_term`, "self.is_voter".
    """
    for voters, tells in ((voter_set((0, 1, 2)), True), (voter_set((1, 2, 3)), False)):
        node = OneNode(voters)
        node.learn(pre_votes(2, 1, by=(1, 2), voters=voters))
        late = asked(node, pre_vote_request(1, 1, voters=voters), None)
        assert bool(of(late, BroadcastTerm)) is tells
        behind = OneNode(voters)
        behind.learn(pre_votes(2, 1, by=(1, 2), voters=voters))
        assert bool(of(behind.hear(heartbeat(1, 1, 1, voters=voters)), BroadcastTerm)) is tells


# -- what only a liar sends -------------------------------------------------------------------------------------


def test_an_answer_with_a_malformed_acknowledgement_changes_nothing() -> None:
    """`Agreement.step` promises that: the answer must not count where its sender is to be blamed.

    Guard: consensus/agreement.py, `_repeated`, before "self._leadership.on_answer(packet)".
    """
    node = OneNode()
    node.lead(1)
    node.hear(acknowledgement(1, block(1, 1)))
    effects = node.step(ReadAsked(b"q"))
    (beat,) = said(effects, Heartbeat)
    with pytest.raises(RemoteProtocolError):
        node.hear(answer(1, 1, beat.counter), b"no statement", b"s" * 64)
    assert not of(node.tick(), ReadConfirmed)


@pytest.mark.parametrize("signature", [b"", b"x", b"x" * 63, b"x" * 65, b"x" * 5000])
def test_signatures_in_attachments_may_have_any_length(signature: bytes) -> None:
    node = OneNode()
    node.follow(1, 1)
    told = acknowledgement(2, block(1, 1)).encode()
    node.hear(answer(2, 1, 1), told, signature)
    node.tick(T_MS)
    request = pre_vote_request(2, 2)
    wish = transfer(1, 2, 1).encode()
    effects = node.hear(request, proof_of(pre_votes(1, 1)), b"", signature, wish, signature)
    assert said(effects, PreVote), "granted without the wish"
