"""Rolling restarts of four real nodes under load: how long nobody, and how long some client, is told of a write.

All nodes are stopped as an operator stops them and started again, one after the other, the leader last, which hands
over. Clients write all the while, each one write after the other; one that is refused, or gets no answer, goes on at
once with the next node. Beside that: the same clients when the leader is killed, so that nothing is handed over.

Run: `python -m benchmarks.restarts [--restarts N] [--kills N]`
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.report import write_report
from tests.system.process_network import DEADLINE_S, ProcessNetwork
from tests.system.rolling_restart import Restart, restart_each
from tests.system.writers import Writers
from tests.waiting import wait_until

NODES, CLIENTS = 4, 4
PAUSE_S_REQUIRED = 1
CALM_S = 5.0


def kill_leader(network: ProcessNetwork, writers: Writers) -> tuple[float, float]:
    """Kill whoever leads; the longest pauses of all and of some client until another one leads and clients write."""
    leader = network.leader()
    began_s, told = time.monotonic(), len(writers.told)
    leader.kill()
    wait_until(lambda: len(writers.told) >= told + 10 * CLIENTS, DEADLINE_S, "writes go on")
    until_s = time.monotonic()
    leader.launch()
    leader.wait_ready()
    wait_until(lambda: leader.status()["lag_blocks"] < 3, DEADLINE_S, "it is level")
    return writers.longest_pause_s(began_s, until_s), writers.longest_pause_of_a_client_s(began_s, until_s)


def calm(writers: Writers) -> tuple[float, float]:
    """The longest pauses while nothing happens."""
    began_s = time.monotonic()
    time.sleep(CALM_S)
    until_s = time.monotonic()
    return writers.longest_pause_s(began_s, until_s), writers.longest_pause_of_a_client_s(began_s, until_s)


def main() -> None:
    """Measure and write `benchmarks/results/restarts.{json,md}`."""
    parser = argparse.ArgumentParser(description="rolling restarts under load")
    parser.add_argument("--restarts", type=int, default=12, help="times that all nodes are restarted")
    parser.add_argument("--kills", type=int, default=6, help="times that the leader is killed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="banyan-restarts-") as name:
        network = ProcessNetwork(Path(name), NODES)
        network.start()
        try:
            with Writers(network, CLIENTS) as writers:
                wait_until(lambda: len(writers.told) >= 100, DEADLINE_S, "writers write")
                resting = calm(writers)
                turns = [turn for _ in range(options.restarts) for turn in restart_each(network, writers)]
                kills = [kill_leader(network, writers) for _ in range(options.kills)]
            network.wait_together()
            network.stop()
            writers.check(network.nodes)
        finally:
            for node in network.running:
                node.kill()
        told = len(writers.told)
    figures = figures_of(resting, turns, kills) | {"acknowledged writes, each looked for on all nodes: none lost": told}
    write_report("restarts", "Rolling restarts of four nodes under load, real processes", figures)
    for label, value in figures.items():
        print(f"{label}: {value}")


def figures_of(
    resting: tuple[float, float], turns: list[Restart], kills: list[tuple[float, float]]
) -> dict[str, object]:
    """Label to value, in order."""
    leaders = [turn for turn in turns if turn.led]
    others = [turn for turn in turns if not turn.led]
    figures: dict[str, object] = {
        "nodes": NODES,
        "clients": CLIENTS,
        f"nothing happens for {CALM_S:g} s: longest pause of a client, s": round(resting[1], 2),
        "restarts of a node that did not lead": len(others),
        **_pauses("of these", [turn.client_pause_s for turn in others]),
        "restarts of the leader": len(leaders),
        "of these, handed over": sum(turn.handed_over for turn in leaders),
        **_pauses("the leader's restart", [turn.client_pause_s for turn in leaders]),
        "required, s": PAUSE_S_REQUIRED,
    }
    return figures | _pauses("kill -9 of the leader", [pause_s for _, pause_s in kills])


def _pauses(what: str, pauses_s: list[float]) -> dict[str, object]:
    if not pauses_s:
        return {}
    return {
        f"{what}: longest pause of a client, slowest of {len(pauses_s)}, s": round(max(pauses_s), 2),
        f"{what}: longest pause of a client, median, s": round(statistics.median(pauses_s), 2),
    }


if __name__ == "__main__":
    main()
