"""Simulated networks whose nodes are upgraded: programs of two ages in one network, a new version of the protocol in
the middle of faults, and a rolling restart that no client notices for more than a moment.

Version 2 of the protocol is that of `tests.contracts.versions`.
"""

from dataclasses import replace
from itertools import pairwise

import pytest

from contracts.protocol_change import lead_blocks
from contracts.protocol_record import newest_decision
from daemon.overlay import StateOverlay
from ledger.block import Header
from ledger.encoding import Value
from ledger.genesis import member_id
from ledger.support_statement import SignedSupport
from ledger.transaction import Transaction, build_transaction
from simulator.adapter import Boot, SteppedNode, make_node
from simulator.clients import ClientSettings
from simulator.desk import Answer, Outcome
from simulator.faults import KILL, PARTITION, PAUSE
from simulator.identities import START_MS, identities
from simulator.observation import BlockTold, NodeEnded
from simulator.process import STOPPED, TOO_OLD, Process
from simulator.scenario import Scenario, setting_of
from simulator.schedule import MILLISECOND_US, SECOND_US
from simulator.world import World
from tests.contracts.versions import two_versions

# What nobody may have to wait longer for while one node after the other is restarted.
PAUSE_US_MAX = 1_000 * MILLISECOND_US


class Programs:
    """The factory of a world's nodes: those of `newer` know both versions from their next start on."""

    def __init__(self, *newer: int) -> None:
        self.newer = set(newer)
        self.numbers: dict[bytes, int] = {}

    def __call__(self, boot: Boot) -> SteppedNode:
        is_newer = self.numbers[boot.keys.node_id] in self.newer
        return make_node(replace(boot, protocols=two_versions()) if is_newer else boot)


class Council:
    """The administrators of a world: their transactions are handed in until some node has an answer."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self.world = world
        self.known = identities(scenario.nodes, scenario.clients.count, scenario.quorum, scenario.observers)
        self.nonces = 0
        self.height = 0

    def announce(self, number: int) -> None:
        keys, now_ms = self.known.nodes[number], START_MS + self.world.schedule.now_us // MILLISECOND_US
        network_id = self.known.genesis.network_id
        said = SignedSupport.of(network_id, keys.node_id, keys.agreement, now_ms, two_versions().versions)
        self._hand_in(
            "node-protocol",
            {
                "node": keys.node_id,
                "versions": list(said.statement.versions),
                "time_ms": said.statement.time_ms,
                "signature": said.signature,
            },
        )

    def decide(self) -> None:
        heights = [status.executed_height for one in self.world.processes if (status := one.status()) is not None]
        window = self.known.genesis.parameters.window_blocks_max
        self.height = max(heights) + lead_blocks(window) + 25
        self._hand_in("protocol-set", {"version": 2, "height": self.height, "force": True})

    def _hand_in(self, method: str, arguments: dict[str, Value]) -> None:
        self.nonces += 1
        network_id = self.known.genesis.network_id
        transaction = build_transaction(
            network_id=network_id,
            sender=member_id(network_id, self.known.clients[0].public),
            operation=f"governance.{method}",
            arguments=arguments,
            nonce=self.nonces.to_bytes(16, "little"),
            expires_ms=START_MS + 3_000_000,
            signers=list(self.known.clients),
        )
        self._attempt(transaction, 0)

    def _attempt(self, transaction: Transaction, attempt: int) -> None:
        answers: list[Answer] = []

        def again() -> None:
            if not any(one.outcome in (Outcome.COMMITTED, Outcome.REFUSED) for one in answers):
                self._attempt(transaction, attempt + 1)

        processes = self.world.processes
        processes[attempt % len(processes)].submit(transaction.envelope, answers.append)
        self.world.schedule.after(SECOND_US, again)


def world_of(seed: int, scenario: Scenario, programs: Programs) -> tuple[World, list[NodeEnded]]:
    world = World(setting_of(seed, replace(scenario, factory=programs)))
    programs.numbers = {process.keys.node_id: process.number for process in world.processes}
    ended: list[NodeEnded] = []
    world.stream.listen((NodeEnded,), ended.append)
    return world, ended


def versions_of(process: Process) -> list[int]:
    store = process.disk.database.store
    headers = [store.header(height) for height in range(1, store.head().executed_height + 1)]
    return [Header.decode(one.header).protocol_version for one in headers if one is not None]


@pytest.mark.parametrize("seed", [0])
def test_a_new_version_comes_into_force_among_programs_of_two_ages_in_the_middle_of_faults(seed: int) -> None:
    old = 3
    programs = Programs(0, 1, 2)
    scenario = Scenario(nodes=4, seconds=38, kinds=(KILL, PAUSE, PARTITION), profile="town")
    world, ended = world_of(seed, scenario, programs)
    council = Council(world, scenario)

    def upgrade() -> None:
        programs.newer.add(old)
        world.processes[old].hold_down()
        world.processes[old].let_up()

    for number in range(3):
        world.schedule.at(2 * SECOND_US, council.announce, number)
    world.schedule.at(6 * SECOND_US, council.decide)
    world.schedule.at(30 * SECOND_US, upgrade)
    world.run()
    assert world.violation is None, world.violation
    # The one that is too old ended by itself, before the first block that it could not follow.
    assert [one for one in ended if one.node == old and one.reason in (STOPPED, TOO_OLD)]
    for process in world.processes:
        assert newest_decision(StateOverlay(process.disk.database.store)).height == council.height
        versions = versions_of(process)
        assert len(versions) > council.height + 5
        assert versions == [1] * (council.height - 1) + [2] * (len(versions) - council.height + 1)


def test_a_rolling_restart_lets_nobody_wait_for_more_than_a_second() -> None:
    scenario = Scenario(
        nodes=3, seconds=16, kinds=(), profile="town", overlay="mesh", clients=ClientSettings(3, 300 * MILLISECOND_US)
    )
    programs = Programs()
    world, ended = world_of(7, scenario, programs)
    told: list[BlockTold] = []
    world.stream.listen((BlockTold,), told.append)
    roles: list[str] = []

    def restart(number: int) -> None:
        process = world.processes[number]
        status = process.status()
        assert status is not None
        roles.append(status.role)
        process.retire()
        world.schedule.after(2 * SECOND_US, process.start)

    for number in range(3):
        world.schedule.at((3 + 4 * number) * SECOND_US, restart, number)
    world.run()
    assert world.violation is None, world.violation
    assert [one.reason for one in ended] == [STOPPED] * 3
    assert "leader" in roles
    times = sorted(one.time_us for one in told if 2 * SECOND_US < one.time_us < 15 * SECOND_US)
    longest_us = max(after - before for before, after in pairwise(times))
    assert longest_us <= PAUSE_US_MAX, longest_us
