"""Changing voters in whole nodes: the transaction, its barrier, and who votes afterwards.

docs/protocol.md, section 6, "Changing voters"; Ongaro's thesis, chapter 4; docs/adr/0014-governance.md.
"""

from typing import Any

import pytest

from consensus.messages import Acknowledgement, HeartbeatAnswer
from contracts.voter_change import is_voter_change
from daemon.effects import Effect, SaveSignState, Stopped, StoreBatch, Verify
from daemon.ending import HANDING_OUT_MS_MAX
from daemon.events import Event, Stopping, Ticked
from daemon.leading import BATCH_WORTH_A_BLOCK
from ledger.transaction import decode_envelope
from p2p.frames import PayloadKind
from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.membership_chaos import check
from tests.daemon.node_cluster import TICK_MS, NodeHost
from tests.daemon.test_traces import Exit


def led(voters: int, nodes: int, links: set[tuple[int, int]] | None = None) -> tuple[GovernedCluster, NodeHost]:
    """A calm cluster with a leader, in which every node is registered."""
    cluster = GovernedCluster(voters, nodes, links)
    cluster.run(3_000)
    cluster.register(*range(voters, nodes))
    leader = cluster.leader
    assert leader is not None
    return cluster, leader


def test_an_observer_executes_every_block_and_signs_no_checkpoint() -> None:
    cluster, leader = led(1, 2)
    observer = cluster.hosts[1]
    assert observer.node is not None and leader.node is not None
    assert observer.node.status().executed_height == leader.node.status().executed_height > 0
    assert observer.node.status().role == "observer"
    assert observer.node.status().checkpoint_size == leader.node.status().checkpoint_size > 0
    assert observer.sign_state.cosigned_size == 0


def test_voters_come_from_one_to_five_and_go_to_one() -> None:
    cluster, leader = led(1, 5)
    for number in range(1, 5):
        cluster.submit(cluster.governance("voter-add", number), duration_ms=2_000)
        assert cluster.numbers() == {tuple(range(number + 1))}
    assert cluster.leader is leader, "nobody had to be elected"
    for number in range(4):
        cluster.submit(cluster.governance("voter-remove", number), duration_ms=6_000)
        assert cluster.numbers() == {tuple(range(number + 1, 5))}
    assert cluster.leader is cluster.hosts[4]
    cluster.submit(cluster.notice("the last one"))
    cluster.check_calm()
    records = [cluster.voters_of(host) for host in cluster.hosts]
    assert {one.number for one in records} == {8}
    assert all(host.node is not None and host.node.status().voters_confirmed for host in cluster.hosts)


def test_a_promoted_voter_cosigns_under_the_name_that_the_registry_has() -> None:
    cluster, leader = led(1, 2)
    cluster.submit(cluster.governance("voter-add", 1), duration_ms=2_000)
    promoted = cluster.hosts[1]
    assert promoted.node is not None and leader.node is not None
    cluster.submit(cluster.notice(), duration_ms=2_000)
    assert promoted.node.status().checkpoint_size == leader.node.status().checkpoint_size > 0
    note = promoted.store.head().checkpoint
    assert note is not None
    assert b"\xe2\x80\x94 beta " in bytes(note)


@pytest.mark.parametrize("voters", [3, 4, 5])
def test_a_removed_leader_hands_over_to_the_new_voters(voters: int) -> None:
    cluster, leader = led(voters, voters)
    cluster.submit(cluster.governance("voter-remove", leader.number), duration_ms=6_000)
    rest = tuple(number for number in range(voters) if number != leader.number)
    assert cluster.numbers() == {rest}
    assert leader.node is not None and leader.node.status().role == "observer"
    assert cluster.leader is not None and cluster.leader.number in rest
    cluster.submit(cluster.notice())
    cluster.check_calm()


# -- the barrier ------------------------------------------------------------------------------------------------


def cut_off(cluster: GovernedCluster, number: int) -> None:
    """Nothing reaches this node any more, and nothing comes from it."""
    cluster.cut |= {frozenset((number, other.number)) for other in cluster.hosts if other.number != number}


