"""What nodes exchange with their neighbours: detached values, certificates, scores, connections, and the bounds."""

from dataclasses import replace

import pytest

from consensus.certificates import BlockCertificate
from consensus.messages import Acknowledgement
from consensus.packets import Packet
from contracts.protocols import builtin_protocols
from daemon.effects import Effect, Verify
from daemon.events import (
    DialFailed,
    GuestsChanged,
    PeerBlamed,
    PeerConnected,
    PeerGone,
    Received,
    Started,
    Submission,
    Submitted,
    Ticked,
)
from daemon.hearing import LATE_AFTER_BLOCKS, RELAYED_MAX, TERM_EVERY_MS
from daemon.missing_values import EVERY_MS, TRIES_MAX
from daemon.node import Node
from daemon.proposal import Proposal
from daemon.sign_state import SignState
from ledger.block import Header, sign_header
from ledger.detached import DetachedValue, commitment_map
from ledger.encoding import encode
from ledger.hashing import Hash
from ledger.transaction import Transaction
from ledger.tree import leaf_hash
from p2p.effects import Blame, Dial, Drop, DropReason, SendFrame
from p2p.frame import Frame
from p2p.frames import (
    Blocks,
    Entries,
    Gossip,
    IndexedEntry,
    PayloadKind,
    PendingIds,
    Status,
    Transactions,
    WantBlocks,
    WantEntries,
    WantTransactions,
    decode_frame,
)
from p2p.offences import Offence
from p2p.overlay import TARGET, OverlaySettings
from p2p.recent import AGE_MS_MAX
from p2p.scores import Standing
from p2p.sync import RANGE_BLOCKS_MAX
from tests.consensus.cluster import Dice
from tests.daemon.node_cluster import TICK_MS, NodeCluster, NodeHost
from tests.daemon.test_node_network import acknowledged, assert_together, is_gossip, isolate, leader_of

LINE = {(0, 1), (1, 2)}


def with_body(cluster: NodeCluster, text: str) -> tuple[Transaction, DetachedValue]:
    """A notice whose body lies beside it."""
    body = DetachedValue(bytes(32), encode(text))
    arguments = {"unit": "branch-1", "title": text, "body": commitment_map(body)}
    return cluster.notice(arguments=arguments), body


def hand_in(host: NodeHost, transaction: Transaction, *values: DetachedValue) -> None:
    host.run(Submitted(host.now_ms, (Submission(1, transaction, values),)))


def has(host: NodeHost, value: DetachedValue) -> bool:
    stored = host.store.payload(value.commitment)
    return stored is not None and stored.value == value.value_bytes


def answer_of(cluster: NodeCluster, host: NodeHost, frame: Frame) -> Frame:
    """What `host` answers to its neighbour's question."""
    neighbour = cluster.neighbours(host)[0]
    cluster.network.clear()
    host.run(Received(host.now_ms, neighbour.id, frame))
    return decode_frame(cluster.network.pop()[2])


# -- detached values ----------------------------------------------------------------------------------------------


def test_detached_values_follow_a_block_that_was_fetched_later() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    away = next(host for host in cluster.hosts if host is not leader_of(cluster))
    away.crash()
    beside = []
    for number in range(5):
        transaction, body = with_body(cluster, f"number {number}")
        hand_in(leader_of(cluster), transaction, body)
        cluster.run(200)
        beside.append(body)
    assert not has(away, beside[0])
    away.start()
    cluster.run(6_000)
    assert_together(cluster)
    assert all(has(away, body) for body in beside)


