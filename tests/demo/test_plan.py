"""The plan of the import: every row once, in order, and nothing beside what it builds on."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from cli.demo.membership import BUILT_IN, MembershipEvent, pseudonym, read_events
from cli.demo.organisation import Group, GroupRole, Meeting, Organisation, read_organisation
from cli.demo.plan import PlannedLine, plan_import

NOBODY = Organisation((), (), ())
KINDS = st.sampled_from(["joined", "left", "role"])
EVENTS = st.lists(
    st.builds(MembershipEvent, st.integers(), KINDS, st.sampled_from("abcd"), st.just("member"), st.just(""))
)


def flat(parts: list[list[PlannedLine]]) -> list[PlannedLine]:
    return list(chain.from_iterable(parts))


@given(EVENTS)
def test_events_keep_their_order_and_no_part_holds_two_of_one_person(events: list[MembershipEvent]) -> None:
    parts = plan_import(events, NOBODY)
    lines = flat(parts)[1:]
    assert [line.document["args"]["at"] for line in lines] == [event.at_ms for event in events]
    assert [line.document["expect"][1] for line in lines] == [f"kubernetes/{event.person}" for event in events]
    for part in parts:
        assert part
        made = [line.makes for line in part]
        assert len(set(made)) == len(made)
        assert not {line.needs for line in part} & set(made)
    seen: dict[str, int] = {}
    for line in lines:
        kind, record_id, version = line.document["expect"]
        assert (kind, version) == ("contributor", seen.get(record_id, 0))
        assert line.document["op"] == ("records.act" if version else "records.create")
        seen[record_id] = version + 1


def test_names_are_not_in_what_goes_on_the_ledger() -> None:
    event = MembershipEvent(5, "joined", "AishSundar", "member", "r1")
    organisation = Organisation(
        (Group("docs", "sig", "Docs", "kubernetes"),), (GroupRole("docs", "chair", "Anna"),), ()
    )
    for line in flat(plan_import([event], organisation))[2:]:
        arguments = dict(line.document["args"])
        beside = line.document.get("detached", {})
        account = beside["fields.account"] if beside else arguments.pop("body")["account"]
        assert account in ("AishSundar", "Anna")
        assert account not in str(arguments) + str(line.document.get("expect"))
        assert arguments.get("fields", arguments)["person"] == pseudonym(account)


def test_the_built_in_records_make_a_few_large_parts() -> None:
    organisation = read_organisation(BUILT_IN)
    parts = plan_import(read_events(BUILT_IN), organisation)
    assert sum(map(len, parts)) == 1 + 271 + 3833 + 286 + 102
    assert len(parts) < 30
    meetings = [line.document["args"] for line in flat(parts) if line.document["op"] == "units.schedule"]
    assert [Meeting(**arguments) for arguments in meetings] == list(organisation.meetings)
