"""What neighbours tell each other for their operators: clocks, versions, addresses, and who can be reached."""

import pytest
import trio

from p2p.close_reasons import CloseReason
from p2p.lookout import LookoutTimes
from p2p.sightings import COUNT_MAX, Sighting, Sightings
from p2p.switchboard import TransportSettings
from p2p.transport_events import LinkUp
from p2p.transport_messages import Reach, Sight
from tests.p2p.switchboards import KEYS, NOW_MS, Station, contact, knocking, running, until

QUICK = TransportSettings(rhythm=LookoutTimes(sight_every_s=0.02, look_after_s=0.01, look_every_s=0.02))


def seen(station: Station) -> Sighting | None:
    lines = [line for line in station.switchboard.peers() if line.is_connected]
    return lines[0].sighting if lines else None


def reach(station: Station) -> Reach | None:
    sighting = seen(station)
    return None if sighting is None else sighting.reach


@pytest.mark.trio
async def test_neighbours_tell_clock_software_and_address() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1], software="2.1")
    other.now_ms += 7000
    async with running(one, other):
        one.switchboard.dial(other.id)
        await until(lambda: seen(one) is not None and seen(other) is not None)
        (line,) = one.switchboard.peers()
        sighting = seen(one)
        assert sighting is not None
        assert (sighting.clock_offset_ms, sighting.at_ms, sighting.software) == (7000, NOW_MS, "2.1")
        # This node has dialled: the other sees where it comes from, and does not know yet whether it can be reached.
        assert sighting.address.startswith("127.0.0.1:") and sighting.address != one.contact.address
        assert (sighting.reach, line.version) == (Reach.UNKNOWN, 1)
        back = seen(other)
        assert back is not None
        assert (back.clock_offset_ms, back.address, back.reach) == (-7000, other.contact.address, Reach.REACHED)


@pytest.mark.trio
async def test_a_node_that_was_dialled_looks_whether_the_other_can_be_reached() -> None:
    one, other = Station(KEYS[0], QUICK), Station(KEYS[1], QUICK)
    async with running(one, other):
        one.switchboard.dial(other.id)
        assert (await one.next(LinkUp)).peer == other.id
        await until(lambda: reach(one) is Reach.REACHED)
        # A look leaves no trace where it came: it was no attempt to connect.
        assert one.switchboard.strangers == ()
        assert [line.ending for line in one.switchboard.peers()] == [None]
        # Somebody else's address now: nobody there holds this node's key.
        other.know(contact(KEYS[0], other.contact.address))
        await until(lambda: reach(one) is Reach.NOT_REACHED)
        nowhere = await trio.open_tcp_listeners(0, host="127.0.0.1")
        closed = f"127.0.0.1:{nowhere[0].socket.getsockname()[1]}"
        await nowhere[0].aclose()
        other.know(one.contact)
        await until(lambda: reach(one) is Reach.REACHED)
        other.know(contact(KEYS[0], closed))
        await until(lambda: reach(one) is Reach.NOT_REACHED)
        other.know(contact(KEYS[0]))
        await until(lambda: reach(one) is Reach.UNKNOWN)


@pytest.mark.trio
async def test_a_look_leaves_no_trace_and_any_other_goodbye_does() -> None:
    station = Station(KEYS[0])
    async with running(station):
        station.know(contact(KEYS[1]), contact(KEYS[2]))
        for keys, reason in ((KEYS[1], CloseReason.LOOKED), (KEYS[2], CloseReason.SHUTTING_DOWN)):
            async with knocking(station, keys) as connection:
                await connection.abandon(reason)
        await until(lambda: bool(station.switchboard.peers()))
        assert [line.peer for line in station.switchboard.peers()] == [KEYS[2].node_id]


def test_the_quickest_of_the_newest_sights_tells_the_difference() -> None:
    sightings = Sightings()
    for delay_ms in (30, 900, 5, 40):
        sightings.add(sight(NOW_MS), NOW_MS - 60_000 + delay_ms)
    assert sightings.newest is not None and sightings.newest.clock_offset_ms == 60_000 - 5
    # The clock was set right: what was seen before is forgotten.
    for _ in range(COUNT_MAX):
        sightings.add(sight(NOW_MS), NOW_MS + 7)
    assert sightings.newest.clock_offset_ms == -7


def test_text_that_is_none_is_shown_all_the_same() -> None:
    sightings = Sightings()
    sightings.add(Sight(0, b"\xff1.0", b"\xfe", Reach.UNKNOWN, 0), NOW_MS)
    assert sightings.newest is not None and sightings.newest.software == "\ufffd1.0"


def sight(clock_ms: int) -> Sight:
    return Sight(clock_ms, b"1.0", b"127.0.0.1:1", Reach.UNKNOWN, 0)