def test_detached_values_follow_a_proposal_whose_bodies_were_fetched() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    transaction, body = with_body(cluster, "gossip loses it")
    hand_in(leader_of(cluster), transaction, body)
    kept = [one for one in cluster.network if not is_gossip(one[2], PayloadKind.TRANSACTIONS)]
    assert len(kept) < len(cluster.network)
    cluster.network.clear()
    cluster.network.extend(kept)
    cluster.run(4_000)
    assert_together(cluster)
    assert all(has(host, body) for host in cluster.hosts)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_transaction_of_a_replaced_block_waits_again_with_its_detached_values(restarts: bool) -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    old = leader_of(cluster)
    isolate(cluster, old, is_up=False)
    transaction, body = with_body(cluster, "stranded")
    hand_in(old, transaction, body)
    cluster.run(400)
    others = [host for host in cluster.hosts if host is not old]
    cluster.run(5_000)
    others[0].submit(cluster.notice("meanwhile"))
    cluster.run(500)
    if restarts:
        # Then the values are in its store alone.
        old.node = None
        old.start()
    isolate(cluster, old, is_up=True)
    cluster.run(6_000)
    assert_together(cluster)
    assert old.store.index_of(transaction.id) is not None
    assert all(has(host, body) for host in cluster.hosts)


def test_values_that_nobody_has_are_asked_for_a_while_and_given_up() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    away = next(host for host in cluster.hosts if host is not leader_of(cluster))
    away.crash()
    transaction, body = with_body(cluster, "erased")
    hand_in(leader_of(cluster), transaction, body)
    # Until gossip has forgotten it.
    cluster.run(AGE_MS_MAX + 1_000)
    for host in cluster.hosts:
        host.store._payloads.clear()
    away.start()
    cluster.run(4_000)
    assert_together(cluster)
    assert away.node is not None
    asked = sum(asks_for_transactions(cluster, away) for _ in range(20))
    assert asked >= 2 and not has(away, body)
    cluster.run(EVERY_MS * TRIES_MAX)
    assert not sum(asks_for_transactions(cluster, away) for _ in range(20))


def asks_for_transactions(cluster: NodeCluster, host: NodeHost) -> int:
    """How often it asks in a tick; it is answered."""
    cluster.now_ms += TICK_MS
    host.run(Ticked(host.now_ms))
    asked = sum(isinstance(decode_frame(data), WantTransactions) for _, _, data in cluster.network)
    cluster.deliver()
    return asked


# -- questions ----------------------------------------------------------------------------------------------------


def test_blocks_are_answered_without_entries_where_certificates_are_asked_for() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader_of(cluster).submit(cluster.notice())
    cluster.run(500)
    whole = answer_of(cluster, cluster.hosts[0], WantBlocks(1, 1, 2, with_entries=True))
    bare = answer_of(cluster, cluster.hosts[0], WantBlocks(1, 1, 2, with_entries=False))
    assert isinstance(whole, Blocks) and isinstance(bare, Blocks)
    assert all(one.entries for one in whole.blocks) and not any(one.entries for one in bare.blocks)
    assert [one.certificate for one in bare.blocks] == [one.certificate for one in whole.blocks]
    assert BlockCertificate.decode(bare.blocks[1].certificate).height == 2


def test_a_node_catches_up_from_several_neighbours_at_once_and_without_the_leader() -> None:
    """What came is executed as it comes. Guard: daemon/node.py, the certificate in `_batches_stored`."""
    cluster = NodeCluster(5, {(0, 1), (0, 2), (1, 3), (2, 3), (1, 2), (3, 4), (1, 4)})
    cluster.run(4_000)
    leader = leader_of(cluster)
    away = next(host for host in cluster.hosts if leader not in (host, *cluster.neighbours(host)))
    away.crash()
    for number in range(60):
        leader.submit(cluster.notice(str(number)))
        cluster.run(100)
    away.start()
    asked: set[Hash] = set()
    uncommitted_max = 0
    for _ in range(300):
        assert away.node is not None
        status = away.node.status()
        uncommitted_max = max(uncommitted_max, status.height - status.executed_height)
        for sender, receiver, data in cluster.network:
            if sender == away.id and isinstance(decode_frame(data), WantBlocks):
                asked.add(receiver)
        if cluster.network:
            cluster.deliver_one(0)
            continue
        cluster.now_ms += TICK_MS
        away.run(Ticked(away.now_ms))
    cluster.run(3_000)
    assert_together(cluster)
    assert len(asked) >= 2 and leader.id not in asked
    assert uncommitted_max <= 2 * RANGE_BLOCKS_MAX


