"""Headers and outcome leaves: the chain's own formats.

Owns both byte forms and the rules that a header keeps towards its parent; never looks at the envelopes. The
first entry of each block is its outcome leaf, which puts results, times and history into the log, where they are
as provable as the entries. Source: docs/protocol.md, sections 4 and 5.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from ledger.encoding import Value, decode, encode
from ledger.errors import InvalidBlockError
from ledger.hashing import HASH_SIZE_BYTES, ZERO_HASH, Hash, domain, tagged_hash
from ledger.signing import SigningKey
from ledger.valid_signatures import ValidSignatures

HEADER_VERSION = 1
# The version that a ledger begins with; which one a later block follows is decided on the ledger.
PROTOCOL_VERSION_FIRST = 1
PROTOCOL_VERSION_MAX = 65_535
HEADER_SIZE_BYTES_MAX = 1024
OUTCOME_TAG = "outcome"
OUTCOME_VERSION = 1
OUTCOME_SIZE_BYTES_MAX = 1024
_PROPOSAL = domain("proposal")
# A proposal is verified before it is passed on, and again with its block. Twice so many; more than any window holds.
_SIGNATURES = ValidSignatures(512)
# A header is decoded with its proposal, with its block, and for whoever asks; at most 0.5 MB.
_HEADERS_MAX = 256
# A fixed array of nine that begins with the text "outcome": an envelope begins with an array of two.
_OUTCOME_PREFIX = encode([OUTCOME_TAG, *[0] * 8])[:9]


@dataclass(frozen=True)
class Header:
    """A block's header; heights start at 1, the genesis stands at 0.

    `leaf_count` counts the outcome leaf and the envelopes; `tree_size` and `tree_root` are the log's after this
    block; `election_certificate_hash` is zero unless the block opens its term.
    """

    network_id: Hash
    height: int
    term: int
    previous_hash: Hash
    time_ms: int
    proposer: Hash
    leaf_count: int
    tree_size: int
    tree_root: Hash
    voter_set_hash: Hash
    election_certificate_hash: Hash
    executed_height: int
    state_digest: Hash
    checkpoint: bool
    protocol_version: int = PROTOCOL_VERSION_FIRST

    @cached_property
    def encoded(self) -> bytes:
        """The canonical bytes; computed once."""
        return encode(
            [
                HEADER_VERSION,
                self.network_id,
                self.height,
                self.term,
                self.previous_hash,
                self.time_ms,
                self.proposer,
                self.leaf_count,
                self.tree_size,
                self.tree_root,
                self.voter_set_hash,
                self.election_certificate_hash,
                self.executed_height,
                self.state_digest,
                self.checkpoint,
                self.protocol_version,
            ]
        )

    def encode(self) -> bytes:
        """The canonical bytes."""
        return self.encoded

    @cached_property
    def hash(self) -> Hash:
        """The block's identity; computed once."""
        return tagged_hash("header", self.encoded)

    @classmethod
    def decode(cls, data: bytes) -> "Header":
        """The header of which `data` are the canonical bytes.

        Raises:
            DecodingError, InvalidBlockError: anything else; the message names the field.
        """
        # What comes from the store is a view of its memory, which must not be kept.
        return _decoded_header(bytes(data))


@lru_cache(maxsize=_HEADERS_MAX)
def _decoded_header(data: bytes) -> Header:
    value = decode(data, HEADER_SIZE_BYTES_MAX)
    if not isinstance(value, list) or len(value) != 1 + len(_HEADER_FIELDS):
        raise InvalidBlockError("a header is a list of {count} fields", count=1 + len(_HEADER_FIELDS))
    if value[0] != HEADER_VERSION or type(value[0]) is not int:
        raise InvalidBlockError("the header has version {version}, known is 1", version=value[0])
    fields = dict(zip(_HEADER_FIELDS, value[1:], strict=True))
    for name, kind in _HEADER_FIELDS.items():
        _check_field("header", name, kind, fields[name])
    header = Header(**fields)  # type: ignore[arg-type]
    # Whether this program can follow the version is not the header's to say (`contracts.protocols`).
    if not PROTOCOL_VERSION_FIRST <= header.protocol_version <= PROTOCOL_VERSION_MAX:
        raise InvalidBlockError(
            "block {height} names the version {version} of the protocol, which no block can follow",
            height=header.height,
            version=header.protocol_version,
        )
    return header


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a block's outcome leaf states.

    `results_root` is the RFC 6962 root over the `results_count` result leaves of the heights after the parent's
    executed height up to this `executed_height`.
    """

    parent_hash: Hash
    height: int
    time_ms: int
    executed_height: int
    state_digest: Hash
    results_root: Hash
    results_count: int

    def encode(self) -> bytes:
        """The leaf's canonical bytes."""
        return encode(
            [
                OUTCOME_TAG,
                OUTCOME_VERSION,
                self.parent_hash,
                self.height,
                self.time_ms,
                self.executed_height,
                self.state_digest,
                self.results_root,
                self.results_count,
            ]
        )

    @classmethod
    def decode(cls, data: bytes) -> "Outcome":
        """The outcome of which `data` are the canonical bytes.

        Raises:
            DecodingError, InvalidBlockError: anything else; the message names the field.
        """
        return _decoded_outcome(data)


