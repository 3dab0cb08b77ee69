"""A ledger without blocks on disk: state in a dict, transactions executed as they are handed in."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.builtin import builtin_registry
from contracts.genesis_state import genesis_records
from contracts.member import member_fields, member_record_key
from contracts.record import Record, record_key
from contracts.registry import Registry
from contracts.result import Result
from contracts.runtime import ExecutableBlock, Execution, PlacedTransaction, execute_block
from ledger.encoding import Value
from ledger.genesis import Genesis, Parameters, member_id
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.signing import SCHEME_ED25519, SigningKey
from ledger.transaction import Expectation, Transaction, build_transaction
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey
from tests.contracts.dict_state import DictState

START_MS = 1_790_000_000_000
ADMINISTRATOR = SigningKey.from_seed(bytes([100]) * 32)
SECRETARY = SigningKey.from_seed(bytes([101]) * 32)
TREASURER = SigningKey.from_seed(bytes([102]) * 32)
STRANGER = SigningKey.from_seed(bytes([103]) * 32)


def trial_genesis(**parameters: int) -> Genesis:
    """One voter, one administrator; `parameters` replace the defaults."""
    keys = NodeKeys.from_seed(bytes([1]) * 32)
    voter = NodeDescription(
        "alpha", "127.0.0.1:7001", keys.agreement.public, keys.log.public, keys.cosigner.public, keys.transport.public
    )
    administrator = VerifierKey("wang", KEY_TYPE_MEMBER, ADMINISTRATOR.public)
    return Genesis(
        "huaxin.example/ledger",
        START_MS - 60_000,
        "public",
        "majority",
        Parameters(**parameters),
        (voter,),
        (administrator,),
    )


@dataclass
class TrialLedger:
    """Two ordinary members besides the administrator; every `execute` is one block, a second after the last."""

    genesis: Genesis = field(default_factory=trial_genesis)
    registry: Registry = field(default_factory=builtin_registry)

    def __post_init__(self) -> None:
        self.network_id: Hash = self.genesis.network_id
        self.state = DictState(genesis_records(self.genesis))
        for name, key in (("secretary", SECRETARY), ("treasurer", TREASURER)):
            fields = member_fields(name, [(SCHEME_ED25519, key.public)], [])
            self.state[member_record_key(self.member(key))] = Record(1, fields).encode()
        self.height = 0
        self.time_ms = START_MS
        self.leaf_count = 0
        # What the transactions of the newest block cost.
        self.works: tuple[int, ...] = ()
        self._nonces = 0

    def member(self, key: SigningKey) -> Hash:
        return member_id(self.network_id, key.public)

    def transaction(
        self,
        operation: str,
        arguments: dict[str, Value],
        key: SigningKey = SECRETARY,
        signers: Sequence[SigningKey] | None = None,
        expect: Expectation | None = None,
    ) -> Transaction:
        self._nonces += 1
        return build_transaction(
            self.network_id,
            self.member(key),
            operation,
            arguments,
            self._nonces.to_bytes(16, "big"),
            self.time_ms + 3_600_000,
            list(signers) if signers is not None else [key],
            expect,
        )

    def post(self, unit: str = "branch-1", title: str = "a notice", **arguments: Value) -> Transaction:
        return self.transaction("notice.post", {"unit": unit, "title": title, **arguments})

    def block(self, transactions: Sequence[Transaction]) -> ExecutableBlock:
        """The next block; one leaf for its outcome comes first."""
        first = self.leaf_count + 1
        placed = [PlacedTransaction(transaction, first + offset) for offset, transaction in enumerate(transactions)]
        return ExecutableBlock(self.network_id, self.height + 1, self.time_ms + 1000, self.leaf_count, placed)

    def execute(self, *transactions: Transaction) -> Execution:
        block = self.block(transactions)
        execution = execute_block(self.registry, self.state, block)
        for key, old, new in execution.changes:
            assert self.state.get(key) == old
            if new is None:
                del self.state[key]
            else:
                self.state[key] = new
        self.height, self.time_ms, self.works = block.height, block.time_ms, execution.works
        self.leaf_count += 1 + len(transactions)
        return execution

    def result(self, operation: str, arguments: dict[str, Value], key: SigningKey = SECRETARY) -> Result:
        """The result of one transaction in a block of its own."""
        return self.execute(self.transaction(operation, arguments, key)).results[0]

    def record(self, kind: str, record_id: str) -> Record | None:
        data = self.state.get(record_key(kind, record_id))
        return Record.decode(data) if data is not None else None

    def fields(self, kind: str, record_id: str) -> dict[str, Value]:
        record = self.record(kind, record_id)
        assert record is not None
        return record.fields
