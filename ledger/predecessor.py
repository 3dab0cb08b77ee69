"""What the genesis of a successor network says of the ledger that it takes over. Pure.

Owns the form of the field `predecessor`, what its parts say of each other, and the endorsements: signatures of voters
of the old ledger's last set, with their old agreement keys, over the whole new genesis. Never decides whether a quorum
of them certified the last block (`contracts.inheritance` does) or whether the inherited records are the right ones.

Source: docs/protocol.md, section 6, "Quorum lost for good"; docs/adr/0031-successor-networks.md.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from ledger.base64_text import decode_base64, encode_base64
from ledger.block import Header
from ledger.encoding import Value
from ledger.errors import InvalidGenesisError, InvalidKeyError, RemoteProtocolError
from ledger.hashing import HASH_SIZE_BYTES, Hash, domain
from ledger.note import Note
from ledger.policy import Policy, VerifiedCheckpoint
from ledger.signing import SCHEME_ED25519, SigningKey, verify
from ledger.strict_json import check_field_names
from ledger.verifier_key import KEY_TYPE_AGREEMENT, VerifierKey

# As many as a network has voters; the last set of the old one.
VOTERS_MAX = 21
_SIGNED = domain("successor")
_FIELDS = (
    "name",
    "base_height",
    "header",
    "certificate",
    "voters",
    "quorum",
    "checkpoint",
    "policy",
    "state_digest",
    "inherited_digest",
    "endorsements",
)


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A voter of the old ledger's last set signed the successor's genesis."""

    voter: VerifierKey
    signature: bytes


@dataclass(frozen=True)
class Predecessor:
    """The old ledger at its last certified block.

    `name` is its origin; `header` and `certificate` those of that block; `voters` the agreement keys of the set that
    made the certificate, ascending by text, `quorum` its rule. `checkpoint` is the newest checkpoint that a quorum
    cosigned, `policy` the text by which it and older receipts of that set are verified. `state_digest` is that of the
    state after the block, `inherited_digest` of the records that the successor begins with. `base_height` is what its
    records count heights from: the heights of all ledgers before it.
    """

    name: str
    base_height: int
    header: bytes
    certificate: bytes
    voters: tuple[VerifierKey, ...]
    quorum: str
    checkpoint: str
    policy: str
    state_digest: Hash
    inherited_digest: Hash
    endorsements: tuple[Endorsement, ...] = ()

    def __post_init__(self) -> None:
        header = self.decoded_header
        if not 1 <= len(self.voters) <= VOTERS_MAX or list(map(str, self.voters)) != sorted(set(map(str, self.voters))):
            raise InvalidGenesisError("the predecessor's voters are 1 to {limit}, ascending", limit=VOTERS_MAX)
        if self.base_height < header.height:
            raise InvalidGenesisError("the predecessor's records count heights from below its last block")
        if any(one.voter not in self.voters for one in self.endorsements):
            raise InvalidGenesisError("somebody endorsed the successor who was no voter of its predecessor")
        if len({str(one.voter) for one in self.endorsements}) != len(self.endorsements):
            raise InvalidGenesisError("a voter endorsed the successor twice")
        checkpoint = self.verified_checkpoint.checkpoint
        if checkpoint.origin != self.name or checkpoint.tree_size > header.tree_size:
            raise InvalidGenesisError("the predecessor's checkpoint is not one of its log up to its last block")
        if checkpoint.tree_size == header.tree_size and checkpoint.root != header.tree_root:
            raise InvalidGenesisError("the predecessor's checkpoint and its last block state different logs")

    @cached_property
    def decoded_header(self) -> Header:
        """The header of its last block.

        Raises:
            InvalidGenesisError: it is none.
        """
        try:
            return Header.decode(self.header)
        except RemoteProtocolError as error:
            raise InvalidGenesisError("the predecessor's last header is none ({reason})", reason=error) from error

    @cached_property
    def verified_checkpoint(self) -> VerifiedCheckpoint:
        """Its newest checkpoint, verified by the policy that stands beside it.

        Raises:
            InvalidGenesisError: it does not verify.
        """
        try:
            return Policy.parse(self.policy.encode("utf-8")).verify(Note.parse(self.checkpoint.encode("utf-8")))
        except (RemoteProtocolError, UnicodeEncodeError) as error:
            raise InvalidGenesisError(
                "the predecessor's checkpoint does not verify by its policy ({reason})", reason=error
            ) from error

    @property
    def network_id(self) -> Hash:
        """Its id."""
        return self.decoded_header.network_id

    def without_endorsements(self) -> "Predecessor":
        """What is endorsed."""
        return replace(self, endorsements=())

    def to_value(self) -> dict[str, Value]:
        """The field as it stands in the document."""
        return {
            "name": self.name,
            "base_height": self.base_height,
            "header": encode_base64(self.header),
            "certificate": encode_base64(self.certificate),
            "voters": [str(key) for key in self.voters],
            "quorum": self.quorum,
            "checkpoint": self.checkpoint,
            "policy": self.policy,
            "state_digest": self.state_digest.hex(),
            "inherited_digest": self.inherited_digest.hex(),
            "endorsements": [
                {"voter": str(one.voter), "signature": encode_base64(one.signature)} for one in self.endorsements
            ],
        }

    @classmethod
    def from_value(cls, value: Value) -> "Predecessor":
        """The predecessor in the field of a genesis.

        Raises:
            InvalidGenesisError: it is none; the message says what is wrong.
        """
        if not isinstance(value, dict):
            raise InvalidGenesisError("`predecessor` in the genesis is an object")
        check_field_names(set(value), set(_FIELDS), "`predecessor`")
        base_height = value["base_height"]
        if type(base_height) is not int:
            raise InvalidGenesisError("`{field}` of the predecessor is not a whole number", field="base_height")
        return cls(
            name=_text(value, "name"),
            base_height=base_height,
            header=_bytes(value, "header"),
            certificate=_bytes(value, "certificate"),
            voters=tuple(_key(one) for one in _list(value, "voters")),
            quorum=_text(value, "quorum"),
            checkpoint=_text(value, "checkpoint"),
            policy=_text(value, "policy"),
            state_digest=_hash(value, "state_digest"),
            inherited_digest=_hash(value, "inherited_digest"),
            endorsements=tuple(_endorsement(one) for one in _list(value, "endorsements")),
        )


