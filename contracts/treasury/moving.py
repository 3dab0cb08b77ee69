"""Money that comes in or moves without being dues: gifts, other income, from one place to another.

Owns the operations `treasury.gift`, `.receive-income` and `.move`. Never spends: that needs approvals. Invariant: a
gift of more than the pack lets units keep is owed to the topmost unit. Source: docs/reference/treasury.md, "Gifts".
"""

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Refusal
from contracts.packs.sections.dues_parameters import GIFT_TO_ROOT_ABOVE
from contracts.treasury.accounts import FUND, GIFTS_INCOME, GIFTS_PAYABLE, INCOME
from contracts.treasury.arguments import text_of
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.enrolling import link_people
from contracts.treasury.entry import GIFT, MOVE
from contracts.treasury.entry import INCOME as INCOME_ENTRY
from contracts.treasury.reasons import ACCOUNT_UNKNOWN
from contracts.units.tree import parent_of

GIFT_ENTERED = "treasury.gift-entered"
MOVED = "treasury.moved"


def give(context: Context, arguments: Arguments) -> None:
    """Enter a gift; a large one goes to the topmost unit, by way of those between."""
    unit, person = arguments.text("unit"), text_of(arguments, "person")
    require(context, Subject(unit, person))
    work = Bookkeeping(context, unit)
    money, amount = work.money(arguments.text("money")), arguments.integer("amount")
    day = work.day(text_of(arguments, "date"))
    large = amount > work.terms.number(GIFT_TO_ROOT_ABOVE, day)
    to_root = large and parent_of(context, unit) is not None
    told = arguments.given(("person", "reference", "text"))
    credited = GIFTS_PAYABLE if to_root else GIFTS_INCOME
    entry = work.post(GIFT, day, {money: amount, credited: -amount}, (), **told)
    work.finish()
    if person is not None:
        link_people(context, [person])
    context.emit(GIFT_ENTERED, {"amount": amount, "entry": entry.number, "to_root": to_root, "unit": unit})


def receive_income(context: Context, arguments: Arguments) -> None:
    """Enter money that came in otherwise, such as interest, or what was there when the books were opened."""
    unit = arguments.text("unit")
    require(context, Subject(unit))
    work = Bookkeeping(context, unit)
    money = work.money(arguments.text("money"))
    source = work.chosen_account(arguments.text("account"), (INCOME, FUND))
    _enter(work, arguments, INCOME_ENTRY, {money: arguments.integer("amount"), source: -arguments.integer("amount")})


def move(context: Context, arguments: Arguments) -> None:
    """Enter that money went from one account to another of the same unit, such as cash that was paid in."""
    unit = arguments.text("unit")
    require(context, Subject(unit))
    work = Bookkeeping(context, unit)
    money, to = work.money(arguments.text("money")), work.money(arguments.text("to"))
    if money == to:
        raise Refusal(*ACCOUNT_UNKNOWN, unit=unit, account=to)
    _enter(work, arguments, MOVE, {money: -arguments.integer("amount"), to: arguments.integer("amount")})


def _enter(work: Bookkeeping, arguments: Arguments, what: str, lines: dict[str, int]) -> None:
    day = work.day(text_of(arguments, "date"))
    entry = work.post(what, day, lines, (), **arguments.given(("reference", "text")))
    work.finish()
    work.context.emit(MOVED, {"amount": arguments.integer("amount"), "entry": entry.number, "unit": work.unit})
