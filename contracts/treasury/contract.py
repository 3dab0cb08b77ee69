"""The contract `treasury`: what it declares. Owns the list of its operations, who may do them, events and refusals.

Source: docs/reference/treasury.md; docs/adr/0024-treasury.md.
"""

from contracts.contract import Contract, Operation
from contracts.treasury import arguments as a
from contracts.treasury.asking import (
    APPROVED,
    ENDED,
    REFUNDED,
    REQUESTED,
    approve,
    reduce_dues,
    refund,
    refuse,
    spend,
    withdraw,
)
from contracts.treasury.assessing import ASSESSED, assess
from contracts.treasury.books import KIND_BOOKS
from contracts.treasury.closing import CLOSED, KIND_CLOSING, close_year
from contracts.treasury.correcting import CORRECTED, correct
from contracts.treasury.enrolling import STANDING_SET, set_standing, set_standings
from contracts.treasury.entry import KIND_ENTRY
from contracts.treasury.handing_over import HANDED, hand_over
from contracts.treasury.moving import GIFT_ENTERED, MOVED, give, move, receive_income
from contracts.treasury.opening import ACCOUNT_SET, OPENED, follow, open_books, set_account
from contracts.treasury.paying import PAYMENT_ENTERED, pay, pay_batch
from contracts.treasury.reasons import TREASURY_REASONS
from contracts.treasury.remitting import ENDED as REMITTANCE_ENDED
from contracts.treasury.remitting import KIND_REMITTANCE, SENT, receive, remit, return_
from contracts.treasury.request import KIND_REQUEST
from contracts.treasury.reversing import REVERSED, reverse
from contracts.treasury.roll import KIND_ROLL
from contracts.treasury.sheet import KIND_SHEET

# Packs name these offices, and give the operations to further ones.
_KEEPERS = ("role:treasurer", "administrator")
_APPROVERS = ("role:secretary", "role:treasurer@parent", "administrator")
_OPENERS = ("role:treasurer", "role:treasurer@parent", "administrator")

_PAYMENT = (a.MONEY_ACCOUNT, a.DATE_OPTIONAL, a.PERIOD_OPTIONAL, a.REFERENCE_OPTIONAL, a.BASIS_OPTIONAL)

