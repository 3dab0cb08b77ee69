"""The blocks of this node's chain that may still be replaced or committed, as agreement knows them.

Owns the links above the committed height and the rank of the tip; never a block's content. Invariants, asserted: links
are consecutive and each names the one before; the tip's rank, term first, never goes down (Raft 5.4.1); what is
committed is never replaced. Bounded by the window and the opening blocks of the terms since the last commit.
Source: docs/protocol.md, section 6, "Conflict".
"""

from consensus.events import ChainLink
from consensus.statement import Position


class Branch:
    """From the committed height (whose own position is not known any more) to the tip."""

    __slots__ = ("_links", "committed_height", "tip")

    def __init__(self, tip: Position, committed_height: int) -> None:
        assert tip.height >= committed_height, "what is committed is stored"
        self.tip = tip
        self.committed_height = committed_height
        self._links: dict[int, ChainLink] = {}

    def __contains__(self, position: Position) -> bool:
        link = self._links.get(position.height)
        return link is not None and link.position == position

    def link_at(self, height: int) -> ChainLink | None:
        """The link above the committed height, if it was told."""
        return self._links.get(height)

    def extend(self, links: tuple[ChainLink, ...]) -> None:
        """Take stored blocks: on top of the tip, or in place of everything from the first one's height on."""
        first = links[0].position.height
        assert self.committed_height < first <= self.tip.height + 1, "no gap, and nothing committed is replaced"
        assert links[-1].position.rank > self.tip.rank, "the tip never goes down"
        before = self._links.get(first - 1)
        for link in links:
            if before is not None:
                assert link.previous_hash == before.position.hash, "each link names the one before"
                assert link.position.height == before.position.height + 1, "no gap"
                assert link.position.term >= before.position.term, "a block's term is never below its parent's"
            before = link
        for height in range(first, self.tip.height + 1):
            self._links.pop(height, None)
        self._links.update((link.position.height, link) for link in links)
        self.tip = links[-1].position

    def commit(self, height: int) -> None:
        """Everything up to `height` is committed."""
        assert self.committed_height < height <= self.tip.height, "the committed height never goes down"
        for committed in range(self.committed_height + 1, height + 1):
            self._links.pop(committed, None)
        self.committed_height = height
