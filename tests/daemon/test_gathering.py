"""Transactions that clients hand in: they leave at once, unless those that left before still wait for a block."""

from daemon.events import Ticked
from ledger.submission import encode_submission
from ledger.transaction import Transaction
from p2p.batching import AGE_MS_MAX, decode_batch
from p2p.frames import Gossip, PayloadKind, decode_frame
from tests.daemon.node_cluster import NodeCluster, NodeHost


class Scene:
    """A voter that does not lead, in an idle network."""

    def __init__(self) -> None:
        self.cluster = NodeCluster(2)
        self.cluster.run(3_000)
        self.voter: NodeHost = next(host for host in self.cluster.hosts if host is not self.cluster.leader)
        assert not self.cluster.network

    def notice(self) -> Transaction:
        """One that a client makes."""
        return self.cluster.notice()

    def hand_in(self, transaction: Transaction) -> None:
        """A client of the voter does."""
        self.voter.submit(transaction)

    @property
    def told(self) -> list[tuple[bytes, ...]]:
        """The batches that are on their way from the voter."""
        frames = [decode_frame(data) for sender, _, data in self.cluster.network if sender == self.voter.id]
        gossip = [one for one in frames if isinstance(one, Gossip) and one.kind is PayloadKind.TRANSACTIONS]
        return [decode_batch(one.payload) for one in gossip]


def submissions(*transactions: Transaction) -> list[tuple[bytes, ...]]:
    """One batch of them."""
    return [tuple(encode_submission(one.envelope, ()) for one in transactions)]


def test_who_writes_alone_waits_for_nobody() -> None:
    scene = Scene()
    begun_ms = scene.voter.now_ms
    for _ in range(3):
        alone = scene.notice()
        scene.hand_in(alone)
        assert scene.told == submissions(alone)
        # All of it happens in one moment: the block comes, is committed, and is on disk.
        scene.cluster.deliver()
        assert scene.voter.store.index_of(alone.id) is not None
    assert scene.voter.now_ms == begun_ms


def test_while_those_that_left_wait_for_a_block_others_are_gathered() -> None:
    scene = Scene()
    first, second, third = scene.notice(), scene.notice(), scene.notice()
    scene.hand_in(first)
    scene.hand_in(second)
    scene.hand_in(third)
    assert scene.told == submissions(first), "one message for those that came meanwhile"
    scene.cluster.network.clear()
    scene.cluster.now_ms += AGE_MS_MAX - 1
    scene.voter.run(Ticked(scene.voter.now_ms))
    assert scene.told == []
    scene.cluster.now_ms += 1
    scene.voter.run(Ticked(scene.voter.now_ms))
    assert scene.told == submissions(second, third), "the block may never come"


def test_the_block_that_has_them_lets_the_next_leave() -> None:
    scene = Scene()
    first, second = scene.notice(), scene.notice()
    begun_ms = scene.voter.now_ms
    scene.hand_in(first)
    scene.hand_in(second)
    scene.cluster.deliver()
    assert scene.voter.store.index_of(second.id) is not None
    assert scene.voter.now_ms == begun_ms