def endorse(canonical: bytes, voter: VerifierKey, key: SigningKey) -> Endorsement:
    """The endorsement of a genesis.

    Args:
        canonical: Of the genesis without any endorsement.
        voter: The public half of `key`, as the predecessor lists it.
        key: The old agreement key.
    """
    return Endorsement(voter, key.sign(_SIGNED + canonical))


def is_endorsed(canonical: bytes, endorsement: Endorsement) -> bool:
    """Whether the voter it names signed the genesis whose canonical bytes without endorsements these are."""
    return verify(SCHEME_ED25519, endorsement.voter.public_key, _SIGNED + canonical, endorsement.signature)


def voter_key(name: str, agreement: bytes) -> VerifierKey:
    """How a voter of the old ledger is listed."""
    return VerifierKey(name, KEY_TYPE_AGREEMENT, agreement)


def _text(value: dict[str, Value], name: str) -> str:
    found = value[name]
    if not isinstance(found, str):
        raise InvalidGenesisError("`{field}` of the predecessor is not a text", field=name)
    return found


def _list(value: dict[str, Value], name: str) -> list[Value]:
    found = value[name]
    if not isinstance(found, list) or len(found) > VOTERS_MAX:
        raise InvalidGenesisError("`{field}` of the predecessor is not a list of voters", field=name)
    return found


def _bytes(value: dict[str, Value], name: str) -> bytes:
    found = decode_base64(_text(value, name))
    if found is None:
        raise InvalidGenesisError("`{field}` of the predecessor is not base64", field=name)
    return found


def _hash(value: dict[str, Value], name: str) -> Hash:
    text = _text(value, name)
    if len(text) != 2 * HASH_SIZE_BYTES or text.strip("0123456789abcdef"):
        raise InvalidGenesisError("`{field}` of the predecessor is not a hash in small hexadecimal digits", field=name)
    return bytes.fromhex(text)


def _key(item: Value) -> VerifierKey:
    try:
        found = VerifierKey.parse(item) if isinstance(item, str) else None
    except InvalidKeyError:
        found = None
    if found is None or found.type_bytes != KEY_TYPE_AGREEMENT:
        raise InvalidGenesisError("a voter of the predecessor is not given by its agreement key")
    return found


def _endorsement(item: Value) -> Endorsement:
    if not isinstance(item, dict):
        raise InvalidGenesisError("an endorsement of the successor is an object")
    check_field_names(set(item), {"voter", "signature"}, "an endorsement")
    return Endorsement(_key(item["voter"]), _bytes(item, "signature"))
