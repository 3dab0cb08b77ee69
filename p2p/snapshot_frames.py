"""What neighbours say to each other about snapshots and about what lies below one: eight kinds of frames.

Owns their byte forms and bounds; never judges what they carry (`daemon.state_sync` does). Each question has one kind of
answer, which repeats its number. Source: docs/protocol.md, section 10; docs/reference/gossip.md.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from consensus.certificates import CERTIFICATE_SIZE_BYTES_MAX
from consensus.voters import VOTER_SET_SIZE_BYTES_MAX
from ledger.block import HEADER_SIZE_BYTES_MAX
from ledger.hashing import Hash
from ledger.signing import SIGNATURE_SIZE_BYTES
from ledger.transaction import ENVELOPE_SIZE_BYTES_MAX
from p2p.fields import HASH, ListOf, Number, Octets, Row
from p2p.frame import FRAME_SIZE_BYTES_MAX, REQUEST_NUMBER, Frame

# A node keeps two, and may be making a third.
SNAPSHOTS_MAX = 4
# The size of a chunk (storage.snapshot_chunks), which is a part like the manifest.
PART_SIZE_BYTES_MAX = 1024 * 1024
# The manifest is part 0; a snapshot has at most so many chunks.
PART_NUMBER_MAX = 16_384
# Half a megabyte with the certificates of five voters.
WANTED_HEADERS_MAX = 512
# Changes of voters within one answer; the rest comes with the next one.
CARRIED_SETS_MAX = 32
WANTED_PAST_MAX = 256
# A frame of 65,536 values holds as many rows; the largest block comes in two answers.
PAST_ROWS_MAX = 12_288
# Effects of timers before the rows of a block, and its entries: more than any block has.
PAST_PLACE_MAX = 65_535
# A result leaf has the size of an entry, a little rounded.
_LEAF_SIZE_BYTES_MAX = 64 * 1024
_CERTIFICATE = Octets(CERTIFICATE_SIZE_BYTES_MAX)


class Offer(NamedTuple):
    """A snapshot that can be asked for: of which height, and the hash of its manifest."""

    height: int
    manifest_hash: Hash


class CarriedHeader(NamedTuple):
    """A block without its entries; `election_certificate` is empty unless it opens a term."""

    header: bytes
    signature: bytes
    election_certificate: bytes
    certificate: bytes


class PastRow(NamedTuple):
    """An entry and its result; an outcome leaf has none. Where the entry is empty, `result` is a timer's effect."""

    entry: bytes
    result: bytes


class PastBlock(NamedTuple):
    """Rows of one block in order, from `place` on: the effects of its timers, then its entries with their results."""

    height: int
    place: int
    rows: tuple[PastRow, ...]


@dataclass(frozen=True, slots=True)
class WantSnapshots(Frame):
    """Which snapshots have you?"""

    TAG: ClassVar[int] = 16
    NAME: ClassVar[str] = "want-snapshots"
    FIELDS: ClassVar = (REQUEST_NUMBER,)

    request: int


@dataclass(frozen=True, slots=True)
class Snapshots(Frame):
    """The snapshots that the sender has, the newest first; perhaps none."""

    TAG: ClassVar[int] = 17
    NAME: ClassVar[str] = "snapshots"
    FIELDS: ClassVar = (REQUEST_NUMBER, ListOf(Row((Number(1), HASH), Offer), SNAPSHOTS_MAX))

    request: int
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class WantPart(Frame):
    """Send me a part of the snapshot with this manifest: 0 is the manifest, n its n-th chunk."""

    TAG: ClassVar[int] = 18
    NAME: ClassVar[str] = "want-part"
    FIELDS: ClassVar = (REQUEST_NUMBER, HASH, Number(maximum=PART_NUMBER_MAX))

    request: int
    manifest_hash: Hash
    number: int


@dataclass(frozen=True, slots=True)
class Part(Frame):
    """The part that was asked for; empty where the sender has it no more."""

    TAG: ClassVar[int] = 19
    NAME: ClassVar[str] = "part"
    SIZE_BYTES_MAX: ClassVar[int] = PART_SIZE_BYTES_MAX + 64
    FIELDS: ClassVar = (REQUEST_NUMBER, Octets(PART_SIZE_BYTES_MAX))

    request: int
    data: bytes


@dataclass(frozen=True, slots=True)
class WantHeaders(Frame):
    """Send me up to `count` headers of executed blocks from `first_height` on, with their certificates."""

    TAG: ClassVar[int] = 20
    NAME: ClassVar[str] = "want-headers"
    FIELDS: ClassVar = (REQUEST_NUMBER, Number(1), Number(1, WANTED_HEADERS_MAX))

    request: int
    first_height: int
    count: int


@dataclass(frozen=True, slots=True)
class Headers(Frame):
    """The headers that were asked for, without gaps, as many as fit; and the sets of voters that changes among them
    lead to, as the canonical bytes that their hashes are of."""

    TAG: ClassVar[int] = 21
    NAME: ClassVar[str] = "headers"
    SIZE_BYTES_MAX: ClassVar[int] = FRAME_SIZE_BYTES_MAX
    FIELDS: ClassVar = (
        REQUEST_NUMBER,
        ListOf(
            Row(
                (
                    Octets(HEADER_SIZE_BYTES_MAX, 1),
                    Octets(SIGNATURE_SIZE_BYTES, SIGNATURE_SIZE_BYTES),
                    _CERTIFICATE,
                    Octets(CERTIFICATE_SIZE_BYTES_MAX, 1),
                ),
                CarriedHeader,
            ),
            WANTED_HEADERS_MAX,
        ),
        ListOf(Octets(VOTER_SET_SIZE_BYTES_MAX, 1), CARRIED_SETS_MAX),
    )

    request: int
    headers: tuple[CarriedHeader, ...]
    voter_sets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class WantPast(Frame):
    """Send me up to `count` executed blocks with their results, from `height` downwards, of the first of them only the
    rows from `place` on."""

    TAG: ClassVar[int] = 22
    NAME: ClassVar[str] = "want-past"
    FIELDS: ClassVar = (REQUEST_NUMBER, Number(1), Number(1, WANTED_PAST_MAX), Number(maximum=PAST_PLACE_MAX))

    request: int
    height: int
    count: int
    place: int


@dataclass(frozen=True, slots=True)
class Past(Frame):
    """The blocks that were asked for, downwards without gaps, as many as fit; only the last one may end early. None
    where the sender does not keep the first."""

    TAG: ClassVar[int] = 23
    NAME: ClassVar[str] = "past"
    SIZE_BYTES_MAX: ClassVar[int] = FRAME_SIZE_BYTES_MAX
    FIELDS: ClassVar = (
        REQUEST_NUMBER,
        ListOf(
            Row(
                (
                    Number(1),
                    Number(maximum=PAST_PLACE_MAX),
                    ListOf(
                        Row((Octets(ENVELOPE_SIZE_BYTES_MAX), Octets(_LEAF_SIZE_BYTES_MAX)), PastRow), PAST_ROWS_MAX, 1
                    ),
                ),
                PastBlock,
            ),
            WANTED_PAST_MAX,
        ),
    )

    request: int
    blocks: tuple[PastBlock, ...]
