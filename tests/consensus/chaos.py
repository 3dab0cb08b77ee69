"""Random faults on a cluster of cores, from a seed: what the checks of `cluster` must survive, and rest afterwards.

Loss, duplication, reordering, one-way cuts, crashes in the middle of writes, slow disks, restores of older databases,
changes of voters, transfers. One step is one small thing to one node or message, so that everything interleaves.
"""

from copy import copy
from random import Random

from consensus.events import TransferAsked
from tests.consensus.cluster import Cluster, Disk, Host, voter_set

MESSAGES_MAX = 400


class Chaos:
    """A cluster under faults; `trace` is for people."""

    def __init__(self, seed: int, steps: int = 2500) -> None:
        self.random = Random(seed)
        voters = self.random.choice((1, 2, 3, 3, 4, 5, 5, 7))
        quorum = "two-thirds" if voters >= 4 and self.random.random() < 0.3 else "majority"
        self.cluster = Cluster(voters, observers=self.random.randrange(3), seed=seed, quorum=quorum)
        self.steps = steps
        self.backups: dict[int, Disk] = {}
        self.loss = self.random.choice((0.0, 0.05, 0.3))
        self.crashes = self.random.choice((0.0, 0.002, 0.01))
        self.cuts = self.random.choice((0.0, 0.005, 0.02))
        self.trace: list[str] = []

    def run(self) -> None:
        """Faults, then a calm network in which a block of a new leader must be committed."""
        for _ in range(self.steps):
            self.step()
        self.check_evidence()
        self.calm()

    def step(self) -> None:
        """One small thing."""
        cluster, random = self.cluster, self.random
        dice = random.random()
        host = random.choice(cluster.hosts)
        if dice < 0.50:
            for _ in range(random.randrange(2 * len(cluster.hosts))):
                if cluster.network:
                    self._message()
        elif dice < 0.75:
            for one in random.sample(cluster.hosts, random.randrange(len(cluster.hosts)) + 1):
                one.complete_write()
        elif dice < 0.80:
            cluster.tick()
        elif dice < 0.88:
            host.build()
        elif dice < 0.92:
            source = random.choice(cluster.hosts)
            if source is not host and (source.number, host.number) not in cluster.cut:
                host.pull(source)
        elif dice < 0.92 + self.crashes:
            self._crash(host)
        elif dice < 0.96:
            if host.core is None:
                self.trace.append(f"start {host.number}")
                host.start()
        elif dice < 0.96 + self.cuts:
            pair = (random.randrange(len(cluster.hosts)), random.randrange(len(cluster.hosts)))
            cluster.cut.symmetric_difference_update({pair})
        elif dice < 0.982:
            host.step(TransferAsked(None))
        elif dice < 0.99:
            self._change_voters(cluster.leader or host)
        elif dice < 0.993:
            self._skip_time()
        elif dice < 0.996 and host.core is not None:
            self.backups[host.number] = self._database(host.disk)

    def _message(self) -> None:
        cluster, random = self.cluster, self.random
        place = 0 if random.random() < 0.7 else random.randrange(len(cluster.network))
        fate = random.random()
        if fate < self.loss or len(cluster.network) > MESSAGES_MAX:
            cluster.network.pop(place)
        else:
            if fate > 0.97:
                cluster.network.append(cluster.network[place])
            cluster.deliver(place)

    def _crash(self, host: Host) -> None:
        self.trace.append(f"crash {host.number}")
        host.crash()
        backup = self.backups.get(host.number)
        if backup is not None and self.random.random() < 0.2 and self._may_restore(host):
            # One database at a time comes back from a backup; what was signed is kept beside the seed.
            self.trace.append(f"restore {host.number} at {len(backup.chain)}")
            disk = self._database(backup)
            disk.term, disk.voted_for = host.disk.term, host.disk.voted_for
            disk.certificate, disk.acknowledged = host.disk.certificate, host.disk.acknowledged
            host.disk = disk

    def _may_restore(self, host: Host) -> bool:
        """Restoring a quorum, the only voter or one of two, is beyond what a network survives (protocol, section 1)."""
        others = [one for one in self.cluster.hosts if one is not host]
        sets = [one.disk.executed_sets[-1] for one in self.cluster.hosts]
        return min(len(one.voters) for one in sets) >= 3 and all(
            one.disk.holds(one.disk.acknowledged) for one in others
        )

    @staticmethod
    def _database(disk: Disk) -> Disk:
        taken = copy(disk)
        taken.chain = list(disk.chain)
        taken.executed_sets = list(disk.executed_sets)
        taken.certificates = dict(disk.certificates)
        return taken

    def _change_voters(self, host: Host) -> None:
        if host.core is None:
            return
        voters = {one.number for one in self.cluster.hosts if host.core.voters.key_of(one.id) is not None}
        number = self.random.randrange(len(self.cluster.hosts))
        changed = voters ^ {number}
        if not changed:
            return
        quorum = host.core.voters.quorum if len(changed) >= 4 else "majority"
        block = host.build(change=voter_set(tuple(sorted(changed)), quorum))
        if block is not None:
            self.trace.append(f"voters {sorted(voters)} -> {sorted(changed)} by {host.number}")

    def _skip_time(self) -> None:
        for _ in range(self.random.randrange(5, 60)):
            self.cluster.tick()

    def check_evidence(self) -> None:
        """Nobody lied here, whatever crashed: an honest voter never produces evidence."""
        assert not self.cluster.caught, self.cluster.caught

    def calm(self, duration_ms: int = 30_000) -> None:
        """All up, nothing cut: within the time, everybody has committed a block that nobody had before."""
        cluster = self.cluster
        cluster.cut.clear()
        for host in cluster.hosts:
            if host.core is None:
                host.start()
        before = max(cluster.committed, default=0)
        cluster.exchange()
        cluster.run(duration_ms, build=True)
        self.check_evidence()
        heights = {host.number: host.disk.committed_height for host in cluster.hosts}
        assert min(heights.values()) > before, f"no progress beyond {before}: {heights}"
        states = {host.core.must_recover for host in cluster.hosts if host.core is not None}
        assert states == {False}, "somebody never recovered"


def check(seed: int, steps: int = 2500) -> None:
    """Run one seed; the seed is in the message of whatever fails."""
    chaos = Chaos(seed, steps)
    try:
        chaos.run()
    except AssertionError as error:
        tail = "\n".join(chaos.trace[-40:])
        raise AssertionError(f"seed {seed}: {error}\n{tail}") from error