def test_neighbours_tell_each_other_what_waits_and_pull_what_they_lack() -> None:
    """Two of three are down, so nothing is committed; the third one's transaction waits at whoever comes back."""
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader = leader_of(cluster)
    one, other = (host for host in cluster.hosts if host is not leader)
    leader.crash()
    other.crash()
    cluster.run(4_000)
    assert one.node is not None
    one.submit(cluster.notice("known to one"))
    cluster.network.clear()
    cluster.run(3_000)
    other.start()
    other.clock_offset_ms = 0
    cluster.run(200)
    assert other.node is not None and one.node.status().mempool_count == 1
    told = [decode_frame(data) for sender, _, data in cluster.network if sender == one.id]
    cluster.run(4_000)
    assert_together(cluster)
    assert all(host.store.head().executed_height > 1 for host in (one, other)), told


# -- what is passed on --------------------------------------------------------------------------------------------


def sent(effects: list[Effect], kind: PayloadKind, to: Hash) -> list[bytes]:
    return [
        one.frame.payload
        for one in effects
        if isinstance(one, SendFrame) and one.peer == to and isinstance(one.frame, Gossip) and one.frame.kind is kind
    ]


def frames_of_a_commit(cluster: NodeCluster) -> tuple[bytes, bytes]:
    """A late acknowledgement and the certificate of the newest block, as they went over the wire."""
    seen: list[bytes] = []
    leader_of(cluster).submit(cluster.notice())
    for _ in range(400):
        if not cluster.network:
            break
        seen.append(cluster.network[0][2])
        cluster.deliver_one(0)
    frames = [one for one in map(decode_frame, seen) if isinstance(one, Gossip)]
    certificates = [one.payload for one in frames if one.kind is PayloadKind.CERTIFICATE]
    packets = [one.payload for one in frames if one.kind is PayloadKind.AGREEMENT]
    acknowledgements = [one for one in packets if isinstance(Packet.decode(one).statement, Acknowledgement)]
    return acknowledgements[-1], certificates[-1]


def middle_and_end(cluster: NodeCluster) -> tuple[NodeHost, NodeHost]:
    """The node in the middle of a line restarted, so that gossip knows nothing there, and the one behind it."""
    middle = cluster.hosts[1]
    middle.crash()
    middle.start()
    return middle, cluster.hosts[2]


def test_a_relayer_drops_what_came_too_late_and_passes_on_the_newest_certificate() -> None:
    cluster = NodeCluster(3, LINE)
    cluster.run(5_000)
    late, late_certificate = frames_of_a_commit(cluster)
    for _ in range(LATE_AFTER_BLOCKS):
        acknowledgement, certificate = frames_of_a_commit(cluster)
    middle, end = middle_and_end(cluster)
    first, node = cluster.hosts[0].id, middle.node
    assert node is not None
    told = Packet.decode(acknowledgement).statement
    assert isinstance(told, Acknowledgement) and told.height <= node.status().committed_height

    def passed_on(kind: PayloadKind, payload: bytes) -> list[bytes]:
        return sent(node.step(Received(middle.now_ms, first, Gossip.of(kind, payload))), kind, end.id)

    assert not passed_on(PayloadKind.AGREEMENT, late)
    assert not passed_on(PayloadKind.CERTIFICATE, late_certificate)
    assert passed_on(PayloadKind.AGREEMENT, acknowledgement) == [acknowledgement]
    assert passed_on(PayloadKind.CERTIFICATE, certificate) == [certificate]


