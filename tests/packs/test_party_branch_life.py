"""The pack `party-branch` with attendance lists: what is said of a meeting and what people signed has to agree."""

from typing import Any

import pytest

from cli.attendance_codes import AttendanceCodes
from cli.pack_trial import PackTrial
from contracts.calendar.dates import parse_date
from contracts.records.explaining import explain_with_pack
from contracts.result import Result
from ledger.encoding import Value
from tests.packs.shipped_pack import shipped

PACK = shipped("party-branch").pack
assert PACK is not None
TODAY = parse_date("2026-03-02")
# What a branch does from month to month.
LIFE = (
    *("activity", "activity-place", "declaration", "exam-result", "exchange-post", "feedback", "meeting-duty"),
    *("member-review", "menu-item", "menu-request", "party-meeting", "party-resolution", "pledge", "publicity"),
    *("study-resource", "study-year", "topic", "topic-support"),
)
SECRET = bytes(32)


class Branch:
    """A branch with a secretary, three more voters and a probationary member; each call is a second later."""

    def __init__(self) -> None:
        assert PACK is not None
        self.trial = PackTrial(PACK, TODAY)
        self.trial.pass_to(TODAY)
        self.trial.found("north")
        for person in ("wang", "li", "he", "sun", "zhou"):
            self.trial.enrol(person)
            self.trial.appoint("north", "member", person)
            self.trial.appoint("north", "probationary" if person == "zhou" else "voter", person)
        self.trial.appoint("north", "secretary", "wang")
        self.codes: AttendanceCodes | None = None

    def create(self, by: str, kind: str, **fields: Value) -> Result:
        return self.trial.call("records.create", {"type": kind, "unit": "north", "fields": dict(fields)}, by)

    def act(self, by: str, kind: str, record_id: str, transition: str, **fields: Value) -> Result:
        arguments: dict[str, Value] = {"type": kind, "id": f"north/{record_id}", "transition": transition}
        return self.trial.call("records.act", arguments | {"fields": dict(fields)}, by)

    def open_list(self, *roles: str) -> Result:
        """The secretary opens a list that begins now."""
        network_id: Any = self.trial._network
        starts_ms = self.trial.time_ms
        self.codes = AttendanceCodes(SECRET, network_id, "north", "Assembly", starts_ms, 60, 60)
        arguments: dict[str, Value] = {
            "hashes": list(self.codes.hashes()),
            "roles": list(roles),
            "starts": starts_ms,
            "title": "Assembly",
            "unit": "north",
            "window_seconds": 60,
        }
        return self.trial.call("attendance.open", arguments, "wang")

    def sign_in(self, person: str, number: int) -> Result:
        assert self.codes is not None
        window = self.codes.window_at(self.trial.time_ms)
        assert window is not None
        arguments: dict[str, Value] = {"unit": "north", "number": number, "code": self.codes.code(window)}
        return self.trial.call("attendance.sign-in", arguments, person)


@pytest.fixture(scope="module")
def branch() -> Branch:
    """Its list 1 for voters and probationary members is signed by two of four voters, and one probationary member."""
    branch = Branch()
    assert branch.open_list("voter", "probationary").ok
    assert [branch.sign_in(person, 1).code for person in ("li", "he", "zhou")] == ["ok"] * 3
    return branch


def test_an_assembly_has_as_many_voters_as_signed_in(branch: Branch) -> None:
    assert branch.create("wang", "meeting-duty", sort="assembly", since=TODAY).ok
    meeting = branch.create("wang", "party-meeting", sort="assembly", duty="north/assembly", held_on=TODAY, session=1)
    assert meeting.ok
    refused = branch.act("wang", "party-meeting", "000001", "hold", came=3)
    assert (refused.details["rule"], refused.details["left"], refused.details["right"]) == (
        "as-many-as-signed-in",
        3,
        2,
    )
    words = explain_with_pack(refused, branch.trial.state.get)
    assert words is not None and words.article == "支部条例第十五条 / Branch Rules 15"
    assert words.en == "3 are said to have been there, and 2 are on the attendance list"
    assert words.zh == "填报到会 3 人,签到表上有 2 人"
    # Who was there without a telephone is entered from the sheet.
    sheet: dict[str, Value] = {"unit": "north", "number": 1, "persons": ["sun"], "sheet": {"#": bytes(32)}}
    assert branch.trial.call("attendance.enter", sheet, "wang").ok
    assert branch.act("wang", "party-meeting", "000001", "hold", came=3).ok
    duty = branch.trial.fields("meeting-duty", "north/assembly")
    assert duty is not None and isinstance(duty["values"], dict) and duty["values"]["last_on"] == TODAY


