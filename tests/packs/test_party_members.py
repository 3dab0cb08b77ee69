"""The pack `party-branch`, its members' half: every rule refuses somebody, and no decision is one person's own."""

from cli.pack_folder import SCENARIOS, shipped_folder
from tests.packs.party_ledger import party_branch
from tests.packs.shipped_pack import ShippedPack

KINDS = frozenset(
    (
        "absence",
        "admission",
        "appeal",
        "applicant",
        "arrival",
        "branch-election",
        "branch-term",
        "development",
        "discipline",
        "member-transfer",
        "party-member",
        "probation",
    )
)
DECIDING = {
    "absence": {"approve", "vote"},
    "admission": {"end", "refuse", "reject"},
    "appeal": {"uphold"},
    "applicant": {"end"},
    "development": {"end"},
    "discipline": {"approve", "approve-expulsion", "vote"},
    "party-member": {"cancel", "expel", "strike"},
    "probation": {"approve-cancellation", "extend", "vote-to-cancel"},
}
# Where each number is tried on both sides of its bound.
NUMBERS = {
    "absence-months": ["absence"],
    "activist-months": ["candidates"],
    "appeal-months": ["appeal", "appeal-overdue"],
    "approval-months": ["admission-times", "probation"],
    "approval-months-most": ["admission-times"],
    "assembly-months": ["admission-times"],
    "away-months": ["away"],
    "bar-months": ["expulsion"],
    "branch-least": ["two-members", "three-members"],
    "branch-most": ["seven-with", "fifty-one"],
    "committee-from": ["six-members", "seven-without"],
    "committee-least": ["seven-with", "committee-of-two"],
    "committee-most": ["committee-of-seven", "fifty-one"],
    "committee-usual": ["election"],
    "contacts-most": ["applicants"],
    "extension-months-least": ["probation"],
    "extension-months-most": ["probation", "probation-extended"],
    "letter-days": ["transfer", "transfer-timed-out"],
    "observation-months": ["applicants"],
    "probation-months": ["probation", "probation-cancelled"],
    "publicity-days": ["candidates"],
    "removal-months": ["discipline", "discipline-running"],
    "serious-warning-months": ["discipline", "discipline-running"],
    "sponsors": ["candidates"],
    "surplus-percent": ["election"],
    "talk-months": ["applicants"],
    "term-months": ["term-ends"],
    "training-days": ["candidates", "admission-vote"],
    "training-hours": ["candidates"],
    "village-term-months": ["six-members"],
    "warning-months": ["discipline", "discipline-running"],
    "watch-months-most": ["watch"],
}
# A decision on a member's record is taken along by the decision that led to it, which others have signed.
TAKEN_ALONG = DECIDING["party-member"]


def test_every_rule_that_people_meet_refuses_somebody() -> None:
    types = party_branch().types
    asked = {
        rule for kind in KINDS for one in types[kind].transitions.values() if not one.automatic for rule in one.rules
    }
    refused = {step.refused for story in ShippedPack("party-branch").stories for step in story.steps}
    assert asked - refused == set()


def test_every_number_is_tried() -> None:
    pack, stories = party_branch(), {story.title for story in ShippedPack("party-branch").stories}
    used = {name for kind in KINDS for name, one in pack.types[kind].parameters.items() if one.type == "integer"}
    assert used == {*NUMBERS, "utc-offset-minutes"} and len(stories) > len(NUMBERS)
    folder = shipped_folder("party-branch")
    assert folder is not None
    assert all((folder / SCENARIOS / f"{name}.toml").is_file() for names in NUMBERS.values() for name in names)


def test_no_decision_on_a_person_is_one_person_s_own() -> None:
    types = party_branch().types
    deciding = [(kind, one) for kind in KINDS for one in types[kind].transitions.values() if one.decides]
    assert {kind: {one.name for found, one in deciding if found == kind} for kind, _one in deciding} == DECIDING
    for kind, one in deciding:
        assert one.name in TAKEN_ALONG or (one.review is not None and one.review.distinct), (kind, one.name)
        assert not one.automatic


def test_what_a_rule_does_by_itself_gives_and_takes_no_office() -> None:
    for kind in KINDS:
        definition = party_branch().types[kind]
        by_itself = {check.then for check in definition.checks.values()}
        by_itself |= {one.deadline.then for one in definition.transitions.values() if one.deadline is not None}
        for name in by_itself:
            effects = definition.transitions[name].effects
            assert not any(hasattr(effect, "role") for effect in effects), (kind, name)


def test_everything_says_where_it_is_written_in_both_languages() -> None:
    pack = party_branch()
    for kind in KINDS:
        found = [one.article for one in pack.types[kind].rules.values() if one.article]
        found += [one.article for one in pack.types[kind].transitions.values() if one.article]
        for article in (*found, pack.types[kind].article):
            chinese, slash, english = article.partition(" / ")
            assert slash and english.isascii() and not chinese.isascii(), (kind, article)
