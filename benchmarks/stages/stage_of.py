"""Which stage of a transaction's way a place in the source belongs to.

Owns the map from files to stages: the innermost frame whose file it knows decides. What belongs to none (the event
loop, the start) is `rest`.
"""

from collections.abc import Sequence

from daemon import disk, verifier

DECODE, VERIFY, GOSSIP, AGREEMENT = "decode", "verify", "gossip", "agreement"
STORAGE, EXECUTION, DIGEST, API, NODE, REST = "storage", "execution", "state digest", "API", "node", "rest"
STAGES = (DECODE, VERIFY, GOSSIP, AGREEMENT, EXECUTION, DIGEST, STORAGE, API, NODE, REST)

# The first that a path begins with counts.
_PLACES = (
    ("ledger/state_digest.py", DIGEST),
    ("ledger/transaction.py", DECODE),
    ("ledger/submission.py", DECODE),
    ("ledger/signing.py", VERIFY),
    ("ledger/transaction_signature.py", VERIFY),
    ("ledger/batch_signature.py", VERIFY),
    ("ledger/valid_signatures.py", VERIFY),
    ("daemon/verifier.py", VERIFY),
    ("daemon/foreign_batches.py", VERIFY),
    ("contracts/", EXECUTION),
    ("daemon/overlay.py", EXECUTION),
    ("daemon/chain.py", EXECUTION),
    ("daemon/api/", API),
    ("daemon/server.py", API),
    ("hypercorn/", API),
    ("starlette/", API),
    ("h11/", API),
    ("storage/", STORAGE),
    ("daemon/disk", STORAGE),
    ("daemon/sign_state", STORAGE),
    ("daemon/keeping.py", STORAGE),
    ("p2p/", GOSSIP),
    ("daemon/peer_network.py", GOSSIP),
    ("consensus/", AGREEMENT),
    ("daemon/leading.py", AGREEMENT),
    ("daemon/following.py", AGREEMENT),
    ("daemon/block_judge.py", AGREEMENT),
    ("daemon/block_builder.py", AGREEMENT),
    ("daemon/", NODE),
)


def stage_of(paths: Sequence[str]) -> str:
    """The stage of a stack, given as paths relative to the source or to the folder of libraries, innermost first."""
    for path in paths:
        for begin, stage in _PLACES:
            if path.startswith(begin):
                return stage
    return REST


# The threads that have most to do; the sign-state's name is trio's own.
_THREADS = ((verifier.THREAD_NAME, VERIFY), (disk.THREAD_NAME, STORAGE), ("save from", STORAGE))


def stage_of_thread(name: str) -> str:
    """The stage of a thread that is not the one of the event loop."""
    return next((stage for begin, stage in _THREADS if name.startswith(begin)), REST)
