"""Checkpoints of several voters: published when a quorum has cosigned, wherever, whoever was away meanwhile."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.protocols import builtin_protocols
from contracts.voter_record import current_voters
from daemon.chain import Chain
from daemon.cosigning import EARLY_MAX, GATHERED_MAX, SETTLED_AFTER_MS, Cosigning
from daemon.effects import CheckpointPublished
from daemon.policy import current_policy
from daemon.receipts import issue_receipt
from daemon.result_trees import ResultTrees
from ledger.block import Header
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import cosign
from ledger.errors import InvalidNoteError, RemoteProtocolError
from ledger.hashing import Hash
from ledger.note import Note
from ledger.receipt import verify_receipt
from p2p.frames import CheckpointNote, Gossip, PayloadKind, decode_frame
from tests.daemon.networks import node_keys
from tests.daemon.node_cluster import NodeCluster, NodeHost

RING = {(0, 1), (1, 2), (2, 3), (0, 3)}
LINE = {(0, 1), (1, 2), (2, 3)}
NAMES = ("alpha", "beta", "gamma", "delta")
NEIGHBOUR = bytes(32)


class LossyCluster(NodeCluster):
    """Loses the frames that `loses` names."""

    loses: Callable[[object], bool] = staticmethod(lambda frame: False)

    def deliver_one(self, place: int) -> None:
        if self.loses(decode_frame(self.network[place][2])):
            del self.network[place]
        else:
            super().deliver_one(place)


def is_gossip(frame: object) -> bool:
    return isinstance(frame, Gossip) and frame.kind is PayloadKind.CHECKPOINT


def is_any(frame: object) -> bool:
    return is_gossip(frame) or isinstance(frame, CheckpointNote)


def executed_size(host: NodeHost) -> int:
    return host.store.head().tree_size


def published(host: NodeHost) -> int:
    """The size of the published checkpoint, which must hold what is promised of it; 0 where there is none."""
    data = host.store.head().checkpoint
    if data is None:
        return 0
    note = Note.parse(bytes(data))
    policy = current_policy(host.store, host.cluster.genesis).policy
    verified = policy.verify(note)
    assert len(note.signatures) == 1 + len(policy.exact_quorum(verified.cosigned))
    return verified.checkpoint.tree_size


def submit(cluster: NodeCluster, count: int = 4) -> None:
    for number in range(count):
        host = cluster.hosts[number % len(cluster.hosts)]
        if host.node is not None:
            host.submit(cluster.notice(f"{cluster.now_ms}.{number}"))


@pytest.mark.parametrize(("voters", "observers", "links"), [(4, 0, RING), (4, 0, LINE), (2, 0, None), (3, 1, LINE)])
def test_every_node_publishes_what_a_quorum_cosigned(
    voters: int, observers: int, links: set[tuple[int, int]] | None
) -> None:
    cluster = NodeCluster(voters, links, observers)
    cluster.run(3_000)
    for _ in range(3):
        submit(cluster)
        cluster.run(1_100)
    cluster.run(1_500)
    sizes = [published(host) for host in cluster.hosts]
    assert sizes == [executed_size(host) for host in cluster.hosts]
    assert len(set(sizes)) == 1
    for host in cluster.hosts:
        told = [effect.tree_size for effect in host.other if isinstance(effect, CheckpointPublished)]
        assert told == sorted(set(told))
        assert told[-1] == sizes[0]
        assert host.node is not None
        assert host.node.status().checkpoint_size == sizes[0]


def test_receipts_come_from_any_node() -> None:
    cluster = NodeCluster(4, RING)
    cluster.run(3_000)
    notice = cluster.notice()
    cluster.hosts[0].submit(notice)
    cluster.run(3_000)
    for host in cluster.hosts:
        issued = issue_receipt(host.store, cluster.genesis, notice.id, ResultTrees(host.store))
        policy = current_policy(host.store, cluster.genesis).policy
        assert verify_receipt(issued.receipt, policy).leaf == notice.envelope


def test_what_gossip_lost_is_found_by_comparing() -> None:
    cluster = LossyCluster(4, LINE)
    cluster.loses = is_gossip
    cluster.run(3_000)
    submit(cluster)
    cluster.run(2_000)
    assert all(published(host) < executed_size(host) for host in cluster.hosts)
    # From both ends of the line to the other, each hop when what is known has settled.
    cluster.run(4 * (SETTLED_AFTER_MS + 1_500))
    assert [published(host) for host in cluster.hosts] == [executed_size(host) for host in cluster.hosts]


def test_without_a_quorum_nothing_is_published() -> None:
    cluster = LossyCluster(4, LINE)
    cluster.loses = is_any
    cluster.run(3_000)
    submit(cluster)
    cluster.run(10_000)
    assert executed_size(cluster.hosts[0]) > 4
    assert [host.store.head().checkpoint for host in cluster.hosts] == [None] * 4


def test_who_was_away_for_a_minute_learns_of_the_checkpoint_though_nothing_new_happens() -> None:
    cluster = NodeCluster(4, RING)
    cluster.run(3_000)
    away = next(host for host in cluster.hosts if host is not cluster.leader)
    away.crash()
    submit(cluster)
    cluster.run(60_000)
    away.start()
    cluster.run(10_000)
    assert published(away) == executed_size(away) == max(executed_size(host) for host in cluster.hosts)


def test_a_restarted_node_goes_on_from_what_it_published() -> None:
    cluster = NodeCluster(4, RING)
    cluster.run(3_000)
    submit(cluster)
    cluster.run(3_000)
    host = cluster.hosts[2]
    size = published(host)
    host.crash()
    host.start()
    assert host.node is not None
    assert host.node.status().checkpoint_size == size > 0
    cluster.run(30_000)
    submit(cluster)
    cluster.run(3_000)
    assert published(host) > size


class Fixture:
    """One node's own log, of which nobody has heard a signature yet."""

    def __init__(self) -> None:
        cluster = LossyCluster(4)
        cluster.loses = is_any
        cluster.run(3_000)
        for _ in range(3):
            submit(cluster)
            cluster.run(1_100)
        self.cluster = cluster
        self.store = cluster.hosts[0].store
        chain = Chain(cluster.genesis, builtin_protocols(), self.store)
        self.cosigning = Cosigning(cluster.genesis, chain, self.store)
        voters = current_voters(chain.overlay).voters
        self.order = [next(n for n in range(4) if node_keys(n + 1).node_id == voter.node_id) for voter in voters]
        headers = [self.header(height) for height in range(1, self.store.head().executed_height + 1)]
        self.flagged = [header for header in headers if header.checkpoint]

    def header(self, height: int) -> Header:
        stored = self.store.header(height)
        assert stored is not None
        return Header.decode(bytes(stored.header))

    def note(self, voter: int, size: int, root: Hash, time_s: int = 7, log: int | None = None) -> bytes:
        """What voter `voter` signs, with the log key of voter `log`."""
        text = Checkpoint(self.cluster.genesis.name, size, root).text()
        logging = node_keys((voter if log is None else log) + 1).log
        signatures = (
            sign_checkpoint(text, self.cluster.genesis.name, logging),
            cosign(text, NAMES[voter], node_keys(voter + 1).cosigner, time_s),
        )
        return Note(text, signatures).encode()

    def of(self, voter: int, header: Header, **changes: int) -> bytes:
        return self.note(voter, header.tree_size, header.tree_root, **changes)


