"""What neighbours say to each other: one frozen class and one tag for each kind of frame.

Owns the byte form of every frame and the bounds on what one may hold; never judges what a payload, block or entry says
(its owner does), and knows no stream (`p2p.framing` does). A frame is a canonical array that begins with its tag, a
small integer; tag 1 is kept for the greeting of a connection. Source: docs/protocol.md, section 8;
docs/reference/gossip.md.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple, Self

from consensus.certificates import CERTIFICATE_SIZE_BYTES_MAX
from consensus.packets import PACKET_SIZE_BYTES_MAX
from ledger.block import HEADER_SIZE_BYTES_MAX
from ledger.encoding import Value, decode, encode
from ledger.hashing import Hash, tagged_hash
from ledger.signing import SIGNATURE_SIZE_BYTES
from ledger.submission import SUBMISSION_SIZE_BYTES_MAX
from ledger.transaction import ENVELOPE_SIZE_BYTES_MAX
from p2p.errors import FrameTooLargeError, InvalidFrameError
from p2p.fields import HASH, Flag, ListOf, Number, Octets, Row
from p2p.frame import FRAME_SIZE_BYTES_MAX, REQUEST_NUMBER, Frame
from p2p.snapshot_frames import (
    Headers,
    Part,
    Past,
    Snapshots,
    WantHeaders,
    WantPart,
    WantPast,
    WantSnapshots,
)

# Hops of the longest line of nodes that anybody would build; a message that went further says this number.
ROUND_MAX = 65_535
# 36 kB: a second of announcements in the busiest network, or what a new neighbour is told about the last half minute.
ANNOUNCEMENTS_MAX = 1024
# One answer a message: what a break in the tree costs is asked for in a few frames.
GRAFTS_MAX = 64
# 64 kB; a difference that is larger is settled in several comparisons.
PENDING_IDS_MAX = 2048
WANTED_TRANSACTIONS_MAX = 1024
WANTED_BLOCKS_MAX = 64
# The genesis allows 16,384 transactions in a block; its outcome leaf comes first.
BLOCK_ENTRIES_MAX = 16_384 + 1
# 512 bytes in every status; with 16, two nodes that differ in a few transactions compare a sixteenth of the ids each.
PENDING_BUCKETS = 16
# A signed note: three lines, and 22 signatures of a name of 63 characters or less and at most 102 more: 4 KiB.
CHECKPOINT_SIZE_BYTES_MAX = 8 * 1024
_CERTIFICATE = Octets(CERTIFICATE_SIZE_BYTES_MAX)


class PayloadKind(IntEnum):
    """What a gossiped payload is; its bytes are opaque here."""

    TRANSACTIONS = 1
    PROPOSAL = 2
    AGREEMENT = 3
    CERTIFICATE = 4
    EVIDENCE = 5
    TERM = 6
    CHECKPOINT = 7


PAYLOAD_SIZE_BYTES_MAX: dict[PayloadKind, int] = {
    # The largest submission alone in its batch.
    PayloadKind.TRANSACTIONS: SUBMISSION_SIZE_BYTES_MAX + 64,
    # Header, certificates, and 16,385 leaf hashes of 34 bytes: 570 kB.
    PayloadKind.PROPOSAL: 1024 * 1024,
    PayloadKind.AGREEMENT: PACKET_SIZE_BYTES_MAX,
    PayloadKind.CERTIFICATE: CERTIFICATE_SIZE_BYTES_MAX,
    # Two signed messages or headers, with what is needed to verify them.
    PayloadKind.EVIDENCE: 64 * 1024,
    # A certificate, and what makes it a message of its own each time.
    PayloadKind.TERM: CERTIFICATE_SIZE_BYTES_MAX + 256,
    PayloadKind.CHECKPOINT: CHECKPOINT_SIZE_BYTES_MAX,
}


class Announcement(NamedTuple):
    """A message that can be asked for, and the hops that its payload would have made."""

    id: Hash
    round: int


class CarriedBlock(NamedTuple):
    """A block as it is stored; parts that a block does not have, or that were not asked for, are empty.

    `election_certificate` belongs to a block that opens a term, `certificate` to one that is known to be committed.
    Entries begin with the outcome leaf: a block always has one, so none means that they were left out.
    """

    header: bytes
    signature: bytes
    election_certificate: bytes
    entries: tuple[bytes, ...]
    certificate: bytes


class IndexedEntry(NamedTuple):
    """An entry of a block and its place there; the outcome leaf is entry 0."""

    place: int
    entry: bytes


class PendingSummary(NamedTuple):
    """A set of transaction ids: how many, and the exclusive or of those that fall into each bucket."""

    id_count: int
    buckets: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Gossip(Frame):
    """A broadcast message in full, pushed along the tree; `round` counts the hops it made.

    The same kind and bytes are the same message. The kind is part of the id, or a message under a wrong kind would be
    refused and take the right one with it.
    """

    TAG: ClassVar[int] = 2
    NAME: ClassVar[str] = "gossip"
    SIZE_BYTES_MAX: ClassVar[int] = max(PAYLOAD_SIZE_BYTES_MAX.values()) + 64
    FIELDS: ClassVar = (
        Number(min(PayloadKind), max(PayloadKind)),
        Number(maximum=ROUND_MAX),
        Octets(max(PAYLOAD_SIZE_BYTES_MAX.values())),
    )

    kind: PayloadKind
    round: int
    payload: bytes
    id: Hash

    @classmethod
    def of(cls, kind: PayloadKind, payload: bytes, round: int = 0) -> "Gossip":
        """The frame with its id; one hash over the payload."""
        return cls(kind, round, payload, gossip_id(kind, payload))

    @classmethod
    def of_fields(cls, *values: Any) -> Self:
        """The frame of kind, round and payload."""
        kind, hops, payload = values
        if len(payload) > PAYLOAD_SIZE_BYTES_MAX[PayloadKind(kind)]:
            raise _unfit(cls, "payload")
        return cls(PayloadKind(kind), hops, payload, gossip_id(kind, payload))


@dataclass(frozen=True, slots=True)
class IHave(Frame):
    """Messages that the sender could push, and does not because somebody else will have."""

    TAG: ClassVar[int] = 3
    NAME: ClassVar[str] = "i-have"
    FIELDS: ClassVar = (ListOf(Row((HASH, Number(maximum=ROUND_MAX)), Announcement), ANNOUNCEMENTS_MAX, 1),)

    announcements: tuple[Announcement, ...]


@dataclass(frozen=True, slots=True)
class Graft(Frame):
    """Push to me from now on; and the messages with these ids, which may be none."""

    TAG: ClassVar[int] = 4
    NAME: ClassVar[str] = "graft"
    FIELDS: ClassVar = (ListOf(HASH, GRAFTS_MAX),)

    ids: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Prune(Frame):
    """Do not push to me, announce."""

    TAG: ClassVar[int] = 5
    NAME: ClassVar[str] = "prune"
    FIELDS: ClassVar = ()


@dataclass(frozen=True, slots=True)
class Status(Frame):
    """Where the sender's chain stands, and what waits there; heights and terms are 0 before the first block."""

    TAG: ClassVar[int] = 6
    NAME: ClassVar[str] = "status"
    FIELDS: ClassVar = (
        Number(),
        HASH,
        Number(),
        Number(),
        HASH,
        Number(),
        Row((Number(), ListOf(HASH, PENDING_BUCKETS, PENDING_BUCKETS)), PendingSummary),
    )

    committed_height: int
    committed_hash: Hash
    tip_term: int
    tip_height: int
    tip_hash: Hash
    term: int
    pending: PendingSummary


