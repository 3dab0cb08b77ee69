"""Who may submit: the sender is a member who may act, its own key signed, and its daily quota is not used up.

Owns the rules of authorisation, shared by the node (before a transaction may wait for a block) and the runtime
(when it is executed, with the state of that moment), and the record `sender/<member>` with the day's count. Never
verifies a signature: that was done when the transaction was decoded. Source: docs/protocol.md, section 4;
docs/reference/contracts.md, "Who signed".
"""

from functools import lru_cache

from contracts.errors import Reason, Refusal
from contracts.genesis_state import PARAMETERS_KEY
from contracts.member import STATE_ACTIVE, Member, MemberKey, decode_member, member_record_key
from contracts.members.key_register import RegisteredKey, member_key_record_key
from contracts.record import Record
from contracts.state import StateReader
from contracts.voter_change import check_voter_change
from ledger.encoding import encode_checked
from ledger.errors import DecodingError
from ledger.genesis import member_id
from ledger.hashing import Hash
from ledger.transaction import Transaction

SENDER_COUNT_KIND = "sender"
DAY_MS = 86_400_000

SENDER_UNKNOWN = Reason("sender.unknown", "this ledger has no member {sender}; check the key and the network")
KEY_UNKNOWN = Reason(
    "sender.key-unknown", "the key {key} belongs to no member of this ledger, or not to this one; sign with another"
)
KEY_REVOKED = Reason("sender.key-revoked", "the key {key} was revoked; sign with another")
NOT_ACTIVE = Reason(
    "sender.not-active", "the account {member} is {state}; it signs nothing but an objection to its own recovery"
)
NOT_SIGNED = Reason("sender.not-signed", "the member {sender} has not signed itself; add its signature")
QUOTA_EXCEEDED = Reason(
    "sender.quota-exceeded", "the member {sender} has submitted {count} transactions today, allowed are {limit}"
)

SENDER_REASONS = (SENDER_UNKNOWN, NOT_ACTIVE, KEY_UNKNOWN, KEY_REVOKED, NOT_SIGNED, QUOTA_EXCEEDED)
# What an account that is suspended or closed may still submit: whoever suspends it must not be able to take it over.
OBJECTION = "members.recover-object"


class SenderCount:
    """How many transactions of one member were executed: ever (`version`), and on the UTC day `day` (`count`).

    A `LateRecord` of the state; `day` counts days since 1970-01-01 UTC.
    """

    __slots__ = ("count", "day", "version", "written")

    def __init__(self, version: int, day: int, count: int) -> None:
        self.version = version
        self.day = day
        self.count = count
        # Whether the block's state has it yet: before the first transaction there is no record to be read.
        self.written = False

    def add(self, day: int) -> None:
        """One more transaction on `day`."""
        self.version += 1
        self.count = self.on(day) + 1
        self.day = max(day, self.day)

    def on(self, day: int) -> int:
        """How many count towards the quota of `day`: a clock that lags behind the blocks starts no new day."""
        return self.count if self.day >= day else 0

    def encode(self) -> bytes:
        """The bytes of the record `sender/<member>`."""
        return encode_checked([self.version, {"count": self.count, "day": self.day}])

    @classmethod
    def decode(cls, data: bytes | None) -> "SenderCount":
        """The count in a record's bytes; nothing submitted yet where there is no record.

        Raises:
            DecodingError: not such a record.
        """
        return cls(0, 0, 0) if data is None else cls(*_sender_count(data))


# The members who submit within one block and the next: admission asks for the same record for each transaction.
@lru_cache(maxsize=4096)
def _sender_count(data: bytes) -> tuple[int, int, int]:
    version, fields = Record.decode(data)
    day, count = fields.get("day"), fields.get("count")
    if type(day) is not int or type(count) is not int or day < 0 or count < 0:
        raise DecodingError("the record of a sender lacks its day or count")
    return version, day, count


def sender_count_key(sender: Hash) -> bytes:
    """The key of the record with the sender's daily count."""
    return b"sender\0" + sender.hex().encode("ascii")


