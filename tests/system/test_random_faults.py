"""Faults at random on a real network under load: kills, sleeps, cuts of every kind, some at a time.

`BANYAN_SOAK_ROUNDS=200` lets more happen than every run of the tests does, `BANYAN_SOAK_SEED` something else.
"""

import os
from pathlib import Path
from random import Random

import pytest

from tests.system.faults import FAULTS
from tests.system.load import Load
from tests.system.networks import RING_OF_FOUR, real_network

VOTERS = 4
ROUNDS = int(os.environ.get("BANYAN_SOAK_ROUNDS", "3"))
SEED = int(os.environ.get("BANYAN_SOAK_SEED", "7"))
# A fault may come and go within an election, or outlast a few.
LASTS_S = (0.2, 4.0)
# A list has to be read whole in one answer, so that a long soak is made of several networks.
ROUNDS_OF_A_NETWORK = 12


@pytest.mark.root
@pytest.mark.slow
def test_faults_at_random(tmp_path: Path) -> None:
    done = 0
    while done < ROUNDS:
        rounds = min(ROUNDS - done, ROUNDS_OF_A_NETWORK)
        check_network(tmp_path / str(done), rounds, Random(f"{SEED}/{done}"))
        done += rounds


def check_network(folder: Path, rounds: int, chance: Random) -> None:
    """Some rounds of faults, each of which ends well; then everything that clients were told is judged."""
    folder.mkdir()
    neighbours = RING_OF_FOUR if chance.random() < 0.5 else None
    with real_network(folder, VOTERS, neighbours) as network:
        load, happened = Load(network), []
        with load.running(clients=3):
            for _ in range(rounds):
                faults = chance.sample(FAULTS, chance.choice((1, 1, 2)))
                happened.append([fault.__name__ for fault in faults])
                mends = [fault(network, chance, range(VOTERS)) for fault in faults]
                load.pause(chance.uniform(*LASTS_S))
                for mend in mends:
                    mend()
                network.links.heal()
                network.wait_leader()
                load.wait_for_more(3)
        try:
            load.check()
        except AssertionError as error:
            raise AssertionError(f"after {happened}: {error}") from error
