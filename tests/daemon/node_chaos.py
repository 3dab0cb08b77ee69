"""Random faults on a cluster of pure nodes, from a seed; afterwards all must have executed the same.

Crashes in the middle of writes, connections that break, slow disks and signature checks, clocks that differ, clients
that submit all the while. What a client was told must be there in the end, and nothing twice.
"""

from random import Random

from daemon.events import PeerConnected, PeerGone, Ticked
from ledger.hashing import Hash
from tests.daemon.node_cluster import TICK_MS, NodeCluster, NodeHost

FRAMES_MAX = 4_000


class NodeChaos:
    """A cluster under faults."""

    def __init__(self, seed: int, steps: int = 3000) -> None:
        self.random = Random(seed)
        voters = self.random.choice((1, 2, 3, 3, 4, 5))
        ring = {(min(a, (a + 1) % voters), max(a, (a + 1) % voters)) for a in range(voters) if voters > 1}
        self.cluster = NodeCluster(voters, ring if voters > 3 and self.random.random() < 0.5 else None)
        self.cluster.holds = True
        self.steps = steps
        self.crashes = self.random.choice((0.0, 0.003, 0.01))
        self.cuts = self.random.choice((0.0, 0.003, 0.01))
        self.told: set[Hash] = set()
        for host in self.cluster.hosts:
            host.clock_offset_ms = self.random.choice((0, 0, 300, -300, 4_000))

    def run(self) -> None:
        """Faults, then calm."""
        for _ in range(self.steps):
            self.step()
        self.calm()

    def step(self) -> None:
        """One small thing."""
        cluster, random = self.cluster, self.random
        dice = random.random()
        host = random.choice(cluster.hosts)
        if dice < 0.55:
            for _ in range(random.randrange(4 * len(cluster.hosts))):
                if cluster.network:
                    cluster.deliver_one(random.randrange(len(cluster.network)))
        elif dice < 0.80:
            for one in cluster.hosts:
                one.complete(random.randrange(4))
        elif dice < 0.88:
            cluster.now_ms += TICK_MS // 2
            for one in cluster.hosts:
                one.run(Ticked(one.now_ms))
        elif dice < 0.95:
            host.submit(*[cluster.notice() for _ in range(random.randrange(1, 4))])
        elif dice < 0.95 + self.crashes:
            host.crash()
            self._forget_frames(host)
        elif dice < 0.97:
            if host.node is None:
                host.start()
        elif dice < 0.97 + self.cuts:
            self._toggle_link()
        if len(cluster.network) > FRAMES_MAX:
            self._forget_frames(host)

    def _forget_frames(self, host: NodeHost) -> None:
        """What was under way to or from a node is lost with its connections."""
        for other in self.cluster.neighbours(host):
            self._set_link(host, other, is_up=False)
            self._set_link(host, other, is_up=True)

    def _toggle_link(self) -> None:
        if self.cluster.links:
            a, b = self.random.choice(sorted(self.cluster.links))
            is_cut = frozenset((a, b)) in self.cluster.cut
            self._set_link(self.cluster.hosts[a], self.cluster.hosts[b], is_up=is_cut)

    def _set_link(self, one: NodeHost, other: NodeHost, is_up: bool) -> None:
        cluster, pair = self.cluster, frozenset((one.number, other.number))
        ends = {one.id, other.id}
        cluster.network = type(cluster.network)(frame for frame in cluster.network if {frame[0], frame[1]} != ends)
        (cluster.cut.discard if is_up else cluster.cut.add)(pair)
        if is_up and (one.node is None or other.node is None):
            return
        event = PeerConnected if is_up else PeerGone
        one.run(event(one.now_ms, other.id))
        other.run(event(other.now_ms, one.id))

    def calm(self, duration_ms: int = 15_000) -> None:
        """All up and connected: everybody executes the same, a new transaction too; nothing told is lost."""
        cluster = self.cluster
        for host in cluster.hosts:
            while host.held:
                host.complete()
        cluster.holds = False
        for host in cluster.hosts:
            if host.node is None:
                host.start()
        for a, b in sorted(cluster.links):
            if frozenset((a, b)) in cluster.cut:
                self._set_link(cluster.hosts[a], cluster.hosts[b], is_up=True)
        cluster.run(duration_ms)
        last = cluster.notice("the last one")
        cluster.hosts[0].submit(last)
        cluster.run(4_000)
        alarms = [host.alarms for host in cluster.hosts if host.alarms]
        assert not alarms, alarms
        statuses = [host.node.status() for host in cluster.hosts if host.node is not None]
        assert len({one.executed_height for one in statuses}) == 1, [one.executed_height for one in statuses]
        assert len({(one.state_digest, one.tree_root) for one in statuses}) == 1
        store = cluster.hosts[0].store
        assert store.index_of(last.id) is not None, "a transaction of the calm is executed"
        for host in cluster.hosts:
            for block in host.executed.values():
                for one in block.transactions:
                    assert store.index_of(one.transaction_id) == one.leaf_index, "what was told is there"
        entries = list(store.entries(0, statuses[0].tree_size))
        assert len(set(entries)) == len(entries), "nothing is in the log twice"


def check(seed: int, steps: int = 3000) -> None:
    """Run one seed; the seed is in the message of whatever fails."""
    chaos = NodeChaos(seed, steps)
    try:
        chaos.run()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
