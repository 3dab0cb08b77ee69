"""A node's keys on their way from the old ones to the new: what comes next, by what the ledger says. Pure.

Owns the order of the steps; never hands anything in. Everything follows from the registry and from whether the node
runs under its new keys, so a rotation goes on from wherever it was broken off, by whoever goes on with it.

    register ─► promote ─► change ─► demote ─► leave ─► done
       the new keys      the node        the old keys

Source: docs/adr/0032-keys-of-nodes.md.
"""

from dataclasses import dataclass
from enum import Enum

from cli.node_registry import STATE_VOTER, NodeEntry


class Step(Enum):
    """What is to be done next."""

    REGISTER = "register"
    PROMOTE = "promote"
    CHANGE = "change"
    DEMOTE = "demote"
    LEAVE = "leave"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Rotation:
    """One node under its old and its new keys, as the registry has them now.

    `old` is None once it has left, `new` before it is registered; `new_runs` says that a node works under the new keys.
    """

    old: NodeEntry | None
    new: NodeEntry | None
    new_runs: bool

    @property
    def step(self) -> Step:
        """What is to be done next."""
        if self.new is None:
            return Step.REGISTER
        if self.old is None:
            return Step.DONE
        if self.old.state == STATE_VOTER and self.new.state != STATE_VOTER:
            return Step.PROMOTE
        if not self.new_runs:
            return Step.CHANGE
        return Step.DEMOTE if self.old.state == STATE_VOTER else Step.LEAVE


def rotation_of(nodes: tuple[NodeEntry, ...], old_id: str | None, new_id: str, running: frozenset[str]) -> Rotation:
    """The rotation to the node `new_id`, among the nodes that have not left.

    Args:
        nodes: Of the registry.
        old_id: Whose place it takes; looked up in the registry where the new one stands there.
        running: Ids of nodes that are known to work.
    """
    found = {one.id: one for one in nodes}
    new = found.get(new_id)
    replaced = new.replaces if new is not None else old_id
    return Rotation(None if replaced is None else found.get(replaced), new, new_id in running)


def successor_of(nodes: tuple[NodeEntry, ...], node_id: str) -> NodeEntry | None:
    """The node that came in this one's place and has not left."""
    return next((one for one in nodes if one.replaces == node_id), None)
