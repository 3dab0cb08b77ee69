"""Links between real nodes are cut and healed under load: no side tells anything wrong, and all agree afterwards."""

from pathlib import Path

import pytest

from tests.system.list_client import ask
from tests.system.load import Load
from tests.system.networks import real_network
from tests.system.real_network import RealNetwork

VOTERS = 4
# Two election timeouts: a leader without a quorum has stepped down by then, and a busy machine gets some more.
DOWN_WITHIN_S = 15
# A machine that is too busy for heartbeats elects anew now and then.
TRIES_MAX = 3


@pytest.mark.root
@pytest.mark.slow
def test_partitions_under_load(tmp_path: Path) -> None:
    with real_network(tmp_path, VOTERS) as network:
        load = Load(network)
        with load.running():
            load.wait_for_more(10)
            leader_alone(network, load)
            halves(network, load)
            leader_that_hears_nobody(network, load)
            kept = (is_leader_kept_while_one_is_not_heard(network, load) for _ in range(TRIES_MAX))
            assert any(kept), "whoever is not heard deposes the leader"
        load.check()


def leader_alone(network: RealNetwork, load: Load) -> None:
    """Cut off from all others it steps down and refuses to read; they elect another one, and it follows when healed."""
    old = network.wait_leader()
    others = set(range(VOTERS)) - {old}
    network.links.part([old], others)
    new = network.wait_leader(others)
    assert new != old
    load.wait_for_more(5)
    wait_steps_down(network, old)
    answer = ask(network.nodes[old].home, "GET", "/v1/records/notice-file/unit-a", linearizable="true")
    assert answer is None or answer.status != 200, "alone it cannot know what is newest"
    network.links.heal()
    network.wait_follows(old, among=others)


def halves(network: RealNetwork, load: Load) -> None:
    """Neither half of four is a quorum: nobody is told that anything was committed."""
    leader = network.wait_leader()
    one = {leader, (leader + 1) % VOTERS}
    network.links.part(one, set(range(VOTERS)) - one)
    wait_steps_down(network, leader)
    before, newest = set(load.acknowledged), max(height or 0 for height in network.heights())
    load.pause(2)
    # An answer may still have been on its way to its client, about a block from before.
    late = {one: height for one, (height, _) in load.acknowledged.items() if one not in before}
    assert all(height <= newest for height in late.values()), late
    assert max(height or 0 for height in network.heights()) == newest
    network.links.heal()
    network.wait_leader()
    load.wait_for_more(5)


def leader_that_hears_nobody(network: RealNetwork, load: Load) -> None:
    """Its heartbeats arrive, answers to them do not: it is no leader any more, whatever it says."""
    leader = network.wait_leader()
    others = set(range(VOTERS)) - {leader}
    for other in others:
        network.links.cut_one_way(other, leader)
    wait_steps_down(network, leader)
    network.wait_leader(others)
    load.wait_for_more(5)
    network.links.heal()
    network.wait_follows(leader, among=others)


def is_leader_kept_while_one_is_not_heard(network: RealNetwork, load: Load) -> bool:
    """It asks for votes that nobody hears of; when it is heard again the others keep leader and term."""
    leader = network.wait_leader()
    silent = (leader + 1) % VOTERS
    others = set(range(VOTERS)) - {silent}
    before = network.nodes[leader].status()
    assert before is not None
    for other in others:
        network.links.cut_one_way(silent, other)
    load.wait_for_more(10)
    network.links.heal()
    network.wait_follows(silent, among=others)
    load.wait_for_more(5)
    after = network.nodes[leader].status()
    return after is not None and (after["role"], after["term"]) == ("leader", before["term"])


def wait_steps_down(network: RealNetwork, number: int) -> None:
    """Until the node does not think that it leads."""

    def is_so() -> bool:
        status = network.nodes[number].status()
        return status is not None and status["role"] != "leader"

    network.wait(is_so, f"node {number} steps down", DOWN_WITHIN_S)
