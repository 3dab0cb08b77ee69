"""Attendance lists: who may open them, which codes count when, sheets of paper, and what is refused."""

from typing import Any

import pytest

from contracts.attendance.code import ALPHABET, CODE_SIZE_BYTES, code_hash, code_of
from contracts.attendance.contract import AHEAD_DAYS_MAX, LATE_OPENING_MS, SHEET_DAYS_MAX
from contracts.attendance.page import NAMES_PER_PAGE, PAGES_MAX, PAPER, Entry
from contracts.attendance.session import NUMBER_MAX
from contracts.calendar.dates import DAY_MS
from contracts.result import Event
from ledger.encoding import Value
from tests.contracts.attendance.attendance_ledger import UNIT, WINDOW_MS, WINDOWS, AttendanceLedger

THIS: dict[str, Value] = {"unit": UNIT, "number": 1}


def opened(**changes: Value) -> AttendanceLedger:
    ledger = AttendanceLedger()
    ledger.open(**changes)
    return ledger


def test_a_list_is_numbered_and_keeps_the_hashes_of_its_codes() -> None:
    ledger = AttendanceLedger()
    result = ledger.asked("attendance.open", ledger.opening(about="party-meeting/branch-1/000001"), "ann")
    assert result.events == (Event("attendance.opened", {"number": 1, "unit": UNIT}),)
    assert {link.subject for link in result.links} >= {f"unit/{UNIT}", f"attendance/{UNIT}/000001"}
    fields = ledger.fields("attendance", f"{UNIT}/000001")
    assert fields["hashes"] == ledger.device.hashes() and fields["about"] == "party-meeting/branch-1/000001"
    assert (fields["state"], fields["slack"], fields["counts"]) == ("open", 1, {})
    ledger.open()
    assert ledger.fields("attendance-count", UNIT)["count"] == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"unit": "nowhere"}, "units.not-found"),
        ({"hashes": []}, "attendance.empty"),
        ({"roles": []}, "attendance.empty"),
        ({"hashes": [bytes(32), bytes(32)]}, "arguments.duplicate"),
        ({"hashes": [bytes([one]) * 32 for one in range(241)]}, "arguments.too-many"),
        ({"window_seconds": 14}, "arguments.out-of-range"),
        ({"slack": 4}, "arguments.out-of-range"),
        ({"roles": ["a", "b", "c", "d", "e"]}, "arguments.too-many"),
    ],
)
def test_what_is_no_list_is_not_opened(changes: dict[str, Value], code: str) -> None:
    ledger = AttendanceLedger()
    assert ledger.code("attendance.open", ledger.opening(**changes)) == code
    assert ledger.record("attendance-count", UNIT) is None


def test_a_list_begins_neither_long_ago_nor_in_a_distant_future() -> None:
    ledger = AttendanceLedger()
    next_ms = ledger.time_ms + 1000
    for starts_ms, code in (
        (next_ms - LATE_OPENING_MS - 1, "attendance.begins-in-past"),
        (next_ms + 1000 + AHEAD_DAYS_MAX * DAY_MS + 1, "attendance.too-far"),
        (next_ms + 2000 - LATE_OPENING_MS, "ok"),
        (next_ms + 3000 + AHEAD_DAYS_MAX * DAY_MS, "ok"),
    ):
        assert ledger.code("attendance.open", ledger.opening(starts=starts_ms), "ann") == code


def test_only_who_may_open_lists_keeps_them() -> None:
    ledger = AttendanceLedger()
    assert ledger.code("attendance.open", ledger.opening(), "ben") == "operation.not-allowed"
    ledger.open()
    ledger.into(0)
    sheet: dict[str, Value] = THIS | {"persons": ["cui"]}
    for operation, arguments, keeper in (("enter", sheet, "ann"), ("close", THIS, None)):
        assert ledger.code(f"attendance.{operation}", arguments, "ben") == "operation.not-allowed"
        assert ledger.code(f"attendance.{operation}", arguments, keeper) == "ok"
    assert ledger.sign("ben", 0) == "attendance.closed"
    assert ledger.code("attendance.close", THIS, "ann") == "attendance.closed"


def test_who_gives_the_code_of_the_moment_is_listed_with_role_time_and_window() -> None:
    ledger = opened()
    ledger.into(2)
    given: dict[str, Value] = THIS | {"code": ledger.device.code(2)}
    result = ledger.asked("attendance.sign-in", given, "ben")
    assert result.events == (Event("attendance.signed-in", {"number": 1, "unit": UNIT}),)
    assert {link.subject for link in result.links} >= {"person/ben", f"unit/{UNIT}"}
    assert ledger.sign("dan", 2) == "ok"
    (ben, dan) = ledger.names()
    assert ben == ["ben", "member", ledger.device.begin_ms(2) + 20_000, 2]
    assert isinstance(dan, list) and dan[1] == "probationary"
    assert ledger.counts() == {"member": 1, "probationary": 1}


