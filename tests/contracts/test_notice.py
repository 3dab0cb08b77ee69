"""The contract `notice`: posting, withdrawing, and who may."""

import pytest

from contracts.chain import chain_record_key
from contracts.notice import NUMBER_MAX, notice_id
from contracts.record import Record, record_key
from contracts.result import Event, RecordVersion
from ledger.encoding import Value
from ledger.signing import SigningKey
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY, TREASURER, TrialLedger

COMMITMENT: Value = {"#": bytes(range(32))}


def withdraw(ledger: TrialLedger, key: SigningKey = SECRETARY, number: int = 1, unit: str = "branch-1") -> str:
    values: dict[str, Value] = {"unit": unit, "number": number, "reason": "a mistake"}
    return ledger.result("notice.withdraw", values, key).code


def test_a_notice_is_filed_with_everything_that_was_said() -> None:
    ledger = TrialLedger()
    execution = ledger.execute(
        ledger.post("district/branch-1", "支部大会", body=COMMITMENT, about=["p2", "p1"], kind="meeting", at=-5)
    )
    result = execution.results[0]
    assert result.ok
    assert result.events == (Event("notice.posted", {"number": 1, "unit": "district/branch-1"}),)
    assert result.writes == (
        RecordVersion("notice", "district/branch-1/000000000001", 1),
        RecordVersion("notice-file", "district/branch-1", 1),
    )
    assert [link.subject for link in result.links[1:]] == ["unit/district/branch-1", "person/p2", "person/p1"]
    assert ledger.record("notice", "district/branch-1/000000000001") == Record(
        1,
        {
            "about": ["p2", "p1"],
            "at": -5,
            "author": ledger.member(SECRETARY),
            "body": COMMITMENT,
            "height": 1,
            "kind": "meeting",
            "number": 1,
            "state": "posted",
            "time": ledger.time_ms,
            "title": "支部大会",
            "unit": "district/branch-1",
        },
    )
    assert ledger.record("notice-file", "district/branch-1") == Record(1, {"unit": "district/branch-1", "count": 1})


def test_what_was_not_said_is_not_there() -> None:
    ledger = TrialLedger()
    ledger.execute(ledger.post())
    assert ledger.fields("notice", notice_id("branch-1", 1)).keys().isdisjoint({"body", "kind", "at"})
    assert ledger.fields("notice", notice_id("branch-1", 1))["about"] == []


def test_each_unit_numbers_its_own_notices() -> None:
    ledger = TrialLedger()
    ledger.execute(ledger.post("a"), ledger.post("b"), ledger.post("a"))
    ledger.execute(ledger.post("a"))
    assert ledger.fields("notice-file", "a")["count"] == 3
    assert ledger.fields("notice-file", "b")["count"] == 1
    assert [ledger.fields("notice", notice_id("a", number))["number"] for number in (1, 2, 3)] == [1, 2, 3]


def test_the_order_of_ids_is_the_order_of_numbers() -> None:
    ids = [notice_id("a", number) for number in (1, 2, 9, 10, 99, 100, 10**6, NUMBER_MAX)]
    assert sorted(ids) == ids


def test_a_unit_named_like_a_notice_stays_apart() -> None:
    """`a` and `a/000000000001` are two units; the second's notices are not the first's."""
    ledger = TrialLedger()
    results = ledger.execute(ledger.post("a"), ledger.post("a/000000000001"), ledger.post("a")).results
    assert [result.ok for result in results] == [True, True, True]
    assert ledger.fields("notice", "a/000000000001/000000000001")["unit"] == "a/000000000001"


def test_a_full_file_takes_no_more() -> None:
    ledger = TrialLedger()
    ledger.state[record_key("notice-file", "branch-1")] = Record(1, {"count": NUMBER_MAX, "unit": "branch-1"}).encode()
    result = ledger.execute(ledger.post()).results[0]
    assert (result.code, result.details) == ("notice.file-full", {"unit": "branch-1", "count": NUMBER_MAX})


@pytest.mark.parametrize("key", [SECRETARY, ADMINISTRATOR], ids=["its author", "an administrator"])
def test_a_notice_is_withdrawn_and_stays(key: SigningKey) -> None:
    ledger = TrialLedger()
    ledger.execute(ledger.post(about=["p1"], title="t"))
    values: dict[str, Value] = {"unit": "branch-1", "number": 1, "reason": "a mistake"}
    result = ledger.result("notice.withdraw", values, key)
    assert result.events == (Event("notice.withdrawn", {"number": 1, "unit": "branch-1"}),)
    assert result.writes == (RecordVersion("notice", notice_id("branch-1", 1), 2),)
    assert [link.subject for link in result.links[1:]] == ["unit/branch-1", "person/p1"]
    fields = ledger.fields("notice", notice_id("branch-1", 1))
    assert (fields["state"], fields["title"], fields["author"]) == ("withdrawn", "t", ledger.member(SECRETARY))
    assert (fields["withdrawn_by"], fields["withdrawn_reason"]) == (ledger.member(key), "a mistake")
    assert (fields["withdrawn_height"], fields["withdrawn_time"]) == (2, ledger.time_ms)


