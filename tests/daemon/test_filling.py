"""How much work a leader puts into its blocks: by what was counted, not by a clock."""

import pytest

from contracts.arguments import Arguments
from contracts.context import Context
from contracts.contract import OperationFunction
from contracts.protocols import Protocol, Protocols
from daemon.effects import StoreBatch, Worked
from daemon.events import StepTimed
from tests.contracts.trial_contract import trial_registry
from tests.daemon.driver import Driver

# Of what an operation does besides what these tests let it do.
BESIDE = 100
BLOCK_WORK_MS_MAX = 50
UNITS_MAX = BLOCK_WORK_MS_MAX * 1000


def costs(units: int) -> OperationFunction:
    """An operation that takes its time."""

    def run(context: Context, arguments: Arguments) -> None:
        context.add_work(units)

    return run


def driver_with(function: OperationFunction, block_work_ms_max: int = BLOCK_WORK_MS_MAX) -> Driver:
    protocols = Protocols([Protocol(1, trial_registry(function))])
    return Driver(protocols=protocols, block_work_ms_max=block_work_ms_max).start()


def submit(driver: Driver, count: int, **arguments: int) -> None:
    driver.submit(*[driver.notice(operation="trial.run", arguments=arguments) for _ in range(count)])


def sizes(driver: Driver) -> list[int]:
    """How many transactions each block had that had any."""
    return [len(block.transactions) for block in driver.executed if block.transactions]


def test_blocks_of_dear_transactions_hold_as_much_work_as_they_may_and_no_more() -> None:
    cost = 2000
    driver = driver_with(costs(cost))
    submit(driver, 150)
    first, *others = sizes(driver)
    assert first + sum(others) == 150
    # Nobody knew them: the first block is small by itself.
    assert first * cost < 4 * UNITS_MAX
    assert all(UNITS_MAX * 0.9 < one * (cost + BESIDE) <= UNITS_MAX * 1.05 for one in others[:-1])


def test_work_is_told_as_it_was_counted() -> None:
    driver = driver_with(costs(5000))
    submit(driver, 10)
    (worked,) = [effect.work for effect in driver.effects if isinstance(effect, Worked)]
    assert 10 * 5000 < worked < 10 * (5000 + BESIDE)


def test_cheap_transactions_fill_a_block() -> None:
    driver = driver_with(costs(1))
    submit(driver, 1)
    submit(driver, 300)
    assert sizes(driver) == [1, 300]


def test_one_transaction_goes_into_every_block_whatever_it_costs() -> None:
    driver = driver_with(costs(10 * UNITS_MAX))
    submit(driver, 1)
    submit(driver, 5)
    assert sizes(driver) == [1] * 6


def test_blocks_that_wait_for_their_certificate_hold_two_blocks_worth_of_work_together() -> None:
    """One certificate commits them all, and one step executes them."""
    cost = 500
    driver = driver_with(costs(cost))
    submit(driver, 1)
    driver.hold_writes = True
    submit(driver, 800)
    waiting = [block for effect in driver.held for block in effect.batch.blocks]
    under_way = sum(len(block.entries) - 1 for block in waiting)
    assert UNITS_MAX < under_way * cost <= 2 * UNITS_MAX
    assert len(waiting) < driver.genesis.parameters.window_blocks_max
    driver.release()
    assert sum(sizes(driver)) == 801


def test_a_slow_machine_makes_smaller_blocks() -> None:
    def block_size(us_for_a_unit: int) -> int:
        driver = driver_with(costs(1000))
        submit(driver, 10)
        for _ in range(50):
            driver.run(StepTimed(driver.now_ms, 100_000, us_for_a_unit * 100_000))
        submit(driver, 60)
        return sizes(driver)[1]

    assert block_size(5) == pytest.approx(block_size(1) / 5, abs=1)


def test_the_setting_says_how_much() -> None:
    driver = driver_with(costs(1000), block_work_ms_max=10)
    submit(driver, 1)
    submit(driver, 40)
    assert set(sizes(driver)[1:-1]) == {9}


def test_nothing_of_it_is_stored() -> None:
    """Two nodes with other figures of work have the same state: it is in no leaf, digest or record."""
    cheap, dear = driver_with(costs(1)), driver_with(costs(50_000))
    for driver in (cheap, dear):
        submit(driver, 1)
        submit(driver, 1)
    assert [one.node.status().state_digest for one in (cheap, dear)] == [cheap.node.status().state_digest] * 2
    stored = [[effect.batch for effect in one.effects if isinstance(effect, StoreBatch)] for one in (cheap, dear)]
    assert stored[0] == stored[1]
