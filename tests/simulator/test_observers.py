"""Nodes that follow without a vote."""

from simulator.scenario import Scenario
from tests.simulator.test_world import CALM, held


def test_voters_and_observers_get_every_transaction_and_block() -> None:
    report = held(1, Scenario(nodes=3, observers=9, seconds=12, settle_seconds=3, kinds=CALM, overlay="random"))
    found = {one.kind: one for one in report.spread}
    for kind in ("proposal", "transactions"):
        assert found[kind].messages > 3
        assert found[kind].reached_least == 1.0
        assert found[kind].copies <= 1.3
        assert 2 <= found[kind].hops_highest <= 12
