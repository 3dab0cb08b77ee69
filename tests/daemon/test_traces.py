"""Traces of section 6 of docs/protocol.md that need a whole node: its disk, its sign-state, its window.

The core's own are in tests/consensus; docs/reference/agreement-tests.md has all of them in one table.
"""

import json
from copy import deepcopy
from typing import Any

import pytest

from consensus.messages import (
    Acknowledgement,
    HeartbeatAnswer,
    PreVote,
    PreVoteRequest,
    Vote,
    VoteRequest,
    signer_of,
)
from consensus.packets import Packet
from consensus.statement import Statement
from daemon.effects import BlockExecuted, Effect, SaveSignState
from daemon.proposal import Proposal
from daemon.sign_state import SignState
from ledger.state_digest import StateDigest
from p2p.effects import SendFrame
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind, TermCertificate
from tests.daemon.networks import genesis_text
from tests.daemon.node_chaos import NodeChaos
from tests.daemon.node_cluster import NodeCluster, NodeHost

ELECTIONS_MS = 5_000


class Exit:
    """What leaves a node: `look` at it, or let it be lost."""

    def __init__(self, host: NodeHost) -> None:
        self.host = host
        self.lost: tuple[type[Statement | Frame] | PayloadKind, ...] = ()
        self.said: list[Statement] = []
        self._carry_out = host.carry_out
        host.carry_out = self.carry_out  # type: ignore[method-assign]

    def carry_out(self, effect: Effect) -> list[Any]:
        """In place of the host's."""
        if isinstance(effect, SaveSignState):
            self.check_order(effect.state)
        if isinstance(effect, BlockExecuted):
            assert self.host.store.head().executed_height >= effect.height, "told before it is on disk"
        if isinstance(effect, SendFrame):
            told = self._told(effect.frame)
            if isinstance(told, Statement) and signer_of(told) == self.host.id:
                self.said.append(told)
                self.check(told)
            if isinstance(told, Proposal) and signer_of(told.acknowledgement.statement) == self.host.id:
                self.said.append(told.acknowledgement.statement)
                self.check(told.acknowledgement.statement)
                self.check_proposal(told)
            kind = effect.frame.kind if isinstance(effect.frame, Gossip) else type(effect.frame)
            if type(told) in self.lost or kind in self.lost:
                return []
        return self._carry_out(effect)

    @staticmethod
    def _told(frame: Frame) -> Statement | Proposal | None:
        if isinstance(frame, Gossip) and frame.kind is PayloadKind.AGREEMENT:
            return Packet.decode(frame.payload).statement
        if isinstance(frame, Gossip) and frame.kind is PayloadKind.PROPOSAL:
            return Proposal.decode(frame.payload)
        return None

    def check_order(self, state: SignState) -> None:
        """Block, then sign-state, then message: what is asked to be kept of a block comes when the block is stored."""
        if state.acknowledged_height > self.host.sign_state.acknowledged_height:
            stored = self.host.store.header(state.acknowledged_height)
            assert stored is not None and stored.header_hash == state.acknowledged_hash

    def check(self, told: Statement) -> None:
        """Section 6: durable before anything that depends on it is sent."""
        state, store = self.host.sign_state, self.host.store
        match told:
            case Vote() | VoteRequest():
                assert (state.term, state.voted_for) >= (told.term, told.candidate), told
                assert state.term > told.term or state.voted_for == told.candidate, told
            case HeartbeatAnswer():
                assert state.term >= told.term, told
            case Acknowledgement():
                assert (state.acknowledged_term, state.acknowledged_height) >= (told.term, told.height), told
                stored = store.header(told.height)
                is_replaced = store.head().tip_term > told.term
                assert is_replaced or (stored is not None and stored.header_hash == told.block_hash), told
            case _:
                pass

    def check_proposal(self, proposal: Proposal) -> None:
        """S2: a leader's own block, and that it was signed."""
        header, state = proposal.header, self.host.sign_state
        assert (state.proposed_term, state.proposed_height) >= (header.term, header.height)
        assert self.host.store.head().tip_height >= header.height or self.host.store.head().tip_term > header.term


