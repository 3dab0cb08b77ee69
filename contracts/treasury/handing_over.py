"""The books of a unit that is over: what is left in them goes to the unit that takes its place.

Owns the operation `treasury.hand-over`. Invariants: nothing is handed over while members owe or are owed something, or
money is on its way; what leaves the one books arrives in the others in the same transaction, account by account.
Source: docs/reference/treasury.md, "Units that are over".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Refusal
from contracts.treasury.accounts import ACCOUNTS_MAX, DUES_IN_TRANSIT, GIFTS_IN_TRANSIT, Account
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.entry import HANDED_OVER, TAKEN_OVER
from contracts.treasury.reasons import ACCOUNTS_FULL, NOT_SETTLED, NOTHING_LEFT, STILL_ACTIVE
from contracts.units.tree import STATE_ACTIVE, find_unit

HANDED = "treasury.handed-over"


def hand_over(context: Context, arguments: Arguments) -> None:
    """Let the unit that takes the place of one that is over have what is left in its books."""
    unit = arguments.text("unit")
    fields = find_unit(context, unit).fields
    if fields["state"] == STATE_ACTIVE:
        raise Refusal(*STILL_ACTIVE, unit=unit)
    # A unit that was merged has a successor; what is left of one that was dissolved falls to the unit above.
    receiver = fields.get("successor", fields.get("parent"))
    require(context, Subject(receiver if isinstance(receiver, str) else unit))
    if not isinstance(receiver, str):
        raise Refusal(*NOTHING_LEFT, unit=unit)
    work, other = Bookkeeping(context, unit), Bookkeeping(context, receiver)
    accounts, sums = work.books.accounts, work.books.sums
    if sums.open or sums.advance or accounts[DUES_IN_TRANSIT].balance or accounts[GIFTS_IN_TRANSIT].balance:
        raise Refusal(*NOT_SETTLED, unit=unit)
    left = {code: account.balance for code, account in accounts.items() if account.balance}
    if not left:
        raise Refusal(*NOTHING_LEFT, unit=unit)
    for code in left:
        _make_room(other, code, accounts[code])
    given = work.post(HANDED_OVER, work.today, {code: -balance for code, balance in left.items()}, (), to=receiver)
    taken = other.post(TAKEN_OVER, other.today, left, (), from_unit=unit, given=given.number)
    work.finish()
    other.finish()
    context.emit(HANDED, {"entry": given.number, "taken": taken.number, "to": receiver, "unit": unit})


def _make_room(other: Bookkeeping, code: str, account: Account) -> None:
    """An account of the same name and type that the receiver has, or gets."""
    accounts = other.books.accounts
    if code not in accounts:
        if len(accounts) >= ACCOUNTS_MAX:
            raise Refusal(*ACCOUNTS_FULL, unit=other.unit, count=len(accounts))
        accounts[code] = Account(account.type, 0, account.least, account.title)
    other.account(code, (account.type,))
