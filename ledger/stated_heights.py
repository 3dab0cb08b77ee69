"""Which executed heights leaders state without fail, so that the state after them is proven by a header. Pure.

Owns the interval. A header states the newest height that its proposer has executed, and under load steps over some; one
that is a multiple of the interval it never steps over. A custom of leaders, not a rule of validity: of a height that is
stepped over all the same there is no snapshot.
Source: docs/protocol.md, section 6, "Propose"; docs/adr/0028-snapshots.md.
"""

# About a window of blocks: the lag between a height's execution and its statement is then hardly longer than without.
STATED_INTERVAL_BLOCKS = 16


def statable_height(stated: int, executed: int) -> int:
    """The height that a block states whose parent states `stated`, by a proposer that has executed `executed`.

    That is the newest executed height, or the next multiple of the interval if that one lies between.
    """
    return min(max(executed, stated), (stated // STATED_INTERVAL_BLOCKS + 1) * STATED_INTERVAL_BLOCKS)