def _led(cluster: NodeCluster) -> tuple[NodeHost, list[NodeHost]]:
    cluster.run(ELECTIONS_MS)
    leader = cluster.leader
    assert leader is not None
    return leader, [host for host in cluster.hosts if host is not leader]


def _assert_one_ledger(cluster: NodeCluster) -> None:
    statuses = [host.node.status() for host in cluster.hosts if host.node is not None]
    assert len({(one.executed_height, one.state_digest, one.tree_root) for one in statuses}) == 1
    assert not any(host.alarms for host in cluster.hosts)


# -- the order of disk and network ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_nothing_leaves_a_node_before_its_disk_has_it(seed: int) -> None:
    """S2; acknowledging before the disk has it; appends re-ordered by asynchronous storage; vote and term not durable
    together (known from other implementations): writes are slow, end one by one, and are lost by crashes.

    Guards: daemon/outgoing.py and daemon/keeping.py, whose reports come in order and up to the ticket told;
    daemon/keeping.py, `term`, which keeps the vote with its term.
    """
    chaos = NodeChaos(seed, steps=1_200)
    exits = [Exit(host) for host in chaos.cluster.hosts]
    chaos.run()
    said = [one for exit_ in exits for one in exit_.said]
    assert {Vote, Acknowledgement} <= {type(one) for one in said} or len(exits) < 3


@pytest.mark.parametrize("completed", range(10))
def test_whatever_was_written_when_a_node_crashed_fits_together(completed: int) -> None:
    """Applied height not atomic with state; commit index ahead of the log after a crash (known from other
    implementations). Each number of writes that were done when the power went.

    Guards: storage/lmdb_store.py, `apply`, one transaction (tests/storage/test_one_transaction.py);
    storage/batch_rules.py.
    """
    cluster = NodeCluster(3)
    leader, (one, _) = _led(cluster)
    cluster.holds = True
    leader.crash()
    for _ in range(40):
        cluster.run(100)
        for host in cluster.hosts:
            if host is not one:
                host.complete(8)
        if completed > 0 and one.held:
            one.complete()
            completed -= 1
    one.crash()
    head = one.store.head()
    digest = StateDigest.empty()
    for key, value in one.store.scan_state(b""):
        digest.add(key, value)
    assert digest.digest() == head.state_digest
    assert head.executed_height <= head.tip_height
    cluster.holds = False
    for host in cluster.hosts:
        while host.held:
            host.complete()
    one.start()
    leader.start()
    cluster.run(2 * ELECTIONS_MS)
    _assert_one_ledger(cluster)


def test_s1_a_block_brings_its_term() -> None:
    """S1, "blocks gossiped without raising the term": a node that stores a block is in its term, though nothing else of
    that term reached it, and the vote there is used up.

    Guard: daemon/growing.py, `_replace`, "TermCertificateHeard(election)".
    """
    cluster = NodeCluster(3)
    leader, (late, other) = _led(cluster)
    before = late.sign_state.term
    late.crash()
    leader.crash()
    exits = [Exit(leader), Exit(other)]
    for exit_ in exits:
        # Blocks pass, and neither certificates nor what could become one.
        exit_.lost = (Acknowledgement, HeartbeatAnswer, PayloadKind.TERM, PayloadKind.CERTIFICATE, TermCertificate)
    leader.start()
    while cluster.leader is None:
        cluster.run(100)
    cluster.run(100)
    for exit_ in exits:
        exit_.lost += (PayloadKind.AGREEMENT,)
    late.start()
    cluster.run(500)
    assert late.node is not None
    assert late.node.status().term == late.store.head().tip_term > before
    assert late.sign_state.voted_for != bytes(32)


