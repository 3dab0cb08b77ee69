"""Random histories of units and offices, against a naive reading of the same rules."""

from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.context import Context
from contracts.record import Record, record_key
from contracts.units.office import held_since, is_held
from contracts.units.role_count import role_count
from contracts.units.tree import DEPTH_MAX, units_above
from tests.contracts.organisation import Organisation
from tests.contracts.units_reference import DAY_MS, NaiveUnits

# Few of everything, so that histories meet.
UNITS = st.sampled_from(["a", "b", "c", "a/b"])
PEOPLE = ("p", "q", "r")
OFFICE = {
    "unit": st.sampled_from(["a", "a", "a", "a/b", "c"]),
    "role": st.sampled_from(["member", "lead", "voter"]),
    "person": st.sampled_from(PEOPLE),
}
# From long ago to beyond what may be delegated, in days from now.
MOMENTS = st.sampled_from([-9, -1, 0, 1, 2, 5, 90, 91])
PAUSES_MS = st.sampled_from([1, 1000, DAY_MS, 2 * DAY_MS, 5 * DAY_MS])


def step(method: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> Any:
    return st.tuples(st.just(method), st.fixed_dictionaries(required, optional=optional or {}))


NAMES = st.sampled_from(["one", "two"])
creates = step("create", {"unit": UNITS, "name": NAMES, "kind": st.just("sig")}, {"parent": UNITS})
appoints = step("appoint", OFFICE, {"since": MOMENTS, "until": MOMENTS})
delegates = step("delegate", OFFICE | {"giver": st.sampled_from(PEOPLE), "until": MOMENTS})
steps = st.one_of(
    creates,
    creates,
    step("rename", {"unit": UNITS, "name": NAMES}),
    step("move", {"unit": UNITS}, {"parent": UNITS}),
    step("merge", {"unit": UNITS, "into": UNITS}),
    step("dissolve", {"unit": UNITS}),
    appoints,
    appoints,
    step("release", OFFICE),
    delegates,
    delegates,
    step("revoke-delegation", OFFICE | {"sender": st.sampled_from([None, *PEOPLE])}),
)
histories = st.lists(st.tuples(steps, PAUSES_MS), min_size=10, max_size=40)
# What is there when a history begins, so that it does not spend itself on that.
BEGINNING: list[tuple[str, dict[str, Any]]] = [
    ("create", {"unit": "a", "name": "one", "kind": "sig"}),
    ("create", {"unit": "b", "name": "one", "kind": "sig"}),
    ("create", {"unit": "a/b", "name": "one", "kind": "sig", "parent": "a"}),
    ("appoint", {"unit": "a", "role": "member", "person": "p"}),
    ("appoint", {"unit": "a", "role": "member", "person": "q"}),
    ("appoint", {"unit": "a", "role": "lead", "person": "p"}),
    ("appoint", {"unit": "a", "role": "lead", "person": "r"}),
]


class Onlooker:
    """Asks what an operation would be told at a moment, of a ledger that nothing is executed on."""

    def __init__(self, ledger: Organisation) -> None:
        self._ledger = ledger
        self.time_ms = ledger.time_ms

    def read(self, kind: str, record_id: str) -> Record | None:
        return self._ledger.record(kind, record_id)

    def content(self, kind: str, record_id: str) -> bytes | None:
        return self._ledger.state.get(record_key(kind, record_id))


def check(ledger: Organisation, naive: NaiveUnits, now: int) -> None:
    """Everything that can be asked has the same answer."""
    onlooker = Onlooker(ledger)
    onlooker.time_ms = now
    context = cast(Context, onlooker)
    for unit, one in naive.units.items():
        fields = ledger.fields("unit", unit)
        assert (fields["state"], fields.get("parent"), fields["name"]) == (one.state, one.parent, one.name)
        assert (fields["children"], fields["below"]) == (len(naive.children(unit)), one.below)
        assert [unit, *units_above(context, unit)] == naive.above(unit)
        assert one.state != "active" or len(naive.above(unit)) <= DEPTH_MAX
        for role in ("member", "lead", "voter"):
            assert role_count(context, unit, role) == naive.count(unit, role, now)
            for person in PEOPLE:
                held = naive.holds(unit, role, person, now)
                assert is_held(context, unit, role, person) == held
                since = naive.offices[unit, role, person].since if held else None
                assert held_since(context, unit, role, person) == since


@settings(deadline=None)
@given(histories)
def test_the_naive_reading_finds_the_same(history: list[Any]) -> None:
    ledger, naive = Organisation(), NaiveUnits()
    for person in PEOPLE:
        ledger.add_person(person)
    for (method, values), pause in [*((one, 1000) for one in BEGINNING), *history]:
        now = ledger.time_ms + pause
        ledger.at(now)
        arguments = dict(values)
        for moment in ("since", "until"):
            if moment in arguments:
                arguments[moment] = now + arguments[moment] * DAY_MS
        expected = getattr(naive, method.replace("-", "_"))(now, **arguments)
        sender = arguments.pop("giver", arguments.pop("sender", None))
        assert ledger.code(f"units.{method}", arguments, sender) == expected
        for later in (0, DAY_MS - 1, DAY_MS, 5 * DAY_MS):
            check(ledger, naive, now + later)