def test_who_signed_the_list_of_an_activity_checks_in_by_themselves(branch: Branch) -> None:
    activity: dict[str, Value] = {"code": "trees", "title": "Trees", "held_on": TODAY, "until": TODAY, "places": 3}
    assert branch.create("wang", "activity", **activity, session=1).ok
    for person in ("li", "wang"):
        assert branch.create(person, "activity-place", code="trees", person=person, activity="north/trees").ok
    assert branch.act("li", "activity-place", "trees/li", "check-in").ok
    refused = branch.act("wang", "activity-place", "trees/wang", "check-in")
    assert refused.details["rule"] == "has-signed-the-list"
    points = branch.trial.fields("counter", "north/points=li")
    assert points is not None and points["value"] == 2


def test_only_officers_open_lists(branch: Branch) -> None:
    assert branch.open_list("voter").ok
    arguments: dict[str, Value] = {"unit": "north", "number": 2}
    assert branch.trial.call("attendance.close", arguments, "li").code == "operation.not-allowed"
    assert branch.trial.call("attendance.close", arguments, "wang").ok


def ballot(branch: Branch, reference: str, *yes: str) -> None:
    """A ballot among the voters that is opened, and in which these say yes."""
    arguments: dict[str, Value] = {
        "unit": "north",
        "title": "A reading room",
        "method": "yes-no",
        "casting": "roll-call",
        "electorate": ["voter"],
        # Half of those who voted: the pack asks for more.
        "threshold": ">1/2 of valid",
        "closes": branch.trial.time_ms + 3_600_000,
        "reference": reference,
    }
    opened = branch.trial.call("ballots.open", arguments, "wang")
    number = opened.events[0].fields["number"]
    # The roll is made by a timer, in the block after.
    branch.trial.call("notice.post", {"unit": "north", "title": "The ballot is open"}, "wang")
    for person in yes:
        vote: dict[str, Value] = {"unit": "north", "number": number, "choices": ["yes"]}
        assert branch.trial.call("ballots.cast", vote, person).ok


def test_a_resolution_passes_by_a_ballot_of_more_than_half_of_those_due() -> None:
    branch = Branch()
    assert branch.create("wang", "meeting-duty", sort="assembly", since=TODAY).ok
    assert branch.create("wang", "party-meeting", sort="assembly", duty="north/assembly", held_on=TODAY).ok
    assert branch.act("wang", "party-meeting", "000001", "hold", came=4).ok
    assert branch.create("li", "party-resolution", meeting="north/000001", motion={"#": bytes(32)}).ok
    about = "party-resolution/north/000001"
    ballot(branch, about, "li", "he")
    ballot(branch, about, "li", "he", "sun")
    ballot(branch, "party-resolution/north/000002", "li", "he", "sun")
    open_yet = branch.act("wang", "party-resolution", "000001", "pass-by-ballot", ballot=2)
    assert open_yet.details["rule"] == "a-ballot-passed-it"
    branch.trial.pass_to(TODAY + 1)
    refused = [branch.act("wang", "party-resolution", "000001", "pass-by-ballot", ballot=one) for one in (1, 3)]
    assert [one.details["rule"] for one in refused] == ["more-than-half-by-ballot", "a-ballot-passed-it"]
    assert (refused[0].details["left"], refused[0].details["right"]) == (2, 3)
    assert branch.act("wang", "party-resolution", "000001", "pass-by-ballot", ballot=2).ok


def test_every_rule_cites_its_article_in_both_languages() -> None:
    assert PACK is not None
    articles = {f"{kind}.{name}": rule.article for kind in LIFE for name, rule in PACK.types[kind].rules.items()}
    articles |= {kind: PACK.types[kind].article for kind in LIFE}
    parameters = {name for kind in LIFE for name in PACK.types[kind].parameters} - {"utc-offset-minutes"}
    articles |= {name: PACK.manifest.parameters[name].article for name in parameters}
    assert [name for name, article in articles.items() if " / " not in article] == []