def test_a_certificate_that_no_voter_signed_goes_no_further() -> None:
    cluster = NodeCluster(3, LINE)
    cluster.run(5_000)
    _, genuine = frames_of_a_commit(cluster)
    middle, end = middle_and_end(cluster)
    assert middle.node is not None
    forged = bytearray(genuine)
    forged[-1] ^= 1
    told = Gossip.of(PayloadKind.CERTIFICATE, bytes(forged))
    effects = middle.node.step(Received(middle.now_ms, cluster.hosts[0].id, told))
    assert not sent(effects, PayloadKind.CERTIFICATE, end.id)


def test_a_certificate_of_a_term_is_passed_on_once_in_a_while_and_only_if_voters_signed_it() -> None:
    """What makes it a message of its own is not signed: anybody can make as many as they like."""
    cluster = NodeCluster(3, LINE)
    cluster.run(5_000)
    middle, end = middle_and_end(cluster)
    assert middle.node is not None
    genuine = cluster.hosts[0].certificate
    forged = genuine[:-1] + bytes([genuine[-1] ^ 1])

    def passed_on(nonce: int, certificate: bytes) -> int:
        frame = Gossip.of(PayloadKind.TERM, encode([nonce.to_bytes(16, "big"), certificate]))
        assert middle.node is not None
        effects = middle.node.step(Received(middle.now_ms, cluster.hosts[0].id, frame))
        return len(sent(effects, PayloadKind.TERM, end.id))

    assert sum(passed_on(nonce, forged) for nonce in range(3)) == 0
    assert sum(passed_on(nonce, genuine) for nonce in range(10, 20)) == 1
    cluster.now_ms += TERM_EVERY_MS
    assert sum(passed_on(nonce, genuine) for nonce in range(20, 30)) == 1


# -- scores and connections ---------------------------------------------------------------------------------------


def test_a_neighbour_that_sends_wrong_messages_is_left_and_the_reason_is_shown() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    victim, liar = cluster.hosts[0], cluster.hosts[1]
    assert victim.node is not None
    effects: list[Effect] = []
    for number in range(8):
        frame = Gossip.of(PayloadKind.PROPOSAL, b"nothing like a proposal %d" % number)
        effects += victim.node.step(Received(victim.now_ms, liar.id, frame))
    assert effects.count(Blame(liar.id, Offence.INVALID_MESSAGE)) == 3, "those after it left are not looked at"
    left = [one for one in effects if isinstance(one, Drop)]
    assert [(one.peer, one.reason) for one in left] == [(liar.id, DropReason.MISBEHAVED)] and left[0].ban_ms > 0
    shown = next(one for one in victim.node.peers() if one.peer == liar.id)
    assert not shown.is_connected and shown.score < 50 and shown.verdict.standing is Standing.DISCONNECT
    assert {one.offence for one in shown.reasons} == {Offence.INVALID_MESSAGE}
    again = victim.node.step(PeerConnected(victim.now_ms, liar.id))
    assert [one for one in again if isinstance(one, Drop)] == [Drop(liar.id, DropReason.MISBEHAVED)]
    later = [victim.node.step(Ticked(victim.now_ms + 100 * at)) for at in range(150)]
    assert Dial(liar.id) in [one for step in later for one in step], "it is given another chance"


def test_what_a_neighbour_did_to_the_connection_lowers_its_score() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    victim, liar = cluster.hosts[0], cluster.hosts[1]
    assert victim.node is not None
    effects = victim.node.step(PeerBlamed(victim.now_ms, liar.id, Offence.INVALID_FRAME))
    assert Blame(liar.id, Offence.INVALID_FRAME) in effects
    left = [one for one in effects if isinstance(one, Drop)]
    assert [(one.peer, one.reason) for one in left] == [(liar.id, DropReason.MISBEHAVED)] and left[0].ban_ms > 0
    shown = next(one for one in victim.node.peers() if one.peer == liar.id)
    assert not shown.is_connected and [one.offence for one in shown.reasons] == [Offence.INVALID_FRAME]


