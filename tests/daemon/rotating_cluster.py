"""A cluster of pure nodes that go on under new keys, as `banyan keys rotate` and the daemon do it; also under faults.

A machine is a `NodeHost`: its store and its sign-state stay when its keys change, nothing else does. Which step comes
next is the command's own rule (`cli.key_rotation`); when a machine changes is the daemon's (`daemon.next_keys`).
"""

from random import Random

from cli.key_rotation import Rotation, Step
from cli.node_registry import NodeEntry
from contracts.node_registry import STATE_VOTER, node_of
from contracts.voter_record import current_voters
from daemon.effects import EvidenceFound
from daemon.next_keys import is_change_due
from daemon.overlay import StateOverlay
from ledger.encoding import Value
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.transaction import Transaction
from p2p.overlay import OverlaySettings
from tests.daemon.governed_cluster import NAMES, GovernedCluster
from tests.daemon.node_chaos import NodeChaos
from tests.daemon.node_cluster import NodeHost

_METHODS = {
    Step.REGISTER: "node-register",
    Step.PROMOTE: "voter-add",
    Step.DEMOTE: "voter-remove",
    Step.LEAVE: "node-remove",
}


class RotatingCluster(GovernedCluster):
    """Every node votes; `generation` counts the keys that each machine had."""

    def __init__(self, voters: int) -> None:
        self.generation = [0] * voters
        super().__init__(voters, voters)
        self.old = {host.number: host.id for host in self.hosts}

    def settings_of(self, host: NodeHost) -> OverlaySettings:
        """Whom the registry has: a list of ids would not know the new ones."""
        return OverlaySettings()

    def next_keys(self, number: int) -> NodeKeys:
        """The keys that the machine gets next."""
        return NodeKeys.from_seed(bytes([200 + number, self.generation[number]]) * 16)

    def step_of(self, number: int) -> Step:
        """What the command would do next, by the ledger of the machine itself."""
        host, new = self.hosts[number], self.next_keys(number).node_id
        state = StateOverlay(host.store)

        def entry(node_id: Hash) -> NodeEntry | None:
            node = node_of(state, node_id)
            if node is None or not node.is_member:
                return None
            return NodeEntry(node_id.hex(), node.name, node.state, node.address)

        return Rotation(entry(self.old[number]), entry(new), host.id == new and host.node is not None).step

    def transaction(self, step: Step, number: int) -> Transaction:
        """The step as a transaction of the administrator."""
        new = self.next_keys(number)
        arguments: dict[str, Value]
        if step is Step.REGISTER:
            described = NodeDescription.of(NAMES[number], f"127.0.0.1:{7001 + number}", new)
            arguments = {**described.to_value(), "replaces": self.old[number]}
        else:
            arguments = {"node": new.node_id if step is Step.PROMOTE else self.old[number]}
        return self.notice(operation=f"governance.{_METHODS[step]}", arguments=arguments)

    def is_due(self, number: int) -> bool:
        """Whether the machine is to go on under its next keys, by its own ledger."""
        host = self.hosts[number]
        return is_change_due(StateOverlay(host.store), host.id, self.next_keys(number).node_id)

    def change(self, number: int) -> None:
        """The machine, which is down, has its next keys: the same store, the same promises."""
        host = self.hosts[number]
        assert host.node is None
        host.keys = self.next_keys(number)
        host.id = host.keys.node_id
        self.by_id[host.id] = host

    def finish(self, number: int) -> None:
        """The old keys have left: the next rotation of this machine is another one."""
        self.old[number] = self.hosts[number].id
        self.generation[number] += 1


class RotationChaos(NodeChaos):
    """Machines get new keys all the while, a step at a time, under crashes and cuts."""

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__(seed, steps)
        self.dice = Random(seed + 2)
        self.rotating = RotatingCluster(self.dice.choice((2, 3, 3, 4)))
        self.cluster = self.rotating
        self.cluster.holds = True
        self.changes = 0
        self.haste = self.dice.choice((0.03, 0.1, 0.2))
        for host in self.cluster.hosts:
            host.clock_offset_ms = self.dice.choice((0, 0, 300, -300, 4_000))

    def step(self) -> None:
        """One small thing, now and then a step of a rotation; a machine whose keys are due changes when it starts."""
        super().step()
        if self.dice.random() < self.haste:
            self._advance(self.dice.randrange(len(self.cluster.hosts)))

    def _advance(self, number: int) -> None:
        cluster, host = self.rotating, self.cluster.hosts[number]
        step = cluster.step_of(number)
        if step is Step.DONE:
            cluster.finish(number)
        elif step is Step.CHANGE:
            self._change(host)
        else:
            self.dice.choice(cluster.hosts).submit(cluster.transaction(step, number))

    def _change(self, host: NodeHost) -> None:
        if not self.rotating.is_due(host.number):
            return
        if host.node is not None:
            host.crash()
        self._forget_frames(host)
        self.rotating.change(host.number)
        host.start()
        self.changes += 1

    def calm(self, duration_ms: int = 15_000) -> None:
        """Everybody ends what was begun; all agree, nobody is accused."""
        for host in self.cluster.hosts:
            if self.rotating.is_due(host.number) and host.id == self.rotating.old[host.number]:
                self._change(host)
        super().calm(duration_ms)
        assert len({frozenset(voters_of(host)) for host in self.cluster.hosts}) == 1
        for host in self.cluster.hosts:
            accused = [one for one in host.other if isinstance(one, EvidenceFound)]
            assert not accused, accused


def voters_of(host: NodeHost) -> set[Hash]:
    """Who votes, by the ledger of this machine."""
    state = StateOverlay(host.store)
    voters = {one.node_id for one in current_voters(state).voters}
    for voter in voters:
        node = node_of(state, voter)
        assert node is not None and node.state == STATE_VOTER
    return voters


def check(seed: int, steps: int) -> int:
    """Run one seed; how many times keys were changed."""
    chaos = RotationChaos(seed, steps)
    try:
        chaos.run()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    return chaos.changes
