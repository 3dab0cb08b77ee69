"""An expression of the rule language inside a definition: the text that people wrote, and the tree that is evaluated.

Owns its canonical form, `[text, bytes of the tree]`; the one place where definitions and the rule language meet. The
tree is kept as bytes because it nests by itself, and a definition's own depth comes on top.
"""

from dataclasses import dataclass

from contracts.packs.fault import Faults, PackFault
from contracts.packs.limits import SOURCE_SIZE_BYTES_MAX
from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError


@dataclass(frozen=True, slots=True)
class Expression:
    """`source` is for people, `tree` is what holds: the canonical value of `contracts.rules`."""

    source: str
    tree: Value

    def to_value(self) -> list[Value]:
        """The canonical list."""
        return [self.source, encode(self.tree)]

    @classmethod
    def read(cls, value: Value, path: str, faults: Faults) -> "Expression":
        """The expression in the list `value`."""
        if isinstance(value, list) and len(value) == 2:
            source, tree = value
            if isinstance(source, str) and isinstance(tree, bytes):
                if not 1 <= len(source.encode("utf-8", "replace")) <= SOURCE_SIZE_BYTES_MAX:
                    faults.add(PackFault("an expression has 1 to {limit} bytes", limit=SOURCE_SIZE_BYTES_MAX), path)
                try:
                    return cls(source, decode(tree))
                except DecodingError as error:
                    faults.add(PackFault("the tree of an expression is damaged: {reason}", reason=error), path)
                    return cls("", None)
        faults.add(PackFault("an expression is wanted here: its text and its tree"), path)
        return cls("", None)
