"""Starts after an end between two writes that belong together."""

import pytest

from daemon.effects import SaveSignState
from tests.daemon.node_cluster import NodeCluster, NodeHost
from tests.daemon.test_node_network import assert_together


def until_a_later_term(cluster: NodeCluster, host: NodeHost) -> SaveSignState:
    """Run until the node wants to keep a later term, with the certificate that it is to be kept with."""
    cluster.holds = True
    for _ in range(100):
        cluster.run(100)
        for other in cluster.hosts:
            while other.held and not (other is host and is_later_term(other)):
                other.complete()
        if is_later_term(host):
            found = host.held[0]
            assert isinstance(found, SaveSignState)
            return found
    raise AssertionError("no later term within ten seconds")


def is_later_term(host: NodeHost) -> bool:
    """Whether the next write is that of a term."""
    first = host.held[0] if host.held else None
    return isinstance(first, SaveSignState) and first.state.term > host.sign_state.term > 0


@pytest.mark.parametrize("number", range(3))
def test_an_end_between_a_terms_certificate_and_the_term_leaves_the_certificate_to_begin_with(number: int) -> None:
    """docs/protocol.md, section 6: the certificate is on disk before the term (`daemon.sign_state_file`)."""
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader, host = cluster.leader, cluster.hosts[number]
    assert leader is not None
    term = host.sign_state.term
    if leader is host:
        # Others elect without it; it hears of their term when it is back.
        cluster.cut = {frozenset((host.number, other.number)) for other in cluster.hosts if other is not host}
        cluster.run(5_000)
        cluster.cut = set()
    else:
        leader.crash()
    wanted = until_a_later_term(cluster, host)
    host.crash()
    host.certificate = wanted.term_certificate
    assert host.sign_state.term == term
    cluster.holds = False
    for other in cluster.hosts:
        other.complete(len(other.held))
    host.start()
    assert host.sign_state.term == wanted.state.term
    if leader.node is None:
        leader.start()
    cluster.run(5_000)
    assert_together(cluster)
    assert host.sign_state.term >= wanted.state.term
