"""Who takes part in a simulated network: keys, genesis, and the state it begins with.

Owns what does not depend on the seed, so that a thousand worlds share it: node `n` always has the same keys. The keys
are real, and the genesis is as valid as any.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from contracts.genesis_state import genesis_records
from ledger.genesis import Genesis, Parameters
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.signing import SEED_SIZE_BYTES, SigningKey
from ledger.state_digest import StateDigest
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey
from storage.memory import MemoryStore

ORIGIN = "simulation.example/ledger"
# 2026-09-21 in UTC: any moment would do; node clocks are set to it at the beginning.
START_MS = 1_790_000_000_000
_CREATED_MS = START_MS - 60_000
# Every client signs with an administrator's key: the genesis knows no other members.
CLIENTS_MAX = 64


@dataclass(frozen=True)
class Identities:
    """The keys of all nodes and clients, and the genesis that names them."""

    nodes: tuple[NodeKeys, ...]
    clients: tuple[SigningKey, ...]
    genesis: Genesis
    records: dict[bytes, bytes]
    digest_lanes: bytes

    def number_of(self) -> dict[Hash, int]:
        """Node numbers by node id."""
        return {keys.node_id: number for number, keys in enumerate(self.nodes)}

    def make_store(self) -> MemoryStore:
        """An empty store, at the genesis."""
        return MemoryStore.create(self.genesis.network_id, self.records, self.digest_lanes)


@lru_cache(maxsize=32)
def identities(nodes: int, clients: int, quorum: str, observers: int = 0) -> Identities:
    """The identities of a network of `nodes` voters, observers, and `clients` members; about 2 ms a node.

    Raises:
        InvalidGenesisError: there cannot be such a network.
    """
    keys = tuple(NodeKeys.from_seed(_seed("node", number)) for number in range(nodes + observers))
    members = tuple(SigningKey.from_seed(_seed("client", number)) for number in range(max(clients, 1)))
    genesis = Genesis(
        name=ORIGIN,
        created_ms=_CREATED_MS,
        visibility="public",
        quorum=quorum,
        parameters=Parameters(),
        voters=tuple(description_of(number, one) for number, one in enumerate(keys[:nodes])),
        administrators=tuple(VerifierKey("member", KEY_TYPE_MEMBER, member.public) for member in members),
    )
    records = genesis_records(genesis)
    digest = StateDigest.empty()
    for key, value in records.items():
        digest.add(key, value)
    return Identities(keys, members, genesis, records, digest.lanes_bytes())


def description_of(number: int, keys: NodeKeys) -> NodeDescription:
    """What node `number` publishes of itself."""
    return NodeDescription.of(f"node-{number:04}", f"192.0.2.{number % 250 + 1}:{7000 + number}", keys)


def _seed(what: str, number: int) -> bytes:
    return blake2b(f"{what}/{number}".encode(), digest_size=SEED_SIZE_BYTES, person=b"banyan/simulator").digest()