def test_nobody_else_withdraws_it() -> None:
    ledger = TrialLedger()
    ledger.execute(ledger.post())
    before = ledger.record("notice", notice_id("branch-1", 1))
    result = ledger.result("notice.withdraw", {"unit": "branch-1", "number": 1, "reason": "x"}, TREASURER)
    assert (result.code, result.details) == ("notice.not-the-author", {"author": ledger.member(SECRETARY).hex()})
    assert ledger.record("notice", notice_id("branch-1", 1)) == before


def test_a_co_signature_gives_no_right() -> None:
    """It is the sender who acts; an administrator who only signs along does not make it an administrator's act."""
    ledger = TrialLedger()
    ledger.execute(ledger.post())
    values: dict[str, Value] = {"unit": "branch-1", "number": 1, "reason": "x"}
    both = ledger.transaction("notice.withdraw", values, TREASURER, [TREASURER, ADMINISTRATOR])
    assert ledger.execute(both).results[0].code == "notice.not-the-author"


def test_it_is_withdrawn_once() -> None:
    ledger = TrialLedger()
    ledger.execute(ledger.post())
    assert withdraw(ledger) == "ok"
    assert withdraw(ledger) == "notice.not-posted"
    assert withdraw(ledger, ADMINISTRATOR) == "notice.not-posted"


@pytest.mark.parametrize(("unit", "number"), [("branch-1", 2), ("branch-2", 1)])
def test_what_was_never_posted_cannot_be_withdrawn(unit: str, number: int) -> None:
    ledger = TrialLedger()
    ledger.execute(ledger.post())
    assert withdraw(ledger, SECRETARY, number, unit) == "notice.not-found"


@pytest.mark.parametrize(
    ("operation", "values", "code", "argument"),
    [
        ("notice.post", {"title": "t"}, "arguments.missing", "unit"),
        ("notice.post", {"unit": "a"}, "arguments.missing", "title"),
        ("notice.post", {"unit": "a b", "title": "t"}, "arguments.pattern", "unit"),
        ("notice.post", {"unit": "a", "title": ""}, "arguments.out-of-range", "title"),
        ("notice.post", {"unit": "a", "title": "支" * 67}, "arguments.too-long", "title"),
        ("notice.post", {"unit": "a", "title": "t", "body": "Li Wei"}, "arguments.not-detached", "body"),
        ("notice.post", {"unit": "a", "title": "t", "about": "p1"}, "arguments.type", "about"),
        ("notice.post", {"unit": "a", "title": "t", "about": ["p"] * 2}, "arguments.duplicate", "about"),
        (
            "notice.post",
            {"unit": "a", "title": "t", "about": [f"p{n}" for n in range(17)]},
            "arguments.too-many",
            "about",
        ),
        ("notice.post", {"unit": "a", "title": "t", "about": ["李伟"]}, "arguments.pattern", "about"),
        ("notice.post", {"unit": "a", "title": "t", "at": "today"}, "arguments.type", "at"),
        ("notice.post", {"unit": "a", "title": "t", "name": "Li Wei"}, "arguments.unknown", "name"),
        ("notice.withdraw", {"unit": "a", "number": 0, "reason": "r"}, "arguments.out-of-range", "number"),
        ("notice.withdraw", {"unit": "a", "number": 1}, "arguments.missing", "reason"),
        ("notice.withdraw", {"unit": "a", "number": 1, "reason": "x" * 501}, "arguments.too-long", "reason"),
    ],
)
def test_arguments_are_checked(operation: str, values: dict[str, Value], code: str, argument: str) -> None:
    result = TrialLedger().result(operation, values)
    assert (result.code, result.details["argument"]) == (code, argument)


def test_the_same_people_are_linked_again_and_again() -> None:
    ledger = TrialLedger()
    ledger.execute(*(ledger.post(about=["p1"]) for _ in range(3)))
    assert Record.decode(ledger.state[chain_record_key("person/p1")]).version == 3


def test_the_most_that_a_notice_can_carry_is_within_every_bound() -> None:
    ledger = TrialLedger()
    about: list[Value] = [f"{number:0128d}" for number in range(16)]
    unit = "u" * 128
    execution = ledger.execute(ledger.post(unit, "x" * 200, body=COMMITMENT, about=about, kind="k" * 128, at=2**63 - 1))
    assert execution.results[0].ok
    assert withdraw(ledger, unit=unit) == "ok"
