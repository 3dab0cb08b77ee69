"""The pack `co-operative`: no rule, review or time to answer of it can go without a story that notices."""

import pytest

from tests.packs.shipped_pack import ALWAYS, ShippedPack, compiled, rules_of, transitions_with, types_of

PACK = ShippedPack("co-operative")


def test_no_decision_on_a_person_is_one_person_s_own() -> None:
    deciding = [
        one for kind in compiled(PACK.written()).types.values() for one in kind.transitions.values() if one.decides
    ]
    assert {one.name for one in deciding} == {"accuse", "expel", "recall", "refuse", "uphold"}
    assert all(one.review is not None or one.vote is not None for one in deciding)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rule"), sorted(rules_of(PACK.written())))
def test_a_rule_that_always_holds_is_noticed(kind: str, rule: str) -> None:
    files = PACK.written()
    rules_of(files)[kind, rule]["expression"] = "due >= 0" if "present" in rule or "yes" in rule else ALWAYS
    assert PACK.noticed(files)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["review", "minimum_stay_days"])
def test_what_protects_people_is_noticed_where_it_is_missing(key: str) -> None:
    places = transitions_with(PACK.written(), key)
    assert places
    for kind, name in places:
        files = PACK.written()
        del types_of(files)[kind]["transition"][name][key]
        assert PACK.noticed(files), (kind, name)
