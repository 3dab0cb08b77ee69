"""The service: from bytes handed in to outcomes, on a real store."""

import os
import resource
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
import trio.testing

from contracts.genesis_state import genesis_records
from daemon.database_folder import genesis_lanes
from daemon.disk_room import RoomLevel
from daemon.effects import Effect, Reported, StoreBatch
from daemon.errors import NotLeaderError, OverloadedError, StoppingError
from daemon.events import Event, StepTimed
from daemon.home import Home
from daemon.mempool import MempoolFullError
from daemon.node import Node
from daemon.node_errors import StaleDatabaseError
from daemon.pace import WORTH_TIMING
from daemon.pending import SubmissionOutcome, SubmissionStatus
from daemon.run import now_ms
from daemon.service import TICK_INTERVAL_MS, Service
from daemon.sign_state_file import Binding, SignStateFile
from ledger.detached import detach
from ledger.encoding import encode
from ledger.errors import DecodingError, InvalidTransactionError
from storage.errors import StoreFullError
from storage.interface import WriteBatch
from storage.memory import MemoryStore
from tests.daemon.networks import administrator_key
from tests.daemon.shell import Shell, make_home, open_sound_home, running_service

pytestmark = pytest.mark.trio


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def committed(outcome: SubmissionOutcome) -> SubmissionOutcome:
    assert outcome.status is SubmissionStatus.COMMITTED, outcome
    assert outcome.result is not None
    return outcome


async def test_a_submission_is_answered_when_it_is_executed_and_on_disk(home: Home) -> None:
    async with running_service(home.directory) as shell:
        transaction = shell.notice()
        outcome = committed(await shell.service.submit(transaction.envelope))
        assert outcome.transaction_id == transaction.id
        assert outcome.result is not None and outcome.result.ok
        assert not outcome.known
        assert shell.opened.store.index_of(transaction.id) == outcome.leaf_index
        assert shell.opened.store.entries(outcome.leaf_index, 1)[0] == transaction.envelope
    async with running_service(home.directory) as shell:
        assert shell.opened.store.index_of(transaction.id) == outcome.leaf_index


async def test_the_same_bytes_again_get_the_first_answer(home: Home) -> None:
    async with running_service(home.directory) as shell:
        raw = shell.raw_notice()
        first = committed(await shell.service.submit(raw))
        second = committed(await shell.service.submit(raw))
        assert second.known
        assert (second.height, second.leaf_index, second.result) == (first.height, first.leaf_index, first.result)


async def test_two_at_once_with_the_same_bytes_get_one_entry(home: Home) -> None:
    async with running_service(home.directory) as shell:
        raw = shell.raw_notice()
        outcomes = await shell.service.submit_many([raw] * 20)
        assert len({committed(one).leaf_index for one in outcomes}) == 1
        assert sorted(one.known for one in outcomes) == [False] + [True] * 19


async def test_without_waiting_the_answer_is_the_admission(home: Home) -> None:
    async with running_service(home.directory) as shell:
        transaction = shell.notice()
        outcome = await shell.service.submit(transaction.envelope, wait_ms=0)
        assert outcome.status is SubmissionStatus.PENDING
        assert outcome.transaction_id == transaction.id
        assert await shell.service.wait_for_transaction(transaction.id, 10_000)


async def test_a_question_about_what_nobody_sends_ends_in_time(home: Home, mock_clock: trio.testing.MockClock) -> None:
    mock_clock.rate = 100
    async with running_service(home.directory) as shell:
        assert not await shell.service.wait_for_transaction(b"x" * 32, 0)
        assert not await shell.service.wait_for_transaction(b"x" * 32, 5_000)


async def test_many_come_back_in_order_with_their_values_beside_them(home: Home) -> None:
    async with running_service(home.directory) as shell:
        bodies = [detach(f"body {number}", bytes([number]) * 32) for number in range(5)]
        raws = [shell.notice_with_body(body) for body in bodies] + [shell.raw_notice(f"{n}") for n in range(600)]
        outcomes = await shell.service.submit_many(raws)
        indexes = [committed(one).leaf_index for one in outcomes]
        assert indexes == sorted(indexes)
        for body in bodies:
            payload = shell.opened.store.payload(body.commitment)
            assert payload is not None and payload.value == body.value_bytes


