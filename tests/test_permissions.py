"""The page of permissions shows what the operations declare, and they do as they declare."""

from contracts.builtin import builtin_registry
from tools.permissions import PAGE, actors_of, page, rows


def test_the_page_is_what_is_declared_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make diagrams`"


def test_every_operation_has_a_row_with_its_actors() -> None:
    registry = builtin_registry()
    actors = actors_of(registry)
    head, *body = rows(registry)
    assert head[1:-1] == list(map(str, actors))
    assert {cells[0].strip("`") for cells in body} == {str(one["operation"]) for one in registry.describe()}
    for cells in body:
        declared = registry.find(cells[0].strip("`")).operation.actors
        assert [actor for actor, cell in zip(actors, cells[1:-1], strict=True) if cell] == [
            actor for actor in actors if actor in declared
        ]
        assert declared
