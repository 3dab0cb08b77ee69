"""The roll: who was to vote when the electorate was frozen.

Owns the record `ballot-roll/<unit>/<number>/<attempt>/<source>/<last person>`, a page of the roll under the name of the
last person on it, so that the page on which somebody would stand is found in the order of names. Never changes a page.
Invariants: the persons of a source ascend from page to page; nobody stands on the roll twice.
Source: docs/reference/ballots.md, "The roll".
"""

from typing import TYPE_CHECKING, NamedTuple

from contracts.ballots.ballot import Roll, ballot_id
from ledger.encoding import Value

if TYPE_CHECKING:
    from contracts.run_context import RunContext

KIND_ROLL = "ballot-roll"
# So that attempts and sources have one and two digits.
SOURCES_MAX = 8
ATTEMPTS_MAX = 16

# Above every character that a part of an id can have.
_AFTER_ALL = "~"


class Step(NamedTuple):
    """How far a search came: the part that it found, or where to go on from; `is_last` if there is nothing more."""

    part: str | None
    after: str
    is_last: bool = False


def next_step(context: "RunContext", kind: str, prefix: str, after: str, reads_kept: int) -> Step:
    """Look for the smallest text above `after` that, behind `prefix`, is a whole id: one part, without a slash.

    Ids with more parts belong to something else whose name begins so, as units have slashes: they are stepped over.
    There may be more of them than a run may read, so the search stops when only `reads_kept` reads are left.

    Cost: one read, and one more for each part below which other ids lie.
    """
    while context.reads_left > reads_kept:
        found = context.next_id(kind, prefix + after if after else "", prefix)
        if found is None:
            return Step(None, after, True)
        part, slash, _ = found[len(prefix) :].partition("/")
        if not slash:
            return Step(part, part)
        after = f"{part}/{_AFTER_ALL}"
    return Step(None, after)


def roll_prefix(unit: str, number: int, attempt: int, source: int) -> str:
    """What the ids of the pages of one source begin with."""
    return f"{ballot_id(unit, number)}/{attempt:02d}/{source}/"


def write_page(context: "RunContext", prefix: str, persons: list[str]) -> None:
    """Write a page of the roll; `persons` ascend, above those of the source's earlier pages."""
    listed: list[Value] = list(persons)
    context.create(KIND_ROLL, prefix + persons[-1], {"persons": listed})


def on_page(context: "RunContext", prefix: str, person: str) -> bool:
    """Whether a person stands on the roll of one source; at most three reads, as a rule."""
    page = context.read(KIND_ROLL, prefix + person)
    if page is not None:
        return True
    step = next_step(context, KIND_ROLL, prefix, person, 0)
    if step.is_last:
        return False
    # Where nothing may be read any more, this is refused: it is not known.
    page = context.read(KIND_ROLL, prefix + step.after)
    assert page is not None, "a key that is found in order is there"
    persons = page.fields["persons"]
    assert isinstance(persons, list)
    return person in persons


def on_roll(context: "RunContext", unit: str, roll: Roll, source_count: int, person: str) -> bool:
    """Whether a person was to vote when the electorate was frozen. Three reads for each source that lacks them."""
    sources = range(source_count)
    return any(on_page(context, roll_prefix(unit, roll.number, roll.attempt, one), person) for one in sources)
