"""The contract `notice`: signed notices in a unit's file, numbered, never changed, at most withdrawn.

Owns the records `notice/<unit>/<number>` and `notice-file/<unit>`. Never edits or removes a notice: a withdrawn one
stays where it is, with who withdrew it and why. Invariants: a unit's numbers start at 1 and have no gaps; a
notice is `posted` or `withdrawn`, and withdrawn once. Source: docs/reference/contracts.md, "notice".
"""

from typing import Any

from contracts.arguments import Argument, Arguments, Detached, Identifier, Integer, ListOf, Text
from contracts.authority.judgement import Subject, may, operation_actors
from contracts.context import Context
from contracts.contract import Contract, Operation
from contracts.errors import Reason, Refusal
from ledger.encoding import Value
from ledger.shape import HashBytes, Shape, reader_of

KIND_NOTICE = "notice"
KIND_FILE = "notice-file"
STATE_POSTED = "posted"
STATE_WITHDRAWN = "withdrawn"

# With this many digits, the order of ids is the order of numbers: a store appends instead of searching.
NUMBER_DIGITS = 12
NUMBER_MAX = 10**NUMBER_DIGITS - 1
TITLE_SIZE_BYTES_MAX = 200
REASON_SIZE_BYTES_MAX = 500
ABOUT_COUNT_MAX = 16

NOT_FOUND = Reason("notice.not-found", "the unit {unit} has no notice {number}; see `list notice` for what it has")
NOT_THE_AUTHOR = Reason(
    "notice.not-the-author", "the notice is {author}'s; only its author or an administrator can withdraw it"
)
NOT_POSTED = Reason("notice.not-posted", "the notice {number} of the unit {unit} is {state} already")
FILE_FULL = Reason("notice.file-full", "the file of the unit {unit} holds {count} notices, the most there can be")


def notice_id(unit: str, number: int) -> str:
    """The id of a unit's notice: the unit, a slash, the number in twelve digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}d}"


class Notice(Shape, rename={"time_ms": "time"}):
    """The record of a notice that is posted; its items are arguments that were checked, or the context's."""

    about: list[str]
    author: HashBytes
    height: int
    number: int
    state: str
    time_ms: int
    title: str
    unit: str
    at: int | None = None
    body: Any = None
    kind: str | None = None


class File(Shape):
    """The record of a unit's file: how many notices it holds."""

    count: int
    unit: str


_read_file = reader_of(tuple[int, File])


def post(context: Context, arguments: Arguments) -> None:
    """Put a notice into the unit's file under the next number."""
    unit = arguments.text("unit")
    about = arguments.texts("about")
    number = _next_number(context, unit)
    notice = Notice(
        about,
        context.sender.id,
        context.height,
        number,
        STATE_POSTED,
        context.time_ms,
        arguments.text("title"),
        unit,
        arguments.optional_integer("at"),
        arguments.optional_value("body"),
        arguments.optional_text("kind"),
    )
    context.create(KIND_NOTICE, notice_id(unit, number), notice)
    context.put(KIND_FILE, unit, File(number, unit))
    _link(context, unit, about)
    context.emit("notice.posted", {"number": number, "unit": unit})


def withdraw(context: Context, arguments: Arguments) -> None:
    """Mark a posted notice as withdrawn, with the reason; by its author or an administrator."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    record = context.read(KIND_NOTICE, notice_id(unit, number))
    if record is None:
        raise Refusal(*NOT_FOUND, unit=unit, number=number)
    fields = record.fields
    author, state, about = fields["author"], fields["state"], fields["about"]
    assert isinstance(author, bytes) and isinstance(state, str) and isinstance(about, list)
    if may(context, operation_actors(context), Subject(unit=unit, creator=author)) is None:
        raise Refusal(*NOT_THE_AUTHOR, author=author.hex())
    if state != STATE_POSTED:
        raise Refusal(*NOT_POSTED, unit=unit, number=number, state=state)
    withdrawal: dict[str, Value] = {
        "state": STATE_WITHDRAWN,
        "withdrawn_by": context.sender.id,
        "withdrawn_height": context.height,
        "withdrawn_reason": arguments.text("reason"),
        "withdrawn_time": context.time_ms,
    }
    context.put(KIND_NOTICE, notice_id(unit, number), fields | withdrawal)
    _link(context, unit, [person for person in about if isinstance(person, str)])
    context.emit("notice.withdrawn", {"number": number, "unit": unit})


def _next_number(context: Context, unit: str) -> int:
    file = context.read_as(KIND_FILE, unit, _read_file)
    count = 0 if file is None else file.count
    if count >= NUMBER_MAX:
        raise Refusal(*FILE_FULL, unit=unit, count=count)
    return count + 1


def _link(context: Context, unit: str, about: list[str]) -> None:
    context.link(f"unit/{unit}")
    for person in about:
        context.link(f"person/{person}")


_UNIT = Argument("unit", Identifier(), "ledger")

NOTICE = Contract(
    name="notice",
    summary="Signed notices in a unit's file",
    kinds=frozenset((KIND_NOTICE, KIND_FILE)),
    events=frozenset(("notice.posted", "notice.withdrawn")),
    reasons=(NOT_FOUND, NOT_THE_AUTHOR, NOT_POSTED, FILE_FULL),
    operations=(
        Operation(
            "post",
            "Put a notice into a unit's file",
            (
                _UNIT,
                Argument("title", Text(TITLE_SIZE_BYTES_MAX), "public"),
                Argument("body", Detached(), "unit", optional=True),
                Argument("about", ListOf(Identifier(), ABOUT_COUNT_MAX, distinct=True), "ledger", optional=True),
                Argument("kind", Identifier(), "ledger", optional=True),
                Argument("at", Integer(), "ledger", optional=True),
            ),
            post,
            actors=("anyone",),
        ),
        Operation(
            "withdraw",
            "Mark a notice as withdrawn",
            (
                _UNIT,
                Argument("number", Integer(1, NUMBER_MAX), "ledger"),
                Argument("reason", Text(REASON_SIZE_BYTES_MAX), "public"),
            ),
            withdraw,
            actors=("creator", "administrator"),
        ),
    ),
)