def barriers_of(host: NodeHost) -> list[int]:
    """The heights of the blocks on this node's disk that hold a change of voters, by their bytes."""
    store = host.store
    found = []
    for height in range(1, store.head().tip_height + 1):
        stored = store.header(height)
        assert stored is not None
        entries = store.entries(stored.first_index + 1, stored.leaf_count - 1) if stored.leaf_count > 1 else []
        if any(is_voter_change(decode_envelope(bytes(entry))) for entry in entries):
            found.append(height)
    return found


def test_a_change_that_execution_refuses_is_a_barrier_all_the_same() -> None:
    """Guard: daemon/leading.py, `_may_propose`, "is_barred"."""
    cluster, leader = led(3, 3)
    assert leader.node is not None
    cluster.holds = True
    leader.submit(cluster.governance("voter-add", leader.number))
    height = leader.node.status().height
    leader.submit(*[cluster.notice() for _ in range(BATCH_WORTH_A_BLOCK)])
    for _ in range(20):
        leader.run(Ticked(leader.now_ms))
    assert leader.node.status().height == height, "nothing follows the barrier while it is not executed"
    cluster.holds = False
    for host in cluster.hosts:
        host.complete(len(host.held))
    cluster.run(2_000)
    assert barriers_of(leader) == [height]
    assert not leader.executed[height].transactions[0].result.ok
    assert [cluster.voters_of(host).number for host in cluster.hosts] == [0, 0, 0]
    cluster.check_calm()


def test_two_changes_at_once_are_two_barriers_one_after_the_other() -> None:
    cluster, leader = led(3, 5)
    cluster.submit(cluster.governance("voter-add", 3), cluster.governance("voter-add", 4), duration_ms=3_000)
    assert cluster.numbers() == {(0, 1, 2, 3, 4)}
    first, second = barriers_of(leader)
    assert second > first
    assert [cluster.voters_of(host).number for host in cluster.hosts] == [2] * 5
    cluster.check_calm()


def test_a_barrier_at_an_uncommitted_tip_and_a_dead_leader() -> None:
    """L1: the next leader, of the old set, may open its term on top of the barrier, which commits both.

    Guard: daemon/voters_in_force.py, `at`, "opens_term and header.voter_set_hash".
    """
    cluster, leader = led(3, 4)
    others = [host for host in cluster.hosts[:3] if host is not leader]
    for host in others:
        # Stored everywhere, acknowledged by the leader alone.
        host.carry_out = no_acknowledgements(host)  # type: ignore[method-assign]
    leader.submit(cluster.governance("voter-add", 3))
    cluster.deliver()
    leader.crash()
    (barrier,) = barriers_of(others[0])
    for host in others:
        del host.carry_out
    cluster.run(8_000)
    assert cluster.leader in others
    assert others[0].store.header(barrier + 1).election_certificate  # type: ignore[union-attr]
    assert cluster.voters_of(others[0]).number == 1
    leader.start()
    cluster.run(4_000)
    assert cluster.numbers() == {(0, 1, 2, 3)}
    cluster.check_calm()


def no_acknowledgements(host: NodeHost) -> Any:
    """In place of carrying out: what is signed of blocks is never kept, so that no acknowledgement leaves."""

    def carry_out(effect: Effect) -> list[Any]:
        if isinstance(effect, SaveSignState) and effect.state.acknowledged_height > host.sign_state.acknowledged_height:
            return []
        return NodeHost.carry_out(host, effect)

    return carry_out


def test_who_opened_a_term_on_a_barrier_that_was_committed_meanwhile_gives_way() -> None:
    """A node that was cut off with the barrier as its tip hears of the change by its certificate, and then of the rest.

    Guard: daemon/catching_up.py, `_extended`, "_certificate_above".
    """
    cluster, leader = led(5, 5)
    late = next(host for host in cluster.hosts if host is not leader)
    removed = next(host for host in cluster.hosts if host not in (leader, late))
    late.carry_out = no_acknowledgements(late)  # type: ignore[method-assign]
    leader.submit(cluster.governance("voter-remove", removed.number))
    while late.store.head().tip_height != leader.store.head().tip_height:
        cluster.deliver_one(0)
    cut_off(cluster, late.number)
    del late.carry_out
    for title in ("one", "two", "three"):
        cluster.submit(cluster.notice(title))
    assert late.node is not None and late.node.status().voters_number == 0
    cluster.cut.clear()
    cluster.run(8_000)
    assert late.node.status().voters_number == 1
    cluster.check_calm()


