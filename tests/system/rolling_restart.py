"""A rolling restart of a real network: each node is stopped and started in turn, whoever leads as the last one."""

import time
from typing import NamedTuple

from tests.system.process_network import DEADLINE_S, ProcessNetwork, ProcessNode
from tests.system.writers import Writers
from tests.waiting import wait_until


class Restart(NamedTuple):
    """One node's turn.

    `led`: whether it had something to hand over; `handed_over`: whether it says that it did, and knew its successor
    when it went. `pause_s` and `client_pause_s` are the longest times in which no client, and in which some client, was
    told of a write, from the signal until the node was level again.
    """

    led: bool
    handed_over: bool
    pause_s: float
    client_pause_s: float


def restart_each(network: ProcessNetwork, writers: Writers) -> list[Restart]:
    """Restart all nodes under the load of these writers, one after the other."""
    turns = []
    leader = network.leader()
    for node in (*(one for one in network.nodes if one is not leader), leader):
        turns.append(restart(network, writers, node))
    return turns


def restart(network: ProcessNetwork, writers: Writers, node: ProcessNode) -> Restart:
    """Restart a node as its operator does, and wait until it is level and writes go on."""
    assert node.process is not None
    began_s = time.monotonic()
    assert node.process.stop() == 0, node.process.said
    said = node.process.said
    node.launch()
    node.wait_ready()
    wait_until(lambda: node.status()["lag_blocks"] < 3, DEADLINE_S, f"{node.name} is level")
    level_s, told = time.monotonic(), len(writers.told)
    wait_until(lambda: len(writers.told) >= told + writers.count, DEADLINE_S, "writes go on")
    return Restart(
        "handed-over" in said,
        _has_seen_successor(said),
        writers.longest_pause_s(began_s, level_s),
        writers.longest_pause_of_a_client_s(began_s, level_s),
    )


def _has_seen_successor(said: str) -> bool:
    """Whether a node's log says that it handed over, and before that who leads in its place."""
    before, handed_over, _ = said.partition("] handed-over")
    return bool(handed_over) and "leader=None" not in before.rpartition("] leader")[2]
