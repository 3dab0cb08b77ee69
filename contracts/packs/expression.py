"""An expression of the rule language inside a definition, as a tree.

Owns nothing but its place in a definition: what a tree may be is for `contracts.rules` to say, and whether it fits the
record type for `rule_check`. The text that people wrote is not kept: the tree prints as text, always the same.
"""

from dataclasses import dataclass

from contracts.packs.fault import Faults, PackFault
from ledger.encoding import Value


@dataclass(frozen=True, slots=True)
class Expression:
    """`tree` is the canonical value that `contracts.rules.tree.decode_tree` reads."""

    tree: Value

    def to_value(self) -> Value:
        """The canonical list."""
        return self.tree

    @classmethod
    def read(cls, value: Value, path: str, faults: Faults) -> "Expression":
        """The expression in the list `value`; whether it is one is found out later."""
        if not isinstance(value, list) or not value:
            faults.add(PackFault('an expression is wanted here, in quotation marks, such as "1" or "today"'), path)
        return cls(value)