async def test_the_node_is_told_how_long_executing_took(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[StepTimed] = []
    begin = Node.begin

    def watched(node: Node, event: Event) -> list[Effect]:
        if isinstance(event, StepTimed):
            told.append(event)
        return begin(node, event)

    monkeypatch.setattr(Node, "begin", watched)
    async with running_service(home.directory) as shell:
        await shell.service.submit_many([shell.raw_notice(f"{number}") for number in range(600)])
    assert told
    assert all(one.work >= WORTH_TIMING and one.elapsed_us > 0 for one in told)


@pytest.mark.parametrize("raw", [b"", b"\x92", b"not msgpack", b"\xc1" * 50, encode({"envelope": b"x"})])
async def test_bytes_that_are_no_transaction_are_refused(home: Home, raw: bytes) -> None:
    async with running_service(home.directory) as shell:
        outcome = await shell.service.submit(raw)
        assert outcome.status is SubmissionStatus.REFUSED
        assert isinstance(outcome.error, DecodingError | InvalidTransactionError)
        assert outcome.retry_after_ms == 0


async def test_a_false_signature_is_refused_and_its_neighbours_are_not(home: Home) -> None:
    async with running_service(home.directory) as shell:
        good = [shell.raw_notice(str(number)) for number in range(4)]
        false = bytearray(shell.raw_notice())
        false[-1] ^= 1
        outcomes = await shell.service.submit_many([*good[:2], bytes(false), *good[2:]])
        refused = outcomes.pop(2)
        assert [committed(one).known for one in outcomes] == [False] * 4
        assert isinstance(refused.error, InvalidTransactionError)
        assert "does not verify" in str(refused.error)


async def test_what_the_ledger_refuses_at_the_door_says_why(home: Home) -> None:
    async with running_service(home.directory) as shell:
        stranger = shell.notice(key=administrator_key(7))
        late = shell.notice(expires_ms=now_ms() - 1)
        for transaction, text in ((stranger, "no member"), (late, "expired")):
            outcome = await shell.service.submit(transaction.envelope)
            assert outcome.status is SubmissionStatus.REFUSED
            assert text in str(outcome.error)


async def test_what_the_contract_refuses_is_in_the_log_with_its_reason(home: Home) -> None:
    async with running_service(home.directory) as shell:
        withdraw = shell.notice(
            operation="notice.withdraw", arguments={"unit": "branch-1", "number": 9, "reason": "none"}
        )
        outcome = committed(await shell.service.submit(withdraw.envelope))
        assert outcome.result is not None and outcome.result.code == "notice.not-found"


async def test_stopping_finishes_what_was_admitted_and_refuses_the_rest(home: Home) -> None:
    async with running_service(home.directory) as shell:
        admitted = [shell.raw_notice(str(number)) for number in range(300)]
        pendings = [await shell.service.start_submission(raw) for raw in admitted]
        for pending in pendings:
            while not pending.admitted and pending.outcome is None:
                await trio.lowlevel.checkpoint()
        assert await shell.service.stop(20_000)
        assert {(await one.wait()).status for one in pendings} == {SubmissionStatus.COMMITTED}
        late = await shell.service.submit(shell.raw_notice())
        assert isinstance(late.error, StoppingError)
        assert late.retry_after_ms > 0
        assert isinstance(shell.service.reason, StoppingError)
        assert not await shell.service.wait_for_transaction(b"x" * 32, 1_000)


async def test_nobody_waits_for_ever_where_the_node_is_cancelled(home: Home) -> None:
    outcomes: list[SubmissionOutcome] = []

    async with trio.open_nursery() as waiters, running_service(home.directory) as shell:

        async def wait(raw: bytes) -> None:
            outcomes.append(await shell.service.submit(raw))

        for number in range(50):
            waiters.start_soon(wait, shell.raw_notice(str(number)))
        await trio.testing.wait_all_tasks_blocked()
    assert len(outcomes) == 50


async def test_a_database_older_than_the_signatures_stops_the_node(home: Home) -> None:
    async with running_service(home.directory) as shell:
        await shell.service.submit(shell.raw_notice())
        binding = Binding(shell.opened.keys.node_id, shell.opened.genesis.network_id)
        state = shell.opened.sign_state.state
    file = SignStateFile(home.sign_state, binding)
    file.save(state.with_acknowledgement(state.term, state.acknowledged_height + 1, b"h" * 32), flush=True)
    file.close()
    stale = pytest.RaisesExc(StaleDatabaseError, match="put the newer database back")
    with pytest.RaisesGroup(stale, flatten_subgroups=True):
        async with running_service(home.directory):
            raise AssertionError("the node must not come up")


async def test_a_full_disk_is_told_and_waited_out(home: Home, mock_clock: trio.testing.MockClock) -> None:
    mock_clock.rate = 20
    async with running_service(home.directory) as shell:
        committed(await shell.service.submit(shell.raw_notice("before")))
        database = max(home.database.iterdir(), key=lambda path: path.stat().st_size)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (database.stat().st_size, hard))
        try:
            await fill_the_disk(shell)
            refused = await shell.service.submit(shell.raw_notice("while full"))
            assert isinstance(refused.error, StoreFullError)
            assert refused.retry_after_ms > 0
            assert isinstance(shell.service.reason, StoreFullError)
            assert shell.opened.store.head().executed_height > 0
            assert ("disk-full", "error") in [(name, fields.get("level")) for name, fields in shell.events]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        while shell.service.reason is not None:
            await shell.service.wait_for_move()
        committed(await shell.service.submit(shell.raw_notice("after")))
        assert "disk-has-room" in [name for name, _ in shell.events]


