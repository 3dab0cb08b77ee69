"""Money that goes up the tree: sent by one unit, received or returned by the one above.

Owns the records `remittance/<unit>/<number>` and the operations `treasury.remit`, `.receive` and `.return`. Invariants:
what one side sent is what the other received, to the fen, or it comes back whole; while it is on its way, it stands in
the sender's books as in transit. Source: docs/reference/treasury.md, "Remitting".
"""

from typing import NamedTuple

from contracts.arguments import Arguments
from contracts.authority.judgement import Subject, require
from contracts.context import Context
from contracts.errors import Refusal
from contracts.treasury.accounts import (
    DUES_IN_TRANSIT,
    DUES_PAYABLE,
    GIFTS_IN_TRANSIT,
    GIFTS_INCOME,
    GIFTS_PAYABLE,
    RECEIVED_INCOME,
)
from contracts.treasury.arguments import text_of
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.entry import (
    REMITTANCE_ARRIVED,
    REMITTANCE_RECEIVED,
    REMITTANCE_RETURNED,
    REMITTANCE_SENT,
)
from contracts.treasury.reasons import (
    ACCOUNT_UNKNOWN,
    NO_PARENT,
    NOT_OWED_ABOVE,
    NUMBERS_FULL,
    REMITTANCE_AMOUNT,
    REMITTANCE_ENDED,
    REMITTANCE_UNKNOWN,
)
from contracts.units.tree import parent_of
from ledger.encoding import Value

KIND_REMITTANCE = "remittance"
NUMBER_DIGITS = 6
STATE_SENT = "sent"
STATE_RECEIVED = "received"
STATE_RETURNED = "returned"
SENT = "treasury.remittance-sent"
ENDED = "treasury.remittance-ended"


class Fund(NamedTuple):
    """What is remitted: the account that it is owed on, and the one that it stands on while it is on its way."""

    payable: str
    in_transit: str


FUNDS = {"dues": Fund(DUES_PAYABLE, DUES_IN_TRANSIT), "gifts": Fund(GIFTS_PAYABLE, GIFTS_IN_TRANSIT)}


def remit(context: Context, arguments: Arguments) -> None:
    """Send the unit above what is owed to it, or a part."""
    unit, name, amount = arguments.text("unit"), arguments.text("fund"), arguments.integer("amount")
    require(context, Subject(unit))
    parent = parent_of(context, unit)
    if parent is None:
        raise Refusal(*NO_PARENT, unit=unit)
    work = Bookkeeping(context, unit)
    fund = FUNDS.get(name)
    if fund is None:
        raise Refusal(*ACCOUNT_UNKNOWN, unit=unit, account=name)
    money, accounts = work.money(arguments.text("money")), work.books.accounts
    payable = accounts[fund.payable].natural - accounts[fund.in_transit].natural
    if amount > payable:
        raise Refusal(*NOT_OWED_ABOVE, unit=unit, payable=payable, amount=amount)
    number = work.books.next_number("remittance")
    if number >= 10**NUMBER_DIGITS:
        raise Refusal(*NUMBERS_FULL, unit=unit)
    told = arguments.given(("reference",))
    day = work.day(text_of(arguments, "date"))
    lines = {fund.in_transit: amount, money: -amount}
    entry = work.post(REMITTANCE_SENT, day, lines, (), remittance=number, **told)
    fields: dict[str, Value] = {"amount": amount, "date": entry.date, "entry": entry.number, "fund": name}
    fields |= {"money": money, "number": number, "state": STATE_SENT, "to": parent, "unit": unit}
    context.create(KIND_REMITTANCE, remittance_id(unit, number), fields | told)
    work.finish()
    context.link(f"unit/{parent}")
    context.emit(SENT, {"amount": amount, "fund": name, "number": number, "to": parent, "unit": unit})


def receive(context: Context, arguments: Arguments) -> None:
    """Confirm, for the unit above, that a remittance arrived; the amount is the one that was sent."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    fields, amount, fund, receiver = _sent(context, unit, number)
    if arguments.integer("amount") != amount:
        raise Refusal(*REMITTANCE_AMOUNT, unit=unit, number=number, sent=amount, amount=arguments.integer("amount"))
    above, below = Bookkeeping(context, receiver), Bookkeeping(context, unit)
    money, day = above.money(arguments.text("money")), above.day(text_of(arguments, "date"))
    names: dict[str, Value] = {"remittance": number, "from_unit": unit}
    goes_on = parent_of(context, receiver) is not None
    if fund.payable == DUES_PAYABLE:
        lines = {money: amount, RECEIVED_INCOME: -amount} | (above.accrual(amount, day) if goes_on else {})
    else:
        lines = {money: amount, GIFTS_PAYABLE if goes_on else GIFTS_INCOME: -amount}
    received = above.post(REMITTANCE_RECEIVED, day, lines, (), **names)
    moved = {fund.payable: amount, fund.in_transit: -amount}
    arrived = below.post(REMITTANCE_ARRIVED, day, moved, (), remittance=number)
    above.finish()
    below.finish()
    ends: dict[str, Value] = {"arrived_entry": arrived.number, "received_entry": received.number}
    _end(context, unit, number, fields | ends, STATE_RECEIVED)


def return_(context: Context, arguments: Arguments) -> None:
    """Say, for the unit above, that a remittance did not arrive as it was sent: the sender has it again."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    fields, amount, fund, _receiver = _sent(context, unit, number)
    below = Bookkeeping(context, unit)
    money = fields["money"]
    assert isinstance(money, str)
    day = below.day(text_of(arguments, "date"))
    lines = {money: amount, fund.in_transit: -amount}
    reason: dict[str, Value] = {"reason": arguments.text("reason")}
    entry = below.post(REMITTANCE_RETURNED, day, lines, (), remittance=number, **reason)
    below.finish()
    _end(context, unit, number, fields | reason | {"returned_entry": entry.number}, STATE_RETURNED)


def remittance_id(unit: str, number: int) -> str:
    """The id of a remittance: the unit that sent it, a slash, the number in six digits."""
    return f"{unit}/{number:0{NUMBER_DIGITS}}"


def _sent(context: Context, unit: str, number: int) -> tuple[dict[str, Value], int, Fund, str]:
    """A remittance on its way: its fields, amount, fund, and the unit that it is for, in whose name the sender acts."""
    record = context.read(KIND_REMITTANCE, remittance_id(unit, number))
    if record is None:
        raise Refusal(*REMITTANCE_UNKNOWN, unit=unit, number=number)
    fields = record.fields
    receiver, state, amount, fund = fields["to"], fields["state"], fields["amount"], fields["fund"]
    assert isinstance(receiver, str) and isinstance(amount, int) and isinstance(fund, str) and isinstance(state, str)
    require(context, Subject(receiver))
    if state != STATE_SENT:
        raise Refusal(*REMITTANCE_ENDED, unit=unit, number=number, state=state)
    return fields, amount, FUNDS[fund], receiver


def _end(context: Context, unit: str, number: int, fields: dict[str, Value], state: str) -> None:
    context.put(KIND_REMITTANCE, remittance_id(unit, number), fields | {"state": state})
    context.emit(ENDED, {"number": number, "state": state, "to": fields["to"], "unit": unit})
