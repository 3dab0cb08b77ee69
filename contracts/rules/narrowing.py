"""Which optional values are known to be there: what a condition tells about names and paths of fields.

Owns the algebra of such facts. Never judges types. Invariant: a path is only known where every way of getting there has
tested it. Source: docs/reference/rules.md, "Values that may be missing".
"""

from typing import NamedTuple, TypeAlias

from contracts.rules import opcodes
from contracts.rules.tree import Node

# A name and the fields read from it: `member.sponsor` is ("member", "sponsor").
Path: TypeAlias = tuple[str, ...]
Known: TypeAlias = frozenset[Path]
NOTHING: Known = frozenset()


class Judged(NamedTuple):
    """A node with its type, and what is known to be there if it is true, and if it is false."""

    node: Node
    when_true: Known = NOTHING
    when_false: Known = NOTHING


def path_of(node: Node) -> Path | None:
    """The path that a node reads; None if it is more than names and fields."""
    fields: list[str] = []
    while node.opcode == opcodes.FIELD:
        fields.append(node.name)
        node = node.operands[0]
    return (node.name, *reversed(fields)) if node.opcode == opcodes.NAME else None


class Sequence:
    """Conditions one after the other, each looked at only if those before it were true (`and`) or false (`or`)."""

    def __init__(self, opcode: str, known: Known) -> None:
        self._is_and = opcode == opcodes.AND
        # What is known when the next one is looked at; what every way out before the end knows.
        self.known = known
        self._left_early: Known | None = None

    def add(self, judged: Judged) -> None:
        """Go past a condition."""
        on, out = (judged.when_true, judged.when_false) if self._is_and else (judged.when_false, judged.when_true)
        left = self.known | out
        self._left_early = left if self._left_early is None else self._left_early & left
        self.known |= on

    def judged(self, node: Node) -> Judged:
        """What the whole tells."""
        early = self._left_early or NOTHING
        return Judged(node, self.known, early) if self._is_and else Judged(node, early, self.known)


def either(condition: Judged, yes: Judged, no: Judged, node: Node) -> Judged:
    """What `yes if condition else no` tells."""
    return Judged(
        node,
        (condition.when_true | yes.when_true) & (condition.when_false | no.when_true),
        (condition.when_true | yes.when_false) & (condition.when_false | no.when_false),
    )
