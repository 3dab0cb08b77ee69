"""Write down who may do what: `make diagrams` writes docs/reference/permissions.md from the registry and the packs.

The page is the declarations themselves, so it cannot be out of date: a test compares it with what is declared now.
Every operation and transition asks for exactly these actors; what a network permits beyond them stands on its ledger.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import packs
from cli.pack_folder import pack_with_bases
from contracts.authority.actor import Actor, parse_actors
from contracts.builtin import builtin_registry
from contracts.packs.pack import Pack
from contracts.packs.transition import Transition
from contracts.registry import Registry

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "permissions.md"
MAY = "●"
APPROVES = "✓"
BY_ITSELF = "by itself"

_HEAD = f"""# Who may do what

Written from the declarations by `make diagrams`; do not edit. A column is an actor as [authority.md](authority.md)
explains them; {MAY} says that this actor may do it, with regard to what it is about.

## The ledger's own operations

What a network permits further people stands on its own ledger, in the records `permission/<operation>`.

"""
_PACK_HEAD = """
## The pack `{name}`: {title}

A row is a transition of a record type; everything else that it asks for (states, stays, votes, rules) is in the pack.
{approves} says that this actor's approval counts, beside who asks; *{by_itself}*: a deadline or a check takes it. What
decides on a person is marked with § and never taken by itself.

"""


def pack_folders() -> list[Path]:
    """The folders of the packs that come with the program."""
    return sorted(path.parent for path in Path(packs.__file__).parent.glob("*/pack.toml"))


def ordered(actors: Iterable[Actor]) -> list[Actor]:
    """Each of these actors once; who is named most comes first."""
    counts = Counter(actors)
    return sorted(counts, key=lambda actor: (-counts[actor], str(actor)))


def actors_of(registry: Registry) -> list[Actor]:
    """Every actor that some operation names."""
    return ordered(actor for one in registry.contracts for operation in one.operations for actor in operation.actors)


def rows(registry: Registry) -> Iterator[list[str]]:
    """The cells of the table of operations, its head first."""
    actors = actors_of(registry)
    yield ["operation", *map(str, actors), "what it does"]
    for contract in sorted(registry.contracts, key=lambda contract: contract.name):
        for operation in sorted(contract.operations, key=lambda operation: operation.method):
            dots = [MAY if actor in operation.actors else "" for actor in actors]
            yield [f"`{contract.name}.{operation.method}`", *dots, operation.summary]


def pack_rows(pack: Pack) -> Iterator[list[str]]:
    """The cells of the table of a pack's transitions, its head first."""
    transitions = [(kind, one) for kind, definition in pack.types.items() for one in definition.transitions.values()]
    actors = ordered(actor for _, one in transitions for actor in (*_takers(one), *_approvers(one)))
    yield ["transition", *map(str, actors), BY_ITSELF, "what it does"]
    for kind, one in transitions:
        takers, approvers = _takers(one), _approvers(one)
        marks = [(MAY if actor in takers else "") + (APPROVES if actor in approvers else "") for actor in actors]
        name = f"`{kind}` `{one.name}`" + (" §" if one.decides else "")
        yield [name, *marks, MAY if one.automatic else "", one.title.en]


def _takers(one: Transition) -> tuple[Actor, ...]:
    return parse_actors(one.by)


def _approvers(one: Transition) -> tuple[Actor, ...]:
    return () if one.review is None else parse_actors(one.review.actors)


def table(lines: Iterable[list[str]]) -> str:
    """A table of Markdown; the cells between the first and the last are centred."""
    head, *body = lines
    rule = ["---", *[":-:"] * (len(head) - 2), "---"]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *body))


def page() -> str:
    """The whole page."""
    parts = [_HEAD, table(rows(builtin_registry()))]
    for folder in pack_folders():
        pack = pack_with_bases(folder)[-1]
        title = pack.manifest.title.en
        parts.append(_PACK_HEAD.format(name=pack.manifest.name, title=title, approves=APPROVES, by_itself=BY_ITSELF))
        parts.append(table(pack_rows(pack)))
        for operation, actors in pack.manifest.permissions.items():
            parts.append(f"\n`{operation}` is permitted to {', '.join(actors)} too.\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
