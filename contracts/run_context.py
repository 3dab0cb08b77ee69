"""What runs in a block, a transaction or a timer, sees and may do: the records, and nothing of the outside world.

Owns one run's reads, writes, events, links and timers until the runtime takes or discards them. Never writes to
the state itself, knows no clock but the block's, and no randomness. Invariants: a run reads what it wrote;
a record it was given is its own copy; a record's version grows by one, however often one run writes it;
a contract writes records of the kinds that it owns or borrows only. Source: docs/reference/contracts.md, "The context".
"""

from collections.abc import Callable
from typing import TypeVar

from contracts.chain import check_subject
from contracts.contract import Contract
from contracts.errors import ContractError, Refusal
from contracts.limits import (
    EVENTS_MAX,
    LINKS_MAX,
    READS_MAX,
    RECORD_EXISTS,
    RECORD_MISSING,
    RECORD_TOO_LARGE,
    RULE_STEPS_MAX,
    TIMERS_SET_MAX,
    TOO_MANY_EVENTS,
    TOO_MANY_LINKS,
    TOO_MANY_READS,
    TOO_MANY_TIMERS,
    TOO_MANY_WRITES,
    TOO_MUCH_WRITTEN,
)
from contracts.record import (
    RECORD_SIZE_BYTES_MAX,
    Fields,
    Record,
    encode_record,
    key_prefix,
    parse_record_key,
    record_key,
)
from contracts.result import Event, RecordVersion
from contracts.state import BlockState
from ledger.encoding import Value
from ledger.hashing import Hash

# Makes a named tuple of its items at a quarter of what its own constructor takes, which is written in Python.
made = tuple.__new__

Whole = TypeVar("Whole")


