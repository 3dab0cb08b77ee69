"""The counts of a vote: named denominators, and whether they make sense together.

Owns the order that counts have among themselves: due >= present >= issued >= valid = yes + no + abstain. Due is never
given but counted from the state, so nobody chooses a denominator. Never judges whether a vote passes: rules do.
Source: docs/reference/records.md, "Votes".
"""

from itertools import pairwise

from contracts.errors import Refusal
from contracts.records.reasons import VOTE_COUNTS
from ledger.encoding import Value

_DESCENDING = ("due", "present", "issued", "valid")


def vote_block(given: dict[str, Value], due: int) -> dict[str, int]:
    """The six counts that were given, with `due`.

    Args:
        given: All six counts, none negative, as the argument's type has checked.
        due: How many may vote, counted from the state.

    Raises:
        Refusal: `records.vote-counts`, naming the two that contradict each other.
    """
    counts = {"due": due} | {name: number for name, number in given.items() if isinstance(number, int)}
    for more, less in pairwise(_DESCENDING):
        if counts[less] > counts[more]:
            raise Refusal(*VOTE_COUNTS, less=less, found=counts[less], more=more, most=counts[more])
    cast = counts["yes"] + counts["no"] + counts["abstain"]
    if cast != counts["valid"]:
        raise Refusal(*VOTE_COUNTS, less="yes + no + abstain", found=cast, more="valid", most=counts["valid"])
    return counts
