"""The arguments of the treasury's operations, and reading those that may be left out. Owns their forms and bounds.

Amounts are whole fen; dates and months are texts, as people write them. Source: docs/reference/treasury.md.
"""

from contracts.arguments import Argument, Arguments, Detached, HashValue, Identifier, Integer, ListOf, Text
from contracts.packs.names import NAME
from contracts.treasury.books import NUMBER_MAX
from contracts.treasury.month import PERIOD_PATTERN
from contracts.treasury.roll import MEMBERS_MAX, SHEETS_MAX
from contracts.treasury.rows import Rows
from contracts.units.names import PERSON

# A hundred thousand million yuan: above it, somebody mistyped.
AMOUNT_MAX = 10**13
# A base of three months or a year, in fen: far above what anybody earns.
BASE_MAX = 10**12
TEXT_SIZE_BYTES_MAX = 200
# Receipts of one expense; more of them are summed up in a document that has a hash of its own.
RECEIPTS_MAX = 16
YEAR_LEAST, YEAR_MOST = 1900, 9998

DATE_FORM = Text(10, pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MONTH_FORM = Text(7, pattern=PERIOD_PATTERN)
CODE_FORM = Text(32, pattern=NAME.pattern)
AMOUNT_FORM = Integer(1, AMOUNT_MAX)
BASE_FORM = Integer(0, BASE_MAX)
TEXT_FORM = Text(TEXT_SIZE_BYTES_MAX)

UNIT = Argument("unit", Identifier(), "ledger")
PACK = Argument("pack", Text(32, pattern=NAME.pattern), "ledger")
PERSON_NAME = Argument("person", PERSON, "ledger")
PERSON_OPTIONAL = Argument("person", PERSON, "ledger", optional=True)
AMOUNT = Argument("amount", AMOUNT_FORM, "ledger")
AMOUNT_OPTIONAL = Argument("amount", AMOUNT_FORM, "ledger", optional=True)
MONEY_ACCOUNT = Argument("money", CODE_FORM, "ledger")
DATE_OPTIONAL = Argument("date", DATE_FORM, "ledger", optional=True)
PERIOD_NAME = Argument("period", MONTH_FORM, "ledger")
PERIOD_OPTIONAL = Argument("period", MONTH_FORM, "ledger", optional=True)
UNTIL_PERIOD = Argument("until", MONTH_FORM, "ledger", optional=True)
SHEET_OPTIONAL = Argument("sheet", Integer(1, SHEETS_MAX), "ledger", optional=True)
NUMBER = Argument("number", Integer(1, NUMBER_MAX), "ledger")
YEAR = Argument("year", Integer(YEAR_LEAST, YEAR_MOST), "ledger")
YEAR_OPTIONAL = Argument("year", Integer(YEAR_LEAST, YEAR_MOST), "ledger", optional=True)
START = Argument("from", DATE_FORM, "ledger")
CATEGORY_OPTIONAL = Argument("category", CODE_FORM, "ledger", optional=True)
BASE_OPTIONAL = Argument("base", BASE_FORM, "ledger", optional=True)
CODE = Argument("account", CODE_FORM, "ledger")
CODE_OPTIONAL = Argument("account", CODE_FORM, "ledger", optional=True)
TO_CODE = Argument("to", CODE_FORM, "ledger")
TYPE = Argument("type", CODE_FORM, "ledger")
LEAST_OPTIONAL = Argument("least", Integer(-AMOUNT_MAX, AMOUNT_MAX), "ledger", optional=True)
TITLE_EN = Argument("title_en", TEXT_FORM, "ledger")
TITLE_ZH = Argument("title_zh", TEXT_FORM, "ledger")
WORDS = Argument("text", TEXT_FORM, "ledger")
WORDS_OPTIONAL = Argument("text", TEXT_FORM, "ledger", optional=True)
REASON = Argument("reason", TEXT_FORM, "ledger")
REFERENCE_OPTIONAL = Argument("reference", TEXT_FORM, "ledger", optional=True)
BASIS_OPTIONAL = Argument("basis", TEXT_FORM, "ledger", optional=True)
BODY_OPTIONAL = Argument("body", Detached(), "unit", optional=True)
FUND = Argument("fund", CODE_FORM, "ledger")
RECEIPTS = Argument("receipts", ListOf(HashValue(), RECEIPTS_MAX, distinct=True), "ledger")
PAYMENTS = Argument(
    "lines", Rows((("person", PERSON), ("amount", AMOUNT_FORM), ("reference", TEXT_FORM)), 2, MEMBERS_MAX), "ledger"
)
STANDINGS = Argument(
    "lines", Rows((("person", PERSON), ("category", CODE_FORM), ("base", BASE_FORM)), 2, MEMBERS_MAX), "ledger"
)


def text_of(arguments: Arguments, name: str) -> str | None:
    """A text that may be left out."""
    return arguments.text(name) if name in arguments else None


def integer_of(arguments: Arguments, name: str) -> int | None:
    """A number that may be left out."""
    return arguments.integer(name) if name in arguments else None
