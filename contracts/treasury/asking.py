"""Asking to spend money, to reduce dues, to give an advance back; approving, refusing, withdrawing.

Owns the operations `treasury.spend`, `.reduce`, `.refund`, `.approve`, `.refuse` and `.withdraw`. Invariant: what needs
approval moves no account before the last approval; then it does so in the same transaction, or that approval is
refused. Source: docs/reference/treasury.md, "Requests".
"""

from contracts.arguments import Arguments
from contracts.authority.approver import find_approver
from contracts.authority.judgement import Subject, entitled, require
from contracts.context import Context
from contracts.errors import Refusal
from contracts.packs.sections.dues_parameters import (
    REDUCTION_APPROVALS,
    REFUND_APPROVALS,
    SPENDING_APPROVALS,
    SPENDING_LARGE_ABOVE,
    SPENDING_LARGE_APPROVALS,
)
from contracts.treasury.accounts import ADVANCE, DUES_WAIVED, EXPENSE, RECEIVABLE
from contracts.treasury.bookkeeping import Bookkeeping
from contracts.treasury.enrolling import link_people
from contracts.treasury.entry import ADVANCED, REDUCTION, REFUND, SPENDING, WAIVED, Effect, Entry
from contracts.treasury.month import months_apart, parse_month
from contracts.treasury.reasons import (
    ADVANCE_LESS,
    APPROVED_ALREADY,
    NOT_REQUESTER,
    NUMBERS_FULL,
    OWN_REQUEST,
    REDUCTIONS_FULL,
    SPAN_TOO_LONG,
)
from contracts.treasury.request import (
    KIND_REQUEST,
    NUMBER_DIGITS,
    STATE_DONE,
    STATE_REFUSED,
    STATE_WITHDRAWN,
    WHAT_REDUCTION,
    WHAT_REFUND,
    WHAT_SPENDING,
    Request,
    open_request,
)
from contracts.treasury.roll import REDUCTIONS_MAX, Member, Reduction
from contracts.units.tree import unit_subject
from ledger.encoding import Value
from ledger.hashing import Hash

REQUESTED = "treasury.requested"
APPROVED = "treasury.approved"
ENDED = "treasury.request-ended"
REFUNDED = "treasury.refunded"
# Reductions are looked at again every year.
REDUCTION_MONTHS_MAX = 12


def spend(context: Context, arguments: Arguments) -> None:
    """Ask to spend money, with the hashes of the receipts."""
    work = _begun(context, arguments, None)
    work.money(arguments.text("money"))
    work.chosen_account(arguments.text("account"), (EXPENSE,))
    amount, terms, today = arguments.integer("amount"), work.terms, work.today
    large = amount > terms.number(SPENDING_LARGE_ABOVE, today)
    needed = terms.number(SPENDING_LARGE_APPROVALS if large else SPENDING_APPROVALS, today)
    names = ("account", "amount", "body", "money", "person", "receipts", "text")
    _ask(work, WHAT_SPENDING, needed, arguments.given(names))


def reduce_dues(context: Context, arguments: Arguments) -> None:
    """Ask to waive somebody's dues of some months, or a part of each."""
    person = arguments.text("person")
    work = _begun(context, arguments, person)
    work.member(person)
    first = parse_month(arguments.text("period"))
    last = parse_month(arguments.text("until")) if "until" in arguments else first
    if not 0 <= months_apart(first, last) < REDUCTION_MONTHS_MAX:
        raise Refusal(*SPAN_TOO_LONG, limit=REDUCTION_MONTHS_MAX)
    needed = work.terms.number(REDUCTION_APPROVALS, work.today)
    _ask(work, WHAT_REDUCTION, needed, arguments.given(("amount", "body", "period", "person", "reason", "until")))


def refund(context: Context, arguments: Arguments) -> None:
    """Ask to give somebody back what they paid in advance, or a part of it."""
    person, amount = arguments.text("person"), arguments.integer("amount")
    work = _begun(context, arguments, person)
    work.money(arguments.text("money"))
    _roll, member = work.member(person)
    _check_advance(work, person, member, amount)
    needed = work.terms.number(REFUND_APPROVALS, work.today)
    _ask(work, WHAT_REFUND, needed, arguments.given(("amount", "money", "person", "reference")))


def approve(context: Context, arguments: Arguments) -> None:
    """Approve a request; the last approval that it takes lets it happen."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    require(context, Subject(unit))
    request = open_request(context, unit, number)
    _check_approver(context, request)
    request.approvals = [one for one in request.approvals if _is_entitled(context, unit, one)]
    request.approvals.append(context.sender.id)
    if len(request.approvals) < request.needed:
        context.put(KIND_REQUEST, request.id, request.to_fields())
        context.link(unit_subject(unit))
    else:
        work = Bookkeeping(context, unit)
        entry = _DOINGS[request.what](work, request)
        request.state = STATE_DONE
        request.more["entry"] = entry.number
        context.put(KIND_REQUEST, request.id, request.to_fields())
        work.finish()
        if request.person is not None:
            link_people(context, [request.person])
    context.emit(
        APPROVED,
        {"approvals": len(request.approvals), "needed": request.needed, "number": number, "unit": unit},
    )


def refuse(context: Context, arguments: Arguments) -> None:
    """Refuse a request, with the reason; whoever could approve it can."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    require(context, Subject(unit))
    request = open_request(context, unit, number)
    _check_approver(context, request)
    _end(context, request, STATE_REFUSED, {"reason": arguments.text("reason")})


