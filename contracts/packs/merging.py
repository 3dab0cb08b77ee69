"""Local conventions put on top of a pack, before both are compiled as one.

Owns what an entry of the upper pack does to the entry of the same name below: tables are merged key by key; `guards`,
`requires`, `sets` and `effects` are added to those below; a section takes the place of the one below as a whole, as
anything else does of what was there. Never judges whether the outcome is weaker (`overlay` does). Source:
docs/reference/packs.md, "Local conventions".
"""

from collections.abc import Collection, Mapping
from typing import Any

from contracts.packs.fault import Faults, PackFault
from contracts.packs.gathering import NAMED_TABLES, PACK_TABLE, Table

# Lists that only grow: what the base asks for, it still asks for.
_GROWING = frozenset(("guards", "requires", "sets", "effects"))
# A rule of the base is the base's: to ask for more, another rule is added.
_NOT_CHANGED = ("role", "rule")


def merge(
    base: Mapping[str, Table],
    upper: Mapping[str, Table],
    faults: Faults,
    sections: Collection[Collection[str]] = (),
) -> dict[str, Table]:
    """The tables of both; the table [pack] is the upper one's alone. `sections`: the tables of each section."""
    for name in _NOT_CHANGED:
        for entry in sorted(upper[name].keys() & base[name].keys()):
            faults.add(PackFault("this belongs to the base and stays as it is; take another name"), f"{name}.{entry}")
    for kind in sorted(upper["type"].keys() & base["type"].keys()):
        for rule in sorted(_rules(upper, kind).keys() & (_rules(base, kind).keys() | base["rule"].keys())):
            faults.add(
                PackFault("this belongs to the base and stays as it is; take another name"), f"type.{kind}.rule.{rule}"
            )
    merged = {name: _merged(base[name], upper[name]) for name in NAMED_TABLES}
    for tables in sections:
        written = upper if any(upper[name] for name in tables) else base
        merged |= {name: written[name] for name in tables}
    return merged | {PACK_TABLE: upper[PACK_TABLE]}


def _rules(tables: Mapping[str, Table], kind: str) -> Table:
    one = tables["type"][kind]
    rules = one.get("rule", {}) if isinstance(one, dict) else {}
    return rules if isinstance(rules, dict) else {}


def _merged(below: Any, above: Any, key: str = "") -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return {
            name: _merged(below[name], above[name], name)
            if name in below and name in above
            else above.get(name, below.get(name))
            for name in (*below, *(name for name in above if name not in below))
        }
    if key in _GROWING and isinstance(below, list) and isinstance(above, list):
        return [*below, *(one for one in above if isinstance(one, dict) or one not in below)]
    return above
