"""Periodic checks: everybody is looked at once in every period, in pieces, and nobody is decided on."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.calendar.dates import DAY_MS, add_months, day_of, start_ms
from contracts.limits import READS_MAX
from contracts.packs.beginning import genesis_pack
from contracts.records.sweeping import ASK_AGAIN_MS, FINDINGS_PER_RUN_MAX
from contracts.timer_effect import TimerEffect
from ledger.encoding import Value
from tests.contracts.organisation import Organisation
from tests.contracts.records.dues import DUES, OFFSET_MINUTES, UNIT, begin, first_moment
from tests.contracts.records.packs import compiled, fields_of, put_in_force
from tests.contracts.trial_ledger import trial_genesis

JANUARY = day_of(2027, 1, 1)


def dues(source: str = DUES) -> Organisation:
    """A branch in the middle of January 2027."""
    ledger = Organisation()
    ledger.at(start_ms(JANUARY + 14, OFFSET_MINUTES))
    ledger.add_unit(UNIT)
    ledger.add_person("ann")
    ledger.add_office(UNIT, "treasurer", "ann")
    put_in_force(ledger, compiled(source))
    return ledger


def pays(ledger: Organisation, person: str, until: int, **fields: Value) -> None:
    values: dict[str, Value] = {"person": person, "paid_until": until, **fields}
    assert ledger.code("records.create", {"type": "payer", "unit": UNIT, "fields": values}) == "ok"


def until_quiet(ledger: Organisation, time_ms: int) -> list[tuple[TimerEffect, ...]]:
    """What timers do in the blocks from this time on, up to the first block without any of a check."""
    ledger.at(time_ms)
    blocks = []
    while effects := tuple(one for one in ledger.execute().effects if one.purpose != "cases.overdue"):
        blocks.append(effects)
        assert len(blocks) < 500, "a sweep ends"
    return blocks


def reminded(ledger: Organisation) -> dict[str, int]:
    """Who was reminded, and how often."""
    found = {}
    for key in sorted(ledger.state):
        if key.startswith(b"payer\0"):
            values = fields_of(ledger, "payer", key[6:].decode())["values"]
            assert isinstance(values, dict)
            if "reminders" in values:
                found[str(values["person"])] = values["reminders"]
    return found  # type: ignore[return-value]


def done(ledger: Organisation) -> dict[str, Value]:
    found = fields_of(ledger, "check", "payer/arrears")["done"]
    assert isinstance(found, dict)
    return found


def cases(ledger: Organisation) -> int:
    return sum(key.startswith(b"case\0") for key in ledger.state)


def test_who_is_late_is_found_once_in_every_period() -> None:
    ledger = dues()
    pays(ledger, "late", day_of(2026, 7, 1))
    pays(ledger, "soon", day_of(2026, 9, 1))
    pays(ledger, "never", day_of(2027, 1, 1))
    begin(ledger)
    assert until_quiet(ledger, first_moment(2) - 1) == []
    until_quiet(ledger, first_moment(2))
    assert (reminded(ledger), cases(ledger)) == ({"late": 1}, 1)
    assert done(ledger) == {
        "failed": 0,
        "found": 1,
        "height": done(ledger)["height"],
        "looked_at": 3,
        "period": JANUARY,
        "skipped": 0,
    }
    until_quiet(ledger, first_moment(3) - 1)
    assert reminded(ledger) == {"late": 1}
    until_quiet(ledger, first_moment(3))
    assert reminded(ledger) == {"late": 2, "soon": 1}


def test_nothing_is_found_in_a_unit_that_is_over() -> None:
    """Neither while the records are looked at, nor where the unit ends between that and what would follow."""
    for before_sweep in (True, False):
        ledger = dues()
        pays(ledger, "late", day_of(2026, 7, 1))
        begin(ledger)
        if not before_sweep:
            ledger.at(first_moment(2))
            assert ledger.execute().effects
        # Written, as what was found is taken before the transactions of its block.
        ledger.write("unit", UNIT, ledger.fields("unit", UNIT) | {"state": "dissolved"})
        until_quiet(ledger, first_moment(2) + 10_000)
        assert (reminded(ledger), cases(ledger), done(ledger)["looked_at"]) == ({}, 0, 1)


def test_what_is_found_says_that_a_check_did_it() -> None:
    ledger = dues()
    pays(ledger, "late", day_of(2026, 7, 1))
    begin(ledger)
    blocks = until_quiet(ledger, first_moment(2))
    (finding,) = [one for effects in blocks for one in effects if one.purpose == "records.finding"]
    assert [event.name for event in finding.events] == ["records.changed"]
    assert [link.subject for link in finding.links][:3] == [
        f"record/payer/{UNIT}/late",
        f"unit/{UNIT}",
        "person/late",
    ]
    fields = fields_of(ledger, "payer", f"{UNIT}/late")
    assert (fields["actor"], fields["transition"], fields["state"]) == ("check", "remind", "paying")


def test_many_are_looked_at_in_pieces() -> None:
    """No run reads more than it may, none finds more than it has timers for, and everybody is looked at once."""
    ledger = dues()
    for number in range(3 * READS_MAX):
        pays(ledger, f"p{number:04d}", day_of(2026, 7, 1) if number % 16 == 0 else day_of(2027, 1, 1))
    begin(ledger)
    blocks = until_quiet(ledger, first_moment(2))
    sweeps = [one for effects in blocks for one in effects if one.purpose == "records.sweep"]
    assert all(one.ok for one in sweeps)
    assert len(sweeps) >= 6, "each looks at two reads a record"
    found = Counter(len([one for one in effects if one.purpose == "records.finding"]) for effects in blocks)
    assert max(found) <= FINDINGS_PER_RUN_MAX
    assert set(reminded(ledger).values()) == {1}
    assert (len(reminded(ledger)), cases(ledger), done(ledger)["looked_at"]) == (48, 48, 3 * READS_MAX)


def test_all_of_them_can_be_late() -> None:
    ledger = dues()
    for number in range(5 * FINDINGS_PER_RUN_MAX):
        pays(ledger, f"p{number:04d}", day_of(2026, 1, 1))
    begin(ledger)
    until_quiet(ledger, first_moment(2))
    assert len(reminded(ledger)) == cases(ledger) == done(ledger)["found"] == 5 * FINDINGS_PER_RUN_MAX


def test_after_a_pause_of_years_there_is_one_sweep() -> None:
    ledger = dues()
    pays(ledger, "late", day_of(2026, 7, 1))
    begin(ledger)
    until_quiet(ledger, first_moment(40))
    assert reminded(ledger) == {"late": 1}
    assert done(ledger)["skipped"] == 38
    assert fields_of(ledger, "check", "payer/arrears")["due"] == first_moment(41)
    until_quiet(ledger, first_moment(41))
    assert reminded(ledger) == {"late": 2}


def test_a_guard_without_a_value_is_counted_and_stops_nothing() -> None:
    ledger = dues()
    for person, share in (("a", 100), ("b", 0), ("c", 100)):
        pays(ledger, person, day_of(2026, 7, 1), share=share)
    begin(ledger)
    until_quiet(ledger, first_moment(2))
    assert reminded(ledger) == {"a": 1, "c": 1}
    assert (done(ledger)["failed"], done(ledger)["found"], done(ledger)["looked_at"]) == (1, 2, 3)


def test_one_that_cannot_be_done_leaves_the_others_alone() -> None:
    """At the fourth reminder the field is out of its range: that finding is refused, the one beside it is not."""
    ledger = dues()
    pays(ledger, "often", day_of(2026, 1, 1))
    begin(ledger)
    for number in (2, 3, 4):
        until_quiet(ledger, first_moment(number))
    pays(ledger, "new", day_of(2026, 1, 1))
    blocks = until_quiet(ledger, first_moment(5))
    codes = sorted(one.code for effects in blocks for one in effects if one.purpose == "records.finding")
    assert codes == ["ok", "records.effect-value"]
    assert reminded(ledger) == {"new": 1, "often": 3}


def test_what_waits_for_approvals_goes_on_waiting() -> None:
    ledger = dues()
    pays(ledger, "late", day_of(2026, 7, 1))
    record = f"{UNIT}/late"
    assert ledger.code("records.act", {"type": "payer", "id": record, "transition": "go"}, "ann") == "ok"
    begin(ledger)
    until_quiet(ledger, first_moment(2))
    assert reminded(ledger) == {"late": 1}
    assert "pending" in fields_of(ledger, "payer", record)
    assert ledger.code("records.approve", {"type": "payer", "id": record}) == "ok"
    assert fields_of(ledger, "payer", record)["state"] == "gone"


def test_who_has_left_is_not_looked_for() -> None:
    ledger = dues()
    pays(ledger, "late", day_of(2026, 7, 1))
    record = f"{UNIT}/late"
    ledger.code("records.act", {"type": "payer", "id": record, "transition": "go"}, "ann")
    ledger.code("records.approve", {"type": "payer", "id": record})
    begin(ledger)
    until_quiet(ledger, first_moment(2))
    assert (reminded(ledger), done(ledger)["looked_at"], done(ledger)["found"]) == ({}, 1, 0)


def test_a_check_that_a_newer_pack_drops_ends_and_can_begin_again() -> None:
    ledger = dues()
    pays(ledger, "late", day_of(2026, 7, 1))
    begin(ledger)
    without = DUES[: DUES.index("[type.payer.check.arrears]")].replace("automatic = true", 'by = "administrator"')
    put_in_force(ledger, compiled(without.replace("version = 1", "version = 2")))
    blocks = until_quiet(ledger, first_moment(2))
    assert [event.name for effects in blocks for one in effects for event in one.events] == ["records.check-ended"]
    assert ledger.record("check", "payer/arrears") is None
    again = DUES.replace("version = 1", "version = 3")
    put_in_force(ledger, compiled(again))
    begin(ledger)
    assert ledger.record("check", "payer/arrears") is not None
    begin(ledger)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(-400, 100), max_size=40),
    st.lists(st.integers(1, 50), min_size=1, max_size=5),
)
def test_exactly_the_late_ones_are_found_whatever_the_blocks(paid: list[int], pauses: list[int]) -> None:
    """Against a plain recount: of each sweep's day, who owes six months."""
    ledger = dues()
    for number, days in enumerate(paid):
        pays(ledger, f"p{number:02d}", JANUARY + days)
    begin(ledger)
    expected: Counter[str] = Counter()
    for pause in pauses:
        due = fields_of(ledger, "check", "payer/arrears")["due"]
        assert isinstance(due, int)
        time_ms = max(due, ledger.time_ms + 1) + pause * DAY_MS
        today = (time_ms + OFFSET_MINUTES * 60_000) // DAY_MS
        until_quiet(ledger, time_ms)
        for number, days in enumerate(paid):
            if owes_six_months(JANUARY + days, today):
                expected[f"p{number:02d}"] += 1
    # The fourth reminder of one person is refused, as its field says.
    assert reminded(ledger) == {person: min(count, 3) for person, count in expected.items()}


