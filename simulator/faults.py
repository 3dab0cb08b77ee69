"""What goes wrong in a run, as data: a list of faults, each with a beginning, an end, a kind and parameters.

Owns the kinds, their parameters and the JSON form, which is what a failed run prints and `--faults` takes. Never does
anything to a world (`simulator.injector` does) and never draws one (`simulator.fault_plan` does). Each fault has a
number of its own, from which its chance follows: it does the same whichever others are left out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import InvalidScenarioError

Value = int | float | bool | str | tuple[int, ...]

# Processes.
KILL = "kill"
POWER_LOSS = "power-loss"
PAUSE = "pause"
STOP = "stop"
TRAP = "trap"
# Disks.
DISK_FULL = "disk-full"
DISK_SLOW = "disk-slow"
BIT_FLIP = "bit-flip"
OLDER_BACKUP = "older-backup"
# Clocks.
CLOCK_JUMP = "clock-jump"
CLOCK_DRIFT = "clock-drift"
# The network.
LOSS = "loss"
DUPLICATION = "duplication"
REORDERING = "reordering"
SLOW_LINKS = "slow-links"
PARTITION = "partition"
ONE_WAY = "one-way"
ISOLATION = "isolation"
CHAIN = "chain"
QUORUM_LOSS = "quorum-loss"
CONSTRAINED = "constrained"
# Who votes.
VOTER_REMOVAL = "voter-removal"
LEADER_REMOVAL = "leader-removal"
PROMOTION = "promotion"

# Of each kind, its parameters and their types.
PARAMETERS: dict[str, dict[str, type]] = {
    KILL: {"node": int},
    POWER_LOSS: {"node": int, "torn": bool},
    PAUSE: {"node": int},
    STOP: {"node": int},
    TRAP: {"node": int, "place": str, "before": bool, "count": int, "power": bool},
    DISK_FULL: {"node": int},
    DISK_SLOW: {"node": int, "factor": float},
    BIT_FLIP: {"node": int, "donor": int},
    OLDER_BACKUP: {"node": int, "age_ms": int, "keep": bool},
    CLOCK_JUMP: {"node": int, "by_ms": int},
    CLOCK_DRIFT: {"node": int, "by_ppm": int},
    LOSS: {"share": float},
    DUPLICATION: {"share": float, "late_ms": int},
    REORDERING: {"share": float, "late_ms": int},
    SLOW_LINKS: {"node": int, "slowdown": float, "bandwidth": int},
    PARTITION: {"nodes": tuple},
    ONE_WAY: {"nodes": tuple},
    ISOLATION: {"node": int},
    CHAIN: {"nodes": tuple},
    QUORUM_LOSS: {"node": int},
    CONSTRAINED: {"node": int, "leader": int},
    VOTER_REMOVAL: {"node": int},
    LEADER_REMOVAL: {},
    PROMOTION: {"node": int},
}
KINDS = tuple(PARAMETERS)
NETWORK_KINDS = (
    LOSS,
    DUPLICATION,
    REORDERING,
    SLOW_LINKS,
    PARTITION,
    ONE_WAY,
    ISOLATION,
    CHAIN,
    QUORUM_LOSS,
    CONSTRAINED,
)
MEMBERSHIP_KINDS = (VOTER_REMOVAL, LEADER_REMOVAL, PROMOTION)
# A list that a person would write or a program shrink; a plan has some dozens.
FAULTS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault from `start_ms` to `end_ms` of virtual time.

    Raises:
        InvalidScenarioError: unknown kind, wrong parameters, or an end before its beginning.
    """

    number: int
    start_ms: int
    end_ms: int
    kind: str
    parameters: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = PARAMETERS.get(self.kind)
        if wanted is None:
            raise InvalidScenarioError(
                "there is no fault of the kind {kind}; the kinds are {kinds}", kind=self.kind, kinds=", ".join(KINDS)
            )
        if wanted.keys() != self.parameters.keys():
            raise InvalidScenarioError(
                "a fault of the kind {kind} has the parameters {names}", kind=self.kind, names=", ".join(wanted)
            )
        for name, kind in wanted.items():
            value = self.parameters[name]
            fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
            if not fits or (kind is not bool and isinstance(value, bool)):
                raise InvalidScenarioError(
                    "the parameter {name} of a fault of the kind {kind} is not of the right type",
                    name=name,
                    kind=self.kind,
                )
        if not 0 <= self.start_ms <= self.end_ms:
            raise InvalidScenarioError(
                "a fault from {start} ms to {end} ms cannot be", start=self.start_ms, end=self.end_ms
            )

    def integer(self, name: str) -> int:
        """A parameter that is a whole number."""
        value = self.parameters[name]
        assert isinstance(value, int), "the types were checked"
        return value

    def number_of(self, name: str) -> float:
        """A parameter that is any number."""
        value = self.parameters[name]
        assert isinstance(value, int | float), "the types were checked"
        return value

    def nodes(self) -> tuple[int, ...]:
        """The nodes that the fault names."""
        listed = self.parameters.get("nodes", ())
        assert isinstance(listed, tuple), "the types were checked"
        single = [self.integer(name) for name in ("node", "donor", "leader") if name in self.parameters]
        return (*single, *listed)

    def to_value(self) -> dict[str, Any]:
        """As JSON has it."""
        shown = {name: list(value) if isinstance(value, tuple) else value for name, value in self.parameters.items()}
        return {
            "number": self.number,
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "kind": self.kind,
            **shown,
        }

    def __str__(self) -> str:
        words = " ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.kind} {words} from {self.start_ms} to {self.end_ms} ms"


def faults_to_json(faults: Sequence[Fault]) -> str:
    """The list as one line of JSON."""
    return json.dumps([fault.to_value() for fault in faults])


def parse_faults(text: str, nodes: int) -> tuple[Fault, ...]:
    """The faults in a JSON list, as `faults_to_json` writes them; `number` may be left out.

    Raises:
        InvalidScenarioError: not such a list, or a fault that cannot be in a network of `nodes`.
    """
    try:
        listed = json.loads(text)
    except ValueError as error:
        raise InvalidScenarioError("the list of faults is not JSON: {reason}", reason=str(error)) from error
    if not isinstance(listed, list) or len(listed) > FAULTS_MAX:
        raise InvalidScenarioError("the faults are a JSON list of at most {count} objects", count=FAULTS_MAX)
    faults = tuple(_fault(item, number) for number, item in enumerate(listed))
    for fault in faults:
        if any(not 0 <= node < nodes for node in fault.nodes()):
            raise InvalidScenarioError(
                "the fault {fault} names a node that is not there: the nodes are 0 to {last}",
                fault=str(fault),
                last=nodes - 1,
            )
    return faults


def _fault(item: Any, number: int) -> Fault:
    if not isinstance(item, dict):
        raise InvalidScenarioError("a fault is a JSON object with start_ms, end_ms, kind and the kind's parameters")
    fields = dict(item)
    try:
        times = (int(fields.pop("number", number)), int(fields.pop("start_ms")), int(fields.pop("end_ms")))
        kind = str(fields.pop("kind"))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidScenarioError(
            "a fault is a JSON object with start_ms, end_ms, kind and the kind's parameters"
        ) from error
    parameters = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return Fault(*times, kind, parameters)
