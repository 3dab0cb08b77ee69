"""Timers in a whole node: a due timer gets its block without any transaction, and what it did is on disk and proven."""

from dataclasses import dataclass, field

import pytest

from contracts.arguments import Arguments
from contracts.context import Context
from contracts.timer_context import TimerContext
from contracts.timer_effect import TimerEffect
from contracts.timers import next_due_ms, set_timer
from daemon.recovery import load_result_leaves
from ledger.block import Header, Outcome
from ledger.encoding import Value
from ledger.tree import leaf_hash, root_of
from storage.interface import StoreReader
from tests.contracts.trial_contract import PURPOSE, trial_registry
from tests.contracts.versions import only_version
from tests.daemon.driver import Driver
from tests.daemon.networks import START_MS
from tests.daemon.node_cluster import NodeCluster
from tests.daemon.test_receipts import assert_provable

MINUTE_MS = 60_000


@dataclass
class Reminders:
    """A lone voter whose transactions set timers; `repeat` lets each timer set another one so much later."""

    count: int = 1
    repeat_ms: int | None = None
    ran: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        def run(context: Context, arguments: Arguments) -> None:
            for number in range(self.count):
                set_timer(context, START_MS + MINUTE_MS, PURPOSE, {"n": number})

        def remind(context: TimerContext, payload: dict[str, Value]) -> None:
            self.ran.append(context.height)
            context.link("unit/a")
            if self.repeat_ms is not None:
                set_timer(context, context.due_ms + self.repeat_ms, PURPOSE, payload)

        self.driver = Driver(protocols=only_version(trial_registry(run, remind))).start()

    def submit(self, times: int = 1) -> None:
        self.driver.submit(*[self.driver.notice(operation="trial.run", arguments={}) for _ in range(times)])
        self.driver.tick()
        self.driver.tick()

    @property
    def store(self) -> StoreReader:
        assert self.driver.store is not None
        return self.driver.store

    @property
    def height(self) -> int:
        return self.store.head().tip_height

    def pass_until(self, time_ms: int) -> None:
        while self.driver.now_ms < time_ms:
            self.driver.tick(min(1000, time_ms - self.driver.now_ms))


def effects(store: StoreReader) -> list[TimerEffect]:
    head = store.head()
    return [
        TimerEffect.decode(leaf)
        for height in range(1, head.executed_height + 1)
        for leaf in store.timer_effects(height)
    ]


def test_a_due_timer_gets_its_block_without_any_transaction() -> None:
    reminders = Reminders()
    reminders.submit()
    before = reminders.height
    reminders.pass_until(START_MS + MINUTE_MS - 1)
    assert reminders.height == before, "an idle ledger makes no blocks"
    reminders.driver.tick(1)
    store = reminders.store
    height = before + 1
    assert reminders.ran == [height]
    header = store.header(height)
    assert header is not None and header.leaf_count == 1
    assert Header.decode(header.header).time_ms == START_MS + MINUTE_MS
    reminders.driver.tick(100)
    reminders.driver.tick(100)
    assert [effect.height for effect in effects(store)] == [height]
    assert reminders.height == height + 1, "one closing block states the effect, and nothing follows"
    reminders.pass_until(START_MS + 3 * MINUTE_MS)
    assert reminders.height == height + 1


def test_the_outcome_leaf_above_states_the_effects_and_the_links_point_to_the_blocks_own() -> None:
    reminders = Reminders(count=3)
    reminders.submit()
    reminders.pass_until(START_MS + MINUTE_MS + 1000)
    store, height = reminders.store, reminders.ran[0]
    leaves = load_result_leaves(store, height)
    above, header = store.header(height + 1), store.header(height)
    assert above is not None and header is not None
    outcome = Outcome.decode(bytes(store.entries(above.first_index, 1)[0]))
    assert (outcome.results_count, outcome.results_root) == (3, root_of([leaf_hash(leaf) for leaf in leaves]))
    links = store.subject_links("unit/a")
    assert [(link.sequence, link.leaf_index) for link in links] == [(n, header.first_index) for n in (1, 2, 3)]
    assert [link.link for link in links] == [effect.links[0].link for effect in effects(store)]
    assert store.result(header.first_index) is None


