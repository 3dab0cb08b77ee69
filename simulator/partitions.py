"""Which ways a cut closes: partitions as sets of directed pairs (sender, receiver) over which nothing arrives.

Owns the shapes of the OmniPaxos study (Ng, Haridi, Carbone 2023, section 2) beside the usual ones. Pure functions of
node numbers; never knows the overlay, which may lack a link anyway.

- symmetric: two groups, nothing between them;
- one-way: the first group does not reach the second, the way back is open;
- isolate: one node alone;
- chained: each node reaches the one before and the one after it in a row, nobody else;
- quorum-loss: one hub reaches everybody, all others reach only the hub;
- constrained: as quorum-loss, and one node (the old leader) is alone.
"""

from collections.abc import Collection, Sequence

Way = tuple[int, int]


def symmetric(group: Collection[int], others: Collection[int]) -> frozenset[Way]:
    """Nothing passes between the groups."""
    return one_way(group, others) | one_way(others, group)


def one_way(senders: Collection[int], receivers: Collection[int]) -> frozenset[Way]:
    """Nothing of the senders arrives at the receivers."""
    return frozenset((sender, receiver) for sender in senders for receiver in receivers if sender != receiver)


def isolate(node: int, nodes: Collection[int]) -> frozenset[Way]:
    """Nothing passes to or from `node`."""
    return symmetric([node], [other for other in nodes if other != node])


def chained(row: Sequence[int]) -> frozenset[Way]:
    """Each node of the row reaches those beside it alone."""
    place = {node: at for at, node in enumerate(row)}
    return frozenset((one, other) for one in row for other in row if abs(place[one] - place[other]) > 1)


def quorum_loss(hub: int, nodes: Collection[int]) -> frozenset[Way]:
    """All ways that neither begin nor end at the hub are closed: it alone reaches a quorum."""
    rim = [node for node in nodes if node != hub]
    return one_way(rim, rim)


def constrained(hub: int, leader: int, nodes: Collection[int]) -> frozenset[Way]:
    """As `quorum_loss`, and the leader is cut off from the hub too."""
    return quorum_loss(hub, nodes) | isolate(leader, nodes)