async def test_a_quota_is_kept_and_others_can_make_room(home: Home, mock_clock: trio.testing.MockClock) -> None:
    mock_clock.rate = 20
    with home.config.open("a", encoding="utf-8") as config:
        config.write("\ndisk_quota_mib = 16\ndisk_reserve_mib = 0\ndisk_low_mib = 12\ndisk_critical_mib = 4\n")
    ballast = home.database / "ballast"
    async with running_service(home.directory) as shell:
        committed(await shell.service.submit(shell.raw_notice("before")))
        for size_mib, level in ((5, RoomLevel.LOW), (13, RoomLevel.CRITICAL), (16, RoomLevel.FULL)):
            with ballast.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, size_mib << 20)
            while shell.service.room.level is not level:
                await shell.service.wait_for_move()
        size_bytes = (home.database / "data.mdb").stat().st_size
        refused = await shell.service.submit(shell.raw_notice("while full"))
        assert "`disk_quota_mib`" in str(refused.error)
        assert shell.service.status().accepting is False, "the node itself knows"
        assert (home.database / "data.mdb").stat().st_size == size_bytes
        text = shell.metrics.render().decode()
        assert 'banyan_disk_level{level="full"} 1.0' in text
        assert "banyan_disk_room_bytes 0.0" in text
        ballast.unlink()
        while shell.service.reason is not None:
            await shell.service.wait_for_move()
        committed(await shell.service.submit(shell.raw_notice("after")))
    named = [name for name, _ in shell.events if name.startswith("disk-")]
    assert named == ["disk-low", "disk-critical", "disk-full", "disk-has-room"]


async def fill_the_disk(shell: Shell) -> None:
    """Submit until a write finds no room; what was admitted stays admitted."""
    for number in range(1000):
        if shell.service.reason is not None:
            return
        await shell.service.submit(
            shell.notice("x" * 190, nonce=bytes([7]) * 12 + number.to_bytes(4, "big")).envelope, wait_ms=0
        )
    raise AssertionError("the disk did not fill up")


class SlowDisk(MemoryStore):
    """A store whose disk takes as long as somebody keeps the gate shut."""

    gate: threading.Event

    def apply(self, batches: Sequence[WriteBatch]) -> None:
        assert self.gate.wait(60)
        super().apply(batches)


