"""Stories of nonsense: transactions of every operation, on a ledger with packs in force, told and played again.

Owns the form of a story, a canonical list `[world, step, …]`, a step being `[ms that pass, operation, arguments,
signers]`, its telling by a chance, and what has to hold of whatever is played: nothing but a refusal is ever raised,
what is refused leaves nothing, and nodes that remember and nodes that have just started come to the same.
"""

import functools
import gc
from copy import copy
from functools import lru_cache
from pathlib import Path
from random import Random

from cli.pack_folder import compile_folder
from contracts.builtin import builtin_registry
from contracts.packs import active
from contracts.packs.pack import Pack
from contracts.record import Record
from contracts.runtime import Execution, execute_block
from ledger.encoding import Value
from ledger.errors import BanyanError
from ledger.signing import SigningKey
from ledger.transaction import Transaction
from tests.contracts.dict_state import DictState
from tests.contracts.nonsense import PERSONS, Nonsense
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.records.packs import CLUB, compiled, put_in_force
from tests.contracts.records.random_packs import random_pack
from tests.contracts.trial_ledger import ADMINISTRATOR

HOUSE = Path(__file__).parents[2]
# The club of the tests, a pack that is drawn, and the packs that come with the program, but for local conventions: in
# force without their base, they are like any other.
WORLDS = (
    *("club", "drawn"),
    *sorted(
        one.parent.name for one in (HOUSE / "packs").glob("*/pack.toml") if "\nbase =" not in one.read_text("utf-8")
    ),
)
STEPS_MAX = 64
PASSED_MS = (0, 0, 0, 0, 1000, 86_400_000, 10 * 86_400_000, 40 * 86_400_000, 400 * 86_400_000)
# Once in so many blocks, everything is executed with nothing remembered first.
COLD_EVERY = 4
ENDING = frozenset(("units.dissolve", "units.merge", "members.suspend", "members.close"))
OPERATIONS = tuple(
    sorted(f"{contract.name}.{one.method}" for contract in builtin_registry().contracts for one in contract.operations)
)
_PERMITTED = ("self", "creator", "guardian", "role:lead", "role:member@above", "role:member@unit:u1")

Step = tuple[int, str, dict[str, Value], list[int]]


class World:
    """A ledger with units, some of them over, people in offices, and a pack in force that opens most operations."""

    def __init__(self, name: str) -> None:
        chance = Random(name)
        self.pack = _pack(name, chance)
        self.ledger = ledger = Organisation()
        for unit, parent in (("u1", None), ("u1/below", "u1"), ("u2", None), ("gone", "u2")):
            ledger.add_unit(unit, parent)
        for person in PERSONS:
            ledger.add_person(person)
        put_in_force(ledger, self.pack)
        for role in sorted({*self.pack.manifest.roles, "member", "lead", "clerk"}):
            for person in chance.sample(PERSONS, chance.randint(2, 5)):
                ledger.add_office(chance.choice(("u1", "u1", "u1", "u1", "u1/below", "gone")), role, person)
        assert ledger.code("units.dissolve", {"unit": "gone"}) == "ok"
        for operation in OPERATIONS:
            if not operation.startswith("governance.") and chance.random() < 0.8:
                ledger.permit(operation, *chance.sample(_PERMITTED, 3), "anyone")
        self.keys = [*map(key_of, PERSONS), ADMINISTRATOR]

    def begun(self) -> Organisation:
        """The ledger as it begins, for one story."""
        ledger = copy(self.ledger)
        ledger.state = DictState(self.ledger.state)
        return ledger


@lru_cache
def world(name: str) -> World:
    """The world of this name, made once."""
    return World(name)


def _pack(name: str, chance: Random) -> Pack:
    if name == "club":
        return compiled(CLUB)
    if name != "drawn":
        found = compile_folder(HOUSE / "packs" / name).pack
        assert found is not None
        return found
    while True:
        drawn = random_pack(chance)
        if drawn is not None:
            return drawn


