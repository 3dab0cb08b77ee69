"""Finding the error an operator should read in what a nursery raised."""

import trio

from ledger.errors import BanyanError


def foreseen(group: BaseExceptionGroup[BaseException]) -> BanyanError | None:
    """The first of our own errors in `group`; None if there is none, or a bug beside it that must not be hidden."""
    ours, others = group.split(BanyanError)
    bugs = others.split(trio.Cancelled)[1] if others is not None else None
    if ours is None or bugs is not None:
        return None
    found: BaseException = ours
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found if isinstance(found, BanyanError) else None
