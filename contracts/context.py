"""What an operation sees and may do: a run that somebody signed.

Owns what a transaction has beyond any other run: who signed it, its id and its place in the log. Never decides who may
do what. Source: docs/reference/contracts.md, "The context".
"""

from collections.abc import Sequence

from contracts.contract import Contract, Operation
from contracts.member import Member, member_subject
from contracts.run_context import RunContext
from contracts.state import BlockState
from ledger.hashing import Hash


class Context(RunContext):
    """One transaction under way.

    `operation` is the one that is running. `sender` is the member in `from`;
    `signers` are all members whose keys signed, the sender among them. `leaf_index` is the transaction's place in the
    log.
    """

    __slots__ = ("leaf_index", "operation", "sender", "signers", "transaction_id")

    def __init__(
        self,
        state: BlockState,
        contract: Contract,
        operation: Operation,
        network_id: Hash,
        signers: Sequence[Member],
        height: int,
        time_ms: int,
        leaf_index: int,
        transaction_id: Hash,
    ) -> None:
        """A transaction that asks for `operation` of `contract`; the sender is the first of `signers`."""
        super().__init__(state, contract, network_id, height, time_ms, transaction_id)
        self.operation = operation
        self.sender = signers[0]
        self.signers = signers
        self.leaf_index = leaf_index
        self.transaction_id = transaction_id
        self.subjects[member_subject(self.sender.id)] = None

    @property
    def operation_name(self) -> str:
        """The operation's name as it stands in the transaction, such as `records.act`."""
        return f"{self.contract.name}.{self.operation.method}"
