"""Candidates and their votes: Raft, sections 5.2 and 5.4.1, and figure 2; signed and kept as docs/protocol.md has it.

The tests of Raft's own sections are named as those of etcd's `raft_paper_test.go` where they test the same thing.
"""

import pytest

from consensus.effects import BecameLeader, BroadcastTerm, Effect, KeepTerm, KeepVote
from consensus.events import TermCertificateHeard, TermKept, VoteKept, VotersChanged
from consensus.messages import Heartbeat, PreVoteRequest, Vote, VoteRequest
from consensus.settings import Kept, Role
from consensus.statement import Position
from tests.consensus.cluster import GENESIS, TICK_MS, Cluster, voter_set
from tests.consensus.one_node import (
    FIVE,
    FOUR,
    T_MS,
    THREE,
    OneNode,
    asked,
    block,
    certificate,
    chain,
    election,
    id_of,
    of,
    pre_votes,
    said,
    vote,
    vote_request,
)
from tests.consensus.test_pre_votes import LAST_BLOCKS


def _standing(node: OneNode, *granting: int) -> OneNode:
    """The node as candidate whose term and own vote are kept."""
    node.keep(node.stand(*granting))
    assert node.role == "candidate"
    return node


# -- standing ---------------------------------------------------------------------------------------------------


def test_a_candidate_votes_for_itself_and_asks_once_that_is_kept() -> None:
    """Raft 5.2 and figure 2, "updated on stable storage before responding": neither vote nor request leaves before.

    Guard: consensus/elections.py, `_campaign`, which only promises; `_keep_promise` sends.
    """
    node = OneNode()
    effects = node.stand(1)
    assert [(one.term, one.voted_for) for one in of(effects, KeepTerm)] == [(1, id_of(0))]
    assert not said(effects, VoteRequest)
    effects = node.step(TermKept(1))
    assert [request.term for request in said(effects, VoteRequest)] == [1]


