"""All the rules that a run is held to."""

from simulator.checkers.bounds import Bounds
from simulator.checkers.durable_first import DurableFirst
from simulator.checkers.evidence import Evidence
from simulator.checkers.linearizable import Linearizable
from simulator.checkers.nothing_lost import NothingLost
from simulator.checkers.once import Once
from simulator.checkers.one_certificate import OneCertificate
from simulator.checkers.one_leader import OneLeader
from simulator.checkers.progress import Progress
from simulator.checkers.published import Published
from simulator.checkers.rule import Checker
from simulator.checkers.same_state import SameState
from simulator.checkers.signed_once import SignedOnce
from simulator.checkers.timers import Timers
from simulator.checkers.unbroken import Unbroken


def every_rule() -> tuple[Checker, ...]:
    """A fresh checker for each rule; safety first, so that a failure is named by what was lost."""
    return (
        OneCertificate(),
        NothingLost(),
        Once(),
        SameState(),
        Timers(),
        DurableFirst(),
        SignedOnce(),
        OneLeader(),
        Evidence(),
        Unbroken(),
        Bounds(),
        Linearizable(),
        Progress(),
        Published(),
    )
