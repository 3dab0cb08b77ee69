"""How long `banyan audit` takes for a large ledger, and how much memory.

The ledger is made by the real pure node on the real store, in virtual time; making it is outside the clock. With
`--folder` it is kept there and used again. The audit then runs in a process of its own, so that the memory is its own.

Run: `python -m benchmarks.audit [--entries N] [--folder DIR]`
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load import anonymous_memory_mb, fill_folder
from benchmarks.report import write_report

CREATED_MS = 1_790_000_000_000
MEMORY_INTERVAL_S = 0.1


def audit(folder: Path) -> tuple[dict[str, object], float]:
    """Audit the ledger in a process of its own; its report, and the most anonymous memory it had, in MB."""
    command = [sys.executable, "-m", "benchmarks.audit", "--folder", str(folder), "--audit-only"]
    most_mb = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while True:
            try:
                told, _ = process.communicate(timeout=MEMORY_INTERVAL_S)
            except subprocess.TimeoutExpired:
                most_mb = max(most_mb, anonymous_memory_mb(process.pid))
            else:
                break
    assert process.returncode == 0
    report: dict[str, object] = json.loads(told)
    return report, most_mb


def audit_here(folder: Path) -> None:
    """Audit and print the report as JSON; progress goes to stderr."""
    from cli.audit.run import run_audit

    def progress(phase: str, done: int, total: int) -> None:
        print(f"\r{phase}: {done:,} of {total:,}", end="", file=sys.stderr)

    report = run_audit(str(folder), folder / "genesis.json", progress)
    print(file=sys.stderr)
    print(json.dumps(report.to_json()))


def measure(folder: Path, entries: int) -> None:
    """Make the ledger if it is not there, audit it, write `benchmarks/results/audit.{json,md}`."""
    if not (folder / "genesis.json").exists():
        started = time.monotonic()
        fill_folder(folder, entries, CREATED_MS)
        print(f"made the ledger in {time.monotonic() - started:.0f} s", file=sys.stderr)
    report, most_mb = audit(folder)
    assert report["ok"], report["finding"]
    checked, seconds = report["entries"], report["seconds"]
    assert isinstance(checked, int) and isinstance(seconds, float)
    write_report(
        "audit",
        "Auditing a large ledger",
        {
            "entries": checked,
            "blocks": report["blocks"],
            "seconds": round(seconds, 1),
            "seconds for 1,000,000 entries": round(seconds / checked * 1e6, 1),
            "required seconds for 1,000,000 entries": 300,
            "entries per second": round(checked / seconds),
            "most anonymous memory, MB": round(most_mb),
        },
    )


def main() -> None:
    """Parse the options and measure."""
    parser = argparse.ArgumentParser(description="how long an audit takes")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the ledger is kept, or is already")
    parser.add_argument("--audit-only", action="store_true", help="audit the ledger in --folder in this process")
    options = parser.parse_args()
    if options.audit_only:
        audit_here(options.folder)
    elif options.folder is not None:
        measure(options.folder, options.entries)
    else:
        with tempfile.TemporaryDirectory(prefix="banyan-benchmark-") as folder:
            measure(Path(folder) / "node", options.entries)


if __name__ == "__main__":
    main()
