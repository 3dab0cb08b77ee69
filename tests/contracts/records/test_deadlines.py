"""Deadlines: what is taken when nobody has taken anything, and what never is."""

from contracts.calendar.dates import DAY_MS, day_at, format_date, parse_date, start_ms
from contracts.calendar.working_days import WorkingCalendar
from contracts.records.local_day import due_ms
from contracts.runtime import Execution
from contracts.timer_effect import TimerEffect
from ledger.encoding import Value
from tests.contracts.organisation import Organisation
from tests.contracts.records.packs import CLUB, club, compiled, fields_of, put_in_force
from tests.contracts.records.test_migration import SECOND
from tests.contracts.records.test_transitions import APPLICATION, act, create

OFFSET = 480


def ends(ledger: Organisation, days: int) -> int:
    """The end of the last day of a term that begins now, in Beijing."""
    return start_ms(day_at(ledger.time_ms, OFFSET) + days + 1, OFFSET)


def at(ledger: Organisation, time_ms: int) -> tuple[TimerEffect, ...]:
    """What timers do in a block of that time without transactions."""
    ledger.at(time_ms)
    execution: Execution = ledger.execute()
    return execution.effects


def applied(source: str = CLUB) -> tuple[Organisation, int]:
    ledger = club(source)
    assert create(ledger, "eve", person="eve").ok
    return ledger, ends(ledger, 30)


def test_a_term_ends_with_its_last_day() -> None:
    ledger, end = applied()
    assert at(ledger, end - 1) == ()
    assert fields_of(ledger, "application", APPLICATION)["state"] == "open"
    (effect,) = at(ledger, end)
    assert (effect.code, effect.purpose) == ("ok", "records.deadline")
    assert [event.name for event in effect.events] == ["records.changed"]
    assert f"record/application/{APPLICATION}" in [link.subject for link in effect.links]
    fields = fields_of(ledger, "application", APPLICATION)
    assert (fields["state"], fields["actor"], fields["transition"]) == ("lapsed", "timer", "lapse")
    assert fields["creator"] is not None
    assert "timers" not in fields


def test_a_state_that_was_left_has_no_deadline_any_more() -> None:
    ledger, end = applied()
    assert act(ledger, "bob", "refuse").ok
    assert [key for key in ledger.state if key.startswith(b"timer\0")] == [
        key for key in ledger.state if key.startswith(b"timer\0") and b"cases.overdue" in ledger.state[key]
    ]
    at(ledger, end)
    assert fields_of(ledger, "application", APPLICATION)["state"] == "refused"


def test_an_amendment_does_not_begin_the_term_anew() -> None:
    ledger, end = applied()
    ledger.at(ledger.time_ms + 10 * DAY_MS)
    assert act(ledger, "eve", "amend", fields={"reason": "later"}).ok
    assert at(ledger, end)[0].ok
    assert fields_of(ledger, "application", APPLICATION)["state"] == "lapsed"


def test_what_waits_for_approvals_gives_way_to_the_deadline() -> None:
    waiting = CLUB.replace(
        'by = ["role:lead"]\ndecides = true\neffects',
        'by = ["role:lead"]\ndecides = true\nreview = { actors = ["role:lead"], count = 1, distinct = true }\neffects',
    )
    ledger, end = applied(waiting)
    assert act(ledger, "bob", "refuse").ok
    assert "pending" in fields_of(ledger, "application", APPLICATION)
    assert at(ledger, end)[0].ok
    fields = fields_of(ledger, "application", APPLICATION)
    assert fields["state"] == "lapsed"
    assert "pending" not in fields
    gone = ledger.code("records.approve", {"type": "application", "id": APPLICATION}, "cai")
    assert gone == "records.nothing-pending"


def test_a_deadline_works_under_a_newer_version_of_the_pack() -> None:
    ledger, end = applied()
    put_in_force(ledger, compiled(SECOND))
    assert at(ledger, end)[0].ok
    fields = fields_of(ledger, "application", APPLICATION)
    assert (fields["state"], fields["pack"]) == ("lapsed", compiled(SECOND).hash)


GUARDED = CLUB.replace(
    'title = { en = "Lapse", zh = "失效" }\nautomatic = true',
    'title = { en = "Lapse", zh = "失效" }\nautomatic = true\nguards = ["empty"]',
).replace(
    "[type.application.rule.quorum]",
    '[type.application.rule.empty]\nexpression = "score is None"\ntext = { en = "scored", zh = "已评分" }\n\n'
    "[type.application.rule.quorum]",
)


def test_a_deadline_that_is_held_back_opens_a_case_and_leaves_the_record_to_people() -> None:
    ledger = club(GUARDED)
    assert create(ledger, "eve", person="eve", score=5).ok
    record = ledger.state[f"application\0{APPLICATION}".encode()]
    (effect,) = at(ledger, ends(ledger, 30))
    (event,) = effect.events
    assert effect.ok and event.name == "records.deadline-refused"
    assert event.fields == {
        "code": "records.guard",
        "id": APPLICATION,
        "kind": "application",
        "pack": compiled(GUARDED).hash.hex(),
        "rule": "empty",
        "transition": "lapse",
    }
    assert ledger.state[f"application\0{APPLICATION}".encode()] == record
    case = ledger.fields("case", "branch-1/000001")
    assert (case["owner"], case["basis"]) == ("administrator", f"application/{APPLICATION}")
    subjects = [link.subject for link in effect.links]
    assert subjects == [f"record/application/{APPLICATION}", "case/branch-1/000001", "unit/branch-1"]
    assert act(ledger, "bob", "refuse").ok


