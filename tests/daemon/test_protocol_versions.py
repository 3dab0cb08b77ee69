"""Several versions of the program in one network: together before a new version of the protocol, apart after it.

docs/protocol.md, section 5, "Versions of the protocol"; docs/adr/0033-upgrades.md. Version 2 is that of
`tests.contracts.versions`.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from contracts.protocols import builtin_protocols
from contracts.record import Record, record_key
from daemon.block_builder import Tip
from daemon.catching_up import CatchingUp
from daemon.chain import Chain
from daemon.effects import OutOfDate, Stopped
from daemon.events import HandOverRequested, Stopping
from daemon.node_errors import ProtocolTooOldError
from daemon.protocol_in_force import GRACE_MS, ProtocolInForce, ScheduledVersion
from ledger.block import Header
from ledger.support_statement import SupportStatement
from ledger.transaction import Transaction
from tests.contracts.versions import EVENT_OF_TWO, UNIT_REFUSED, two_versions
from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.node_cluster import NodeHost

WINDOW = 2
LEAD = 2 * WINDOW


class MixedCluster(GovernedCluster):
    """Three voters, of which those named run a newer program; and observers, which do not."""

    def __init__(self, *newer: int, observers: int = 0) -> None:
        parameters = {
            "transaction_lifetime_ms_max": 86_400_000,
            "transactions_per_sender_per_day_max": 10_000_000,
            "block_transactions_max": 2048,
            "block_size_bytes_max": 1_048_576,
            "clock_skew_ms_max": 5000,
            "window_blocks_max": WINDOW,
        }
        super().__init__(3, 3 + observers, parameters=parameters)
        for number in newer:
            self.upgrade(number)
        self.run(4_000)

    def upgrade(self, number: int) -> None:
        """End the program of this node and start a newer one."""
        host = self.hosts[number]
        if host.node is not None:
            host.crash()
        host.protocols = two_versions()
        host.start()

    def announce(self, *numbers: int) -> None:
        for number in numbers:
            host = self.hosts[number]
            said = SupportStatement(self.genesis.network_id, host.id, self.now_ms, host.protocols.versions)
            arguments = {
                "node": host.id,
                "versions": list(said.versions),
                "time_ms": said.time_ms,
                "signature": said.sign(host.keys.agreement),
            }
            self.submit(self.notice(operation="governance.node-protocol", arguments=arguments))

    def decide(self, ahead: int = LEAD + 4) -> int:
        """The height from which on version 2 counts."""
        leader = self.leader
        assert leader is not None and leader.node is not None
        height = leader.node.status().executed_height + 1 + ahead
        arguments = {"version": 2, "height": height, "force": True}
        self.submit(self.notice(operation="governance.protocol-set", arguments=arguments))
        return height

    def lead(self, number: int) -> None:
        """Let this voter lead."""
        for _ in range(5):
            leader = self.leader
            if leader is self.hosts[number]:
                return
            if leader is not None:
                leader.run(HandOverRequested(self.now_ms, self.hosts[number].id))
            self.run(2_500)
        raise AssertionError("it does not lead")

    def write_until(self, height: int) -> None:
        """Go on writing, at whoever leads, as long as somebody does and blocks stay below `height`."""
        for _ in range(60):
            leader = self.leader
            if leader is None or leader.node is None:
                self.run(500)
            elif leader.node.status().executed_height < height:
                self.submit(self.notice(), duration_ms=200)
            else:
                return
        raise AssertionError("no blocks any more")

    def versions(self, host: NodeHost) -> dict[int, int]:
        """The version of each stored block."""
        stored = {number: host.store.header(number) for number in range(1, host.store.head().tip_height + 1)}
        return {number: Header.decode(one.header).protocol_version for number, one in stored.items() if one is not None}


def wishes(host: NodeHost) -> list[ProtocolTooOldError]:
    """What the node said when it wished to be stopped."""
    found = [effect.error for effect in host.other if isinstance(effect, OutOfDate)]
    assert all(isinstance(error, ProtocolTooOldError) for error in found)
    return [error for error in found if isinstance(error, ProtocolTooOldError)]


def test_a_network_changes_to_a_new_version_at_the_height_that_was_decided() -> None:
    cluster = MixedCluster(0, 1, 2)
    cluster.announce(0, 1, 2)
    height = cluster.decide()
    host = cluster.hosts[0]
    assert host.node is not None
    picture = host.node.status().protocol
    assert picture == (1, (1, 2), ScheduledVersion(2, height))
    cluster.write_until(height + 4)
    cluster.run(1_000)
    for one in cluster.hosts:
        versions = cluster.versions(one)
        assert {number: version for number, version in versions.items() if version == 2}
        assert all((version == 2) == (number >= height) for number, version in versions.items())
    assert host.node.status().protocol == (2, (1, 2), None)
    events = {
        number: [event.name for one in block.transactions for event in one.result.events]
        for number, block in host.executed.items()
    }
    assert all(
        (EVENT_OF_TWO in names) == (number >= height) for number, names in events.items() if "notice.posted" in names
    )
    cluster.check_calm()


def test_old_and_new_programs_run_together_and_the_old_one_ends_before_the_first_new_block() -> None:
    cluster = MixedCluster(0, 1, observers=1)
    cluster.lead(0)
    cluster.announce(0, 1)
    height = cluster.decide()
    old = cluster.hosts[2]
    # Long before, operators are told.
    assert any(isinstance(report, ProtocolTooOldError) for report in old.reports)
    assert not wishes(old)
    cluster.write_until(height + 2)
    cluster.run(GRACE_MS + 500)
    for late in (old, cluster.hosts[3]):
        (error,) = wishes(late)
        assert error.params == {"height": height, "version": 2, "known": 1}
        assert late.store.head().tip_height == height - 1
        assert max(cluster.versions(late).values()) == 1
        assert not late.alarms and late.sign_state.acknowledged_height < height
    # Nobody is blamed for what an old program cannot read.
    for host in cluster.hosts:
        assert host.node is not None
        assert not [peer for peer in host.node.peers() if peer.reasons], host.number
    # Started again, it says so at once; upgraded, it goes on with the same folder.
    old.crash()
    with pytest.raises(ProtocolTooOldError, match=f"from block {height} on the network follows version 2"):
        old.start()
    cluster.upgrade(2)
    cluster.run(3_000)
    assert old.node is not None
    assert old.node.status().executed_height == cluster.hosts[0].store.head().executed_height >= height
    # And put back, the old program refuses what the newer one stored.
    old.crash()
    old.protocols = builtin_protocols()
    with pytest.raises(ProtocolTooOldError, match="version 2 of the protocol, and this program knows versions up to 1"):
        old.start()


def test_a_node_that_misses_the_last_certificate_waits_for_it_a_while() -> None:
    cluster = MixedCluster(0, 1, 2)
    cluster.announce(0, 1, 2)
    height = cluster.decide(LEAD + 10)
    leader = cluster.leader
    assert leader is not None
    while leader.store.head().tip_height < height - 1:
        cluster.run(50)
        leader.submit(cluster.notice())
    head = leader.store.head()
    assert (head.tip_height, head.executed_height) == (height - 1, height - 2)
    # The same store under an older program.
    older = builtin_protocols()
    protocol = ProtocolInForce(cluster.genesis, Chain(cluster.genesis, older, leader.store), older)
    assert protocol.due_end(5_000) is None
    assert protocol.due_end(5_000 + GRACE_MS - 1) is None
    assert protocol.due_end(5_000 + GRACE_MS) is not None
    assert protocol.next_protocol() is None


def test_a_leader_that_is_too_old_hands_over_and_ends() -> None:
    cluster = MixedCluster(0, 1)
    cluster.announce(0, 1)
    height = cluster.decide()
    old = cluster.hosts[2]
    cluster.lead(2)
    cluster.write_until(height - 1)
    assert cluster.leader is old
    old.submit(cluster.notice("waits"))
    cluster.run(200)
    assert wishes(old) and old.store.head().tip_height == height - 1
    # As the shell does when the node wishes to be stopped.
    old.run(HandOverRequested(cluster.now_ms, None))
    cluster.run(2_000)
    assert cluster.leader in cluster.hosts[:2]
    old.run(Stopping(cluster.now_ms))
    assert any(isinstance(effect, Stopped) for effect in old.other)
    old.crash()
    cluster.run(2_000)
    newer = cluster.hosts[0]
    assert newer.store.head().executed_height >= height
    assert [cluster.versions(newer)[number] for number in (height - 1, height)] == [1, 2]
    # What waited at the old leader is in the ledger.
    titles = [Record.decode(data).fields["title"] for _, data in newer.store.scan_state(b"notice\0")]
    assert "waits" in titles


def make_unreadable(monkeypatch: pytest.MonkeyPatch, cluster: MixedCluster, height: int) -> None:
    """A program cannot make sense of what blocks hold from this height on."""
    store = cluster.hosts[0].store
    first = store.header(height)
    assert first is not None
    later = {bytes(entry) for entry in store.entries(first.first_index, store.head().tree_size - first.first_index)}
    verified = CatchingUp.on_verified

    def on_verified(self: CatchingUp, ticket: int, transactions: Sequence[Transaction | None]) -> bool:
        readable = [None if one is None or one.envelope in later else one for one in transactions]
        return verified(self, ticket, readable)

    monkeypatch.setattr(CatchingUp, "on_verified", on_verified)


def test_a_node_far_behind_follows_to_the_last_block_that_it_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = MixedCluster(0, 1, 2, observers=1)
    late = cluster.hosts[3]
    late.crash()
    cluster.announce(0, 1, 2)
    height = cluster.decide()
    cluster.write_until(height + 3)
    # What only a newer program can read in them is nobody's fault.
    make_unreadable(monkeypatch, cluster, height)
    late.start()
    cluster.run(8_000)
    assert wishes(late)
    assert late.store.head().tip_height == height - 1
    assert late.node is not None
    assert not [peer for peer in late.node.peers() if peer.reasons], late.reports
    monkeypatch.undo()
    cluster.upgrade(3)
    cluster.run(4_000)
    assert late.store.head().executed_height == cluster.hosts[0].store.head().executed_height


def test_what_a_version_does_not_admit_waits_and_is_refused_in_a_block() -> None:
    cluster = MixedCluster(0, 1, 2)
    cluster.announce(0, 1, 2)
    height = cluster.decide()
    shut = {"unit": UNIT_REFUSED, "title": "before"}
    cluster.submit(cluster.notice(arguments=shut))
    newer = cluster.hosts[0]
    assert any(True for _ in newer.store.scan_state(record_key("notice", UNIT_REFUSED)))
    cluster.write_until(height)
    leader = cluster.leader
    assert leader is not None and leader.node is not None
    leader.submit(cluster.notice(arguments=shut | {"title": "after"}))
    before = leader.node.status()
    cluster.run(1_000)
    after = leader.node.status()
    assert after.mempool_count == 1 and before.height == after.height
    # A leader that puts it into a block all the same is not followed.
    protocol = leader.protocols.find(2)
    assert protocol is not None
    everything = leader.node._leading._protocol
    everything.next_protocol = lambda: replace(protocol, admits=lambda _: True)  # type: ignore[method-assign]
    leader.submit(cluster.notice())
    cluster.run(300)
    others = [host for host in cluster.hosts if host is not leader]
    assert all(host.store.head().tip_height == after.height for host in others)
    assert any("protocol_version" in str(report) for host in others for report in host.reports)


def test_a_block_of_another_version_than_the_one_in_force_is_refused() -> None:
    cluster = MixedCluster(0, 1, 2)
    leader = cluster.leader
    assert leader is not None and leader.node is not None
    protocol = leader.protocols.find(2)
    leader.node._leading._protocol.next_protocol = lambda: protocol  # type: ignore[method-assign]
    leader.submit(cluster.notice())
    cluster.run(500)
    others = [host for host in cluster.hosts if host is not leader]
    assert all(max(cluster.versions(host).values()) == 1 for host in others)
    assert all(any("protocol_version" in str(report) for report in host.reports) for host in others)


def test_which_version_it_is_cannot_be_told_before_the_decision_is_executed() -> None:
    cluster = MixedCluster(0, 1, 2)
    host = cluster.hosts[0]
    chain = Chain(cluster.genesis, host.protocols, host.store)
    protocol = ProtocolInForce(cluster.genesis, chain, host.protocols)
    tip = chain.executed_tip
    near = Tip(tip.height + LEAD - 1, tip.term, tip.hash, tip.time_ms, 0, tip.tree, tip.header)
    far = replace(near, height=tip.height + LEAD)
    ahead = tip.height + 1
    assert protocol.version_at(near, ahead) == 1
    assert protocol.version_at(far, ahead) is None
    # Where the block states no more than is executed here, it can: a pile of opening blocks stops nobody.
    assert protocol.version_at(far, tip.height) == 1


def test_decisions_are_read_from_the_store_at_the_start() -> None:
    cluster = MixedCluster(0, 1, 2)
    cluster.announce(0, 1, 2)
    height = cluster.decide(LEAD + 20)
    cluster.run(500)
    host = cluster.hosts[1]
    host.crash()
    host.start()
    assert host.node is not None
    assert host.node.status().protocol.scheduled == ScheduledVersion(2, height)
