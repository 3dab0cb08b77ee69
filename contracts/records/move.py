"""One transition of one record under way: what is there before it, what is asked, and what was found out so far.

Owns the shape that the steps of the engine hand on; never judges and never writes.
"""

from dataclasses import dataclass, field

from contracts.authority.judgement import Subject
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.member import Member
from contracts.packs.transition import Transition
from contracts.records.pack_record import Approval, PackRecord
from contracts.records.program import Program
from contracts.records.request import Request
from contracts.run_context import RunContext
from contracts.units.names import is_person
from ledger.encoding import Value
from ledger.hashing import Hash

# Makes a named tuple of its items at a quarter of what its own constructor takes, which is written in Python.
made = tuple.__new__
# The state of a record that is not there yet.
NOT_THERE = ""
# Records that one transition takes along, one by way of the other: a pack that needs more describes one process twice.
CHAIN_DEPTH_MAX = 4


@dataclass(slots=True)
class Move:
    """A transition under way.

    `before` is None while the record is created. `asker` is the member who asked for it; None where no person did
    (a timer, another record's transition), and then `actor` says what did. `chain` are the records on whose behalf this
    one moves, outermost first, as (kind, id). `origin` is the account that a record is created for. `decided`: people
    have signed for a decision on a person, and this move is part of it.

    `kind` is the record's; `state` the one that it leaves, "" while it is created, and `since_ms` when it entered that.
    `creator` is the account behind it: that which created it, or the one that creates it now. `values` and `vote` are
    what the judgement found; `actor` the acting role; `approvals` those that the transition took.
    """

    context: RunContext
    program: Program
    transition: Transition
    record_id: str
    unit: str
    before: PackRecord | None
    asker: Member | None
    request: Request
    actor: str = ""
    origin: Hash | None = None
    decided: bool = False
    chain: tuple[tuple[str, str], ...] = ()
    number: int | None = None
    approvals: tuple[Approval, ...] = ()
    values: dict[str, Value] = field(default_factory=dict)
    vote: dict[str, int] | None = None
    kind: str = field(init=False)
    state: str = field(init=False)
    since_ms: int = field(init=False)
    creator: Hash = field(init=False)
    offset_minutes: int = field(init=False)

    def __post_init__(self) -> None:
        # How far the pack's days are ahead of UTC.
        self.offset_minutes = self.program.offset_minutes(self.context.time_ms)
        self.kind = self.program.kind
        if self.before is not None:
            self.state, self.since_ms, self.creator = self.before.state, self.before.since_ms, self.before.creator
        else:
            assert self.origin is not None, "a record has an account behind it"
            self.state, self.since_ms, self.creator = NOT_THERE, self.context.time_ms, self.origin

    def signed(self) -> Context:
        """The transaction that people have signed, for what only they can do."""
        assert isinstance(self.context, Context), "where a person asks, there is a transaction"
        return self.context

    def subject_person(self) -> str | None:
        """The person whom the record is about: before the transition, or, where it is created, after it."""
        name = self.program.definition.subject
        if name is None:
            return None
        known = self.before.values if self.before is not None and self.before.state else self.request.fields
        person = known.get(name)
        # Asked before what is given is checked, and of records of older packs: a text need not be a name.
        return person if is_person(person) else None

    def subject(self) -> Subject:
        """What actors are judged by: the unit, the person, the creator."""
        return made(Subject, (self.unit, self.subject_person(), self.creator))

    def refusal(self, reason: Reason, **details: int | str) -> Refusal:
        """A refusal of this transition; `kind`, `id`, `transition` and `state` are added where the text needs them."""
        known = {
            "kind": self.kind,
            "id": self.record_id,
            "transition": self.transition.name,
            "state": self.state or "-",
        }
        return Refusal(*reason, **{name: known[name] for name in reason.fields if name in known}, **details)
