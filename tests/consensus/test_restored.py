"""A database that is older than what was signed: docs/protocol.md, section 3, "Sign-state", and L6 of section 6."""

import pytest

from consensus.effects import BroadcastTerm, Effect, KeepAcknowledgement, KeepVote, Missing
from consensus.events import Accepted, Campaign, CertificateHeard, TransferAsked
from consensus.messages import Acknowledgement, HeartbeatAnswer, PreVote, PreVoteRequest, Vote
from consensus.settings import Kept
from consensus.statement import Position
from tests.consensus.cluster import Cluster
from tests.consensus.one_node import (
    T_MS,
    OneNode,
    asked,
    block,
    certificate,
    chain,
    election,
    heartbeat,
    id_of,
    of,
    pre_vote_request,
    pre_votes,
    said,
    vote_request,
)

FIRST, SECOND, THIRD = block(1, 1), block(1, 2), block(1, 3)


def _restored(acknowledged: Position = THIRD, term: int = 1) -> OneNode:
    """A voter that acknowledged the third block, with a database in which only the first one is."""
    kept = Kept(term, id_of(1), election(term, 1), acknowledged, holds_acknowledged=False)
    node = OneNode(kept=kept, committed=FIRST)
    assert node.core.must_recover
    return node


def test_it_neither_asks_nor_grants_nor_votes() -> None:
    """Its chain does not hold what it acknowledged: whoever won by its vote could undo a committed block.

    Guards: consensus/standing.py, `may_sign`; consensus/elections.py, `_may_grant` and `on_vote_request`, each with
    "must_recover".
    """
    node = _restored()
    effects = node.tick(2 * T_MS) + node.step(Campaign())
    effects += asked(node, pre_vote_request(2, 2, FIRST), pre_votes(1, 2))
    effects += node.keep(asked(node, vote_request(2, 2, FIRST), pre_votes(2, 2)))
    assert node.core.term == 2, "the term is adopted"
    for kind in (PreVoteRequest, PreVote, Vote):
        assert not said(effects, kind)
    assert not of(effects, KeepVote)


def test_it_acknowledges_nothing() -> None:
    """Guard: consensus/standing.py, `may_sign`, "not self.must_recover"."""
    node = _restored()
    node.store(chain(SECOND, on=FIRST))
    assert not node.step(Accepted(SECOND))


def test_it_answers_no_heartbeat() -> None:
    """An answer says "I follow and have what I acknowledged": the leader must not count on it."""
    node = _restored()
    node.keep(node.hear(heartbeat(1, 1, 1)))
    node.follow(1, 1)
    assert not said(node.hear(heartbeat(1, 1, 2)), HeartbeatAnswer)


def test_it_serves_again_when_its_chain_holds_the_very_block() -> None:
    node = _restored()
    node.store(chain(SECOND, on=FIRST))
    assert node.core.must_recover
    node.store(chain(THIRD, on=SECOND))
    assert not node.core.must_recover
    (told,) = said(node.step(Accepted(THIRD)), Acknowledgement)
    assert told.block_hash == THIRD.hash


def test_another_block_of_the_same_place_does_not_do() -> None:
    """Guard: consensus/commitment.py, `stored`, "self._acknowledged not in standing.branch"."""
    node = _restored()
    node.store(chain(SECOND, block(1, 3, "other"), block(1, 4, "other"), on=FIRST))
    assert node.core.must_recover


def test_a_block_of_a_later_term_does() -> None:
    """Its leader was elected by others, one of whom had what this node acknowledged if it was committed."""
    node = _restored()
    node.learn(election(2, 2))
    node.store(chain(block(2, 2), on=FIRST))
    assert not node.core.must_recover
    assert of(node.step(Accepted(block(2, 2))), KeepAcknowledgement)


def test_it_fetches_and_commits_like_any_node() -> None:
    node = _restored()
    proof = certificate(THIRD, SECOND)
    assert of(node.step(CertificateHeard(proof)), Missing) == [Missing(proof)]
    node.store(chain(SECOND, THIRD, on=FIRST))
    assert node.core.committed_height == 3
    assert not node.core.must_recover


@pytest.mark.parametrize("holds", [True, False])
def test_a_database_that_holds_it_is_not_old(holds: bool) -> None:
    kept = Kept(1, id_of(1), election(1, 1), FIRST, holds_acknowledged=holds)
    assert OneNode(kept=kept, committed=FIRST).core.must_recover is not holds


# -- L6 ---------------------------------------------------------------------------------------------------------


def test_it_shows_the_leader_the_later_term_that_it_kept() -> None:
    """L6: a restored voter in a later term than a healthy leader takes part in nothing of that leader's, and may not
    stand itself. It shows the certificate of its term, the leader follows into it, and everybody goes on together.

    Guard: consensus/leadership.py, `on_heartbeat`, "standing.tell_term()".
    """
    node = _restored(term=4)
    told: list[Effect] = list(node.hear(heartbeat(1, 3, 7, FIRST)))
    assert [one.certificate for one in of(told, BroadcastTerm)] == [election(4, 1)]


def test_a_restored_voter_is_let_in_while_the_leader_is_healthy() -> None:
    """L6 as a whole: the leader never fails, and still the restored voter acknowledges again soon."""
    cluster = Cluster(3)
    cluster.run(5_000, build=True)
    leader = cluster.leader
    assert leader is not None and leader.core is not None
    restored = cluster.hosts[(leader.number + 1) % 3]
    other = cluster.hosts[(leader.number + 2) % 3]
    backup = list(restored.disk.chain[:5])
    # While it is cut off it wins the pre-votes of a third one, and both keep the term that came of it.
    cluster.cut = {(leader.number, restored.number), (restored.number, leader.number)}
    cluster.run(1_000)
    request = pre_votes(leader.core.term + 1, restored.number, by=(restored.number, other.number))
    restored.disk.term, restored.disk.certificate, restored.disk.voted_for = request.term, request, restored.id
    restored.crash()
    restored.disk.chain, restored.disk.committed_height = backup, 5
    restored.disk.executed_sets = restored.disk.executed_sets[:1]
    restored.start()
    assert restored.core is not None and restored.core.must_recover
    cluster.cut.clear()
    before = max(cluster.checks.committed)
    # Neighbours that compare their terms would help too: here nobody does.
    cluster.run(3_000, exchange=False)
    assert cluster.leader is not None and cluster.leader.led_term > request.term
    cluster.run(3_000, build=True)
    assert not restored.core.must_recover
    assert restored.disk.committed_height > before
    assert restored.disk.acknowledged.height > before, "it acknowledges new blocks"


def test_a_restored_leader_hands_nothing_over_and_leads_nothing() -> None:
    node = _restored()
    assert not node.step(TransferAsked(id_of(2)))
    assert not node.core.may_propose
