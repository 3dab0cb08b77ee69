"""The genesis: what a network is. A JSON document with a stated mapping to the canonical encoding.

Owns the document's fields, their ranges and the network id; never the state that follows from it
(`contracts.genesis_state`). The document is mapped field by field, same names, texts to texts and whole numbers to
integers, so any two programs get the same id. Invariants: voters stand in the order of their names, administrators in
the order of their key texts, whatever order a document has them in; no key stands in a genesis twice.

Source: docs/protocol.md, section 3.
"""

import json
import re
from dataclasses import dataclass, fields, replace
from functools import cached_property

from ledger.encoding import Value, encode
from ledger.errors import InvalidGenesisError, InvalidKeyError
from ledger.genesis_pack import GenesisPack, packs_of
from ledger.hashing import Hash, tagged_hash
from ledger.node_keys import NodeDescription
from ledger.predecessor import Predecessor, is_endorsed
from ledger.signing import is_usable_public_key
from ledger.strict_json import check_field_names, parse_strict_json
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey

GENESIS_FORMAT = "banyan-genesis/v1"
VISIBILITIES = ("public", "members")
QUORUMS = ("majority", "two-thirds")
# With the log's own signature and some to spare, all their cosignatures fit on a note that every verifier accepts.
VOTERS_MAX = 21
TWO_THIRDS_VOTERS_MIN = 4
ADMINISTRATORS_MAX = 64
# From 2020-01-01 to 2200-01-01: a genesis in seconds or microseconds is caught.
CREATED_MS_MIN, CREATED_MS_MAX = 1_577_836_800_000, 7_258_118_400_000
_ORIGIN = re.compile(r"[a-z0-9]([a-z0-9./-]{0,198}[a-z0-9])?")
_FIELDS = (
    "format",
    "name",
    "created_ms",
    "visibility",
    "quorum",
    "parameters",
    "voters",
    "administrators",
    "packs",
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What governance may change later; the genesis states where it begins.

    `transaction_lifetime_ms_max`: how far ahead a transaction may expire (at most 24 hours).
    `transactions_per_sender_per_day_max`: daily quota of one member; 0 admits nobody.
    `block_transactions_max`, `block_size_bytes_max`: what one block may hold of envelopes.
    `clock_skew_ms_max`: how far ahead of a voter's clock a block's time may be.
    `window_blocks_max`: how many blocks may be proposed beyond the last committed one.
    """

    transaction_lifetime_ms_max: int = 86_400_000
    transactions_per_sender_per_day_max: int = 10_000_000
    block_transactions_max: int = 2048
    block_size_bytes_max: int = 1_048_576
    clock_skew_ms_max: int = 5000
    window_blocks_max: int = 8


_PARAMETER_RANGES = {
    "transaction_lifetime_ms_max": (1000, 86_400_000),
    "transactions_per_sender_per_day_max": (0, 2**40),
    "block_transactions_max": (1, 16_384),
    # At least one envelope of the largest size must fit, and a proposal must fit into a frame of 4 MiB.
    "block_size_bytes_max": (65_535, 3 * 1024 * 1024),
    "clock_skew_ms_max": (0, 60_000),
    "window_blocks_max": (1, 64),
}


@dataclass(frozen=True)
class Genesis:
    """A network's beginning; `administrators` are member keys, at least one.

    A successor of another network names its `predecessor`, and inherits administrators and packs: it names none.

    Raises:
        InvalidGenesisError: a field outside its range; the message names it.
    """

    name: str
    created_ms: int
    visibility: str
    quorum: str
    parameters: Parameters
    voters: tuple[NodeDescription, ...]
    administrators: tuple[VerifierKey, ...]
    packs: tuple[GenesisPack, ...] = ()
    predecessor: Predecessor | None = None

    def __post_init__(self) -> None:
        _check_scalars(self)
        _check_parameters(self.parameters)
        _check_voters(self)
        if self.predecessor is None:
            _check_administrators(self.administrators)
        else:
            _check_successor(self, self.predecessor)
        _check_keys_differ(self)
        object.__setattr__(self, "voters", tuple(sorted(self.voters, key=lambda voter: voter.name)))
        object.__setattr__(self, "administrators", tuple(sorted(self.administrators, key=str)))

    def to_value(self) -> dict[str, Value]:
        """The document as a canonical value."""
        return {
            "format": GENESIS_FORMAT,
            "name": self.name,
            "created_ms": self.created_ms,
            "visibility": self.visibility,
            "quorum": self.quorum,
            "parameters": {one.name: getattr(self.parameters, one.name) for one in fields(Parameters)},
            "voters": [voter.to_value() for voter in self.voters],
            "administrators": [str(key) for key in self.administrators],
            "packs": [pack.to_value() for pack in self.packs],
            **({} if self.predecessor is None else {"predecessor": self.predecessor.to_value()}),
        }

    def to_json(self) -> str:
        """The text of `genesis.json`."""
        return json.dumps(self.to_value(), indent=2, ensure_ascii=False) + "\n"

    @cached_property
    def canonical(self) -> bytes:
        """The canonical bytes."""
        return encode(self.to_value())

    @property
    def base_height(self) -> int:
        """What records count heights from: 0, or where the predecessor ended."""
        return 0 if self.predecessor is None else self.predecessor.base_height

    @property
    def endorsed_bytes(self) -> bytes:
        """Of a successor, what voters of its predecessor sign: the canonical bytes without any endorsement."""
        if self.predecessor is None:
            return self.canonical
        return replace(self, predecessor=self.predecessor.without_endorsements()).canonical

    @cached_property
    def network_id(self) -> Hash:
        """The network's id: every transaction, header and vote names it."""
        return tagged_hash("genesis", self.canonical)


def parse_genesis(text: str) -> Genesis:
    """The genesis in a `genesis.json`; that of a successor is endorsed.

    Raises:
        InvalidGenesisError: the message names the field and what to do.
    """
    genesis = parse_genesis_draft(text)
    predecessor = genesis.predecessor
    if predecessor is not None:
        if not predecessor.endorsements:
            raise InvalidGenesisError(
                "no voter of {name} has endorsed this successor; let them do so with `banyan successor endorse`",
                name=predecessor.name,
            )
        endorsed = genesis.endorsed_bytes
        for one in predecessor.endorsements:
            if not is_endorsed(endorsed, one):
                raise InvalidGenesisError(
                    "the endorsement by {voter} is not of this genesis: it was changed after they signed it",
                    voter=one.voter.name,
                )
    return genesis


def parse_genesis_draft(text: str) -> Genesis:
    """As `parse_genesis`, but a successor's endorsements are not looked at: for those who are about to endorse.

    Raises:
        InvalidGenesisError: the message names the field and what to do.
    """
    value = parse_strict_json(text)
    if not isinstance(value, dict):
        raise InvalidGenesisError("a genesis is a JSON object")
    is_successor = "predecessor" in value
    check_field_names(set(value), {*_FIELDS, *(["predecessor"] if is_successor else [])}, "the genesis")
    if value["format"] != GENESIS_FORMAT:
        raise InvalidGenesisError(
            "the genesis is of format {found!r}, known is {known}", found=value["format"], known=GENESIS_FORMAT
        )
    voters = tuple(NodeDescription.from_value(item) for item in _list(value, "voters"))
    administrators = tuple(_member_key(item) for item in _list(value, "administrators"))
    return Genesis(
        name=_text(value, "name"),
        created_ms=_integer(value, "created_ms"),
        visibility=_text(value, "visibility"),
        quorum=_text(value, "quorum"),
        parameters=_parameters(value["parameters"]),
        voters=voters,
        administrators=administrators,
        packs=packs_of(_list(value, "packs")),
        predecessor=Predecessor.from_value(value["predecessor"]) if is_successor else None,
    )


def member_id(network_id: Hash, public_key: bytes) -> Hash:
    """The pseudonymous id of the member whose first key this is; another in every network."""
    return tagged_hash("member", network_id, public_key)


def _text(value: dict[str, Value], name: str) -> str:
    found = value[name]
    if not isinstance(found, str):
        raise InvalidGenesisError("`{field}` in the genesis is not a text", field=name)
    return found


def _integer(value: dict[str, Value], name: str) -> int:
    found = value[name]
    if type(found) is not int:
        raise InvalidGenesisError("`{field}` in the genesis is not a whole number", field=name)
    return found


def _list(value: dict[str, Value], name: str) -> list[Value]:
    found = value[name]
    if not isinstance(found, list):
        raise InvalidGenesisError("`{field}` in the genesis is not a list", field=name)
    return found


def _parameters(value: Value) -> Parameters:
    if not isinstance(value, dict):
        raise InvalidGenesisError("`{field}` in the genesis is not an object", field="parameters")
    check_field_names(set(value), set(_PARAMETER_RANGES), "`parameters`")
    return Parameters(**{name: _integer(value, name) for name in _PARAMETER_RANGES})


def _member_key(item: Value) -> VerifierKey:
    if not isinstance(item, str):
        raise InvalidGenesisError("an administrator is given by the public key that `banyan keygen` printed")
    try:
        return VerifierKey.parse(item)
    except InvalidKeyError as error:
        raise InvalidGenesisError(
            "an administrator's key is no verifier key ({reason}); use what `banyan keygen` printed", reason=error
        ) from error


def _check_scalars(genesis: Genesis) -> None:
    if not _ORIGIN.fullmatch(genesis.name):
        raise InvalidGenesisError(
            "the network name {name!r} is not usable as an origin: take up to 200 of a-z, 0-9, dot, slash and hyphen,"
            " such as huaxin.example/ledger",
            name=genesis.name[:200],
        )
    if not CREATED_MS_MIN <= genesis.created_ms <= CREATED_MS_MAX:
        raise InvalidGenesisError(
            "`created_ms` is {value}, no time in milliseconds between 2020 and 2200", value=genesis.created_ms
        )
    if genesis.visibility not in VISIBILITIES:
        raise InvalidGenesisError("`visibility` is one of {choices}", choices=", ".join(VISIBILITIES))
    if genesis.quorum not in QUORUMS:
        raise InvalidGenesisError("`quorum` is one of {choices}", choices=", ".join(QUORUMS))


def _check_parameters(parameters: Parameters) -> None:
    for name, (lowest, highest) in _PARAMETER_RANGES.items():
        value = getattr(parameters, name)
        if not lowest <= value <= highest:
            raise InvalidGenesisError(
                "the parameter `{name}` is {value}, it must lie between {lowest} and {highest}",
                name=name,
                value=value,
                lowest=lowest,
                highest=highest,
            )


def _check_voters(genesis: Genesis) -> None:
    voters = genesis.voters
    if not 1 <= len(voters) <= VOTERS_MAX:
        raise InvalidGenesisError(
            "a network has 1 to {limit} voters, this genesis names {count}", limit=VOTERS_MAX, count=len(voters)
        )
    if genesis.quorum == "two-thirds" and len(voters) < TWO_THIRDS_VOTERS_MIN:
        raise InvalidGenesisError(
            "a quorum of two thirds needs at least {count} voters; take `majority` or add voters",
            count=TWO_THIRDS_VOTERS_MIN,
        )
    if len({voter.name for voter in voters}) != len(voters):
        raise InvalidGenesisError("two voters have the same name; give each its own with `banyan init --name`")


def _check_administrators(administrators: tuple[VerifierKey, ...]) -> None:
    if not 1 <= len(administrators) <= ADMINISTRATORS_MAX:
        raise InvalidGenesisError(
            "a network has 1 to {limit} administrators, this genesis names {count}",
            limit=ADMINISTRATORS_MAX,
            count=len(administrators),
        )
    for key in administrators:
        if key.type_bytes != KEY_TYPE_MEMBER:
            raise InvalidGenesisError("the key {key} is not a member's; use what `banyan keygen` printed", key=str(key))
        if not is_usable_public_key(key.public_key):
            raise InvalidGenesisError("the key {key} is no Ed25519 key; use what `banyan keygen` printed", key=str(key))


def _check_successor(genesis: Genesis, predecessor: Predecessor) -> None:
    """It takes over who administers and which packs are in force, and begins after the old ledger's end."""
    if genesis.administrators or genesis.packs:
        raise InvalidGenesisError("a successor inherits administrators and packs; its genesis names none")
    if genesis.name == predecessor.name:
        raise InvalidGenesisError(
            "the successor of {name} needs a name of its own: nobody may take its receipts for those of the old one",
            name=genesis.name,
        )
    if genesis.created_ms <= predecessor.decoded_header.time_ms:
        raise InvalidGenesisError("the successor was made before its predecessor's last block")


def _check_keys_differ(genesis: Genesis) -> None:
    """No key serves two voters, two administrators, or a node and a person."""
    holders: dict[bytes, str] = {}
    for voter in genesis.voters:
        for key in (voter.agreement, voter.log, voter.cosigner, voter.transport):
            _hold(holders, key, voter.name)
    for administrator in genesis.administrators:
        _hold(holders, administrator.public_key, str(administrator))


def _hold(holders: dict[bytes, str], key: bytes, holder: str) -> None:
    if key in holders:
        raise InvalidGenesisError(
            "{one} and {other} have the same key; each node needs a seed of its own, each administrator a key",
            one=holders[key],
            other=holder,
        )
    holders[key] = holder
