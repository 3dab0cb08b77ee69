"""A cluster of pure nodes whose voters the contract `governance` changes: the first ones vote, the others observe.

All nodes are known to the tests from the beginning; those that the genesis does not name observe until they are
registered and made voters.
"""

from typing import Any

from contracts.voter_record import VoterRecord, current_voters
from daemon.effects import EvidenceFound
from daemon.overlay import StateOverlay
from ledger.encoding import Value
from ledger.transaction import Transaction
from tests.daemon.networks import node_description
from tests.daemon.node_cluster import NodeCluster, NodeHost

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta")


class GovernedCluster(NodeCluster):
    """`voters` of `nodes` vote at first; the rest is registered by `register`."""

    def __init__(self, voters: int, nodes: int, links: set[tuple[int, int]] | None = None, **changes: Any) -> None:
        super().__init__(voters, links, nodes - voters, None, **changes)

    def governance(self, method: str, number: int, **more: Value) -> Transaction:
        """A transaction of the administrator about node `number`, with more arguments."""
        description = node_description(number + 1, NAMES[number])
        arguments = description.to_value() if method == "node-register" else {"node": description.node_id}
        return self.notice(operation=f"governance.{method}", arguments=arguments | more)

    def register(self, *numbers: int) -> None:
        """Take nodes into the registry, and wait until everybody knows."""
        for number in numbers:
            self.submit(self.governance("node-register", number))

    def submit(self, *transactions: Transaction, duration_ms: int = 1_000) -> None:
        """Hand in at the leader and wait."""
        leader = self.leader
        assert leader is not None, "somebody leads"
        leader.submit(*transactions)
        self.run(duration_ms)

    def voters_of(self, host: NodeHost) -> VoterRecord:
        """The newest set in the state that is on this node's disk."""
        return current_voters(StateOverlay(host.store))

    def numbers(self) -> set[tuple[int, ...]]:
        """The voters as the running nodes have them, by their numbers."""
        return {
            tuple(sorted(self.by_id[voter].number for voter in host.node.status().voters))
            for host in self.hosts
            if host.node is not None
        }

    def check_calm(self) -> None:
        """Nobody raised an alarm, nobody is accused, everybody executed the same height."""
        for host in self.hosts:
            assert not host.alarms, host.alarms
            assert not [one for one in host.other if isinstance(one, EvidenceFound)]
        assert len({host.node.status().executed_height for host in self.hosts if host.node is not None}) == 1
