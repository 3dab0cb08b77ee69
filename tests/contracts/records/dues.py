"""A pack of tests with a periodic check: who pays dues, and who owes six months of them."""

from contracts.calendar.dates import day_of, start_ms
from contracts.packs.check import BEGIN_PURPOSE
from contracts.record import Record
from contracts.timers import first_timer
from tests.contracts.organisation import Organisation

UNIT = "branch-1"
OFFSET_MINUTES = 480
DUES = """
[pack]
name = "dues"
version = 1
title = {en = "Dues", zh = "党费"}
summary = {en = "Who pays.", zh = "谁交费。"}

[role.treasurer]
title = {en = "Treasurer", zh = "司库"}
summary = {en = "Keeps the money.", zh = "管理钱款。"}

[parameter.utc-offset-minutes]
type = "integer"
title = {en = "Offset from UTC", zh = "时差"}
least = -720
most = 840
values = [{from = "2020-01-01", value = 480}]

[type.payer]
title = {en = "Payer", zh = "交费人"}
id = "person"
subject = "person"

[type.payer.field.person]
type = "person"
class = "ledger"
required = true
title = {en = "Person", zh = "本人"}

[type.payer.field.paid_until]
type = "date"
class = "ledger"
required = true
title = {en = "Paid until", zh = "已交至"}

[type.payer.field.share]
type = "integer"
class = "ledger"
title = {en = "Share", zh = "份额"}

[type.payer.field.reminders]
type = "integer"
class = "ledger"
most = 3
title = {en = "Reminders", zh = "提醒次数"}

[type.payer.state.paying]
title = {en = "Paying", zh = "交费中"}

[type.payer.state.gone]
title = {en = "Gone", zh = "已离开"}
final = true

[type.payer.transition.begin]
from = ""
to = "paying"
title = {en = "Begin", zh = "开始"}
by = "administrator"
sets = ["person", "paid_until", "share"]

[type.payer.transition.pay]
from = "paying"
to = "paying"
title = {en = "Pay", zh = "交费"}
by = "administrator"
sets = ["paid_until"]

[type.payer.transition.go]
from = "paying"
to = "gone"
title = {en = "Go", zh = "离开"}
by = "role:treasurer"
review = {actors = ["administrator"], count = 1, distinct = true}

[type.payer.transition.remind]
from = "paying"
to = "paying"
title = {en = "Remind", zh = "提醒"}
automatic = true
guards = ["late"]
effects = [
  {do = "set", field = "reminders", value = "default(reminders, 0) + 1"},
  {do = "open-case", title = {en = "Six months", zh = "六个月"}, days = 30, person = "person"},
]

[type.payer.rule.late]
expression = "100 // default(share, 100) >= 1 and months_between(paid_until, today) >= 6"
text = {en = "owes {left} months", zh = "欠 {left} 个月"}

[type.payer.check.arrears]
title = {en = "Arrears", zh = "欠费检查"}
every = "monthly"
then = "remind"
"""


def first_moment(month: int) -> int:
    """The first moment of a month of 2027 in Beijing; 13 is January of the year after."""
    return start_ms(day_of(2027 + (month - 1) // 12, (month - 1) % 12 + 1, 1), OFFSET_MINUTES)


def begin(ledger: Organisation) -> None:
    """Let the checks of the newest pack begin, as they do after it was put in force."""
    versions = ledger.fields("record-type", "payer")["versions"]
    assert isinstance(versions, list) and isinstance(versions[-1], list)
    pack = versions[-1][1]
    assert isinstance(pack, bytes)
    key, fields = first_timer(pack, BEGIN_PURPOSE, {"pack": pack})
    ledger.state[key] = Record(1, fields).encode()
    effects = [one for one in ledger.execute().effects if one.purpose == BEGIN_PURPOSE]
    assert [one.code for one in effects] == ["ok"]
