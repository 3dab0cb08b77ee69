"""The reference pages name what there is."""

from pathlib import Path

from contracts import limits
from contracts.builtin import builtin_registry
from contracts.record import RECORD_SIZE_BYTES_MAX
from contracts.registry import RUNTIME_KINDS
from contracts.result import RESULT_SIZE_BYTES_MAX

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
PAGES = (
    "contracts.md",
    "authority.md",
    "units.md",
    "members.md",
    "schedule.md",
    "packs.md",
    "records.md",
    "attendance.md",
    "ballots.md",
    "treasury.md",
    "indices.md",
)
PAGE = "\n".join((FOLDER / page).read_text(encoding="utf-8") for page in PAGES)


def test_every_refusal_code_has_its_row() -> None:
    missing = [reason.code for reason in builtin_registry().reasons() if f"`{reason.code}`" not in PAGE]
    assert missing == []


def test_every_kind_operation_and_argument_is_named() -> None:
    registry = builtin_registry()
    names = set(RUNTIME_KINDS)
    for contract in registry.contracts:
        names |= contract.kinds | contract.events
        for operation in contract.operations:
            names.add(f"{contract.name}.{operation.method}")
            names |= {argument.name for argument in operation.declaration.arguments}
    assert sorted(name for name in names if f"`{name}`" not in PAGE) == []


def test_the_limits_are_the_ones_in_force() -> None:
    rows = {
        "records read by the operation": f"{limits.READS_MAX}",
        "records written": f"{limits.WRITES_MAX}",
        "bytes written, every write counted": f"{limits.WRITTEN_SIZE_BYTES_MAX // 1024} KiB",
        "read, written and bytes of `governance`": (
            f"{limits.DECISION_LIMITS.reads}, {limits.DECISION_LIMITS.writes},"
            f" {limits.DECISION_LIMITS.written_size_bytes // 1024**2} MiB"
        ),
        "bytes of one record": f"{RECORD_SIZE_BYTES_MAX // 1024} KiB",
        "events": f"{limits.EVENTS_MAX}",
        "subjects linked, the sender's own included": f"{limits.LINKS_MAX}",
        "bytes of the result leaf": f"{RESULT_SIZE_BYTES_MAX // 1024} KiB",
    }
    for what, most in rows.items():
        assert f"| {what} | {most} |" in PAGE