@pytest.mark.parametrize("changes", [2, 6])
def test_a_node_that_was_away_learns_of_one_set_after_the_other(changes: int) -> None:
    cluster, leader = led(3, 4)
    cluster.hosts[3].crash()
    away = next(host for host in cluster.hosts[:3] if host is not leader)
    other = next(host for host in cluster.hosts[:3] if host not in (leader, away))
    away.crash()
    for number in range(changes):
        method = "voter-add" if number % 2 else "voter-remove"
        cluster.submit(cluster.governance(method, away.number), duration_ms=2_000)
        assert cluster.voters_of(other).number == number + 1
    away.start()
    cluster.hosts[3].start()
    cluster.run(15_000)
    assert [cluster.voters_of(host).number for host in cluster.hosts] == [changes] * 4
    cluster.check_calm()


# -- who is removed ---------------------------------------------------------------------------------------------


def test_a_removed_leader_is_needed_until_the_others_know() -> None:
    """L5: of two voters the leader is removed. The other one alone is the new quorum, and cannot know it yet: until it
    does, the change is not reported as confirmed, and the removed node goes on handing out the certificate."""
    cluster, leader = led(2, 2)
    other = next(host for host in cluster.hosts if host is not leader)
    assert leader.node is not None and other.node is not None
    exit_ = Exit(leader)
    # The block comes when heads are compared, and what the leader signed of it not at all.
    exit_.lost = (Acknowledgement, HeartbeatAnswer, PayloadKind.PROPOSAL, PayloadKind.CERTIFICATE)
    leader.submit(cluster.governance("voter-remove", leader.number))
    while leader.node.status().voters_number == 0:
        cluster.run(TICK_MS)
    exit_.lost = ()
    cluster.network.clear()
    cut_off(cluster, leader.number)
    assert leader.node.status().role == "observer"
    cluster.run(6_000)
    assert (other.node.status().voters_number, other.node.status().role) == (0, "follower")
    assert not leader.node.status().voters_confirmed
    leader.run(Stopping(leader.now_ms))
    assert Stopped() not in leader.other, "it stays up"
    cluster.cut.clear()
    cluster.run(6_000)
    assert (other.node.status().voters_number, other.node.status().role) == (1, "leader")
    assert leader.node.status().voters_confirmed
    assert Stopped() in leader.other
    cluster.submit(cluster.notice())
    cluster.check_calm()


def test_a_removed_node_that_nobody_hears_stops_after_a_while() -> None:
    cluster, leader = led(2, 2)
    assert leader.node is not None
    leader.submit(cluster.governance("voter-remove", leader.number))
    while leader.node.status().voters_number == 0:
        cluster.deliver_one(0)
    cluster.network.clear()
    cut_off(cluster, leader.number)
    leader.run(Stopping(leader.now_ms))
    cluster.run(HANDING_OUT_MS_MAX - 1_000)
    assert Stopped() not in leader.other
    cluster.run(2_000)
    assert Stopped() in leader.other


# -- the leader's choice ----------------------------------------------------------------------------------------


def test_no_change_is_proposed_before_a_block_of_the_own_term_is_committed() -> None:
    """Raft's bug of 2015: membership change across terms without an own-term commit.

    Guard: daemon/change_readiness.py, `why_waiting`, "has_committed_own_term".
    """
    cluster, leader = led(3, 4)
    others = [host for host in cluster.hosts[:3] if host is not leader]
    leader.crash()
    while cluster.leader is None:
        cluster.run(100)
        for host in others:
            if host is not cluster.leader:
                host.carry_out = no_acknowledgements(host)  # type: ignore[method-assign]
            else:
                host.__dict__.pop("carry_out", None)
    successor = cluster.leader
    assert successor.node is not None
    before = barriers_of(successor)
    opening = successor.node.status().height
    assert successor.node.status().committed_height < opening
    assert not successor.node.status().opened, "blocks of the term before open no later one"
    notices = [cluster.notice() for _ in range(BATCH_WORTH_A_BLOCK)]
    cluster.submit(cluster.governance("voter-add", 3), *notices, duration_ms=300)
    assert successor.node.status().height > opening, "notices do not wait"
    assert barriers_of(successor) == before
    for host in others:
        host.__dict__.pop("carry_out", None)
    leader.start()
    cluster.run(6_000)
    assert all(host.node is not None and host.node.status().opened for host in cluster.hosts)
    assert cluster.numbers() == {(0, 1, 2, 3)}
    cluster.check_calm()


