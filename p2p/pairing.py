"""Which of two connections with the same peer stays. Pure.

Both nodes may dial at the same time, and either may have restarted or lost a connection that the other still holds.
Both ends have to come to the same answer from what each of them knows: of two dials of the same two processes, the one
of the node with the smaller id stays.
"""

from enum import Enum
from typing import NamedTuple

from ledger.hashing import Hash


class Choice(Enum):
    """What to do with a connection that a peer opened."""

    ACCEPT = "accept"
    REPLACE = "replace"
    REFUSE = "refuse"


class Present(NamedTuple):
    """The connection that there is with the peer already; `run` of the peer's process."""

    dialled: bool
    run: bytes


def choose(own: Hash, peer: Hash, run: bytes, present: Present | None, is_greeting: bool) -> Choice:
    """What to do with a connection that `peer` opened and said hello on.

    Args:
        own: This node.
        peer: The node that dialled.
        run: Of the peer's process, from its hello.
        present: The connection that there is.
        is_greeting: Whether a dial of this node has said hello to the peer and waits for its answer.
    """
    is_ours_first = own < peer
    if present is None:
        return Choice.REFUSE if is_greeting and is_ours_first else Choice.ACCEPT
    if present.run != run or not present.dialled:
        # The process that we were connected with is gone; or it dialled again, so it has lost what we still hold.
        return Choice.REPLACE
    return Choice.REFUSE if is_ours_first else Choice.REPLACE
