"""Whole networks under all faults: seeds that the commit's hash chooses, and those that found something.

A failure names what repeats it: `banyan simulate --nodes N --seconds 60 --seed SEED`. Fresh seeds: `make soak`.
"""

from dataclasses import replace

import pytest

from simulator.liars.every_liar import LIARS, LYING_NODES_MIN, scenario_with_liar
from simulator.report import command
from simulator.run import run
from simulator.scenario import Scenario
from tests.commit_seeds import seeds_of_this_commit
from tests.examples import examples

SECONDS = 60
# Of each size, so many; with the liars and those of the pinned ones about 60 s of one core, spread over the workers.
SIZES, SEEDS_PER_SIZE = (1, 3, 5, 7), 2

# What each found when it was fresh. The code has changed since, so that none plays the same scene again; all of them
# are worlds in which much happens. Every commit plays some of them; with `BANYAN_SOAK_EXAMPLES` more, or all.
PINNED_EACH_RUN = examples(4)
PINNED = (
    (1, 40059, "a clock that was set right while a block was written kept the only voter from its own block"),
    (3, 201, "a wrong clock held up every later block, not only the one that came too early"),
    (3, 205, "a neighbour's chain was not asked for beyond what was known of it, up to the block that certifies it"),
    (3, 214, "a restored node fetched one window, which was never certified, and no more"),
    (3, 258, "the certificate of a term on disk without its term ended each further start"),
    (3, 264, "more uncommitted blocks were taken from neighbours than a node may hold"),
    (5, 8, "two nodes asked each other for the same bodies"),
    (5, 101, "a chain that was longer and of an earlier term was asked for again and again"),
    (5, 109, "a leader of an earlier term kept a restored voter out"),
    (5, 127, "a linearizable read looked into a store that had not written yet what was confirmed"),
    (5, 132, "more uncommitted blocks were taken from neighbours than a node may hold"),
    (5, 40021, "blocks that were caught up with waited for a certificate although their neighbour had sent one"),
)


def broken(nodes: int, seed: int, liar: str = "", reminders: bool = False) -> str:
    """What is broken, with the options that repeat it; empty if every rule held."""
    scenario = scenario_with_liar(liar, SECONDS, nodes) if liar else Scenario(nodes=nodes, seconds=SECONDS)
    scenario = replace(scenario, reminders=reminders)
    report = run(seed, scenario, shrink_runs_max=0)
    return "" if report.ok else f"{command(report)}: {report.violation}"


@pytest.mark.slow
@pytest.mark.parametrize("number", range(SEEDS_PER_SIZE))
@pytest.mark.parametrize("nodes", SIZES)
def test_a_network_holds_every_rule_with_the_seeds_of_this_commit(nodes: int, number: int) -> None:
    assert broken(nodes, seeds_of_this_commit(SEEDS_PER_SIZE)[number], reminders=number % 2 == 1) == ""


@pytest.mark.slow
@pytest.mark.parametrize("liar", LIARS)
def test_the_honest_hold_every_rule_beside_a_liar_under_faults(liar: str) -> None:
    seed = seeds_of_this_commit(len(LIARS))[list(LIARS).index(liar)]
    assert broken(LYING_NODES_MIN, seed, liar) == ""


@pytest.mark.slow
@pytest.mark.parametrize("number", range(min(PINNED_EACH_RUN, len(PINNED))))
def test_a_network_holds_every_rule_with_the_seeds_that_found_something(number: int) -> None:
    first = seeds_of_this_commit(1)[0]
    nodes, seed, _ = PINNED[(first + number) % len(PINNED)]
    assert broken(nodes, seed) == ""
