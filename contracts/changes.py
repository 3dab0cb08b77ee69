"""What an execution leaves behind for a store: changed records and new links. Shapes only.

Owns the two shapes that `contracts` produces and `storage` keeps; knows nothing of how they are kept.
Source: docs/reference/contracts.md.
"""

from typing import NamedTuple

from ledger.hashing import Hash


class StateChange(NamedTuple):
    """One record's bytes before and after an execution; None where there is none."""

    key: bytes
    old: bytes | None
    new: bytes | None


class SubjectLink(NamedTuple):
    """One link of a subject's chain; `sequence` starts at 1 and has no gaps."""

    subject: str
    sequence: int
    leaf_index: int
    link: Hash
