"""Opening a unit's books, and adding to its accounts.

Owns the operations `treasury.open`, `.follow` and `.account`. Never posts anything.
"""

from dataclasses import replace

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.calendar.dates import date_of
from contracts.context import Context
from contracts.errors import Refusal
from contracts.packs.words import Words
from contracts.treasury.accounts import ACCOUNTS_MAX, ADDED_TYPES, added_account
from contracts.treasury.arguments import integer_of
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.books import KIND_BOOKS, YEARS_OPEN_MAX, Books
from contracts.treasury.reasons import ACCOUNT_TYPE, ACCOUNT_UNKNOWN, ACCOUNTS_FULL, OPEN_ALREADY, YEARS_OPEN
from contracts.treasury.terms import find_terms
from contracts.units.tree import active_unit, unit_subject

OPENED = "treasury.opened"
ACCOUNT_SET = "treasury.account-set"


def open_books(context: Context, arguments: Arguments) -> None:
    """Open the books of a unit, by the table of dues of a pack, from a year on."""
    unit = arguments.text("unit")
    active_unit(context, unit)
    require(context, Subject(unit))
    if context.read(KIND_BOOKS, unit) is not None:
        raise Refusal(*OPEN_ALREADY, unit=unit)
    pack = arguments.text("pack")
    today = find_terms(context, pack).today(context.time_ms)
    this_year = date_of(today).year
    first_year = integer_of(arguments, "year") or this_year
    if not this_year - YEARS_OPEN_MAX < first_year <= this_year:
        raise Refusal(*YEARS_OPEN, unit=unit, first=first_year)
    context.create(KIND_BOOKS, unit, Books(unit, pack, first_year).to_fields())
    context.link(unit_subject(unit))
    context.emit(OPENED, {"pack": pack, "unit": unit, "year": first_year})


def follow(context: Context, arguments: Arguments) -> None:
    """Go by the table of dues of another pack from now on, such as local conventions on top of the one before."""
    unit, pack = arguments.text("unit"), arguments.text("pack")
    require(context, Subject(unit))
    work = Bookkeeping(context, unit)
    find_terms(context, pack)
    work.books.pack = pack
    work.finish()
    context.emit(OPENED, {"pack": pack, "unit": unit, "year": work.books.first_year})


def set_account(context: Context, arguments: Arguments) -> None:
    """Add an account to the chart, or give one that is there another title and lower limit."""
    unit, code, kind = arguments.text("unit"), arguments.text("account"), arguments.text("type")
    require(context, Subject(unit))
    work = Bookkeeping(context, unit)
    accounts = work.books.accounts
    title = Words(arguments.text("title_en"), arguments.text("title_zh"))
    least = integer_of(arguments, "least")
    known = accounts.get(code)
    if known is None:
        if kind not in ADDED_TYPES:
            raise Refusal(*ACCOUNT_UNKNOWN, unit=unit, account=kind)
        if len(accounts) >= ACCOUNTS_MAX:
            raise Refusal(*ACCOUNTS_FULL, unit=unit, count=len(accounts))
        accounts[code] = added_account(kind, title, least)
    else:
        if known.type != kind:
            raise Refusal(*ACCOUNT_TYPE, unit=unit, account=code, type=known.type)
        accounts[code] = replace(known, title=title, least=known.least if least is None else least)
    work.books.check_account(code, accounts[code])
    work.finish()
    context.emit(ACCOUNT_SET, {"account": code, "unit": unit})
