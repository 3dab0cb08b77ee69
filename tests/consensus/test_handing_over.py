"""Handing over: a leader's wish that somebody else led the next term (thesis 3.10)."""

import pytest

from consensus.effects import Broadcast, Effect
from consensus.events import TransferAsked, WritingChanged
from consensus.messages import Heartbeat, PreVoteRequest, Transfer
from consensus.packets import PERMIT, Packet
from consensus.statement import Position
from tests.consensus.cluster import GENESIS
from tests.consensus.one_node import (
    FIVE,
    HEARTBEAT_MS,
    T_MS,
    THREE,
    OneNode,
    answer,
    block,
    chain,
    heartbeat,
    id_of,
    of,
    said,
    transfer,
)

FIRST, SECOND = block(1, 1), block(1, 2)


def _leading(*electing: int, voters: object = THREE) -> OneNode:
    """Leader of term 1, whose opening block is stored and acknowledged by itself."""
    node = OneNode(voters)  # type: ignore[arg-type]
    node.lead(*(electing or (1,)))
    assert node.role == "leader"
    return node


def _counter(effects: list[Effect]) -> int:
    return said(effects, Heartbeat)[-1].counter


def _beat(node: OneNode, answering: tuple[int, ...]) -> None:
    """One heartbeat and its answers."""
    for beat in said(node.tick(HEARTBEAT_MS), Heartbeat):
        for voter in answering:
            node.hear(answer(voter, 1, beat.counter))


def test_a_leader_hands_over_and_is_silent_for_two_timeouts() -> None:
    """Section 6: "its sender proposes nothing more for 2T", so that the successor can catch up."""
    node = _leading()
    (wish,) = said(node.step(TransferAsked(id_of(2))), Transfer)
    assert (wish.term, wish.successor, Position(wish.tip_term, wish.tip_height, wish.tip_hash)) == (1, id_of(2), FIRST)
    assert not node.core.may_propose
    while not node.core.may_propose:
        _beat(node, (1,))
        assert node.now_ms <= 5 * T_MS
    assert node.role == "leader", "the successor may be gone"


def test_the_successor_is_told_of_what_was_built_and_is_still_to_be_proposed() -> None:
    """Guard: consensus/leadership.py, `hand_over`, "_tell_wish(chosen, newest)"."""
    node = _leading()
    (wish,) = said(node.step(TransferAsked(id_of(2), SECOND)), Transfer)
    assert Position(wish.tip_term, wish.tip_height, wish.tip_hash) == SECOND


def test_nobody_waits_for_what_a_full_disk_keeps_from_being_proposed() -> None:
    """Guard: consensus/leadership.py, `hand_over`, "can_write"."""
    node = _leading()
    node.step(WritingChanged(False))
    (wish,) = said(node.step(TransferAsked(id_of(2), SECOND)), Transfer)
    assert Position(wish.tip_term, wish.tip_height, wish.tip_hash) == FIRST


def test_without_a_name_the_furthest_voter_is_wished_for() -> None:
    node = _leading(1, 2, voters=FIVE)
    counter = _counter(node.tick(HEARTBEAT_MS))
    for voter, tip in ((1, GENESIS), (2, FIRST), (3, GENESIS)):
        node.hear(answer(voter, 1, counter, tip, FIVE))
    (wish,) = said(node.step(TransferAsked()), Transfer)
    assert wish.successor == id_of(2)


def test_nobody_is_wished_for_who_was_not_heard_of_late() -> None:
    """A leader that cannot write its disk would hand over to a dead voter again and again, two timeouts each.

    Guard: consensus/pulse.py, `furthest`, "answered.counter >= oldest".
    """
    node = _leading(1, 2, voters=FIVE)
    node.hear(answer(3, 1, _counter(node.tick(HEARTBEAT_MS)), FIRST, FIVE))
    for _ in range(25):
        counter = _counter(node.tick(HEARTBEAT_MS))
        for voter in (1, 2):
            node.hear(answer(voter, 1, counter, GENESIS, FIVE))
    (wish,) = said(node.step(TransferAsked()), Transfer)
    assert wish.successor in (id_of(1), id_of(2))


@pytest.mark.parametrize("successor", [0, 7, None])
def test_nobody_hands_over_to_itself_a_stranger_or_nobody(successor: int | None) -> None:
    node = _leading()
    assert not node.step(TransferAsked(None if successor is None else id_of(successor)))
    assert node.core.may_propose


def test_a_follower_hands_nothing_over() -> None:
    assert not OneNode().step(TransferAsked(id_of(1)))


def test_the_successor_asks_at_once_and_shows_the_wish() -> None:
    node = OneNode()
    node.follow(1, 1)
    node.hear(heartbeat(1, 1, 1))
    effects = node.hear(transfer(1, 0, 1))
    (request,) = [one.packet for one in of(effects, Broadcast)]
    assert isinstance(request.statement, PreVoteRequest)
    assert Transfer.decode(request.attachments[PERMIT]) == transfer(1, 0, 1)
    assert Packet.decode(request.encode()) == request


def test_the_successor_waits_until_it_has_what_the_leader_proposed() -> None:
    node = OneNode()
    node.follow(1, 1)
    assert not node.hear(transfer(1, 0, 1, FIRST))
    node.store(chain(FIRST))
    assert said(node.tick(1), PreVoteRequest)


@pytest.mark.parametrize(
    ("wish", "by"),
    [
        (transfer(1, 2, 1), None),  # for another
        (transfer(2, 0, 1), None),  # of somebody who does not lead
        (transfer(1, 0, 2), None),  # in another term
        (transfer(1, 0, 1), 2),  # forged
    ],
)
def test_a_wish_of_anybody_else_is_nothing(wish: Transfer, by: int | None) -> None:
    node = OneNode()
    node.follow(1, 1)
    assert not node.hear(wish, by=by)
    assert not node.tick(1)


def test_a_wish_ends_with_its_term() -> None:
    node = OneNode()
    node.follow(1, 1)
    node.hear(transfer(1, 0, 1, FIRST))
    node.follow(2, 2)
    node.store(chain(FIRST))
    assert not node.tick(1)


def test_a_wish_is_followed_while_its_sender_proposes_nothing() -> None:
    """Later the leader leads on; an election for a wish of long ago would only disturb. Heard again it is not new.

    Guard: consensus/leadership.py, `_follow_wish`, "is_over", and `on_transfer`, "_newest_wish".
    """
    node = OneNode()
    node.follow(1, 1)
    node.hear(transfer(1, 0, 1, FIRST))
    for counter in range(1, 22):
        node.hear(heartbeat(1, 1, counter))
        node.tick(HEARTBEAT_MS)
    node.store(chain(FIRST))
    assert not node.tick(1)
    assert not node.hear(transfer(1, 0, 1, FIRST))
    node.store(chain(SECOND, on=FIRST))
    assert said(node.hear(transfer(1, 0, 1, SECOND)), PreVoteRequest), "another wish is"
