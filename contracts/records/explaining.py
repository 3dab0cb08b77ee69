"""Why the engine refused, in the pack's own words.

Owns the way from a refusal's details, which stand in the log for ever, to the text that the pack of that time has for
them: `pack` is the pack's hash, `kind` the type, `rule` the rule. Never part of execution. Invariant: whatever a result
holds, this answers or says nothing; it never raises for what it does not find.
Source: docs/reference/records.md, "Refusals in a pack's words".
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from contracts.packs.manifest import Manifest
from contracts.packs.record_type import TypeDefinition
from contracts.packs.rule import Rule
from contracts.packs.rule_check import trees_of
from contracts.record import InvalidRecordKeyError, Record, record_key
from contracts.result import Result
from contracts.rules.explanation import filled
from contracts.rules.tree import Tree
from contracts.timer_effect import TimerEffect
from ledger.encoding import Value
from ledger.errors import BanyanError

# The encoded record under a key of the state, or None.
ReadKey = Callable[[bytes], bytes | None]

_LANGUAGES = ("en", "zh")


class PackExplanation(NamedTuple):
    """A refusal as the pack explains it: one text a language, and where the rule is written (may be empty)."""

    en: str
    zh: str
    article: str


def explain_with_pack(result: Result | TimerEffect, read: ReadKey) -> PackExplanation | None:
    """What the pack says to this refusal; None where there is none, or the pack has no word for it.

    Args:
        result: Of a transaction of `records`, or of one of its timers.
        read: The state of any later moment: what packs are made of is never removed.
    """
    details = result.details
    kind, pack, rule = details.get("kind"), details.get("pack"), details.get("rule")
    if not (isinstance(kind, str) and isinstance(pack, str) and isinstance(rule, str)):
        return None
    try:
        definition = find_definition(read, pack, kind)
        return None if definition is None or rule not in definition.rules else _explained(definition, rule, details)
    except BanyanError:
        # What stands in a result is from a node whose packs may be others than this one's.
        return None


def find_definition(read: ReadKey, pack: str, kind: str) -> TypeDefinition | None:
    """The type `kind` of the pack with this hash (in hex); None where there is none.

    Raises:
        BanyanError: what lies there is no pack.
    """
    manifest = _data(read, "pack", pack)
    if manifest is None:
        return None
    part = Manifest.decode(manifest).parts.get(kind)
    data = None if part is None else _data(read, "pack-part", part.hex())
    return None if data is None else TypeDefinition.decode(data)


def _explained(definition: TypeDefinition, name: str, details: Mapping[str, Value]) -> PackExplanation:
    rule = definition.rules[name]
    tree = trees_of(definition)[f"rule.{name}.expression"]
    en, zh = (_filled(definition, rule, tree, language, details) for language in _LANGUAGES)
    # A rule without an article of its own stands under that of its type.
    return PackExplanation(en, zh, rule.article or definition.article)


def _filled(definition: TypeDefinition, rule: Rule, tree: Tree, language: str, details: Mapping[str, Value]) -> str:
    titles = {
        name: {value: getattr(words, language) for value, words in field.values.items()}
        for name, field in definition.fields.items()
        if field.values
    }
    known = {name: value for name, value in details.items() if isinstance(value, int | str)}
    clause = known.get("clause")
    if isinstance(clause, int):
        # People count from 1, programs from 0.
        known["clause"] = clause - 1
    known.setdefault("value", known.get("left", "-"))
    return filled(getattr(rule.text, language), known, tree, titles)


def _data(read: ReadKey, kind: str, record_id: str) -> bytes | None:
    try:
        content = read(record_key(kind, record_id))
    except InvalidRecordKeyError:
        return None
    data = None if content is None else Record.decode(content).fields.get("data")
    return data if isinstance(data, bytes) else None
