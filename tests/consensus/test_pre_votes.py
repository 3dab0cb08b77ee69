"""Asking whether one could win, before the term is raised: Ongaro's thesis, section 9.6, as docs/protocol.md has it.

The tests of Raft's own sections are named as those of etcd's `raft_paper_test.go` where they test the same thing.
"""

import pytest

from consensus.effects import BecameLeader, BroadcastTerm, Effect, KeepTerm
from consensus.events import Campaign, Started, VotersChanged
from consensus.messages import PreVote, PreVoteRequest, VoteRequest
from consensus.settings import Kept
from consensus.statement import Position
from tests.consensus.cluster import GENESIS, Dice, voter_set
from tests.consensus.one_node import (
    FIVE,
    FOUR,
    HEARTBEAT_MS,
    T_MS,
    THREE,
    OneNode,
    asked,
    block,
    chain,
    election,
    heartbeat,
    id_of,
    of,
    packet,
    pre_vote,
    pre_vote_request,
    pre_votes,
    proof_of,
    said,
    signed,
    transfer,
)


def _granted(effects: list[Effect]) -> bool:
    return bool(said(effects, PreVote))


# -- asking -----------------------------------------------------------------------------------------------------


def test_a_node_starts_as_follower() -> None:
    """Raft 5.2: "When servers start up, they begin as followers." Whatever it was before, its role is not kept."""
    for term in (0, 3):
        kept = Kept(term, id_of(0), pre_votes(term, 0) if term else None, GENESIS)
        node = OneNode(kept=kept)
        assert node.role == "follower"
        assert node.core.term == term
        assert node.core.leader is None


def test_a_follower_asks_after_its_timeout_and_raises_nothing() -> None:
    """Raft 5.2 and thesis 9.6: no term is raised, nothing is kept, before a quorum says that it could be won."""
    node = OneNode()
    effects = node.tick(2 * T_MS)
    assert [request.term for request in said(effects, PreVoteRequest)] == [1]
    assert node.core.term == 0
    assert node.role == "follower"
    assert not of(effects, KeepTerm)


