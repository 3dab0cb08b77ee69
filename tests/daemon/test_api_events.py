"""The stream of events: nothing lost, resumed anywhere, ended by the node or the client."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from daemon.home import Home
from tests.daemon.shell import Served, make_home, served
from tests.daemon.test_api_transactions import assert_problem

pytestmark = pytest.mark.trio


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
async def node(home: Home) -> AsyncIterator[Served]:
    async with served(home.directory) as running:
        yield running


class Stream:
    """Events of an open stream, one after the other."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self._lines = answer.aiter_lines()

    async def next(self) -> tuple[str, str, dict[str, Any]]:
        """Id, kind and data of the next event; comments are passed over."""
        fields: dict[str, str] = {}
        with trio.fail_after(20):
            async for line in self._lines:
                if not line and fields:
                    return fields["id"], fields["event"], json.loads(fields["data"])
                if line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
        raise EOFError

    async def up_to(self, last_id: str) -> list[tuple[str, str, dict[str, Any]]]:
        """The events up to this one."""
        found = [await self.next()]
        while found[-1][0] != last_id:
            found.append(await self.next())
        return found


@asynccontextmanager
async def listening(client: httpx.AsyncClient, query: str = "", last_event_id: str = "") -> AsyncIterator[Stream]:
    headers = {"last-event-id": last_event_id} if last_event_id else {}
    async with client.stream("GET", f"/v1/events{query}", headers=headers) as answer:
        yield Stream(answer)


async def last_event_of(node: Served, count: int) -> str:
    """Submit `count` notices one by one; the id of the event of the last one."""
    outcome = None
    for number in range(count):
        outcome = await node.service.submit(node.shell.raw_notice(str(number)))
    assert outcome is not None
    return f"{outcome.height}.1"


async def test_events_come_with_their_blocks_in_order(node: Served) -> None:
    last = await last_event_of(node, 3)
    async with listening(node.tcp, "?after=0.0") as stream:
        events = await stream.up_to(last)
    places = [tuple(int(part) for part in event_id.split(".")) for event_id, _, _ in events]
    assert places[0] == (1, 0)
    assert places == sorted(places)
    assert {kind for (_, number), (_, kind, _) in zip(places, events, strict=True) if number == 0} == {"block"}
    posted = [data for _, kind, data in events if kind == "event"]
    assert [data["name"] for data in posted] == ["notice.posted"] * 3
    assert [data["data"] for data in posted] == [{"number": number, "unit": "branch-1"} for number in (1, 2, 3)]
    for (height, number), (_, kind, data) in zip(places, events, strict=True):
        assert data["height"] == height
        assert kind == "block" or data["number"] == number


async def test_a_stream_is_resumed_right_after_any_event(node: Served) -> None:
    last = await last_event_of(node, 3)
    async with listening(node.tcp, "?after=0.0") as stream:
        events = await stream.up_to(last)
    for at in range(len(events) - 1):
        async with listening(node.tcp, "", last_event_id=events[at][0]) as stream:
            assert await stream.up_to(last) == events[at + 1 :]
    async with listening(node.tcp, f"?after={events[1][0]}") as stream:
        assert await stream.next() == events[2]


async def test_a_listener_hears_what_happens_from_now_on(node: Served) -> None:
    await last_event_of(node, 2)
    async with listening(node.tcp) as stream:
        outcome = await node.service.submit(node.shell.raw_notice("now"))
        event_id, kind, data = await stream.next()
        while kind != "event":
            event_id, kind, data = await stream.next()
        assert event_id == f"{outcome.height}.1"
        assert outcome.transaction_id is not None
        assert data["transaction"] == outcome.transaction_id.hex()


async def test_a_stream_begins_at_any_leaf_of_the_log(node: Served) -> None:
    last = await last_event_of(node, 3)
    async with listening(node.tcp, "?after=0.0") as stream:
        events = await stream.up_to(last)
    blocks = {
        data["height"]: data["tree_size"] - data["transactions"] - 1 for _, kind, data in events if kind == "block"
    }
    of_leaf = [blocks[data["height"]] if kind == "block" else data["index"] for _, kind, data in events]
    assert of_leaf == sorted(of_leaf)
    for index in range(max(of_leaf) + 1):
        async with listening(node.tcp, f"?from_index={index}") as stream:
            expected = [event for event, leaf in zip(events, of_leaf, strict=True) if leaf >= index]
            assert await stream.up_to(last) == expected, index
    # Far ahead: the log grows by itself, and a stream that begins would never end.
    assert_problem(await node.tcp.get("/v1/events?from_index=1000"), 400, "parameter-invalid")
    assert_problem(await node.tcp.get("/v1/events?from_index=-1"), 400, "parameter-invalid")


async def test_a_stream_begins_at_the_leaf_that_comes_next(node: Served) -> None:
    """And goes on where it was cut off, whatever it began with."""
    await last_event_of(node, 1)
    size = node.service.status().tree_size
    async with listening(node.tcp, f"?from_index={size}") as stream:
        last = await last_event_of(node, 2)
        events = await stream.up_to(last)
    assert [data["data"]["number"] for _, kind, data in events if kind == "event"] == [2, 3]
    async with listening(node.tcp, f"?from_index={size}", last_event_id=events[1][0]) as stream:
        assert await stream.up_to(last) == events[2:]


@pytest.mark.parametrize("after", ["1", "1.", "x.1", "01.1", "-1.0", "1.1.1"])
async def test_a_place_that_is_none_is_refused(node: Served, after: str) -> None:
    assert_problem(await node.tcp.get(f"/v1/events?after={after}"), 400, "parameter-invalid")


async def test_there_are_only_so_many_listeners(home: Home) -> None:
    async with served(home.directory, lambda config: replace(config, event_listeners_max=1)) as node:
        async with listening(node.tcp, "?after=0.0") as stream:
            await stream.next()
            assert_problem(await node.tcp.get("/v1/events"), 429, "too-many-requests")
        with trio.fail_after(10):
            while True:
                async with listening(node.tcp, "?after=0.0") as stream:
                    if stream.status == 200:
                        await stream.next()
                        return


async def test_a_client_that_goes_frees_its_place(node: Served) -> None:
    gauge = node.shell.metrics.listeners.labels("tcp")
    async with listening(node.tcp, "?after=0.0") as stream:
        await stream.next()
        assert gauge._value.get() == 1
    with trio.fail_after(10):
        while gauge._value.get():
            await trio.lowlevel.checkpoint()


async def test_a_stopping_node_ends_its_streams(node: Served) -> None:
    async with listening(node.tcp, "?after=0.0") as stream:
        await stream.next()
        with trio.fail_after(10):
            await node.stop()
            with pytest.raises((EOFError, httpx.RemoteProtocolError)):
                while True:
                    await stream.next()
