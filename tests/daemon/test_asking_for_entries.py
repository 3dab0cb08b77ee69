"""A proposal whose transactions are on their way: neighbours are asked for what is not here, and for nothing else."""

from daemon.events import Received
from daemon.proposal import Proposal
from ledger.transaction import Transaction
from p2p.batching import encode_batch
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind, WantEntries, decode_frame
from tests.daemon.node_cluster import NodeCluster, NodeHost


class Scene:
    """A leader that has proposed a block, and a voter whose threads are busy."""

    def __init__(self) -> None:
        self.cluster = NodeCluster(2)
        self.cluster.run(3_000)
        leader = self.cluster.leader
        assert leader is not None
        self.leader: NodeHost = leader
        self.voter = next(host for host in self.cluster.hosts if host is not leader)
        assert not self.cluster.network

    def told(self, transaction: Transaction) -> list[Gossip]:
        """What the leader says of a transaction that was handed in to it, up to the proposal."""
        self.leader.submit(transaction)
        frames = [decode_frame(data) for _, _, data in self.cluster.network]
        self.cluster.network.clear()
        gossip = [one for one in frames if isinstance(one, Gossip)]
        kinds = [one.kind for one in gossip]
        assert PayloadKind.PROPOSAL in kinds
        return gossip[: kinds.index(PayloadKind.PROPOSAL) + 1]

    def batch(self) -> Gossip:
        """A batch with some other transaction."""
        return Gossip.of(PayloadKind.TRANSACTIONS, encode_batch([self.cluster.notice().envelope]))

    def hear(self, *frames: Frame) -> None:
        """The voter hears this from the leader, and its threads and disk are not done with anything."""
        self.cluster.holds = True
        for frame in frames:
            self.voter.run(Received(self.voter.now_ms, self.leader.id, frame))

    @property
    def asked(self) -> list[WantEntries]:
        """What the voter has asked for."""
        frames = [decode_frame(data) for sender, _, data in self.cluster.network if sender == self.voter.id]
        return [one for one in frames if isinstance(one, WantEntries)]


def height_of(host: NodeHost) -> int:
    assert host.node is not None
    return host.node.status().height


def test_transactions_leave_before_the_proposal_that_holds_them() -> None:
    scene = Scene()
    scene.leader.submit(scene.cluster.notice())
    scene.cluster.deliver()
    # A batch has just left: this one would be gathered for a while.
    transaction = scene.cluster.notice()
    told = scene.told(transaction)
    assert [frame.kind for frame in told if frame.kind is not PayloadKind.AGREEMENT] == [
        PayloadKind.TRANSACTIONS,
        PayloadKind.PROPOSAL,
    ]
    assert Proposal.decode(told[-1].payload).leaf_hashes == (transaction.leaf_hash,)


def test_what_is_being_verified_is_not_asked_for() -> None:
    scene = Scene()
    before = height_of(scene.voter)
    scene.hear(*scene.told(scene.cluster.notice()))
    assert scene.asked == []
    assert height_of(scene.voter) == before
    scene.voter.complete()
    assert scene.asked == []
    assert height_of(scene.voter) == before + 1


def test_what_was_not_among_it_is_asked_for_when_that_is_known() -> None:
    scene = Scene()
    proposal = scene.told(scene.cluster.notice())[-1]
    scene.hear(scene.batch(), proposal)
    assert scene.asked == []
    # What comes later keeps nobody waiting: it may go on for ever.
    scene.hear(scene.batch())
    scene.voter.complete()
    assert [one.block_hash for one in scene.asked] == [Proposal.decode(proposal.payload).header.hash]


def test_with_nothing_on_the_threads_it_is_asked_for_at_once() -> None:
    scene = Scene()
    proposal = scene.told(scene.cluster.notice())[-1]
    scene.hear(proposal)
    assert [one.block_hash for one in scene.asked] == [Proposal.decode(proposal.payload).header.hash]
