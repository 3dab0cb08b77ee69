"""Why the contract `treasury` refuses: the codes and texts, in one place. Never decides anything."""

from contracts.errors import Reason

NOT_OPEN = Reason("treasury.not-open", "the unit {unit} keeps no books yet; `treasury.open` opens them")
OPEN_ALREADY = Reason("treasury.open-already", "the unit {unit} keeps books already")
PACK_UNKNOWN = Reason("treasury.pack-unknown", "no pack {pack} with a table of dues is in force")
ACCOUNT_UNKNOWN = Reason("treasury.account-unknown", "the books of {unit} have no account {account} that fits here")
ACCOUNTS_FULL = Reason("treasury.accounts-full", "the books of {unit} have {count} accounts, the most there can be")
ACCOUNT_TYPE = Reason("treasury.account-type", "the account {account} of {unit} is of the type {type} and stays so")
BELOW_LIMIT = Reason(
    "treasury.below-limit",
    "the account {account} of {unit} would stand at {balance} (in fen) and must not go below {least}",
)
TOO_LARGE = Reason("treasury.too-large", "the account {account} of {unit} would hold more than {limit} (in fen)")
UNBALANCED = Reason(
    "treasury.unbalanced",
    "this would leave the books of {unit} out of balance ({what}); nothing was done; please report it, it is a fault of"
    " the program",
)
YEAR_CLOSED = Reason(
    "treasury.year-closed", "the year {year} of the books of {unit} is closed; post it with a date of a later year"
)
YEAR_UNKNOWN = Reason("treasury.year-unknown", "the books of {unit} begin with the year {first}, not with {year}")
YEAR_NOT_OVER = Reason("treasury.year-not-over", "the year {year} is not over yet; it can be closed from {date} on")
YEAR_ORDER = Reason("treasury.year-order", "the year {first} of the books of {unit} is to be closed before {year}")
YEARS_OPEN = Reason("treasury.years-open", "the year {first} of the books of {unit} is still open; close it first")
DATE_AHEAD = Reason("treasury.date-ahead", "{date} is still to come; what is entered has happened")
PERIOD = Reason("treasury.period", "{period} is no month that can be meant here; write 2026-03 for March 2026")
PERIOD_AHEAD = Reason("treasury.period-ahead", "the month {period} has not begun yet")
NOT_ON_ROLL = Reason(
    "treasury.not-on-roll", "{person} is not on the roll of {unit}; `treasury.standing` puts people on it"
)
OWN_STANDING = Reason(
    "treasury.own-standing",
    "nobody changes by their own office what they owe; another keeper of the books of {unit}, or an administrator, does"
    " it for {person}",
)
PERSON_UNKNOWN = Reason("treasury.person-unknown", "nobody has enrolled the person {person}")
ROLL_FULL = Reason("treasury.roll-full", "the roll of {unit} has {count} people, the most there can be")
CATEGORY_UNKNOWN = Reason(
    "treasury.category-unknown", "the table of dues has no category {category} on {date}; there are {known}"
)
BASE_WANTED = Reason("treasury.base-wanted", "the dues of {person} ({category}) are a share of a base; give it")
BASE_NOT_WANTED = Reason("treasury.base-not-wanted", "everybody of the category {category} owes the same; give no base")
AMOUNT_RANGE = Reason(
    "treasury.amount-range", "for the category {category}, an amount from {least} to {most} (in fen) is agreed on"
)
NOTHING_TO_ASSESS = Reason(
    "treasury.nothing-to-assess", "everybody on sheet {sheet} of {unit} who owes for {period} is assessed already"
)
SHEET_UNKNOWN = Reason("treasury.sheet-unknown", "the roll of {unit} has no sheet {sheet}")
OPEN_TOO_MANY = Reason(
    "treasury.open-too-many", "{count} sheets of {unit} are not settled, the most there can be; settle older ones first"
)
NOT_ASSESSED = Reason(
    "treasury.not-assessed", "{person} has no line in {unit} for {period}; `treasury.assess` makes it"
)
STANDING_FORGOTTEN = Reason(
    "treasury.standing-forgotten",
    "the roll of {unit} knows what {person} owes by from {date} on; what it said before stands in the log alone",
)
NOTHING_TO_CORRECT = Reason(
    "treasury.nothing-to-correct",
    "{person} owes for {period} in {unit} what the roll says; change their standing first",
)
NOTHING_OWED = Reason("treasury.nothing-owed", "{person} owes nothing in {unit} for {period}")
MORE_THAN_OWED = Reason(
    "treasury.more-than-owed", "{person} owes {open} (in fen) in {unit} for {period}, less than {amount}"
)
ARREARS_OLD = Reason(
    "treasury.arrears-old",
    "{person} owes for {period}, more than {limit} months ago; give the unit's decision to take it as `basis`, or"
    " name another `period`",
)
EFFECTS_TOO_MANY = Reason("treasury.effects-too-many", "more than {limit} dues would change at once; split it up")
LINE_TWICE = Reason("treasury.line-twice", "{person} stands in two lines; add them up")
REQUEST_UNKNOWN = Reason(
    "treasury.request-unknown", "the unit {unit} has no request {number}; see `banyan list treasury-request`"
)
REQUEST_ENDED = Reason("treasury.request-ended", "the request {number} of {unit} is {state} already")
OWN_REQUEST = Reason("treasury.own-request", "nobody approves what they asked for, or what is for themselves")
APPROVED_ALREADY = Reason("treasury.approved-already", "the sender approved the request {number} of {unit} already")
NOT_REQUESTER = Reason("treasury.not-requester", "only who made the request {number} of {unit} can withdraw it")
NUMBERS_FULL = Reason("treasury.numbers-full", "the books of {unit} have used up their numbers")
SPAN_TOO_LONG = Reason("treasury.span", "a reduction is for 1 to {limit} months, and does not end before it begins")
REDUCTIONS_FULL = Reason("treasury.reductions-full", "{person} has {count} reductions to come, the most there can be")
ADVANCE_LESS = Reason(
    "treasury.advance-less", "{person} has {advance} (in fen) paid in advance in {unit}, less than {amount}"
)
STILL_ACTIVE = Reason("treasury.still-active", "the unit {unit} is active; its books are its own")
NOT_SETTLED = Reason(
    "treasury.not-settled",
    "in the books of {unit}, dues are still open or paid in advance, or money is on its way; settle that first",
)
NOTHING_LEFT = Reason("treasury.nothing-left", "nothing is left in the books of {unit}, or no unit could have it")
ENTRY_UNKNOWN = Reason("treasury.entry-unknown", "the books of {unit} have no entry {number}")
REVERSED_ALREADY = Reason("treasury.reversed-already", "the entry {number} of {unit} is reversed already, by {by}")
NOT_REVERSIBLE = Reason("treasury.not-reversible", "the entry {number} of {unit} ({what}) cannot be reversed")
USED_SINCE = Reason(
    "treasury.used-since",
    "what the entry {number} of {unit} did for {person} is built upon since; reverse the later entries first",
)
NO_PARENT = Reason("treasury.no-parent", "no unit is above {unit}; nothing is remitted from there")
NOT_OWED_ABOVE = Reason(
    "treasury.not-owed-above", "the unit {unit} has {payable} (in fen) to remit, less than {amount}"
)
REMITTANCE_UNKNOWN = Reason(
    "treasury.remittance-unknown", "the unit {unit} has no remittance {number}; see `banyan list remittance`"
)
REMITTANCE_ENDED = Reason("treasury.remittance-ended", "the remittance {number} of {unit} is {state} already")
REMITTANCE_AMOUNT = Reason(
    "treasury.remittance-amount",
    "the remittance {number} of {unit} is of {sent} (in fen), not {amount}; return it if something else arrived",
)

TREASURY_REASONS = tuple(one for one in list(globals().values()) if isinstance(one, Reason))
