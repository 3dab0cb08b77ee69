"""Packs as authors write them, for tests: a chess club, and local conventions on top of it."""

import tomllib
from typing import Any

from contracts.packs.gathering import Table
from contracts.packs.source import Compiled, compile_pack

PACK = """
[pack]
name = "chess-club"
version = 1
title = {en = "Chess club", zh = "棋社"}
summary = {en = "A club.", zh = "一个棋社。"}

[role.chair]
title = {en = "Chair", zh = "社长"}
summary = {en = "Leads the club.", zh = "领导棋社。"}

[role.member]
title = {en = "Member", zh = "社员"}
summary = {en = "Plays.", zh = "下棋。"}

[parameter.notice-days]
type = "integer"
title = {en = "Days of waiting", zh = "等待天数"}
article = "§ 3"
least = 7
most = 60
values = [{from = "2026-01-01", value = 14}]

[parameter.fee]
type = "money"
title = {en = "Fee", zh = "会费"}
values = [{from = "2026-01-01", value = "120.00"}, {from = "2027-01-01", value = "150.00"}]

[permission]
"units.appoint" = "role:chair"

[rule.majority]
expression = "yes * 2 > due"
text = {en = "{left} is not more than {right}", zh = "{left} 不大于 {right}"}
"""

TYPES = """
[type.club-member]
title = {en = "Membership", zh = "社籍"}
id = "person"
subject = "person"

[type.club-member.field.person]
type = "person"
class = "ledger"
required = true
title = {en = "Person", zh = "本人"}

[type.club-member.field.letter]
type = "text"
class = "members"
title = {en = "Letter", zh = "信"}

[type.club-member.field.fee]
type = "money"
class = "ledger"
least = "0.01"
title = {en = "Fee", zh = "会费"}

[type.club-member.field.until]
type = "date"
class = "ledger"
title = {en = "Until", zh = "截止"}

[type.club-member.state.applied]
title = {en = "Applied", zh = "已申请"}

[type.club-member.state.member]
title = {en = "Member", zh = "社员"}

[type.club-member.state.left]
title = {en = "Left", zh = "已退出"}
final = true

[type.club-member.transition.apply]
from = ""
to = "applied"
title = {en = "Apply", zh = "申请"}
by = "anyone"
sets = ["person", "letter", "fee"]
requires = ["fee"]
guards = ["enough"]
deadline = {days = "notice-days", then = "lapse"}

[type.club-member.transition.lapse]
from = "applied"
to = "left"
title = {en = "Lapse", zh = "过期"}
automatic = true

[type.club-member.transition.admit]
from = "applied"
to = "member"
title = {en = "Admit", zh = "接纳"}
by = ["role:chair", "administrator"]
minimum_stay_days = "notice-days"
guards = ["few"]
review = {actors = ["role:member", "role:chair"], count = 1, distinct = true}
vote = {electorate = "member", passes = "majority"}
effects = [
  {do = "appoint", role = "member", person = "person", until = "add_months(today, 12)"},
  {do = "count", counter = "admitted", by = "1"},
  {do = "set", field = "until", value = "add_months(today, 12)"},
]

[type.club-member.transition.leave]
from = ["member"]
to = "left"
title = {en = "Leave", zh = "退出"}
by = "self"
effects = [{do = "release", role = "member", person = "person"}]

[type.club-member.rule.enough]
expression = "fee >= parameter_fee"
text = {en = "the fee is {right}", zh = "会费是 {right}"}

[type.club-member.rule.few]
expression = 'role_count("member") < 100 and counter("admitted") < 1000'
text = {en = "the club is full", zh = "棋社已满"}
"""

LOCAL = """
[pack]
name = "north-club"
version = 1
base = "chess-club"
title = {en = "Northern club", zh = "北方棋社"}
summary = {en = "With local rules.", zh = "加上本地规定。"}

[parameter.notice-days]
values = [{from = "2026-01-01", value = 21}]

[rule.in-summer]
expression = "month_of(today) >= 6"
text = {en = "only from June", zh = "六月起"}

[type.club-member.transition.admit]
by = ["role:chair"]
guards = ["in-summer"]

[type.club-member.state.paused]
title = {en = "Paused", zh = "暂停"}

[type.club-member.transition.pause]
from = "member"
to = "paused"
title = {en = "Pause", zh = "暂停"}
by = "self"

[type.club-member.transition.resume]
from = "paused"
to = "member"
title = {en = "Resume", zh = "恢复"}
by = "self"
"""


def written(*replacements: tuple[str, str]) -> dict[str, Table]:
    """The club's files, each pair of texts replaced where it stands, once at least."""
    return {
        name: parsed(text) for name, text in replaced({"pack.toml": PACK, "types.toml": TYPES}, replacements).items()
    }


def local(*replacements: tuple[str, str]) -> dict[str, Table]:
    """The files of the pack on top of the club's."""
    return {name: parsed(text) for name, text in replaced({"pack.toml": LOCAL}, replacements).items()}


def replaced(texts: dict[str, str], replacements: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The texts with each pair replaced; one that is not there is a mistake of the test."""
    for old, new in replacements:
        assert any(old in text for text in texts.values()), old
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    return texts


def parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def compiled(*replacements: tuple[str, str]) -> Compiled:
    return compile_pack(written(*replacements))


def complaints(found: Compiled) -> list[str]:
    return [f"{fault.file}: {fault.path}: {fault}" for fault in found.faults]
