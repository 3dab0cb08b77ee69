"""Random faults on a cluster of pure nodes, from a seed, while administrators register nodes and change the voters.

Changes are asked for at any node, at any time, sensible or not: before the node is registered, twice, several at once.
Whatever of them is executed, everybody ends with the same voters, nobody is accused, and the network goes on.
"""

from random import Random

from daemon.effects import EvidenceFound
from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.node_chaos import NodeChaos

NODES = 5


class MembershipChaos(NodeChaos):
    """Of five nodes, one to five vote at first."""

    def __init__(self, seed: int, steps: int = 3000) -> None:
        super().__init__(seed, steps)
        self.membership = Random(seed + 1)
        voters = self.membership.choice((1, 2, 3, 3, 4, 5))
        ring = {(min(a, (a + 1) % NODES), max(a, (a + 1) % NODES)) for a in range(NODES)}
        self.governed = GovernedCluster(voters, NODES, ring if self.membership.random() < 0.3 else None)
        self.cluster = self.governed
        self.cluster.holds = True
        self.changes = self.membership.choice((0.005, 0.02, 0.05))
        for host in self.cluster.hosts:
            host.clock_offset_ms = self.membership.choice((0, 0, 300, -300, 4_000))

    def step(self) -> None:
        """One small thing, now and then a change of the registry or the voters."""
        super().step()
        dice = self.membership
        if dice.random() < self.changes:
            method = dice.choice(("node-register", "voter-add", "voter-add", "voter-remove"))
            changes = [
                self.governed.governance(method, dice.randrange(NODES)) for _ in range(dice.choice((1, 1, 1, 2)))
            ]
            dice.choice(self.cluster.hosts).submit(*changes)

    def calm(self, duration_ms: int = 20_000) -> None:
        """All agree who votes, by the state and in force; a vote was never given for nothing."""
        super().calm(duration_ms)
        for _ in range(60):
            # Changes that waited are made one after the other.
            if all(host.node is not None and host.node.status().voters_confirmed for host in self.cluster.hosts):
                break
            self.cluster.run(500)
        records = {self.governed.voters_of(host).number for host in self.cluster.hosts}
        assert len(records) == 1, records
        assert len(self.governed.numbers()) == 1, self.governed.numbers()
        for host in self.cluster.hosts:
            accused = [one for one in host.other if isinstance(one, EvidenceFound)]
            assert not accused, accused
            assert host.node is not None and host.node.status().voters_confirmed
        self.sets_count = max(records) + 1


def check(seed: int, steps: int = 3000) -> int:
    """Run one seed; the seed is in the message of whatever fails. Returns how many voter sets there were."""
    chaos = MembershipChaos(seed, steps)
    try:
        chaos.run()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    return chaos.sets_count
