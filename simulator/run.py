"""Running a seed: build the world, let it go, and if it fails, find the fewest faults with which it still does.

Owns what a run gives back. The commit is told by the caller: seed, commit and scenario together repeat a run.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.checkers.rule import Violation
from simulator.faults import Fault
from simulator.scenario import Scenario, Setting, setting_of
from simulator.schedule import SECOND_US
from simulator.shrink import shrink
from simulator.spread import SpreadFigures
from simulator.timeline import Timeline
from simulator.world import World

# Each is as long as the failing run at most: a failure of a minute's simulation costs some minutes.
SHRINK_RUNS_MAX = 60

# What began later may be on its way still when the run ends.
_SPREADING_US = 3 * SECOND_US

# Told how many virtual seconds have gone by, over all runs.
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted in a run; times in microseconds of virtual time."""

    ended_us: int
    events: int
    blocks: int
    transactions: int
    terms: int
    starts: int
    frames: int
    size_bytes: int
    frames_lost: int
    copies_per_message: float
    latency_median_us: int
    latency_highest_us: int


@dataclass(frozen=True)
class Report:
    """What became of a run.

    `faults` are those of the run that is told here: all that were planned, or the fewest with which it still fails.
    `trace` is empty where no rule was broken.
    """

    commit: str
    setting: Setting
    planned: tuple[Fault, ...]
    violation: Violation | None
    trace: tuple[str, ...]
    timeline: Timeline
    figures: Figures
    shrink_runs: int
    spread: tuple[SpreadFigures, ...]

    @property
    def ok(self) -> bool:
        """Whether every rule held."""
        return self.violation is None

    @property
    def seed(self) -> int:
        """What repeats it."""
        return self.setting.seed

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults of the run that is told."""
        return self.setting.faults


def run(
    seed: int,
    scenario: Scenario,
    commit: str = "",
    shrink_runs_max: int = SHRINK_RUNS_MAX,
    advance: Advance = lambda seconds: None,
) -> Report:
    """Simulate `scenario` with `seed`.

    Args:
        seed: Any whole number.
        scenario: What is asked for.
        commit: Which code this is, for the report.
        shrink_runs_max: How often a failing run may be repeated with fewer faults; 0 leaves it as it is.
        advance: Called every virtual second, for whoever waits.

    Raises:
        InvalidScenarioError: the scenario cannot be built.
    """
    setting = setting_of(seed, scenario)
    seconds = 0

    def second() -> None:
        nonlocal seconds
        seconds += 1
        advance(seconds)

    world = _ran(setting, second)
    violation = world.violation
    if violation is None:
        return _report(commit, setting, world, 0)
    rule = violation.rule

    def fails(faults: tuple[Fault, ...]) -> bool:
        found = _ran(setting.with_faults(faults), second).violation
        return found is not None and found.rule == rule

    fewest, runs = shrink(setting.faults, fails, shrink_runs_max)
    if fewest != setting.faults:
        world = _ran(setting.with_faults(fewest), second)
    return _report(commit, setting, world, runs)


def _ran(setting: Setting, second: Callable[[], None]) -> World:
    world = World(setting, second)
    world.run()
    return world


def _report(commit: str, planned: Setting, world: World, shrink_runs: int) -> Report:
    timeline, traffic = world.timeline, world.traffic
    latencies = sorted(timeline.latencies_us)
    figures = Figures(
        ended_us=world.schedule.now_us,
        events=world.schedule.happened,
        blocks=max(timeline.blocks, default=0),
        transactions=len(latencies),
        terms=len(timeline.terms),
        starts=timeline.starts,
        frames=sum(traffic.frames_sent),
        size_bytes=sum(traffic.size_bytes_sent),
        frames_lost=traffic.lost,
        copies_per_message=traffic.spread.copies_per_message,
        latency_median_us=latencies[len(latencies) // 2] if latencies else 0,
        latency_highest_us=latencies[-1] if latencies else 0,
    )
    return Report(
        commit=commit,
        setting=world.setting,
        planned=planned.faults,
        violation=world.violation,
        trace=tuple(world.trace.lines()) if world.violation is not None else (),
        timeline=timeline,
        figures=figures,
        shrink_runs=shrink_runs,
        spread=traffic.spread.figures(world.schedule.now_us - _SPREADING_US),
    )
