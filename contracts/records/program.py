"""A type of records ready to run: its definition, with actors parsed and expressions compiled, once.

Owns the memory of what was compiled; never the definitions themselves. Invariant: what is remembered follows from the
pack's hash and the kind alone, so that a node that remembers and one that does not come to the same.
Source: docs/adr/0023-record-engine.md, "Compiled once".
"""

from functools import lru_cache

from contracts.authority.actor import Actor, parse_actors
from contracts.errors import Refusal
from contracts.packs.active import KIND_TYPE, find_type_of, type_in_force
from contracts.packs.expression import Expression
from contracts.packs.record_type import TypeDefinition
from contracts.packs.rule_check import wanted_of
from contracts.packs.rule_names import PARAMETER_UTC_OFFSET
from contracts.packs.scope import foreign_functions
from contracts.packs.transition import Transition
from contracts.records.field_values import Needed, needed_fields
from contracts.records.local_day import local_day, utc_offset_minutes
from contracts.records.reasons import TRANSITION_UNKNOWN, TYPE_UNKNOWN
from contracts.records.room import room_of
from contracts.rules.evaluator import CompiledRule, compile_rule
from contracts.rules.tree import Tree
from contracts.run_context import RunContext
from ledger.hashing import Hash

# The types of a few versions of a handful of packs of 64 types each; 50 kB apiece when everything is compiled.
PROGRAMS_MAX = 256


class Program:
    """One type of one pack. Expressions and actors are compiled on their first use."""

    __slots__ = (
        "_actors",
        "_compiled",
        "_has_offset",
        "_needed",
        "_rules",
        "_trees",
        "definition",
        "foreign",
        "kind",
        "pack",
        "pack_hex",
        "room",
    )

    def __init__(self, pack: Hash, definition: TypeDefinition) -> None:
        """Nothing is compiled yet."""
        self.pack = pack
        self.pack_hex = pack.hex()
        self.kind = definition.kind
        self.definition = definition
        # The functions of its rules that look into fields of other types.
        self.foreign = foreign_functions(definition.uses)
        self._has_offset = PARAMETER_UTC_OFFSET in definition.parameters
        self._actors: dict[tuple[str, ...], tuple[Actor, ...]] = {}
        self._needed: dict[str, Needed] = {}
        # How large the values of a record may be.
        self.room = room_of(definition)
        # By the identity of expressions, which belong to this definition: it keeps them alive.
        self._trees: dict[int, Tree] = {}
        self._compiled: dict[int, CompiledRule] = {}
        self._rules: dict[str, CompiledRule] = {}

    def transition(self, name: str) -> Transition:
        """The transition `name`.

        Raises:
            Refusal: `records.transition-unknown`.
        """
        found = self.definition.transitions.get(name)
        if found is None:
            known = ", ".join(self.definition.transitions)
            raise Refusal(*TRANSITION_UNKNOWN, kind=self.kind, transition=name, known=known)
        return found

    def actors(self, texts: tuple[str, ...]) -> tuple[Actor, ...]:
        """The actors that a transition or a review names."""
        found = self._actors.get(texts)
        if found is None:
            found = self._actors[texts] = parse_actors(texts)
        return found

    def needed(self, transition: Transition) -> Needed:
        """The fields without which a transition of this very definition is not taken."""
        found = self._needed.get(transition.name)
        if found is None:
            found = self._needed[transition.name] = needed_fields(self.definition, transition)
        return found

    def offset_minutes(self, time_ms: int) -> int:
        """How far the pack's days are ahead of UTC at this time."""
        return utc_offset_minutes(self.definition, time_ms) if self._has_offset else 0

    def days(self, days: int | str, time_ms: int) -> int:
        """A number of days: as it stands in the definition, or the value that the parameter of this name has today."""
        if isinstance(days, int):
            return days
        value = self.definition.parameters[days].value_on(local_day(self.definition, time_ms))
        assert isinstance(value, int), "a definition is checked: days are whole numbers"
        return value

    def rule(self, name: str) -> CompiledRule:
        """A rule of the definition, ready to be asked."""
        found = self._rules.get(name)
        if found is None:
            found = self._rules[name] = self.compiled(self.definition.rules[name].expression)
        return found

    def compiled(self, expression: Expression) -> CompiledRule:
        """An expression of this very definition, ready to be evaluated."""
        found = self._compiled.get(id(expression))
        if found is None:
            if not self._trees:
                self._trees = {id(wanted.expression): wanted.tree() for wanted in wanted_of(self.definition)}
            found = self._compiled[id(expression)] = compile_rule(self._trees[id(expression)])
        return found


class _Slot:
    """Where a program is put on its first use."""

    __slots__ = ("program",)

    def __init__(self) -> None:
        self.program: Program | None = None


@lru_cache(maxsize=PROGRAMS_MAX)
def _slot(_pack: Hash, _kind: str) -> _Slot:
    return _Slot()


@lru_cache(maxsize=PROGRAMS_MAX)
def _slot_in_force(_versions: bytes | None, _kind: str, _height: int) -> _Slot:
    """Where the program is put that is in force at a height, by the bytes of the record of its type's versions."""
    return _Slot()


def program_of(pack: Hash, definition: TypeDefinition) -> Program:
    """The program of a definition that was read from the part of this pack."""
    slot = _slot(pack, definition.kind)
    if slot.program is None:
        slot.program = Program(pack, definition)
    return slot.program


def find_program(context: RunContext, kind: str) -> Program:
    """The type that the pack in force defines.

    Raises:
        Refusal: `records.type-unknown`.

    Cost: two reads.
    """
    versions = context.content(KIND_TYPE, kind)
    slot = _slot_in_force(versions, kind, context.height)
    if slot.program is not None:
        # The definition's part never goes, so it is there; that it was not looked up must not show in what is counted.
        context.count_read()
        return slot.program
    active = type_in_force(context, versions)
    if active is None:
        raise Refusal(*TYPE_UNKNOWN, kind=kind)
    slot.program = program_of(active.pack, active.definition)
    return slot.program


def find_program_of(context: RunContext, pack: Hash, kind: str) -> Program:
    """The type as an earlier pack defined it, for a record of that pack."""
    return program_of(pack, find_type_of(context, pack, kind))