def test_three_of_four_are_a_quorum_and_no_voter_counts_twice() -> None:
    fixture = Fixture()
    newest, cosigning = fixture.flagged[-1], fixture.cosigning
    assert cosigning.hear(fixture.of(0, newest), 0)
    assert not cosigning.hear(fixture.of(0, newest), 0)
    assert not cosigning.hear(fixture.of(0, newest, time_s=8), 0)
    assert cosigning.hear(fixture.of(1, newest), 0)
    assert not cosigning.hear(fixture.of(1, newest, time_s=9), 0)
    assert cosigning.take_ready() is None
    assert cosigning.hear(fixture.of(3, newest), 0)
    ready = cosigning.take_ready()
    assert ready is not None
    assert ready.tree_size == newest.tree_size == cosigning.published_size
    current_policy(fixture.store, fixture.cluster.genesis).policy.verify(Note.parse(ready.note))
    assert cosigning.take_ready() is None
    # Nobody needs the fourth, or those of an older one; they are passed on, and that is all.
    for late in (newest, fixture.flagged[0]):
        assert [cosigning.hear(fixture.of(2, late), 0) for _ in range(2)] == [True, False]
    assert [cosigning.hear(fixture.of(voter, fixture.flagged[0]), 0) for voter in (0, 1, 3)] == [True] * 3
    assert cosigning.take_ready() is None
    assert cosigning.published_size == newest.tree_size


