"""The language of actors: what is one, what is none, and that no two texts mean the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.authority.actor import PLAIN_KINDS, Actor, InvalidActorError, parse_actors

ROLES = st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True)
UNITS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._@+:-]{0,9}(/[A-Za-z0-9_][A-Za-z0-9._@+:-]{0,9}){0,2}", fullmatch=True)
ACTORS = st.one_of(
    st.sampled_from(PLAIN_KINDS).map(Actor),
    st.builds(Actor, st.just("role"), ROLES, st.sampled_from(["", "parent", "above"])),
    st.builds(Actor, st.just("role"), ROLES, st.just("unit"), UNITS),
)


@given(ACTORS)
def test_an_actor_is_printed_as_it_is_parsed(actor: Actor) -> None:
    assert Actor.parse(str(actor)) == actor


@given(st.one_of(st.text("arole:@unitparebv/-_. 1A", max_size=30), st.text(max_size=10)))
def test_any_other_text_is_refused_and_none_has_two_forms(text: str) -> None:
    try:
        assert str(Actor.parse(text)) == text
    except InvalidActorError as error:
        assert "names no actor" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Administrator",
        "administrator ",
        "role",
        "role:",
        "role:Lead",
        "role:9",
        "role:" + "x" * 33,
        "role:lead@",
        "role:lead@below",
        "role:lead@unit:",
        "role:lead@unit:/a",
        "role:lead@unit:a//b",
        "role:lead@unit:" + "u" * 129,
        "role:lead@parent@above",
        "role:lead\n",
        "role:läd",
    ],
)
def test_these_are_no_actors(text: str) -> None:
    with pytest.raises(InvalidActorError):
        Actor.parse(text)


def test_a_unit_may_look_like_a_reach() -> None:
    assert Actor.parse("role:lead@unit:parent") == Actor("role", "lead", "unit", "parent")
    assert Actor.parse("role:lead@unit:a@above") == Actor("role", "lead", "unit", "a@above")


def test_several_are_kept_in_order_and_once() -> None:
    assert list(map(str, parse_actors(["role:b", "self", "role:b"]))) == ["role:b", "self"]
