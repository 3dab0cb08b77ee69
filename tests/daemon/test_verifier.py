"""The verifier: in order, once, within bounds."""

import sys
import threading
import time
from collections.abc import Sequence

import pytest
import trio
import trio.testing

from daemon import verifier as module
from daemon.errors import OverloadedError
from daemon.foreign_batches import PIECE_MAX, FoundSubmissions
from daemon.pending import Pending
from daemon.verifier import (
    AHEAD_PER_THREAD,
    AT_ONCE_EVERY_SECONDS,
    BATCH_MAX,
    COUNT_MAX,
    SIZE_BYTES_MAX,
    Verifier,
)
from ledger import transaction_signature, valid_batches
from ledger.detached import DetachedValue
from ledger.errors import DecodingError, InvalidTransactionError
from ledger.signing import SigningKey, verify_ed25519
from ledger.transaction import seal
from ledger.valid_batches import ValidBatches
from tests.batches import batched
from tests.daemon.driver import Driver
from tests.daemon.networks import administrator_key

pytestmark = pytest.mark.trio


def pending(raw: bytes, detached: tuple[DetachedValue, ...] | None = None) -> Pending:
    return Pending(raw, detached, until_executed=True, patient=False, on_decided=lambda _: None)


class Collected:
    """What was delivered, batch by batch."""

    def __init__(self) -> None:
        self.batches: list[list[Pending]] = []

    async def deliver(self, verified: Sequence[Pending]) -> None:
        self.batches.append(list(verified))

    @property
    def everything(self) -> list[Pending]:
        return [one for batch in self.batches for one in batch]


def false_signature(driver: Driver) -> bytes:
    envelope = bytearray(driver.notice("false").envelope)
    envelope[-1] ^= 1
    return bytes(envelope)


async def until(count: int, collected: Collected) -> None:
    with trio.fail_after(30):
        while len(collected.everything) < count:
            await trio.lowlevel.checkpoint()


async def test_batches_are_bounded_and_come_out_in_the_order_they_went_in() -> None:
    driver = Driver()
    submissions = [pending(driver.notice(str(number)).envelope) for number in range(3 * BATCH_MAX + 7)]
    collected = Collected()
    verifier = Verifier(collected.deliver, thread_count=3)
    for one in submissions:
        verifier.put_nowait(one)
    assert verifier.waiting_count == len(submissions)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        await until(len(submissions), collected)
        nursery.cancel_scope.cancel()
    assert collected.everything == submissions
    assert max(len(batch) for batch in collected.batches) == BATCH_MAX
    assert all(one.transaction is not None and one.detached == () for one in submissions)


async def test_what_is_wrong_is_refused_and_never_delivered() -> None:
    driver = Driver()
    good, no_format, no_transaction, false = (
        pending(driver.notice("good").envelope),
        pending(b"\xc1"),
        pending(b"\x92\x01\x02"),
        pending(false_signature(driver)),
    )
    oversized = pending(driver.notice("large").envelope, (DetachedValue(b"s" * 31, b"\x01"),))
    collected = Collected()
    verifier = Verifier(collected.deliver, thread_count=1)
    for one in (no_format, no_transaction, good, false, oversized):
        verifier.put_nowait(one)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        with trio.fail_after(30):
            kinds = [type((await one.wait()).error) for one in (no_format, no_transaction, false, oversized)]
        await until(1, collected)
        nursery.cancel_scope.cancel()
    assert kinds == [DecodingError, InvalidTransactionError, InvalidTransactionError, InvalidTransactionError]
    assert collected.everything == [good]


async def test_a_full_queue_refuses_or_makes_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    count_max = BATCH_MAX + 100
    assert count_max < COUNT_MAX
    monkeypatch.setattr(module, "COUNT_MAX", count_max)
    collected = Collected()
    verifier = Verifier(collected.deliver, thread_count=1)
    raw = Driver().notice().envelope
    for _ in range(count_max):
        verifier.put_nowait(pending(raw))
    with pytest.raises(OverloadedError) as caught:
        verifier.put_nowait(pending(raw))
    assert "send it again" in str(caught.value)
    late = pending(raw)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.put, late)
        await trio.testing.wait_all_tasks_blocked()
        assert verifier.waiting_count == count_max
        nursery.start_soon(verifier.run)
        await until(count_max + 1, collected)
        nursery.cancel_scope.cancel()
    assert collected.everything[-1] is late


