"""Linearizable reads at nodes that have no vote: any node of the registry may ask the leader, nobody else."""

from daemon.events import ReadRequested
from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.test_node_network import leader_of, reads

QUESTION = b"q" * 16


def test_an_observer_of_the_registry_reads_what_was_told_before_it_asked() -> None:
    cluster = GovernedCluster(3, 4)
    cluster.run(3_000)
    cluster.register(3)
    observer = cluster.hosts[3]
    cluster.submit(cluster.notice("before the question"))
    told = max(leader_of(cluster).executed)
    observer.run(ReadRequested(observer.now_ms, QUESTION))
    cluster.run(500)
    assert reads(observer)[QUESTION] >= told


def test_a_node_that_the_registry_does_not_name_gets_no_answer() -> None:
    cluster = GovernedCluster(3, 4)
    cluster.run(3_000)
    stranger = cluster.hosts[3]
    stranger.run(ReadRequested(stranger.now_ms, QUESTION))
    cluster.run(8_000)
    assert reads(stranger)[QUESTION] == -1


def test_a_node_that_has_left_gets_no_answer() -> None:
    cluster = GovernedCluster(3, 4)
    cluster.run(3_000)
    cluster.register(3)
    cluster.submit(cluster.governance("node-remove", 3))
    observer = cluster.hosts[3]
    observer.run(ReadRequested(observer.now_ms, QUESTION))
    cluster.run(8_000)
    assert reads(observer)[QUESTION] == -1
