"""Write down who may do what: `make diagrams` writes docs/reference/permissions.md from the registry.

The page is the declarations of the operations themselves, so it cannot be out of date: a test compares it with what is
declared now. Every operation asks for exactly these actors; what a network permits beyond them stands on its ledger.
"""

from collections.abc import Iterator
from pathlib import Path

from contracts.authority.actor import Actor
from contracts.builtin import builtin_registry
from contracts.registry import Registry

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "permissions.md"

_HEAD = """# Who may do what

Written from the declarations by `make diagrams`; do not edit. A row is an operation, a column an actor as
[authority.md](authority.md) explains them; a dot says that this actor may do the operation, with regard to what it is
about. What a network permits further people stands on its own ledger, in the records `permission/<operation>`.

"""


def actors_of(registry: Registry) -> list[Actor]:
    """Every actor that some operation names; who may most comes first."""
    counts: dict[Actor, int] = {}
    for contract in registry.contracts:
        for operation in contract.operations:
            for actor in operation.actors:
                counts[actor] = counts.get(actor, 0) + 1
    return sorted(counts, key=lambda actor: (-counts[actor], str(actor)))


def rows(registry: Registry) -> Iterator[list[str]]:
    """The cells of the table, its head first."""
    actors = actors_of(registry)
    yield ["operation", *map(str, actors), "what it does"]
    for contract in sorted(registry.contracts, key=lambda contract: contract.name):
        for operation in sorted(contract.operations, key=lambda operation: operation.method):
            dots = ["●" if actor in operation.actors else "" for actor in actors]
            yield [f"`{contract.name}.{operation.method}`", *dots, operation.summary]


def page() -> str:
    """The whole page."""
    head, *body = rows(builtin_registry())
    lines = [head, ["---", *[":-:"] * (len(head) - 2), "---"], *body]
    return _HEAD + "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
