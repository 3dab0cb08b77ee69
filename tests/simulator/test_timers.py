"""Timers in whole networks: they run, on all nodes alike, whatever goes wrong, and nothing comes to a stop for them."""

from typing import Any

import pytest

from contracts.limits import TIMERS_PER_BLOCK_MAX
from contracts.timer_effect import TimerEffect
from contracts.timers import next_due_ms
from ledger.block import Header
from simulator.checkers.rule import Watch
from simulator.checkers.timers import Timers
from simulator.clients import ClientSettings
from simulator.observation import BatchDurable, DatabaseReplaced, Stream
from simulator.reminders import NOT_TODAY, PURPOSE
from simulator.report import command
from simulator.run import run
from simulator.scenario import Scenario, setting_of
from simulator.schedule import SECOND_US
from simulator.world import World
from storage.interface import StoredBlock, StoredHeader, WriteBatch
from tests.simulator.test_checkers import A, execution

CALM: tuple[str, ...] = ()


def effects_in(world: World) -> list[TimerEffect]:
    store = world.processes[0].disk.database.store
    heights = range(1, store.head().executed_height + 1)
    return [TimerEffect.decode(leaf) for height in heights for leaf in store.timer_effects(height)]


def overdue_ms(world: World) -> int:
    """How long before the newest executed block the first timer that still waits was due."""
    store = world.processes[0].disk.database.store
    header = store.header(store.head().executed_height)
    assert header is not None
    with store.states() as state:
        due_ms = next_due_ms(state)
    return 0 if due_ms is None else Header.decode(header.header).time_ms - due_ms


@pytest.mark.parametrize("nodes", [1, 3])
def test_reminders_run_in_a_calm_network(nodes: int) -> None:
    world = World(setting_of(5, Scenario(nodes=nodes, seconds=30, kinds=CALM, reminders=True)))
    world.run()
    assert world.violation is None
    effects = effects_in(world)
    assert len([effect for effect in effects if effect.ok]) > 20
    assert {effect.code for effect in effects} == {"ok", NOT_TODAY.code}
    assert {effect.purpose for effect in effects} == {PURPOSE}
    assert overdue_ms(world) <= 0


def test_timers_bring_blocks_when_no_client_does_anything_any_more() -> None:
    seldom = ClientSettings(count=1, interval_us=4 * SECOND_US, units=1)
    world = World(setting_of(2, Scenario(nodes=3, seconds=60, kinds=CALM, clients=seldom, reminders=True)))
    world.run()
    assert world.violation is None
    store = world.processes[0].disk.database.store
    headers = [store.header(height) for height in range(1, store.head().executed_height + 1)]
    alone = [one for one in headers if one is not None and one.leaf_count == 1 and store.timer_effects(one.height)]
    assert alone, "a timer had a block to itself"
    assert len(headers) < 80, "and there are not many more blocks than there was something to do"


@pytest.mark.slow
@pytest.mark.parametrize(("nodes", "seed"), [(1, 7), (3, 8)])
def test_networks_with_timers_hold_every_rule_under_faults(nodes: int, seed: int) -> None:
    # Larger ones are among the seeds of each commit.
    report = run(seed, Scenario(nodes=nodes, seconds=45, reminders=True), shrink_runs_max=0)
    assert report.ok, f"{command(report)}: {report.violation}"
    assert "--reminders" in command(report)


def header(height: int, time_ms: int) -> bytes:
    return Header(A, height, 1, A, time_ms, A, 1, height, A, A, A, 0, A, False, 1).encode()


def leaf(height: int, number: int, due_ms: int, name: str = "0") -> bytes:
    timer_id = f"{due_ms:015d}/" + name * 32
    return TimerEffect(height, number, timer_id, PURPOSE, "ok", {}, (), (), ()).encode()


def wrote(node: int, height: int, time_ms: int, *effects: bytes) -> BatchDurable:
    block = StoredBlock(StoredHeader(height, 1, header(height, time_ms), A, b"", b"", height, 1), (b"",))
    return BatchDurable(0, node, WriteBatch(blocks=(block,), executions=(execution(height, effects=effects),)))


GOOD = [
    wrote(0, 1, 10, leaf(1, 1, 5), leaf(1, 2, 10)),
    wrote(1, 1, 10, leaf(1, 1, 5), leaf(1, 2, 10)),
    wrote(0, 2, 20),
    wrote(0, 3, 30, leaf(3, 1, 5, "1")),
]
BROKEN: dict[str, list[Any]] = {
    "another effect": [wrote(1, 3, 30, leaf(3, 1, 6, "1"))],
    "no effect": [wrote(1, 3, 30)],
    "a second time": [wrote(0, 4, 40, leaf(4, 1, 5))],
    "too early": [wrote(0, 4, 40, leaf(4, 1, 41))],
    "not in order": [wrote(0, 4, 40, leaf(4, 1, 32), leaf(4, 2, 31))],
    "not numbered": [wrote(0, 4, 40, leaf(4, 2, 31))],
    "too many": [wrote(0, 4, 999, *[leaf(4, number, number + 100) for number in range(1, TIMERS_PER_BLOCK_MAX + 2)])],
}


def found(observations: list[Any]) -> str | None:
    stream, checker = Stream(), Timers()
    watch = Watch((checker,), stream, lambda: None, frozenset())
    for one in observations:
        stream.tell(one)
    assert checker.end(0) is None
    return None if watch.found is None else watch.found.rule


def test_what_is_right_is_not_found_broken() -> None:
    again = [DatabaseReplaced(0, 0, True), *GOOD]
    assert found([*GOOD, *again]) is None


@pytest.mark.parametrize("name", BROKEN)
def test_the_rule_can_be_broken(name: str) -> None:
    assert found([*GOOD, *BROKEN[name]]) == Timers.RULE