def test_a_block_with_transactions_runs_the_timers_and_none_is_made_for_them_alone() -> None:
    reminders = Reminders()
    reminders.submit()
    before = reminders.height
    reminders.count = 0
    reminders.driver.now_ms = START_MS + MINUTE_MS
    transaction = reminders.driver.notice(operation="trial.run", arguments={})
    reminders.driver.submit(transaction)
    assert reminders.ran == [before + 1]
    header = reminders.store.header(before + 1)
    assert header is not None and header.leaf_count == 2
    leaves = load_result_leaves(reminders.store, before + 1)
    assert [leaf[1:7] for leaf in leaves] == [b"\xa5timer", b"\xa6resul"]
    # Its place among the results is not that of its entry in the block.
    for _ in range(3):
        reminders.driver.tick(1100)
    assert_provable(reminders.driver, transaction)


def test_more_timers_than_a_block_runs_are_worked_off_one_block_after_the_other() -> None:
    reminders = Reminders(count=16)
    reminders.submit(times=10)
    before = reminders.height
    reminders.driver.now_ms = START_MS + MINUTE_MS - 1
    reminders.driver.tick(1)
    assert [reminders.ran.count(before + one) for one in (1, 2, 3)] == [64, 64, 32]
    reminders.driver.tick()
    reminders.driver.tick()
    assert reminders.height == before + 4, "a closing block after all of them, not after each"


def test_no_block_is_begun_on_top_of_one_that_is_not_executed() -> None:
    reminders = Reminders()
    reminders.submit()
    reminders.driver.hold_writes = True
    before = reminders.driver.node.status().height
    reminders.driver.now_ms = START_MS + MINUTE_MS
    for _ in range(50):
        reminders.driver.tick()
    assert reminders.driver.node.status().height == before + 1
    reminders.driver.hold_writes = False
    reminders.driver.release()
    assert reminders.ran == [before + 1]


def test_a_restart_in_between_forgets_no_timer() -> None:
    reminders = Reminders(repeat_ms=MINUTE_MS)
    reminders.submit()
    reminders.driver = reminders.driver.restarted().start()
    reminders.pass_until(START_MS + 5 * MINUTE_MS)
    reminders.driver = reminders.driver.restarted().start()
    reminders.pass_until(START_MS + 10 * MINUTE_MS + 1000)
    assert len(reminders.ran) == 10
    assert not reminders.driver.alarms
    with reminders.store.states() as state:
        assert next_due_ms(state) == START_MS + 11 * MINUTE_MS


def test_a_node_that_is_told_to_stop_begins_no_block_for_timers() -> None:
    reminders = Reminders(repeat_ms=1)
    reminders.submit()
    reminders.pass_until(START_MS + MINUTE_MS - 1)
    reminders.driver.now_ms += 1_000_000
    reminders.driver.stop()
    for _ in range(20):
        reminders.driver.tick()
    assert reminders.driver.stopped


@pytest.mark.parametrize("is_cut", [False, True])
def test_voters_agree_on_the_block_of_a_timer_whoever_leads(is_cut: bool) -> None:
    ran: list[tuple[int, int]] = []

    def run(context: Context, arguments: Arguments) -> None:
        set_timer(context, START_MS + MINUTE_MS, PURPOSE, {})

    def remind(context: TimerContext, payload: dict[str, Value]) -> None:
        ran.append((context.height, context.time_ms))
        context.put("trial", "ran", {"at": context.time_ms})

    cluster = NodeCluster(3, protocols=only_version(trial_registry(run, remind)))
    cluster.run(5_000)
    leader = cluster.leader
    assert leader is not None
    leader.submit(cluster.notice(operation="trial.run", arguments={}))
    cluster.run(START_MS + MINUTE_MS - 1_000 - cluster.now_ms)
    assert not ran
    if is_cut:
        leader.crash()
    cluster.run(30_000)
    up = [host for host in cluster.hosts if host.node is not None]
    assert len(up) == (2 if is_cut else 3)
    assert len({place for place in ran}) == 1 and len(ran) == len(up)
    assert len({host.store.state(b"trial\0ran") for host in up}) == 1
    assert len({host.store.head().state_digest for host in up}) == 1
    height = ran[0][0]
    assert [len(host.store.timer_effects(height)) for host in up] == [1] * len(up)
    assert all(host.store.head().tip_height <= height + 2 for host in up), "no block follows but the closing ones"