def test_a_deadline_whose_effects_fail_leaves_nothing_of_them() -> None:
    """What was done before the effect that fails is undone, and the case stands alone."""
    source = CLUB.replace(
        'title = { en = "Lapse", zh = "失效" }\nautomatic = true',
        """title = { en = "Lapse", zh = "失效" }
automatic = true
effects = [
  { do = "count", counter = "lapsed", by = "1" },
  { do = "notify", event = "lapsed", fields = {} },
  { do = "open-case", title = { en = "Lapsed", zh = "已失效" }, days = 5 },
  { do = "release", role = "member", person = "person" },
]""",
    )
    ledger, end = applied(source)
    (effect,) = at(ledger, end)
    assert [event.fields.get("code") for event in effect.events] == ["units.office-not-held"]
    assert fields_of(ledger, "application", APPLICATION)["state"] == "open"
    assert ledger.record("counter", "branch-1/lapsed") is None
    assert [write.kind for write in effect.writes if write.kind != "timer"] == ["case-count", "case"]
    assert ledger.fields("case", "branch-1/000001")["title"] != {"en": "Lapsed", "zh": "已失效"}


def test_a_timer_that_the_record_does_not_know_does_nothing() -> None:
    ledger, end = applied()
    fields = fields_of(ledger, "application", APPLICATION)
    ledger.write("application", APPLICATION, {name: value for name, value in fields.items() if name != "timers"})
    (effect,) = at(ledger, end)
    assert (effect.code, effect.writes, effect.events) == ("ok", (), ())
    assert fields_of(ledger, "application", APPLICATION)["state"] == "open"


def test_working_days_leave_out_the_end_of_the_week() -> None:
    friday = 20_700
    week = WorkingCalendar()
    assert day_at(start_ms(friday, OFFSET), OFFSET) == friday
    assert due_ms(friday, 1, None, OFFSET) == start_ms(friday + 2, OFFSET)
    # The Monday after, to its end.
    assert due_ms(friday, 1, week, OFFSET) == start_ms(friday + 4, OFFSET)
    assert due_ms(friday, 0, week, OFFSET) == start_ms(friday + 1, OFFSET)


def test_holidays_count_for_deadlines_that_are_set_after_they_are_listed() -> None:
    """Five working days of publicity around the Mid-Autumn Festival of 2026, which has a Friday off."""
    ledger = club(CLUB.replace("deadline = { days = 30,", "deadline = { working_days = 5,"))
    # A Monday.
    assert format_date(day_at(ledger.time_ms, OFFSET)) == "2026-09-21"
    assert create(ledger, "eve", person="eve").ok
    listed: dict[str, Value] = {"year": 2026, "holidays": ["2026-09-25", "2026-09-26", "2026-09-27"]}
    assert ledger.code("governance.working-days-set", listed | {"worked": ["2026-09-20"]}) == "ok"
    assert create(ledger, "gus", person="gus").ok
    for record_id, last in ((APPLICATION, "2026-09-28"), ("branch-1/000002", "2026-09-29")):
        end = start_ms(parse_date(last) + 1, OFFSET)
        assert at(ledger, end - 1) == ()
        assert at(ledger, end)[0].ok
        assert fields_of(ledger, "application", record_id)["state"] == "lapsed"


def test_rules_reckon_with_holidays() -> None:
    first, last = "date('2026-09-30')", "date('2026-10-12')"
    asked = {
        "back": f"working_days_between({last}, {first})",
        "between": f"working_days_between({first}, {last})",
        "saturday": "is_working_day(date('2026-10-10'))",
    }
    fields = ", ".join(f'{name} = "{expression}"' for name, expression in asked.items())
    source = CLUB.replace(
        'title = { en = "Amend", zh = "更正" }',
        'title = { en = "Amend", zh = "更正" }\n'
        f'effects = [{{ do = "notify", event = "days", fields = {{ {fields} }} }}]',
    )
    ledger = club(source)
    assert create(ledger, "eve", person="eve").ok
    week = act(ledger, "eve", "amend", fields={"reason": "x"}).events[-1].fields["fields"]
    assert week == {"back": -8, "between": 8, "saturday": False}
    holidays: list[Value] = [f"2026-10-0{number}" for number in range(1, 8)]
    listed: dict[str, Value] = {"year": 2026, "holidays": holidays, "worked": ["2026-10-10"]}
    assert ledger.code("governance.working-days-set", listed) == "ok"
    weeks = act(ledger, "eve", "amend", fields={"reason": "y"}).events[-1].fields["fields"]
    assert weeks == {"back": -4, "between": 4, "saturday": True}