class RunContext:
    """One run under way: what transactions and timers have in common, for the functions that serve both.

    `contract` is the one whose function runs; `height` and `time_ms` are the block's; `origin` names the run: nothing
    else on this ledger ever has the same.
    """

    __slots__ = (
        "_bases",
        "_reads",
        "_state",
        "_timers",
        "_written_size",
        "contents",
        "contract",
        "events",
        "height",
        "network_id",
        "origin",
        "rule_steps_left",
        "subjects",
        "time_ms",
        "versions",
    )

    def __init__(
        self, state: BlockState, contract: Contract, network_id: Hash, height: int, time_ms: int, origin: bytes
    ) -> None:
        self._state = state
        self.contract = contract
        self.network_id = network_id
        self.height = height
        self.time_ms = time_ms
        self.origin = origin
        # What rules take of it is for whoever asks them to count (`contracts.records.rule_check`).
        self.rule_steps_left = RULE_STEPS_MAX
        self._reads = 0
        self._timers = 0
        self._written_size = 0
        # The versions of the records as this run found them, 0 for none; by key.
        self._bases: dict[bytes, int] = {}
        self.contents: dict[bytes, bytes | None] = {}
        self.versions: dict[bytes, RecordVersion] = {}
        self.events: list[Event] = []
        # Ordered; of a transaction the sender's own chain is always the first.
        self.subjects: dict[str, None] = {}

    @property
    def reads_left(self) -> int:
        """How many more records this run may read, for work that is done in pieces."""
        return max(0, self.contract.limits.reads - self._reads)

    def read(self, kind: str, record_id: str) -> Record | None:
        """The record as of now, this run's own writes included; None where there is none. Kinds of others too.

        Raises:
            Refusal: `limits.reads`.

        Cost: a look-up, and decoding the record.
        """
        # Counted here, as everything below: what is done ten times in a transaction is worth a call less.
        self._reads += 1
        if self._reads > READS_MAX and self._reads > self.contract.limits.reads:
            raise Refusal(*TOO_MANY_READS, limit=self.contract.limits.reads)
        return self._find(record_key(kind, record_id))

    def read_as(self, kind: str, record_id: str, read: Callable[[bytes], tuple[int, Whole]]) -> Whole | None:
        """`read`, with the fields as `ledger.shape.reader_of(tuple[int, ...])` reads them: version, then fields.

        Raises:
            Refusal: `limits.reads`.
            DecodingError: the record has another form; the store is damaged.
        """
        self._count_read()
        key = record_key(kind, record_id)
        content = self._content(key)
        if content is None:
            self._bases.setdefault(key, 0)
            return None
        version, found = read(content)
        self._bases.setdefault(key, version)
        return found

    def next_id(self, kind: str, after_id: str = "", prefix: str = "") -> str | None:
        """The smallest id of a record of this kind that starts with `prefix` and is strictly above `after_id`.

        This run's own writes are seen: what it created is found, what it removed is not. Ids are compared byte
        by byte. None where there is no such record; what the record holds is for `read`, which counts on its own.

        Raises:
            Refusal: `limits.reads`; every question counts as a read.

        Cost: about that of a `read`, and at most 64 more questions to go over what this run removed.
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
        self._reads += 1
        if self._reads > READS_MAX and self._reads > self.contract.limits.reads:
            raise Refusal(*TOO_MANY_READS, limit=self.contract.limits.reads)
        key = record_key(kind, record_id)
        return self.contents[key] if key in self.contents else self._state.get(key)

    def create(self, kind: str, record_id: str, fields: dict[str, Value]) -> None:
        """Write a record that must not be there yet.

        Raises:
            Refusal: `record.exists`, or a limit.
            ContractError: the kind is another contract's, and not borrowed.
        """
        key = record_key(kind, record_id)
        if not self.contract.writes(kind):
            raise self._not_own(kind)
        self._create(key, kind, record_id, fields)

    def put(self, kind: str, record_id: str, fields: Fields) -> None:
        """Write a record, whether or not it is there.

        Raises:
            Refusal: a limit.
            ContractError: the kind is another contract's, and not borrowed.
        """
        key = record_key(kind, record_id)
        if not self.contract.writes(kind):
            raise self._not_own(kind)
        self._write(key, kind, record_id, fields)

    def delete(self, kind: str, record_id: str) -> None:
        """Remove a record. One of the same id that is created later begins at version 1 again.

        Raises:
            Refusal: `record.missing`, or a limit.
            ContractError: the kind is another contract's, and not borrowed.
        """
        key = record_key(kind, record_id)
        if not self.contract.writes(kind):
            raise self._not_own(kind)
        self._delete(key, kind, record_id)

    def emit(self, name: str, fields: dict[str, Value]) -> None:
        """Report that something happened; `name` is one of the events that the contract declares.

        Raises:
            Refusal: `limits.events`.
        """
        if name not in self.contract.events:
            raise ContractError(
                "the contract {contract} declares no event {event}", contract=self.contract.name, event=name
            )
        if len(self.events) >= EVENTS_MAX:
            raise Refusal(*TOO_MANY_EVENTS, limit=EVENTS_MAX)
        self.events.append(made(Event, (name, fields)))

    def link(self, subject: str) -> None:
        """Hang this run on the subject's chain, such as `unit/kubernetes`; once, however often it is asked.

        Raises:
            Refusal: `limits.links`.
        """
        if subject in self.subjects:
            return
        check_subject(subject)
        if len(self.subjects) >= LINKS_MAX:
            raise Refusal(*TOO_MANY_LINKS, limit=LINKS_MAX)
        self.subjects[subject] = None

    def attempt(self, work: Callable[[], None]) -> Refusal | None:
        """Do some work; where it is refused, undo what it did, and hand the refusal back so that the run can go on.

        The work may read and write as much as a run may, and so may what comes after a refusal: try once in a run. What
        its rules took stays counted.
        """
        contents, versions, subjects = dict(self.contents), dict(self.versions), dict(self.subjects)
        events, counts = list(self.events), (self._reads, self._timers, self._written_size)
        try:
            work()
        except Refusal as refusal:
            self.contents, self.versions, self.subjects, self.events = contents, versions, subjects, events
            self._reads, self._timers, self._written_size = counts
            return refusal
        return None

    def create_for_runtime(self, kind: str, record_id: str, fields: dict[str, Value]) -> None:
        """`create` for the runtime's own modules, which write kinds that no contract may."""
        self._create(record_key(kind, record_id), kind, record_id, fields)

    def delete_for_runtime(self, kind: str, record_id: str) -> None:
        """`delete` for the runtime's own modules."""
        self._delete(record_key(kind, record_id), kind, record_id)

    def count_timer(self) -> int:
        """The number of the next timer that this run sets, from 1.

        Raises:
            Refusal: `limits.timers`.
        """
        if self._timers >= TIMERS_SET_MAX:
            raise Refusal(*TOO_MANY_TIMERS, limit=TIMERS_SET_MAX)
        self._timers += 1
        return self._timers

    def _create(self, key: bytes, kind: str, record_id: str, fields: dict[str, Value]) -> None:
        if self._content(key) is not None:
            raise Refusal(*RECORD_EXISTS, kind=kind, id=record_id)
        self._bases.setdefault(key, 0)
        self._write(key, kind, record_id, fields)

    def _delete(self, key: bytes, kind: str, record_id: str) -> None:
        if self._content(key) is None:
            raise Refusal(*RECORD_MISSING, kind=kind, id=record_id)
        self._base(key)
        self._note_write(key, RecordVersion(kind, record_id, 0), None)

    def _not_own(self, kind: str) -> ContractError:
        return ContractError(
            "the contract {contract} writes records of the kind {kind}, which it neither owns nor borrows",
            contract=self.contract.name,
            kind=kind,
        )

    def _count_read(self) -> None:
        self._reads += 1
        if self._reads > READS_MAX and self._reads > self.contract.limits.reads:
            raise Refusal(*TOO_MANY_READS, limit=self.contract.limits.reads)

    def _content(self, key: bytes) -> bytes | None:
        return self.contents[key] if key in self.contents else self._state.get(key)

    def _find(self, key: bytes) -> Record | None:
        content = self._content(key)
        if content is None:
            self._bases.setdefault(key, 0)
            return None
        record = Record.decode_own(content)
        # Later reads find this run's own version; the first one counts.
        self._bases.setdefault(key, record.version)
        return record

    def _base(self, key: bytes) -> int:
        """The version before this run; found out before its first write of the record."""
        if key not in self._bases:
            self._find(key)
        return self._bases[key]

    def _write(self, key: bytes, kind: str, record_id: str, fields: Fields) -> None:
        version = (self._bases[key] if key in self._bases else self._base(key)) + 1
        content = encode_record(version, fields)
        if len(content) > RECORD_SIZE_BYTES_MAX:
            raise Refusal(*RECORD_TOO_LARGE, kind=kind, id=record_id, size=len(content), limit=RECORD_SIZE_BYTES_MAX)
        self._note_write(key, made(RecordVersion, (kind, record_id, version)), content)

    def _note_write(self, key: bytes, version: RecordVersion, content: bytes | None) -> None:
        limits = self.contract.limits
        if key not in self.contents and len(self.contents) >= limits.writes:
            raise Refusal(*TOO_MANY_WRITES, limit=limits.writes)
        # Counted for every write, also of one record over and over: it is the work that is bounded.
        self._written_size += len(content) if content is not None else 0
        if self._written_size > limits.written_size_bytes:
            raise Refusal(*TOO_MUCH_WRITTEN, limit=limits.written_size_bytes)
        self.contents[key] = content
        self.versions[key] = version
