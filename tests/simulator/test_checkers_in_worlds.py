"""Every rule is broken by a node in a whole run, and is found: a checker that no node can fail checks nothing."""

from typing import cast

import pytest

from simulator.adapter import make_node
from simulator.checkers.every_rule import every_rule
from simulator.clients import ClientSettings
from simulator.faults import Fault
from simulator.run import run
from simulator.scenario import Scenario
from tests.simulator import test_world
from tests.simulator.broken_nodes import (
    Accuses,
    ElectsItself,
    ExecutesAgain,
    ExecutesOtherwise,
    KeepsSignatures,
    Misplaces,
    RunsTimersTwice,
    SignsAgain,
)

CALM: tuple[str, ...] = ()
# All are killed together, and come back in the opposite order: the second election of the term has other candidates.
ALL_KILLED = tuple(Fault(number, 5000, 6000 + 400 * number, "kill", {"node": number}) for number in range(3))

BROKEN = [
    ("no transaction twice", Scenario(nodes=3, seconds=20, kinds=CALM, factory=Misplaces)),
    # The store refuses to write it.
    ("no node gives up by itself", Scenario(seconds=20, kinds=CALM, factory=ExecutesAgain)),
    (
        "each timer once and in time",
        Scenario(nodes=3, seconds=20, kinds=CALM, reminders=True, factory=RunsTimersTwice),
    ),
    ("one state a height", Scenario(nodes=3, seconds=20, kinds=CALM, factory=ExecutesOtherwise)),
    (
        "one log is signed, and every node learns of it",
        Scenario(nodes=3, seconds=25, kinds=CALM, factory=KeepsSignatures),
    ),
    ("one leader a term", Scenario(nodes=3, seconds=20, kinds=CALM, factory=ElectsItself)),
    ("signed once", Scenario(nodes=3, seconds=20, faults=ALL_KILLED, factory=SignsAgain)),
    ("evidence names exactly the liars", Scenario(nodes=3, seconds=20, kinds=CALM, factory=Accuses)),
    # Who is said to lie and does not is named by nobody.
    (
        "evidence names exactly the liars",
        Scenario(nodes=4, seconds=10, kinds=CALM, liars={1: make_node}, clients=ClientSettings(count=0)),
    ),
]


# Whether a restarted node votes for somebody else than before is a matter of chance.
SEEDS = range(1, 21)


@pytest.mark.parametrize(("rule", "scenario"), BROKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_a_node_that_breaks_the_rule_is_found(rule: str, scenario: Scenario) -> None:
    found = (run(seed, scenario, shrink_runs_max=0).violation for seed in SEEDS)
    violation = next(filter(None, found), None)
    assert violation is not None
    assert violation.rule == rule


def test_every_rule_is_broken_by_a_node() -> None:
    (mark,) = test_world.test_a_node_that_breaks_a_rule_is_found.pytestmark  # type: ignore[attr-defined]
    others = {cast(str, rule) for rule, _ in mark.args[1]}
    assert others | {rule for rule, _ in BROKEN} == {checker.RULE for checker in every_rule()}
