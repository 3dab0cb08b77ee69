"""From the tables that people write to the maps that definitions are read from.

Owns the few things that are written in another way in files: dates and amounts as texts, one name for a list of one,
expressions as texts, rules that several types share. Everything else is taken over as it is, so that the reading of
maps tells what is wrong with it. Never complains about shapes itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from contracts.calendar.words import Understood, understand
from contracts.packs.fault import Faults, PackFault
from contracts.packs.gathering import Table
from contracts.rules.arithmetic import parsed_money
from contracts.rules.dates import parsed_date

# Stands where an expression will be put once it is parsed: a tree that is well-formed.
PLACEHOLDER: list[Any] = [["boolean", True]]
# The keys of effects that are expressions, beside `when`; `fields` are tables of them.
_EXPRESSIONS = {
    "advance": ("record",),
    "appoint": ("person", "until"),
    "count": ("by", "key"),
    "fulfil": ("plan", "at"),
    "notify": (),
    "open-case": ("person",),
    "release": ("person",),
    "set": ("value",),
}
# Weeks that are counted in twos or more begin with that of this Monday, 1970-01-05; other periods do not depend on it.
WORDS_SINCE = 4
_ENTRY = ("from", "value")
_NAME_LISTS = ("from", "by", "sets", "requires", "guards")


@dataclass(slots=True)
class ExpressionText:
    """An expression as it was written, the map it stands in and its key there."""

    text: str
    holder: Table
    key: str


@dataclass(slots=True)
class Lowered:
    """A type's map, and its expressions by their path within the type."""

    value: Table
    expressions: dict[str, ExpressionText] = field(default_factory=dict)


def lower_type(kind: str, written: object, shared_rules: Table) -> Lowered:
    """The map of the type `kind`; of the shared rules it gets those that it names and does not have itself."""
    if not isinstance(written, dict):
        return Lowered({"kind": kind})
    value = _copied(written)
    value["kind"] = kind
    lowered = Lowered(value)
    if isinstance(value.get("id"), str):
        value["id"] = [value["id"]]
    for _name, one in _entries(value, "field"):
        _lower_field(one)
    for name, one in _entries(value, "transition"):
        _lower_transition(name, one, lowered)
    for _name, one in _entries(value, "check"):
        _lower_check(one)
    rules = value.setdefault("rule", {}) if isinstance(value.get("rule", {}), dict) else None
    if rules is not None:
        for name in sorted(_rules_named(value)):
            if name in shared_rules and name not in rules:
                rules[name] = _copied(shared_rules[name])
        if not rules:
            del value["rule"]
    for name, one in _entries(value, "rule"):
        _take(one, "expression", f"rule.{name}.expression", lowered)
    return lowered


def lower_parameter(written: object, path: str, faults: Faults) -> object:
    """The map of a parameter: its values as pairs of day and value."""
    if not isinstance(written, dict):
        return written
    value = _copied(written)
    kind = value.get("type")
    for key in ("least", "most"):
        if key in value:
            value[key] = lower_value(value[key], kind)
    entries = value.get("values")
    if isinstance(entries, list):
        value["values"] = [
            _lower_entry(entry, kind, f"{path}.values[{index}]", faults) for index, entry in enumerate(entries)
        ]
    return value


def lower_value(value: object, kind: object) -> object:
    """A date or amount that is written as a text, as the ledger has it; anything else as it is."""
    if isinstance(value, str) and kind in ("date", "money"):
        found = parsed_date(value) if kind == "date" else parsed_money(value)
        return value if found is None else found
    return value


def _lower_entry(entry: object, kind: object, path: str, faults: Faults) -> object:
    if not isinstance(entry, dict):
        return entry
    day = parsed_date(entry["from"]) if isinstance(entry.get("from"), str) else None
    if day is None:
        faults.add(PackFault("`from` is the date from which the value holds, such as 2026-01-01"), f"{path}.from")
    if "value" not in entry:
        faults.add(PackFault("the key {key} is missing", key="'value'"), f"{path}.value")
    for key in sorted(set(entry) - set(_ENTRY)):
        faults.add(
            PackFault("there is no key {key} here; there are {known}", key=repr(key), known=", ".join(_ENTRY)), path
        )
    return [0 if day is None else day, lower_value(entry.get("value"), kind)]


def _lower_field(one: Table) -> None:
    kind = one.get("type")
    item = kind.removeprefix("list of ") if isinstance(kind, str) else kind
    for key in ("least", "most"):
        if key in one:
            one[key] = lower_value(one[key], item)


def _lower_transition(name: str, one: Table, lowered: Lowered) -> None:
    for key in _NAME_LISTS:
        if isinstance(one.get(key), str):
            one[key] = [one[key]]
    review = one.get("review")
    if isinstance(review, dict) and isinstance(review.get("actors"), str):
        review["actors"] = [review["actors"]]
    effects = one.get("effects")
    if not isinstance(effects, list):
        return
    for index, effect in enumerate(effects):
        if not isinstance(effect, dict) or not isinstance(effect.get("do"), str):
            continue
        path = f"transition.{name}.effects[{index}]"
        for key in (*_EXPRESSIONS.get(effect["do"], ()), "when"):
            _take(effect, key, f"{path}.{key}", lowered)
        fields = effect.get("fields")
        if isinstance(fields, dict):
            for key in list(fields):
                _take(fields, key, f"{path}.fields.{key}", lowered)


def _lower_check(one: Table) -> None:
    """A period in words, as the ledger has it; words that are not understood stay and are complained about."""
    every = one.get("every")
    if isinstance(every, str):
        found = understand(every, "", WORDS_SINCE)
        if isinstance(found, Understood):
            one["every"] = found.recurrence.encode_value()


def _take(holder: Table, key: str, path: str, lowered: Lowered) -> None:
    if isinstance(holder.get(key), str):
        lowered.expressions[path] = ExpressionText(holder[key], holder, key)
        holder[key] = PLACEHOLDER


def _rules_named(value: Table) -> set[str]:
    named: set[str] = set()
    for _name, one in _entries(value, "transition"):
        vote = one.get("vote")
        listed = one.get("guards")
        found = list(listed) if isinstance(listed, list) else []
        if isinstance(vote, dict):
            found += [vote.get("quorum"), vote.get("passes")]
        named |= {name for name in found if isinstance(name, str)}
    return named


def _entries(value: Table, key: str) -> Iterator[tuple[str, Table]]:
    table = value.get(key)
    if isinstance(table, dict):
        for name, one in table.items():
            if isinstance(one, dict):
                yield name, one


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value
