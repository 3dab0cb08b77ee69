"""Switchboards over real sockets and real TLS: who gets in, who stays, and what everybody is told."""

import pytest
import trio

from consensus.packets import PACKET_SIZE_BYTES_MAX
from p2p.close_reasons import CloseReason
from p2p.effects import SendClass
from p2p.frames import Gossip, PayloadKind, Prune
from p2p.switchboard import TransportSettings
from p2p.transport_errors import PeerRefusedError
from p2p.transport_events import FrameCame, LinkDown, LinkFailed, LinkUp
from p2p.transport_messages import Hello
from tests.p2p.switchboards import DEADLINE_S, HEAD, KEYS, NOW_MS, Station, contact, hello_of, knocking, running, until

pytestmark = pytest.mark.trio


async def connected(one: Station, other: Station) -> None:
    """`one` has dialled `other`, and both know it."""
    one.switchboard.dial(other.id)
    assert (await one.next(LinkUp)).peer == other.id
    assert (await other.next(LinkUp)).peer == one.id


async def test_two_nodes_greet_and_carry_frames_both_ways() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1])
    async with running(one, other):
        one.switchboard.dial(other.id)
        assert await one.next(LinkUp) == LinkUp(other.id, True, 1, HEAD)
        assert await other.next(LinkUp) == LinkUp(one.id, False, 1, HEAD)
        frame = Gossip.of(PayloadKind.AGREEMENT, b"vote")
        large = Gossip.of(PayloadKind.TRANSACTIONS, bytes(400_000))
        one.switchboard.send(other.id, large, SendClass.TRANSACTIONS)
        one.switchboard.flush()
        other.switchboard.send(one.id, frame, SendClass.AGREEMENT)
        other.switchboard.flush()
        assert await one.next(FrameCame) == FrameCame(other.id, frame)
        assert await other.next(FrameCame) == FrameCame(one.id, large)
        (line,) = one.switchboard.peers()
        assert (line.peer, line.is_connected, line.dialled, line.since_ms) == (other.id, True, True, NOW_MS)
        assert line.sent_size_bytes > 400_000 and 0 < line.received_size_bytes < 1000
        carried = one.switchboard.carried
        assert (carried.sent_size_bytes, carried.received_size_bytes) == (
            line.sent_size_bytes,
            line.received_size_bytes,
        )
        one.switchboard.drop(other.id, CloseReason.TOO_MANY_NEIGHBOURS)
        await one.next(LinkDown)
        assert one.switchboard.carried.sent_size_bytes > line.sent_size_bytes, "kept when a connection ends"


async def test_a_dropped_peer_is_told_why() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1])
    async with running(one, other):
        await connected(one, other)
        one.switchboard.drop(other.id, CloseReason.TOO_MANY_NEIGHBOURS)
        assert await other.next(LinkDown) == LinkDown(one.id, CloseReason.TOO_MANY_NEIGHBOURS)
        assert await one.next(LinkDown) == LinkDown(other.id, CloseReason.TOO_MANY_NEIGHBOURS)
        (line,) = other.switchboard.peers()
        assert not line.is_connected
        assert line.ending is not None and line.ending.reason is CloseReason.TOO_MANY_NEIGHBOURS


async def test_whoever_leaves_says_goodbye() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1])
    async with running(one, other):
        await connected(one, other)
        await one.switchboard.leave()
        assert await other.next(LinkDown) == LinkDown(one.id, CloseReason.SHUTTING_DOWN)


async def test_a_pin_that_is_removed_ends_the_connection_and_shuts_the_door() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1])
    async with running(one, other):
        await connected(one, other)
        other.know()
        assert await one.next(LinkDown) == LinkDown(other.id, CloseReason.NOT_REGISTERED)
        assert await other.next(LinkDown) == LinkDown(one.id, CloseReason.NOT_REGISTERED)
        # While the old context is still in use, the registry says no; with the new one, TLS does.
        reasons = [CloseReason.NOT_REGISTERED]
        with trio.fail_after(DEADLINE_S):
            while reasons[-1] is CloseReason.NOT_REGISTERED:
                one.switchboard.dial(other.id)
                reasons.append((await one.next(LinkFailed)).reason)
        assert reasons[-1] is CloseReason.SHUT_OUT
        assert {one.reason for one in other.switchboard.strangers} <= {
            CloseReason.NOT_REGISTERED,
            CloseReason.WRONG_CERTIFICATE,
        }


