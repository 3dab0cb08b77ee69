"""Catching up in whole nodes: how much somebody holds who is far behind.

Source: docs/protocol.md, section 8; p2p/sync.py.
"""

from bisect import bisect_left
from itertools import accumulate, pairwise
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from consensus.certificates import BlockCertificate
from daemon.catching_up import useful
from daemon.effects import Effect
from daemon.events import Event
from p2p.sync import RANGE_BLOCKS_MAX
from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.node_cluster import NodeHost

BLOCKS = 120


def uncommitted_of(host: NodeHost) -> int:
    assert host.node is not None
    status = host.node.status()
    return status.height - status.committed_height


def certificate(height: int) -> BlockCertificate:
    return BlockCertificate(1, height, bytes(32), bytes(32), bytes(32), ())


@given(st.lists(st.integers(1, 40), min_size=10, max_size=40), st.integers(1, RANGE_BLOCKS_MAX))
def test_the_way_between_two_certificates_does_not_grow_from_node_to_node(steps: list[int], first_range: int) -> None:
    """Found by the simulator (5 nodes, seed 40021): a block carries a certificate of its own or of one above it.

    The last one was taken, of a block that was not there yet, and nothing was committed before the end.
    Guard: daemon/catching_up.py, `useful`.
    """
    kept = list(accumulate(steps))
    newest = kept[-1]
    for generation in range(4):
        taken: list[int] = []
        start = 0
        while start < newest:
            # Every node begins its ranges elsewhere.
            end = min(start + (first_range + generation if start == 0 else RANGE_BLOCKS_MAX), newest)
            carried = [certificate(kept[bisect_left(kept, height)]) for height in range(start + 1, end + 1)]
            taken += [one.height for one in useful(carried, end) if one.height <= end]
            start = end
        longest = max(after - before for before, after in pairwise([0, *kept]))
        kept = sorted(set(taken))
        assert kept[-1] == newest
        assert max(after - before for before, after in pairwise([0, *kept])) <= max(longest, RANGE_BLOCKS_MAX + 4)


def test_a_certificate_of_what_is_not_there_yet_is_taken_where_there_is_no_other() -> None:
    assert [one.height for one in useful([certificate(9), certificate(12)], 5)] == [12]
    assert [one.height for one in useful([certificate(9), certificate(12)], 10)] == [9]
    assert useful([], 10) == ()


def test_who_is_far_behind_commits_what_it_takes() -> None:
    """A line of three: the last one has only the middle one to ask, which has just caught up itself."""
    cluster = GovernedCluster(1, 3, {(0, 1), (1, 2)})
    cluster.run(2_000)
    leader, middle, last = cluster.hosts
    cluster.register(1, 2)
    # What one of them takes at a time begins at other heights than what the other one takes.
    for host, notices in ((middle, 5), (last, BLOCKS)):
        host.crash()
        for number in range(notices):
            cluster.submit(cluster.notice(f"notice {number} without {host.number}"), duration_ms=50)
    middle.start()
    cluster.run(5_000)
    last.start()
    held: list[int] = []
    carry_out = last.carry_out

    def watched(effect: Effect) -> list[Event]:
        held.append(uncommitted_of(last))
        return carry_out(effect)

    with patch.object(last, "carry_out", watched):
        for number in range(60):
            cluster.submit(cluster.notice(f"later notice {number}"), duration_ms=50)
        cluster.run(5_000)
    assert leader.node is not None and leader.node.status().executed_height > BLOCKS
    assert RANGE_BLOCKS_MAX <= max(held) <= 3 * RANGE_BLOCKS_MAX
    cluster.check_calm()
