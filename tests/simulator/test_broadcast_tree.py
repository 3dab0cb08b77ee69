"""The broadcast tree of whole nodes: what one node drops must not make others take further links into the tree."""

from simulator.scenario import Scenario
from tests.simulator.test_world import held


def test_every_message_reaches_every_node_once() -> None:
    """Guard: daemon/hearing.py, `_is_late`. Dropping acknowledgements as soon as their block is committed makes 1.6."""
    report = held(
        1,
        Scenario(
            nodes=7,
            observers=5,
            seconds=12,
            settle_seconds=6,
            kinds=(),
            overlay="random",
            profile="country",
        ),
    )
    spread = {one.kind: one for one in report.spread}
    assert {"agreement", "certificate", "proposal", "transactions"} <= set(spread)
    answers = spread.pop("answers")
    for one in spread.values():
        assert one.reached_least == 1.0, one
        assert one.copies <= 1.0, one
    # Guard: daemon/saying.py, `is_for_leader`. Answers to heartbeats go the leader's way and nowhere else.
    assert answers.copies <= 1.0, answers
    assert answers.reached <= 0.5, answers