def test_guests_and_hosts_are_neighbours_that_no_registry_names() -> None:
    cluster = NodeCluster(3)
    node = lone_node(cluster, OverlaySettings())
    now_ms, guest = cluster.hosts[0].now_ms, b"g" * 32
    node.step(Started(now_ms))
    assert Drop(guest, DropReason.NOT_REGISTERED) in node.step(PeerConnected(now_ms, guest))
    node.step(PeerGone(now_ms, guest))
    node.step(GuestsChanged(now_ms, (), (guest,)))
    effects = node.step(PeerConnected(now_ms, guest))
    assert not [one for one in effects if isinstance(one, Drop)]
    # Its own registry names this node, so a host counts no more than any other.
    node.step(GuestsChanged(now_ms, (b"h" * 32,), ()))
    assert b"h" * 32 not in dialled(node.step(Ticked(now_ms + 1_000)))


def test_a_network_under_calm_blames_nobody() -> None:
    cluster = NodeCluster(5)
    cluster.run(3_000)
    for number in range(30):
        cluster.hosts[number % 5].submit(cluster.notice(str(number)))
        cluster.run(100)
    assert_together(cluster)
    for host in cluster.hosts:
        assert host.node is not None
        assert not host.drops and [one.score for one in host.node.peers()] == [100] * 4


def lone_node(cluster: NodeCluster, settings: OverlaySettings) -> Node:
    """Node 0 of the network, not started, with other settings."""
    host = cluster.hosts[0]
    return Node(
        host.keys, cluster.genesis, builtin_protocols(), host.store, SignState(), b"", Dice(1), neighbours=settings
    )


def dialled(effects: list[Effect]) -> set[Hash]:
    return {one.peer for one in effects if isinstance(one, Dial)}


def test_neighbours_are_picked_from_the_registry_and_strangers_refused() -> None:
    cluster = NodeCluster(5)
    node = lone_node(cluster, OverlaySettings())
    now_ms = cluster.now_ms
    node.step(Started(now_ms))
    wanted = dialled(node.step(Ticked(now_ms + 100)))
    everybody = {host.id for host in cluster.hosts[1:]}
    assert wanted == everybody and len(wanted) <= TARGET
    for peer in wanted:
        node.step(PeerConnected(now_ms + 200, peer, dialled=True))
    assert {one.peer for one in node.peers()} == everybody
    stranger = b"s" * 32
    refused = node.step(PeerConnected(now_ms + 300, stranger))
    assert Drop(stranger, DropReason.NOT_REGISTERED) in refused


def test_a_fixed_list_is_dialled_and_nobody_else_gets_in() -> None:
    cluster = NodeCluster(5)
    listed, other = cluster.hosts[3].id, cluster.hosts[2].id
    node = lone_node(cluster, OverlaySettings((listed,), fixed=True))
    now_ms = cluster.now_ms
    node.step(Started(now_ms))
    assert dialled(node.step(Ticked(now_ms + 100))) == {listed}
    node.step(DialFailed(now_ms + 200, listed))
    assert not dialled(node.step(Ticked(now_ms + 300))), "it backs off"
    later = [node.step(Ticked(now_ms + 300 + 100 * at)) for at in range(30)]
    assert listed in {peer for step in later for peer in dialled(step)}
    assert Drop(other, DropReason.NOT_LISTED) in node.step(PeerConnected(now_ms + 4_000, other))


# -- bounds -------------------------------------------------------------------------------------------------------


def test_a_flood_of_questions_is_not_answered_and_costs_the_neighbour_its_place() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    victim, flooder = cluster.hosts[0], cluster.hosts[1]
    assert victim.node is not None
    answers = 0
    for number in range(1_000):
        effects = victim.node.step(Received(victim.now_ms, flooder.id, WantBlocks(number, 1, 1, True)))
        answers += sum(isinstance(one, SendFrame) and isinstance(one.frame, Blocks) for one in effects)
    assert answers <= 250
    shown = next(one for one in victim.node.peers() if one.peer == flooder.id)
    assert not shown.is_connected and Offence.FLOOD in {one.offence for one in shown.reasons}