@dataclass(frozen=True, slots=True)
class PendingIds(Frame):
    """Transactions that wait at the sender, where the receiver's summary differs."""

    TAG: ClassVar[int] = 7
    NAME: ClassVar[str] = "pending-ids"
    FIELDS: ClassVar = (ListOf(HASH, PENDING_IDS_MAX, 1),)

    ids: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class WantTransactions(Frame):
    """Send me these waiting transactions; the answer repeats the number of the `request`."""

    TAG: ClassVar[int] = 8
    NAME: ClassVar[str] = "want-transactions"
    FIELDS: ClassVar = (REQUEST_NUMBER, ListOf(HASH, WANTED_TRANSACTIONS_MAX, 1))

    request: int
    ids: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Transactions(Frame):
    """Submissions that were asked for: those that the sender still has, as many as fit."""

    TAG: ClassVar[int] = 9
    NAME: ClassVar[str] = "transactions"
    SIZE_BYTES_MAX: ClassVar[int] = FRAME_SIZE_BYTES_MAX
    FIELDS: ClassVar = (REQUEST_NUMBER, ListOf(Octets(SUBMISSION_SIZE_BYTES_MAX, 1), WANTED_TRANSACTIONS_MAX))

    request: int
    submissions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class WantBlocks(Frame):
    """Send me up to `count` blocks of your chain from `first_height`; `with_entries` or without."""

    TAG: ClassVar[int] = 10
    NAME: ClassVar[str] = "want-blocks"
    FIELDS: ClassVar = (REQUEST_NUMBER, Number(1), Number(1, WANTED_BLOCKS_MAX), Flag())

    request: int
    first_height: int
    count: int
    with_entries: bool


@dataclass(frozen=True, slots=True)
class Blocks(Frame):
    """The sender's blocks from the height that was asked for, without gaps; fewer than asked for where it has no more
    or a frame holds no more."""

    TAG: ClassVar[int] = 11
    NAME: ClassVar[str] = "blocks"
    SIZE_BYTES_MAX: ClassVar[int] = FRAME_SIZE_BYTES_MAX
    FIELDS: ClassVar = (
        REQUEST_NUMBER,
        ListOf(
            Row(
                (
                    Octets(HEADER_SIZE_BYTES_MAX, 1),
                    Octets(SIGNATURE_SIZE_BYTES, SIGNATURE_SIZE_BYTES),
                    _CERTIFICATE,
                    ListOf(Octets(ENVELOPE_SIZE_BYTES_MAX, 1), BLOCK_ENTRIES_MAX),
                    _CERTIFICATE,
                ),
                CarriedBlock,
            ),
            WANTED_BLOCKS_MAX,
        ),
    )

    request: int
    blocks: tuple[CarriedBlock, ...]