def test_signatures_of_another_tree_or_of_strangers_count_for_nothing() -> None:
    fixture = Fixture()
    newest, cosigning = fixture.flagged[-1], fixture.cosigning
    assert not cosigning.hear(fixture.note(0, newest.tree_size, bytes(32)), 0)
    assert not cosigning.hear(fixture.note(0, newest.tree_size - 1, newest.tree_root), 0)
    text = Checkpoint(fixture.cluster.genesis.name, newest.tree_size, newest.tree_root).text()
    stranger = node_keys(9)
    signed = (
        sign_checkpoint(text, fixture.cluster.genesis.name, stranger.log),
        cosign(text, "alpha", stranger.cosigner, 7),
    )
    assert not cosigning.hear(Note(text, signed).encode(), 0)
    # A voter's cosignature under a log signature that is nobody's.
    assert not cosigning.hear(fixture.of(0, newest, log=9), 0)
    assert cosigning.hear(fixture.of(0, newest), 0)


@pytest.mark.parametrize("data", [b"", b"\xff", b"no note", "a\n1\nAAAA\n\n— a AAAAAAA=\n".encode()])
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        Fixture().cosigning.hear(data, 0)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    fixture = Fixture()
    text = Checkpoint("other.example/ledger", 5, bytes(32)).text()
    note = Note(text, (cosign(text, "alpha", node_keys(1).cosigner, 7),))
    with pytest.raises(InvalidNoteError, match=r"other\.example"):
        fixture.cosigning.hear(note.encode(), 0)


def test_what_comes_early_waits_until_the_block_is_executed() -> None:
    fixture = Fixture()
    newest, cosigning = fixture.flagged[-1], fixture.cosigning
    later = replace(newest, height=newest.height + 1, tree_size=newest.tree_size + 5, tree_root=b"r" * 32)
    assert cosigning.hear(fixture.of(0, later), 0)
    assert not cosigning.hear(fixture.of(0, later, time_s=8), 0)
    assert cosigning.hear(fixture.of(1, later), 0)
    assert cosigning.hear(fixture.note(2, later.tree_size, b"x" * 32), 0)
    assert cosigning.take_ready() is None
    cosigning.executed(later, 0)
    # The third voter signed another root.
    assert cosigning.take_ready() is None
    assert cosigning.hear(fixture.of(3, later), 0)
    assert cosigning.take_ready() is not None


def test_a_voter_can_make_nobody_keep_more_than_a_few() -> None:
    fixture = Fixture()
    newest, cosigning = fixture.flagged[-1], fixture.cosigning
    sizes = range(newest.tree_size + 1, newest.tree_size + EARLY_MAX + 20)
    heard = [cosigning.hear(fixture.note(0, size, b"r" * 32), 0) for size in sizes]
    assert all(heard)
    # Whoever counts down is not passed on.
    assert not any(cosigning.hear(fixture.note(0, size, b"r" * 32), 0) for size in reversed(sizes))
    kept = 0
    for size in sizes:
        header = replace(newest, tree_size=size, tree_root=b"r" * 32)
        cosigning.executed(header, 0)
        kept += not cosigning.hear(fixture.of(0, header), 0)
    assert kept == EARLY_MAX


def test_checkpoints_that_nobody_cosigns_are_not_kept_for_ever() -> None:
    fixture = Fixture()
    newest, cosigning = fixture.flagged[-1], fixture.cosigning
    headers = [
        replace(newest, tree_size=newest.tree_size + number, tree_root=b"r" * 32)
        for number in range(1, 2 * GATHERED_MAX)
    ]
    for header in headers:
        cosigning.executed(header, 0)
    assert not cosigning.hear(fixture.of(0, headers[0]), 0)
    assert cosigning.hear(fixture.of(0, headers[-GATHERED_MAX]), 0)


def test_a_neighbour_is_given_what_settled_once() -> None:
    fixture = Fixture()
    newest, cosigning = fixture.flagged[-1], fixture.cosigning
    assert cosigning.to_give(NEIGHBOUR, newest.height, 10_000) is None
    cosigning.hear(fixture.of(0, newest), 10_000)
    assert cosigning.to_give(NEIGHBOUR, newest.height, 10_000 + SETTLED_AFTER_MS - 1) is None
    assert cosigning.to_give(NEIGHBOUR, newest.height - 1, 20_000) is None
    given = cosigning.to_give(NEIGHBOUR, newest.height, 20_000)
    assert given is not None
    assert Note.parse(given).text == Checkpoint(fixture.cluster.genesis.name, newest.tree_size, newest.tree_root).text()
    assert cosigning.to_give(NEIGHBOUR, newest.height, 30_000) is None
    cosigning.hear(fixture.of(1, newest), 30_000)
    both = cosigning.to_give(NEIGHBOUR, newest.height, 40_000)
    assert both is not None
    assert len(Note.parse(both).signatures) == 3
    cosigning.forget(NEIGHBOUR)
    assert cosigning.to_give(NEIGHBOUR, newest.height, 40_000) == both