def check_sender(state: StateReader, transaction: Transaction, time_ms: int, pending_count: int) -> None:
    """Refuse a transaction that the ledger would refuse for its sender now; change nothing.

    Args:
        state: As of the newest executed block.
        transaction: Its signatures are verified.
        time_ms: Now, milliseconds since 1970 UTC.
        pending_count: Transactions of the same sender that wait for a block; they count towards the quota.

    Raises:
        Refusal: as `find_signers`, or `sender.quota-exceeded`; for a change of voters, whose block is a barrier even if
            it is refused, `governance.not-an-administrator`.

    Cost: three look-ups, about 5 µs without them.
    """
    find_signers(state, transaction)
    count = SenderCount.decode(state.get(sender_count_key(transaction.sender)))
    check_count(transaction.sender, count.on(time_ms // DAY_MS) + pending_count, quota_of(state.get(PARAMETERS_KEY)))
    check_voter_change(state, transaction)


def find_signers(state: StateReader, transaction: Transaction) -> tuple[Member, ...]:
    """The members whose keys signed, the sender first, each once.

    Raises:
        Refusal: `sender.unknown`, `sender.not-active`, `sender.key-unknown`, `sender.key-revoked` or
            `sender.not-signed`.

    Cost: a look-up for the sender; for each key of somebody else, another, or two where it is not their first key.
    """
    return signers_with(state, _find_member(state, transaction.sender), transaction)


def signers_with(state: StateReader, sender: Member | None, transaction: Transaction) -> tuple[Member, ...]:
    """As `find_signers`, for who has found the sender already."""
    if sender is None:
        raise Refusal(*SENDER_UNKNOWN, sender=transaction.sender.hex())
    if sender.state != STATE_ACTIVE and transaction.operation != OBJECTION:
        raise Refusal(*NOT_ACTIVE, member=sender.id.hex(), state=sender.state)
    if len(transaction.signatures) == 1 and transaction.signatures[0].registered_key in sender.keys:
        return (sender,)
    has_signed = False
    others: dict[Hash, Member] = {}
    for signature in transaction.signatures:
        # Not the scheme of the signature: a key signs for its member one by one and in batches.
        key = signature.registered_key
        if key in sender.keys:
            has_signed = True
            continue
        other = _find_signer(state, transaction.network_id, key)
        if other.state != STATE_ACTIVE:
            raise Refusal(*NOT_ACTIVE, member=other.id.hex(), state=other.state)
        others[other.id] = other
    if not has_signed:
        raise Refusal(*NOT_SIGNED, sender=transaction.sender.hex())
    return (sender, *others.values())


def check_count(sender: Hash, count: int, quota: int) -> None:
    """Refuse one more transaction of a sender that has `count` on this day already.

    Raises:
        Refusal: `sender.quota-exceeded`.
    """
    if count >= quota:
        raise Refusal(*QUOTA_EXCEEDED, sender=sender.hex(), count=count, limit=quota)


def _find_signer(state: StateReader, network_id: Hash, registered_key: MemberKey) -> Member:
    """The member whose key this is: by its id if it is their first one, else by the register of keys."""
    _scheme, key = registered_key
    found = _find_member(state, member_id(network_id, key))
    if found is not None and registered_key in found.keys:
        return found
    data = state.get(member_key_record_key(key))
    registered = None if data is None else RegisteredKey.decode(data)
    if registered is not None and registered.is_revoked:
        raise Refusal(*KEY_REVOKED, key=key.hex())
    found = None if registered is None else _find_member(state, registered.account)
    if found is None or registered_key not in found.keys:
        raise Refusal(*KEY_UNKNOWN, key=key.hex())
    return found


def _find_member(state: StateReader, member: Hash) -> Member | None:
    data = state.get(member_record_key(member))
    return decode_member(member, data) if data is not None else None


# 4: the parameters change a few times a year.
@lru_cache(maxsize=4)
def quota_of(parameters: bytes | None) -> int:
    """How many transactions a member may submit in a day, by the record of the network's parameters.

    Raises:
        DecodingError: the record does not say; the store is damaged.
    """
    quota = Record.decode(parameters).fields.get("transactions_per_sender_per_day_max") if parameters else None
    if type(quota) is not int:
        raise DecodingError("the record of the network's parameters lacks the daily quota")
    return quota
