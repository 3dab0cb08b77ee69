"""A proposal on its way: what it has to bring, and that the leader's acknowledgement in it counts."""

from dataclasses import replace

import pytest

from consensus.packets import Packet
from daemon.events import Received
from daemon.proposal import Proposal
from ledger.encoding import decode, encode
from ledger.errors import InvalidBlockError, RemoteProtocolError
from ledger.hashing import Hash
from p2p.effects import Blame, SendFrame
from p2p.frames import Gossip, PayloadKind, decode_frame
from p2p.offences import Offence
from tests.daemon.node_cluster import NodeCluster, NodeHost
from tests.daemon.test_node_network import acknowledged, leader_of


def proposed(cluster: NodeCluster) -> tuple[NodeHost, Proposal, list[Gossip]]:
    """The leader, a proposal of it that nobody has heard, and all that it told with it."""
    cluster.run(3_000)
    leader = leader_of(cluster)
    leader.submit(cluster.notice())
    told = [decode_frame(data) for sender, _, data in cluster.network if sender == leader.id]
    cluster.network.clear()
    gossip = [one for one in told if isinstance(one, Gossip)]
    proposals = [one for one in gossip if one.kind is PayloadKind.PROPOSAL]
    return leader, Proposal.decode(proposals[0].payload), gossip


def follower(cluster: NodeCluster) -> NodeHost:
    return next(host for host in cluster.hosts if host is not cluster.leader)


def heard(host: NodeHost, peer: Hash, proposal: Proposal) -> list[object]:
    """What the host does with a proposal that `peer` brings."""
    assert host.node is not None
    frame = Gossip.of(PayloadKind.PROPOSAL, proposal.encode())
    return list(host.node.step(Received(host.now_ms, peer, frame)))


def is_passed_on(effects: list[object]) -> bool:
    frames = [one.frame for one in effects if isinstance(one, SendFrame)]
    return any(isinstance(one, Gossip) and one.kind is PayloadKind.PROPOSAL for one in frames)


def test_the_leader_tells_its_acknowledgement_with_the_proposal_and_not_once_more() -> None:
    leader, proposal, gossip = proposed(NodeCluster(3))
    assert proposal.acknowledgement == acknowledged(proposal.header, leader)
    assert proposal.acknowledgement.encode() not in [one.payload for one in gossip]


def test_it_counts_where_it_comes_with_the_proposal_alone() -> None:
    cluster = NodeCluster(3)
    leader, _, gossip = proposed(cluster)
    host = follower(cluster)
    assert host.node is not None
    before = host.node.status().committed_height
    for one in gossip:
        host.run(Received(host.now_ms, leader.id, one))
    # Its own and the leader's are two of three.
    assert host.node.status().committed_height == before + 1


def test_one_that_names_another_block_is_refused_and_costs_its_sender() -> None:
    cluster = NodeCluster(3)
    leader, proposal, _ = proposed(cluster)
    other = acknowledged(replace(proposal.header, time_ms=proposal.header.time_ms + 1), leader)
    effects = heard(follower(cluster), leader.id, replace(proposal, acknowledgement=other))
    assert [(one.peer, one.offence) for one in effects if isinstance(one, Blame)] == [
        (leader.id, Offence.INVALID_MESSAGE)
    ]
    with pytest.raises(InvalidBlockError, match="brings no acknowledgement"):
        Proposal.decode(replace(proposal, acknowledgement=other).encode())


def test_one_that_nobody_signed_is_dropped_and_blames_nobody() -> None:
    """Who relays cannot always tell; what is genuine comes another way, under an id of its own."""
    cluster = NodeCluster(3)
    leader, proposal, gossip = proposed(cluster)
    host = follower(cluster)
    assert host.node is not None
    for one in gossip:
        if one.kind is PayloadKind.TRANSACTIONS:
            host.run(Received(host.now_ms, leader.id, one))
    before = host.node.status().height
    told = proposal.acknowledgement
    forged = Packet(told.statement, told.signed._replace(signature=bytes(64)))
    effects = heard(host, leader.id, replace(proposal, acknowledgement=forged))
    assert not is_passed_on(effects) and not any(isinstance(one, Blame) for one in effects)
    assert host.node.status().height == before
    heard(host, leader.id, proposal)
    assert host.node.status().height == before + 1


@pytest.mark.parametrize("packet", [b"", b"\x00", encode(["acknowledgement", b"", b"", []])], ids=repr)
def test_bytes_that_are_no_packet_are_refused(packet: bytes) -> None:
    _, proposal, _ = proposed(NodeCluster(3))
    parts = decode(proposal.encode())
    assert isinstance(parts, list) and len(parts) == 7
    with pytest.raises(RemoteProtocolError):
        Proposal.decode(encode([*parts[:6], packet]))
    with pytest.raises(InvalidBlockError, match="seven"):
        Proposal.decode(encode(parts[:6]))


def test_anothers_in_place_of_the_leaders_is_refused() -> None:
    """Every proposal brings that of its proposer, whoever relays it."""
    cluster = NodeCluster(4)
    leader, proposal, _ = proposed(cluster)
    relayer, victim = [host for host in cluster.hosts if host is not leader][:2]
    other = replace(proposal, acknowledgement=acknowledged(proposal.header, relayer))
    effects = heard(victim, relayer.id, other)
    assert not is_passed_on(effects)
    assert [one.peer for one in effects if isinstance(one, Blame)] == [relayer.id]


def test_an_old_one_is_no_sign_of_life() -> None:
    """What proposals carry beside the header is not signed, so an old one can be told as news."""
    cluster = NodeCluster(4)
    first, proposal, _ = proposed(cluster)
    first.crash()
    for _ in range(4):
        cluster.run(8_000)
        leader = leader_of(cluster)
        leader.crash()
        leader.start()
    cluster.run(8_000)
    victim, teller = [host for host in cluster.hosts if host is not first][:2]
    assert victim.node is not None
    before = victim.node.status()
    assert before.term > proposal.header.term + 1
    heard(victim, teller.id, replace(proposal, newest_certificate=b""))
    assert victim.node.status().voters_heard_ms[first.id] == before.voters_heard_ms[first.id]


def test_one_with_bytes_in_place_of_its_certificate_costs_its_sender() -> None:
    cluster = NodeCluster(3)
    leader, proposal, _ = proposed(cluster)
    effects = heard(follower(cluster), leader.id, replace(proposal, newest_certificate=b"\xc1"))
    assert not is_passed_on(effects)
    assert [one.peer for one in effects if isinstance(one, Blame)] == [leader.id]
