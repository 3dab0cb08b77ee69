"""Batches that are being verified: which are through."""

from daemon.relayed import Relayed


def test_a_ticket_is_through_when_it_and_all_before_it_are() -> None:
    relayed = Relayed()
    assert relayed.newest == 0
    assert relayed.are_verified(0)
    for ticket, message in ((3, b"a"), (4, None), (9, b"c")):
        relayed.add(ticket, message)
    assert (len(relayed), relayed.newest, relayed.answers_count) == (3, 9, 1)
    assert relayed.are_verified(2)
    assert not relayed.are_verified(3)
    assert relayed.take(4) is None
    assert (4 in relayed, 9 in relayed) == (False, True)
    assert not relayed.are_verified(4)
    assert relayed.take(3) == b"a"
    assert relayed.are_verified(8)
    assert not relayed.are_verified(9)
    assert relayed.take(9) == b"c"
    assert relayed.are_verified(9)
    assert relayed.newest == 0
