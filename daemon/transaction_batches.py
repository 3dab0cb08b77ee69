"""Transactions on their way to the neighbours: many in one gossip message. Pure.

Owns the bytes of such a message, a canonical array of submissions, and its size. Source: docs/protocol.md, section 8.
"""

from collections.abc import Iterable, Iterator

from daemon.events import Submission
from ledger.encoding import Value, encode
from ledger.submission import encode_submission

# Well below a frame; a single submission may be larger and goes alone.
BATCH_SIZE_BYTES_MAX = 512 * 1024


def batches(submissions: Iterable[Submission]) -> Iterator[bytes]:
    """The submissions as payloads of gossip, in order."""
    batch: list[Value] = []
    size = 0
    for one in submissions:
        data = encode_submission(one.transaction.envelope, one.detached)
        if batch and size + len(data) > BATCH_SIZE_BYTES_MAX:
            yield encode(batch)
            batch, size = [], 0
        batch.append(data)
        size += len(data)
    if batch:
        yield encode(batch)