async def test_a_removal_that_nobody_told_of_is_noticed() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1])
    async with running(one, other):
        await connected(one, other)
        other.registry.replace([other.contact])
        assert await one.next(LinkDown) == LinkDown(other.id, CloseReason.NOT_REGISTERED)


async def test_another_network_is_refused_with_the_reason() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1], network=b"x" * 32)
    async with running(one, other):
        one.switchboard.dial(other.id)
        assert await one.next(LinkFailed) == LinkFailed(other.id, CloseReason.WRONG_NETWORK)
        await until(lambda: other.switchboard.peers() != ())
        (line,) = other.switchboard.peers()
        assert line.ending is not None and line.ending.reason is CloseReason.WRONG_NETWORK


async def refused(station: Station, hello: Hello) -> CloseReason:
    """Why `station` refuses a registered node that says this."""
    async with knocking(station, KEYS[1]) as connection:
        await connection.say(hello)
        with pytest.raises(PeerRefusedError) as error:
            await connection.hear_hello()
    assert error.value.told
    return error.value.reason


async def test_a_greeting_that_does_not_fit_is_answered_with_the_reason() -> None:
    station = Station(KEYS[0])
    async with running(station):
        station.know(contact(KEYS[1]), contact(KEYS[2]))
        right = hello_of(KEYS[1])
        fields = (right.network, right.node, right.run, right.head_height, right.head_hash)
        assert await refused(station, Hello((2, 9), *fields)) is CloseReason.WRONG_VERSION
        assert await refused(station, hello_of(KEYS[1], network=b"x" * 32)) is CloseReason.WRONG_NETWORK
        assert await refused(station, hello_of(KEYS[2])) is CloseReason.WRONG_NODE
        assert await refused(station, hello_of(KEYS[0])) is CloseReason.ITSELF
        station.switchboard.drop(KEYS[1].node_id, CloseReason.MISBEHAVED, NOW_MS + 1000)
        assert await refused(station, right) is CloseReason.BANNED
        station.now_ms += 1000
        async with knocking(station, KEYS[1]) as connection:
            await connection.say(right)
            assert (await connection.hear_hello()).node == station.id
            assert (await station.next(LinkUp)).peer == KEYS[1].node_id


async def test_a_node_that_dials_itself_is_told() -> None:
    one = Station(KEYS[0])
    async with running(one):
        one.switchboard.dial(one.id)
        assert await one.next(LinkFailed) == LinkFailed(one.id, CloseReason.ITSELF)


async def test_fixed_neighbours_are_the_only_ones() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1], TransportSettings(fixed=frozenset((KEYS[2].node_id,))))
    async with running(one, other):
        one.switchboard.dial(other.id)
        assert await one.next(LinkFailed) == LinkFailed(other.id, CloseReason.NOT_IN_THE_LIST)
        other.switchboard.dial(one.id)
        assert await other.next(LinkFailed) == LinkFailed(one.id, CloseReason.NOT_IN_THE_LIST)


async def test_both_dial_at_once_and_one_connection_stays() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1])
    async with running(one, other):
        for _ in range(10):
            one.switchboard.dial(other.id)
            other.switchboard.dial(one.id)
            await until(lambda: all(any(line.is_connected for line in s.switchboard.peers()) for s in (one, other)))
            ups = [await station.first(LinkUp) for station in (one, other)]
            assert [up.dialled for up in ups] in ([True, False], [False, True])
            one.switchboard.send(other.id, Prune(), SendClass.CONTROL)
            one.switchboard.flush()
            assert await other.first(FrameCame) == FrameCame(one.id, Prune())
            one.switchboard.drop(other.id, CloseReason.OTHER)
            for station in (one, other):
                await station.first(LinkDown)


