"""Small packs and transactions drawn at random, the same for the same chance wherever they are drawn."""

from random import Random
from typing import Any

from contracts.packs.pack import Pack
from contracts.packs.source import compile_pack
from contracts.record import Record, parse_record_key
from ledger.encoding import Value
from ledger.state_digest import StateDigest
from ledger.transaction import Transaction
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.records.packs import put_in_force

PERSONS = ("p1", "p2", "p3", "p4", "p5")
ROLES = ("member", "lead", "clerk")
UNITS = ("u1", "u1/below")
KIND = "thing"
ACTORS = ("anyone", "self", "creator", "administrator", *(f"role:{role}" for role in ROLES), "role:lead@above")
GUARDS = {
    "grown": "default(size, 0) >= 2",
    "few": 'counter("made") < 4',
    "known": 'has_role("member", person) or default(sender_person, "-") == person',
    "many-leads": 'role_count("lead") >= 1 and role_count("member") >= 2',
    "rested": 'since_days >= 1 or state == "s1"',
    "alone": 'record_state("thing", record_id) is not None',
}
EFFECTS: tuple[dict[str, Any], ...] = (
    {"do": "count", "counter": "made", "by": "1"},
    {"do": "count", "counter": "weight", "by": "default(size, 0) + 1", "key": "person"},
    {"do": "count", "counter": "days", "by": "2", "key": "today"},
    {"do": "set", "field": "size", "value": "default(size, 0) + 1"},
    {"do": "set", "field": "day", "value": "today"},
    {"do": "notify", "event": "moved", "fields": {"who": "person", "day": "today"}},
    {"do": "appoint", "role": "member", "person": "person"},
    {"do": "release", "role": "member", "person": "person"},
    {"do": "open-case", "title": {"en": "Look", "zh": "查看"}, "days": 3, "person": "person"},
)


def words(text: str) -> dict[str, str]:
    return {"en": text, "zh": text}


def random_pack(chance: Random) -> Pack | None:
    """A pack of one type with two to four states; None where what was drawn is no pack."""
    states = [f"s{number}" for number in range(1, chance.randint(2, 4) + 1)]
    transitions = {"begin": _transition(chance, [""], states[0], creates=True)}
    for number, state in enumerate(states[1:]):
        transitions[f"go-{number}"] = _transition(chance, [states[chance.randint(0, number)]], state)
    for number in range(chance.randint(0, 3)):
        transitions[f"also-{number}"] = _transition(chance, [chance.choice(states)], chance.choice(states))
    left = {state for one in transitions.values() for state in one["from"] if one["to"] != state}
    fields: dict[str, dict[str, Any]] = {
        "person": {"type": "person", "class": "ledger", "required": True},
        "size": {"type": "integer", "class": "ledger", "states": states},
        "day": {"type": "date", "class": "ledger", "states": states},
        "secret": {"type": "text", "class": "sealed"},
    }
    used = {name for one in transitions.values() for name in one.get("guards", ())}
    table: dict[str, Any] = {
        "pack": {"name": "random", "version": 1, "title": words("Random"), "summary": words("Random.")},
        "role": {role: {"title": words(role), "summary": words(role)} for role in ROLES},
        "type": {
            KIND: {
                "title": words(KIND),
                "id": chance.choice([["number"], ["person"]]),
                "subject": "person",
                "field": {name: one | {"title": words(name)} for name, one in fields.items()},
                "state": {
                    state: {"title": words(state), "amendable": True, "final": state not in left} for state in states
                },
                "transition": transitions,
                "rule": {name: {"expression": GUARDS[name], "text": words(name)} for name in sorted(used)},
            }
        },
    }
    return compile_pack({"pack.toml": table}).pack


def _transition(chance: Random, start: list[str], to: str, creates: bool = False) -> dict[str, Any]:
    actors = [one for one in ACTORS if not (creates and one == "creator")]
    found: dict[str, Any] = {
        "title": words("t"),
        "from": start,
        "to": to,
        "by": ["anyone"] if creates and chance.random() < 0.7 else chance.sample(actors, chance.randint(1, 4)),
        "sets": ["person", "size", "day", "secret"] if creates else ["size", "day", "secret"],
        "guards": chance.sample(sorted(GUARDS), chance.choice([0, 0, 0, 1, 2])),
        "effects": [_copy(one) for one in (EFFECTS[:1] if creates else chance.sample(EFFECTS, chance.randint(0, 3)))],
    }
    if chance.random() < 0.3:
        reviewers = ["role:lead", "role:member", "anyone"]
        found["review"] = {
            "actors": chance.sample(reviewers, chance.randint(1, 2)),
            "count": chance.randint(1, 2),
            "distinct": chance.random() < 0.7,
        }
    if not creates and chance.random() < 0.3:
        found["minimum_stay_days"] = chance.randint(0, 1)
    return found


