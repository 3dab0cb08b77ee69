"""What a step says before it executes what it commits: others need not wait for that."""

from dataclasses import dataclass, field

import pytest

from consensus.messages import Acknowledgement
from consensus.packets import Packet
from daemon.effects import Effect
from daemon.events import Event
from daemon.node import Node
from p2p.effects import SendFrame
from p2p.frames import Gossip, PayloadKind
from tests.daemon.driver import Driver
from tests.daemon.node_cluster import NodeCluster
from tests.daemon.test_node_network import is_gossip


@dataclass
class Watched:
    """A node that is stepped in halves: what early ones say, and how high the chain is executed around late ones."""

    node: Node
    early: list[list[Effect]] = field(default_factory=list)
    heights: list[tuple[int, int]] = field(default_factory=list)

    def step(self, event: Event) -> list[Effect]:
        early = self.node.begin(event)
        before = self.node._chain.executed_height
        effects = [*early, *self.node.end()]
        if early:
            self.early.append(early)
            self.heights.append((before, self.node._chain.executed_height))
        return effects


def acknowledged(effects: list[Effect]) -> list[int]:
    """The heights of the acknowledgements among these."""
    sent = [one.frame for one in effects if isinstance(one, SendFrame)]
    gossip = [one for one in sent if isinstance(one, Gossip) and one.kind is PayloadKind.AGREEMENT]
    told = [Packet.decode(one.payload).statement for one in gossip]
    return [one.height for one in told if isinstance(one, Acknowledgement)]


def test_an_acknowledgement_leaves_before_the_block_is_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    voter = next(host for host in cluster.hosts if host is not cluster.leader)
    assert voter.node is not None and cluster.leader is not None
    watched = Watched(voter.node)
    monkeypatch.setattr(voter.node, "step", watched.step)
    height = voter.node.status().height + 1
    # With the leader's and its own it knows two of three.
    cluster.leader.submit(cluster.notice())
    urgent_first = sorted(cluster.network, key=lambda one: not is_gossip(one[2], PayloadKind.AGREEMENT))
    cluster.network.clear()
    cluster.network.extend(urgent_first)
    cluster.deliver()
    assert acknowledged(watched.early[0]) == [height]
    assert watched.heights[0] == (height - 1, height)
    assert voter.node.status().executed_height == height


def test_who_says_nothing_has_no_early_half() -> None:
    driver = Driver().start()
    watched = Watched(driver.node)
    driver.node.step = watched.step  # type: ignore[method-assign]
    driver.submit(driver.notice())
    assert driver.node.status().executed_height > 1
    assert watched.early == []
