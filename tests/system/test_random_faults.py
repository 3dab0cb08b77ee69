"""Faults at random on a real network under load: kills, sleeps, cuts of every kind, some at a time.

`BANYAN_SOAK_ROUNDS=200` lets more happen than every run of the tests does, `BANYAN_SOAK_SEED` something else.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.system.load import Load
from tests.system.networks import RING_OF_FOUR, real_network
from tests.system.real_network import RealNetwork

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
                mends = [fault(network, chance) for fault in faults]
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


Mend = Callable[[], None]


def kill(network: RealNetwork, chance: Random) -> Mend:
    """A process ends in the middle of whatever it does."""
    node = chance.choice(network.nodes)
    node.kill()
    return lambda: None if node.runs else node.start()


def kill_leader(network: RealNetwork, chance: Random) -> Mend:
    """The one that matters most."""
    leader = network.leader_among(range(VOTERS))
    node = network.nodes[0 if leader is None else leader]
    node.kill()
    return lambda: None if node.runs else node.start()


def kill_all(network: RealNetwork, chance: Random) -> Mend:
    """The power fails for everybody at the same moment."""
    for node in network.running:
        node.kill()

    def start_all() -> None:
        for node in network.nodes:
            if not node.runs:
                node.start()

    return start_all


def bring_back_an_old_database(network: RealNetwork, chance: Random) -> Mend:
    """An operator restores what was copied a while ago: the node has forgotten what it acknowledged since."""
    node = chance.choice(network.nodes)
    node.kill()
    old = node.home.with_name(f"{node.home.name}-old")
    shutil.copytree(node.home / "db", old)
    node.start()

    def restore() -> None:
        node.kill()
        shutil.rmtree(node.home / "db")
        old.rename(node.home / "db")
        node.start()

    return restore


def sleep(network: RealNetwork, chance: Random) -> Mend:
    """A process stands still, and goes on as if nothing had happened."""
    node = chance.choice(network.running or network.nodes)
    if node.runs:
        node.suspend()
    return node.resume


def part_at_random(network: RealNetwork, chance: Random) -> Mend:
    """Two groups, of any sizes."""
    numbers = list(range(VOTERS))
    chance.shuffle(numbers)
    at = chance.randint(1, VOTERS - 1)
    network.links.part(numbers[:at], numbers[at:])
    return network.links.heal


def silence(network: RealNetwork, chance: Random) -> Mend:
    """Nobody hears one of them, which hears everybody."""
    silent = chance.randrange(VOTERS)
    for other in set(range(VOTERS)) - {silent}:
        network.links.cut_one_way(silent, other)
    return network.links.heal


def deafen(network: RealNetwork, chance: Random) -> Mend:
    """One of them hears nobody, and everybody hears it."""
    deaf = chance.randrange(VOTERS)
    for other in set(range(VOTERS)) - {deaf}:
        network.links.cut_one_way(other, deaf)
    return network.links.heal


def cut_some(network: RealNetwork, chance: Random) -> Mend:
    """Some links in one direction: who hears whom is nobody's plan."""
    for sender in range(VOTERS):
        for receiver in set(range(VOTERS)) - {sender}:
            if chance.random() < 0.4:
                network.links.cut_one_way(sender, receiver)
    return network.links.heal


FAULTS = [kill, kill_leader, kill_all, bring_back_an_old_database, sleep, part_at_random, silence, deafen, cut_some]
