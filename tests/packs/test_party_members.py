"""The pack `party-branch`, its members' half: every rule refuses somebody, and no decision is one person's own."""

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
# A decision on a member's record is taken along by the decision that led to it, which others have signed.
TAKEN_ALONG = DECIDING["party-member"]


def test_every_rule_that_people_meet_refuses_somebody() -> None:
    types = party_branch().types
    asked = {
        rule for kind in KINDS for one in types[kind].transitions.values() if not one.automatic for rule in one.rules
    }
    refused = {step.refused for story in ShippedPack("party-branch").stories for step in story.steps}
    assert asked - refused == set()


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
