"""Ledgers to measure on: the network, its senders, its notices, and a node that fills a folder in virtual time.

Owns what the benchmarks share. The node is the real one on the real store; only the clock and the waiting are left out.
"""

from collections import deque
from pathlib import Path

from contracts.protocols import builtin_protocols
from daemon.effects import Alarm, Effect, Refused, SaveSignState, StoreBatch
from daemon.events import BatchStored, Event, SignStateSaved, Started, Stopping, Submission, Submitted, Ticked
from daemon.home import OpenHome, create_home, join_home, open_home
from daemon.node import Node
from daemon.system_chance import SystemChance
from ledger.genesis import Genesis, Parameters, member_id
from ledger.signing import SigningKey
from ledger.transaction import Transaction, build_transaction
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey

BLOCK_INTERVAL_MS = 400
HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS
# So that the year is over.
YEAR_CREATED_MS = 1_750_000_000_000
YEAR_BLOCK_TRANSACTIONS = 100
UNITS = 1000
# The measured processes run one after the other.
LISTEN = "127.0.0.1:7001"


def make_folder(folder: Path, sender_count: int, created_ms: int) -> Genesis:
    """Make a node's folder and tie it to a network whose administrators are the senders."""
    node = create_home(folder, "alpha", LISTEN)
    administrators = tuple(
        VerifierKey(f"sender-{number}", KEY_TYPE_MEMBER, key.public)
        for number, key in enumerate(_sender_keys(sender_count))
    )
    genesis = Genesis(
        name="benchmark.example/ledger",
        created_ms=created_ms,
        visibility="public",
        quorum="majority",
        parameters=Parameters(),
        voters=(node,),
        administrators=administrators,
    )
    join_home(folder, genesis)
    return genesis


def _sender_keys(count: int) -> list[SigningKey]:
    return [SigningKey.from_seed(bytes([2, number]) * 16) for number in range(count)]


class Load:
    """Senders of one network and the notices they sign, always the same bytes for the same network."""

    def __init__(self, genesis: Genesis) -> None:
        """`genesis` is of a folder that `make_folder` made."""
        self.genesis = genesis
        self.senders = _sender_keys(len(genesis.administrators))
        self.members = [member_id(genesis.network_id, key.public) for key in self.senders]

    def notice(self, number: int, expires_ms: int) -> Transaction:
        """Notice `number`, about 300 bytes, by the senders in turn into the files of the units in turn."""
        sender = number % len(self.senders)
        return build_transaction(
            self.genesis.network_id,
            self.members[sender],
            "notice.post",
            {"unit": f"branch-{number % UNITS}", "title": f"notice {number} of the benchmark"},
            number.to_bytes(16, "big"),
            expires_ms,
            [self.senders[sender]],
        )


class Filler:
    """A node without a shell on an open folder: effects are carried out at once, time is what it is told."""

    def __init__(self, home: OpenHome, now_ms: int) -> None:
        self._home = home
        self.node = Node(
            home.keys,
            home.genesis,
            builtin_protocols(),
            home.store,
            home.sign_state.state,
            home.sign_state.certificate,
            SystemChance(),
        )
        self.now_ms = now_ms

    def run(self, event: Event) -> None:
        """Feed an event, and what follows from it."""
        waiting: deque[Event] = deque([event])
        while waiting:
            for effect in self.node.step(waiting.popleft()):
                followed = self._carry_out(effect)
                if followed is not None:
                    waiting.append(followed)

    def _carry_out(self, effect: Effect) -> Event | None:
        match effect:
            case StoreBatch(ticket, batch):
                self._home.store.apply([batch])
                return BatchStored(self.now_ms, ticket)
            case SaveSignState(ticket, state, flush, certificate):
                self._home.sign_state.save(state, flush, certificate)
                return SignStateSaved(self.now_ms, ticket)
            case Refused(_, _, error, _) | Alarm(error):
                raise error
        return None


def fill_folder(
    folder: Path,
    entries: int,
    created_ms: int,
    sender_count: int = 16,
    block_transactions: int | None = None,
    block_interval_ms: int = BLOCK_INTERVAL_MS,
) -> None:
    """Make a node's folder with a ledger of at least `entries` entries, cleanly stopped; about 0.15 ms an entry.

    Args:
        folder: The node's, not there yet.
        entries: How many, at least.
        created_ms: When the network began.
        sender_count: How many members write, in turn.
        block_transactions: How many transactions a block has; None for as many as one may have.
        block_interval_ms: How far blocks are apart in virtual time, less than an hour.
    """
    load = Load(make_folder(folder, sender_count, created_ms))
    count = block_transactions or load.genesis.parameters.block_transactions_max
    home = open_home(folder)
    try:
        filler = Filler(home, created_ms + 1000)
        filler.run(Started(filler.now_ms))
        number = 0
        while filler.node.status().tree_size < entries:
            filler.now_ms += block_interval_ms
            batch = []
            for _ in range(count):
                batch.append(Submission(number, load.notice(number, filler.now_ms + HOUR_MS), ()))
                number += 1
            filler.run(Submitted(filler.now_ms, tuple(batch)))
            home.store.maintain()
        filler.now_ms += 1000
        filler.run(Ticked(filler.now_ms))
        filler.run(Stopping(filler.now_ms))
        while home.store.maintain():
            pass
    finally:
        home.close()


def year_of_work(folder: Path, entries: int) -> Path:
    """The home `folder/node` of a node with a ledger of a year: made if it is not there, and cleanly stopped.

    A hundred transactions a block: for a million entries one every fifty minutes.
    """
    home = folder / "node"
    if not home.exists():
        interval_ms = min(YEAR_MS * YEAR_BLOCK_TRANSACTIONS // max(entries, 1), HOUR_MS - 1)
        fill_folder(
            home,
            entries,
            YEAR_CREATED_MS,
            block_transactions=YEAR_BLOCK_TRANSACTIONS,
            block_interval_ms=interval_ms,
        )
    return home


def anonymous_memory_mb(process_id: int | None = None) -> float:
    """`RssAnon` of a process (None: this one): what it holds itself, without the database's pages."""
    status = Path("/proc") / str(process_id or "self") / "status"
    for line in status.read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the operating system does not tell RssAnon")
