"""The scope that the tests of rules share, and environments for it."""

from collections.abc import Mapping
from typing import Any

from contracts.rules.scope import Parameter, Scope, Signature
from contracts.rules.types import (
    BOOLEAN,
    DATE,
    HASH,
    INTEGER,
    MONEY,
    TEXT,
    TIME,
    EnumType,
    ListType,
    LiteralType,
    OptionalType,
    ReferenceType,
    RuleValue,
    Type,
    record_type,
)

STAGE = EnumType("stage", ("applicant", "activist", "candidate", "probationary", "full"))
UNIT = ReferenceType("unit")
COMPANY = record_type("company", {"name": TEXT, "founded": OptionalType(DATE)})
MEMBER = record_type(
    "member",
    {
        "stage": STAGE,
        "since": DATE,
        "unit": UNIT,
        "talk": OptionalType(DATE),
        "company": OptionalType(COMPANY),
        "score": INTEGER,
        "dues": ListType(MONEY, 12),
    },
)
LIST_MAX = 8
NAMES: dict[str, Type] = {
    "today": DATE,
    "now": TIME,
    "due": INTEGER,
    "yes": INTEGER,
    "wage": MONEY,
    "open": BOOLEAN,
    "motto": TEXT,
    "unit": UNIT,
    "form": HASH,
    "stage": STAGE,
    "limit": OptionalType(INTEGER),
    "paid": OptionalType(MONEY),
    "until": OptionalType(DATE),
    "member": MEMBER,
    "sponsor": OptionalType(MEMBER),
    "sponsors": ListType(MEMBER, LIST_MAX),
    "scores": ListType(INTEGER, LIST_MAX),
    "units": ListType(UNIT, LIST_MAX),
    "answers": ListType(BOOLEAN, LIST_MAX),
}
FUNCTIONS = (
    Signature("has_role", (Parameter("role", LiteralType(frozenset(("secretary", "treasurer")))),), BOOLEAN, 20),
    Signature("depth_of", (Parameter("unit", UNIT),), INTEGER, 7),
    Signature("last_talk", (Parameter("member", MEMBER), Parameter("before", DATE, keyword=True)), OptionalType(DATE)),
    Signature("members_of", (Parameter("unit", UNIT), Parameter("least", INTEGER, default=1)), ListType(MEMBER, 6), 50),
)
SCOPE = Scope(NAMES, FUNCTIONS)


class Values:
    """An environment of fixed answers."""

    def __init__(
        self, values: Mapping[str, Any], calls: Mapping[str, Any] | None = None, utc_offset_minutes: int = 480
    ) -> None:
        self.values = values
        self.calls = calls or {}
        self.called: list[tuple[str, tuple[RuleValue, ...]]] = []
        self.utc_offset_minutes = utc_offset_minutes

    def value(self, name: str) -> RuleValue:
        return self.values[name]  # type: ignore[no-any-return]

    def call(self, name: str, arguments: tuple[RuleValue, ...]) -> RuleValue:
        self.called.append((name, arguments))
        return self.calls[name]  # type: ignore[no-any-return]


def members(**changes: Any) -> dict[str, Any]:
    """A member record."""
    return {
        "stage": "activist",
        "since": 19_000,
        "unit": "district/branch-1",
        "talk": None,
        "company": None,
        "score": 60,
        "dues": [1_500, 1_500],
        **changes,
    }


ORDINARY: dict[str, Any] = {
    "today": 19_400,
    "now": 19_400 * 86_400_000,
    "due": 90,
    "yes": 46,
    "wage": 500_100,
    "open": True,
    "motto": "serve",
    "unit": "district/branch-1",
    "form": bytes(32),
    "stage": "activist",
    "limit": None,
    "paid": 5_000,
    "until": None,
    "member": members(),
    "sponsor": None,
    "sponsors": [members(), members(stage="full", score=80)],
    "scores": [3, 1, 2],
    "units": ["district/branch-1", "district/branch-2"],
    "answers": [True, False],
}
ORDINARY_CALLS: dict[str, Any] = {"has_role": True, "depth_of": 2, "last_talk": None, "members_of": [members()]}
