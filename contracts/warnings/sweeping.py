"""Looking for matters to warn of: every unit once a week, a few of them in each block.

Owns the record `watch/<pack>/<rule>` and the timers that begin a sweep and go on with it. Never decides anything: what
is found becomes a case (`contracts.warnings.warning`). Invariants: a sweep looks at each record at most once, and at
every one that was there before it began; a run is bounded in reads and in cases; after a pause of several weeks one
sweep is made, which finds what they would have found. Source: docs/reference/indices.md, "Warnings".
"""

from dataclasses import dataclass, replace

from contracts.calendar.dates import DAY_MS, day_at
from contracts.indices.section import SECTION_INDICES, IndexSection
from contracts.indices.watch import WATCH_PERIOD, WarningRule
from contracts.packs.active import find_manifest, find_section, pack_versions
from contracts.timer_context import TimerContext
from contracts.timers import set_timer
from contracts.units.tree import is_active
from contracts.warnings.matters import matter_in, swept_kind
from contracts.warnings.names import (
    EVENT_BEGUN,
    EVENT_DONE,
    EVENT_ENDED,
    KIND_WATCH,
    PURPOSE_BEGIN,
    PURPOSE_SWEEP,
)
from contracts.warnings.rules import find_rule, rules_for
from contracts.warnings.warning import warn
from ledger.encoding import Value

STATE_WAITING = "waiting"
STATE_RUNNING = "running"
# Terms and arrears are matters of weeks: nothing is lost by looking once in one.
SWEEP_MS = 7 * DAY_MS
# How long a pack that is to come into force at a later height is left alone.
ASK_AGAIN_MS = 3_600_000
# Each case takes a timer, an event and two links; half of what a run may do.
WARNED_PER_RUN_MAX = 8
# A record that shows a matter takes six reads with its case; the rest is for the rule and the watch's own record.
_READS_KEPT = 16


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep under way: `after` is the last id that was looked at."""

    pack: str
    rule: str
    after: str = ""
    looked_at: int = 0
    opened: int = 0

    def to_payload(self) -> dict[str, Value]:
        """What its timer is told."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, payload: dict[str, Value]) -> "Sweep":
        """The sweep that a timer of this module was told."""
        return cls(**payload)  # type: ignore[arg-type]


def begin(context: TimerContext, payload: dict[str, Value]) -> None:
    """Let the warnings of a pack that came into force be looked for; one that is looked for already goes on."""
    pack = payload["pack"]
    assert isinstance(pack, bytes), "the activation and this module set the timer"
    name = find_manifest(context, pack).name
    if any(one.pack == pack and one.from_height > context.height for one in pack_versions(context, name)):
        set_timer(context, context.time_ms + ASK_AGAIN_MS, PURPOSE_BEGIN, payload)
        return
    found = find_section(context, name, SECTION_INDICES)
    if found is None:
        return
    assert isinstance(found.section, IndexSection), "the section of this name is of this kind"
    for rule in found.section.warnings.values():
        if rule.watch == WATCH_PERIOD or context.read(KIND_WATCH, f"{name}/{rule.name}") is not None:
            continue
        _wait(context, Sweep(name, rule.name), context.time_ms, {})
        context.emit(EVENT_BEGUN, {"pack": name, "rule": rule.name})


def sweep(context: TimerContext, payload: dict[str, Value]) -> None:
    """Look at the next records; go on in the next block, or wait for a week."""
    under_way = Sweep.of(payload)
    found = find_rule(context, under_way.pack, under_way.rule)
    if found is None:
        # A newer version of the pack has dropped it.
        context.delete(KIND_WATCH, f"{under_way.pack}/{under_way.rule}")
        context.emit(EVENT_ENDED, {"pack": under_way.pack, "rule": under_way.rule})
        return
    section, rule = found
    offset_minutes = section.offset_minutes(day_at(context.time_ms, 0))
    under_way, is_done = _look_at_some(context, rule, under_way, offset_minutes)
    if not is_done:
        _note_running(context, under_way)
        set_timer(context, context.time_ms, PURPOSE_SWEEP, under_way.to_payload())
        return
    done: dict[str, Value] = {"looked_at": under_way.looked_at, "opened": under_way.opened}
    context.emit(EVENT_DONE, done | {"pack": under_way.pack, "rule": under_way.rule})
    fresh = Sweep(under_way.pack, under_way.rule)
    _wait(context, fresh, context.time_ms + SWEEP_MS, {"done": done | {"height": context.height}})


def warn_of_period(context: TimerContext, payload: dict[str, Value]) -> None:
    """Warn of a plan that was not kept; `latest` is the first day of its newest period that was missed."""
    unit, plan, latest = str(payload["unit"]), str(payload["plan"]), str(payload["latest"])
    if not is_active(context, unit):
        return
    for rule in rules_for(context, WATCH_PERIOD)[:WARNED_PER_RUN_MAX]:
        warn(context, rule, unit, plan, latest)


def _look_at_some(context: TimerContext, rule: WarningRule, sweep: Sweep, offset_minutes: int) -> tuple[Sweep, bool]:
    """The sweep after as many records as a run may look at, and whether there are no more."""
    kind, opened = swept_kind(rule), 0
    while opened < WARNED_PER_RUN_MAX and context.reads_left > _READS_KEPT:
        record_id = context.next_id(kind, sweep.after)
        if record_id is None:
            return sweep, True
        record = context.read(kind, record_id)
        assert record is not None, "it was found just now"
        matter = matter_in(rule, record_id, record, context.time_ms, offset_minutes)
        is_warned = (
            matter is not None
            and is_active(context, matter.unit)
            and warn(context, rule, matter.unit, matter.matter, matter.latest)
        )
        opened += is_warned
        sweep = replace(sweep, after=record_id, looked_at=sweep.looked_at + 1, opened=sweep.opened + is_warned)
    return sweep, False


def _note_running(context: TimerContext, sweep: Sweep) -> None:
    watch_id = f"{sweep.pack}/{sweep.rule}"
    record = context.read(KIND_WATCH, watch_id)
    assert record is not None, "a sweep that runs has begun"
    if record.fields["state"] != STATE_RUNNING:
        context.put(KIND_WATCH, watch_id, record.fields | {"state": STATE_RUNNING})


def _wait(context: TimerContext, fresh: Sweep, due_ms: int, more: dict[str, Value]) -> None:
    fields: dict[str, Value] = {"due": due_ms, "pack": fresh.pack, "rule": fresh.rule, "state": STATE_WAITING}
    context.put(KIND_WATCH, f"{fresh.pack}/{fresh.rule}", fields | more)
    set_timer(context, due_ms, PURPOSE_SWEEP, fresh.to_payload())