async def test_the_signature_of_a_batch_is_verified_once_wherever_its_members_come_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From clients and neighbours, among others; one that is forged hurts nobody else."""
    driver = Driver()
    alone = [driver.notice(str(number)) for number in range(40)]
    members = batched(alone[:36], administrator_key())
    signature = members[7].signatures[0]
    forged = seal(members[8].body, [signature]).envelope
    checked: list[bytes] = []

    def counted(key: bytes, message: bytes, signature: bytes) -> bool:
        checked.append(signature)
        return verify_ed25519(key, message, signature)

    monkeypatch.setattr(valid_batches, "verify_ed25519", counted)
    collected = Collected()
    verifier = Verifier(collected.deliver, thread_count=1)
    raw = [one.envelope for one in (*members[:20], *alone[36:])]
    bad = pending(forged)
    for one in (*map(pending, raw[:10]), bad, *map(pending, raw[10:])):
        verifier.put_nowait(one)
    found: list[FoundSubmissions] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        await until(len(raw), collected)
        verifier.verify_foreign([one.envelope for one in members[20:]] + [forged], found.append)
        with trio.fail_after(30):
            assert type((await bad.wait()).error) is InvalidTransactionError
            while not found:
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert [one.transaction and one.transaction.envelope for one in collected.everything] == raw
    assert [one and one[0].id for one in found[0]] == [*(one.id for one in members[20:]), None]
    # The batch once, and the forged one each time, over a root that nobody signed.
    assert checked == [signature.signature[4:68]] * 3


async def test_the_queue_is_bounded_in_size_too() -> None:
    verifier = Verifier(Collected().deliver, thread_count=1)
    for _ in range(SIZE_BYTES_MAX // 1_000_000 + 1):
        verifier.put_nowait(pending(b"x" * 1_000_000))
    with pytest.raises(OverloadedError):
        verifier.put_nowait(pending(b"x"))


async def test_large_submissions_make_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_SIZE_BYTES_MAX", 1000)
    driver = Driver()
    submissions = [pending(driver.notice(str(number)).envelope) for number in range(20)]
    collected = Collected()
    verifier = Verifier(collected.deliver, thread_count=2)
    for one in submissions:
        verifier.put_nowait(one)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        await until(20, collected)
        nursery.cancel_scope.cancel()
    assert collected.everything == submissions
    assert max(len(batch) for batch in collected.batches) < 6


async def test_the_interpreters_setting_is_put_back() -> None:
    before = sys.getswitchinterval()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Verifier(Collected().deliver, thread_count=1).run)
        await trio.testing.wait_all_tasks_blocked()
        assert sys.getswitchinterval() < before
        nursery.cancel_scope.cancel()
    assert sys.getswitchinterval() == pytest.approx(before)


async def test_the_threads_go_on_while_the_event_loop_computes() -> None:
    raw = Driver().notice().envelope
    submissions = [pending(raw) for _ in range(2 * BATCH_MAX)]
    verified_meanwhile: list[bool] = []

    async def compute(verified: Sequence[Pending]) -> None:
        # No checkpoint in here: nobody but a thread can come to the second batch.
        ends = time.monotonic() + 30
        while submissions[-1].transaction is None and time.monotonic() < ends:
            hash(raw * 100)
        verified_meanwhile.append(submissions[-1].transaction is not None)

    verifier = Verifier(compute, thread_count=1)
    for one in submissions:
        verifier.put_nowait(one)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        with trio.fail_after(60):
            while not verified_meanwhile:
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert verified_meanwhile[0]


async def test_batches_that_nobody_takes_are_bounded() -> None:
    raw = Driver().notice().envelope
    batches = AHEAD_PER_THREAD + 6
    taken: list[int] = []

    async def never_ready(verified: Sequence[Pending]) -> None:
        taken.append(len(verified))
        await trio.sleep_forever()

    verifier = Verifier(never_ready, thread_count=1)
    for _ in range(batches * BATCH_MAX):
        verifier.put_nowait(pending(raw))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        with trio.fail_after(30):
            while not taken:
                await trio.lowlevel.checkpoint()
        await trio.testing.wait_all_tasks_blocked()
        # One is with the node, one on its way into the full channel.
        assert verifier.waiting_count == (batches - AHEAD_PER_THREAD - 2) * BATCH_MAX
        nursery.cancel_scope.cancel()


async def test_its_threads_end_with_it() -> None:
    verifier = Verifier(Collected().deliver, thread_count=3)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        await trio.testing.wait_all_tasks_blocked()
        assert verifier._threads.running_count == 3
        nursery.cancel_scope.cancel()
    # Each gives its token back when it has ended.
    with trio.fail_after(30):
        while verifier._threads.running_count:
            await trio.lowlevel.checkpoint()


async def run_to_its_end(verifier: Verifier) -> list[BaseException]:
    """What `run` ended with; all its threads have ended too, though there was work left for them."""
    with trio.fail_after(30):
        with pytest.raises(BaseExceptionGroup) as caught:
            await verifier.run()
        while verifier._threads.running_count:
            await trio.lowlevel.checkpoint()
    return leaves_of(caught.value)


def leaves_of(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """What the groups in `group` consist of."""
    parts = (leaves_of(one) if isinstance(one, BaseExceptionGroup) else [one] for one in group.exceptions)
    return [leaf for part in parts for leaf in part]


async def test_an_error_in_the_node_ends_the_threads_too() -> None:
    async def broken(verified: Sequence[Pending]) -> None:
        raise ZeroDivisionError("a mistake")

    before = sys.getswitchinterval()
    verifier = Verifier(broken, thread_count=2)
    raw = Driver().notice().envelope
    for _ in range(6 * BATCH_MAX):
        verifier.put_nowait(pending(raw))
    (error,) = await run_to_its_end(verifier)
    assert isinstance(error, ZeroDivisionError)
    assert sys.getswitchinterval() == pytest.approx(before)


async def test_an_error_that_nobody_foresaw_on_a_thread_ends_the_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(batch: list[Pending], batches: ValidBatches) -> list[None]:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(module, "_verify_batch", broken)
    collected = Collected()
    verifier = Verifier(collected.deliver, thread_count=2)
    verifier.put_nowait(pending(Driver().notice().envelope))
    (error,) = await run_to_its_end(verifier)
    assert isinstance(error, ZeroDivisionError)
    assert collected.batches == []


async def test_foreign_submissions_are_found_in_order_whatever_their_number() -> None:
    driver = Driver()
    good = [driver.notice(str(number)).envelope for number in range(2 * PIECE_MAX + 3)]
    raws = [*good, false_signature(driver), b"nothing"]
    verifier = Verifier(Collected().deliver, thread_count=2)
    found: list[FoundSubmissions] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        verifier.verify_foreign(raws, found.append)
        verifier.verify_foreign([], found.append)
        assert not found
        with trio.fail_after(30):
            while len(found) < 2:
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    large = max(found, key=len)
    assert [one[0].envelope if one is not None else None for one in large] == [*good, None, None]
    assert min(found, key=len) == ()


async def test_clients_are_not_kept_waiting_by_neighbours() -> None:
    driver = Driver()
    foreign = [driver.notice(f"foreign {number}").envelope for number in range(20 * PIECE_MAX)]
    collected = Collected()
    verifier = Verifier(collected.deliver, thread_count=1)
    found: list[FoundSubmissions] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        verifier.verify_foreign(foreign, found.append)
        verifier.put_nowait(pending(driver.notice("own").envelope))
        await until(1, collected)
        assert not found, "the client's came between the pieces of the neighbour's"
        nursery.cancel_scope.cancel()


class Places:
    """Where signatures of these submissions are verified: whether in the event loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, raws: Sequence[bytes]) -> None:
        here, self.found = threading.get_ident(), list[bool]()

        def counted(key: bytes, message: bytes, signature: bytes) -> bool:
            # Threads of tests before this one may be at work still.
            if any(signature in raw for raw in raws):
                self.found.append(threading.get_ident() == here)
            return verify_ed25519(key, message, signature)

        monkeypatch.setattr(transaction_signature, "verify_ed25519", counted)