def _copy(effect: dict[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if isinstance(value, dict) else value for key, value in effect.items()}


def organisation(pack: Pack) -> Organisation:
    """Two units, five persons, offices held by some of them, and the pack in force."""
    ledger = Organisation()
    ledger.add_unit("u1")
    ledger.add_unit("u1/below", "u1")
    for person in PERSONS:
        ledger.add_person(person)
    for role, person in (("member", "p1"), ("member", "p2"), ("lead", "p2"), ("clerk", "p3"), ("lead", "p4")):
        ledger.add_office("u1", role, person)
    for role, person in (("member", "p3"), ("lead", "p1")):
        ledger.add_office("u1/below", role, person)
    put_in_force(ledger, pack)
    return ledger


def random_transactions(chance: Random, ledger: Organisation, pack: Pack, count: int) -> list[Transaction]:
    """Transactions of all operations, sensible and not; they are built once and can be executed anywhere."""
    return [_transaction(chance, ledger, pack) for _ in range(count)]


def _transaction(chance: Random, ledger: Organisation, pack: Pack) -> Transaction:
    definition = pack.types[KIND]
    sender = chance.choice(PERSONS)
    along = chance.sample([one for one in PERSONS if one != sender], chance.choice([0, 0, 0, 1, 2]))
    unit = chance.choice((UNITS[0], *UNITS))
    person = chance.choice(PERSONS)
    arguments: dict[str, Value] = {"type": KIND}
    operation = chance.choice(["create", "create", "act", "act", "act", "approve", "approve", "withdraw"])
    fields: dict[str, Value] = {}
    if chance.random() < 0.5:
        fields["size"] = chance.randint(0, 4)
    if chance.random() < 0.2:
        fields["secret"] = {"#": bytes([chance.randint(0, 255)]) * 32}
    if operation == "create":
        arguments |= {"unit": unit, "fields": {"person": person, **fields}}
    else:
        last = person if definition.id == ("person",) else f"{chance.choice([1, 1, 1, 2, 2, 3]):06d}"
        arguments["id"] = f"{unit}/{last}"
    if operation == "act":
        names = [one for one in definition.transitions if one != "begin"]
        arguments |= {"transition": chance.choice((names[0], *names)), "fields": fields}
    keys = [key_of(one) for one in (sender, *along)]
    return ledger.transaction(f"records.{operation}", arguments, keys[0], keys)


def execute_split(ledger: Organisation, transactions: list[Transaction], sizes: list[int]) -> list[Any]:
    """Execute in blocks of these sizes, over and over, all at one moment; the results."""
    results: list[Any] = []
    now, position, turn = ledger.time_ms, 0, 0
    while position < len(transactions):
        size = sizes[turn % len(sizes)]
        ledger.time_ms = now
        results += ledger.execute(*transactions[position : position + size]).results
        position, turn = position + size, turn + 1
    return results


def digest_of(ledger: Organisation) -> str:
    """The digest of the whole state."""
    digest = StateDigest.empty()
    digest.apply((key, None, value) for key, value in ledger.state.items())
    return digest.digest().hex()


def without_heights(ledger: Organisation) -> dict[bytes, Value]:
    """The records, but for the heights that stand in them."""
    return {key: _timeless(Record.decode(value).fields) for key, value in sorted(ledger.state.items())}


def records_of(ledger: Organisation, kind: str) -> dict[str, dict[str, Value]]:
    """Every record of a kind, by id."""
    found = {}
    for key, value in ledger.state.items():
        name, record_id = parse_record_key(key)
        if name == kind:
            found[record_id] = Record.decode(value).fields
    return found


def _timeless(value: Value) -> Value:
    if isinstance(value, dict):
        return {name: _timeless(item) for name, item in value.items() if name != "height"}
    return [_timeless(item) for item in value] if isinstance(value, list) else value
