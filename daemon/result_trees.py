"""The trees of results under outcome leaves, kept for a while: whoever fetches one receipt of a block fetches more.

Owns at most `TREES_MAX` trees, the ones asked for last; several threads may ask. Never holds a tree that could change:
an outcome leaf of an executed block states its results for good. Source: docs/protocol.md, section 4.
"""

from functools import lru_cache, partial

from daemon.lookup import decoded_header
from daemon.recovery import load_result_leaves
from ledger.tree import SmallTree, leaf_hash
from storage.interface import StoreReader

# A full block of 16,384 results takes about 3 MiB here, hashes and lists; a common one a tenth of that.
TREES_MAX = 8


def covered_results(reader: StoreReader, covering: int) -> tuple[bytes, ...]:
    """The result leaves that the outcome leaf of block `covering` states, in order."""
    stated_before = decoded_header(reader, covering - 1).executed_height if covering > 1 else 0
    stated = decoded_header(reader, covering).executed_height
    return tuple(leaf for height in range(stated_before + 1, stated + 1) for leaf in load_result_leaves(reader, height))


class ResultTrees:
    """The trees of one store, by the height of the block whose outcome leaf states their root."""

    __slots__ = ("tree",)

    def __init__(self, reader: StoreReader) -> None:
        # `tree(covering)`: the tree over what the outcome leaf of the executed block `covering` states; reads and
        # hashes all its results where it is not kept. The cache of the standard library may be asked by several
        # threads; at worst a tree is made twice.
        self.tree = lru_cache(maxsize=TREES_MAX)(partial(_tree, reader))


def _tree(reader: StoreReader, covering: int) -> SmallTree:
    return SmallTree([leaf_hash(leaf) for leaf in covered_results(reader, covering)])
