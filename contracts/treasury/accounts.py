"""The accounts of a unit's books: what each is called, on which side it grows, and below what it must not go.

Owns the standard chart that all books begin with, and the form of an account. Never posts anything. A balance counts
debits as positive and credits as negative, whatever the account: so all balances of a unit add up to zero. What people
call the balance of an account is `natural`. Source: docs/reference/treasury.md, "Accounts".
"""

from dataclasses import dataclass

from contracts.packs.words import Words
from ledger.encoding import Value
from ledger.errors import DecodingError

MONEY = "money"
ASSET = "asset"
LIABILITY = "liability"
INCOME = "income"
EXPENSE = "expense"
FUND = "fund"

# On which side an account of the type grows: debits are positive.
_SIGN = {MONEY: 1, ASSET: 1, EXPENSE: 1, LIABILITY: -1, INCOME: -1, FUND: -1}
# What begins anew with every year.
YEARLY_TYPES = frozenset((INCOME, EXPENSE))
# What a unit can add to its chart; there is one fund.
ADDED_TYPES = (MONEY, ASSET, LIABILITY, INCOME, EXPENSE)
# Nobody has less than nothing, or owes it. Income and expenses may turn: a reversal of last year's does that.
_LEAST = {MONEY: 0, ASSET: 0, LIABILITY: 0}

BANK = "bank"
CASH = "cash"
APP = "app"
RECEIVABLE = "dues-receivable"
DUES_IN_TRANSIT = "dues-in-transit"
GIFTS_IN_TRANSIT = "gifts-in-transit"
ADVANCE = "dues-advance"
DUES_PAYABLE = "dues-payable"
GIFTS_PAYABLE = "gifts-payable"
DUES_INCOME = "dues-income"
RECEIVED_INCOME = "received-income"
GIFTS_INCOME = "gifts-income"
OTHER_INCOME = "other-income"
DUES_REMITTED = "dues-remitted"
DUES_WAIVED = "dues-waived"
SPENDING = "spending"
THE_FUND = "fund"

# What operations of their own post to, and nothing else: else who owes, who paid and what went up the tree
# would not agree with the accounts any more.
KEPT = frozenset((DUES_INCOME, RECEIVED_INCOME, GIFTS_INCOME, DUES_REMITTED, DUES_WAIVED))

# The whole chart stands in one record, beside the results of open years.
ACCOUNTS_MAX = 40


@dataclass(frozen=True, slots=True)
class Account:
    """An account; `least` is the lower limit of its natural balance, None for none. `title`: of one that was added."""

    type: str
    balance: int = 0
    least: int | None = None
    title: Words | None = None

    @property
    def natural(self) -> int:
        """The balance on the side on which the account grows."""
        return _SIGN[self.type] * self.balance

    @property
    def is_yearly(self) -> bool:
        """Whether it begins anew with every year."""
        return self.type in YEARLY_TYPES

    def to_value(self) -> dict[str, Value]:
        """As it stands in the books."""
        value: dict[str, Value] = {"balance": self.balance, "type": self.type}
        if self.least is not None:
            value["least"] = self.least
        return value if self.title is None else value | {"title": self.title.to_value()}

    @classmethod
    def from_value(cls, value: Value) -> "Account":
        """The account in a book's record.

        Raises:
            DecodingError: no account.
        """
        match value:
            case {"balance": int(balance), "type": str(kind), **more} if kind in _SIGN:
                least, title = more.get("least"), more.get("title")
                words = Words(str(title.get("en")), str(title.get("zh"))) if isinstance(title, dict) else None
                return cls(kind, balance, least if isinstance(least, int) else None, words)
        raise DecodingError("an account in the books is malformed")


def added_account(kind: str, title: Words, least: int | None) -> Account:
    """An account of one of `ADDED_TYPES`, empty."""
    return Account(kind, 0, _LEAST.get(kind) if least is None else least, title)


_CHART = (
    (BANK, MONEY, "Bank account", "银行存款"),
    (CASH, MONEY, "Cash", "库存现金"),
    (APP, MONEY, "Payment app", "支付平台余额"),
    (RECEIVABLE, ASSET, "Dues owed by members", "应收党费(会费)"),
    (DUES_IN_TRANSIT, ASSET, "Dues on their way up", "上缴途中的党费(会费)"),
    (GIFTS_IN_TRANSIT, ASSET, "Gifts on their way up", "上缴途中的捐款"),
    (ADVANCE, LIABILITY, "Dues paid in advance", "预收党费(会费)"),
    (DUES_PAYABLE, LIABILITY, "Dues to be remitted", "应上缴的党费(会费)"),
    (GIFTS_PAYABLE, LIABILITY, "Gifts to be remitted", "应上缴的捐款"),
    (DUES_INCOME, INCOME, "Dues", "党费(会费)收入"),
    (RECEIVED_INCOME, INCOME, "Dues received from below", "下级上缴收入"),
    (GIFTS_INCOME, INCOME, "Gifts", "捐款收入"),
    (OTHER_INCOME, INCOME, "Other income", "其他收入"),
    (DUES_REMITTED, EXPENSE, "Dues remitted", "上缴支出"),
    (DUES_WAIVED, EXPENSE, "Dues reduced or waived", "减免的党费(会费)"),
    (SPENDING, EXPENSE, "Spending", "活动及其他支出"),
    (THE_FUND, FUND, "Balance brought forward", "历年结余"),
)
TITLES = {code: Words(en, zh) for code, _kind, en, zh in _CHART}


def standard_accounts() -> dict[str, Account]:
    """The chart that all books begin with, empty."""
    return {code: Account(kind, 0, _LEAST.get(kind)) for code, kind, _en, _zh in _CHART}