# The code of window 2, with one window of slack around it.
@pytest.mark.parametrize(
    ("at_ms", "code"),
    [
        (WINDOW_MS - 1, "attendance.code-early"),
        (WINDOW_MS, "ok"),
        (4 * WINDOW_MS - 1, "ok"),
        (4 * WINDOW_MS, "attendance.code-late"),
    ],
)
def test_a_code_counts_in_its_window_and_the_slack_around_it(at_ms: int, code: str) -> None:
    ledger = opened()
    ledger.at(ledger.device.starts_ms + at_ms)
    assert ledger.sign("ben", 2) == code


@pytest.mark.parametrize(("slack", "codes"), [(0, ["attendance.code-late", "ok"]), (3, ["ok", "ok"])])
def test_the_slack_is_said_when_the_list_is_opened(slack: int, codes: list[str]) -> None:
    ledger = opened(slack=slack)
    ledger.into(3, 0)
    assert [ledger.sign("ben", 2), ledger.sign("cui", 3)] == codes


@pytest.mark.parametrize(
    ("at_ms", "code"),
    [
        (-WINDOW_MS - 1, "attendance.not-begun"),
        (-WINDOW_MS, "ok"),
        ((WINDOWS + 1) * WINDOW_MS - 1, "attendance.code-late"),
        ((WINDOWS + 1) * WINDOW_MS, "attendance.over"),
    ],
)
def test_signing_in_begins_and_ends(at_ms: int, code: str) -> None:
    ledger = AttendanceLedger()
    ledger.device = ledger.codes(ledger.time_ms + 5 * WINDOW_MS)
    ledger.open()
    ledger.at(ledger.device.starts_ms + at_ms)
    assert ledger.sign("ben", 0) == code


def test_a_refusal_says_how_late_a_code_is() -> None:
    ledger = opened()
    ledger.into(4, 500)
    result = ledger.asked("attendance.sign-in", THIS | {"code": ledger.device.code(1)}, "ben")
    refusal = ledger.registry.explain(result)
    assert refusal is not None and result.code == "attendance.code-late"
    assert "until 121 s ago" in str(refusal)


def test_codes_of_other_lists_and_invented_ones_are_foreign() -> None:
    ledger = opened()
    ledger.into(0)
    later = ledger.codes(ledger.device.starts_ms + 1)
    elsewhere = ledger.codes(ledger.device.starts_ms, "branch-2")
    for code in (later.code(0), elsewhere.code(0), "0" * 16):
        assert ledger.sign("ben", 0, code=code) == "attendance.code-foreign"
    assert ledger.sign("ben", 0, code="short") == "arguments.pattern"
    assert ledger.sign("ben", 0, number=2) == "attendance.not-found"
    assert ledger.record("attendance-page", f"{UNIT}/000001/1") is None


def test_a_code_is_of_one_network_one_unit_and_one_beginning() -> None:
    device = AttendanceLedger().device
    network_id, starts_ms, code = device.network_id, device.starts_ms, device.code(0)
    assert code_hash(network_id, UNIT, starts_ms, code) == device.hashes()[0]
    others = (
        code_hash(bytes(32), UNIT, starts_ms, code),
        code_hash(network_id, "branch-2", starts_ms, code),
        code_hash(network_id, UNIT, starts_ms + 1, code),
    )
    assert not set(others) & set(device.hashes())


def test_everybody_signs_in_once_for_themselves_and_only_with_an_office_that_is_asked_for() -> None:
    ledger = opened()
    ledger.into(0)
    assert ledger.sign("ben", 0) == "ok"
    assert ledger.sign("ben", 0) == "attendance.signed-in-already"
    ledger.into(1)
    assert ledger.sign("ben", 1) == "attendance.signed-in-already"
    assert ledger.sign("eve", 1) == "attendance.not-entitled"
    given: dict[str, Value] = THIS | {"code": ledger.device.code(1)}
    # The administrator's account acts for no person.
    assert ledger.code("attendance.sign-in", given) == "attendance.no-person"
    assert ledger.counts() == {"member": 1}


