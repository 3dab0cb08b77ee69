"""The rows of `links`: each subject's chain in the order of its sequence numbers. Pure.

Owns key and value of a row. A row holds neighbouring links of one subject that one block brought; its key is 20 bytes
of the subject's hash (subjects have no length limit, keys of LMDB have) and the first sequence number.
Source: docs/reference/storage.md.

A row: for each link the log index (8 bytes) and the link (32 bytes).
"""

from collections.abc import Iterator, Sequence
from struct import Struct

from contracts.changes import SubjectLink
from ledger.hashing import tagged_hash
from storage.layout import MalformedRecordError

# 2 kB a row: it still lies inside a page of LMDB instead of on one of its own.
ROW_LINK_COUNT_MAX = 48
SUBJECT_KEY_SIZE_BYTES = 20
_LINK = Struct(">Q32s")
_SEQUENCE_SIZE_BYTES = 8


def subject_key(subject: str) -> bytes:
    """What the keys of a subject's rows begin with, 20 bytes."""
    return tagged_hash("store-subject", subject.encode())[:SUBJECT_KEY_SIZE_BYTES]


def row_key(subject: bytes, sequence: int) -> bytes:
    """The key of the row whose first link has this sequence number."""
    return subject + sequence.to_bytes(_SEQUENCE_SIZE_BYTES)


def row_sequence(key: bytes) -> int:
    """The first sequence number of a row.

    Raises:
        MalformedRecordError: not a key of `links`.
    """
    if len(key) != SUBJECT_KEY_SIZE_BYTES + _SEQUENCE_SIZE_BYTES:
        raise MalformedRecordError("a key of links has 28 bytes")
    return int.from_bytes(key[SUBJECT_KEY_SIZE_BYTES:])


def link_rows(links: Sequence[SubjectLink]) -> list[tuple[bytes, bytes]]:
    """Rows for the links of one block, by ascending key.

    Args:
        links: In any order between subjects, ascending without gaps within one.
    """
    chains: dict[str, list[SubjectLink]] = {}
    for link in links:
        chains.setdefault(link.subject, []).append(link)
    rows = []
    for subject, chain in chains.items():
        key = subject_key(subject)
        for start in range(0, len(chain), ROW_LINK_COUNT_MAX):
            part = chain[start : start + ROW_LINK_COUNT_MAX]
            row = b"".join(_LINK.pack(one.leaf_index, one.link) for one in part)
            rows.append((row_key(key, part[0].sequence), row))
    rows.sort()
    return rows


def unpack_row(subject: str, first_sequence: int, row: bytes) -> Iterator[SubjectLink]:
    """The links of a row.

    Raises:
        MalformedRecordError: not a row of `links`.
    """
    if not row or len(row) % _LINK.size:
        raise MalformedRecordError("a row of links has another size")
    for offset, (leaf_index, link) in enumerate(_LINK.iter_unpack(row)):
        yield SubjectLink(subject, first_sequence + offset, leaf_index, link)
