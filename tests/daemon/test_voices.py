"""Who of the voters is there, by what this node hears of them, directly or over others."""

from daemon.voices import SIGNERS_MAX, Voices
from ledger.hashing import Hash
from tests.daemon.node_cluster import NodeCluster, NodeHost

# In an idle network each voter is heard once a second; a busy moment may cost some.
PRESENT_MS = 5000
LINE_OF_THREE = {(0, 1), (1, 2)}


def heard_ms(host: NodeHost) -> dict[Hash, int | None]:
    assert host.node is not None
    return dict(host.node.status().voters_heard_ms)


def test_voters_that_are_no_neighbours_are_heard_too_and_a_lost_one_is_not() -> None:
    cluster = NodeCluster(3, LINE_OF_THREE)
    cluster.run(4_000)
    one, between, lost = cluster.hosts
    assert one not in cluster.neighbours(lost)
    for host in cluster.hosts:
        ages = heard_ms(host)
        assert ages.pop(host.id) == 0
        assert all(age is not None and age < PRESENT_MS for age in ages.values())
    lost.crash()
    cluster.run(12_000)
    for host in (one, between):
        ages = heard_ms(host)
        age = ages.pop(lost.id)
        assert age is not None and age > 10_000
        assert all(age is not None and age < PRESENT_MS for age in ages.values())


def test_without_a_quorum_those_who_ask_for_votes_are_heard() -> None:
    cluster = NodeCluster(4)
    cluster.run(4_000)
    leader = cluster.leader
    assert leader is not None
    one, other, third = (host for host in cluster.hosts if host is not leader)
    for host in (leader, third):
        host.crash()
    cluster.run(15_000)
    age = heard_ms(one)[other.id]
    assert age is not None and age < PRESENT_MS
    # Nobody was elected since, and nobody leads.
    assert one.node is not None
    assert (one.node.leader, one.node.status().leader) == (leader.id, None)


def test_a_node_that_has_just_started_has_heard_nobody() -> None:
    cluster = NodeCluster(2)
    assert heard_ms(cluster.hosts[0]) == {cluster.hosts[0].id: 0, cluster.hosts[1].id: None}


def test_memory_is_bounded() -> None:
    voices = Voices()
    signers = [number.to_bytes(32, "big") for number in range(SIGNERS_MAX + 1)]
    for at_ms, signer in enumerate(signers):
        voices.heard(signer, at_ms)
    ages = voices.ages_ms(signers, bytes(32), SIGNERS_MAX)
    assert (ages[signers[0]], ages[signers[1]], ages[signers[-1]]) == (0, SIGNERS_MAX - 1, 0)
    assert voices.ages_ms(signers[:1], b"own", 0) == {signers[0]: None}
