"""What all kinds of frames have in common: a tag, a name, a bound, and fields in their order on the wire.

Owns the bounds on frames; never knows a kind (`p2p.frames` lists them). Source: docs/reference/gossip.md.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from p2p.fields import FieldKind, Number

# docs/protocol.md, section 8: the largest block (3 MiB of envelopes, 16,384 of them) fits with all that belongs to it.
FRAME_SIZE_BYTES_MAX = 4 * 1024 * 1024
# What a frame of some ids or numbers needs at most; read before the frame, so that a small kind never fills a buffer.
SMALL_FRAME_SIZE_BYTES_MAX = 128 * 1024
# What repeats itself in an answer, so that it is told from others.
REQUEST_NUMBER = Number(maximum=2**32 - 1)


@dataclass(frozen=True, slots=True)
class Frame:
    """One kind of frame; `FIELDS` are its first fields, in their order on the wire after the tag."""

    TAG: ClassVar[int]
    NAME: ClassVar[str]
    SIZE_BYTES_MAX: ClassVar[int] = SMALL_FRAME_SIZE_BYTES_MAX
    FIELDS: ClassVar[tuple[FieldKind, ...]]

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The names of the fields on the wire."""
        return cls.__match_args__[: len(cls.FIELDS)]

    @classmethod
    def of_fields(cls, *values: Any) -> Self:
        """The frame with these fields, which are checked already."""
        return cls(*values)
