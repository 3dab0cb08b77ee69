"""Who is let in, pure: the door's counts, bans, guests, the choice between two connections, what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2p import bans, doorkeeper, guests, peer_book
from p2p.bans import Ban, Bans
from p2p.close_reasons import OF_DROP, CloseReason
from p2p.doorkeeper import FAILURES, Doorkeeper, DoorLimits
from p2p.effects import DropReason
from p2p.guests import Guests
from p2p.invitations import LIFETIME_MS_MAX, Guest, Invitation
from p2p.pairing import Choice, Present, choose
from p2p.peer_book import Ending, PeerBook, Stranger
from p2p.transport_errors import InvalidInvitationError
from tests.p2p.switchboards import KEYS, NETWORK, NOW_MS, contact

LIMITS = DoorLimits(connections_max=5, connections_per_address_max=3, handshakes_max=4, handshakes_per_address_max=2)
FULL = CloseReason.TOO_MANY_CONNECTIONS


def test_handshakes_and_connections_are_counted_for_each_address_and_in_all() -> None:
    door = Doorkeeper(LIMITS)
    assert [door.enter("a", 0) for _ in range(3)] == [None, None, FULL]
    door.greeted("a")
    assert [door.enter("a", 0) for _ in range(2)] == [None, FULL]
    door.greeted("a")
    # Three connections of this address are in now, whatever its handshakes do.
    door.greeted("a")
    assert door.enter("a", 0) is FULL
    assert [door.enter(address, 0) for address in "bcd"] == [None, None, FULL]
    for address in "aaa":
        door.left(address)
    assert [door.enter(address, 0) for address in "de"] == [None, None]
    assert door.enter("f", 0) is FULL


def test_an_address_whose_handshakes_fail_is_slowed_down_and_never_banned() -> None:
    door = Doorkeeper()

    def knock(now_ms: int) -> bool:
        if door.enter("a", now_ms) is not None:
            return False
        door.greeted("a")
        door.left("a")
        door.failed("a", now_ms)
        return True

    assert sum(knock(0) for _ in range(1000)) == FAILURES.burst + 1
    assert sum(knock(10_000) for _ in range(1000)) == FAILURES.per_second * 10
    assert door.enter("b", 0) is None


def test_addresses_that_failed_are_forgotten_when_there_are_too_many() -> None:
    door = Doorkeeper()
    for number in range(doorkeeper.FAILING_ADDRESSES_MAX + 10):
        door.failed(str(number), 0)
    assert len(door._failures) == doorkeeper.FAILING_ADDRESSES_MAX
    assert "0" not in door._failures


def test_a_ban_ends_and_the_later_end_counts() -> None:
    listed = Bans()
    listed.add(b"p", Ban(100, CloseReason.MISBEHAVED))
    listed.add(b"p", Ban(50, CloseReason.OTHER))
    assert listed.of(b"p", 99) == Ban(100, CloseReason.MISBEHAVED)
    assert listed.in_force(99) == {b"p": Ban(100, CloseReason.MISBEHAVED)}
    assert listed.of(b"p", 100) is None and len(listed) == 0


def test_the_list_of_bans_is_bounded() -> None:
    listed = Bans()
    for number in range(bans.BANS_MAX + 5):
        listed.add(number.to_bytes(32, "big"), Ban(1000 + number, CloseReason.MISBEHAVED))
    assert len(listed) == bans.BANS_MAX
    assert listed.of((4).to_bytes(32, "big"), 0) is None
    assert listed.of((5).to_bytes(32, "big"), 0) is not None


def invitation(index: int = 1, issued_ms: int = NOW_MS, expiry_ms: int = NOW_MS + 1000) -> Invitation:
    guest = Guest(KEYS[index].node_id, KEYS[index].transport.public)
    return Invitation.make(
        NETWORK, guest, (contact(KEYS[0], "node.example:7000"),), issued_ms, expiry_ms, KEYS[0].agreement
    )


def may_invite(key: bytes) -> bool:
    return key == KEYS[0].agreement.public


def test_an_invitation_is_read_as_it_was_written_and_holds() -> None:
    made = invitation()
    read = Invitation.from_text("\n " + made.to_text() + "\n")
    assert read == made
    read.check(NETWORK, NOW_MS + 999, may_invite)


@pytest.mark.parametrize(
    ("network", "now_ms", "inviter", "what"),
    [
        (b"x" * 32, NOW_MS, KEYS[0], "another network"),
        (NETWORK, NOW_MS + 1000, KEYS[0], "expired"),
        (NETWORK, NOW_MS, KEYS[2], "nobody who may invite"),
    ],
)
def test_an_invitation_that_does_not_hold_is_refused(network: bytes, now_ms: int, inviter: object, what: str) -> None:
    with pytest.raises(InvalidInvitationError, match=what):
        invitation().check(network, now_ms, lambda key: inviter is KEYS[0] and may_invite(key))


def test_an_invitation_for_longer_than_a_month_or_without_a_way_in_is_not_made() -> None:
    with pytest.raises(InvalidInvitationError, match="30 days"):
        invitation(expiry_ms=NOW_MS + LIFETIME_MS_MAX + 1)
    guest = Guest(KEYS[1].node_id, KEYS[1].transport.public)
    for neighbours in ((), (contact(KEYS[0]),), (contact(KEYS[1], "node.example:7000"),)):
        with pytest.raises(InvalidInvitationError):
            Invitation.make(NETWORK, guest, neighbours, NOW_MS, NOW_MS + 1, KEYS[0].agreement)
    with pytest.raises(InvalidInvitationError, match="no Ed25519 key"):
        Invitation.make(NETWORK, Guest(guest.node, bytes(32)), (contact(KEYS[0], "a:1"),), 0, 1, KEYS[0].agreement)


def test_guests_are_in_until_their_time_is_over() -> None:
    listed = Guests()
    key = KEYS[1].transport.public
    listed.admit(invitation(), NOW_MS)
    listed.admit(invitation(expiry_ms=NOW_MS + 500), NOW_MS)
    assert listed.node_of(key, NOW_MS + 999) == KEYS[1].node_id
    assert listed.node_of(key, NOW_MS + 1000) is None
    assert [one.node for one in listed.contacts()] == [KEYS[1].node_id]
    assert not listed.forget_expired(NOW_MS + 999) and listed.forget_expired(NOW_MS + 1000)
    assert listed.contacts() == ()


def test_guests_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "GUESTS_MAX", 2)
    listed = Guests()
    listed.admit(invitation(1), NOW_MS)
    listed.admit(invitation(2), NOW_MS)
    with pytest.raises(InvalidInvitationError, match="2 invitations are open"):
        listed.admit(invitation(3), NOW_MS)
    # The same guest again, or a place that is free again, is another matter.
    listed.admit(invitation(2, expiry_ms=NOW_MS + 5000), NOW_MS)
    listed.admit(invitation(3, NOW_MS + 1000, NOW_MS + 2000), NOW_MS + 1000)
    assert listed.node_of(KEYS[3].transport.public, NOW_MS + 1000) == KEYS[3].node_id


SMALL, LARGE = b"a" * 32, b"b" * 32


@given(st.booleans(), st.booleans(), st.booleans())
def test_two_dials_at_once_leave_one_connection(small_first: bool, small_is_up: bool, large_is_up: bool) -> None:
    """Each node hears the other's hello while its own dial waits for an answer, or has had it already."""

    def choice(own: bytes, peer: bytes, is_up: bool) -> Choice:
        present = Present(dialled=True, run=b"run") if is_up else None
        return choose(own, peer, b"run", present, is_greeting=not is_up)

    at_small, at_large = choice(SMALL, LARGE, small_is_up), choice(LARGE, SMALL, large_is_up)
    assert at_small is Choice.REFUSE
    assert at_large is (Choice.REPLACE if large_is_up else Choice.ACCEPT)


