"""Refusals in a pack's own words, long after."""

from functools import lru_cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.records.explaining import explain_with_pack
from contracts.result import Result
from tests.contracts.organisation import Organisation
from tests.contracts.records.packs import CLUB, club, compiled, put_in_force
from tests.contracts.records.test_transitions import act, create, later


def refused() -> tuple[Organisation, Result]:
    ledger = club()
    assert create(ledger, "eve", person="eve").ok
    later(ledger, 4)
    result = act(ledger, "ann", "recommend", fields={"score": 70, "sponsors": ["bob"]})
    assert result.code == "records.guard"
    return ledger, result


def test_a_rule_is_explained_in_both_languages_with_its_values() -> None:
    ledger, result = refused()
    found = explain_with_pack(result, ledger.state.get)
    assert found is not None
    assert (found.en, found.zh) == ("needs 2, has 1", "需要2，现有1")
    assert found.article == "By-laws, section 2.1"


def test_an_old_refusal_is_explained_by_the_pack_of_its_time() -> None:
    ledger, result = refused()
    newer = CLUB.replace("version = 1", "version = 2").replace("needs {right}, has {left}", "another text")
    put_in_force(ledger, compiled(newer))
    found = explain_with_pack(result, ledger.state.get)
    assert found is not None
    assert found.en == "needs 2, has 1"


def test_a_rule_without_an_article_stands_under_that_of_its_type() -> None:
    ledger, result = refused()
    pack = compiled(CLUB.replace('article = "By-laws, section 2.1"\n', ""))
    put_in_force(ledger, pack)
    found = explain_with_pack(replace_details(result, pack=pack.hash.hex()), ledger.state.get)
    assert found is not None
    assert found.article == "By-laws, section 2"


def test_what_no_pack_explains_is_left_to_the_general_text() -> None:
    ledger, result = refused()
    assert explain_with_pack(replace_details(result, pack="0" * 64), ledger.state.get) is None
    assert explain_with_pack(replace_details(result, pack="no key"), ledger.state.get) is None
    assert explain_with_pack(replace_details(result, rule="nothing"), ledger.state.get) is None
    assert explain_with_pack(replace_details(result, kind="nothing"), ledger.state.get) is None
    assert explain_with_pack(replace_details(result, kind=3), ledger.state.get) is None
    general = ledger.registry.explain(result)
    assert general is not None
    assert "sponsored" in str(general)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(["clause", "left", "right", "operator", "condition", "kind", "rule", "pack"]),
        st.integers() | st.text(max_size=20),
    )
)
def test_whatever_stands_in_a_result_it_answers_or_says_nothing(details: dict[str, int | str]) -> None:
    ledger, result = _one_refusal()
    found = explain_with_pack(replace_details(result, **details), ledger.state.get)
    assert found is None or (found.en and found.zh)


@lru_cache
def _one_refusal() -> tuple[Organisation, Result]:
    return refused()


def replace_details(result: Result, **details: int | str) -> Result:
    return result._replace(details={**result.details, **details})
