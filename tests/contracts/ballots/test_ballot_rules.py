"""What rules of a pack see of ballots: nothing until they are closed, and then what the ledger counted."""

import pytest

from ledger.encoding import Value
from tests.contracts.ballots.ballot_ledger import UNIT, BallotLedger
from tests.contracts.records.packs import compiled, put_in_force

PACK = """
[pack]
name = "admissions"
version = 1
title = { en = "Admissions", zh = "吸收成员" }
summary = { en = "Admissions.", zh = "吸收成员。" }
[role.voter]
title = { en = "Voter", zh = "选举人" }
summary = { en = "Voter.", zh = "选举人。" }
[type.applicant]
title = { en = "Applicant", zh = "申请人" }
id = ["person"]
[type.applicant.field.person]
type = "person"
class = "ledger"
required = true
title = { en = "Person", zh = "人" }
[type.applicant.field.vote]
type = "integer"
class = "ledger"
title = { en = "Ballot", zh = "投票" }
[type.applicant.state.asked]
title = { en = "Asked", zh = "已申请" }
[type.applicant.state.admitted]
title = { en = "Admitted", zh = "已吸收" }
final = true
[type.applicant.transition.ask]
from = ""
to = "asked"
title = { en = "Ask", zh = "申请" }
by = "anyone"
sets = ["person"]
[type.applicant.transition.admit]
from = "asked"
to = "admitted"
title = { en = "Admit", zh = "吸收" }
by = "anyone"
sets = ["vote"]
requires = ["vote"]
decides = true
guards = ["nobody-elected", "passed", "about-them", "two-votes", "all-asked", "half-there", "counted-by-two"]
[type.applicant.rule.passed]
expression = 'default(ballot_outcome(vote), "-") == "passed"'
text = { en = "{condition}", zh = "{condition}" }
[type.applicant.rule.about-them]
expression = "ballot_concerns(vote)"
text = { en = "the ballot was about somebody else", zh = "投票所议的是他人" }
[type.applicant.rule.two-votes]
expression = 'ballot_votes(vote, "yes") >= 2 and ballot_votes(vote, "perhaps") == 0'
text = { en = "{condition}", zh = "{condition}" }
[type.applicant.rule.all-asked]
expression = 'ballot_asked("voter", vote)'
text = { en = "others were asked", zh = "所问的是他人" }
[type.applicant.rule.half-there]
expression = 'ballot_count("present", vote) * 2 >= ballot_count("due", vote) and ballot_count("due", vote) >= 3'
text = { en = "{condition}", zh = "{condition}" }
[type.applicant.rule.counted-by-two]
expression = 'default(ballot_casting(vote), "-") == "roll-call" or ballot_tellers(vote) >= 2'
text = { en = "one person alone counted", zh = "只有一人计票" }
[type.applicant.rule.nobody-elected]
expression = "not ballot_elected(vote, person)"
text = { en = "{condition}", zh = "{condition}" }
"""


VOTERS = ["ann", "bob", "cy"]


@pytest.fixture(scope="module")
def ledger() -> BallotLedger:
    """Ballot 1 passed and was about ann; 2 was rejected, 3 passed about somebody else, 4 elected ann, 5 is open."""
    ledger = BallotLedger(VOTERS)
    ledger.permit("ballots.tally", "role:secretary")
    put_in_force(ledger, compiled(PACK))
    answers = {1: ("yes", "applicant/branch-1/ann"), 2: ("no", "applicant/branch-1/ann"), 3: ("yes", "applicant/x/ann")}
    for number, (answer, about) in answers.items():
        assert ledger.opened(reference=about) == number
        assert [ledger.cast(number, person, answer) for person in ("bob", "cy")] == ["ok", "ok"]
        ledger.close(number)
    assert ledger.opened("plurality", options=["zoe", "ann"], reference="applicant/branch-1/ann") == 4
    assert ledger.cast(4, "bob", "ann") == "ok"
    ledger.close(4)
    about = "applicant/branch-1/ann"
    assert ledger.opened(reference=about) == 5
    # The terms are chosen by whoever opens it: 6 asked others, 7 hardly anybody came to, 8 was counted by one person.
    ledger.seat(UNIT, "secretary", ["bob", "cy"])
    assert ledger.opened(reference=about, electorate=["secretary"]) == 6
    assert [ledger.cast(6, person, "yes") for person in ("bob", "cy")] == ["ok", "ok"]
    ledger.close(6)
    ledger.seat(UNIT, "voter", [*VOTERS, "dan", "eve"])
    assert ledger.opened(reference=about, threshold=">=1/5 of due", written=True) == 7
    for person in ("bob", "cy"):
        assert ledger.act("write-opinion", 7, person=person, choices=["yes"]) == "ok"
    ledger.close(7)
    for tellers in (1, 2):
        assert ledger.opened(reference=about, casting="tallied", tellers=tellers) == 7 + tellers
        for reporter in (None, "bob")[:tellers]:
            assert ledger.tally(7 + tellers, reporter, [4, 0, 0], 4, 4, 4, 4) == "ok"
        ledger.settle()
    fields: Value = {"person": "ann"}
    asked: dict[str, Value] = {"type": "applicant", "unit": UNIT, "fields": fields}
    assert ledger.code("records.create", asked, "bob") == "ok"
    return ledger


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        (2, "passed"),
        (3, "about-them"),
        (4, "nobody-elected"),
        (5, "passed"),
        (6, "all-asked"),
        (7, "half-there"),
        (8, "counted-by-two"),
        (10, "passed"),
        (0, "passed"),
        (-(2**63), "passed"),
    ],
)
def test_only_a_closed_ballot_about_this_record_counts(ledger: BallotLedger, number: int, rule: str) -> None:
    fields: Value = {"vote": number}
    arguments: dict[str, Value] = {"type": "applicant", "id": f"{UNIT}/ann", "transition": "admit", "fields": fields}
    assert ledger.asked("records.act", arguments, "bob").details.get("rule") == rule


@pytest.mark.parametrize("number", [9, 1])
def test_what_the_assembly_passed_is_done(ledger: BallotLedger, number: int) -> None:
    fields: Value = {"vote": number}
    arguments: dict[str, Value] = {"type": "applicant", "id": f"{UNIT}/ann", "transition": "admit", "fields": fields}
    result = ledger.asked("records.act", arguments, "bob")
    # Once.
    assert result.ok is (number == 9), result
