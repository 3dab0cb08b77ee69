"""Neighbours come from the ledger's registry: who is in it may connect, and is dialled."""

from p2p.effects import Dial, DropReason
from p2p.overlay import OverlaySettings
from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.node_cluster import NodeHost


class OpenCluster(GovernedCluster):
    """Nobody has a list of neighbours."""

    def settings_of(self, host: NodeHost) -> OverlaySettings:
        """Everybody picks from the registry."""
        return OverlaySettings()


def test_a_node_is_a_neighbour_as_soon_as_its_registration_is_executed() -> None:
    """Guard: daemon/exchange.py, `executed`."""
    cluster = OpenCluster(1, 3)
    cluster.run(1_000)
    voter, registered, stranger = cluster.hosts
    assert {one.reason for one in voter.drops} == {DropReason.NOT_REGISTERED}
    assert {one.peer for one in voter.drops} == {registered.id, stranger.id}
    assert not [one for one in voter.other if isinstance(one, Dial)]
    cluster.register(1)
    dialled = {one.peer for one in voter.other if isinstance(one, Dial)}
    assert dialled == {registered.id}
