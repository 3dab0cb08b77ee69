"""A voter whose disk takes no blocks: it leads nobody, does not stand, and votes on (section 6, "Liveness")."""

from consensus.events import WritingChanged
from consensus.messages import Heartbeat, PreVote, PreVoteRequest, Transfer, Vote
from tests.consensus.cluster import GENESIS, voter_set
from tests.consensus.one_node import (
    HEARTBEAT_MS,
    T_MS,
    THREE,
    OneNode,
    answer,
    asked,
    block,
    election,
    heartbeat,
    id_of,
    pre_vote_request,
    pre_votes,
    said,
    transfer,
    vote_request,
)

FULL, ROOMY = WritingChanged(False), WritingChanged(True)


def leading() -> OneNode:
    """Leader of term 1, answered by both others: the second has its block."""
    node = OneNode(THREE)
    node.lead(1)
    counter = said(node.tick(HEARTBEAT_MS), Heartbeat)[-1].counter
    node.hear(answer(1, 1, counter, GENESIS))
    node.hear(answer(2, 1, counter, block(1, 1)))
    return node


def beat(node: OneNode) -> list[Transfer]:
    """One heartbeat that both others answer; the wishes that left with it."""
    effects = node.tick(HEARTBEAT_MS)
    for one in said(effects, Heartbeat):
        for voter in (1, 2):
            node.hear(answer(voter, one.term, one.counter, block(1, 1)))
    return said(effects, Transfer)


def test_a_leader_hands_over_at_once_to_the_voter_that_is_furthest() -> None:
    node = leading()
    (wish,) = said(node.step(FULL), Transfer)
    assert wish.successor == id_of(2)
    assert not node.core.may_propose
    assert not said(node.step(FULL), Transfer), "it is told once"


def test_a_leader_that_nobody_relieves_steps_down_so_that_others_find_each_other() -> None:
    """Its successor may be full too, and does not follow the wish then.

    Guard: consensus/leadership.py, `_is_in_vain`, "_seek_relief".
    """
    node = leading()
    node.step(FULL)
    for _ in range(2 * T_MS // HEARTBEAT_MS - 1):
        beat(node)
        assert node.role == "leader"
    beat(node)
    assert node.role == "follower"
    for _ in range(10 * T_MS // HEARTBEAT_MS):
        assert not said(node.tick(HEARTBEAT_MS), PreVoteRequest), "it does not stand either"


def test_a_candidate_gives_up() -> None:
    node = OneNode(THREE)
    node.keep(node.stand(1))
    assert node.role == "candidate"
    node.step(FULL)
    assert node.role == "follower"


def test_a_leader_that_finds_room_again_before_it_was_relieved_leads_on() -> None:
    node = leading()
    node.step(FULL)
    assert not beat(node)
    node.step(ROOMY)
    assert not node.core.may_propose, "the wish stands"
    for _ in range(2 * T_MS // HEARTBEAT_MS):
        beat(node)
    assert node.role == "leader"
    assert node.core.may_propose, "nobody took over, and there is room again"


def test_a_lone_voter_leads_on_and_proposes_when_it_can() -> None:
    node = OneNode(voter_set((0,)))
    node.lead()
    assert node.role == "leader"
    node.step(FULL)
    for _ in range(5 * T_MS // HEARTBEAT_MS):
        node.tick(HEARTBEAT_MS)
    assert node.role == "leader"
    assert not node.core.may_propose
    node.step(ROOMY)
    assert node.core.may_propose


def test_a_full_follower_votes_and_does_not_follow_a_wish() -> None:
    node = OneNode(THREE)
    node.follow(1, 1)
    node.step(FULL)
    assert not said(node.hear(transfer(1, 0, 1)), PreVoteRequest)
    assert not said(node.tick(3 * T_MS), PreVoteRequest)
    effects = node.keep(asked(node, vote_request(2, 2), pre_votes(2, 2)))
    assert [one.candidate for one in said(effects, Vote)] == [id_of(2)], "a vote has its room"


def test_what_waits_at_a_full_voter_is_not_the_leaders_fault() -> None:
    """It sees no block, so its pool never empties; blaming the leader, it would help anybody to depose it.

    Guard: consensus/leadership.py, `tick`, "and standing.can_write", and `writing_changed`, "_followed_since_ms".
    """
    node = OneNode(THREE)
    node.follow(1, 1)
    node.step(FULL)
    counter = 0
    for _ in range(15 * T_MS // HEARTBEAT_MS):
        counter += 1
        node.tick(HEARTBEAT_MS, waiting_ms=node.now_ms)
        node.hear(heartbeat(1, 1, counter))
    assert not said(asked(node, pre_vote_request(2, 2), election(1, 1)), PreVote)
    node.step(ROOMY)
    for _ in range(5 * T_MS // HEARTBEAT_MS):
        counter += 1
        assert not said(node.tick(HEARTBEAT_MS, waiting_ms=node.now_ms), PreVoteRequest)
        node.hear(heartbeat(1, 1, counter))
    assert node.role == "follower"
