"""What is simulated: what somebody asked for, and what the seed makes of what was left open.

Owns both: `Scenario` is the question, `Setting` the answer that a world is built from. A seed draws a subset of the
kinds of faults as well as the faults (swarm testing: Groce and others 2012): a run in which everything goes wrong at
once hides what only shows when one thing goes wrong often.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from consensus.timing import Timing
from ledger.genesis import QUORUMS, TWO_THIRDS_VOTERS_MIN, VOTERS_MAX
from simulator.adapter import NodeFactory, make_node
from simulator.chance import Chance
from simulator.clients import ClientSettings
from simulator.delays import PROFILES
from simulator.errors import InvalidScenarioError
from simulator.fault_plan import FaultLimits, plan_faults
from simulator.faults import KINDS, Fault
from simulator.identities import CLIENTS_MAX
from simulator.overlays import OVERLAYS
from simulator.schedule import MILLISECOND_US
from simulator.trace import LINES_MAX

SECONDS_MAX = 86_400
# A thousand take 2 GB.
OBSERVERS_MAX = 1_500
# By then after the last fault, a transaction that was handed in after it is committed. One node: its start, and a
# client that tries again. Several: a connection that is made again (1 s), an election or three (2 s each), and a
# client that noticed that its node does not answer (5 s).
RESUME_ALONE_MS = 10_000
RESUME_MS = 20_000
# A liar that leads and lets nothing be committed is deposed after some 12 s, and may be elected a second time.
RESUME_BESIDE_LIAR_MS = 40_000
# Before the first fault, so that there is something to lose; and after the stated time, so that it can be seen.
_LEAD_MS = 1_000
_MARGIN_MS = 1_000
# A fault every two seconds, on average, at most.
_FAULT_EVERY_MS = 2_000
_FAULTS_MAX = 60
_KIND_SHARE = 0.4
_TIMEOUTS_MS = (2_000, 15_000)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is asked for; None leaves it to the seed.

    `nodes` vote at first, `observers` follow; faults come to the former, apart from promotions. `settle_seconds`:
    when counting how messages spread begins. `kinds`: which kinds of faults may be drawn; () for none. `faults`:
    exactly these instead. `liars`: nodes that are built by another factory and lie. `bandwidth`: bytes a second of
    each link, 0 for no limit. `reminders`: notices set timers. `snapshot_blocks`: nodes make a snapshot every so many
    blocks, and take one when they are so far behind; 0 for never.

    Raises:
        InvalidScenarioError: it cannot be.
    """

    nodes: int = 1
    observers: int = 0
    seconds: int = 60
    settle_seconds: int = 0
    kinds: tuple[str, ...] | None = None
    faults: tuple[Fault, ...] | None = None
    overlay: str | None = None
    profile: str | None = None
    bandwidth: int = 0
    quorum: str = QUORUMS[0]
    timing: Timing = field(default_factory=Timing)
    clients: ClientSettings = field(default_factory=ClientSettings)
    reminders: bool = False
    snapshot_blocks: int = 0
    factory: NodeFactory = make_node
    liars: Mapping[int, NodeFactory] = field(default_factory=dict)
    trace_lines: int = LINES_MAX

    def __post_init__(self) -> None:
        if not 1 <= self.nodes <= VOTERS_MAX:
            raise InvalidScenarioError(
                "a simulated network has 1 to {limit} voters, not {count}", limit=VOTERS_MAX, count=self.nodes
            )
        if not 0 <= self.observers <= OBSERVERS_MAX:
            raise InvalidScenarioError(
                "a simulated network has up to {limit} observers, not {count}",
                limit=OBSERVERS_MAX,
                count=self.observers,
            )
        if not 1 <= self.seconds <= SECONDS_MAX:
            raise InvalidScenarioError(
                "a simulation takes 1 to {limit} virtual seconds, not {count}", limit=SECONDS_MAX, count=self.seconds
            )
        if self.quorum not in QUORUMS or (self.quorum != QUORUMS[0] and self.nodes < TWO_THIRDS_VOTERS_MIN):
            raise InvalidScenarioError(
                "the quorum {quorum} does not go with {count} nodes", quorum=self.quorum, count=self.nodes
            )
        _check_choice("overlay", self.overlay, OVERLAYS)
        _check_choice("profile", self.profile, tuple(PROFILES))
        for kind in self.kinds or ():
            _check_choice("kind of faults", kind, KINDS)
        if not 0 <= self.clients.count <= CLIENTS_MAX or self.clients.units < 1 or self.clients.interval_us < 1:
            raise InvalidScenarioError("a simulation has up to {limit} clients, and units for them", limit=CLIENTS_MAX)

    @property
    def everybody(self) -> int:
        """How many nodes there are, voters first."""
        return self.nodes + self.observers

    @property
    def quorum_size(self) -> int:
        """How many nodes decide."""
        return 2 * self.nodes // 3 + 1 if self.quorum != QUORUMS[0] else self.nodes // 2 + 1

    @property
    def resume_ms(self) -> int:
        """The stated time within which progress resumes after the last fault."""
        if self.liars:
            return RESUME_BESIDE_LIAR_MS
        return RESUME_ALONE_MS if self.nodes == 1 else RESUME_MS


@dataclass(frozen=True, slots=True)
class Setting:
    """What the seed made of a scenario: nothing is left open."""

    seed: int
    scenario: Scenario
    overlay: str
    profile: str
    connection_timeout_us: int
    kinds: tuple[str, ...]
    faults: tuple[Fault, ...]

    def with_faults(self, faults: tuple[Fault, ...]) -> "Setting":
        """The same with other faults; everything else happens as before."""
        return replace(self, faults=faults)


def setting_of(seed: int, scenario: Scenario) -> Setting:
    """Draw what was left open; the same seed and scenario give the same setting."""
    chance = Chance(seed, "setting")
    overlay = chance.pick(OVERLAYS)
    profile = chance.pick(tuple(PROFILES))
    timeout_us = chance.between(*_TIMEOUTS_MS) * MILLISECOND_US
    drawn = tuple(kind for kind in KINDS if chance.happens(_KIND_SHARE))
    kinds = scenario.kinds if scenario.kinds is not None else drawn or KINDS
    faults = scenario.faults if scenario.faults is not None else _planned(seed, scenario, kinds)
    return Setting(
        seed,
        scenario,
        scenario.overlay or overlay,
        scenario.profile or profile,
        timeout_us,
        kinds if scenario.faults is None else tuple(sorted({fault.kind for fault in faults})),
        faults,
    )


def _planned(seed: int, scenario: Scenario, kinds: tuple[str, ...]) -> tuple[Fault, ...]:
    chance = Chance(seed, "faults")
    end_ms = scenario.seconds * 1000 - scenario.resume_ms - _MARGIN_MS
    highest = min(max((end_ms - _LEAD_MS) // _FAULT_EVERY_MS, 1), _FAULTS_MAX)
    limits = FaultLimits(
        nodes=scenario.nodes,
        kinds=kinds,
        count=chance.between(1, highest),
        start_ms=_LEAD_MS,
        end_ms=end_ms,
        # A liar is one that the quorum has to do without already.
        losses_max=max(scenario.nodes - scenario.quorum_size - len(scenario.liars), 0),
        observers=scenario.observers,
    )
    return plan_faults(limits, chance)


def _check_choice(what: str, chosen: str | None, choices: tuple[str, ...]) -> None:
    if chosen is not None and chosen not in choices:
        raise InvalidScenarioError(
            "there is no {what} {chosen}; take one of {choices}", what=what, chosen=chosen, choices=", ".join(choices)
        )
