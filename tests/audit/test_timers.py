"""Timers in an audit: what they did is derived again, and whatever else a store says of it is found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.audit import run as audit_run
from cli.audit.finding import AuditFinding
from contracts.arguments import Arguments
from contracts.context import Context
from contracts.timer_context import TimerContext
from contracts.timers import set_timer
from ledger.encoding import Value
from storage.effects import is_effects, pack_effects, unpack_effects
from tests.audit.builder import LedgerBuilder, Lies
from tests.audit.damage import change_rows
from tests.audit.ledgers import audit, build
from tests.contracts.trial_contract import PURPOSE, trial_registry
from tests.contracts.versions import only_version


def run(context: Context, arguments: Arguments) -> None:
    """Three timers: due in the next block, in the one after it, and in the year after."""
    for later_ms in (0, 300, 365 * 86_400_000):
        set_timer(context, context.time_ms + later_ms, PURPOSE, {"at": context.time_ms})


def remind(context: TimerContext, payload: dict[str, Value]) -> None:
    """Leave a record and a link."""
    context.put("trial", "last", {**payload, "due": context.due_ms})
    context.link("unit/a")


PROTOCOLS = only_version(trial_registry(run, remind))


@pytest.fixture(autouse=True)
def trial_contracts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit runs the contracts that the ledger was made with."""
    monkeypatch.setattr(audit_run, "builtin_protocols", lambda: PROTOCOLS)


def write(builder: LedgerBuilder, lies: Lies | None = None) -> None:
    """Eight blocks after the one that opens a term, four with transactions that set timers; the seventh may lie."""
    builder.open_term()
    for number in range(8):
        transactions = [builder.transact("trial.run", {}) for _ in range(3 if number % 2 else 0)]
        builder.add_block(transactions, lies if number == 6 else None)


def effects_of(home: Path) -> dict[int, list[bytes]]:
    """The stored effects, by the index of the outcome leaf."""
    found: dict[int, list[bytes]] = {}

    def read(rows: dict[int, bytes]) -> None:
        found.update({index: unpack_effects(row) for index, row in rows.items() if is_effects(row)})

    change_rows(home, "results", read)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return build(tmp_path / "home", write, protocols=PROTOCOLS)


def finding_of(home: Path) -> AuditFinding:
    finding = audit(home).finding
    assert finding is not None, "the audit found nothing"
    return finding


def test_a_ledger_with_timers_passes(home: Path) -> None:
    effects = effects_of(home)
    assert sum(map(len, effects.values())) > 15
    report = audit(home)
    assert report.ok, report.finding


Alter = Callable[[list[bytes]], list[bytes]]
CHANGES: dict[str, Alter] = {
    "changed": lambda leaves: [leaves[0][:-1] + b"\x00", *leaves[1:]],
    "left out": lambda leaves: leaves[:-1],
    "twice": lambda leaves: [leaves[0], *leaves],
    "swapped": lambda leaves: leaves[::-1],
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_effect(home: Path, name: str) -> None:
    index = min(effects_of(home))

    def change(rows: dict[int, bytes]) -> None:
        rows[index] = pack_effects(CHANGES[name](unpack_effects(rows[index])))

    change_rows(home, "results", change)
    finding = finding_of(home)
    assert (finding.code, finding.index, finding.verdict) == ("audit.timer-effect-changed", index, "damaged")


def test_removed_effects(home: Path) -> None:
    index = min(effects_of(home))

    def remove(rows: dict[int, bytes]) -> None:
        del rows[index]

    change_rows(home, "results", remove)
    assert (finding_of(home).code, finding_of(home).index) == ("audit.timer-effect-changed", index)


def test_effects_that_cannot_be_read(home: Path) -> None:
    index = min(effects_of(home))

    def cut(rows: dict[int, bytes]) -> None:
        rows[index] = rows[index][:6]

    change_rows(home, "results", cut)
    assert finding_of(home).code == "audit.unreadable"


def test_effects_where_no_timer_ran(home: Path) -> None:
    def add(rows: dict[int, bytes]) -> None:
        rows[0] = pack_effects([b"an effect"])

    change_rows(home, "results", add)
    assert finding_of(home).code == "audit.timer-effect-changed"


@pytest.mark.parametrize("lie", [lambda leaves: leaves[:-1], lambda leaves: leaves[::-1]], ids=["fewer", "swapped"])
def test_effects_that_the_voters_signed_and_that_did_not_happen(tmp_path: Path, lie: Callable[..., object]) -> None:
    lies = Lies(effects=lie)  # type: ignore[arg-type]
    home = build(tmp_path / "home", lambda builder: write(builder, lies), protocols=PROTOCOLS)
    finding = finding_of(home)
    assert (finding.code, finding.verdict) == ("audit.outcome-wrong", "forged")