_OPERATIONS = (
    Operation(
        "open",
        "Open the books of a unit, by the table of dues of a pack",
        (a.UNIT, a.PACK, a.YEAR_OPTIONAL),
        open_books,
        actors=_OPENERS,
    ),
    Operation(
        "follow",
        "Go by the table of dues of another pack from now on",
        (a.UNIT, a.PACK),
        follow,
        actors=("administrator",),
    ),
    Operation(
        "account",
        "Add an account to a unit's books, or change one's title and lower limit",
        (a.UNIT, a.CODE, a.TYPE, a.TITLE_EN, a.TITLE_ZH, a.LEAST_OPTIONAL),
        set_account,
        actors=_OPENERS,
    ),
    Operation(
        "standing",
        "Put somebody on the roll of dues, change their base, or end it",
        (a.UNIT, a.PERSON_NAME, a.START, a.CATEGORY_OPTIONAL, a.BASE_OPTIONAL),
        set_standing,
        actors=_KEEPERS,
    ),
    Operation(
        "standings",
        "Put up to 60 people on the roll of dues, or change their bases",
        (a.UNIT, a.START, a.STANDINGS),
        set_standings,
        actors=_KEEPERS,
    ),
    Operation(
        "assess",
        "Enter what everybody on a sheet of the roll owes for a month",
        (a.UNIT, a.PERIOD_NAME, a.SHEET_OPTIONAL),
        assess,
        actors=_KEEPERS,
    ),
    Operation(
        "pay", "Enter dues that somebody paid", (a.UNIT, a.PERSON_NAME, a.AMOUNT, *_PAYMENT), pay, actors=_KEEPERS
    ),
    Operation(
        "pay-batch", "Enter dues that many members paid", (a.UNIT, a.PAYMENTS, *_PAYMENT), pay_batch, actors=_KEEPERS
    ),
    Operation(
        "refund",
        "Ask to give somebody back what they paid in advance",
        (a.UNIT, a.PERSON_NAME, a.AMOUNT, a.MONEY_ACCOUNT, a.REFERENCE_OPTIONAL),
        refund,
        actors=_KEEPERS,
    ),
    Operation(
        "gift",
        "Enter a gift; a large one goes to the topmost unit",
        (a.UNIT, a.AMOUNT, a.MONEY_ACCOUNT, a.PERSON_OPTIONAL, a.DATE_OPTIONAL, a.REFERENCE_OPTIONAL, a.WORDS_OPTIONAL),
        give,
        actors=_KEEPERS,
    ),
    Operation(
        "receive-income",
        "Enter other money that came in",
        (a.UNIT, a.AMOUNT, a.MONEY_ACCOUNT, a.CODE, a.DATE_OPTIONAL, a.REFERENCE_OPTIONAL, a.WORDS_OPTIONAL),
        receive_income,
        actors=_KEEPERS,
    ),
    Operation(
        "move",
        "Enter that money went from one account of a unit to another",
        (a.UNIT, a.AMOUNT, a.MONEY_ACCOUNT, a.TO_CODE, a.DATE_OPTIONAL, a.REFERENCE_OPTIONAL, a.WORDS_OPTIONAL),
        move,
        actors=_KEEPERS,
    ),
    Operation(
        "spend",
        "Ask to spend money, with the hashes of the receipts",
        (a.UNIT, a.AMOUNT, a.MONEY_ACCOUNT, a.CODE, a.WORDS, a.RECEIPTS, a.PERSON_OPTIONAL, a.BODY_OPTIONAL),
        spend,
        actors=_KEEPERS,
    ),
    Operation(
        "reduce",
        "Ask to reduce or waive somebody's dues of some months",
        (a.UNIT, a.PERSON_NAME, a.PERIOD_NAME, a.REASON, a.UNTIL_PERIOD, a.AMOUNT_OPTIONAL, a.BODY_OPTIONAL),
        reduce_dues,
        actors=("self", *_KEEPERS),
    ),
    Operation(
        "approve", "Approve a request to spend, reduce or refund", (a.UNIT, a.NUMBER), approve, actors=_APPROVERS
    ),
    Operation(
        "refuse", "Refuse a request to spend, reduce or refund", (a.UNIT, a.NUMBER, a.REASON), refuse, actors=_APPROVERS
    ),
    Operation("withdraw", "Withdraw one's own request", (a.UNIT, a.NUMBER), withdraw, actors=("anyone",)),
    Operation(
        "remit",
        "Send dues or gifts to the unit above",
        (a.UNIT, a.FUND, a.AMOUNT, a.MONEY_ACCOUNT, a.DATE_OPTIONAL, a.REFERENCE_OPTIONAL),
        remit,
        actors=_KEEPERS,
    ),
    Operation(
        "receive",
        "Confirm, for the unit above, that a remittance arrived",
        (a.UNIT, a.NUMBER, a.AMOUNT, a.MONEY_ACCOUNT, a.DATE_OPTIONAL),
        receive,
        actors=_KEEPERS,
    ),
    Operation(
        "return",
        "Say, for the unit above, that a remittance did not arrive as it was sent",
        (a.UNIT, a.NUMBER, a.REASON, a.DATE_OPTIONAL),
        return_,
        actors=_KEEPERS,
    ),
    Operation(
        "correct",
        "Let somebody owe for a month what the roll says now",
        (a.UNIT, a.PERSON_NAME, a.PERIOD_NAME),
        correct,
        actors=_KEEPERS,
    ),
    Operation("reverse", "Take back what an entry did", (a.UNIT, a.NUMBER, a.REASON), reverse, actors=_KEEPERS),
    Operation(
        "hand-over",
        "Let the unit that takes the place of one that is over have what is left in its books",
        (a.UNIT,),
        hand_over,
        actors=_KEEPERS,
    ),
    Operation("close", "Close a year of a unit's books", (a.UNIT, a.YEAR), close_year, actors=_KEEPERS),
)

TREASURY = Contract(
    name="treasury",
    summary="Books of units: dues, payments, gifts, spending, remittances",
    kinds=frozenset((KIND_BOOKS, KIND_CLOSING, KIND_ENTRY, KIND_REMITTANCE, KIND_REQUEST, KIND_ROLL, KIND_SHEET)),
    events=frozenset(
        (
            ACCOUNT_SET,
            APPROVED,
            ASSESSED,
            CLOSED,
            CORRECTED,
            ENDED,
            GIFT_ENTERED,
            HANDED,
            MOVED,
            OPENED,
            PAYMENT_ENTERED,
            REFUNDED,
            REMITTANCE_ENDED,
            REQUESTED,
            REVERSED,
            SENT,
            STANDING_SET,
        )
    ),
    reasons=TREASURY_REASONS,
    operations=_OPERATIONS,
)
