"""What an operation sees and may do: one transaction, the records, and nothing of the outside world.

Owns one transaction's reads, writes, events and links until the runtime takes or discards them. Never writes to
the state itself, knows no clock but the block's, and no randomness. Invariants: an operation reads what it wrote;
a record it was given is its own copy; a record's version grows by one, however often one transaction writes it;
a contract writes records of the kinds that it owns or borrows only. Source: docs/reference/contracts.md, "The context".
"""

from collections.abc import Sequence

from contracts.chain import check_subject
from contracts.contract import Contract, Operation
from contracts.errors import ContractError, Refusal
from contracts.limits import (
    EVENTS_MAX,
    LINKS_MAX,
    READS_MAX,
    RECORD_EXISTS,
    RECORD_MISSING,
    RECORD_TOO_LARGE,
    TOO_MANY_EVENTS,
    TOO_MANY_LINKS,
    TOO_MANY_READS,
    TOO_MANY_WRITES,
    TOO_MUCH_WRITTEN,
    WRITES_MAX,
    WRITTEN_SIZE_BYTES_MAX,
)
from contracts.member import Member, member_subject
from contracts.record import RECORD_SIZE_BYTES_MAX, Record, key_prefix, parse_record_key, record_key
from contracts.result import Event, RecordVersion
from contracts.state import BlockState
from ledger.encoding import Value
from ledger.hashing import Hash


