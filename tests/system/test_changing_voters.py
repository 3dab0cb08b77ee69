"""Voters of a real network lose their vote and get it back under load, while others are killed."""

from pathlib import Path

import pytest

from tests.system.list_client import ask
from tests.system.load import Load
from tests.system.networks import real_network
from tests.system.real_network import RealNetwork, banyan, name_of

VOTERS = 4
EVERYBODY = frozenset(range(VOTERS))


@pytest.mark.root
@pytest.mark.slow
def test_voters_go_and_come_under_load(tmp_path: Path) -> None:
    with real_network(tmp_path, VOTERS) as network:
        load = Load(network)
        with load.running(clients=3):
            load.wait_for_more(5)
            # Whoever leads loses its vote, and another one leads.
            removed = network.wait_leader()
            change(network, "remove", removed)
            wait_voters(network, EVERYBODY - {removed})
            assert network.wait_leader() != removed
            load.wait_for_more(5)
            # One of three is down: two commit, and may take in a fourth, with which they are a quorum again.
            down = min(EVERYBODY - {removed, network.wait_leader()})
            network.nodes[down].kill()
            load.wait_for_more(5)
            change(network, "promote", removed)
            load.wait_for_more(5)
            network.nodes[down].start()
            network.wait_follows(down, among=EVERYBODY - {down})
            wait_voters(network, EVERYBODY)
            # Now the one that came back counts: with another one down nothing goes on without it.
            network.nodes[(removed + 1) % VOTERS].kill()
            load.wait_for_more(5)
            network.nodes[(removed + 1) % VOTERS].start()
        load.check()


def change(network: RealNetwork, method: str, number: int) -> None:
    """Promote a node, or take its vote away, by a command at a node that runs."""
    home = network.nodes[network.wait_leader()].home
    banyan("voters", method, name_of(number), "--home", home, "--key", network.folder / "admin.key")


def wait_voters(network: RealNetwork, numbers: frozenset[int]) -> None:
    """Until every node that runs knows these voters, and no others."""

    def is_so() -> bool:
        told = [ask(node.home, "GET", "/v1/records/node") for node in network.running]
        names = {name_of(number) for number in numbers}
        return all(
            answer is not None
            and {one["fields"]["name"] for one in answer.document["records"] if one["fields"]["state"] == "voter"}
            == names
            for answer in told
        )

    network.wait(is_so, f"the voters {sorted(numbers)} everywhere")