@pytest.mark.parametrize(("count", "is_small"), [(1, True), (3, False)])
async def test_one_alone_is_verified_where_it_comes_in(
    monkeypatch: pytest.MonkeyPatch, mock_clock: trio.testing.MockClock, count: int, is_small: bool
) -> None:
    """A thread that has to be woken takes longer; many keep the event loop for too long."""
    driver = Driver()
    raws = [driver.notice(f"notice {number}").envelope for number in range(count)]
    places = Places(monkeypatch, raws)
    collected, found = Collected(), list[FoundSubmissions]()
    verifier = Verifier(collected.deliver, thread_count=1)
    for raw in raws:
        verifier.put_nowait(pending(raw))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        await until(count, collected)
        mock_clock.jump(AT_ONCE_EVERY_SECONDS)
        verifier.verify_foreign(raws, found.append)
        assert bool(found) is is_small
        while not found:
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert places.found == [is_small] * (2 * count)
    assert all(one is not None for one in found[0])


async def test_what_is_wrong_with_one_alone_is_told(mock_clock: trio.testing.MockClock) -> None:
    driver, found = Driver(), list[FoundSubmissions]()
    verifier = Verifier(Collected().deliver, thread_count=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        await trio.testing.wait_all_tasks_blocked()
        for raw in (false_signature(driver), b"\xc1"):
            mock_clock.jump(AT_ONCE_EVERY_SECONDS)
            verifier.verify_foreign([raw], found.append)
        nursery.cancel_scope.cancel()
    assert found == [(None,), (None,)]


async def test_what_somebody_keeps_the_event_loop_busy_with_is_bounded(
    monkeypatch: pytest.MonkeyPatch, mock_clock: trio.testing.MockClock
) -> None:
    """By number in a time, and by the signatures of one. Guard: "AT_ONCE_EVERY_SECONDS"; "AT_ONCE_SIZE_BYTES_MAX"."""
    driver = Driver()
    many = driver.notice(signers=[SigningKey.from_seed(bytes([number]) * 32) for number in range(1, 17)]).envelope
    raws = [many, *(driver.notice(f"notice {number}").envelope for number in range(40))]
    places = Places(monkeypatch, raws)
    found = list[FoundSubmissions]()
    verifier = Verifier(Collected().deliver, thread_count=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        await trio.testing.wait_all_tasks_blocked()
        for raw in raws:
            verifier.verify_foreign([raw], found.append)
        while len(found) < len(raws):
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    # The first has sixteen signatures, so the thread has something to do when the others come.
    assert len(many) < 2048 and places.found == [False] * (16 + 40)
