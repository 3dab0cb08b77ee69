"""What the id index consists of at one moment: its runs, merges under way, and runs that are to be cleared away. Pure.

Owns the `ids` record in `meta`. Never looks into a run. Source: docs/reference/storage.md;
docs/adr/0006-sorted-run-id-index.md.
"""

from typing import NamedTuple

from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError
from storage.layout import MalformedRecordError, seal, unseal

PREFIX_BITS = 64
# 2**24 segments of 8,192 ids: far above any ledger; a larger number can only be damage.
_SEGMENT_BITS_MAX = 24


class Run(NamedTuple):
    """A sorted run: `id_count` ids in 2**`segment_bits` segments by the leading bits of the id.

    Runs are numbered in the order of their making; no number is used twice.
    """

    number: int
    level: int
    segment_bits: int
    id_count: int
    oldest_expiry_ms: int
    newest_expiry_ms: int

    @property
    def segment_count(self) -> int:
        """How many segments the run has, empty ones included."""
        return 1 << self.segment_bits

    def segment_of(self, prefix: int) -> int:
        """The segment that an id with this prefix is in."""
        return prefix >> (PREFIX_BITS - self.segment_bits)


class Merge(NamedTuple):
    """A merge under way: the segments of `output` below `next_segment` are written."""

    output: Run
    inputs: tuple[int, ...]
    next_segment: int


class Garbage(NamedTuple):
    """A run that was merged into another: its segments below `next_segment` are cleared away."""

    number: int
    segment_count: int
    next_segment: int


class Manifest(NamedTuple):
    """The id index at one moment. Every id that is not in the journal is in exactly one of `runs`.

    The largest run comes first: an id that nobody knows more about is most likely there.
    """

    next_number: int = 0
    runs: tuple[Run, ...] = ()
    merges: tuple[Merge, ...] = ()
    garbage: tuple[Garbage, ...] = ()

    def pack(self) -> bytes:
        """The `ids` record."""
        merges: list[Value] = [[list(one.output), list(one.inputs), one.next_segment] for one in self.merges]
        runs: list[Value] = [list(one) for one in self.runs]
        garbage: list[Value] = [list(one) for one in self.garbage]
        return seal(encode([self.next_number, runs, merges, garbage]))

    @classmethod
    def unpack(cls, record: bytes) -> "Manifest":
        """The manifest in an `ids` record.

        Raises:
            MalformedRecordError: not an `ids` record.
        """
        try:
            next_number, runs, merges, garbage = _items(decode(unseal(record)), 4)
            return cls(
                _number(next_number),
                tuple(_run(one) for one in _items(runs)),
                tuple(_merge(one) for one in _items(merges)),
                tuple(Garbage(*_numbers(one, 3)) for one in _items(garbage)),
            )
        except DecodingError as error:
            raise MalformedRecordError("the record of the id index cannot be read") from error


def _run(value: Value) -> Run:
    run = Run(*_numbers(value, 6))
    if run.segment_bits > _SEGMENT_BITS_MAX:
        raise MalformedRecordError("a run of ids has too many segments")
    return run


def _merge(value: Value) -> Merge:
    output, inputs, next_segment = _items(value, 3)
    return Merge(_run(output), tuple(_numbers(inputs)), _number(next_segment))


def _items(value: Value, count: int | None = None) -> list[Value]:
    if not isinstance(value, list) or (count is not None and len(value) != count):
        raise MalformedRecordError("the record of the id index has another form")
    return value


def _number(value: Value) -> int:
    if type(value) is not int or value < 0:
        raise MalformedRecordError("the record of the id index has another form")
    return value


def _numbers(value: Value, count: int | None = None) -> list[int]:
    return [_number(one) for one in _items(value, count)]
