"""A node's keys, all derived from one seed, and what a node publishes of itself.

Owns the derivation and the node description (`node.public.json`); never reads or writes a file. Each key serves
one purpose only: agreement (votes, acknowledgements, proposals), log (signed notes), cosigner (cosignatures),
transport (TLS). Source: docs/protocol.md, section 3.
"""

import json
import re
from dataclasses import dataclass
from hashlib import blake2b

from ledger.encoding import Value
from ledger.errors import InvalidGenesisError, InvalidKeyError, LocalError
from ledger.hashing import Hash, tagged_hash
from ledger.signing import SEED_SIZE_BYTES, SigningKey, is_usable_public_key
from ledger.strict_json import check_field_names, parse_strict_json
from ledger.verifier_key import (
    KEY_TYPE_AGREEMENT,
    KEY_TYPE_COSIGNER,
    KEY_TYPE_LOG,
    KEY_TYPE_TRANSPORT,
    VerifierKey,
)

NODE_FORMAT = "banyan-node/v1"
NODE_NAME_LENGTH_MAX = 63
NODE_NAME_PATTERN = r"[a-z0-9]([a-z0-9./-]{0,61}[a-z0-9])?"
_NAME = re.compile(NODE_NAME_PATTERN)
_ADDRESS = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253}):([0-9]{1,5})")
# The purposes of a node's keys, in the order of documents, with the types of their verifier keys.
NODE_KEY_TYPES = {
    "agreement": KEY_TYPE_AGREEMENT,
    "log": KEY_TYPE_LOG,
    "cosigner": KEY_TYPE_COSIGNER,
    "transport": KEY_TYPE_TRANSPORT,
}


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The four key pairs of one node."""

    agreement: SigningKey
    log: SigningKey
    cosigner: SigningKey
    transport: SigningKey

    @classmethod
    def from_seed(cls, seed: bytes) -> "NodeKeys":
        """The keys of a 32-byte seed; BLAKE2b keyed with the seed, personalised by purpose.

        Raises:
            LocalError: the seed has another size.
        """
        if len(seed) != SEED_SIZE_BYTES:
            raise LocalError("a seed has {expected} bytes, not {size}", expected=SEED_SIZE_BYTES, size=len(seed))
        return cls(*(_derived(seed, purpose) for purpose in NODE_KEY_TYPES))

    @property
    def node_id(self) -> Hash:
        """The node's id in every network, from its agreement key."""
        return node_id_of(self.agreement.public)


def _derived(seed: bytes, purpose: str) -> SigningKey:
    person = b"banyan/" + purpose.encode("ascii")
    return SigningKey.from_seed(blake2b(digest_size=SEED_SIZE_BYTES, key=seed, person=person).digest())


def node_id_of(agreement_key: bytes) -> Hash:
    """The id of the node whose first agreement key this is; never reused."""
    return tagged_hash("node", agreement_key)


@dataclass(frozen=True, slots=True)
class NodeDescription:
    """What a node publishes of itself: name, address (`HOST:PORT`) and its four raw public keys."""

    name: str
    address: str
    agreement: bytes
    log: bytes
    cosigner: bytes
    transport: bytes

    def __post_init__(self) -> None:
        check_node_name(self.name)
        check_address(self.address)
        keys = [self.agreement, self.log, self.cosigner, self.transport]
        if not all(map(is_usable_public_key, keys)):
            raise InvalidGenesisError(
                "a public key of node {name} is no Ed25519 key; make its description with `banyan init`", name=self.name
            )
        if len(set(keys)) != len(keys):
            raise InvalidGenesisError(
                "node {name} uses one key for two purposes; make its description with `banyan init`", name=self.name
            )

    @classmethod
    def of(cls, name: str, address: str, keys: NodeKeys) -> "NodeDescription":
        """The description of a node with these keys."""
        return cls(name, address, keys.agreement.public, keys.log.public, keys.cosigner.public, keys.transport.public)

    @property
    def node_id(self) -> Hash:
        """The node's id."""
        return node_id_of(self.agreement)

    def to_value(self) -> dict[str, Value]:
        """The description as it stands in a genesis; keys as verifier keys under the node's name."""
        fields: dict[str, Value] = {"format": NODE_FORMAT, "name": self.name, "address": self.address}
        for purpose, key_type in NODE_KEY_TYPES.items():
            fields[purpose] = str(VerifierKey(self.name, key_type, getattr(self, purpose)))
        return fields

    def to_json(self) -> str:
        """The text of `node.public.json`."""
        return json.dumps(self.to_value(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "NodeDescription":
        """The description in a `node.public.json`.

        Raises:
            InvalidGenesisError: not strict JSON, or not a node description; the message names the field.
        """
        return cls.from_value(parse_strict_json(text))

    @classmethod
    def from_value(cls, value: Value) -> "NodeDescription":
        """The description in one item of a genesis' `voters`.

        Raises:
            InvalidGenesisError: the message names the field.
        """
        if not isinstance(value, dict):
            raise InvalidGenesisError("a node description is a JSON object")
        check_field_names(set(value), {"format", "name", "address", *NODE_KEY_TYPES}, "the node description")
        if value["format"] != NODE_FORMAT:
            raise InvalidGenesisError(
                "the node description is of format {found!r}, known is {known}",
                found=value["format"],
                known=NODE_FORMAT,
            )
        name, address = value["name"], value["address"]
        if not isinstance(name, str) or not isinstance(address, str):
            raise InvalidGenesisError("`name` and `address` of a node are texts")
        check_node_name(name)
        keys = {purpose: _key(value[purpose], name, purpose) for purpose in NODE_KEY_TYPES}
        return cls(name=name, address=address, **keys)


def _key(text: Value, name: str, purpose: str) -> bytes:
    if not isinstance(text, str):
        raise InvalidGenesisError("the key `{purpose}` of node {name} is not a text", purpose=purpose, name=name)
    try:
        key = VerifierKey.parse(text)
    except InvalidKeyError as error:
        raise InvalidGenesisError(
            "the key `{purpose}` of node {name} is no verifier key: {reason}",
            purpose=purpose,
            name=name,
            reason=error,
        ) from error
    if key.type_bytes != NODE_KEY_TYPES[purpose] or key.name != name:
        raise InvalidGenesisError(
            "the key `{purpose}` of node {name} is of another kind or under another name", purpose=purpose, name=name
        )
    return key.public_key


def check_node_name(name: str) -> None:
    """Refuse a name that cannot stand in keys and signature lines.

    Raises:
        InvalidGenesisError
    """
    if not _NAME.fullmatch(name):
        raise InvalidGenesisError(
            "the node name {name!r} is not usable: 1 to 63 of a-z, 0-9, dot, slash and hyphen, beginning and ending"
            " with a letter or digit",
            name=name[:64],
        )


def check_address(address: str) -> None:
    """Refuse what is not `HOST:PORT` (an IPv6 host in brackets).

    Raises:
        InvalidGenesisError
    """
    match = _ADDRESS.fullmatch(address)
    if not match or not 1 <= int(match.group(2)) <= 65_535:
        raise InvalidGenesisError(
            "{address!r} is not an address of the form HOST:PORT with a port from 1 to 65535", address=address[:300]
        )
