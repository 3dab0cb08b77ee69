"""A small record type and pack for tests: the membership of a chess club, written as the ledger has it."""

import copy
from typing import Any

from contracts.packs.fault import Faults, PackFault
from contracts.packs.manifest import Manifest, Role
from contracts.packs.pack import Pack
from contracts.packs.record_type import TypeDefinition, part_hash
from contracts.packs.type_check import check_type
from contracts.packs.words import Words
from contracts.rules.parser import parse_rule
from contracts.rules.scope import Scope
from contracts.rules.types import BOOLEAN, INTEGER, MONEY, TEXT, OptionalType, ReferenceType, Type


def words(en: str) -> dict[str, Any]:
    return {"en": en, "zh": "中文"}


def expression(source: str, expected: Type = BOOLEAN) -> Any:
    """The tree of an expression about a membership, or about a vote."""
    names: dict[str, Type] = {
        "person": TEXT,
        "member": ReferenceType("club-member"),
        "fee": OptionalType(MONEY),
        "yes": INTEGER,
        "due": INTEGER,
        "present": INTEGER,
    }
    return parse_rule(source, Scope(names), expected).encode_value()


MEMBERSHIP: dict[str, Any] = {
    "kind": "club-member",
    "title": words("Membership"),
    "article": "§ 3",
    "id": ["person"],
    "subject": "person",
    "field": {
        "person": {"type": "person", "class": "ledger", "required": True, "title": words("Person")},
        "fee": {"type": "money", "class": "ledger", "title": words("Fee"), "unit": words("yuan"), "least": 0},
        "level": {
            "type": "enum",
            "class": "public",
            "title": words("Level"),
            "values": {"beginner": words("Beginner"), "master": words("Master")},
            "states": ["member"],
        },
        "letter": {"type": "text", "class": "members", "title": words("Letter")},
        "opponents": {"type": "list of person", "class": "ledger", "title": words("Opponents"), "count_max": 8},
    },
    "state": {
        "applied": {"title": words("Applied")},
        "member": {"title": words("Member"), "amendable": True},
        "left": {"title": words("Left"), "final": True},
    },
    "transition": {
        "apply": {
            "from": [""],
            "to": "applied",
            "title": words("Apply"),
            "by": ["anyone"],
            "sets": ["person", "letter", "fee"],
            "requires": ["letter"],
            "deadline": {"days": 30, "then": "lapse"},
        },
        "lapse": {"from": ["applied"], "to": "left", "title": words("Lapse"), "automatic": True},
        "admit": {
            "from": ["applied"],
            "to": "member",
            "title": words("Admit"),
            "by": ["role:chair"],
            "guards": ["enough-fee"],
            "minimum_stay_days": "notice-days",
            "review": {"actors": ["role:board"], "count": 2, "distinct": True},
            "vote": {"electorate": "member", "quorum": "half-there", "passes": "majority"},
            "effects": [
                {"do": "appoint", "role": "member", "person": expression("person", TEXT)},
                {"do": "count", "counter": "admitted", "by": expression("1", INTEGER)},
                {"do": "notify", "event": "admitted", "fields": {"who": expression("person", TEXT)}},
                {"do": "open-case", "title": words("Welcome"), "days": 7, "person": expression("person", TEXT)},
            ],
        },
        "amend": {
            "from": ["member"],
            "to": "member",
            "title": words("Amend"),
            "by": ["self"],
            "sets": ["level", "opponents"],
        },
        "leave": {
            "from": ["applied", "member"],
            "to": "left",
            "title": words("Leave"),
            "by": ["self", "role:chair@above"],
            "effects": [{"do": "release", "role": "member", "person": expression("person", TEXT)}],
        },
    },
    "rule": {
        "enough-fee": {
            "expression": expression("fee is not None and fee >= money('10.00')"),
            "text": words("the fee is {left}, and has to be {right}"),
            "article": "§ 4",
        },
        "half-there": {"expression": expression("present * 2 >= due"), "text": words("too few are there")},
        "majority": {"expression": expression("yes * 2 > due"), "text": words("not passed")},
    },
    "parameter": {
        "notice-days": {
            "type": "integer",
            "title": words("Notice"),
            "values": [[20_000, 14], [20_400, 21]],
            "least": 7,
            "most": 60,
        }
    },
    "migration": {"waiting": "applied"},
}

ROLES = {name: Role(Words(name, "角色"), Words("who", "谁")) for name in ("board", "chair", "member")}


def membership(**changes: Any) -> dict[str, Any]:
    """The membership type with the values at these paths changed: `state__left__final=True`; None removes one."""
    value = copy.deepcopy(MEMBERSHIP)
    for path, new in changes.items():
        *tables, key = path.split("__")
        table = value
        for name in tables:
            table = table[name]
        if new is None:
            del table[key]
        else:
            table[key] = new
    return value


def definition_of(value: dict[str, Any]) -> TypeDefinition:
    """The definition in a map that is right."""
    faults = Faults(strict=True)
    definition = TypeDefinition.read(value, "", faults)
    check_type(definition, "", faults)
    return definition


def faults_of(value: dict[str, Any]) -> list[PackFault]:
    """Everything that is wrong with the type in this map."""
    faults = Faults(strict=False)
    check_type(TypeDefinition.read(value, "", faults), "", faults)
    return faults.found


def complaints(value: dict[str, Any]) -> list[str]:
    return [f"{fault.path}: {fault}" for fault in faults_of(value)]


def pack_of(*values: dict[str, Any]) -> Pack:
    """A pack of these types."""
    types = {value["kind"]: definition_of(value) for value in values}
    manifest = Manifest(
        name="chess-club",
        version=1,
        title=Words("Chess club", "棋社"),
        summary=Words("A club.", "一个棋社。"),
        parts={kind: part_hash(one.encode()) for kind, one in types.items()},
        roles=ROLES,
        parameters={name: one for definition in types.values() for name, one in definition.parameters.items()},
        permissions={"unit.appoint": ("administrator", "role:chair")},
    )
    return Pack(manifest, types)