def owes_six_months(paid_until: int, today: int) -> bool:
    return add_months(paid_until, 6) <= today


# -- when checks begin ------------------------------------------------------------------------------------------


def in_force(ledger: Organisation, source: str, ahead: int = 0) -> None:
    """Publish the pack and put it in force as an organisation does, some blocks ahead."""
    pack = compiled(source)
    for data in pack.parts().values():
        assert ledger.code("packs.publish-part", {"data": data}) in ("ok", "packs.part-there")
    assert ledger.code("packs.publish", {"data": pack.manifest.encode()}) == "ok"
    arguments: dict[str, Value] = {"pack": pack.hash}
    assert ledger.code("governance.pack-activate", arguments | {"from": ledger.height + 1 + ahead}) == "ok"


def begun(ledger: Organisation) -> list[str]:
    """The checks that have begun in the next block."""
    events = [event for one in ledger.execute().effects for event in one.events]
    return [str(event.fields["check"]) for event in events if event.name == "records.check-begun"]


def test_checks_begin_by_themselves_once_their_pack_is_in_force() -> None:
    ledger = Organisation()
    in_force(ledger, DUES)
    assert begun(ledger) == ["arrears"]
    assert ledger.record("check", "payer/arrears") is not None


def test_checks_of_a_pack_that_is_to_come_wait_for_it() -> None:
    ledger = Organisation()
    in_force(ledger, DUES, ahead=5)
    assert begun(ledger) == []
    for _ in range(3):
        ledger.at(ledger.time_ms + ASK_AGAIN_MS)
        assert begun(ledger) == []
    ledger.at(ledger.time_ms + ASK_AGAIN_MS)
    assert begun(ledger) == ["arrears"]