def test_a_chain_that_is_newer_than_the_sign_state_proves_its_term() -> None:
    """Two disks, or two queues: the block of a new term was stored, and the power went before the term was kept.

    Guard: daemon/agreement_start.py, "chain.tip.term > term".
    """
    cluster = NodeCluster(3)
    leader, (late, other) = _led(cluster)
    late.crash()
    leader.crash()
    leader.start()
    cluster.run(ELECTIONS_MS)
    late.start()
    exits = [Exit(host) for host in (leader, other)]
    for exit_ in exits:
        # Blocks reach it, and no other proof of the term.
        exit_.lost = (PayloadKind.AGREEMENT, PayloadKind.TERM, PayloadKind.CERTIFICATE, TermCertificate)
    before = late.sign_state.term
    cluster.holds = True
    for _ in range(20):
        cluster.run(100)
        for host in (leader, other):
            host.complete(8)
        written = [effect for effect in late.held if not isinstance(effect, SaveSignState)]
        for effect in written:
            late.held.remove(effect)
            late.run(*late.done(effect))
    assert late.store.head().tip_term > before == late.sign_state.term
    late.crash()
    cluster.holds = False
    late.start()
    assert late.node is not None
    assert late.node.status().term >= late.store.head().tip_term
    assert late.sign_state.term >= late.store.head().tip_term, "kept before anything is signed in it"
    assert late.sign_state.voted_for != bytes(32), "its opening block used up the vote"


# -- a window, a backup -----------------------------------------------------------------------------------------


def test_l2_a_window_full_of_inherited_blocks_does_not_stop_the_next_leader() -> None:
    """L2: every block that may be under way is, when their leader dies; the opening block asks for no room.

    Guard: daemon/leading.py, `open_term`.
    """
    parameters = json.loads(genesis_text())["parameters"] | {"window_blocks_max": 1}
    cluster = NodeCluster(5, parameters=parameters)
    leader, (one, two, late, absent) = _led(cluster)
    late.crash()
    absent.crash()
    # With a proposal comes its leader's acknowledgement: two of five have signed, as far as anybody knows.
    exits = {host: Exit(host) for host in (leader, one, two)}
    for exit_ in exits.values():
        exit_.lost = (Acknowledgement, PayloadKind.CERTIFICATE)
    leader.submit(cluster.notice("waits"))
    cluster.run(500)
    inherited = [host.node.status() for host in (one, two) if host.node is not None]
    assert [status.height - status.committed_height for status in inherited] == [1, 1]
    leader.crash()
    # The late one gets the block in the next term only, so that nothing but a block of that term can commit it.
    for host in (one, two):
        host.carry_out = without_blocks(exits[host])  # type: ignore[method-assign]
    late.start()
    cluster.run(ELECTIONS_MS)
    assert cluster.leader in (one, two)
    for host in (one, two):
        exits[host].lost = ()
        host.carry_out = exits[host].carry_out  # type: ignore[method-assign]
    # A question that was lost is given up after some seconds, and then asked again.
    cluster.run(3 * ELECTIONS_MS)
    assert min(host.store.head().executed_height for host in (one, two, late)) > inherited[0].height


def test_a_restored_voter_signs_nothing_until_it_has_caught_up() -> None:
    """A backup of the database put back, the sign-state kept; section 3, "Sign-state", and section 6, L6.

    Guard: daemon/agreement_start.py, `_holds`.
    """
    cluster = NodeCluster(3)
    leader, (restored, _) = _led(cluster)
    backup = deepcopy(restored.store)
    leader.submit(cluster.notice("after the backup"))
    cluster.run(1_000)
    before = restored.store.head().tip_height
    restored.crash()
    assert backup.head().tip_height < before
    restored.store = backup
    exits = [Exit(host) for host in cluster.hosts]
    # Statements reach it, and no blocks.
    for exit_ in exits:
        exit_.host.carry_out = without_blocks(exit_)  # type: ignore[method-assign]
    restored.start()
    cluster.run(ELECTIONS_MS)
    mine = next(exit_ for exit_ in exits if exit_.host is restored)
    signed = (Vote, PreVote, PreVoteRequest, Acknowledgement, HeartbeatAnswer)
    assert not [one for one in mine.said if isinstance(one, signed)]
    for exit_ in exits:
        exit_.host.carry_out = exit_.carry_out  # type: ignore[method-assign]
    cluster.run(ELECTIONS_MS)
    _assert_one_ledger(cluster)
    assert [one for one in mine.said if isinstance(one, HeartbeatAnswer)]


def without_blocks(exit_: Exit) -> Any:
    """Only what agreement says leaves the node."""

    def carry_out(effect: Effect) -> list[Any]:
        if isinstance(effect, SendFrame) and not (
            isinstance(effect.frame, Gossip) and effect.frame.kind is PayloadKind.AGREEMENT
        ):
            return []
        return exit_.carry_out(effect)

    return carry_out
