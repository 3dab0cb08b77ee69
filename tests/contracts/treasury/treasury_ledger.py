"""A branch below a district below a root, with books, members and a treasurer in each, for tests of the treasury."""

import tomllib
from functools import lru_cache
from typing import Any

from contracts.calendar.dates import DAY_MS, parse_date
from contracts.packs.pack import Pack
from contracts.packs.source import compile_pack
from contracts.result import CODE_OK, Result
from contracts.treasury.books import KIND_BOOKS, Books
from contracts.treasury.roll import KIND_ROLL, Roll, roll_id
from contracts.treasury.sheet import KIND_SHEET, Line, Sheet, sheet_id
from ledger.encoding import Value
from tests.contracts.organisation import Organisation
from tests.contracts.records.packs import put_in_force

PACK = """
[pack]
name = "party"
version = 1
title = {en = "Branch", zh = "支部"}
summary = {en = "Dues.", zh = "党费。"}

[role.treasurer]
title = {en = "Treasurer", zh = "组织委员"}
summary = {en = "Keeps the books.", zh = "管账。"}

[parameter.dues-remitted-percent]
type = "integer"
title = {en = "Percent remitted", zh = "上缴比例"}
values = [{from = "2000-01-01", value = 60}]

[parameter.spending-large-above]
type = "money"
title = {en = "Large spending", zh = "大额支出"}
values = [{from = "2000-01-01", value = "500.00"}]

[dues.category.wage]
title = {en = "Wage after tax", zh = "税后工资"}

[[dues.category.wage.rates]]
from = "2008-04-01"
bands = [
    {up_to = "3000.00", rate = "0.5%"},
    {up_to = "5000.00", rate = "1%"},
    {up_to = "10000.00", rate = "1.5%"},
    {rate = "2%"},
]

[dues.category.pension]
title = {en = "Pension", zh = "离退休费"}

[[dues.category.pension.rates]]
from = "2008-04-01"
bands = [{up_to = "5000.00", rate = "0.5%"}, {rate = "1%"}]

[dues.category.irregular]
title = {en = "Irregular income", zh = "不固定收入"}
average_months = 3

[[dues.category.irregular.rates]]
from = "2008-04-01"
bands = [
    {up_to = "3000.00", rate = "0.5%"},
    {up_to = "5000.00", rate = "1%"},
    {up_to = "10000.00", rate = "1.5%"},
    {rate = "2%"},
]

[dues.category.farmer]
title = {en = "Farmer", zh = "农民"}

[[dues.category.farmer.rates]]
from = "2008-04-01"
range = ["0.20", "1.00"]

[dues.category.student]
title = {en = "Student, unemployed, on relief", zh = "学生、下岗失业、领取低保"}

[[dues.category.student.rates]]
from = "2008-04-01"
amount = "0.20"

[[dues.category.student.rates]]
from = "2026-08-01"
amount = "0.30"
"""

ROOT, DISTRICT, BRANCH = "root", "district", "branch-1"
MEMBERS = ("ann", "bob", "cai", "dee", "eve")
WAGES = {"ann": 300_000, "bob": 500_000, "cai": 1_000_000}


@lru_cache(maxsize=4)
def party(text: str = PACK) -> Pack:
    found = compile_pack({"pack.toml": tomllib.loads(text)})
    assert found.pack is not None, [f"{fault.path}: {fault}" for fault in found.faults]
    return found.pack


class TreasuryLedger(Organisation):
    """The treasurer of every unit is `tess`, the secretary of the branch `sue`; the branch has five members."""

    def begin(self, pack: Pack | None = None) -> "TreasuryLedger":
        """Units, people and books; it is 20 September 2026, and everybody owes from 2026 on."""
        self.add_unit(ROOT)
        self.add_unit(DISTRICT, ROOT)
        self.add_unit(BRANCH, DISTRICT)
        for person in (*MEMBERS, "tess", "sue", "una"):
            self.add_person(person)
        for unit in (ROOT, DISTRICT, BRANCH):
            self.add_office(unit, "treasurer", "tess")
        self.add_office(BRANCH, "secretary", "sue")
        self.add_office(DISTRICT, "treasurer", "una")
        put_in_force(self, party() if pack is None else pack)
        for unit in (ROOT, DISTRICT, BRANCH):
            self.do("open", unit=unit, pack="party", year=2025)
        for person, wage in WAGES.items():
            self.do("standing", person=person, category="wage", base=wage, **{"from": "2026-01-01"})
        return self

    def ask(self, method: str, by: str = "tess", **arguments: Any) -> Result:
        """One operation in the branch, unless another unit is named."""
        return self.asked(f"treasury.{method}", {"unit": BRANCH} | arguments, by)

    def do(self, method: str, by: str = "tess", **arguments: Any) -> Result:
        """An operation that goes through."""
        result = self.ask(method, by, **arguments)
        assert result.code == CODE_OK, (method, result.code, result.details)
        return result

    def refused(self, method: str, by: str = "tess", **arguments: Any) -> str:
        """The code of an operation that is refused; nothing of the branch's is changed by it."""
        before = {key: value for key, value in self.state.items() if not key.startswith((b"sender\0", b"chain\0"))}
        code = self.ask(method, by, **arguments).code
        after = {key: value for key, value in self.state.items() if not key.startswith((b"sender\0", b"chain\0"))}
        assert before == after and code != CODE_OK
        return code

    def on(self, date: str) -> None:
        """Let the next block be at noon of a day, UTC."""
        self.at(parse_date(date) * DAY_MS + DAY_MS // 2)

    def books(self, unit: str = BRANCH) -> Books:
        return Books.from_fields(self.fields(KIND_BOOKS, unit))

    def balance(self, code: str, unit: str = BRANCH) -> int:
        """What people call the balance of an account."""
        return self.books(unit).accounts[code].natural

    def balances(self, unit: str = BRANCH) -> dict[str, int]:
        """The natural balances that are not nothing."""
        return {code: one.natural for code, one in self.books(unit).accounts.items() if one.balance}

    def sheet(self, month: int, number: int = 1) -> Sheet:
        return Sheet.from_fields(self.fields(KIND_SHEET, sheet_id(BRANCH, month, number)))

    def line(self, person: str, month: int) -> Line:
        return self.sheet(month).lines[person]

    def roll(self, number: int = 1) -> Roll:
        return Roll.from_fields(self.fields(KIND_ROLL, roll_id(BRANCH, number)))


def event(result: Result, name: str) -> dict[str, Value]:
    """The fields of the event of this name."""
    return next(one.fields for one in result.events if one.name == f"treasury.{name}")
