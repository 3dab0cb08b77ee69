"""Units: creating, renaming, moving, merging, dissolving, and the tree that they make."""

import pytest

from contracts.record import Record
from contracts.result import Event, RecordVersion
from contracts.units.tree import CHILDREN_MAX, DEPTH_MAX
from ledger.encoding import Value
from tests.contracts.organisation import Organisation


def tree(*units: str) -> Organisation:
    """Each unit hangs under the one whose name is its own without the last part."""
    ledger = Organisation()
    for unit in units:
        ledger.add_unit(unit, unit.rpartition("/")[0] or None)
    return ledger


def children(ledger: Organisation, unit: str) -> tuple[Value, Value]:
    fields = ledger.fields("unit", unit)
    return fields["children"], fields["below"]


def test_a_unit_is_created_under_a_parent_that_is_there() -> None:
    ledger = tree("docs")
    values: dict[str, Value] = {"unit": "docs/blog", "kind": "subproject", "name": "Blog 博客", "parent": "docs"}
    result = ledger.asked("units.create", values)
    assert result.events == (Event("units.created", {"unit": "docs/blog"}),)
    assert set(result.writes) == {RecordVersion("unit", "docs/blog", 1), RecordVersion("unit", "docs", 2)}
    assert [link.subject for link in result.links[1:]] == ["unit/docs/blog", "unit/docs"]
    assert ledger.record("unit", "docs/blog") == Record(
        1,
        {
            "below": 0,
            "children": 0,
            "height": 2,
            "kind": "subproject",
            "meetings": 0,
            "name": "Blog 博客",
            "parent": "docs",
            "state": "active",
            "time": ledger.time_ms,
            "unit": "docs/blog",
        },
    )
    assert "parent" not in ledger.fields("unit", "docs")
    assert children(ledger, "docs") == (1, 1)


def test_no_unit_is_created_twice_or_under_none() -> None:
    ledger = tree("docs")
    assert ledger.code("units.create", {"unit": "docs", "kind": "sig", "name": "Again"}) == "units.exists"
    assert ledger.fields("unit", "docs")["name"] == "docs"
    for parent in ("press", "blog"):
        orphan: dict[str, Value] = {"unit": "blog", "kind": "sig", "name": "Blog", "parent": parent}
        assert ledger.code("units.create", orphan) == "units.not-found"


def test_a_name_changes_and_the_id_stays() -> None:
    ledger = tree("docs")
    assert ledger.code("units.rename", {"unit": "docs", "name": "docs"}) == "units.same-name"
    result = ledger.asked("units.rename", {"unit": "docs", "name": "Documents"})
    assert result.events == (Event("units.renamed", {"unit": "docs"}),)
    assert ledger.fields("unit", "docs")["name"] == "Documents"


def test_a_unit_moves_with_all_below_it() -> None:
    ledger = tree("a", "b", "a/x", "a/x/y")
    assert children(ledger, "a") == (1, 2)
    result = ledger.asked("units.move", {"unit": "a/x", "parent": "b"})
    assert result.events == (Event("units.moved", {"unit": "a/x"}),)
    assert [link.subject for link in result.links[1:]] == ["unit/a/x", "unit/a", "unit/b"]
    assert (children(ledger, "a"), children(ledger, "b"), children(ledger, "a/x")) == ((0, 0), (1, 2), (1, 1))
    assert ledger.fields("unit", "a/x/y")["parent"] == "a/x"
    assert ledger.code("units.move", {"unit": "a/x", "parent": "b"}) == "units.same-place"
    assert ledger.code("units.move", {"unit": "a/x"}) == "ok"
    assert "parent" not in ledger.fields("unit", "a/x")
    assert ledger.code("units.move", {"unit": "a/x"}) == "units.same-place"


def test_no_unit_comes_below_itself() -> None:
    ledger = tree("a", "a/b", "a/b/c")
    for parent in ("a", "a/b", "a/b/c"):
        assert ledger.code("units.move", {"unit": "a", "parent": parent}) == "units.ring"
    assert ledger.code("units.move", {"unit": "a/b", "parent": "a/b/c"}) == "units.ring"
    assert ledger.code("units.move", {"unit": "a/b/c", "parent": "a"}) == "ok"


def test_the_tree_has_a_deepest_level() -> None:
    names = ["/".join("u" * level) for level in range(1, DEPTH_MAX + 1)]
    ledger = tree(*names)
    assert children(ledger, "u") == (1, DEPTH_MAX - 1)
    deeper: dict[str, Value] = {"unit": "deeper", "kind": "sig", "name": "n", "parent": names[-1]}
    assert ledger.code("units.create", deeper) == "units.too-deep"
    ledger.add_unit("top")
    assert ledger.code("units.move", {"unit": "u", "parent": "top"}) == "units.too-deep"
    assert ledger.code("units.move", {"unit": "u/u", "parent": "top"}) == "ok"