# A block's is read when the block is judged, and again when it may be acknowledged. At most 0.1 MB.
@lru_cache(maxsize=64)
def _decoded_outcome(data: bytes) -> Outcome:
    value = decode(data, OUTCOME_SIZE_BYTES_MAX)
    if not isinstance(value, list) or len(value) != 2 + len(_OUTCOME_FIELDS) or value[0] != OUTCOME_TAG:
        raise InvalidBlockError("the entry is not an outcome leaf")
    if value[1] != OUTCOME_VERSION or type(value[1]) is not int:
        raise InvalidBlockError("the outcome leaf has version {version}, known is 1", version=value[1])
    fields = dict(zip(_OUTCOME_FIELDS, value[2:], strict=True))
    for name, kind in _OUTCOME_FIELDS.items():
        _check_field("outcome leaf", name, kind, fields[name])
    return Outcome(**fields)  # type: ignore[arg-type]


_HEADER_FIELDS: dict[str, type] = {
    "network_id": bytes,
    "height": int,
    "term": int,
    "previous_hash": bytes,
    "time_ms": int,
    "proposer": bytes,
    "leaf_count": int,
    "tree_size": int,
    "tree_root": bytes,
    "voter_set_hash": bytes,
    "election_certificate_hash": bytes,
    "executed_height": int,
    "state_digest": bytes,
    "checkpoint": bool,
    "protocol_version": int,
}
_OUTCOME_FIELDS: dict[str, type] = {
    "parent_hash": bytes,
    "height": int,
    "time_ms": int,
    "executed_height": int,
    "state_digest": bytes,
    "results_root": bytes,
    "results_count": int,
}


def _check_field(what: str, name: str, kind: type, value: Value) -> None:
    fits = type(value) is kind
    if fits and isinstance(value, bytes):
        fits = len(value) == HASH_SIZE_BYTES
    elif fits and kind is int:
        assert isinstance(value, int)
        fits = value >= 0
    if not fits:
        raise InvalidBlockError("the field `{field}` of the {what} has a wrong type or size", field=name, what=what)


def is_outcome(entry: bytes) -> bool:
    """Whether an entry of the log is an outcome leaf rather than an envelope; looks at nine bytes.

    Only for an entry that is one of the two; whatever else begins like an outcome leaf fails in `Outcome.decode`.
    """
    return entry[: len(_OUTCOME_PREFIX)] == _OUTCOME_PREFIX


def sign_header(header: Header, key: SigningKey) -> bytes:
    """The proposer's signature over the header hash."""
    return _SIGNATURES.sign(key, _PROPOSAL + header.hash)


def verify_proposal(header: Header, public_key: bytes, signature: bytes) -> bool:
    """Whether `signature` is the proposer's over the header hash."""
    return _SIGNATURES.verify(public_key, _PROPOSAL + header.hash, signature)


def check_first_header(header: Header, network_id: Hash, created_ms: int) -> None:
    """The rules for height 1, whose parent is the genesis.

    Raises:
        InvalidBlockError: names the rule that is broken.
    """
    _rule(header.network_id == network_id, header, "network_id")
    _rule(header.height == 1, header, "height")
    _rule(header.previous_hash == network_id, header, "previous_hash")
    _rule(header.term >= 1, header, "term")
    _rule(header.time_ms > created_ms, header, "time_ms")
    _rule(header.leaf_count >= 1 and header.tree_size == header.leaf_count, header, "tree_size")
    _rule(header.executed_height == 0, header, "executed_height")
    _rule(header.election_certificate_hash != ZERO_HASH, header, "election_certificate_hash")
    _rule(header.protocol_version == PROTOCOL_VERSION_FIRST, header, "protocol_version")


def check_header_follows(parent: Header, header: Header) -> None:
    """The rules a header keeps towards its parent, as far as the two alone can tell.

    Raises:
        InvalidBlockError: names the rule that is broken.
    """
    _rule(header.network_id == parent.network_id, header, "network_id")
    _rule(header.height == parent.height + 1, header, "height")
    _rule(header.previous_hash == parent.hash, header, "previous_hash")
    _rule(header.term >= parent.term, header, "term")
    _rule(header.time_ms > parent.time_ms, header, "time_ms")
    _rule(header.leaf_count >= 1, header, "leaf_count")
    _rule(header.tree_size == parent.tree_size + header.leaf_count, header, "tree_size")
    _rule(parent.executed_height <= header.executed_height < header.height, header, "executed_height")
    same_state = header.executed_height == parent.executed_height
    _rule(not same_state or header.state_digest == parent.state_digest, header, "state_digest")
    opens_term = header.term > parent.term
    _rule((header.election_certificate_hash != ZERO_HASH) == opens_term, header, "election_certificate_hash")
    _rule(header.protocol_version >= parent.protocol_version, header, "protocol_version")


def _rule(holds: bool, header: Header, field: str) -> None:
    if not holds:
        raise InvalidBlockError(
            "the header of block {height} does not follow from the one before it: `{field}`",
            height=header.height,
            field=field,
        )
