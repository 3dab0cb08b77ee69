"""Linearizable reads at a node whose leader lies about the height."""

from consensus.agreement import Agreement
from consensus.events import ReadAsked
from consensus.messages import ReadAnswer, ReadQuestion
from daemon.effects import ReadFailed
from daemon.reading import (
    ANSWER_WAIT_MS,
    QUESTIONS_MAX,
    QUESTIONS_OF_ASKER_MAX,
    STORE_WAIT_MS,
    Reading,
)
from tests.daemon.node_cluster import NodeCluster
from tests.daemon.test_node_network import leader_of

HEIGHT = 10**9


def test_an_answer_that_names_a_height_of_the_far_future_is_given_up() -> None:
    """Guard: daemon/reading.py, `tick`, "unstored"."""
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader = leader_of(cluster)
    follower = next(host for host in cluster.hosts if host is not leader)
    assert follower.node is not None
    agreement: Agreement = follower.node._agreement
    reading = Reading(cluster.genesis.network_id, follower.keys, agreement, 0)
    questions = [number.to_bytes(16, "big") for number in range(QUESTIONS_MAX)]
    for question in questions:
        reading.ask(question, 0)
        answer = ReadAnswer(
            cluster.genesis.network_id, agreement.voters.hash, agreement.term, leader.id, question, HEIGHT
        )
        assert reading.hear(answer) is None
    assert isinstance(reading.ask(b"q" * 16, 0), ReadFailed)
    assert reading.tick(ANSWER_WAIT_MS + STORE_WAIT_MS) == []
    assert reading.tick(ANSWER_WAIT_MS + STORE_WAIT_MS + 1) == [ReadFailed(question) for question in questions]
    assert not isinstance(reading.ask(b"q" * 16, 0), ReadFailed)


def test_a_node_that_asks_without_end_takes_nothing_from_the_others() -> None:
    """Guard: daemon/reading.py, `_keep`, the asker's share."""
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader = leader_of(cluster)
    assert leader.node is not None
    agreement: Agreement = leader.node._agreement
    reading = Reading(cluster.genesis.network_id, leader.keys, agreement, 0)

    def asked(asker: bytes, number: int) -> bool:
        question = number.to_bytes(16, "big")
        told = ReadQuestion(cluster.genesis.network_id, agreement.voters.hash, agreement.term, asker, question)
        return reading.hear(told) == ReadAsked(question)

    honest, flooding = (host.id for host in cluster.hosts if host is not leader)
    assert asked(honest, 0)
    taken = [asked(flooding, number) for number in range(1, 2 * QUESTIONS_MAX)]
    assert taken == [True] * QUESTIONS_OF_ASKER_MAX + [False] * (2 * QUESTIONS_MAX - 1 - QUESTIONS_OF_ASKER_MAX)
    assert reading.confirmed((0).to_bytes(16, "big"), 1) is not None, "the first question is still there"
    assert reading.confirmed((1).to_bytes(16, "big"), 1) is not None
    assert asked(flooding, 2 * QUESTIONS_MAX), "what was answered makes room"
