"""Virtual time: the order of events, clocks that are wrong, chance that can be repeated."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.chance import Chance
from simulator.clock import Clock
from simulator.delays import PROFILES, SHAPES, Delay
from simulator.errors import InvalidScenarioError, OverloadError
from simulator.schedule import SECOND_US, Schedule

START_MS = 1_000_000


def test_events_happen_by_time_and_then_in_the_order_in_which_they_were_planned() -> None:
    schedule, seen = Schedule(), list[tuple[int, str]]()
    for time_us, name in ((30, "c"), (10, "a"), (30, "d"), (20, "b")):
        schedule.at(time_us, lambda name: seen.append((schedule.now_us, name)), name)
    schedule.run(25)
    assert (seen, schedule.now_us, len(schedule)) == ([(10, "a"), (20, "b")], 25, 2)
    schedule.run(SECOND_US)
    assert seen[2:] == [(30, "c"), (30, "d")]
    assert schedule.happened == 4


def test_an_event_may_plan_others_at_its_own_moment_and_stop_everything() -> None:
    schedule, seen = Schedule(), list[str]()
    schedule.at(5, lambda: schedule.after(0, seen.append, "later the same moment"))
    schedule.at(5, seen.append, "first")
    schedule.at(6, schedule.stop)
    schedule.at(7, seen.append, "never")
    schedule.run(10)
    assert seen == ["first", "later the same moment"]
    assert schedule.now_us == 6


def test_what_multiplies_without_end_is_stopped() -> None:
    schedule = Schedule(coming_max=100)

    def multiply() -> None:
        schedule.after(1, multiply)
        schedule.after(1, multiply)

    schedule.at(0, multiply)
    with pytest.raises(OverloadError):
        schedule.run(SECOND_US)


def test_nothing_can_be_planned_in_the_past() -> None:
    schedule = Schedule()
    schedule.run(10)
    with pytest.raises(AssertionError):
        schedule.at(9, lambda: None)


def test_a_clock_drifts_jumps_and_is_set_right() -> None:
    clock = Clock(START_MS)
    assert clock.now_ms(2 * SECOND_US) == START_MS + 2000
    clock.drift(2 * SECOND_US, 100_000)
    assert clock.now_ms(3 * SECOND_US) == START_MS + 3100
    assert clock.span_us(110_000) == 100_000
    clock.jump(3 * SECOND_US, -5000)
    assert clock.now_ms(3 * SECOND_US) == START_MS - 1900
    clock.drift(4 * SECOND_US, -100_000)
    assert clock.now_ms(5 * SECOND_US) == clock.now_ms(4 * SECOND_US) + 1000
    clock.settle(6 * SECOND_US, START_MS)
    assert clock.now_ms(7 * SECOND_US) == START_MS + 7000


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(-300_000, 300_000)), max_size=6))
def test_a_clock_that_only_drifts_never_goes_back(changes: list[tuple[int, int]]) -> None:
    clock, now_us, shown, rate = Clock(START_MS), 0, START_MS, 0
    for wait_ms, drift_ppm in changes:
        now_us += wait_ms * 1000
        if rate + drift_ppm > -900_000:
            clock.drift(now_us, drift_ppm)
            rate += drift_ppm
        assert clock.now_ms(now_us) >= shown
        shown = clock.now_ms(now_us)


def test_a_seed_means_the_same_everywhere_and_concerns_do_not_share() -> None:
    """Pinned: these values may not change, or every known seed would mean something else."""
    chance = Chance(7, "disk/3")
    assert [chance.below(1000) for _ in range(5)] == [5, 999, 786, 421, 24]
    assert Chance(7, "disk/3").nonce().hex() == "3286ff18ffd920b5c3fda0ad015bb7e7"
    assert Chance(7, "disk/4").nonce() != Chance(7, "disk/3").nonce() != Chance(8, "disk/3").nonce()


@given(st.integers(0, 2**63), st.integers(1, 40))
def test_what_is_drawn_lies_within_its_limits(seed: int, limit: int) -> None:
    chance = Chance(seed, "limits")
    assert 0 <= chance.below(limit) < limit
    assert 3 <= chance.between(3, 3 + limit) <= 3 + limit
    mixed = list(range(limit))
    chance.shuffle(mixed)
    assert sorted(mixed) == list(range(limit))
    assert len(set(chance.sample(range(limit), limit // 2))) == limit // 2
    assert not chance.happens(0.0)
    assert chance.happens(1.0)


@pytest.mark.parametrize("delay", [*(Delay(shape, 100, 900) for shape in SHAPES), *PROFILES.values()], ids=str)
def test_delays_stay_within_their_limits_and_differ(delay: Delay) -> None:
    sample: Callable[[], int] = delay.sampler(Chance(1, "delays").random)
    drawn = [sample() for _ in range(2000)]
    assert delay.lowest_us <= min(drawn)
    assert max(drawn) <= delay.highest_us
    assert len(set(drawn)) > 100


def test_a_heavy_tail_is_heavy_and_a_bell_is_not() -> None:
    draws = {shape: Delay(shape, 1000, 1_000_000).sampler(Chance(1, shape).random) for shape in SHAPES}
    samples = {shape: sorted(draw() for _ in range(3000)) for shape, draw in draws.items()}
    assert samples["tail"][2970] > 5 * samples["tail"][1500]
    assert samples["bell"][2970] < 2 * samples["bell"][1500]


def test_delays_that_cannot_be_are_refused() -> None:
    for shape, lowest, highest in (("round", 1, 2), ("even", 2, 1), ("even", -1, 1)):
        with pytest.raises(InvalidScenarioError):
            Delay(shape, lowest, highest)