def withdraw(context: Context, arguments: Arguments) -> None:
    """Withdraw one's own request."""
    unit, number = arguments.text("unit"), arguments.integer("number")
    request = open_request(context, unit, number)
    if request.account != context.sender.id:
        raise Refusal(*NOT_REQUESTER, unit=unit, number=number)
    _end(context, request, STATE_WITHDRAWN, {})


def _begun(context: Context, arguments: Arguments, person: str | None) -> Bookkeeping:
    unit = arguments.text("unit")
    require(context, Subject(unit, person))
    return Bookkeeping(context, unit)


def _ask(work: Bookkeeping, what: str, needed: int, wanted: dict[str, Value]) -> None:
    context, number = work.context, work.books.next_number("request")
    if number >= 10**NUMBER_DIGITS:
        raise Refusal(*NUMBERS_FULL, unit=work.unit)
    request = Request(work.unit, number, what, context.sender.id, needed, wanted)
    context.create(KIND_REQUEST, request.id, request.to_fields())
    work.finish()
    if request.person is not None:
        link_people(context, [request.person])
    context.emit(REQUESTED, {"needed": needed, "number": number, "unit": work.unit, "what": what})


def _check_approver(context: Context, request: Request) -> None:
    sender = context.sender
    if sender.id == request.account or (request.person is not None and sender.person == request.person):
        raise Refusal(*OWN_REQUEST)
    if sender.id in request.approvals:
        raise Refusal(*APPROVED_ALREADY, unit=request.unit, number=request.number)


def _is_entitled(context: Context, unit: str, account: Hash) -> bool:
    """Whether who approved earlier could approve now: an office or an account may have ended since."""
    member = find_approver(context, account)
    return member is not None and entitled(context, Subject(unit), member) is not None


def _end(context: Context, request: Request, state: str, told: dict[str, Value]) -> None:
    request.state = state
    request.more |= {"ended_by": context.sender.id} | told
    context.put(KIND_REQUEST, request.id, request.to_fields())
    context.link(unit_subject(request.unit))
    context.emit(ENDED, {"number": request.number, "state": state, "unit": request.unit})


def _do_spending(work: Bookkeeping, request: Request) -> Entry:
    match request.wanted:
        case {"account": str(account), "amount": int(amount), "money": str(money)}:
            told = {name: value for name, value in request.wanted.items() if name in ("person", "receipts", "text")}
            return work.post(
                SPENDING, work.today, {account: amount, money: -amount}, (), request=request.number, **told
            )
    raise AssertionError("a request to spend says what, how much and from where")


def _do_reduction(work: Bookkeeping, request: Request) -> Entry:
    """Waive what is owed for these months already, and remember it for those that are still to be assessed."""
    wanted = request.wanted
    person, period, amount = wanted["person"], wanted["period"], wanted.get("amount")
    assert isinstance(person, str) and isinstance(period, str) and (amount is None or isinstance(amount, int))
    until = wanted.get("until", period)
    assert isinstance(until, str)
    first, last = parse_month(period), parse_month(until)
    roll, member = work.member(person)
    effects = []
    for month in work.books.open.get(roll.number, []):
        if first <= month <= last:
            owed = work.sheet(month, roll.number).open_of(person)
            waived = owed if amount is None else min(owed, amount)
            if waived:
                effects.append(Effect(WAIVED, person, month, roll.number, waived))
                work.apply(effects[-1])
    # Those of long ago are of no use any more: their months are assessed.
    member.reductions = [one for one in member.reductions if months_apart(one.last, first) < REDUCTION_MONTHS_MAX]
    if len(member.reductions) >= REDUCTIONS_MAX:
        raise Refusal(*REDUCTIONS_FULL, person=person, count=len(member.reductions))
    member.reductions.append(Reduction(first, last, amount))
    work.touch(roll)
    total = sum(effect.amount for effect in effects)
    lines = {DUES_WAIVED: total, RECEIVABLE: -total}
    told: dict[str, Value] = {"period": period, "person": person, "request": request.number, "until": until}
    return work.post(REDUCTION, work.today, lines, effects, **(told if amount is None else told | {"amount": amount}))


def _do_refund(work: Bookkeeping, request: Request) -> Entry:
    """Give back what is still there: since it was asked for, dues may have been settled out of it."""
    match request.wanted:
        case {"amount": int(amount), "money": str(money), "person": str(person), **more}:
            roll, member = work.member(person)
            _check_advance(work, person, member, amount)
            effect = Effect(ADVANCED, person, 0, roll.number, -amount)
            work.apply(effect)
            lines = {ADVANCE: amount, money: -amount}
            entry = work.post(REFUND, work.today, lines, (effect,), request=request.number, **more)
            work.context.emit(REFUNDED, {"amount": amount, "entry": entry.number, "unit": work.unit})
            return entry
    raise AssertionError("a request to give back says what, to whom and from where")


def _check_advance(work: Bookkeeping, person: str, member: Member, amount: int) -> None:
    if amount > member.advance:
        raise Refusal(*ADVANCE_LESS, unit=work.unit, person=person, advance=member.advance, amount=amount)


# What the last approval lets happen.
_DOINGS = {WHAT_REDUCTION: _do_reduction, WHAT_REFUND: _do_refund, WHAT_SPENDING: _do_spending}
