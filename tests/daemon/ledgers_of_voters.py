"""A newcomer to a ledger of one voter, and the operations that let it in and out."""

from ledger.encoding import Value
from ledger.node_keys import NodeDescription, NodeKeys
from tests.audit.builder import LedgerBuilder

NEWCOMER = NodeDescription.of("beta", "127.0.0.1:7002", NodeKeys.from_seed(bytes([2]) * 32))


def call_governance(builder: LedgerBuilder, method: str, arguments: dict[str, Value]) -> None:
    """A block with one operation of governance."""
    builder.add_block([builder.transact(f"governance.{method}", arguments)])
