"""What the two ends of a connection say to each other about the connection itself.

Owns the byte form of hello, goodbye, alive and sight, and what a hello must say to be answered; never sends anything.
They travel in a channel of their own (`p2p.chunks`), one in a chunk, so their tags are not those of frames.
Source: docs/protocol.md, section 8; docs/reference/transport.md.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple, Self

from ledger.encoding import decode
from ledger.hashing import Hash
from p2p.close_reasons import REASON_MAX, CloseReason
from p2p.errors import InvalidFrameError
from p2p.fields import HASH, ListOf, Number, Octets
from p2p.frame import Frame

# The versions of the protocol that this program speaks; ascending.
PROTOCOL_VERSIONS = (1,)
VERSION_MAX = 65_535
VERSIONS_MAX = 16
RUN_SIZE_BYTES = 16
# As long as anybody's numbering of releases.
SOFTWARE_SIZE_BYTES_MAX = 64
# A host's name and a port: 253 and 6, and brackets.
SEEN_ADDRESS_SIZE_BYTES_MAX = 264
MESSAGE_SIZE_BYTES_MAX = 1024


class Head(NamedTuple):
    """The newest committed block; height 0 and zeros before the first."""

    height: int
    hash: Hash


@dataclass(frozen=True, slots=True)
class Hello(Frame):
    """The first message in each direction: who speaks, in which network, from where on.

    `run` is drawn when a process starts: another one means that whatever connection there was is dead.
    """

    TAG: ClassVar[int] = 1
    NAME: ClassVar[str] = "hello"
    SIZE_BYTES_MAX: ClassVar[int] = MESSAGE_SIZE_BYTES_MAX
    FIELDS: ClassVar = (
        ListOf(Number(1, VERSION_MAX), VERSIONS_MAX, 1, ascending=True),
        HASH,
        HASH,
        Octets(RUN_SIZE_BYTES, RUN_SIZE_BYTES),
        Number(),
        HASH,
    )

    versions: tuple[int, ...]
    network: Hash
    node: Hash
    run: bytes
    head_height: int
    head_hash: Hash

    @property
    def head(self) -> Head:
        """The speaker's newest committed block."""
        return Head(self.head_height, self.head_hash)


@dataclass(frozen=True, slots=True)
class Goodbye(Frame):
    """The last message: nothing comes after it, and nothing is read any more."""

    TAG: ClassVar[int] = 2
    NAME: ClassVar[str] = "goodbye"
    SIZE_BYTES_MAX: ClassVar[int] = MESSAGE_SIZE_BYTES_MAX
    FIELDS: ClassVar = (Number(maximum=REASON_MAX),)

    number: int

    @property
    def reason(self) -> CloseReason:
        """Why the peer leaves."""
        return CloseReason.of_number(self.number)


@dataclass(frozen=True, slots=True)
class Alive(Frame):
    """Nothing else was sent for a while, and the sender is there."""

    TAG: ClassVar[int] = 3
    NAME: ClassVar[str] = "alive"
    SIZE_BYTES_MAX: ClassVar[int] = MESSAGE_SIZE_BYTES_MAX
    FIELDS: ClassVar = ()


class Reach(IntEnum):
    """Whether somebody got an answer at a node's registered address: nobody tried, it did, it did not."""

    UNKNOWN = 0
    REACHED = 1
    NOT_REACHED = 2

    @property
    def text(self) -> str:
        """The name in `peers`."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Sight(Frame):
    """What the sender's operator would tell the receiver's: nothing depends on it, and nobody checks it.

    The sender's clock when it was queued; its software; the address at which it sees the receiver; and whether it got
    an answer at the receiver's registered address, so many seconds ago.
    """

    TAG: ClassVar[int] = 4
    NAME: ClassVar[str] = "sight"
    SIZE_BYTES_MAX: ClassVar[int] = MESSAGE_SIZE_BYTES_MAX
    FIELDS: ClassVar = (
        Number(),
        Octets(SOFTWARE_SIZE_BYTES_MAX),
        Octets(SEEN_ADDRESS_SIZE_BYTES_MAX),
        Number(maximum=max(Reach)),
        Number(),
    )

    clock_ms: int
    software: bytes
    address: bytes
    reach: Reach
    reach_age_s: int

    @classmethod
    def of_fields(cls, *values: Any) -> Self:
        """The message of these fields, which are checked already."""
        clock_ms, software, address, reach, age_s = values
        return cls(clock_ms, software, address, Reach(reach), age_s)


MESSAGES: dict[int, type[Frame]] = {kind.TAG: kind for kind in (Hello, Goodbye, Alive, Sight)}


def decode_message(data: bytes) -> Frame:
    """The message of which `data` are the canonical bytes.

    Raises:
        DecodingError: not canonical bytes.
        InvalidFrameError: canonical, but no message of the transport.
    """
    values = decode(data, MESSAGE_SIZE_BYTES_MAX)
    kind = MESSAGES.get(values[0]) if isinstance(values, list) and values and type(values[0]) is int else None
    if kind is None or not isinstance(values, list) or len(values) != 1 + len(kind.FIELDS):
        raise InvalidFrameError("no message of the transport looks like that")
    fields = values[1:]
    if not all(field.fits(value) for field, value in zip(kind.FIELDS, fields, strict=True)):
        raise InvalidFrameError("a field of the message `{message}` is not what it should be", message=kind.NAME)
    return kind.of_fields(*(field.made(value) for field, value in zip(kind.FIELDS, fields, strict=True)))


class Identity(NamedTuple):
    """What this node says of itself in every hello; `run` is drawn once for each process, `software` is for sights."""

    network: Hash
    node: Hash
    run: bytes
    versions: tuple[int, ...] = PROTOCOL_VERSIONS
    software: str = ""

    def hello(self, head: Head) -> Hello:
        """The hello of this node at `head`."""
        return Hello(self.versions, self.network, self.node, self.run, head.height, head.hash)


def refusal_of(hello: Hello, own: Identity, certified: Hash) -> CloseReason | None:
    """Why not to talk to whoever said `hello`; None if nothing speaks against it.

    Args:
        hello: What the peer says of itself.
        own: This node.
        certified: The node to which the key of the connection belongs.
    """
    if not set(hello.versions) & set(own.versions):
        return CloseReason.WRONG_VERSION
    if hello.network != own.network:
        return CloseReason.WRONG_NETWORK
    if own.node in (hello.node, certified):
        return CloseReason.ITSELF
    return CloseReason.WRONG_NODE if hello.node != certified else None


def common_version(hello: Hello, own: Identity) -> int:
    """The version that both speak from now on; there is one (`refusal_of`)."""
    return max(set(hello.versions) & set(own.versions))
