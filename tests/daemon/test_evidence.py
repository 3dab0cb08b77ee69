"""Evidence: what proves that a voter lied, told by one node and proven by all."""

import pytest

from consensus.evidence import Evidence, Offence
from consensus.messages import Acknowledgement, Vote
from consensus.packets import Packet
from consensus.statement import SignedMessage, Statement
from consensus.voters import VoterSet
from contracts.protocols import builtin_protocols
from daemon.chain import Chain
from daemon.effects import EvidenceFound
from daemon.events import Received
from daemon.evidence_judge import EvidenceJudge
from daemon.voters_in_force import VotersInForce
from ledger.block import Header, sign_header
from ledger.errors import RemoteProtocolError
from p2p.frames import Gossip, PayloadKind
from tests.daemon.driver import memory_store
from tests.daemon.node_cluster import NodeCluster, NodeHost


@pytest.fixture
def cluster() -> NodeCluster:
    running = NodeCluster(3)
    running.run(3_000)
    return running


def _voters(cluster: NodeCluster) -> VotersInForce:
    chain = Chain(cluster.genesis, builtin_protocols(), memory_store(cluster.genesis))
    return VotersInForce(chain)


def voters_of(cluster: NodeCluster) -> VoterSet:
    return _voters(cluster).current


def vote(cluster: NodeCluster, liar: NodeHost, term: int, candidate: NodeHost, last: tuple[int, int] = (0, 0)) -> Vote:
    network = cluster.genesis.network_id
    return Vote(network, voters_of(cluster).hash, term, candidate.id, liar.id, *last, network)


def acknowledgement(cluster: NodeCluster, liar: NodeHost, term: int, height: int, block: bytes) -> Acknowledgement:
    network = cluster.genesis.network_id
    return Acknowledgement(network, voters_of(cluster).hash, term, height, block * 32, b"p" * 32, liar.id)


def tell(cluster: NodeCluster, liar: NodeHost, to: NodeHost, *statements: Statement) -> None:
    """The liar sends statements to one neighbour."""
    for one in statements:
        packet = Packet(one, one.sign(liar.keys.agreement))
        frame = Gossip.of(PayloadKind.AGREEMENT, packet.encode())
        to.run(Received(to.now_ms, liar.id, frame))


def found(host: NodeHost) -> list[Evidence]:
    return [one.evidence for one in host.other if isinstance(one, EvidenceFound)]


def signed(liar: NodeHost, one: Statement) -> SignedMessage:
    return one.sign(liar.keys.agreement)


def test_a_voter_that_votes_twice_is_told_to_everybody_once(cluster: NodeCluster) -> None:
    liar, witness, other = cluster.hosts
    votes = [vote(cluster, liar, 9, candidate, (8, 1)) for candidate in (witness, other)]
    tell(cluster, liar, witness, *votes)
    cluster.run(500)
    for host in (witness, other):
        assert [(one.offence, one.node_id, one.term) for one in found(host)] == [(Offence.VOTES, liar.id, 9)]


def test_a_voter_that_acknowledges_two_blocks_is_told(cluster: NodeCluster) -> None:
    liar, witness, other = cluster.hosts
    told = [acknowledgement(cluster, liar, 1, 50, block) for block in (b"a", b"b")]
    tell(cluster, liar, witness, *told)
    cluster.run(500)
    assert [one.offence for one in found(other)] == [Offence.ACKNOWLEDGEMENTS]


def test_a_vote_that_forgets_what_was_acknowledged_is_told(cluster: NodeCluster) -> None:
    liar, witness, other = cluster.hosts
    tell(cluster, liar, witness, acknowledgement(cluster, liar, 1, 60, b"a"), vote(cluster, liar, 9, witness, (1, 59)))
    cluster.run(500)
    assert [one.offence for one in found(other)] == [Offence.FORGOTTEN]


def test_honest_nodes_are_never_accused(cluster: NodeCluster) -> None:
    for round_number in range(4):
        host = cluster.hosts[round_number % 3]
        host.crash()
        cluster.run(4_000)
        cluster.hosts[(round_number + 1) % 3].submit(cluster.notice())
        host.start()
        cluster.run(3_000)
    assert not any(found(host) for host in cluster.hosts)


def proofs(cluster: NodeCluster) -> list[Evidence]:
    """One good proof of each kind, against the first node."""
    liar, one, other = cluster.hosts
    stored = one.store.header(1)
    assert stored is not None
    header = Header.decode(stored.header)
    fields = {name: getattr(header, name) for name in header.__dataclass_fields__} | {"proposer": liar.id}
    headers = [Header(**(fields | {"time_ms": header.time_ms + extra})) for extra in (0, 1)]
    proposals = [SignedMessage(made.encode(), sign_header(made, liar.keys.agreement)) for made in headers]
    acknowledged = [signed(liar, acknowledgement(cluster, liar, 2, 7, block)) for block in (b"a", b"b")]
    votes = [signed(liar, vote(cluster, liar, 5, candidate)) for candidate in (one, other)]
    return [
        Evidence(Offence.PROPOSALS, liar.id, header.term, *proposals),
        Evidence(Offence.ACKNOWLEDGEMENTS, liar.id, 2, *acknowledged),
        Evidence(Offence.VOTES, liar.id, 5, *votes),
        Evidence(Offence.FORGOTTEN, liar.id, 5, acknowledged[0], votes[0]),
    ]


def test_each_proof_is_one_and_nothing_close_to_it_is(cluster: NodeCluster) -> None:
    judge = EvidenceJudge(cluster.genesis.network_id, _voters(cluster))
    made = proofs(cluster)
    for proof in made:
        assert Evidence.decode(proof.encode()) == proof
        assert judge.is_proof(proof), proof.offence
        assert not judge.is_proof(Evidence(proof.offence, cluster.hosts[1].id, proof.term, proof.first, proof.second))
        assert not judge.is_proof(Evidence(proof.offence, proof.node_id, proof.term + 1, proof.first, proof.second))
        assert not judge.is_proof(Evidence(proof.offence, proof.node_id, proof.term, proof.first, proof.first))
        unsigned = proof.second._replace(signature=bytes(64))
        assert not judge.is_proof(Evidence(proof.offence, proof.node_id, proof.term, proof.first, unsigned))
        for other in made:
            if other.offence is not proof.offence:
                mixed = Evidence(other.offence, proof.node_id, proof.term, proof.first, proof.second)
                assert not judge.is_proof(mixed), (proof.offence, other.offence)


def test_proofs_are_remembered_once_and_not_without_end(cluster: NodeCluster) -> None:
    judge = EvidenceJudge(cluster.genesis.network_id, _voters(cluster))
    proof = proofs(cluster)[2]
    assert judge.remember(proof)
    assert not judge.remember(proof)
    for term in range(10, 400):
        judge.remember(Evidence(proof.offence, proof.node_id, term, proof.first, proof.second))
    assert len(judge.proven) == 256


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\x90", b"\x95\xa1x\xc4\x00\x01\x90\x90"])
def test_what_is_no_evidence_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        Evidence.decode(data)
