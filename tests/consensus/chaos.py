"""Random faults on a cluster of cores, from a seed: what the checks of `cluster_checks` must survive, and rest after.

Loss, duplication, reordering, old messages that come back, one-way cuts, isolated nodes, crashes in the middle of
writes, slow disks, restores of older databases, changes of voters, transfers, starving transactions, reads, and
strangers who forge. One step is one small thing to one node or message, so that everything interleaves.

Run: `python -m tests.consensus.chaos [--first SEED] [--seeds N]`; it ends at the first seed that fails.
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from copy import copy
from random import Random

from consensus.events import Heard, TransferAsked
from consensus.messages import Heartbeat
from consensus.packets import Packet
from consensus.settings import Role
from ledger.errors import BanyanError
from tests.consensus.cluster import TICK_MS, TIMING, Cluster, Disk, Host, Message, voter_set
from tests.consensus.forgery import forged

MESSAGES_MAX = 400
OLD_MESSAGES_MAX = 200
# Within this time after the faults everybody must have committed something new, and follow one leader.
CALM_MS = 30_000
SETTLED_MS = 3_000
# Somebody who can win stands within this time.
ELECTION_MS = 2 * TIMING.election_timeout_ms
# Time goes by ticks here, so that of five voters who all are needed two stand at once in every fifth election.
SPLITS_MAX = 8


class Chaos:
    """A cluster under faults; `trace` is for people, `counts` for those who tune this."""

    def __init__(self, seed: int, steps: int = 4000) -> None:
        self.random = Random(seed)
        voters = self.random.choice((1, 2, 3, 3, 3, 4, 5, 5, 7))
        quorum = "two-thirds" if voters >= 4 and self.random.random() < 0.4 else "majority"
        self.cluster = Cluster(voters, observers=self.random.randrange(3), seed=seed, quorum=quorum)
        self.steps = steps
        self.backups: dict[int, Disk] = {}
        self.old: list[tuple[Host, Host, Message]] = []
        # A world in which everything is bad at once commits nothing: each seed has its own mixture.
        self.loss = self.random.choice((0.0, 0.02, 0.1, 0.2))
        self.is_changing = False
        self.disk_share = self.random.choice((0.3, 1.0, 1.0))
        self.weights = {
            self._messages: 40,
            self._writes: 20,
            self._tick: 16,
            self._build: 12,
            self._pull: 4,
            self._read: 2,
            self._crash: self.random.choice((0.0, 0.2, 1.0)),
            self._start: 3,
            self._cut: self.random.choice((0.0, 0.3, 1.5)),
            self._isolate: self.random.choice((0.0, 0.1, 0.4)),
            self._heal: 0.8,
            self._hand_over: self.random.choice((0.1, 0.6)),
            self._change_voters: self.random.choice((0.1, 1.0, 3.0)),
            self._skip_time: 0.2,
            self._back_up: 0.5,
            self._pause: self.random.choice((0.0, 0.3)),
            self._resume: 1,
            self._starve: 0.1,
            self._old_message: 1,
            self._forge: 0.5,
        }
        self.trace: list[str] = []
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """Faults, then a calm network in which everybody agrees."""
        things, weights = list(self.weights), list(self.weights.values())
        for thing in self.random.choices(things, weights, k=self.steps):
            thing()
        self.counts["committed under faults"] = len(self.cluster.checks.committed)
        self.counts["terms led under faults"] = len(self.cluster.checks.leaders)
        self.cluster.checks.evidence()
        self.calm()

    def _note(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        self.trace.append(f"{self.cluster.now_ms} {kind} {text}")

    def _any_host(self) -> Host:
        return self.random.choice(self.cluster.hosts)

    # -- ordinary life ------------------------------------------------------------------------------------------

    def _messages(self) -> None:
        cluster, random = self.cluster, self.random
        for _ in range(random.randrange(5 * len(cluster.hosts))):
            if not cluster.network:
                return
            place = 0 if random.random() < 0.7 else random.randrange(min(len(cluster.network), 40))
            fate = random.random()
            if fate < self.loss or len(cluster.network) > MESSAGES_MAX:
                cluster.network.pop(place)
                continue
            if fate > 0.97:
                cluster.network.append(cluster.network[place])
            if fate > 0.9:
                self.old.append(cluster.network[place])
                del self.old[:-OLD_MESSAGES_MAX]
            cluster.deliver(place)

    def _writes(self) -> None:
        hosts = self.cluster.hosts
        for host in self.random.sample(hosts, self.random.randrange(len(hosts)) + 1):
            if self.random.random() < self.disk_share:
                host.complete_write()

    def _tick(self) -> None:
        self.cluster.tick()

    def _build(self) -> None:
        host = self.cluster.leader or self._any_host()
        if not self.is_changing:
            host.build()
        elif self._propose_change(host):
            self.is_changing = False

    def _pull(self) -> None:
        host, source = self._any_host(), self._any_host()
        if source is not host and (source.number, host.number) not in self.cluster.cut:
            host.pull(source)

    def _read(self) -> None:
        self._ask((self.cluster.leader if self.random.random() < 0.8 else None) or self._any_host())

    def _ask(self, host: Host) -> None:
        self.counts["reads"] += 1
        self.cluster.ask(host, b"%d" % self.counts["reads"])

    # -- faults -------------------------------------------------------------------------------------------------

    def _old_message(self) -> None:
        if self.old:
            self.cluster.network.append(self.random.choice(self.old))

    def _crash(self) -> None:
        host = self._any_host()
        self._note("crash", str(host.number))
        host.crash()
        backup = self.backups.get(host.number)
        if backup is not None and self.random.random() < 0.5 and self._may_restore(host):
            # One database at a time comes back from a backup; what was signed is kept beside the seed.
            self._note("restore", f"{host.number} at {len(backup.chain)} of {len(host.disk.chain)}")
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

    def _start(self) -> None:
        host = self._any_host()
        if host.core is None and host.paused is None:
            self._note("start", str(host.number))
            host.start()

    def _pause(self) -> None:
        host = (self.cluster.leader if self.random.random() < 0.5 else None) or self._any_host()
        if host.core is not None:
            self._note("pause", str(host.number))
            host.pause()

    def _resume(self) -> None:
        for host in self.cluster.hosts:
            if host.paused is not None:
                self._note("resume", str(host.number))
                host.resume()
                self._ask(host)

    def _cut(self) -> None:
        pair = (self._any_host().number, self._any_host().number)
        self._note("cut", f"{pair[0]} -> {pair[1]}")
        self.cluster.cut.add(pair)

    def _isolate(self) -> None:
        alone = (self.cluster.leader if self.random.random() < 0.5 else None) or self._any_host()
        self._note("isolate", str(alone.number))
        for host in self.cluster.hosts:
            self.cluster.cut |= {(alone.number, host.number), (host.number, alone.number)}

    def _heal(self) -> None:
        if self.cluster.cut:
            self._note("heal", "")
            self.cluster.cut.clear()

    def _hand_over(self) -> None:
        host = self.cluster.leader or self._any_host()
        host.step(TransferAsked(self.random.choice((None, self._any_host().id))))

    def _starve(self) -> None:
        host = self._any_host()
        host.waiting_ms = self.random.choice((0, 0, 60_000))

    def _back_up(self) -> None:
        host = self._any_host()
        if host.core is not None:
            self.backups[host.number] = self._database(host.disk)

    @staticmethod
    def _database(disk: Disk) -> Disk:
        taken = copy(disk)
        taken.chain = list(disk.chain)
        taken.executed_sets = list(disk.executed_sets)
        taken.certificates = dict(disk.certificates)
        return taken

    def _change_voters(self) -> None:
        """Wish for a change: the leader proposes nothing else before, so that nothing uncommitted is below it."""
        self.is_changing = True

    def _propose_change(self, host: Host) -> bool:
        if host.core is None:
            return False
        voters = {one.number for one in self.cluster.hosts if host.core.voters.key_of(one.id) is not None}
        changed = voters ^ {self._any_host().number}
        if not changed:
            return False
        quorum = host.core.voters.quorum if len(changed) >= 4 else "majority"
        if host.build(change=voter_set(tuple(sorted(changed)), quorum)) is None:
            return False
        self._note("voters", f"{sorted(voters)} -> {sorted(changed)} by {host.number}")
        return True

    def _skip_time(self) -> None:
        for _ in range(self.random.randrange(5, 50)):
            self.cluster.tick()

    def _forge(self) -> None:
        host = self._any_host()
        if host.core is not None:
            host.step(forged(self.random, host.core))

    # -- afterwards ---------------------------------------------------------------------------------------------

    def calm(self) -> None:
        """All up, nothing cut: in time everybody has committed what nobody had before, and follows one leader."""
        cluster = self.cluster
        cluster.cut.clear()
        for host in cluster.hosts:
            host.waiting_ms = 0
            host.resume()
            if host.core is None:
                host.start()
        before = max(cluster.checks.committed, default=0)
        end_ms = cluster.now_ms + CALM_MS
        cluster.exchange()
        while not self._is_settled(before):
            heights = {host.number: host.disk.committed_height for host in cluster.hosts}
            assert cluster.now_ms < end_ms, f"no agreement beyond {before}: {heights}, {self._leaders()}"
            cluster.run(10 * TICK_MS, build=True)
        self._check_rest()
        cluster.checks.evidence()

    def _leaders(self) -> set[tuple[int, bytes | None]]:
        return {(host.core.term, host.core.leader) for host in self.cluster.hosts if host.core is not None}

    def _is_settled(self, before: int) -> bool:
        """All committed something new under one leader, and nobody follows an earlier wish that it should lead."""
        hosts = self.cluster.hosts
        leaders = self._leaders()
        return (
            min(host.disk.committed_height for host in hosts) > before
            and not any(host.core is None or host.core.must_recover for host in hosts)
            and not any(host.core is not None and host.core._leadership._wish for host in hosts)
            and len(leaders) == 1
            and None not in {leader for _, leader in leaders}
        )

    def _check_rest(self) -> None:
        """A healthy leader stays, though one misses it and asks for elections; one that nobody hears does not."""
        cluster, leaders, leader = self.cluster, self._leaders(), self.cluster.leader
        assert leader is not None and leader.core is not None
        voters = leader.core.voters
        others = [host for host in cluster.hosts if host is not leader]
        heard: list[Packet] = []
        if others and len(voters.voters) > voters.quorum_size:
            # It hears the others, who hear the leader.
            cluster.cut = {(leader.number, self.random.choice(others).number)}
        cluster.is_lost = lambda receiver, message: _is_heartbeat(message, heard)
        cluster.run(SETTLED_MS)
        assert self._leaders() >= leaders and cluster.leader is leader, f"{leaders} did not stay: {self._leaders()}"
        cluster.cut = {(leader.number, host.number) for host in others}
        cluster.cut |= {(host.number, leader.number) for host in others}
        end_ms = cluster.now_ms + 2 * SETTLED_MS

        def repeat() -> None:
            """What it said before comes again and again, and proves nothing."""
            for host in others:
                host.step(Heard(heard[-1]))

        left = [host for host in others if voters.key_of(host.id) is not None]
        if len(left) >= voters.quorum_size:
            self._elect(left, "old heartbeats keep others from leading", repeat)
        while cluster.now_ms < end_ms:
            repeat()
            cluster.run(TICK_MS)
        still_leads = leader.core.role is Role.LEADER
        assert still_leads is (voters.quorum_size == 1), f"{leader.number} leads though nobody hears it"
        assert len(left) < voters.quorum_size or cluster.leader in left, "whom the others elected does not stay"
        self._check_pause()

    def _elect(self, electors: list[Host], complaint: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until one of them leads: somebody stands in time, and again after each term that was split.

        Two who stand at the same moment share the votes, and nobody wins: chance alone says how often (Raft 5.2).
        """
        cluster, begun_ms = self.cluster, self.cluster.now_ms
        split: set[int] = set()
        while cluster.leader not in electors:
            cores = [host.core for host in electors if host.core is not None]
            standing = Counter(core.term for core in cores if core.role is Role.CANDIDATE)
            split |= {term for term, count in standing.items() if count > 1}
            assert len(split) <= SPLITS_MAX, f"every election is split: {sorted(split)}"
            assert cluster.now_ms - begun_ms < (1 + len(split)) * ELECTION_MS, complaint
            meanwhile()
            cluster.run(TICK_MS)
        self.counts["split elections"] += len(split)

    def _check_pause(self) -> None:
        """A leader that was suspended while others went on tells nobody what was true before: see `Checks.read`."""
        self.cluster.cut.clear()
        self._elect(self.cluster.hosts, "nobody leads in a calm network")
        self.cluster.run(SETTLED_MS)
        leader = self.cluster.leader
        assert leader is not None, "whom a calm network elected does not stay"
        leader.pause()
        self.cluster.run(SETTLED_MS, build=True)
        leader.resume()
        self._ask(leader)
        self.cluster.run(TICK_MS)


def _is_heartbeat(message: Message, heard: list[Packet]) -> bool:
    """Remember heartbeats, lose nothing."""
    if isinstance(message, Packet) and isinstance(message.statement, Heartbeat):
        heard.append(message)
    return False


def check(seed: int, steps: int = 4000) -> Chaos:
    """Run one seed; the seed is in the message of whatever fails."""
    chaos = Chaos(seed, steps)
    try:
        chaos.run()
    except (AssertionError, BanyanError, LookupError, TypeError) as error:
        tail = "\n".join(chaos.trace[-40:])
        raise AssertionError(f"seed {seed}: {error}\n{tail}") from error
    return chaos


def main() -> int:
    """Run seeds one after the other; 1 at the first that fails, else what they did on average."""
    parser = ArgumentParser(description="random faults on a cluster of agreement cores")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=100)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for seed in range(options.first, options.first + options.seeds):
        try:
            counts += check(seed).counts
        except AssertionError as error:
            print(error)
            return 1
    print({kind: round(count / options.seeds, 1) for kind, count in counts.most_common()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
