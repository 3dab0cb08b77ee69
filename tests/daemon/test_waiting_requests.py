"""Requests that only wait for a block, on a node that works on one request at a time."""

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from daemon.home import Home
from storage.interface import WriteBatch
from storage.lmdb_store import LmdbStore
from tests.daemon.shell import Served, make_home, served
from tests.daemon.test_api_transactions import MSGPACK

pytestmark = pytest.mark.trio


class HeldDisk:
    """Whether writes may go on that have begun."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.goes_on.set()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldDisk]:
    held, apply = HeldDisk(), LmdbStore.apply

    def apply_later(store: LmdbStore, batches: Sequence[WriteBatch]) -> None:
        held.goes_on.wait()
        apply(store, batches)

    monkeypatch.setattr(LmdbStore, "apply", apply_later)
    # On the disk's thread, all of them: the event loop is not to stand still.
    monkeypatch.setattr("daemon.lone_writes.ENTRY_COUNT_MAX", -1)
    yield held
    held.goes_on.set()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


@pytest.fixture
async def node(home: Home, disk: HeldDisk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr("daemon.api.places.WAIT_SECONDS_MAX", 1.0)
    async with served(home.directory, lambda config: replace(config, http_requests_max=1)) as running:
        try:
            yield running
        finally:
            disk.goes_on.set()


async def is_answered(node: Served) -> bool:
    """Whether somebody else's request finds a place."""
    return (await node.tcp.get("/healthz")).status_code == 200


async def test_who_waits_for_a_block_takes_nobodys_place(node: Served, disk: HeldDisk) -> None:
    """Guard: daemon/api/transactions.py, `submit`, "request.scope[PLACE].lent() if pending.outcome is None"."""
    statuses: list[int] = []

    async def submit(raw: bytes) -> None:
        answer = await node.tcp.post("/v1/transactions?wait=20", content=raw, headers=MSGPACK)
        statuses.append(answer.status_code)

    disk.goes_on.clear()
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(submit, node.shell.raw_notice(f"notice {number}"))
        with trio.fail_after(10):
            while len(node.service._waiting._everybody) < 3:
                await trio.lowlevel.checkpoint()
        assert await is_answered(node)
        assert not statuses
        disk.goes_on.set()
    assert statuses == [200] * 3


async def test_who_waits_for_what_may_never_come_takes_nobodys_place(node: Served) -> None:
    """Guard: daemon/api/transactions.py, `show`, "async with request.scope[PLACE].lent():"."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node.tcp.get, f"/v1/transactions/{'0' * 64}?wait=60")
        with trio.fail_after(10):
            while node.service._waiting.is_empty:
                await trio.lowlevel.checkpoint()
        assert await is_answered(node)
        nursery.cancel_scope.cancel()
