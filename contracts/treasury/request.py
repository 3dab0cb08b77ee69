"""A request: money to be spent or given back, or dues to be reduced, once enough others approve.

Owns the records `treasury-request/<unit>/<number>`. Never judges who approves. Invariants: who asked never approves,
nor does who gains by it; nobody approves twice. Source: docs/reference/treasury.md, "Requests".
"""

from dataclasses import dataclass, field

from contracts.errors import Refusal
from contracts.run_context import RunContext
from contracts.treasury.reasons import REQUEST_ENDED, REQUEST_UNKNOWN
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import Hash

KIND_REQUEST = "treasury-request"
NUMBER_DIGITS = 6
WHAT_SPENDING = "spending"
WHAT_REDUCTION = "reduction"
WHAT_REFUND = "refund"
STATE_OPEN = "open"
STATE_DONE = "done"
STATE_REFUSED = "refused"
STATE_WITHDRAWN = "withdrawn"


@dataclass(slots=True)
class Request:
    """A request under way. `wanted` are the arguments that it was made with; `needed` the approvals it takes.

    `approvals` are the accounts that approved; `more` what its end adds.
    """

    unit: str
    number: int
    what: str
    account: Hash
    needed: int
    wanted: dict[str, Value]
    state: str = STATE_OPEN
    approvals: list[Hash] = field(default_factory=list)
    more: dict[str, Value] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id of its record."""
        return request_id(self.unit, self.number)

    @property
    def person(self) -> str | None:
        """Whom it is for, if it is for somebody."""
        person = self.wanted.get("person")
        return person if isinstance(person, str) else None

    def to_fields(self) -> dict[str, Value]:
        """The fields of the record."""
        fields: dict[str, Value] = {
            "account": self.account,
            "approvals": list(self.approvals),
            "needed": self.needed,
            "number": self.number,
            "state": self.state,
            "unit": self.unit,
            "wanted": dict(self.wanted),
            "what": self.what,
        }
        return fields | self.more

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "Request":
        """The request in the fields of its record.

        Raises:
            DecodingError: no request.
        """
        match fields:
            case {
                "account": bytes(account),
                "approvals": list(approvals),
                "needed": int(needed),
                "number": int(number),
                "state": str(state),
                "unit": str(unit),
                "wanted": dict(wanted),
                "what": str(what),
            }:
                approved = [one for one in approvals if isinstance(one, bytes)]
                more: dict[str, Value] = {
                    name: fields[name] for name in ("entry", "reason", "ended_by") if name in fields
                }
                return cls(unit, number, what, account, needed, dict(wanted), state, approved, more)
        raise DecodingError("the record of a request is malformed")


def request_id(unit: str, number: int) -> str:
    """The id of a request: the unit, a slash, the number in six digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}}"


def open_request(context: RunContext, unit: str, number: int) -> Request:
    """A request that waits for approvals.

    Raises:
        Refusal: `treasury.request-unknown`, `treasury.request-ended`.
    """
    record = context.read(KIND_REQUEST, request_id(unit, number))
    if record is None:
        raise Refusal(*REQUEST_UNKNOWN, unit=unit, number=number)
    request = Request.from_fields(record.fields)
    if request.state != STATE_OPEN:
        raise Refusal(*REQUEST_ENDED, unit=unit, number=number, state=request.state)
    return request
