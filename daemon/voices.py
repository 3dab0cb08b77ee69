"""When this node heard of each node last, by what that node signed: who of the voters is there. Pure.

Owns the newest moment for each signer, whichever neighbour brought what it signed; never decides anything. In an idle
network each voter is heard about once a second (`daemon.saying.ANSWERS_TO_ALL_EVERY`), without a leader as often as it
asks for pre-votes. Bound: `SIGNERS_MAX`, of which the one that was heard of least recently goes.
"""

from collections import OrderedDict
from collections.abc import Iterable

from ledger.hashing import Hash

# Twelve times the voters that a network may have; observers sign questions for reads.
SIGNERS_MAX = 256


class Voices:
    """Times are by the node's own clock."""

    def __init__(self) -> None:
        self._heard_ms: OrderedDict[Hash, int] = OrderedDict()

    def heard(self, signer: Hash, now_ms: int) -> None:
        """Something arrived that `signer` has signed, and that is about now."""
        self._heard_ms[signer] = now_ms
        self._heard_ms.move_to_end(signer)
        if len(self._heard_ms) > SIGNERS_MAX:
            self._heard_ms.popitem(last=False)

    def ages_ms(self, nodes: Iterable[Hash], own: Hash, now_ms: int) -> dict[Hash, int | None]:
        """How long ago each of `nodes` was heard; None: not since the start. `own` is there: it is the one asked."""
        return {
            node: 0 if node == own else None if (at_ms := self._heard_ms.get(node)) is None else now_ms - at_ms
            for node in nodes
        }
