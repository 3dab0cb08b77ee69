"""The rows of `links`: each subject's chain in the order of its sequence numbers. Pure.

Owns key and value of a row. A row holds neighbouring links of one subject; its key is 20 bytes of the subject's hash
(subjects have no length limit, keys of LMDB have) and the first sequence number. How links come here is for
`storage.link_journal` to say.
Source: docs/reference/storage.md.

A row: for each link the log index (8 bytes) and the link (32 bytes).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from struct import Struct
from typing import NamedTuple

from contracts.changes import SubjectLink
from ledger.hashing import tagged_hash
from storage.layout import MalformedRecordError

# Makes a named tuple of its items at a quarter of what its own constructor takes, which is written in Python.
made = tuple.__new__

# 2 kB a row: it still lies inside a page of LMDB instead of on one of its own.
ROW_LINK_COUNT_MAX = 48
SUBJECT_KEY_SIZE_BYTES = 20
_LINK = Struct(">Q32s")
LINK_SIZE_BYTES = _LINK.size
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


class KeyedLink(NamedTuple):
    """A link under its subject's key (20 bytes); `content` is what a row has of it (40 bytes)."""

    key: bytes
    sequence: int
    content: bytes


def keyed(links: Collection[SubjectLink]) -> list[KeyedLink]:
    """The same links, in the same order."""
    keys = {subject: subject_key(subject) for subject in {link.subject for link in links}}
    return [
        made(KeyedLink, (keys[subject], sequence, _LINK.pack(leaf_index, link)))
        for subject, sequence, leaf_index, link in links
    ]


def chain_rows(links: Iterable[tuple[bytes, int, bytes]]) -> list[tuple[bytes, bytes]]:
    """Rows by ascending key, of what `KeyedLink` has; neighbours share rows.

    Args:
        links: In any order between subjects, ascending within one; there may be gaps.
    """
    chains: dict[bytes, list[tuple[int, bytes]]] = defaultdict(list)
    for key, sequence, content in links:
        chains[key].append((sequence, content))
    rows: list[tuple[bytes, bytes]] = []
    for key, chain in chains.items():
        start = 0
        while start < len(chain):
            first = chain[start][0]
            end = min(len(chain), start + ROW_LINK_COUNT_MAX)
            # Nearly always there is no gap.
            while chain[end - 1][0] - first != end - 1 - start:
                end -= 1
            rows.append((row_key(key, first), b"".join([content for _, content in chain[start:end]])))
            start = end
    rows.sort()
    return rows


def unpack_row(subject: str, first_sequence: int, row: bytes) -> Iterator[SubjectLink]:
    """The links of a row.

    Raises:
        MalformedRecordError: not a row of `links`.
    """
    if not row or len(row) % LINK_SIZE_BYTES:
        raise MalformedRecordError("a row of links has another size")
    for offset, (leaf_index, link) in enumerate(_LINK.iter_unpack(row)):
        yield SubjectLink(subject, first_sequence + offset, leaf_index, link)