async def test_everybody_dials_everybody_and_all_agree_on_one_connection() -> None:
    stations = [Station(keys, events_max=1000) for keys in KEYS]
    async with running(*stations):
        for station in stations:
            for other in stations:
                if other is not station:
                    station.switchboard.dial(other.id)

        def are_settled() -> bool:
            # Nobody dials any more, and both ends of each pair name the same one as the one that dialled.
            if any(station.switchboard._dialling for station in stations):
                return False
            dialled = {
                (station.id, line.peer): line.dialled
                for station in stations
                for line in station.switchboard.peers()
                if line.is_connected
            }
            pairs = len(KEYS) * (len(KEYS) - 1)
            return len(dialled) == pairs and all(dialled[b, a] is not by for (a, b), by in dialled.items())

        await until(are_settled)
        for station in stations:
            for other in stations:
                station.switchboard.send(other.id, Prune(), SendClass.CONTROL)
                station.switchboard.flush()
        for station in stations:
            came = {(await station.first(FrameCame)).peer for _ in range(len(KEYS) - 1)}
            assert came == {other.id for other in stations if other is not station}


async def test_a_node_that_came_back_takes_the_place_of_its_dead_connection() -> None:
    station = Station(KEYS[1])
    async with running(station):
        # The smaller id and the larger: who dialled first does not matter once the process is another one.
        for keys in (KEYS[0], KEYS[2]):
            station.know(contact(keys))
            async with knocking(station, keys) as dead, knocking(station, keys) as alive:
                await dead.say(hello_of(keys, b"1" * 16))
                await dead.hear_hello()
                assert (await station.next(LinkUp)).peer == keys.node_id
                await alive.say(hello_of(keys, b"2" * 16))
                await alive.hear_hello()
                assert await station.next(LinkDown) == LinkDown(keys.node_id, CloseReason.DUPLICATE)
                assert (await station.next(LinkUp)).peer == keys.node_id
            assert await station.next(LinkDown) == LinkDown(keys.node_id, CloseReason.LOST)


async def test_a_node_that_nobody_can_dial_and_one_that_does_not_answer() -> None:
    one = Station(KEYS[0])
    async with running(one):
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        free_port = listeners[0].socket.getsockname()[1]
        await listeners[0].aclose()
        # The last is an address by its form, and no name that can be asked for.
        one.know(contact(KEYS[1]), contact(KEYS[2], f"127.0.0.1:{free_port}"), contact(KEYS[3], "a..b:7000"))
        for keys, reason in (
            (KEYS[1], CloseReason.NO_ADDRESS),
            (KEYS[2], CloseReason.UNREACHABLE),
            (KEYS[3], CloseReason.UNREACHABLE),
            (KEYS[4], CloseReason.NOT_REGISTERED),
        ):
            one.switchboard.dial(keys.node_id)
            assert await one.next(LinkFailed) == LinkFailed(keys.node_id, reason)


async def test_votes_pass_a_flood_of_answers() -> None:
    """By order, not by time: what is urgent was queued last and comes before most of what was queued first."""
    one, other = Station(KEYS[0], events_max=8), Station(KEYS[1], events_max=8)
    async with running(one, other):
        await connected(one, other)
        flood = [Gossip.of(PayloadKind.TRANSACTIONS, bytes([index]) * 300_000) for index in range(12)]
        for frame in flood:
            one.switchboard.send(other.id, frame, SendClass.TRANSACTIONS)
        vote = Gossip.of(PayloadKind.AGREEMENT, b"v" * (PACKET_SIZE_BYTES_MAX - 100))
        one.switchboard.send(other.id, vote, SendClass.AGREEMENT)
        one.switchboard.flush()
        came = [(await other.next(FrameCame)).frame for _ in range(13)]
        assert came.index(vote) == 0
        assert [frame for frame in came if frame is not came[0]] == flood