def test_a_node_that_is_not_there_is_not_promoted_where_its_vote_would_be_needed() -> None:
    """Guard: daemon/change_readiness.py, `_leaves_quorum`."""
    cluster, leader = led(1, 2)
    cluster.hosts[1].crash()
    cluster.submit(cluster.governance("voter-add", 1), duration_ms=5_000)
    assert cluster.voters_of(leader).number == 0
    cluster.submit(cluster.notice(), duration_ms=15_000)
    assert leader.executed[max(leader.executed)], "the change waits alone"
    assert leader.node is not None and leader.node.status().role == "leader"
    cluster.hosts[1].start()
    cluster.run(3_000)
    assert cluster.numbers() == {(0, 1)}
    cluster.check_calm()


def test_a_voter_is_not_removed_while_those_who_stay_are_no_quorum() -> None:
    cluster, leader = led(3, 3)
    away, other = (host for host in cluster.hosts if host is not leader)
    away.crash()
    cluster.run(3_000)
    cluster.submit(cluster.governance("voter-remove", other.number), duration_ms=20_000)
    assert cluster.voters_of(leader).number == 0
    assert cluster.leader is leader, "nobody deposes it for letting the change wait"
    away.start()
    cluster.run(5_000)
    assert cluster.voters_of(leader).number == 1
    cluster.check_calm()


def test_an_unsafe_removal_goes_ahead_where_administrators_force_it() -> None:
    """Three voters, one lost for good and one about to be: two can still decide to go on alone."""
    cluster, leader = led(3, 3)
    away, other = (host for host in cluster.hosts if host is not leader)
    away.crash()
    cluster.run(3_000)
    cluster.submit(cluster.governance("voter-remove", other.number, force=False), duration_ms=5_000)
    assert cluster.voters_of(leader).number == 0
    cluster.submit(cluster.governance("voter-remove", other.number, force=True), duration_ms=5_000)
    assert cluster.voters_of(leader).number == 1
    assert {voter.node_id for voter in cluster.voters_of(leader).voters} == {leader.id, away.id}
    away.start()
    cluster.run(6_000)
    cluster.submit(cluster.notice("they go on"))
    cluster.check_calm()


# -- restarts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writes", range(8))
@pytest.mark.parametrize("whose", ["leader", "follower", "promoted"])
def test_a_restart_in_the_middle_of_a_change(whose: str, writes: int) -> None:
    """A node ends after so many durable steps of the change, and goes on from what is on its disk."""
    cluster, leader = led(3, 4)
    follower = next(host for host in cluster.hosts[:3] if host is not leader)
    host = {"leader": leader, "follower": follower, "promoted": cluster.hosts[3]}[whose]
    done = 0
    kept = host.done

    def count(effect: StoreBatch | SaveSignState | Verify) -> list[Event]:
        nonlocal done
        if not isinstance(effect, Verify):
            if done == writes:
                host.crash()
                return []
            done += 1
        return kept(effect)

    host.done = count  # type: ignore[method-assign]
    change = cluster.governance("voter-add", 3)
    leader.submit(change)
    cluster.run(1_000)
    del host.done
    if host.node is None:
        host.start()
    cluster.run(6_000)
    # A leader that ended before anybody else heard of it has lost it; whoever sent it asks again.
    cluster.submit(change, duration_ms=6_000)
    assert cluster.numbers() == {(0, 1, 2, 3)}
    cluster.submit(cluster.notice())
    cluster.check_calm()


@pytest.mark.parametrize("seed", [1, 4, 10, 18, 21, 41, 57, 87])
def test_random_faults_and_changes(seed: int) -> None:
    """Each of them found something.

    1, 4, 10, 18 and 21: nodes stood still at a barrier whose certificate nobody asked for, or that came before the
    barrier was on disk (daemon/catching_up.py, `_extended`; daemon/outgoing.py, `add_certificate`). 41 and 57: an
    answer was not looked at because the one before, which was given up, had come in the same situation
    (`on_verified`). 87: a leader was elected whose newest block states a higher executed height than its own
    (daemon/chain.py, `executed_point`). 10 again: the barrier's certificate came with blocks that were known
    (daemon/catching_up.py, `_forget_known`).
    """
    check(seed, 2000 if seed < 40 else 3000)
