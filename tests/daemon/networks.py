"""Networks for tests: fixed seeds, so that every run signs the same bytes."""

from ledger.genesis import Genesis, parse_genesis
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.signing import SigningKey
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey

START_MS = 1_790_000_000_000
ORIGIN = "huaxin.example/ledger"
NODE_NAME = "alpha"


def node_keys(number: int = 1) -> NodeKeys:
    """Keys of the test node with this number."""
    return NodeKeys.from_seed(bytes([number]) * 32)


def administrator_key(number: int = 100) -> SigningKey:
    """The member key of a test administrator."""
    return SigningKey.from_seed(bytes([number]) * 32)


def node_description(number: int = 1, name: str = NODE_NAME) -> NodeDescription:
    """What a test node publishes of itself."""
    keys = node_keys(number)
    return NodeDescription(
        name=name,
        address=f"127.0.0.1:{7000 + number}",
        agreement=keys.agreement.public,
        log=keys.log.public,
        cosigner=keys.cosigner.public,
        transport=keys.transport.public,
    )


def genesis_text(**changes: object) -> str:
    """A valid genesis of one voter as JSON; `changes` replace top-level fields."""
    import json

    administrator = VerifierKey("member", KEY_TYPE_MEMBER, administrator_key().public)
    document: dict[str, object] = {
        "format": "banyan-genesis/v1",
        "name": ORIGIN,
        "created_ms": START_MS - 60_000,
        "visibility": "public",
        "quorum": "majority",
        "parameters": {
            "transaction_lifetime_ms_max": 86_400_000,
            "transactions_per_sender_per_day_max": 10_000_000,
            "block_transactions_max": 2048,
            "block_size_bytes_max": 1_048_576,
            "clock_skew_ms_max": 5000,
            "window_blocks_max": 8,
        },
        "voters": [json.loads(node_description().to_json())],
        "administrators": [str(administrator)],
        "packs": [],
    }
    return json.dumps(document | changes)


def single_voter_genesis(**changes: object) -> Genesis:
    """The genesis of `genesis_text`, parsed."""
    return parse_genesis(genesis_text(**changes))
