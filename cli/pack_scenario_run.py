"""Running a scenario of a policy pack, and what came out otherwise than it says.

Owns the comparison. A finding says at which place of the scenario what was expected and what came; it never stops at
the first, since what follows is often what the author wants to see. Source: docs/reference/packs.md, "Scenarios".
"""

from collections.abc import Sequence

from cli.pack_scenario import Expectation, Scenario, Step
from cli.pack_scenario_told import known_ids, reason_of, refused_by, written
from cli.pack_trial import PackTrial
from contracts.packs.field import Field
from contracts.packs.gathering import Table
from contracts.packs.lowering import lower_value
from contracts.packs.pack import Pack
from ledger.encoding import Value
from ledger.errors import BanyanError
from ledger.hashing import HASH_SIZE_BYTES, sha256


class ScenarioFinding(BanyanError):
    """Something came out otherwise than a scenario says; `path` is the place in its file."""

    code = "scenario"

    def __init__(self, template: str, *, path: str, step: str = "", **params: object) -> None:
        """`step` is who did what, where it was a step; empty for what is compared in the end."""
        super().__init__(template, **params)
        self.path = path
        self.step = step


def run_scenario(pack: Pack, scenario: Scenario, below: Sequence[Pack] = ()) -> tuple[ScenarioFinding, ...]:
    """What comes out otherwise than the scenario says, played on a ledger of its own.

    Args:
        pack: In force from the beginning on.
        scenario: The story.
        below: The packs that it is on top of, the lowest first.

    Cost: some milliseconds a step, and a tenth of one for each day that passes.
    """
    trial = PackTrial(pack, scenario.start, below)
    for name, other in scenario.units.items():
        trial.found(name, other.parent)
    trial.found(scenario.unit, scenario.parent)
    offices = [
        (unit, role, person)
        for unit, roles in [(scenario.unit, scenario.roles), *((n, one.roles) for n, one in scenario.units.items())]
        for role, holders in roles.items()
        for person in holders
    ]
    persons = dict.fromkeys(scenario.persons)
    persons |= dict.fromkeys(person for _unit, _role, person in offices)
    persons |= dict.fromkeys(step.by for step in scenario.steps)
    for person in persons:
        trial.enrol(person)
    for unit, role, person in offices:
        trial.appoint(unit, role, person)
    findings = [finding for step in scenario.steps if (finding := _play(trial, pack, step)) is not None]
    trial.pass_to(scenario.end)
    findings += _compare(trial, pack, scenario)
    return tuple(findings)


def _play(trial: PackTrial, pack: Pack, step: Step) -> ScenarioFinding | None:
    trial.pass_to(step.day)
    operation, arguments = _request(pack, step)
    result = trial.call(operation, arguments, step.by)
    if step.refused and result.ok:
        return ScenarioFinding(
            "it went through, and {wanted} was to refuse it", path=step.path, step=step.told, wanted=step.refused
        )
    if result.ok or step.refused in (result.code, refused_by(result)):
        return None
    found, reason = refused_by(result), reason_of(result, trial)
    if step.refused:
        return ScenarioFinding(
            "{wanted} was to refuse it; it was refused by {found}: {reason}",
            path=step.path,
            step=step.told,
            wanted=step.refused,
            found=found,
            reason=reason,
        )
    return ScenarioFinding(
        "it was refused by {found}: {reason}", path=step.path, step=step.told, found=found, reason=reason
    )


def _request(pack: Pack, step: Step) -> tuple[str, dict[str, Value]]:
    kind, _slash, record_id = (step.create or step.act or step.approve).partition("/")
    if step.approve:
        return "records.approve", {"type": kind, "id": record_id}
    arguments: dict[str, Value] = {"type": kind}
    if step.create:
        arguments["unit"] = step.unit
    else:
        arguments["id"] = record_id
    if step.transition:
        arguments["transition"] = step.transition
    definition = pack.types.get(kind)
    fields = {} if definition is None else definition.fields
    if step.fields:
        arguments["fields"] = {name: value_of(value, fields.get(name)) for name, value in step.fields.items()}
    if step.vote:
        arguments["vote"] = dict(step.vote)
    return f"records.{'create' if step.create else 'act'}", arguments


