"""The overlay: newest value first, whatever is on disk by now, and nothing kept beyond its bound."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.changes import StateChange
from contracts.ordered_keys import kind_prefix
from daemon.overlay import CACHED_RECORDS_MAX, StateOverlay
from storage.interface import ExecutedId
from storage.memory import MemoryStore

KEYS = [f"kind\0{number}".encode() for number in range(4)]


class PlainStore(MemoryStore):
    """A memory store whose records and ids can be set without blocks."""

    def __init__(self) -> None:
        super().__init__(b"n" * 32, {}, bytes(2048))
        self.records: dict[bytes, bytes] = {}
        self.reads = 0

    def state(self, key: bytes) -> bytes | None:
        self.reads += 1
        return self.records.get(key)

    def next_state_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        return next((key for key in sorted(self.records) if key.startswith(prefix) and key > after), None)


class OverlayMachine(RuleBasedStateMachine):
    """Executions and their delayed writes, in any rhythm, against a plain dictionary of the newest values."""

    def __init__(self) -> None:
        super().__init__()
        self.store = PlainStore()
        # Two records a generation, so that the generations change all the time.
        self.overlay = StateOverlay(self.store, cached_records_max=4)
        self.model: dict[bytes, bytes | None] = {}
        self.writes: list[tuple[int, dict[bytes, bytes | None]]] = []
        self.ticket = 0

    @rule(
        values=st.dictionaries(st.sampled_from(KEYS), st.none() | st.binary(min_size=1, max_size=2), min_size=1),
        with_the_one_before=st.booleans(),
    )
    def execute(self, values: dict[bytes, bytes | None], with_the_one_before: bool) -> None:
        # Several executions go to disk in one write where a certificate commits several blocks.
        if not (with_the_one_before and self.writes):
            self.ticket += 1
        changes = tuple(StateChange(key, self.model.get(key), new) for key, new in sorted(values.items()))
        self.overlay.put(self.ticket, changes, (ExecutedId(self.ticket.to_bytes(32, "big"), 10**9, self.ticket),))
        self.model |= values
        self.writes.append((self.ticket, values))

    @rule(count=st.integers(1, 3))
    def write_some(self, count: int) -> None:
        tickets = sorted({ticket for ticket, _ in self.writes})[:count]
        for written in tickets:
            for _, values in [one for one in self.writes if one[0] == written]:
                for key, value in values.items():
                    if value is None:
                        self.store.records.pop(key, None)
                    else:
                        self.store.records[key] = value
            self.overlay.stored(written)
        self.writes = [one for one in self.writes if one[0] not in tickets]

    @invariant()
    def reads_are_the_newest(self) -> None:
        for key in KEYS:
            assert self.overlay.get(key) == self.model.get(key)

    @invariant()
    def nothing_is_kept_of_what_the_store_has(self) -> None:
        if not self.writes:
            overlay = self.overlay
            hidden = [key for key in KEYS if key in overlay._removed]
            kept = [overlay._present.next_key(kind_prefix(key)) for key in KEYS]
            assert (overlay._records, overlay._created, overlay._ids, hidden) == ({}, set(), {}, [])
            assert kept == [None] * len(KEYS)

    @invariant()
    def the_order_is_that_of_the_newest(self) -> None:
        for after in (b"", *KEYS):
            present = sorted(key for key, value in self.model.items() if value is not None and key > after)
            assert self.overlay.next_key(b"kind\0", after) == (present[0] if present else None)
        assert self.overlay.next_key(b"other\0") is None

    @invariant()
    def unwritten_ids_are_known(self) -> None:
        expiries = {ticket.to_bytes(32, "big"): 10**9 for ticket, _ in self.writes}
        assert self.overlay.executed(expiries, 0) == set(expiries)


OverlayMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestOverlayMachine = OverlayMachine.TestCase


def test_a_record_that_is_read_again_costs_no_read_of_the_store() -> None:
    store = PlainStore()
    store.records[KEYS[0]] = b"value"
    overlay = StateOverlay(store)
    assert [overlay.get(KEYS[0]) for _ in range(3)] == [b"value"] * 3
    assert store.reads == 1


def test_the_cache_is_bounded() -> None:
    store = PlainStore()
    overlay = StateOverlay(store)
    for number in range(3 * CACHED_RECORDS_MAX):
        store.records[number.to_bytes(4, "big")] = b"value"
        overlay.get(number.to_bytes(4, "big"))
        assert len(overlay._cache) + len(overlay._cache_older) <= CACHED_RECORDS_MAX
    assert overlay.get((0).to_bytes(4, "big")) == b"value"


def test_what_is_in_use_stays_when_a_generation_goes() -> None:
    store = PlainStore()
    overlay = StateOverlay(store, cached_records_max=8)
    store.records[KEYS[0]] = b"value"
    for number in range(100):
        assert overlay.get(KEYS[0]) == b"value"
        store.records[number.to_bytes(4, "big")] = b"other"
        overlay.get(number.to_bytes(4, "big"))
    assert store.reads == 101


def test_a_written_record_is_read_without_the_store() -> None:
    store = PlainStore()
    overlay = StateOverlay(store)
    overlay.put(1, (StateChange(KEYS[0], None, b"new"),), ())
    overlay.stored(1)
    assert overlay.get(KEYS[0]) == b"new"
    assert store.reads == 0


def test_a_key_that_reached_the_store_behind_a_removed_one_is_found() -> None:
    """How far a question had to go over removed keys is forgotten when the store changes."""
    store = PlainStore()
    store.records |= {KEYS[0]: b"old", KEYS[3]: b"old"}
    overlay = StateOverlay(store)
    overlay.put(1, (StateChange(KEYS[1], None, b"new"),), ())
    overlay.put(2, (StateChange(KEYS[0], b"old", None),), ())
    assert overlay.next_key(b"kind\0") == KEYS[1]
    store.records[KEYS[1]] = b"new"
    overlay.stored(1)
    assert overlay.next_key(b"kind\0") == KEYS[1]
