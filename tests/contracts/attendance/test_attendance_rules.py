"""What rules of a pack see of attendance lists: how many are on one by a role, and whether somebody is."""

import pytest

from ledger.encoding import Value
from tests.contracts.attendance.attendance_ledger import UNIT, AttendanceLedger
from tests.contracts.records.packs import compiled, put_in_force

PACK = """
[pack]
name = "meetings"
version = 1
title = { en = "Meetings", zh = "会议" }
summary = { en = "Meetings.", zh = "会议。" }
[role.member]
title = { en = "Member", zh = "成员" }
summary = { en = "Member.", zh = "成员。" }
[role.probationary]
title = { en = "Probationary member", zh = "预备成员" }
summary = { en = "Probationary member.", zh = "预备成员。" }
[type.meeting]
title = { en = "Meeting", zh = "会议" }
id = "number"
[type.meeting.field.session]
type = "integer"
class = "ledger"
required = true
title = { en = "Attendance list", zh = "签到表" }
[type.meeting.field.who]
type = "text"
class = "ledger"
required = true
title = { en = "Speaker", zh = "发言人" }
[type.meeting.state.held]
title = { en = "Held", zh = "已举行" }
final = true
[type.meeting.transition.hold]
from = ""
to = "held"
title = { en = "Hold", zh = "举行" }
by = "anyone"
sets = ["session", "who"]
guards = ["enough", "speaker-was-there"]
[type.meeting.rule.enough]
expression = 'signed_in("member", session) * 2 >= role_count("member") and signed_in("probationary", session) == 1'
text = { en = "{condition}", zh = "{condition}" }
[type.meeting.rule.speaker-was-there]
expression = "has_signed_in(session, who)"
text = { en = "the speaker was not there", zh = "发言人未到场" }
"""


@pytest.fixture(scope="module")
def ledger() -> AttendanceLedger:
    """Of three members two are on list 1, and one probationary member; list 2 is empty."""
    ledger = AttendanceLedger()
    put_in_force(ledger, compiled(PACK))
    ledger.open()
    ledger.open()
    ledger.into(0)
    assert [ledger.sign(person, 0) for person in ("ben", "cui", "dan")] == ["ok"] * 3
    return ledger


@pytest.mark.parametrize(
    ("session", "who", "rule"),
    [
        (1, "cui", None),
        (1, "dan", None),
        (1, "ann", "speaker-was-there"),
        (1, "no name", "speaker-was-there"),
        (2, "cui", "enough"),
        (3, "cui", "enough"),
        (0, "cui", "enough"),
        (-(2**63), "cui", "enough"),
        (10**6, "cui", "enough"),
    ],
)
def test_rules_count_those_who_signed_in(ledger: AttendanceLedger, session: int, who: str, rule: str | None) -> None:
    fields: Value = {"session": session, "who": who}
    result = ledger.asked("records.create", {"type": "meeting", "unit": UNIT, "fields": fields}, "ben")
    assert result.details.get("rule") == rule and result.ok == (rule is None)


def test_a_list_of_another_unit_counts_for_nothing(ledger: AttendanceLedger) -> None:
    fields: Value = {"session": 1, "who": "ben"}
    result = ledger.asked("records.create", {"type": "meeting", "unit": "branch-2", "fields": fields}, "ben")
    assert result.details["rule"] == "enough"
