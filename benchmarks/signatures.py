"""What verifying one transaction's signature costs: alone, and as a member of a batch.

Envelopes are decoded outside the clock. A batch is new to whoever verifies it, or known; both are told for each member.
Time is that of the processor, and of many rounds the least counts: what other programs take from a shared machine is
not the signatures'.

Run: `python -m benchmarks.signatures [--rounds N]`
"""

import argparse
import gc
import time
from collections.abc import Callable
from functools import partial

from benchmarks.report import write_report
from ledger.signing import SigningKey
from ledger.transaction import Transaction, build_body, seal, verify_signatures
from ledger.transaction_signature import sign_batch, sign_body
from ledger.valid_batches import ValidBatches

SIZES = (16, 256, 1024)
REQUIRED_US = 8
ALONE_COUNT = 64
_KEY = SigningKey.from_seed(bytes([1]) * 32)


def _bodies(count: int) -> list[bytes]:
    """Notices whose envelopes have about 300 bytes when they are signed alone."""
    return [
        build_body(
            bytes(32),
            bytes(32),
            "notice.post",
            {"unit": f"unit-{number}", "title": f"notice {number} of the benchmark".ljust(64, ".")},
            number.to_bytes(16, "big"),
            1_790_000_000_000,
        )
        for number in range(count)
    ]


def _verify_all(transactions: list[Transaction], batches: ValidBatches) -> None:
    assert all(verify_signatures(one, batches) for one in transactions)


def _verify_new(transactions: list[Transaction]) -> None:
    _verify_all(transactions, ValidBatches())


def _microseconds(rounds: int, count: int, run: Callable[[], object]) -> float:
    """The least that a round took, for each of `count`."""
    best = float("inf")
    gc.collect()
    for _ in range(rounds):
        started = time.process_time()
        run()
        best = min(best, time.process_time() - started)
    return round(best / count * 1e6, 1)


def measure(rounds: int) -> dict[str, object]:
    """All figures."""
    alone = [seal(body, [sign_body(body, _KEY)]) for body in _bodies(ALONE_COUNT)]
    figures: dict[str, object] = {
        "verifying one that was signed alone, µs": _microseconds(rounds, len(alone), partial(_verify_new, alone))
    }
    for size in SIZES:
        bodies = _bodies(size)
        members = [seal(body, [one]) for body, one in zip(bodies, sign_batch(bodies, _KEY), strict=True)]
        known = ValidBatches()
        _verify_all(members, known)
        for what, run in (
            ("verifying one of {size}, the batch is new, µs", partial(_verify_new, members)),
            ("verifying one of {size}, the batch is known, µs", partial(_verify_all, members, known)),
            ("signing one of {size}, µs", partial(sign_batch, bodies, _KEY)),
        ):
            figures[what.format(size=size)] = _microseconds(rounds, size, run)
        figures[f"envelope of one of {size}, bytes"] = len(members[1].envelope)
    figures["envelope signed alone, bytes"] = len(alone[1].envelope)
    figures[f"required of one of {SIZES[-1]}, µs"] = REQUIRED_US
    return figures


def main() -> None:
    """Parse the options, measure, write `benchmarks/results/signatures.{json,md}`."""
    parser = argparse.ArgumentParser(description="what the signature of a transaction costs, alone and in a batch")
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    write_report("signatures", "The signature of a transaction, alone and in a batch", measure(options.rounds))


if __name__ == "__main__":
    main()
