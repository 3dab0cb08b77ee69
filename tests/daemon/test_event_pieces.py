"""The bytes of an event stream: the same whoever asks and from wherever, written once, and bounded."""

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from daemon.api import event_pieces
from daemon.api.event_pieces import EventPieces, Place
from daemon.api.events import TURN_SECONDS, turn_after
from tests.daemon.shell import Served, make_home, served

KEPT_BLOCKS = 16
BLOCKS = 2 * KEPT_BLOCKS


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Served]:
    """A node with blocks of one and of several transactions."""
    async with served(make_home(tmp_path / "home").directory) as running:
        for number in range(BLOCKS):
            raws = [running.shell.raw_notice(f"notice {number} {one}") for one in range(1 + number % 3)]
            assert all(one.result is not None and one.result.ok for one in await running.service.submit_many(raws))
        yield running


def told(pieces: EventPieces, after: Place, height: int) -> bytes:
    return b"".join(pieces.between(after, height))


@pytest.mark.trio
async def test_what_is_told_does_not_depend_on_what_was_told_before(
    node: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = node.service.store
    height = store.head().executed_height
    used = EventPieces(store)
    whole = told(used, Place(1, -1), height)
    assert whole.count(b"event: event\n") == sum(1 + number % 3 for number in range(BLOCKS))
    ids = [line.removeprefix(b"id: ").split(b".") for line in whole.splitlines() if line.startswith(b"id: ")]
    places = [Place(int(block), int(number)) for block, number in ids]
    assert places == sorted(set(places))
    for place, begins in zip(places, [*whole.split(b"id: ")[2:], b""], strict=True):
        rest = told(used, place, height)
        assert rest == told(EventPieces(store), place, height)
        assert rest.startswith(b"id: " + begins if begins else b"")
        assert whole.endswith(rest)
    # Pieces end where they are full, those of one block too.
    monkeypatch.setattr(event_pieces, "PIECE_SIZE_BYTES", 500)
    anew = EventPieces(store)
    for _ in range(2):
        parts = list(anew.between(Place(1, -1), height))
        assert b"".join(parts) == whole
        assert all(500 <= len(part) < 1500 for part in parts[:-1])
    assert max(map(len, anew._kept.values())) == 2


@pytest.mark.trio
async def test_two_who_are_told_a_block_at_the_same_time_have_it_kept_once(
    node: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard: daemon/api/event_pieces.py, "if height not in self._kept:"."""
    monkeypatch.setattr(event_pieces, "PIECE_SIZE_BYTES", 100)
    height = node.service.store.head().executed_height
    pieces = EventPieces(node.service.store)
    for one, other in zip(pieces.between(Place(1, -1), height), pieces.between(Place(1, -1), height), strict=True):
        assert one == other
    assert pieces._size_bytes == sum(len(piece) for kept in pieces._kept.values() for piece in kept)


@pytest.mark.trio
async def test_no_more_bytes_are_kept_than_may_be(node: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: daemon/api/event_pieces.py, "or self._size_bytes > KEPT_SIZE_BYTES_MAX"."""
    height = node.service.store.head().executed_height
    pieces = EventPieces(node.service.store)
    whole = len(told(pieces, Place(1, -1), height))
    assert pieces._size_bytes == whole
    monkeypatch.setattr(event_pieces, "KEPT_SIZE_BYTES_MAX", whole // 2)
    few = EventPieces(node.service.store)
    told(few, Place(1, -1), height)
    assert whole // 4 < few._size_bytes <= whole // 2
    assert max(few._kept) == height


@pytest.mark.trio
async def test_the_newest_blocks_are_written_once_and_no_more_are_kept(
    node: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = node.service.store
    height = store.head().executed_height
    written: list[int] = []
    write = event_pieces.events_of

    def counted(store: object, height: int) -> object:
        written.append(height)
        return write(store, height)  # type: ignore[arg-type]

    monkeypatch.setattr(event_pieces, "events_of", counted)
    monkeypatch.setattr(event_pieces, "KEPT_BLOCKS_MAX", KEPT_BLOCKS)
    pieces = EventPieces(store)
    first = height - KEPT_BLOCKS + 1
    for _ in range(3):
        told(pieces, Place(first, -1), height)
    assert written == list(range(first, height + 1))
    # Whoever catches up pushes nothing out.
    told(pieces, Place(1, -1), height)
    assert written == [*range(first, height + 1), *range(1, first)]
    told(pieces, Place(first, -1), height)
    assert len(written) == height
    # Blocks that come take the places of the oldest ones.
    await node.service.submit(node.shell.raw_notice("one more"))
    written.clear()
    for _ in range(3):
        told(pieces, Place(height, -1), height + 1)
    assert written == [height + 1]
    told(pieces, Place(first, -1), height)
    assert written == [height + 1, first]


def test_each_listener_has_its_own_time_in_a_round() -> None:
    """A thousand who are woken together are not told together: at no time more than two of them in two turns."""
    count = 1000
    times = sorted(turn_after(77.7, number, count) for number in range(1, count + 1))
    assert times[0] >= 77.7 and times[-1] <= 77.7 + count * TURN_SECONDS
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) < 3 * TURN_SECONDS
    assert min(gaps) > TURN_SECONDS / 3
    # Whoever was told waits a whole round for the next time.
    for number in range(1, 50):
        turn = turn_after(5.0, number, count)
        assert turn_after(turn + 1e-6, number, count) == pytest.approx(turn + count * TURN_SECONDS)
    assert turn_after(5.0, 1, 1) - 5.0 <= TURN_SECONDS