@dataclass(frozen=True, slots=True)
class WantEntries(Frame):
    """Send me these entries of the block with this hash."""

    TAG: ClassVar[int] = 12
    NAME: ClassVar[str] = "want-entries"
    FIELDS: ClassVar = (
        REQUEST_NUMBER,
        HASH,
        ListOf(Number(maximum=BLOCK_ENTRIES_MAX - 1), BLOCK_ENTRIES_MAX, 1, ascending=True),
    )

    request: int
    block_hash: Hash
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entries(Frame):
    """Entries that were asked for: those that the sender has, as many as fit."""

    TAG: ClassVar[int] = 13
    NAME: ClassVar[str] = "entries"
    SIZE_BYTES_MAX: ClassVar[int] = FRAME_SIZE_BYTES_MAX
    FIELDS: ClassVar = (
        REQUEST_NUMBER,
        ListOf(
            Row((Number(maximum=BLOCK_ENTRIES_MAX - 1), Octets(ENVELOPE_SIZE_BYTES_MAX, 1)), IndexedEntry),
            BLOCK_ENTRIES_MAX,
            ascending=True,
        ),
    )

    request: int
    entries: tuple[IndexedEntry, ...]


@dataclass(frozen=True, slots=True)
class TermCertificate(Frame):
    """Why the sender is in its term, for a neighbour whose status says a lower one."""

    TAG: ClassVar[int] = 14
    NAME: ClassVar[str] = "term-certificate"
    FIELDS: ClassVar = (Octets(CERTIFICATE_SIZE_BYTES_MAX + 64, 1),)

    certificate: bytes


@dataclass(frozen=True, slots=True)
class CheckpointNote(Frame):
    """The newest checkpoint that the sender knows signatures of, for a neighbour that may have missed some."""

    TAG: ClassVar[int] = 15
    NAME: ClassVar[str] = "checkpoint"
    FIELDS: ClassVar = (Octets(CHECKPOINT_SIZE_BYTES_MAX, 1),)

    note: bytes


KINDS: dict[int, type[Frame]] = {
    kind.TAG: kind
    for kind in (
        Gossip,
        IHave,
        Graft,
        Prune,
        Status,
        PendingIds,
        WantTransactions,
        Transactions,
        WantBlocks,
        Blocks,
        WantEntries,
        Entries,
        TermCertificate,
        CheckpointNote,
        WantSnapshots,
        Snapshots,
        WantPart,
        Part,
        WantHeaders,
        Headers,
        WantPast,
        Past,
    )
}


def gossip_id(kind: int, payload: bytes) -> Hash:
    """What names a broadcast message: H("gossip", kind in one byte, payload)."""
    return tagged_hash("gossip", bytes((kind,)), payload)


def encode_frame(frame: Frame) -> bytes:
    """The canonical bytes.

    Raises:
        FrameTooLargeError: more than a frame of its kind may hold; our own mistake.
    """
    fields: list[Value] = [frame.TAG]
    fields += [kind.plain(getattr(frame, name)) for name, kind in zip(frame.field_names(), frame.FIELDS, strict=True)]
    data = encode(fields)
    if len(data) > frame.SIZE_BYTES_MAX:
        raise FrameTooLargeError(
            "a frame `{frame}` of {size} bytes is larger than {limit}",
            frame=frame.NAME,
            size=len(data),
            limit=frame.SIZE_BYTES_MAX,
        )
    return data


def kind_of(beginning: bytes) -> type[Frame]:
    """The kind of the frame that begins with these two bytes.

    Raises:
        InvalidFrameError: no frame begins like that.
    """
    kind = KINDS.get(beginning[1])
    # All frames are arrays of fewer than 16 items with a tag below 128, each of which is one byte.
    if kind is None or beginning[0] != 0x90 + 1 + len(kind.FIELDS):
        raise InvalidFrameError("no frame begins with the bytes {beginning}", beginning=beginning[:2].hex())
    return kind


def decode_frame(data: bytes) -> Frame:
    """The frame of which `data` are the canonical bytes.

    Raises:
        DecodingError: not canonical bytes.
        InvalidFrameError: canonical, but no frame; the message names the field.
    """
    if len(data) < 2:
        raise InvalidFrameError("a frame has at least two bytes")
    kind = kind_of(data)
    values = decode(data, kind.SIZE_BYTES_MAX)
    assert isinstance(values, list), "its first byte says so"
    fields = values[1:]
    for name, field, value in zip(kind.field_names(), kind.FIELDS, fields, strict=True):
        if not field.fits(value):
            raise _unfit(kind, name)
    return kind.of_fields(*(field.made(value) for field, value in zip(kind.FIELDS, fields, strict=True)))


def _unfit(kind: type[Frame], field: str) -> InvalidFrameError:
    return InvalidFrameError(
        "the field `{field}` of the frame `{frame}` has a wrong type, size, count or order",
        field=field,
        frame=kind.NAME,
    )