def test_answers_that_nobody_asked_for_are_not_looked_at() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    victim, liar = cluster.hosts[0], cluster.hosts[1]
    assert victim.node is not None
    frame = Transactions(77, (b"x",) * 100)
    effects = victim.node.step(Received(victim.now_ms, liar.id, frame))
    assert effects == [Blame(liar.id, Offence.UNASKED)]


def test_batches_that_wait_for_their_signatures_are_bounded() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    cluster.holds = True
    victim, sender = cluster.hosts[0], cluster.hosts[1]
    for number in range(RELAYED_MAX + 50):
        payload = encode([b"submission %d" % number])
        victim.run(Received(victim.now_ms, sender.id, Gossip.of(PayloadKind.TRANSACTIONS, payload)))
    assert len(victim.held) == RELAYED_MAX


@pytest.mark.parametrize(("sent_count", "is_looked_at"), [(15, True), (20, False)])
def test_bodies_of_a_proposal_are_held_only_up_to_the_size_of_a_block(sent_count: int, is_looked_at: bool) -> None:
    """A voter may sign a proposal of more; nobody holds all of it to find that out."""
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader = leader_of(cluster)
    victim = next(host for host in cluster.hosts if host is not leader)
    assert victim.node is not None
    large = [cluster.notice("x" * 200).envelope + bytes(60_000) for _ in range(20)]
    newest = leader.store.header(leader.store.head().tip_height)
    assert newest is not None
    header = replace(
        Header.decode(newest.header), height=newest.height + 1, previous_hash=newest.header_hash, leaf_count=21
    )
    outcome = bytes(leader.store.entries(newest.first_index, 1)[0])
    leaves = tuple(map(leaf_hash, large))
    proposal = Proposal(
        header, sign_header(header, leader.keys.agreement), b"", outcome, leaves, b"", acknowledged(header, leader)
    )
    told = Gossip.of(PayloadKind.PROPOSAL, proposal.encode())
    effects = victim.node.step(Received(victim.now_ms, leader.id, told))
    asked = next(one.frame for one in effects if isinstance(one, SendFrame) and isinstance(one.frame, WantEntries))
    bodies = tuple(IndexedEntry(at + 1, large[at]) for at in range(sent_count))
    effects = victim.node.step(Received(victim.now_ms, leader.id, Entries(asked.request, bodies)))
    assert any(isinstance(one, Verify) for one in effects) is is_looked_at


def test_told_ids_of_executed_transactions_are_not_asked_for() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    known = cluster.notice()
    leader_of(cluster).submit(known)
    cluster.run(1_000)
    host, neighbour = cluster.hosts[0], cluster.hosts[1]
    assert host.node is not None
    assert not host.node.step(Received(host.now_ms, neighbour.id, PendingIds((known.id,))))
    asked = host.node.step(Received(host.now_ms, neighbour.id, PendingIds((known.id, b"?" * 32))))
    frames = [one.frame for one in asked if isinstance(one, SendFrame)]
    assert [one.ids for one in frames if isinstance(one, WantTransactions)] == [(b"?" * 32,)]


def test_a_neighbour_is_told_only_what_is_on_disk() -> None:
    cluster = NodeCluster(3)
    cluster.run(3_000)
    leader = leader_of(cluster)
    cluster.holds = True
    leader.submit(cluster.notice())
    assert leader.node is not None
    assert leader.node.status().height > leader.store.head().tip_height
    cluster.network.clear()
    cluster.now_ms += 2_000
    leader.run(Ticked(leader.now_ms))
    told = [one for one in (decode_frame(data) for _, _, data in cluster.network) if isinstance(one, Status)]
    assert told and {one.tip_height for one in told} == {leader.store.head().tip_height}