def test_the_timeout_is_random_between_once_and_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raft 5.2: timeouts "are chosen randomly from a fixed interval", so that seldom two stand at once."""
    found = set()
    for seed in range(200):
        node = OneNode()
        monkeypatch.setattr(node.core._elections, "_chance", Dice(seed))
        node.step(Started())
        while not said(node.tick(10), PreVoteRequest):
            pass
        found.add(node.now_ms)
    assert min(found) >= T_MS
    assert max(found) <= 2 * T_MS
    assert len(found) > 50


def test_each_attempt_is_a_round_of_its_own() -> None:
    node = OneNode()
    first, second = node.ask_pre_votes(), node.ask_pre_votes()
    assert first.round != second.round
    assert first.term == second.term == 1


def test_it_asks_for_exactly_one_above_its_own_term_and_shows_why_it_is_there() -> None:
    proof = pre_votes(7, 1)
    node = OneNode(kept=Kept(7, None, proof, GENESIS), links=chain(block(3, 1)))
    effects = node.tick(2 * T_MS)
    request = said(effects, PreVoteRequest)[0]
    assert request.term == 8
    assert Position(request.last_term, request.last_height, request.last_hash) == block(3, 1)
    assert node.core.term == 7
    attachments = [effect.packet.attachments for effect in effects if hasattr(effect, "packet")]
    assert attachments[0][0] == proof_of(proof)


def test_a_heartbeat_puts_the_timeout_off() -> None:
    """Raft 5.2: "A server remains in follower state as long as it receives valid RPCs from a leader"."""
    node = OneNode()
    node.follow(1, 1)
    for counter in range(1, 60):
        assert not said(node.tick(100), PreVoteRequest)
        node.hear(heartbeat(1, 1, counter))
    assert node.role == "follower"
    assert said(node.tick(2 * T_MS), PreVoteRequest)


def test_a_quorum_of_pre_votes_raises_the_term_and_certifies_it() -> None:
    node = OneNode(FIVE)
    request = node.ask_pre_votes()
    assert not of(node.hear(pre_vote(request, 1)), KeepTerm)
    kept = of(node.hear(pre_vote(request, 2)), KeepTerm)
    assert [(one.term, one.voted_for) for one in kept] == [(1, id_of(0))]
    assert node.role == "candidate"
    kept[0].certificate.verify(FIVE, request.network_id)


def test_the_only_voter_needs_nobody() -> None:
    node = OneNode(voter_set((0,)))
    kept = node.step(Campaign())
    assert of(kept, KeepTerm)
    assert node.role == "candidate"
    assert of(node.keep(kept), BecameLeader)


def test_only_voters_are_counted_and_each_once() -> None:
    node = OneNode(FIVE)
    request = node.ask_pre_votes()
    for _ in range(3):
        assert not node.hear(pre_vote(request, 1))
    assert not node.hear(pre_vote(request, 5)), "nobody that the chain knows"
    assert not node.hear(pre_vote(request, 2), by=1), "signed by another"
    assert node.core.term == 0


def test_grants_count_for_the_round_that_asked_only() -> None:
    node = OneNode()
    first = node.ask_pre_votes()
    second = node.ask_pre_votes()
    assert not node.hear(pre_vote(first, 1))
    assert of(node.hear(pre_vote(second, 1)), KeepTerm)


def test_grants_of_another_voter_set_do_not_count() -> None:
    node = OneNode(THREE, earlier=(FOUR,))
    request = node.ask_pre_votes()
    other = pre_vote_request(0, 1, voters=FOUR, round_=request.round)
    assert not node.hear(pre_vote(other, 1))
    assert node.core.term == 0


def test_hearing_a_leader_ends_the_round() -> None:
    node = OneNode()
    node.follow(1, 1)
    request = node.ask_pre_votes()
    node.hear(heartbeat(1, 1, 1))
    assert not node.hear(pre_vote(request, 2))
    assert node.core.term == 1


def test_a_term_that_rose_meanwhile_ends_the_round() -> None:
    node = OneNode()
    request = node.ask_pre_votes()
    node.learn(pre_votes(1, 2))
    assert not of(node.hear(pre_vote(request, 1)), KeepTerm)
    assert node.role == "follower"


def test_other_voters_end_the_round() -> None:
    node = OneNode()
    request = node.ask_pre_votes()
    node.step(VotersChanged(FOUR))
    assert not node.hear(pre_vote(request, 1))
    assert node.core.term == 0


def test_an_observer_never_asks() -> None:
    """An observer that must vote stops a cluster whose voters are fine (known from other implementations)."""
    node = OneNode(voter_set((1, 2, 3)))
    assert node.role == "observer"
    assert not node.tick(2 * T_MS)
    assert not node.step(Campaign())


# -- being asked ------------------------------------------------------------------------------------------------


def test_it_grants_when_no_leader_was_heard_for_a_timeout() -> None:
    node = OneNode()
    node.tick(T_MS)
    assert _granted(asked(node, pre_vote_request(1, 1), None))


def test_it_grants_nothing_in_the_first_timeout_of_its_life() -> None:
    """A leader is given the benefit of the doubt: a restarted voter must not help to depose it."""
    node = OneNode()
    node.tick(T_MS - 1)
    assert not _granted(asked(node, pre_vote_request(1, 1), None))


def test_it_grants_nothing_while_it_hears_a_leader() -> None:
    """Raft 6: a server that believes that a leader exists disregards requests for votes (thesis 4.2.3).

    So whoever was cut off, or was removed and does not know it, deposes nobody.
    """
    node = OneNode()
    node.follow(1, 1)
    node.tick(5 * T_MS)
    node.hear(heartbeat(1, 1, 1))
    node.tick(T_MS - 1)
    request = pre_vote_request(2, 2)
    assert not _granted(asked(node, request, pre_votes(1, 1)))
    node.tick(1)
    assert _granted(asked(node, request, pre_votes(1, 1)))


def test_a_leader_grants_nothing() -> None:
    node = OneNode()
    node.lead(1)
    assert node.role == "leader"
    request = pre_vote_request(2, 2, block(1, 1))
    assert not _granted(asked(node, request, election(1, 0, (0, 1))))


def test_it_grants_exactly_one_above_its_own_term() -> None:
    """S1: a pre-vote for a term that has begun here makes a second leader of it possible.

    Guard: consensus/elections.py, `_may_grant`, "asked.term == standing.term + 1".
    """
    node = OneNode()
    node.learn(pre_votes(2, 1))
    node.tick(T_MS)
    for term in (1, 2):
        effects = asked(node, pre_vote_request(1, term), pre_votes(1, 1) if term == 2 else None)
        assert not _granted(effects)
    assert _granted(asked(node, pre_vote_request(1, 3), pre_votes(2, 1)))


def test_an_asker_behind_is_shown_the_term() -> None:
    node = OneNode()
    node.learn(pre_votes(2, 1))
    node.tick(T_MS)
    told = of(asked(node, pre_vote_request(1, 1), None), BroadcastTerm)
    assert [one.certificate for one in told] == [pre_votes(2, 1)]


def test_the_term_is_shown_once_a_heartbeat() -> None:
    """Whoever asks a thousand times gets no thousand answers."""
    node = OneNode()
    node.learn(pre_votes(2, 1))
    node.tick(T_MS)
    told = [of(asked(node, pre_vote_request(1, 1), None), BroadcastTerm) for _ in range(50)]
    assert sum(map(len, told)) == 1
    node.tick(HEARTBEAT_MS)
    assert of(asked(node, pre_vote_request(1, 1), None), BroadcastTerm)


@pytest.mark.parametrize("term", [2, 3, 1000])
def test_a_term_that_nobody_certified_is_not_asked_for(term: int) -> None:
    """Section 1: nobody inflates the term; it takes a quorum of signatures.

    Guard: consensus/elections.py, `on_pre_vote_request`, the comparison with the proof's term.
    """
    node = OneNode()
    node.tick(T_MS)
    for proof in (None, pre_votes(1, 1)):
        if proof is None or term > 2:
            assert not _granted(asked(node, pre_vote_request(1, term), proof))
    assert node.core.term <= 1


def test_a_forged_proof_raises_nothing() -> None:
    node = OneNode()
    node.tick(T_MS)
    short = pre_votes(6, 1, by=(1,))
    strange = pre_votes(6, 1, by=(3, 4, 5), voters=voter_set((3, 4, 5)))
    for proof in (short, strange):
        assert not asked(node, pre_vote_request(1, 7), proof)
    assert node.core.term == 0


def test_a_proven_term_is_adopted_and_the_one_above_it_granted_when_it_had_its_chance() -> None:
    """The term may have begun this moment, with an election under way: see test_counterexamples.py, "hoard"."""
    node = OneNode()
    node.tick(T_MS)
    effects = asked(node, pre_vote_request(1, 7), pre_votes(6, 1))
    assert [one.term for one in of(effects, KeepTerm)] == [6]
    assert node.core.term == 6
    assert not _granted(effects)
    node.tick(T_MS)
    assert _granted(asked(node, pre_vote_request(1, 7), pre_votes(6, 1)))


# Raft 5.4.1: own last block, the asker's, and whether that is at least as up-to-date.
LAST_BLOCKS = [
    ((1, 1), (1, 1), True),
    ((1, 1), (1, 2), True),
    ((1, 2), (1, 1), False),
    ((1, 1), (2, 1), True),
    ((1, 2), (2, 1), True),
    ((1, 1), (2, 2), True),
    ((2, 1), (1, 1), False),
    ((2, 1), (1, 2), False),
    ((2, 2), (1, 9), False),
    ((2, 1), (0, 0), False),
    ((0, 0), (0, 0), True),
]


@pytest.mark.parametrize(("own", "theirs", "is_granted"), LAST_BLOCKS)
def test_a_pre_vote_needs_a_last_block_that_is_not_behind(
    own: tuple[int, int], theirs: tuple[int, int], is_granted: bool
) -> None:
    """Raft 5.4.1 holds for pre-votes too (thesis 9.6), so that who cannot win does not ask for votes."""
    last = block(*theirs) if theirs[1] else GENESIS
    committed = block(*own) if own[1] else GENESIS
    node = OneNode(kept=Kept(3, None, pre_votes(3, 1), GENESIS), committed=committed)
    node.tick(T_MS)
    assert _granted(asked(node, pre_vote_request(1, 4, last), pre_votes(3, 1))) is is_granted


def test_a_last_block_is_proven_by_its_signed_header() -> None:
    """Otherwise a voter that lies about its chain could win, and with it the blocks that others acknowledged go."""
    node = OneNode(kept=Kept(1, None, pre_votes(1, 1), GENESIS), links=chain(block(1, 1)))
    node.tick(T_MS)
    request = pre_vote_request(1, 2, block(1, 5))
    for header, signature in ((b"", b""), (b"\x93\x01\x01\xc4\x00", b"s")):
        assert not said(node.hear(request, proof_of(pre_votes(1, 1)), header, signature, b"", b""), PreVote)
    assert _granted(asked(node, request, pre_votes(1, 1)))


def test_whoever_is_no_voter_here_gets_nothing() -> None:
    """A non-voter with a high term unsettles the cluster (known from other implementations): not here."""
    node = OneNode(THREE, earlier=(FOUR,))
    node.tick(T_MS)
    assert not node.hear(pre_vote_request(5, 1))
    # 3 was a voter once: what it asks for in the old set's name is not granted.
    assert not _granted(asked(node, pre_vote_request(3, 1, voters=FOUR), None))


def test_an_observer_grants_nothing() -> None:
    node = OneNode(voter_set((1, 2, 3)))
    node.tick(T_MS)
    assert not _granted(asked(node, pre_vote_request(1, 1, voters=node.voters), None))


def test_a_granted_pre_vote_binds_nothing() -> None:
    """Thesis 9.6: it is not a vote; two askers can both hear that they could win."""
    node = OneNode()
    node.tick(T_MS)
    assert _granted(asked(node, pre_vote_request(1, 1), None))
    assert _granted(asked(node, pre_vote_request(2, 1), None))
    assert said(node.stand(1), VoteRequest) == []
    assert node.role == "candidate"


# -- a leader's wish (thesis, 3.10) -----------------------------------------------------------------------------


def _wish(by: int | None = None) -> tuple[bytes, bytes]:
    wish = transfer(1, 2, 1, block(1, 1))
    return (packet(wish).signed.message, signed(wish, by).signature)


@pytest.mark.parametrize(
    ("successor", "term", "last", "forger", "is_granted"),
    [
        (2, 2, block(1, 1), None, True),
        (2, 2, block(1, 2), None, True),
        (0, 2, block(1, 1), None, False),  # another asks than who was wished for
        (2, 2, GENESIS, None, False),  # its chain is shorter than the leader's was
        (2, 2, block(1, 1), 2, False),  # signed by the successor itself
    ],
)
def test_a_wish_of_this_terms_leader_stands_above_hearing_it(
    successor: int, term: int, last: Position, forger: int | None, is_granted: bool
) -> None:
    """Thesis 3.10: the transfer is not refused because the leader that wishes it was heard a moment ago."""
    node = OneNode(voters=FOUR, kept=Kept(0, None, None, GENESIS))
    node.follow(1, 1, (1, 2, 3))
    node.hear(heartbeat(1, 1, 1, voters=FOUR))
    wish = transfer(1, 2, 1, block(1, 1), FOUR)
    permit = packet(wish, by=forger)
    request = pre_vote_request(successor or 3, term, last, FOUR)
    assert _granted(asked(node, request, election(1, 1, (1, 2, 3), FOUR), permit)) is is_granted


def test_a_wish_serves_for_the_next_term_only() -> None:
    node = OneNode()
    node.follow(1, 1)
    permit = packet(transfer(1, 2, 1))
    node.follow(1, 2)
    node.hear(heartbeat(1, 2, 1))
    assert not _granted(asked(node, pre_vote_request(2, 3), election(2, 1), permit))
    assert not _granted(asked(node, pre_vote_request(2, 2), election(1, 1), permit))