def value_of(value: object, field: Field | None) -> Value:
    """What an author writes for a field, as it stands in a transaction.

    Dates and amounts are texts; what is beside the ledger becomes a commitment of it; a hash is 64 hexadecimal digits.
    """
    if field is not None and field.is_detached:
        return {"#": sha256(repr(value).encode())}
    if isinstance(value, list):
        return [value_of(one, field) for one in value]
    item = None if field is None else field.item_type
    if item == "hash" and isinstance(value, str):
        try:
            found = bytes.fromhex(value)
        except ValueError:
            found = b""
        return found if len(found) == HASH_SIZE_BYTES else value
    lowered = lower_value(value, item)
    assert lowered is None or isinstance(lowered, bool | int | str | bytes | dict), "TOML without fractions"
    return lowered


def _compare(trial: PackTrial, pack: Pack, scenario: Scenario) -> list[ScenarioFinding]:
    findings = [finding for one in scenario.records for finding in _compare_record(trial, pack, one)]
    for unit, roles in scenario.holders.items():
        where = "then.roles" if unit == scenario.unit else f"then.units.{unit}.roles"
        for role, wanted in roles.items():
            found = sorted(_holders(trial, unit, role))
            if found != sorted(wanted):
                findings.append(_otherwise(f"{where}.{role}", ", ".join(wanted), ", ".join(found)))
    for counter, number in scenario.counters.items():
        fields = trial.fields("counter", f"{scenario.unit}/{counter}")
        value = 0 if fields is None else fields["value"]
        if value != number:
            findings.append(_otherwise(f"then.counters.{counter}", number, value))
    if scenario.cases is not None:
        count = sum(1 for fields in _all(trial, "case") if fields.get("state") == "open")
        if count != scenario.cases:
            findings.append(_otherwise("then.cases", scenario.cases, count))
    return findings


def _compare_record(trial: PackTrial, pack: Pack, wanted: Expectation) -> list[ScenarioFinding]:
    kind, _slash, record_id = wanted.record.partition("/")
    fields = trial.fields(kind, record_id) if record_id else None
    if fields is None:
        known = known_ids(trial, kind) or "nothing"
        return [
            ScenarioFinding(
                "there is no record {record}; of its kind there is: {known}",
                path=wanted.path,
                record=wanted.record,
                known=known,
            )
        ]
    findings = []
    if wanted.state and fields.get("state") != wanted.state:
        findings.append(_otherwise(f"{wanted.path}.state", wanted.state, fields.get("state")))
    values = fields.get("values")
    found: Table = dict(values) if isinstance(values, dict) else {}
    definition = pack.types.get(kind)
    declared = {} if definition is None else definition.fields
    for name, value in wanted.values.items():
        if found.get(name) != value_of(value, declared.get(name)):
            shown = written(found.get(name), declared.get(name))
            findings.append(_otherwise(f"{wanted.path}.values.{name}", value, shown))
    return findings


def _otherwise(path: str, wanted: object, found: object) -> ScenarioFinding:
    return ScenarioFinding("{wanted} was expected, and {found} came out", path=path, wanted=wanted, found=found)


def _holders(trial: PackTrial, unit: str, role: str) -> list[str]:
    """Who holds a role now: terms that are over are not held, whatever their records say."""
    now = trial.time_ms
    return [
        str(fields["person"])
        for fields in _all(trial, "office")
        if (fields["unit"], fields["role"], fields["state"]) == (unit, role, "held")
        and not (isinstance(until := fields.get("until"), int) and until <= now)
    ]


def _all(trial: PackTrial, kind: str) -> list[dict[str, Value]]:
    return [fields for record_id in trial.ids(kind) if (fields := trial.fields(kind, record_id)) is not None]