def test_a_check_that_goes_on_does_not_begin_anew() -> None:
    ledger = Organisation()
    in_force(ledger, DUES)
    assert begun(ledger) == ["arrears"]
    before = ledger.record("check", "payer/arrears")
    in_force(ledger, DUES.replace("version = 1", "version = 2"))
    assert begun(ledger) == []
    assert ledger.record("check", "payer/arrears") == before


def test_a_network_that_begins_with_a_pack_begins_with_its_checks() -> None:
    genesis = replace(trial_genesis(), packs=(genesis_pack(compiled(DUES)),))
    ledger = Organisation(genesis)
    assert begun(ledger) == ["arrears"]


def test_more_checks_than_one_run_has_timers_for_begin_in_several() -> None:
    check = DUES[DUES.index("[type.payer.check.arrears]") :]
    seven = "".join(check.replace("check.arrears", f"check.again-{number}") for number in range(7))
    source = DUES + seven
    body = source[source.index("[type.payer]") :]
    for kind in ("second", "third"):
        source += body.replace("[type.payer", f"[type.{kind}")
    ledger = Organisation()
    in_force(ledger, source)
    found = [begun(ledger) for _ in range(4)]
    assert [len(one) for one in found] == [8, 8, 8, 0]
    assert sum(key.startswith(b"check\0") for key in ledger.state) == 24


def test_a_newer_pack_that_changes_the_periods_is_followed_after_the_one_that_runs() -> None:
    """The periods of two recurrences are numbered apart: what was begun by one is told by its day."""
    daily = DUES.replace('every = "monthly"', 'every = {of = "days", every = 1, from = 0, times = 1}')
    yearly = DUES.replace('every = "monthly"', 'every = {of = "months", every = 12, from = 0, times = 1}')
    ledger = dues(daily)
    pays(ledger, "late", day_of(2026, 7, 1))
    begin(ledger)
    until_quiet(ledger, start_ms(JANUARY + 16, OFFSET_MINUTES))
    put_in_force(ledger, compiled(yearly.replace("version = 1", "version = 2")))
    blocks = until_quiet(ledger, start_ms(JANUARY + 20, OFFSET_MINUTES))
    assert all(one.ok for effects in blocks for one in effects)
    assert (done(ledger)["period"], done(ledger)["skipped"]) == (JANUARY + 16, 0)
    assert fields_of(ledger, "check", "payer/arrears")["due"] == first_moment(13)