class Context:
    """One transaction under way.

    `operation` is the one that is running, `operation_name` its full name. `sender` is the member in `from`;
    `signers` are all members whose keys signed, the sender among them. `height` and `time_ms` are the block's;
    `leaf_index` is the transaction's place in the log.
    """

    __slots__ = (
        "_bases",
        "_contract",
        "_reads",
        "_state",
        "_written_size",
        "contents",
        "events",
        "height",
        "leaf_index",
        "network_id",
        "operation",
        "operation_name",
        "sender",
        "signers",
        "subjects",
        "time_ms",
        "transaction_id",
        "versions",
    )

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
        self._state = state
        self._contract = contract
        self.operation = operation
        self.operation_name = f"{contract.name}.{operation.method}"
        self.network_id = network_id
        self.sender = signers[0]
        self.signers = signers
        self.height = height
        self.time_ms = time_ms
        self.leaf_index = leaf_index
        self.transaction_id = transaction_id
        self._reads = 0
        self._written_size = 0
        # The versions of the records as this transaction found them, 0 for none; by key.
        self._bases: dict[bytes, int] = {}
        self.contents: dict[bytes, bytes | None] = {}
        self.versions: dict[bytes, RecordVersion] = {}
        self.events: list[Event] = []
        # Ordered; the sender's own chain is always the first.
        self.subjects: dict[str, None] = {member_subject(self.sender.id): None}

    def read(self, kind: str, record_id: str) -> Record | None:
        """The record as of now, this transaction's own writes included; None where there is none. Kinds of others too.

        Raises:
            Refusal: `limits.reads`.

        Cost: a look-up, and decoding the record.
        """
        self._count_read()
        return self._find(record_key(kind, record_id))

    def next_id(self, kind: str, after_id: str = "", prefix: str = "") -> str | None:
        """The smallest id of a record of this kind that starts with `prefix` and is strictly above `after_id`.

        This transaction's own writes are seen: what it created is found, what it removed is not. Ids are compared byte
        by byte. None where there is no such record; what the record holds is for `read`, which counts on its own.

        Raises:
            Refusal: `limits.reads`; every question counts as a read.

        Cost: about that of a `read`, and at most 64 more questions to go over what this transaction removed.
        """
        self._count_read()
        start, after = key_prefix(kind, prefix), key_prefix(kind, after_id)
        found = self._state.next_key(start, after)
        while found is not None and found in self.contents and self.contents[found] is None:
            found = self._state.next_key(start, found)
        for key, content in self.contents.items():
            if content is not None and key > after and key.startswith(start) and (found is None or key < found):
                found = key
        return None if found is None else parse_record_key(found)[1]

    def content(self, kind: str, record_id: str) -> bytes | None:
        """The encoded record as of now, for those who remember what they decoded; counts as a read.

        Raises:
            Refusal: `limits.reads`.

        Cost: a look-up.
        """
        self._count_read()
        return self._content(record_key(kind, record_id))

    def create(self, kind: str, record_id: str, fields: dict[str, Value]) -> None:
        """Write a record that must not be there yet.

        Raises:
            Refusal: `record.exists`, or a limit.
            ContractError: the kind is another contract's, and not borrowed.
        """
        key = record_key(kind, record_id)
        if self._content(key) is not None:
            raise Refusal(*RECORD_EXISTS, kind=kind, id=record_id)
        self._bases.setdefault(key, 0)
        self._write(key, kind, record_id, fields)

    def put(self, kind: str, record_id: str, fields: dict[str, Value]) -> None:
        """Write a record, whether or not it is there.

        Raises:
            Refusal: a limit.
            ContractError: the kind is another contract's, and not borrowed.
        """
        self._write(record_key(kind, record_id), kind, record_id, fields)

    def delete(self, kind: str, record_id: str) -> None:
        """Remove a record. One of the same id that is created later begins at version 1 again.

        Raises:
            Refusal: `record.missing`, or a limit.
            ContractError: the kind is another contract's, and not borrowed.
        """
        key = record_key(kind, record_id)
        if self._content(key) is None:
            raise Refusal(*RECORD_MISSING, kind=kind, id=record_id)
        self._base(key)
        self._note_write(key, RecordVersion(kind, record_id, 0), None)

    def emit(self, name: str, fields: dict[str, Value]) -> None:
        """Report that something happened; `name` is one of the events that the contract declares.

        Raises:
            Refusal: `limits.events`.
        """
        if name not in self._contract.events:
            raise ContractError(
                "the contract {contract} declares no event {event}", contract=self._contract.name, event=name
            )
        if len(self.events) >= EVENTS_MAX:
            raise Refusal(*TOO_MANY_EVENTS, limit=EVENTS_MAX)
        self.events.append(Event(name, fields))

    def link(self, subject: str) -> None:
        """Hang this transaction on the subject's chain, such as `unit/kubernetes`; once, however often it is asked.

        Raises:
            Refusal: `limits.links`.
        """
        if subject in self.subjects:
            return
        check_subject(subject)
        if len(self.subjects) >= LINKS_MAX:
            raise Refusal(*TOO_MANY_LINKS, limit=LINKS_MAX)
        self.subjects[subject] = None

    def _count_read(self) -> None:
        self._reads += 1
        if self._reads > READS_MAX:
            raise Refusal(*TOO_MANY_READS, limit=READS_MAX)

    def _content(self, key: bytes) -> bytes | None:
        return self.contents[key] if key in self.contents else self._state.get(key)

    def _find(self, key: bytes) -> Record | None:
        content = self._content(key)
        if content is None:
            self._bases.setdefault(key, 0)
            return None
        record = Record.decode(content)
        # Later reads find this transaction's own version; the first one counts.
        self._bases.setdefault(key, record.version)
        return record

    def _base(self, key: bytes) -> int:
        """The version before this transaction; found out before its first write of the record."""
        if key not in self._bases:
            self._find(key)
        return self._bases[key]

    def _write(self, key: bytes, kind: str, record_id: str, fields: dict[str, Value]) -> None:
        version = self._base(key) + 1
        content = Record(version, fields).encode()
        if len(content) > RECORD_SIZE_BYTES_MAX:
            raise Refusal(*RECORD_TOO_LARGE, kind=kind, id=record_id, size=len(content), limit=RECORD_SIZE_BYTES_MAX)
        self._note_write(key, RecordVersion(kind, record_id, version), content)

    def _note_write(self, key: bytes, version: RecordVersion, content: bytes | None) -> None:
        if not self._contract.writes(version.kind):
            raise ContractError(
                "the contract {contract} writes records of the kind {kind}, which it neither owns nor borrows",
                contract=self._contract.name,
                kind=version.kind,
            )
        if key not in self.contents and len(self.contents) >= WRITES_MAX:
            raise Refusal(*TOO_MANY_WRITES, limit=WRITES_MAX)
        # Counted for every write, also of one record over and over: it is the work that is bounded.
        self._written_size += len(content) if content is not None else 0
        if self._written_size > WRITTEN_SIZE_BYTES_MAX:
            raise Refusal(*TOO_MUCH_WRITTEN, limit=WRITTEN_SIZE_BYTES_MAX)
        self.contents[key] = content
        self.versions[key] = version