def test_who_signed_on_paper_is_entered_and_marked_so() -> None:
    ledger = opened()
    sheet: dict[str, Value] = THIS | {"persons": ["cui", "dan"], "sheet": {"#": bytes(32)}}
    ledger.at(ledger.device.starts_ms - 1)
    assert ledger.code("attendance.enter", sheet, "ann") == "attendance.sheet-early"
    ledger.into(0)
    assert ledger.sign("ben", 0) == "ok"
    result = ledger.asked("attendance.enter", sheet, "ann")
    assert result.events == (Event("attendance.entered", {"number": 1, "unit": UNIT}),)
    assert {"person/cui", "person/dan"} <= {link.subject for link in result.links}
    windows = [entry[3] for entry in ledger.names() if isinstance(entry, list)]
    assert windows == [0, PAPER, PAPER]
    assert ledger.code("attendance.enter", sheet, "ann") == "attendance.signed-in-already"
    assert ledger.code("attendance.enter", THIS | {"persons": ["eve"]}, "ann") == "attendance.not-entitled"
    assert ledger.code("attendance.enter", THIS | {"persons": []}, "ann") == "attendance.empty"
    assert ledger.sign("cui", 0) == "attendance.signed-in-already"
    end_ms = ledger.device.begin_ms(WINDOWS) + SHEET_DAYS_MAX * DAY_MS
    ledger.at(end_ms)
    assert ledger.code("attendance.enter", THIS | {"persons": ["ann"]}, "ann") == "attendance.sheet-late"


def full_list(ledger: AttendanceLedger, count: int) -> None:
    """Write `count` names onto the list, as many pages as they take."""
    names = [Entry(f"p-{one:060d}", "r" * 32, ledger.time_ms, PAPER).to_value() for one in range(count)]
    pages = [names[first : first + NAMES_PER_PAGE] for first in range(0, count, NAMES_PER_PAGE)]
    for number, page in enumerate(pages, 1):
        fields: dict[str, Value] = {"names": list(page), "number": 1, "page": number, "unit": UNIT}
        ledger.write("attendance-page", f"{UNIT}/000001/{number}", fields)
    fields = ledger.fields("attendance", f"{UNIT}/000001") | {"counts": {"r" * 32: count}, "pages": len(pages)}
    ledger.write("attendance", f"{UNIT}/000001", fields)


@pytest.mark.parametrize(
    ("count", "code", "pages"),
    [
        (NAMES_PER_PAGE - 1, "ok", 1),
        (NAMES_PER_PAGE, "ok", 2),
        (NAMES_PER_PAGE * PAGES_MAX - 1, "ok", PAGES_MAX),
        (NAMES_PER_PAGE * PAGES_MAX, "attendance.list-full", PAGES_MAX),
    ],
)
def test_names_fill_pages_and_pages_have_an_end(count: int, code: str, pages: int) -> None:
    """With the longest names there can be: a full page fits into a record."""
    ledger = opened()
    full_list(ledger, count)
    ledger.into(0)
    assert ledger.sign("ben", 0) == code
    assert ledger.fields("attendance", f"{UNIT}/000001")["pages"] == pages
    if code == "ok":
        assert ledger.sign("ben", 0) == "attendance.signed-in-already"


def test_a_whole_sheet_of_probationary_members_stays_within_the_limits() -> None:
    ledger = opened(roles=["a", "b", "c", "probationary"])
    persons = [f"q-{one}" for one in range(16)]
    for person in persons:
        ledger.add_office(UNIT, "probationary", person)
    full_list(ledger, NAMES_PER_PAGE * PAGES_MAX - 16)
    ledger.into(0)
    whole: dict[str, Any] = THIS | {"persons": persons}
    assert ledger.code("attendance.enter", THIS | {"persons": [*persons, "q-17"]}, "ann") == "arguments.too-many"
    assert ledger.code("attendance.enter", whole, "ann") == "ok"


def test_lists_of_a_unit_have_an_end_and_those_of_a_unit_that_is_over_are_left_alone() -> None:
    ledger = opened()
    ledger.write("attendance-count", UNIT, {"count": NUMBER_MAX, "unit": UNIT})
    assert ledger.code("attendance.open", ledger.opening(), "ann") == "attendance.numbers-full"
    assert ledger.code("units.dissolve", {"unit": UNIT}) == "ok"
    ledger.into(0)
    assert ledger.sign("ben", 0) == "units.not-active"


def test_a_code_has_80_bits_in_letters_that_are_not_misread() -> None:
    assert code_of(bytes(CODE_SIZE_BYTES)) == "0" * 16
    assert code_of(b"\xff" * CODE_SIZE_BYTES) == "Z" * 16
    assert code_of(bytes([8])[:1] + bytes(9)) == "1" + "0" * 15
    assert len(ALPHABET) == 32 and not set("ILOU") & set(ALPHABET)