async def test_a_full_pool_refuses_single_submissions_and_is_waited_out_by_batches(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    opened = open_sound_home(home.directory)
    records, lanes = genesis_records(opened.genesis), genesis_lanes(opened.genesis, opened.home.inheritance)
    store = SlowDisk(opened.genesis.network_id, records, lanes)
    store.gate = threading.Event()
    store.gate.set()
    async with running_service(home.directory, store=store, opened=opened) as shell:
        # One sender's share of the pool is 8,192; what is in blocks under way does not count towards it.
        raws = [shell.raw_notice(str(number)) for number in range(11_000)]
        store.gate.clear()
        outcomes: list[SubmissionOutcome] = []

        async def batch() -> None:
            outcomes.extend(await shell.service.submit_many(raws))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(batch)
            refused = await shell.service.submit(shell.raw_notice("single"), wait_ms=0)
            while refused.error is None:
                refused = await shell.service.submit(shell.raw_notice("single"), wait_ms=0)
            assert isinstance(refused.error, MempoolFullError | OverloadedError)
            assert refused.retry_after_ms > 0
            assert shell.service.status().mempool_count <= 8_192
            store.gate.set()
        assert {one.status for one in outcomes} == {SubmissionStatus.COMMITTED}


async def test_what_leaves_does_not_wait_for_a_write(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write may be made in the event loop. Guard: daemon/service.py, `_step_until_stopped`, "_let_leave"."""
    # However slow the machine is at the moment.
    monkeypatch.setattr("daemon.turns.Turns.are_short", True)
    carried: list[str] = []
    woken = trio.Event()
    end, carry_out = Node.end, Service._carry_out

    def sends_last(self: Node) -> list[Effect]:
        effects = end(self)
        is_write = any(isinstance(effect, StoreBatch) for effect in effects)
        return [*effects, Reported(DecodingError("planted"))] if is_write else effects

    def noted(self: Service, effect: Effect) -> None:
        if isinstance(effect, StoreBatch | Reported) and not woken.is_set():
            carried.append(type(effect).__name__)
        elif isinstance(effect, StoreBatch):
            carried.append("StoreBatch after others")
        if isinstance(effect, Reported):
            woken.set()
        carry_out(self, effect)

    async def other(task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await woken.wait()
        carried.append("other")

    async with running_service(home.directory) as shell, trio.open_nursery() as nursery:
        await nursery.start(other)
        # Now it waits.
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        monkeypatch.setattr(Node, "end", sends_last)
        monkeypatch.setattr(Service, "_carry_out", noted)
        committed(await shell.service.submit(shell.raw_notice()))
    assert carried[:3] == ["Reported", "other", "StoreBatch after others"]


async def test_a_linearizable_read_sees_everything_that_was_told(home: Home) -> None:
    async with running_service(home.directory) as shell:
        outcome = committed(await shell.service.submit(shell.raw_notice()))
        await shell.service.confirm_newest(1_000)
        assert shell.opened.store.head().executed_height >= outcome.height
        # Only a block that is stored is proposed; the one that is on its way to the disk is nobody's yet.
        with trio.fail_after(30):
            while shell.service.status().unstored_batches:
                await trio.lowlevel.checkpoint()
        proposed = shell.service.status().height
        await shell.service.confirm_newest(5_000)
        assert shell.opened.store.head().executed_height >= proposed


async def test_a_stopped_node_confirms_nothing_that_is_not_on_disk(home: Home) -> None:
    async with running_service(home.directory) as shell:
        await shell.service.stop(10_000)
        assert shell.service.has_stopped
        try:
            await shell.service.confirm_newest(1_000)
        except NotLeaderError as error:
            assert "ask again" in str(error)
        else:
            assert shell.opened.store.head().executed_height == shell.service.status().height


async def test_checkpoints_and_blocks_wake_those_who_wait(home: Home) -> None:
    async with running_service(home.directory) as shell:
        await shell.service.submit(shell.raw_notice())
        while shell.service.status().checkpoint_size < shell.service.status().tree_size:
            await shell.service.wait_for_move()
        assert shell.opened.store.head().checkpoint is not None


@pytest.mark.parametrize("who", ["nobody", "a client who asks", "a reader"])
async def test_what_nobody_waits_for_is_written_with_the_next_tick(
    home: Home, mock_clock: trio.testing.MockClock, who: str
) -> None:
    mock_clock.rate = 100
    async with running_service(home.directory) as shell:
        service, store = shell.service, shell.opened.store

        async def until_executed(height: int) -> None:
            while store.head().executed_height < height:
                await trio.lowlevel.checkpoint()

        await until_executed(store.head().tip_height)
        # Time stands still: what happens from here on happens without a tick.
        mock_clock.rate = 0
        before = store.head().executed_height
        transaction = shell.notice()
        committed(await service.submit(transaction.envelope))
        assert store.head().executed_height == before + 1
        unheard = shell.notice()
        assert (await service.submit(unheard.envelope, wait_ms=0)).status is SubmissionStatus.PENDING

        while service.status().committed_height < before + 2:
            await trio.lowlevel.checkpoint()
        await trio.testing.wait_all_tasks_blocked()
        assert (store.head().tip_height, store.head().executed_height) == (before + 2, before + 1)
        if who == "nobody":
            mock_clock.jump(TICK_INTERVAL_MS / 1000)
            await until_executed(before + 2)
        elif who == "a reader":
            await service.confirm_newest(10_000)
        else:
            assert await service.wait_for_transaction(unheard.id, 10_000)
        assert store.index_of(unheard.id) is not None
        mock_clock.rate = 100