def told(name: str, seed: int, steps: int) -> Value:
    """A story of so many steps, which goes on from what the steps before have done."""
    here = world(name)
    ledger = here.begun()
    nonsense = Nonsense(Random(f"{name} {seed}"), ledger.state, here.pack.types)
    story: list[Value] = [name]
    # What one contract keeps is reached by asking it again and again.
    topic = nonsense.chance.choice(sorted({operation.partition(".")[0] for operation in OPERATIONS}))
    while len(story) <= steps:
        nonsense.time_ms = ledger.time_ms
        step = _drawn(nonsense, topic, len(here.keys))
        if _played(ledger, here.keys, step) is not None:
            story.append([step[0], step[1], step[2], list[Value](step[3])])
    return story


def _drawn(nonsense: Nonsense, topic: str, key_count: int) -> Step:
    chance = nonsense.chance
    if chance.random() < 0.5:
        method = chance.choice(("create", "act", "act", "act", "approve", "withdraw"))
        operation, arguments = nonsense.about_record(method)
    else:
        narrow = chance.random() < 0.7
        operation = chance.choice([one for one in OPERATIONS if one.startswith(f"{topic}.") or not narrow])
        if operation in ENDING and chance.random() < 0.9:
            operation = "schedule.plan"
        declared = builtin_registry().find(operation).operation.declaration.arguments
        arguments = {one.name: nonsense.argument(one) for one in declared if not one.optional or chance.random() < 0.5}
    signers = chance.sample(range(key_count), chance.choice((1, 1, 1, 2, 3)))
    if chance.random() < 0.2:
        # The administrator is the last of them.
        signers = [key_count - 1, *signers]
    return chance.choice(PASSED_MS), operation, arguments, signers


def play(story: Value) -> list[tuple[str, str]]:
    """Play a story, whatever it is; the operations that were tried, with their codes.

    Raises:
        AssertionError, or anything at all: what must not happen.
    """
    tried: list[tuple[str, str]] = []
    name, *steps = story if isinstance(story, list) and story else [None]
    here = world(name if isinstance(name, str) and name in WORLDS else WORLDS[0])
    ledger = here.begun()
    for number, step in enumerate(steps[:STEPS_MAX]):
        match step:
            case [int(passed), str(operation), dict(arguments), list(signers)] if 0 <= passed <= max(PASSED_MS):
                numbers = [one % len(here.keys) for one in signers if type(one) is int] or [0]
                done = _played(ledger, here.keys, (passed, operation, arguments, numbers), number % COLD_EVERY == 0)
                if done is not None:
                    tried.append((operation, done.results[0].code))
    return tried


def _played(ledger: Organisation, keys: list[SigningKey], step: Step, cold: bool = False) -> Execution | None:
    """The block with one step; None where nobody could have signed it."""
    passed, operation, arguments, signers = step
    if passed:
        ledger.at(ledger.time_ms + 1000 + passed)
    signing = [keys[one] for one in dict.fromkeys(signers)]
    try:
        transaction: Transaction = ledger.transaction(operation, arguments, signing[0], signing)
    except BanyanError:
        return None
    if cold:
        _forget()
        first = execute_block(ledger.registry, ledger.state, ledger.block([transaction]))
    execution = ledger.execute(transaction)
    if cold:
        assert (first.leaves, first.changes, first.links) == (execution.leaves, execution.changes, execution.links)
    for result in execution.results:
        assert result.ok or not (result.writes or result.events)
    for effect in execution.effects:
        assert effect.ok or not (effect.writes or effect.events)
    for change in execution.changes:
        assert change.new is None or Record.decode(change.new).encode() == change.new
    return execution


def _forget() -> None:
    """Let everything that execution remembers between blocks be forgotten."""
    active._definitions.clear()
    active._manifests.clear()
    for one in _remembering():
        one.cache_clear()


@lru_cache
def _remembering() -> tuple["functools._lru_cache_wrapper[object]", ...]:
    found = (one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper))
    return tuple(one for one in found if (one.__module__ or "").startswith(("contracts.", "ledger.")))
