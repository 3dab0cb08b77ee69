"""What the people of the example organisation do, in order, each under their own signature.

Owns data alone. The batch is a person's: steps side by side of one person go to the ledger together.
"""

import time
from typing import Any, NamedTuple

# North's secretary, treasurer, organiser and members; the registrars of land; those who decide on benefits.
PEOPLE = ("li", "wang", "zhao", "chen", "liu", "he", "sun", "qian", "bank")
ADMINISTRATOR = "admin"
# The members of north, on its paper roster since then.
MEMBERS = ("li", "wang", "chen")
_DAY_2020_03_02 = 18_323
_TODAY = time.time_ns() // (86_400 * 10**9)
_MONTH = time.strftime("%Y-%m", time.gmtime())
_FIRST = f"{_MONTH}-01"
_IN_A_MONTH_MS = (_TODAY + 30) * 86_400_000
HASH = {"$hex": "11" * 32}


class Step(NamedTuple):
    """One transaction: who signs it, what it asks for, and what of it stays beside the ledger."""

    by: str
    operation: str
    arguments: dict[str, Any]
    detached: dict[str, str] = {}


def _unit(unit: str, kind: str, name: str, **more: str) -> Step:
    return Step(ADMINISTRATOR, "units.create", {"unit": unit, "kind": kind, "name": name, **more})


def _office(unit: str, role: str, person: str) -> Step:
    return Step(ADMINISTRATOR, "units.appoint", {"unit": unit, "role": role, "person": person})


def _create(by: str, kind: str, unit: str, transition: str, fields: dict[str, Any]) -> Step:
    arguments = {"type": kind, "unit": unit, "transition": transition, "fields": fields}
    return Step(by, "records.create", arguments)


def _act(by: str, kind: str, record: str, transition: str, **fields: Any) -> Step:
    arguments: dict[str, Any] = {"type": kind, "id": record, "transition": transition}
    return Step(by, "records.act", arguments | ({"fields": fields} if fields else {}))


def _approve(by: str, kind: str, record: str) -> Step:
    return Step(by, "records.approve", {"type": kind, "id": record})


def _registration(person: str) -> Step:
    """From the paper roster: in the unit for years, nothing owed and not away."""
    dates: dict[str, Any] = dict.fromkeys(("since", "joined_on", "full_on"), _DAY_2020_03_02)
    lately = dict.fromkeys(("dues_until", "life_on", "work_on"), _TODAY)
    return _create("qian", "party-member", "north", "register", {"person": person} | dates | lately)


_FOUNDING = (
    _unit("town", "committee", "Town committee"),
    _unit("north", "branch", "Northern branch", parent="town"),
    _unit("registry", "office", "Land registry"),
    _unit("relief", "office", "Relief office"),
    *(_office("town", role, person) for role, person in (("officer", "he"), ("approver", "sun"))),
    *(_office("north", role, person) for role, person in (("secretary", "li"), ("treasurer", "wang"))),
    _office("north", "organiser", "qian"),
    *(_office("registry", "registrar", person) for person in ("he", "sun")),
    _office("relief", "caseworker", "he"),
    _office("relief", "benefit-officer", "sun"),
    _office("relief", "cashier", "qian"),
)
_MEMBERS = (
    *(_registration(person) for person in MEMBERS),
    *(_approve("he", "party-member", f"north/{person}/2020-03-02") for person in MEMBERS),
    _create("zhao", "applicant", "north", "apply", {"person": "zhao", "attempt": 1})._replace(
        detached={"fields.letter": "I ask to be admitted."}
    ),
)
_PARCEL = {
    "code": "P-12",
    "edition": 1,
    "location": "Well Lane 12",
    "purpose": "dwelling",
    "area_m2": 240,
    "parts": 100,
}
_LAND = (
    _create("he", "land-parcel", "registry", "survey", {**_PARCEL, "boundary": HASH}),
    _create(
        *("chen", "land-title", "registry", "claim"),
        {"parcel": "registry/P-12/1", "owner": "chen", "parts": 100, "evidence": HASH},
    ),
    _act("he", "land-parcel", "registry/P-12/1", "publish"),
    _create(
        "liu", "land-objection", "registry", "lodge", {"objector": "liu", "application": "registry/P-12/1"}
    )._replace(detached={"fields.grounds": "Half of it is mine."}),
)
_RELIEF = (
    _create("zhao", "benefit-claim", "relief", "apply", {"person": "zhao", "heads": 3})._replace(
        detached={"fields.income": "600.00", "fields.health": "One of us is ill."}
    ),
    _act("he", "benefit-claim", "relief/000001", "assess", band="low"),
    _act("sun", "benefit-claim", "relief/000001", "grant", amount=144_000),
    _approve("he", "benefit-claim", "relief/000001"),
)


def _books(by: str, operation: str, **arguments: Any) -> Step:
    return Step(by, f"treasury.{operation}", {"unit": "north", **arguments})


_DUES = (
    _books("wang", "open", pack="party-branch"),
    *(_books("wang", "standing", person=one, category="wage", base=500_100, **{"from": _FIRST}) for one in MEMBERS),
    _books("wang", "assess", period=_MONTH),
    _books("wang", "pay", person="chen", amount=7_502, money="bank", reference="B-1"),
    _books("wang", "spend", amount=2_000, money="bank", account="spending", text="Tea", receipts=[HASH]),
    _books("li", "approve", number=1),
)
_BALLOT = (
    Step(
        ADMINISTRATOR,
        "ballots.open",
        {
            **{"unit": "north", "title": "A bench for the yard", "method": "yes-no", "casting": "roll-call"},
            **{"electorate": ["voter"], "threshold": ">1/2 of due", "early": True, "closes": _IN_A_MONTH_MS},
        },
    ),
    *(Step(person, "ballots.cast", {"unit": "north", "number": 1, "choices": ["yes"]}) for person in ("li", "chen")),
    Step("wang", "ballots.cast", {"unit": "north", "number": 1, "choices": ["no"]}),
    Step(ADMINISTRATOR, "ballots.close", {"unit": "north", "number": 1}),
)
STEPS = (*_FOUNDING, *_MEMBERS, *_LAND, *_RELIEF, *_DUES, *_BALLOT)
