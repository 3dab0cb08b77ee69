"""One person's way into the Party: 25 steps in 5 stages over three years, each wrong turn refused and explained."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from contracts.calendar.dates import parse_date
from tests.packs.party_ledger import PartyLedger, ballots, party_branch, remember_definitions

APPLICANT, DEVELOPMENT = "applicant/north/chen/1", "development/north/000001"
ADMISSION, PROBATION = "admission/north/000001", "probation/north/000001"

HASH = "ab" * 32
STAGES = (2, 4, 5, 7, 7)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Step:
    """One of the 25: who takes it when, who approves, and wrong turns: what is otherwise, and what refuses."""

    on: str
    by: str
    target: str
    transition: str
    fields: dict[str, Any] = field(default_factory=dict)
    approved_by: tuple[str, ...] = ()
    wrong: tuple[tuple[dict[str, Any], str], ...] = ()


STEPS = (
    Step(
        "2026-01-05",
        "chen",
        "applicant",
        "apply",
        {"person": "chen", "attempt": 1, "letter": "I apply."},
        wrong=(({"letter": None}, "records.field-missing"), ({"attempt": 2}, "first-or-next")),
    ),
    Step(
        "2026-02-05",
        "wang",
        APPLICANT,
        "talk",
        {"talk_on": "2026-02-05", "talk": "Notes."},
        wrong=(({"talk_on": "2026-01-04"}, "talk-has-been"), ({"talk_on": "2026-02-06"}, "talk-has-been")),
    ),
    Step("2026-03-02", "li", APPLICANT, "recommend", {"proposed_by": "members"}, ("he",)),
    Step("2026-03-03", "zhou", APPLICANT, "file", wrong=(({"by": "wang"}, "records.not-allowed"),)),
    Step(
        "2026-03-04",
        "li",
        APPLICANT,
        "assign",
        {"contacts": ["wang", "he"]},
        wrong=(
            ({"contacts": []}, "contacts-number"),
            ({"contacts": ["wang", "he", "ma"]}, "contacts-number"),
            ({"contacts": ["chen"]}, "contacts-full"),
        ),
    ),
    Step("2026-09-02", "li", APPLICANT, "observe", {"findings": "Diligent."}),
    Step(
        "2027-03-02",
        "li",
        "development",
        "propose",
        {"person": "chen", "applicant": "north/chen/1", "opinions": "Good."},
        ("he",),
        (({"person": "ma"}, "is-activist"),),
    ),
    Step("2027-03-10", "zhou", DEVELOPMENT, "file"),
    Step(
        "2027-03-11",
        "li",
        DEVELOPMENT,
        "sponsor",
        {"sponsors": ["wang", "he"]},
        wrong=(({"sponsors": ["wang"]}, "sponsors-number"), ({"sponsors": ["wang", "chen"]}, "sponsors-full")),
    ),
    Step(
        "2027-03-12",
        "li",
        DEVELOPMENT,
        "review",
        {"review": "File.", "review_passed": True},
        ("he",),
        (({"review_passed": False}, "review-is-passed"),),
    ),
    Step(
        "2027-03-20",
        "zhou",
        DEVELOPMENT,
        "train",
        {"trained_on": "2027-03-19", "training_days": 3},
        wrong=(
            ({"training_days": 2, "training_hours": 23}, "trained-enough"),
            ({"trained_on": "2027-03-21"}, "trained-by-now"),
        ),
    ),
    Step(
        "2027-04-01",
        "li",
        "admission",
        "examine",
        {"person": "chen", "development": "north/000001", "examined": "Good."},
        ("he",),
        (({"person": "ma"}, "development-done"),),
    ),
    Step("2027-04-05", "zhou", ADMISSION, "pre-review"),
    Step("2027-04-06", "chen", ADMISSION, "fill-in", {"form": HASH}, wrong=(({"by": "li"}, "records.not-allowed"),)),
    Step(
        "2027-05-05",
        "wang",
        ADMISSION,
        "vote",
        {"assembly_on": "2027-05-05", "minutes": HASH, "vote": ballots(6, 4)},
        ("zhu",),
        (
            ({"assembly_on": "2027-05-06"}, "assembly-has-been"),
            ({"vote": ballots(3, 3)}, "half-of-voters-there"),
            ({"vote": ballots(6, 3)}, "more-than-half-with-written"),
            ({"vote": None}, "records.vote-missing"),
        ),
    ),
    Step(
        "2027-05-20",
        "zhou",
        ADMISSION,
        "talk",
        {"talk_on": "2027-05-20", "talk": "Notes."},
        wrong=(({"talk_on": "2027-05-04"}, "talk-after-assembly"),),
    ),
    Step("2027-08-05", "qian", ADMISSION, "approve", {}, ("sun",)),
    Step("2027-08-06", "zhou", ADMISSION, "file"),
    Step(
        "2027-08-10",
        "li",
        "probation",
        "place",
        {"person": "chen", "admission": "north/000001", "member": "north/chen/2027-08-05", "group": "one"},
        wrong=(({"person": "ma"}, "is-admitted"), ({"member": "north/chen/2020-01-01"}, "records.field-reference")),
    ),
    Step(
        "2027-09-01",
        "li",
        PROBATION,
        "swear",
        {"oath_on": "2027-09-01"},
        wrong=(({"oath_on": "2027-09-02"}, "oath-has-been"),),
    ),
    Step("2028-02-01", "li", PROBATION, "observe", {"findings": "Diligent."}),
    Step("2028-05-05", "chen", PROBATION, "request", {"request": "I ask."}),
    Step(
        "2028-05-06",
        "wang",
        PROBATION,
        "vote",
        {"assembly_on": "2028-05-05", "minutes": HASH, "vote": ballots(6, 4)},
        ("zhu",),
        (
            ({"assembly_on": "2028-05-04"}, "assembly-after-period"),
            ({"vote": ballots(6, 3)}, "more-than-half-with-written"),
        ),
    ),
    Step("2028-08-05", "qian", PROBATION, "approve", {}, ("sun",)),
    Step("2028-08-06", "li", PROBATION, "archive", {"archive": HASH}),
)
# Wrong turns in time: (before which step, on which day, the number of the step that is tried too early or too late).
IN_TIME = (
    (7, "2027-03-01", 7, "activist-long-enough"),
    (8, "2027-03-09", 8, "records.wrong-state"),
    (22, "2028-05-04", 22, "period-is-over"),
)


class Way:
    """The way under way, with what was said to each wrong turn."""

    def __init__(self) -> None:
        self.ledger = PartyLedger("2026-01-05")
        self.refused: list[tuple[str, str, str]] = []

    def take(self, number: int) -> None:
        step = STEPS[number - 1]
        for before, on, tried, wanted in IN_TIME:
            if before == number:
                self.ledger.pass_to(on)
                self.wrong(STEPS[tried - 1], {}, wanted)
        self.ledger.pass_to(step.on)
        # The next step before this one, this one by a member without office, and what is wrong in itself.
        for following in STEPS[number : number + 1]:
            self.wrong(following, {}, None)
        if step.by != "chen":
            self.wrong(step, {"by": "guo"}, "records.not-allowed")
        for otherwise, wanted in step.wrong:
            self.wrong(step, otherwise, wanted)
        result = self.ask(step, {})
        assert result.ok, (number, self.ledger.told(result))
        record = (
            step.target
            if "/" in step.target
            else {"applicant": APPLICANT}.get(step.target, f"{step.target}/north/000001")
        )
        for approver in step.approved_by:
            self.wrong_approval(step.by, record)
            assert self.ledger.approve(approver, record).ok

    def ask(self, step: Step, otherwise: dict[str, Any]) -> Any:
        asked = {"by": step.by} | step.fields | otherwise
        more = {name: value for name, value in asked.items() if name != "by" and value is not None}
        return self.ledger.ask(asked["by"], step.target, step.transition, **more)

    def wrong(self, step: Step, otherwise: dict[str, Any], wanted: str | None) -> None:
        self.note(self.ask(step, otherwise), wanted, (step.transition, otherwise))

    def wrong_approval(self, by: str, record: str) -> None:
        self.note(self.ledger.approve(by, record), "records.self-approval", (by, record))

    def note(self, result: Any, wanted: str | None, what: object) -> None:
        assert not result.ok, what
        told = self.ledger.told(result)
        assert wanted in (None, told[0]), (what, told)
        self.refused.append(told)


@pytest.fixture(scope="module")
def way() -> Way:
    with pytest.MonkeyPatch.context() as patch:
        remember_definitions(patch)
        taken = Way()
        for number in range(1, len(STEPS) + 1):
            taken.take(number)
    return taken


def test_there_are_25_steps_in_5_stages_and_the_pack_counts_them() -> None:
    assert len(STEPS) == sum(STAGES) == 25
    types = party_branch().types
    for number, step in enumerate(STEPS, 1):
        title = types[step.target.partition("/")[0]].transitions[step.transition].title
        assert title.en.startswith(f"{number}. ") and title.zh.startswith(f"{number}. "), step.transition


def test_every_step_says_where_it_is_written_in_both_languages() -> None:
    types = party_branch().types
    for step in STEPS:
        kind = types[step.target.partition("/")[0]]
        article = kind.transitions[step.transition].article
        assert re.fullmatch(
            r"(党章|发展细则)第[一二三四五六七八九十]+条 / (Constitution|Admission Rules) \d+", article
        ), article


def test_who_goes_the_whole_way_is_a_full_member(way: Way) -> None:
    ledger = way.ledger
    member = ledger.trial.fields("party-member", "north/chen/2027-08-05")
    assert member is not None and member["state"] == "full"
    values = member["values"]
    assert isinstance(values, dict)
    assert values["joined_on"] == parse_date("2027-05-05") and values["full_on"] == parse_date("2028-08-05")
    assert [ledger.state(one) for one in (APPLICANT, DEVELOPMENT, ADMISSION, PROBATION)] == [
        "candidate",
        "admission",
        "filed",
        "archived",
    ]
    held = [one for one in party_branch().manifest.roles if ledger.holds("north", one, "chen")]
    assert held == ["full-member", "member", "voter"]


def test_each_wrong_turn_is_refused_and_explained_in_both_languages(way: Way) -> None:
    assert len(way.refused) > 70
    for reason, english, chinese in way.refused:
        assert not CHINESE.search(english.partition(" (")[0]), (reason, english)
        assert CHINESE.search(chinese), (reason, chinese)
        assert "{" not in english + chinese and english != chinese, reason
    said = {reason: (english, chinese) for reason, english, chinese in way.refused}
    english, chinese = said["activist-long-enough"]
    assert "until 2027-03-02; today is 2027-03-01" in english and "发展细则第十三条" in english
    assert "至 2027-03-02" in chinese and "今天是 2027-03-01" in chinese
    assert "more than half of the voters due have to agree" in said["more-than-half-with-written"][0]
