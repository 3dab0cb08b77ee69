"""The disk of one voter fills up and is freed under load, then that of the leader; nobody is told anything wrong.

The follower's writes are refused by the system (a limit on the size of files, which an ordinary user may lower and lift
for a running process); the leader's database comes to its quota, by a file that somebody puts beside it.
"""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.load import Load
from tests.system.networks import real_network
from tests.system.real_network import RealNetwork, RealNode

QUOTA_MIB = 64
LIMITS = f"\ndisk_quota_mib = {QUOTA_MIB}\ndisk_reserve_mib = 0\n"


@pytest.mark.root
@pytest.mark.slow
def test_the_disks_of_a_voter_and_of_the_leader_fill_up_and_are_freed_under_load(tmp_path: Path) -> None:
    with real_network(tmp_path, 3, settings=LIMITS) as network:
        load = Load(network)
        with load.running():
            load.wait_for_more(3)
            leader = network.wait_leader()
            voter = (leader + 1) % 3
            with refused_writes(network.nodes[voter]):
                wait_full(network, voter, True)
                load.wait_for_more(3)
                assert network.wait_leader() == leader, "a full voter deposes nobody"
            wait_full(network, voter, False)
            network.wait_follows(voter, range(3))

            leader = network.wait_leader()
            with taken_quota(network.nodes[leader]):
                wait_full(network, leader, True)
                others = [number for number in range(3) if number != leader]
                successor = network.wait_leader(others)
                load.wait_for_more(3)
                status = network.nodes[leader].status()
                assert status is not None
                assert status["problem"]["code"] == "store-full"
                assert "disk_quota_mib" in status["reason"]
            wait_full(network, leader, False)
            network.wait_follows(leader, [successor])
            load.wait_for_more(3)
        assert "disk-has-room" in network.nodes[leader].said
        load.check()


@contextmanager
def refused_writes(node: RealNode) -> Iterator[None]:
    """The database can grow no further meanwhile, whatever its disk has."""
    size_bytes = (node.home / "db" / "data.mdb").stat().st_size
    _, hard = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def taken_quota(node: RealNode) -> Iterator[None]:
    """Something else takes the database's quota meanwhile."""
    ballast = node.home / "db" / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, QUOTA_MIB << 20)
    try:
        yield
    finally:
        ballast.unlink()


def wait_full(network: RealNetwork, number: int, is_full: bool) -> None:
    """Until the node says that its disk is full, or is not."""

    def is_so() -> bool:
        status = network.nodes[number].status()
        return status is not None and (status["disk"]["level"] == "full") is is_full

    network.wait(is_so, f"the disk of node {number} full: {is_full}")
