"""The proposal after a change of voters, at a voter with a slow disk: it cannot tell yet who may acknowledge there."""

from collections import deque
from typing import Any

import pytest

from daemon.effects import Effect, StoreBatch
from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.node_cluster import TICK_MS, NodeHost


class SlowDisk:
    """A host whose writes wait until the disk is done with all of them."""

    def __init__(self, host: NodeHost) -> None:
        self._host = host
        self._held: deque[StoreBatch] = deque()
        self._plain = host.carry_out
        host.carry_out = self.carry_out  # type: ignore[method-assign]

    def carry_out(self, effect: Effect) -> list[Any]:
        """In place of the host's."""
        if isinstance(effect, StoreBatch):
            self._held.append(effect)
            return []
        return self._plain(effect)

    def done(self) -> None:
        """Everything is on disk now, and will be at once."""
        self._host.carry_out = self._plain  # type: ignore[method-assign]
        while self._held:
            self._host.run(*self._plain(self._held.popleft()))


@pytest.mark.parametrize("is_needed", [False, True])
def test_it_is_kept_until_the_change_is_executed(is_needed: bool) -> None:
    """No comparison of heads has to bring it a second later; with another voter down, nothing is committed without it.

    Guard: daemon/hearing.py, "knows_set".
    """
    cluster = GovernedCluster(3, 4)
    cluster.run(5_000)
    cluster.register(3)
    leader = cluster.leader
    assert leader is not None and leader.node is not None
    slow, other = [host for host in cluster.hosts[:3] if host is not leader]
    disk = SlowDisk(slow)
    leader.submit(cluster.governance("voter-add", 3))
    cluster.deliver()
    assert len(leader.node.status().voters) == 4
    if is_needed:
        other.crash()
    leader.submit(cluster.notice("after the barrier"))
    cluster.deliver()
    wanted = leader.node.status().height
    disk.done()
    cluster.run(TICK_MS)
    assert slow.node is not None
    assert slow.node.status().height == wanted
    assert leader.node.status().committed_height == wanted
