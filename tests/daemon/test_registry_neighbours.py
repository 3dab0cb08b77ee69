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


def test_a_node_that_was_away_fetches_blocks_over_several_changes_of_voters() -> None:
    """Blocks above a change wait until it is executed, and are not asked for again.

    Guard: daemon/catching_up.py, `BlockNotReadyError` in `_extended`.
    """
    cluster = GovernedCluster(1, 5)
    cluster.run(1_000)
    cluster.register(1, 2, 3, 4)
    away = cluster.hosts[4]
    away.crash()
    for number in (1, 2, 3):
        cluster.submit(cluster.governance("voter-add", number), duration_ms=2_000)
        cluster.submit(*[cluster.notice(str(at)) for at in range(3)])
    for number in (3, 2):
        cluster.submit(cluster.governance("voter-remove", number), duration_ms=2_000)
    behind = away.store.head().executed_height
    away.start()
    cluster.run(5_000)
    cluster.check_calm()
    assert away.store.head().executed_height >= behind + 10
    assert cluster.numbers() == {(0, 1)}
    assert not away.reports, away.reports
    assert away.node is not None and {one.score for one in away.node.peers()} == {100}
