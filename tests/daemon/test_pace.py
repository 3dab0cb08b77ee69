"""How fast a machine is, learnt from what steps have taken."""

import pytest

from daemon.pace import WORTH_TIMING, Pace

WORK = 100_000


def test_a_unit_is_a_microsecond_until_somebody_measures() -> None:
    assert Pace().units_in(250) == 250_000


@pytest.mark.parametrize(("us_for_a_unit", "tenths"), [(5, 50), (0.5, 5), (1, 10)])
def test_it_comes_to_what_is_measured(us_for_a_unit: float, tenths: int) -> None:
    pace = Pace()
    for _ in range(100):
        pace.learn(WORK, round(WORK * us_for_a_unit))
    assert pace.units_in(tenths) == pytest.approx(10_000 * tenths / (10 * us_for_a_unit), rel=0.02)


def test_a_slow_machine_is_known_sooner_than_a_fast_one() -> None:
    slow, fast = Pace(), Pace()
    for _ in range(3):
        slow.learn(WORK, 5 * WORK)
        fast.learn(WORK, WORK // 5)
    assert slow.units_in(1000) < 1_000_000 / 3
    assert fast.units_in(1000) < 1_000_000 * 1.3


def test_little_work_says_nothing() -> None:
    pace = Pace()
    pace.learn(WORTH_TIMING - 1, 10**9)
    assert pace.units_in(1) == 1000
    pace.learn(WORTH_TIMING, 10**9)
    assert pace.units_in(1) < 1000


@pytest.mark.parametrize("elapsed_us", [0, 10**15])
def test_whatever_is_measured_blocks_go_on(elapsed_us: int) -> None:
    """A clock that jumps, a machine that slept."""
    pace = Pace()
    for _ in range(500):
        pace.learn(WORK, elapsed_us)
    assert 1000 // 64 <= pace.units_in(1) <= 8 * 1000 + 100
