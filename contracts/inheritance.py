"""What a successor network takes over of its predecessor's records, and the proof that the predecessor ended so. Pure.

Owns the list of kinds that stay behind, the registration of first keys, and the check of the last block's certificate.
Everything else is taken over byte for byte: members and their keys, units, offices, records, books, ballots, packs in
force, timers. What stays behind is about the old network itself or its log: who its nodes and voters were, its
parameters and versions, proposals about these, and the chains of subjects, which begin anew in the new log.

Policies of the old ledger go over as records (`former-policy`), one for each set of voters that it ever had: whoever
has a receipt of an earlier set can be given what it is verified by, long after the old network is gone.

A member's id is made of the network and the first key, and stays as it was: so first keys, which are found by that rule
alone, get an entry in the register of keys (`member-key`).

Source: docs/protocol.md, section 6, "Quorum lost for good"; docs/adr/0031-successor-networks.md.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from operator import itemgetter
from typing import NamedTuple

from consensus.certificates import BlockCertificate
from consensus.errors import InvalidVoterSetError
from consensus.voters import Voter, VoterSet
from contracts.genesis_state import KIND_FORMER_POLICY
from contracts.members.key_register import STATE_HELD, member_key_record_key
from contracts.record import Record, parse_record_key, record_key
from contracts.voter_record import numbered_id
from ledger.encoding import Value
from ledger.errors import DecodingError, InvalidGenesisError, RemoteProtocolError
from ledger.genesis import member_id
from ledger.hashing import Hash
from ledger.node_keys import node_id_of
from ledger.predecessor import Predecessor
from ledger.signing import SCHEME_ED25519

# Records of these kinds stay behind.
LEFT_KINDS = frozenset(
    (
        "chain",
        "node",
        "node-key",
        "node-name",
        "node-protocol",
        "parameters",
        "proposal",
        "proposer",
        "protocol",
        "voters",
    )
)
_MEMBER_PREFIX = b"member\0"


class FormerPolicy(NamedTuple):
    """The policy of the voter set `number` of a former ledger, for checkpoints of `from_size` entries and more."""

    number: int
    from_size: int
    origin: str
    text: str


def former_policy_record(network_id: Hash, policy: FormerPolicy) -> tuple[bytes, bytes]:
    """Key and value of the record of a policy of the former ledger `network_id`."""
    fields: dict[str, Value] = {"from_size": policy.from_size, "name": policy.origin, "policy": policy.text}
    key = record_key(KIND_FORMER_POLICY, f"{network_id.hex()}/{numbered_id(policy.number)}")
    return key, Record(1, fields).encode()


def former_policies(network_id: Hash, records: Iterable[tuple[bytes, bytes]]) -> Iterator[FormerPolicy]:
    """The policies of the former ledger `network_id` among records, ascending by number.

    Raises:
        DecodingError: a record of this kind that is none.
    """
    prefix = record_key(KIND_FORMER_POLICY, f"{network_id.hex()}/")
    for key, value in records:
        if not key.startswith(prefix):
            continue
        fields = Record.decode(value).fields
        size, name, text = (fields.get(one) for one in ("from_size", "name", "policy"))
        if type(size) is not int or not isinstance(name, str) or not isinstance(text, str):
            raise DecodingError("the record of a former policy lacks its size, name or text")
        yield FormerPolicy(int(key[len(prefix) :]), size, name, text)


def inherited_records(
    old_network_id: Hash,
    records: Iterable[tuple[bytes, bytes]],
    get: Callable[[bytes], bytes | None],
    policies: Iterable[FormerPolicy],
) -> Iterator[tuple[bytes, bytes]]:
    """The records that the successor begins with, ascending by key.

    Args:
        old_network_id: The predecessor's.
        records: All of its records, ascending by key.
        get: One of them by its key.
        policies: Of all voter sets that it had, ascending by number.

    Memory: the entries of first keys, about 200 bytes for each member.
    """
    former = (former_policy_record(old_network_id, one) for one in policies)
    return merge(_inherited(old_network_id, records, get), former, key=itemgetter(0))


def _inherited(
    old_network_id: Hash, records: Iterable[tuple[bytes, bytes]], get: Callable[[bytes], bytes | None]
) -> Iterator[tuple[bytes, bytes]]:
    """All but the policies."""
    added: list[tuple[bytes, bytes]] = []
    waiting: deque[tuple[bytes, bytes]] | None = None
    for key, value in records:
        if key.startswith(_MEMBER_PREFIX):
            added.extend(_first_keys(old_network_id, key, value, get))
        elif waiting is None and key > _MEMBER_PREFIX:
            # Entries of keys sort behind all members: from here on all are known.
            waiting = deque(sorted(added))
        while waiting and waiting[0][0] < key:
            yield waiting.popleft()
        if parse_record_key(key)[0] not in LEFT_KINDS:
            yield key, value
    yield from sorted(added) if waiting is None else waiting


def _first_keys(
    network_id: Hash, key: bytes, value: bytes, get: Callable[[bytes], bytes | None]
) -> Iterator[tuple[bytes, bytes]]:
    account = bytes.fromhex(key[len(_MEMBER_PREFIX) :].decode("ascii"))
    listed = Record.decode(value).fields.get("keys")
    for item in listed if isinstance(listed, list) else []:
        if not isinstance(item, list) or len(item) != 2 or item[0] != SCHEME_ED25519:
            continue
        public = item[1]
        if not isinstance(public, bytes) or member_id(network_id, public) != account:
            continue
        entry = member_key_record_key(public)
        if get(entry) is None:
            yield entry, Record(1, {"account": account, "height": 0, "state": STATE_HELD, "time": 0}).encode()


def check_certified(predecessor: Predecessor) -> None:
    """Make sure that a quorum of the voters that the predecessor names certified its last block.

    That these were its voters nobody can tell from a genesis alone: who endorsed it compared them with its own ledger.

    Raises:
        InvalidGenesisError: they did not.
    """
    header = predecessor.decoded_header
    listed = tuple(Voter(node_id_of(one.public_key), one.public_key) for one in predecessor.voters)
    try:
        voters = VoterSet(listed, predecessor.quorum)
        certificate = BlockCertificate.decode(predecessor.certificate)
        certificate.verify(voters, predecessor.network_id)
    except (InvalidVoterSetError, RemoteProtocolError) as error:
        raise InvalidGenesisError(
            "the predecessor's last block is not certified by its voters ({reason})", reason=error
        ) from error
    said = (certificate.term, certificate.height, certificate.block_hash, certificate.voter_set_hash)
    if said != (header.term, header.height, header.hash, header.voter_set_hash):
        raise InvalidGenesisError("the predecessor's certificate is not of its last block")
