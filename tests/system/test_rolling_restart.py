"""All nodes of a real network are restarted in turn under load: whoever leads hands over, and no write is lost."""

from pathlib import Path

import pytest

from tests.system.process_network import DEADLINE_S, ProcessNetwork
from tests.system.rolling_restart import restart, restart_each
from tests.system.writers import Writers
from tests.waiting import wait_until

WRITES_BEFORE = 20
# On a busy machine nobody may be able to take over in time, or somebody else leads when the leader's turn comes.
TURNS_MAX = 6
# On any machine: how long it is on one that rests is measured by `benchmarks.restarts`.
PAUSE_S_MAX = 10.0


@pytest.mark.slow
def test_a_rolling_restart_under_load(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 3)
    for node in network.nodes:
        node.is_forked = True
    network.start()
    with Writers(network, 3) as writers:
        wait_until(lambda: len(writers.told) >= WRITES_BEFORE, DEADLINE_S, "writers write")
        turns = restart_each(network, writers)
        while not any(turn.handed_over for turn in turns) and len(turns) < TURNS_MAX:
            turns.append(restart(network, writers, network.leader()))
    handing_over = [turn for turn in turns if turn.handed_over]
    assert handing_over, turns
    assert min(turn.client_pause_s for turn in handing_over) < PAUSE_S_MAX, turns
    network.wait_together()
    assert network.stop() == [0, 0, 0]
    writers.check(network.nodes)
