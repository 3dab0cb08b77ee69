"""One thing that happened in an invented organisation, as a transaction that somebody signs. Owns the shape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from contracts.calendar.dates import Day
from ledger.encoding import Value

# Signs in the place of a person: the administrator of the network.
ADMINISTRATOR = ""


@dataclass(frozen=True, slots=True)
class Step:
    """`part`: steps of one part may be handed in in any order, those of a later part after all of them.

    `day` is when it happened. `sender` and `signers`, who sign along, are people, or `ADMINISTRATOR`. `private` are
    fields of a record that stand beside the ledger. `proves`: whose first key the transaction brings, with its proof.
    `closes`: the argument that says when something ends which begins now: a month later, on whatever day that is.
    """

    part: int
    day: Day
    sender: str
    operation: str
    arguments: dict[str, Value]
    signers: tuple[str, ...] = ()
    private: dict[str, Value] = field(default_factory=dict)
    proves: str = ""
    closes: str = ""


# What happens on a day: its steps, in parts that are numbered on.
Affair: TypeAlias = Callable[[Day, Iterator[int]], Iterator[Step]]
