"""A pack of a reading circle with an index, and records of its units written straight into a state."""

from contracts.calendar.dates import DAY_MS, parse_date
from contracts.indices.section import IndexSection
from contracts.packs.pack import Pack
from contracts.record import Record, record_key
from ledger.encoding import Value
from tests.contracts.records.packs import compiled

CIRCLE = """
[pack]
name = "circle"
version = 1
title = {en = "Reading circle", zh = "读书会"}
summary = {en = "Evenings and talks.", zh = "聚会与谈话。"}

[role.member]
title = {en = "Member", zh = "成员"}
summary = {en = "Reads.", zh = "读书。"}

[parameter.weight-talks]
type = "integer"
title = {en = "Weight of talks", zh = "谈话的权重"}
values = [{from = "2026-01-01", value = 1}, {from = "2026-07-01", value = 3}]

[parameter.utc-offset-minutes]
type = "integer"
title = {en = "Offset from UTC", zh = "时差"}
least = -720
most = 840
values = [{from = "2020-01-01", value = 480}]

[type.evening]
title = {en = "Evening", zh = "聚会"}
article = "1"
id = "number"
[type.evening.field.held_on]
type = "date"
class = "public"
required = true
title = {en = "Day", zh = "日期"}
[type.evening.field.guests]
type = "integer"
class = "public"
title = {en = "Guests", zh = "来宾"}
[type.evening.field.room]
type = "text"
class = "public"
title = {en = "Room", zh = "地点"}
[type.evening.field.notes]
type = "text"
class = "members"
title = {en = "Notes", zh = "笔记"}
[type.evening.state.planned]
title = {en = "Planned", zh = "已计划"}
[type.evening.state.held]
title = {en = "Held", zh = "已举行"}
final = true
[type.evening.transition.plan]
from = ""
to = "planned"
title = {en = "Plan", zh = "计划"}
by = "role:member"
sets = ["held_on", "guests", "room", "notes"]
[type.evening.transition.hold]
from = "planned"
to = "held"
title = {en = "Hold", zh = "举行"}
by = "role:member"

[type.talk]
title = {en = "Talk", zh = "谈话"}
article = "2"
id = "number"
subject = "person"
[type.talk.field.person]
type = "person"
class = "public"
required = true
title = {en = "With", zh = "对象"}
[type.talk.state.held]
title = {en = "Held", zh = "已进行"}
final = true
[type.talk.transition.hold]
from = ""
to = "held"
title = {en = "Hold", zh = "进行"}
by = "role:member"
sets = ["person"]

[index.lively]
title = {en = "How lively it is", zh = "活跃度"}
summary = {en = "Evenings and talks in a quarter.", zh = "一个季度的聚会与谈话。"}
article = "3"
every = "quarterly"
population = "member"
[index.lively.input.evenings]
title = {en = "Evenings held", zh = "已举行的聚会"}
count = "records"
kind = "evening"
states = ["held"]
on = "held_on"
where = 'default(room, "") != "cellar"'
[index.lively.input.guests]
title = {en = "Guests", zh = "来宾人数"}
count = "records"
kind = "evening"
states = ["held"]
on = "held_on"
sum = "guests"
[index.lively.input.months]
title = {en = "Months", zh = "月数"}
count = "periods"
every = "monthly"
[index.lively.input.talks]
title = {en = "Talks", zh = "谈话"}
count = "records"
kind = "talk"
[index.lively.input.members]
title = {en = "Members", zh = "成员数"}
count = "holders"
role = "member"
[index.lively.term.evenings]
title = {en = "An evening a month", zh = "每月一次聚会"}
article = "3 (1)"
weight = 2
score = "min(100, evenings * 100 // months)"
[index.lively.term.talks]
title = {en = "A talk with everybody", zh = "与每位成员谈话"}
article = "3 (2)"
weight = "weight-talks"
score = "talks * 100 // members"

[warning.dull]
title = {en = "No evening was held", zh = "没有举行聚会"}
watch = "period-missed"
days = 14
owner = "role:member"

[warning.ending]
title = {en = "A term ends", zh = "任期将满"}
watch = "term-ending"
roles = ["member"]
before_days = 30
days = 20

[requirement.talked]
title = {en = "A talk with every member", zh = "与每位成员谈过话"}
role = "member"
kind = "talk"
"""
UNIT = "north"


def circle(source: str = CIRCLE) -> Pack:
    """The compiled pack."""
    return compiled(source)


def section_of(pack: Pack) -> IndexSection:
    section = pack.sections["indices"]
    assert isinstance(section, IndexSection)
    return section


def day_ms(date: str) -> int:
    """Noon of the day, by the circle's clocks."""
    return parse_date(date) * DAY_MS + 4 * 3_600_000


def publish(state: dict[bytes, bytes], pack: Pack) -> None:
    """Write what a pack in force leaves in a state."""
    records: dict[tuple[str, str], dict[str, Value]] = {("pack", pack.hash.hex()): {"data": pack.manifest.encode()}}
    parts = pack.parts()
    for kind, part in pack.manifest.parts.items():
        records["pack-part", part.hex()] = {"data": parts[kind]}
        records["record-type", kind] = {"versions": [[0, pack.hash, part]]}
    for name, part in pack.manifest.sections.items():
        records["pack-part", part.hex()] = {"data": parts[f"section.{name}"]}
        records["pack-section", f"{pack.manifest.name}/{name}"] = {"versions": [[0, pack.hash, part]]}
    for (kind, record_id), fields in records.items():
        state[record_key(kind, record_id)] = Record(1, fields).encode()


class Facts(dict[bytes, bytes]):
    """A state of a few records; the unit is there since 2025."""

    def __init__(self, members: int = 12) -> None:
        super().__init__()
        self.add("unit", UNIT, {"state": "active", "time": day_ms("2025-01-01")})
        for number in range(members):
            self.hold("member", f"p{number:02}", "2025-02-01")

    def add(self, kind: str, record_id: str, fields: dict[str, Value]) -> None:
        self[record_key(kind, record_id)] = Record(1, {"unit": UNIT, **fields}).encode()

    def hold(self, role: str, person: str, since: str, **more: Value) -> None:
        fields: dict[str, Value] = {"person": person, "role": role, "since": day_ms(since), "state": "held"}
        self.add("office", f"{UNIT}/{role}/{person}", fields | {"time": day_ms(since)} | more)

    def record(self, kind: str, number: int, state: str, since: str, unit: str = UNIT, **values: Value) -> None:
        fields: dict[str, Value] = {"state": state, "since": day_ms(since), "values": values}
        self.add(kind, f"{unit}/{number:06}", fields | {"unit": unit})

    def evening(self, number: int, date: str, state: str = "held", **values: Value) -> None:
        held: dict[str, Value] = {"held_on": parse_date(date), "guests": 5}
        self.add("evening", f"{UNIT}/{number:06}", {"state": state, "since": day_ms(date), "values": held | values})
