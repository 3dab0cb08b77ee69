"""What may happen to a real network: each fault begins when it is called, and what it gives back ends it.

`mortal` are the nodes whose process may end for it. Several faults may be under way at a time; the links are all healed
at the end of a round, whatever its faults were.
"""

import shutil
from collections.abc import Callable, Sequence
from random import Random

from tests.system.real_network import RealNetwork

# How many of the links are cut where some are.
SOME = 0.4

Mend = Callable[[], None]
Fault = Callable[[RealNetwork, Random, Sequence[int]], Mend]


def kill(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """A process ends in the middle of whatever it does."""
    node = network.nodes[chance.choice(mortal)]
    node.kill()
    return lambda: None if node.runs else node.start()


def kill_leader(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """The one that matters most, as long as it is mortal."""
    leader = network.leader_among(mortal)
    node = network.nodes[mortal[0] if leader is None else leader]
    node.kill()
    return lambda: None if node.runs else node.start()


def kill_all(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """The power fails for everybody at the same moment."""
    nodes = [network.nodes[number] for number in mortal]
    for node in nodes:
        node.kill()

    def start_all() -> None:
        for node in nodes:
            if not node.runs:
                node.start()

    return start_all


def bring_back_an_old_database(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """An operator restores what was copied a while ago: the node has forgotten what it acknowledged since."""
    node = network.nodes[chance.choice(mortal)]
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


def restart(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """An operator stops a node and starts it again; the process has to run, awake, when this begins."""
    node = network.nodes[chance.choice(mortal)]
    # What was told to start a moment ago cannot end in good order yet.
    network.wait(lambda: node.status() is not None, f"{node.home.name} serves")
    assert node.stop() == 0, node.said[-4000:]
    return node.start


def sleep(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """A process stands still, and goes on as if nothing had happened."""
    node = chance.choice(network.running or network.nodes)
    if node.runs:
        node.suspend()
    return node.resume


def part_at_random(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """Two groups, of any sizes."""
    numbers = list(range(len(network.nodes)))
    chance.shuffle(numbers)
    at = chance.randint(1, len(network.nodes) - 1)
    network.links.part(numbers[:at], numbers[at:])
    return network.links.heal


def silence(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """Nobody hears one of them, which hears everybody."""
    silent = chance.randrange(len(network.nodes))
    for other in set(range(len(network.nodes))) - {silent}:
        network.links.cut_one_way(silent, other)
    return network.links.heal


def deafen(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """One of them hears nobody, and everybody hears it."""
    deaf = chance.randrange(len(network.nodes))
    for other in set(range(len(network.nodes))) - {deaf}:
        network.links.cut_one_way(other, deaf)
    return network.links.heal


def cut_some(network: RealNetwork, chance: Random, mortal: Sequence[int]) -> Mend:
    """Some links in one direction: who hears whom is nobody's plan."""
    for sender in range(len(network.nodes)):
        for receiver in set(range(len(network.nodes))) - {sender}:
            if chance.random() < SOME:
                network.links.cut_one_way(sender, receiver)
    return network.links.heal


# What can come together with any other.
FAULTS = [kill, kill_leader, kill_all, bring_back_an_old_database, sleep, part_at_random, silence, deafen, cut_some]