@pytest.mark.parametrize(
    ("size", "votes", "wins"),
    [
        (2, 0, False),
        (2, 1, True),
        (3, 0, False),
        (3, 1, True),
        (3, 2, True),
        (4, 1, False),
        (4, 2, True),
        (5, 1, False),
        (5, 2, True),
        (5, 4, True),
        (7, 2, False),
        (7, 3, True),
        (21, 9, False),
        (21, 10, True),
    ],
)
def test_leader_election_in_one_round(size: int, votes: int, wins: bool) -> None:
    """Raft 5.2: a candidate wins with the votes of a majority of the full cluster for the same term."""
    node = _standing(OneNode(voter_set(tuple(range(size)))), *range(1, size // 2 + 1))
    led = [of(node.hear(vote(voter, 0, 1, voters=node.voters)), BecameLeader) for voter in range(1, votes + 1)]
    assert (node.role == "leader") is wins
    assert sum(map(len, led)) == (1 if wins else 0)


@pytest.mark.parametrize(("size", "votes", "wins"), [(4, 1, False), (4, 2, True), (6, 3, False), (6, 4, True)])
def test_a_quorum_of_two_thirds_takes_more_votes(size: int, votes: int, wins: bool) -> None:
    node = OneNode(voter_set(tuple(range(size)), "two-thirds"))
    _standing(node, *range(1, node.voters.quorum_size))
    for voter in range(1, votes + 1):
        node.hear(vote(voter, 0, 1, voters=node.voters))
    assert (node.role == "leader") is wins


def test_the_own_vote_counts_when_it_is_kept() -> None:
    """A demoted or forgetful node must not count itself: the others alone are a quorum here, and still it waits."""
    node = OneNode()
    node.stand(1)
    for voter in (1, 2):
        node.hear(vote(voter, 0, 1))
    assert node.role == "candidate"
    assert of(node.step(TermKept(1)), BecameLeader)


def test_the_certificate_of_a_victory_is_the_votes() -> None:
    node = _standing(OneNode(), 1)
    (led,) = of(node.hear(vote(2, 0, 1)), BecameLeader)
    assert led.term == 1
    assert led.certificate.candidate == id_of(0)
    led.certificate.verify(THREE, node.core._standing.settings.network_id)


def test_a_voter_counts_once_and_a_stranger_never() -> None:
    node = _standing(OneNode(FIVE), 1, 2)
    for _ in range(5):
        node.hear(vote(1, 0, 1, voters=FIVE))
    node.hear(vote(6, 0, 1, voters=FIVE))
    node.hear(vote(2, 0, 1, voters=FIVE), by=1)
    node.hear(vote(3, 4, 1, voters=FIVE))
    node.hear(vote(4, 0, 2, voters=FIVE))
    assert node.role == "candidate"


def test_votes_of_another_voter_set_do_not_count() -> None:
    """ "never one that a message merely claims": a vote counts against the set that this node's own chain has.

    Guard: consensus/elections.py, `_count_vote`, "standing.voters.hash".
    """
    node = _standing(OneNode(THREE, earlier=(FOUR,)), 1)
    node.hear(vote(1, 0, 1, voters=FOUR))
    assert node.role == "candidate"
    node.hear(vote(1, 0, 1))
    assert node.role == "leader"


def test_votes_count_in_the_same_run_only() -> None:
    """S2's other half: after a restart nobody wins the term it stood in, whatever arrives late."""
    before = _standing(OneNode(), 1)
    assert before.core.term == 1
    node = OneNode(kept=Kept(1, id_of(0), pre_votes(1, 0, by=(0, 1)), GENESIS))
    for voter in (0, 1, 2):
        assert not of(node.hear(vote(voter, 0, 1)), BecameLeader)
    assert node.role == "follower"


def test_a_candidate_that_wins_nothing_asks_again_for_the_next_term() -> None:
    """Raft 5.2: "each candidate will time out and start a new election by incrementing its term"."""
    node = _standing(OneNode(), 1)
    effects = node.tick(2 * T_MS)
    assert [request.term for request in said(effects, PreVoteRequest)] == [2]
    assert node.role == "follower"
    assert node.core.term == 1
    assert not of(node.hear(vote(1, 0, 1)), BecameLeader), "the candidacy is over"


def test_candidate_fallback() -> None:
    """Raft 5.2: a candidate that hears of a leader of its term, or of a later one, returns to follower."""
    for term in (1, 2):
        node = _standing(OneNode(), 1)
        node.follow(1, term)
        assert node.role == "follower"
        assert (node.core.term, node.core.leader) == (term, id_of(1))
        assert not of(node.hear(vote(1, 0, 1)), BecameLeader)


def test_other_voters_end_a_candidacy() -> None:
    """Section 6, "Changing voters": "a candidate then drops its candidacy".

    Guard: consensus/agreement.py, `_handle`, "self._elections.drop_out()".
    """
    node = _standing(OneNode(), 1)
    node.step(VotersChanged(FOUR))
    assert node.role == "follower"
    for voters in (THREE, FOUR):
        for voter in (1, 2, 3):
            assert not of(node.hear(vote(voter, 0, 1, voters=voters)), BecameLeader)


# -- being asked ------------------------------------------------------------------------------------------------


def _voted_now(effects: list[Effect]) -> list[bytes]:
    return [one.candidate for one in said(effects, Vote)]


def test_a_vote_leaves_when_term_and_vote_are_kept_together() -> None:
    """Vote and term not atomically durable (known from other implementations): one write has both.

    Guard: consensus/elections.py, `on_vote_request`, "standing.adopt(proof, asked.candidate if votes else None)".
    """
    node = OneNode()
    effects = asked(node, vote_request(1, 1), pre_votes(1, 1))
    assert [(one.term, one.voted_for) for one in of(effects, KeepTerm)] == [(1, id_of(1))]
    assert not _voted_now(effects)
    assert _voted_now(node.step(TermKept(1))) == [id_of(1)]


def test_a_vote_in_a_term_that_is_known_already_leaves_when_it_is_kept() -> None:
    node = OneNode()
    node.learn(pre_votes(1, 1))
    effects = asked(node, vote_request(1, 1), pre_votes(1, 1))
    assert [(one.term, one.candidate) for one in of(effects, KeepVote)] == [(1, id_of(1))]
    assert not _voted_now(effects)
    assert not _voted_now(node.step(TermKept(1))), "that report is about an earlier write"
    assert _voted_now(node.step(VoteKept(1))) == [id_of(1)]


@pytest.mark.parametrize("second", [1, 2])
def test_follower_vote(second: int) -> None:
    """Raft 5.2: "Each server will vote for at most one candidate in a given term, on a first-come-first-served basis".

    Guard: consensus/elections.py, `on_vote_request`, "standing.voted_for is None".
    """
    node = OneNode()
    assert _voted_now(node.keep(asked(node, vote_request(1, 1), pre_votes(1, 1)))) == [id_of(1)]
    assert not of(asked(node, vote_request(second, 1), pre_votes(1, second)), KeepVote)


def test_a_vote_is_remembered_over_a_restart() -> None:
    """Raft, figure 2: `votedFor` is persistent state."""
    node = OneNode(kept=Kept(1, id_of(1), pre_votes(1, 1), GENESIS))
    assert not node.keep(asked(node, vote_request(2, 1), pre_votes(1, 2)))


def test_no_vote_in_a_term_whose_leader_is_known() -> None:
    """S1: with the vote used up by the checked election, no second leader of the term can get it.

    Guard: consensus/elections.py, `on_vote_request`, "standing.leader is None"; and consensus/leadership.py,
    `on_election`, which gives the vote to the elected.
    """
    node = OneNode()
    node.learn(pre_votes(1, 2))
    assert of(node.step(TermCertificateHeard(election(1, 1))), KeepVote)
    assert not asked(node, vote_request(2, 1), pre_votes(1, 2))
    late = OneNode()
    (kept,) = of(late.step(TermCertificateHeard(election(1, 1))), KeepTerm)
    assert kept.voted_for == id_of(1), "a term that is adopted with its election has the vote with it"


def test_a_candidate_that_lost_knows_its_leader_and_votes_no_more() -> None:
    node = OneNode()
    node.keep(asked(node, vote_request(2, 1), pre_votes(1, 2)))
    node.follow(1, 1)
    assert node.core.leader == id_of(1)
    assert not of(asked(node, vote_request(2, 1), pre_votes(1, 2)), KeepVote)


@pytest.mark.parametrize(("own", "theirs", "is_voted"), LAST_BLOCKS)
def test_voter(own: tuple[int, int], theirs: tuple[int, int], is_voted: bool) -> None:
    """Raft 5.4.1, the election restriction: "the voter denies its vote if its own log is more up-to-date".

    Guard: consensus/elections.py, `_is_up_to_date`, "last.rank < self._standing.branch.tip.rank".
    """
    last = block(*theirs) if theirs[1] else GENESIS
    committed = block(*own) if own[1] else GENESIS
    node = OneNode(kept=Kept(3, None, pre_votes(3, 1), GENESIS), committed=committed)
    effects = node.keep(asked(node, vote_request(1, 4, last), pre_votes(4, 1)))
    assert node.core.term == 4, "the term is adopted anyway"
    assert bool(_voted_now(effects)) is is_voted


def test_a_vote_repeats_the_voters_own_last_block() -> None:
    """What evidence (d) is made of, section 7."""
    node = OneNode(kept=Kept(2, None, pre_votes(2, 1), GENESIS), links=chain(block(1, 1), block(2, 2)))
    effects = node.keep(asked(node, vote_request(1, 3, block(2, 7)), pre_votes(3, 1)))
    (given,) = said(effects, Vote)
    assert Position(given.last_term, given.last_height, given.last_hash) == block(2, 2)


def test_a_candidate_that_fell_behind_while_the_vote_was_written_gets_none() -> None:
    node = OneNode(kept=Kept(2, None, pre_votes(2, 1), GENESIS), links=chain(block(1, 1)))
    asked(node, vote_request(1, 3, block(1, 1)), pre_votes(3, 1))
    node.store(chain(block(2, 2), on=block(1, 1)))
    assert not _voted_now(node.step(TermKept(3)))


def test_a_vote_does_not_leave_in_a_later_term() -> None:
    """Section 6: "the term is compared again after the write".

    Guard: consensus/elections.py, `_keep_promise`, "term != standing.term".
    """
    node = OneNode()
    asked(node, vote_request(1, 1), pre_votes(1, 1))
    node.step(TermCertificateHeard(pre_votes(2, 2)))
    assert not _voted_now(node.step(TermKept(1)))
    assert not _voted_now(node.step(TermKept(2)))


def test_nothing_is_signed_before_the_term_is_kept() -> None:
    """Section 6: "Durable before anything that depends on it is sent: term with its certificate"."""
    node = OneNode()
    node.step(TermCertificateHeard(pre_votes(1, 2)))
    assert not node.tick(2 * T_MS)
    effects = asked(node, vote_request(1, 1), pre_votes(1, 1))
    assert not _voted_now(node.step(VoteKept(1))), "the term is not"
    assert of(effects, KeepVote)


def test_a_vote_needs_the_certificate_of_its_term() -> None:
    """Section 6: "A higher term is adopted only with one"; a candidate alone inflates nothing.

    Guard: consensus/elections.py, `on_vote_request`, "not standing.certifies(proof)".
    """
    node = OneNode()
    short, other_term = pre_votes(5, 1, by=(1,)), pre_votes(4, 1)
    for proof in (None, short, other_term):
        assert not asked(node, vote_request(1, 5), proof)
    assert node.core.term == 0


def test_a_candidate_of_an_older_term_is_shown_the_term_once_a_heartbeat() -> None:
    """Raft 5.1: "If a server receives a request with a stale term number, it rejects the request"."""
    node = OneNode()
    node.learn(pre_votes(3, 1))
    effects: list[Effect] = []
    for _ in range(9):
        effects += asked(node, vote_request(2, 2), pre_votes(2, 2))
    assert [one.certificate for one in of(effects, BroadcastTerm)] == [pre_votes(3, 1)]


def test_no_vote_for_somebody_of_another_voter_set() -> None:
    node = OneNode(THREE, earlier=(FOUR,))
    assert not asked(node, vote_request(3, 1, voters=FOUR), pre_votes(1, 3, (1, 2, 3), FOUR))
    assert not node.hear(vote_request(1, 1), by=2)


def test_an_observer_votes_for_nobody_but_learns_the_term() -> None:
    """An observer that must vote (known from other implementations): its vote is neither asked for nor given."""
    node = OneNode(voter_set((1, 2, 3)))
    proof = pre_votes(1, 1, (1, 2), node.voters)
    assert not _voted_now(node.keep(asked(node, vote_request(1, 1, voters=node.voters), proof)))
    assert node.core.term == 1


# -- terms ------------------------------------------------------------------------------------------------------

LATER = [
    pre_votes(4, 1),
    election(4, 1),
    certificate(block(4, 9)),
]


@pytest.mark.parametrize("proof", LATER, ids=("pre-votes", "election", "block"))
def test_start_as_follower_or_update_from_message(proof: object) -> None:
    """Raft 5.1: "If one server's current term is smaller than the other's, then it updates"; a leader too, at once."""
    for node in (OneNode(), _standing(OneNode(), 1), OneNode()):
        if node.role == "follower":
            node.lead(1)
        effects = node.step(TermCertificateHeard(proof))  # type: ignore[arg-type]
        assert node.core.term == 4
        assert node.role == "follower"
        assert [one.certificate for one in of(effects, KeepTerm)] == [proof]
        assert node.core.term_certificate == proof


FORGED = [
    pre_votes(4, 1, by=(1,)),
    election(4, 1, by=(2,)),
    certificate(block(4, 9), by=(1,)),
    pre_votes(4, 4, (4, 5, 6), voter_set((4, 5, 6))),
    election(4, 4, (4, 5, 6), voter_set((4, 5, 6))),
    certificate(block(4, 9), by=(4, 5, 6), voters=voter_set((4, 5, 6))),
]


@pytest.mark.parametrize("proof", FORGED, ids=lambda proof: type(proof).__name__)
def test_a_term_is_adopted_only_with_a_quorum_of_a_set_of_the_own_chain(proof: object) -> None:
    """Section 1: raising the term takes a quorum of signatures.

    Guard: consensus/agreement.py, `_learn_term`, "standing.certifies(certificate)".
    """
    node = OneNode()
    assert not node.step(TermCertificateHeard(proof))  # type: ignore[arg-type]
    assert node.core.term == 0


def test_earlier_voters_of_the_own_chain_certify_terms_but_elect_nobody() -> None:
    """Section 6: "accepted from any voter set of the node's own committed chain; a term is won only by the set in
    force". Guard: consensus/leadership.py, `on_election`, "standing.certifies_now(certificate)".
    """
    node = OneNode(FOUR, earlier=(THREE,))
    node.learn(election(2, 1))
    assert node.core.term == 2
    assert node.core.leader is None
    node.learn(election(3, 1, (1, 2, 3), FOUR))
    assert node.core.leader == id_of(1)


def test_a_certificate_kept_without_its_term_counts_after_a_restart() -> None:
    """The node ended between the two writes: the quorum said so all the same."""
    node = OneNode(kept=Kept(1, id_of(1), pre_votes(3, 1), GENESIS))
    assert node.core.term == 3
    effects = asked(node, vote_request(2, 3), pre_votes(3, 2))
    assert of(effects, KeepVote), "the vote of term 1 is not one of term 3"


def test_the_term_never_goes_down() -> None:
    node = OneNode()
    node.learn(pre_votes(3, 1))
    for proof in (pre_votes(2, 1), election(2, 1), certificate(block(2, 9))):
        assert not of(node.learn(proof), KeepTerm)
    assert node.core.term == 3
    assert not said(node.tick(), Heartbeat)


def test_two_who_stand_at_one_moment_share_the_votes_and_the_next_election_is_decided() -> None:
    """Raft 5.2, "randomized election timeouts to ensure that split votes are rare and that they are resolved quickly".

    Guard: consensus/elections.py, `_postpone`, which draws each timeout anew.
    """
    cluster = Cluster(2)
    cores = [host.core for host in cluster.hosts if host.core is not None]
    for core in cores:
        core._elections._deadline_ms = T_MS
    cluster.run(T_MS)
    assert [(core.role, core.term) for core in cores] == [(Role.CANDIDATE, 1)] * 2
    cluster.run(2 * T_MS + TICK_MS)
    assert sorted(core.role.value for core in cores) == ["follower", "leader"]
    assert {core.term for core in cores} == {2}
