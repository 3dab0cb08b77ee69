"""One of each format, made from fixed seeds: the same bytes in every run."""

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.messages import Acknowledgement, Vote
from consensus.voters import Voter, VoterSet
from ledger.block import Header, Outcome
from ledger.detached import DetachedValue, commitment_map, detach
from ledger.encoding import Value
from ledger.genesis import Genesis, Parameters, member_id
from ledger.hashing import sha256
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.signing import SigningKey
from ledger.transaction import Expectation, Transaction, build_transaction
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey

CREATED_MS = 1_790_000_000_000
ORIGIN = "huaxin.example/ledger"


def node_keys(number: int) -> NodeKeys:
    """Keys of the node with this number."""
    return NodeKeys.from_seed(bytes([number]) * 32)


def member_key(number: int) -> SigningKey:
    """A member's key; never equal to one of a node."""
    return SigningKey.from_seed(bytes([100 + number]) * 32)


def node_description(number: int, name: str | None = None) -> NodeDescription:
    """What the node with this number publishes of itself."""
    return NodeDescription.of(name or f"node-{number}", f"127.0.0.1:{7000 + number}", node_keys(number))


def genesis(voter_count: int = 4, quorum: str = "majority") -> Genesis:
    """A genesis with this many voters and one administrator."""
    return Genesis(
        name=ORIGIN,
        created_ms=CREATED_MS,
        visibility="public",
        quorum=quorum,
        parameters=Parameters(),
        voters=tuple(node_description(number) for number in range(1, voter_count + 1)),
        administrators=(VerifierKey("member", KEY_TYPE_MEMBER, member_key(1).public),),
    )


NETWORK_ID = genesis().network_id
SENDER = member_id(NETWORK_ID, member_key(1).public)
DETACHED: DetachedValue = detach({"name": "王小明", "wage": 812_300}, bytes(range(32)))
ARGUMENTS: dict[str, Value] = {
    "count": 3,
    "person": commitment_map(DETACHED),
    "subject": "unit/sig-node",
    "text": "支部党员大会",
}


def transaction(signer_count: int = 1, expect: Expectation | None = None) -> Transaction:
    """A signed transaction."""
    signers = [member_key(number) for number in range(1, signer_count + 1)]
    return build_transaction(
        NETWORK_ID, SENDER, "notice.post", ARGUMENTS, bytes(range(16)), CREATED_MS + 60_000, signers, expect
    )


def voter_set(voter_count: int = 4, quorum: str = "majority") -> VoterSet:
    """The set of the first nodes."""
    keys = [node_keys(number) for number in range(1, voter_count + 1)]
    return VoterSet(tuple(Voter(one.node_id, one.agreement.public) for one in keys), quorum)


def header() -> Header:
    """The header of the first block."""
    return Header(
        network_id=NETWORK_ID,
        height=1,
        term=1,
        previous_hash=NETWORK_ID,
        time_ms=CREATED_MS + 1000,
        proposer=node_keys(1).node_id,
        leaf_count=2,
        tree_size=2,
        tree_root=sha256(b"root"),
        voter_set_hash=voter_set().hash,
        election_certificate_hash=election_certificate().hash,
        executed_height=0,
        state_digest=sha256(b"state"),
        checkpoint=True,
    )


def outcome() -> Outcome:
    """The outcome leaf of a second block."""
    return Outcome(
        parent_hash=header().hash,
        height=2,
        time_ms=CREATED_MS + 2000,
        executed_height=1,
        state_digest=sha256(b"state"),
        results_root=sha256(b"results"),
        results_count=1,
    )


def vote(voter: int, term: int = 1, candidate: int = 1, voters: VoterSet | None = None) -> Vote:
    """The vote of the node `voter` for the node `candidate`, at the very beginning of the ledger."""
    return Vote(
        network_id=NETWORK_ID,
        voter_set_hash=(voters or voter_set()).hash,
        term=term,
        candidate=node_keys(candidate).node_id,
        voter=node_keys(voter).node_id,
        last_term=0,
        last_height=0,
        last_hash=NETWORK_ID,
    )


def acknowledgement(voter: int, voters: VoterSet | None = None) -> Acknowledgement:
    """The acknowledgement of block 1 by the node `voter`."""
    return Acknowledgement(
        network_id=NETWORK_ID,
        voter_set_hash=(voters or voter_set()).hash,
        term=1,
        height=1,
        block_hash=sha256(b"block"),
        previous_hash=NETWORK_ID,
        voter=node_keys(voter).node_id,
    )


def by_node_id(numbers: tuple[int, ...]) -> list[int]:
    """The nodes in the order in which certificates list them."""
    return sorted(numbers, key=lambda number: node_keys(number).node_id)


def election_certificate(numbers: tuple[int, ...] = (1, 2, 3), voters: VoterSet | None = None) -> ElectionCertificate:
    """Node 1 elected in term 1 by these nodes."""
    votes = tuple(vote(number, voters=voters).sign(node_keys(number).agreement) for number in by_node_id(numbers))
    return ElectionCertificate(term=1, candidate=node_keys(1).node_id, votes=votes)


def block_certificate(numbers: tuple[int, ...] = (1, 2, 3), voters: VoterSet | None = None) -> BlockCertificate:
    """Block 1 acknowledged by these nodes."""
    signatures = [
        (node_keys(number).node_id, acknowledgement(number, voters).sign(node_keys(number).agreement).signature)
        for number in numbers
    ]
    return BlockCertificate.of(acknowledgement(numbers[0] if numbers else 1, voters), signatures)
