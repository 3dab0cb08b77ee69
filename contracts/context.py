"""What an operation sees and may do: a run that somebody signed.

Owns what a transaction has beyond any other run: who signed it, its id and its place in the log. Never decides who may
do what. Source: docs/reference/contracts.md, "The context".
"""

from collections.abc import Sequence

from contracts.block_facts import BlockFacts
from contracts.contract import Contract, Operation
from contracts.member import Member
from contracts.run_context import RunContext
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
        block: BlockFacts,
        contract: Contract,
        operation: Operation,
        signers: Sequence[Member],
        transaction_id: Hash,
        leaf_index: int,
    ) -> None:
        """A transaction that asks for `operation` of `contract`; the sender is the first of `signers`."""
        # By its name: what is done for every transaction is worth the look-up of `super()`.
        RunContext.__init__(self, block, contract, transaction_id)
        self.operation = operation
        self.sender = signers[0]
        self.signers = signers
        self.leaf_index = leaf_index
        self.transaction_id = transaction_id
        self.subjects[self.sender.subject] = None

    @property
    def operation_name(self) -> str:
        """The operation's name as it stands in the transaction, such as `records.act`."""
        return f"{self.contract.name}.{self.operation.method}"