def test_levels_that_are_gone_are_forgotten_with_the_last_unit_below() -> None:
    ledger = tree("a", "a/b", "a/b/c")
    ledger.code("units.dissolve", {"unit": "a/b/c"})
    assert children(ledger, "a/b") == (0, 0)
    assert children(ledger, "a") == (1, 2)
    ledger.code("units.dissolve", {"unit": "a/b"})
    assert children(ledger, "a") == (0, 0)


def test_a_parent_has_room_for_so_many() -> None:
    ledger = tree("a")
    ledger.write("unit", "a", ledger.fields("unit", "a") | {"children": CHILDREN_MAX, "below": 1})
    one_more: dict[str, Value] = {"unit": "b", "kind": "sig", "name": "n", "parent": "a"}
    assert ledger.code("units.create", one_more) == "units.children-too-many"


def test_a_unit_that_is_dissolved_stays_and_nothing_happens_in_it() -> None:
    ledger = tree("a", "a/b", "c")
    refused = ledger.asked("units.dissolve", {"unit": "a"})
    assert (refused.code, refused.details) == ("units.has-children", {"unit": "a", "count": 1})
    result = ledger.asked("units.dissolve", {"unit": "a/b"})
    assert result.events == (Event("units.dissolved", {"unit": "a/b"}),)
    fields = ledger.fields("unit", "a/b")
    assert (fields["state"], fields["ended"], fields["parent"]) == ("dissolved", ledger.time_ms, "a")
    over: list[tuple[str, dict[str, Value]]] = [
        ("units.rename", {"unit": "a/b", "name": "x"}),
        ("units.move", {"unit": "a/b"}),
        ("units.move", {"unit": "c", "parent": "a/b"}),
        ("units.create", {"unit": "d", "kind": "sig", "name": "d", "parent": "a/b"}),
        ("units.dissolve", {"unit": "a/b"}),
        ("units.merge", {"unit": "a/b", "into": "c"}),
        ("units.merge", {"unit": "c", "into": "a/b"}),
        ("units.appoint", {"unit": "a/b", "role": "lead", "person": "p"}),
        ("units.release", {"unit": "a/b", "role": "lead", "person": "p"}),
    ]
    assert [ledger.code(*one) for one in over] == ["units.not-active"] * len(over)
    assert ledger.code("units.create", {"unit": "a/b", "kind": "sig", "name": "again"}) == "units.exists"


def test_a_unit_that_is_merged_names_its_successor() -> None:
    ledger = tree("a", "a/b", "c")
    assert ledger.code("units.merge", {"unit": "a", "into": "c"}) == "units.has-children"
    assert ledger.code("units.merge", {"unit": "c", "into": "c"}) == "units.into-itself"
    assert ledger.code("units.merge", {"unit": "c", "into": "d"}) == "units.not-found"
    result = ledger.asked("units.merge", {"unit": "a/b", "into": "c"})
    assert result.events == (Event("units.merged", {"into": "c", "unit": "a/b"}),)
    assert [link.subject for link in result.links[1:]] == ["unit/a/b", "unit/a", "unit/c"]
    fields = ledger.fields("unit", "a/b")
    assert (fields["state"], fields["successor"]) == ("merged", "c")
    assert children(ledger, "a") == (0, 0)


CALLS: list[tuple[str, dict[str, Value]]] = [
    ("units.rename", {"unit": "nowhere", "name": "A"}),
    ("units.move", {"unit": "nowhere"}),
    ("units.dissolve", {"unit": "nowhere"}),
    ("units.merge", {"unit": "nowhere", "into": "docs"}),
    ("units.appoint", {"unit": "nowhere", "role": "chair", "person": "p"}),
    ("units.release", {"unit": "nowhere", "role": "chair", "person": "p"}),
    ("units.cancel", {"unit": "nowhere", "number": 1}),
]


@pytest.mark.parametrize(("operation", "values"), CALLS)
def test_what_is_about_no_unit_is_refused(operation: str, values: dict[str, Value]) -> None:
    result = tree("docs").asked(operation, values)
    assert (result.code, result.details) == ("units.not-found", {"unit": "nowhere"})


@pytest.mark.parametrize(
    ("values", "refusal", "argument"),
    [
        ({"unit": "Release Team", "kind": "sig", "name": "x"}, "arguments.pattern", "unit"),
        ({"unit": "a", "kind": "a/b", "name": "x"}, "arguments.pattern", "kind"),
        ({"unit": "a", "kind": "sig"}, "arguments.missing", "name"),
        ({"unit": "a", "kind": "sig", "name": "x" * 201}, "arguments.too-long", "name"),
    ],
)
def test_arguments_are_checked(values: dict[str, Value], refusal: str, argument: str) -> None:
    result = Organisation().asked("units.create", values)
    assert (result.code, result.details["argument"]) == (refusal, argument)
