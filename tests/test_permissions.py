"""The page of permissions shows what the operations declare, and they do as they declare."""

from pathlib import Path

import pytest

from cli.pack_folder import pack_with_bases
from contracts.builtin import builtin_registry
from contracts.packs.pack import Pack
from tools.permissions import APPROVES, MAY, PAGE, actors_of, pack_folders, pack_rows, page, rows


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


@pytest.mark.parametrize("folder", pack_folders(), ids=lambda folder: folder.name)
def test_every_transition_of_a_pack_has_a_row_with_its_actors(folder: Path) -> None:
    pack: Pack = pack_with_bases(folder)[-1]
    head, *body = pack_rows(pack)
    found = {}
    for cells in body:
        kind, name = cells[0].removesuffix(" §").replace("`", "").split()
        takers = {actor for actor, mark in zip(head[1:-2], cells[1:-2], strict=True) if MAY in mark}
        approvers = {actor for actor, mark in zip(head[1:-2], cells[1:-2], strict=True) if APPROVES in mark}
        found[kind, name] = (takers, approvers, bool(cells[-2]), "§" in cells[0])
    assert found == {
        (kind, name): (
            set(one.by),
            set(one.review.actors) if one.review is not None else set(),
            one.automatic,
            one.decides,
        )
        for kind, definition in pack.types.items()
        for name, one in definition.transitions.items()
    }
    assert not any(automatic and decides for _, _, automatic, decides in found.values())