@pytest.mark.parametrize(("own", "peer"), [(SMALL, LARGE), (LARGE, SMALL)])
def test_a_peer_that_lost_the_connection_is_taken_back(own: bytes, peer: bytes) -> None:
    # Its process is another one; or it is the one that dials, and dials again.
    assert choose(own, peer, b"new", Present(True, b"old"), False) is Choice.REPLACE
    assert choose(own, peer, b"new", Present(False, b"old"), False) is Choice.REPLACE
    assert choose(own, peer, b"run", Present(False, b"run"), False) is Choice.REPLACE
    assert choose(own, peer, b"run", None, False) is Choice.ACCEPT


def test_the_book_is_bounded_and_keeps_the_newest() -> None:
    book = PeerBook(0)
    for number in range(peer_book.PEERS_MAX + 1):
        book.ended(number.to_bytes(32, "big"), Ending(number, "a:1", CloseReason.LOST, "d" * 1000))
    assert len(book.endings) == peer_book.PEERS_MAX and bytes(32) not in book.endings
    assert len(book.endings[(5).to_bytes(32, "big")].detail) == peer_book.DETAIL_LENGTH_MAX
    for number in range(peer_book.STRANGERS_MAX + 1):
        book.turned_away(Stranger(number, "a:1", CloseReason.WRONG_CERTIFICATE, ""))
    assert [one.at_ms for one in book.strangers] == list(range(1, peer_book.STRANGERS_MAX + 1))
    assert sum(book.may_log(0) for _ in range(1000)) == peer_book.LOGGED.burst


def test_every_reason_to_drop_has_one_to_tell() -> None:
    assert set(OF_DROP) == set(DropReason)
    assert {reason.text for reason in OF_DROP.values()} == {
        "too-many-neighbours",
        "not-in-the-list",
        "not-registered",
        "misbehaved",
    }
    assert CloseReason.of_number(200) is CloseReason.OTHER
