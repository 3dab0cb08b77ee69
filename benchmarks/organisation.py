"""An invented organisation with years of history: what it takes to load, how long its blocks take, what it needs.

A node without a shell on a real folder executes everything that happened, in virtual time: units, members, dues of
every month, meetings; the periodic checks of the pack run by block time in between. Signing is outside the clock, and
so is verifying signatures, which a node does on threads. Then the indices of all units are computed from the store.

Run: `python -m benchmarks.organisation [--members N] [--years N]`
"""

import argparse
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from benchmarks.load import HOUR_MS, LISTEN, Filler, anonymous_memory_mb
from benchmarks.report import write_report
from benchmarks.store_records import StoreRecords
from cli.demo.network import shipped_pack
from cli.invented.founding import PACK
from cli.invented.invention import Invention
from cli.invented.signing import InventedSigner
from cli.invented.step import Step
from cli.invented.story import Story
from contracts.calendar.dates import DAY_MS, day_of
from contracts.indices.evaluation import IndexEvaluation
from contracts.indices.period import last_complete
from contracts.indices.section import SECTION_INDICES, IndexSection
from contracts.packs.beginning import genesis_pack
from contracts.packs.in_force import newest_definition, newest_sections
from contracts.timers import due_timers
from daemon.collector import calm_collector
from daemon.effects import BlockExecuted, Effect, StoreBatch, Worked
from daemon.events import Event, Started, StepTimed, Stopping, Submission, Submitted, Ticked
from daemon.home import OpenHome, create_home, join_home, open_home
from ledger.genesis import Genesis, Parameters
from ledger.hashing import Hash
from ledger.signing import SigningKey
from ledger.submission import decode_submission
from ledger.transaction import Transaction, decode_envelope
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey

ADMINISTRATOR = SigningKey.from_seed(bytes([3]) * 32)
BLOCK_INTERVAL_MS = 400
# A voter that takes longer answers heartbeats too late (`contracts.limits.TIMERS_PER_BLOCK_MAX`).
STEP_MS_MAX = 1000
# The operations whose blocks took longest.
CAUSES_SHOWN = 8
# Eight in the morning.
OPENING_MS = 8 * HOUR_MS


@dataclass
class Loaded:
    """What was seen while the history was executed; times are of the processor."""

    transactions: int = 0
    lines: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    steps_ms: list[float] = field(default_factory=list)
    timer_steps_ms: list[float] = field(default_factory=list)
    timer_blocks: int = 0
    seconds: float = 0.0
    # The longest step that executed a block mostly of one operation, and all steps that executed blocks, by operation.
    longest_ms: dict[str, float] = field(default_factory=dict)
    executing_ms: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    # What these blocks cost by count, in thousands of units of `contracts.work`.
    work: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class MeasuredFiller(Filler):
    """A node in virtual time that notes what became of transactions."""

    def __init__(self, home: OpenHome, now_ms: int, loaded: Loaded) -> None:
        super().__init__(home, now_ms)
        self._loaded = loaded
        # The operations of transactions that are handed in now, by their ids.
        self._operations: dict[Hash, str] = {}
        # Of the step under way: what it executed, and how much that is.
        self._executed: Counter[str] = Counter()
        self._work = 0

    def run(self, event: Event) -> None:
        """As the filler does, one step of the node after the other, each timed with what it stores."""
        if isinstance(event, Submitted):
            self._operations = {one.transaction.id: _cause(one.transaction) for one in event.submissions}
        waiting: deque[Event] = deque([event])
        while waiting:
            self._executed, self._work = Counter(), 0
            started = time.process_time()
            effects = self.node.step(waiting.popleft())
            stepped = time.process_time() - started
            for effect in effects:
                followed = self._carry_out(effect)
                if followed is not None:
                    waiting.append(followed)
            elapsed = time.process_time() - started
            if self._work:
                # As the shell does: the disk is written by a thread of its own there.
                waiting.append(StepTimed(self.now_ms, self._work, round(stepped * 1e6)))
            self._note(elapsed * 1000, isinstance(event, Ticked))

    def _note(self, elapsed_ms: float, for_timers: bool) -> None:
        loaded = self._loaded
        loaded.seconds += elapsed_ms / 1000
        loaded.steps_ms.append(elapsed_ms)
        if for_timers:
            loaded.timer_steps_ms.append(elapsed_ms)
        elif self._executed:
            cause = self._executed.most_common(1)[0][0]
            loaded.longest_ms[cause] = max(loaded.longest_ms.get(cause, 0.0), elapsed_ms)
            if self._work:
                loaded.executing_ms[cause] += elapsed_ms
                loaded.work[cause] += self._work / 1000

    def _carry_out(self, effect: Effect) -> Event | None:
        if isinstance(effect, StoreBatch):
            for execution in effect.batch.executions:
                self._executed.update(self._operations.get(one.id, "") for one in execution.ids)
        if isinstance(effect, Worked):
            self._work = effect.work
        if isinstance(effect, BlockExecuted):
            self._loaded.timer_blocks += not effect.transactions
            for one in effect.transactions:
                self._loaded.transactions += 1
                if not one.result.ok:
                    self._loaded.refused[one.result.code] += 1
        return super()._carry_out(effect)


def _cause(transaction: Transaction) -> str:
    """The operation, and of a pack's record which transition of which type."""
    named = (transaction.arguments.get(name) for name in ("type", "transition"))
    return " ".join((transaction.operation, *(one for one in named if isinstance(one, str))))


class Loading:
    """Puts the steps of a story into blocks, each not before the day on which it happened."""

    def __init__(self, home: OpenHome, wish: Invention, begin_ms: int) -> None:
        self._home = home
        self.loaded = Loaded()
        self._filler = MeasuredFiller(home, begin_ms, self.loaded)
        self._signer = InventedSigner(home.genesis.network_id, ADMINISTRATOR, wish.seed)
        self._block_size = home.genesis.parameters.block_transactions_max

    def run(self, steps: Iterator[Step]) -> None:
        """Everything."""
        self._filler.run(Started(self._filler.now_ms))
        for (day, _part), part in groupby(steps, key=lambda step: (step.day, step.part)):
            self._pass_time(day * DAY_MS + OPENING_MS)
            waiting: list[Step] = []
            for step in part:
                waiting.append(step)
                if len(waiting) == self._block_size:
                    self._block(waiting)
                    waiting = []
            if waiting:
                self._block(waiting)

    def end(self, day: int) -> None:
        """Let what is due by a day happen, and end the node."""
        self._pass_time(day * DAY_MS + OPENING_MS)
        self._filler.run(Stopping(self._filler.now_ms))
        while self._home.store.maintain():
            pass

    def _pass_time(self, to_ms: int) -> None:
        """Go on to a moment; timers that are due on the way run in blocks of their own, day by day."""
        while self._filler.now_ms < to_ms:
            self._filler.now_ms = min(to_ms, self._filler.now_ms + DAY_MS)
            while self._timer_is_due():
                self._filler.now_ms += BLOCK_INTERVAL_MS
                self._filler.run(Ticked(self._filler.now_ms))
                self._home.store.maintain()

    def _timer_is_due(self) -> bool:
        with self._home.store.states() as state:
            return any(True for _timer in due_timers(state, self._filler.now_ms, 1))

    def _block(self, steps: list[Step]) -> None:
        self._filler.now_ms += BLOCK_INTERVAL_MS
        submissions = []
        for number, step in enumerate(steps):
            _id, data = self._signer.submission(step, self._filler.now_ms + HOUR_MS)
            envelope, detached = decode_submission(data)
            submissions.append(Submission(number, decode_envelope(envelope), detached))
            lines = step.arguments.get("lines")
            self.loaded.lines += len(lines) if isinstance(lines, list) else 1
        self._filler.run(Submitted(self._filler.now_ms, tuple(submissions)))
        self._home.store.maintain()


def make_home(folder: Path, created_ms: int) -> OpenHome:
    """A node of a network whose administrator has a known key, with the pack in force."""
    node = create_home(folder, "alpha", LISTEN)
    genesis = Genesis(
        name="organisation.example/ledger",
        created_ms=created_ms,
        visibility="members",
        quorum="majority",
        parameters=Parameters(),
        voters=(node,),
        administrators=(VerifierKey("administrator", KEY_TYPE_MEMBER, ADMINISTRATOR.public),),
        packs=(genesis_pack(shipped_pack(PACK)),),
    )
    join_home(folder, genesis)
    return open_home(folder)


def size_mb(folder: Path) -> float:
    """What a folder takes on the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Measure and write `benchmarks/results/organisation.{json,md}`."""
    parser = argparse.ArgumentParser(description="an organisation with years of history")
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the node's folder here, to look into it")
    options = parser.parse_args()
    wish = Invention(options.members, last_year=2025, years=options.years)
    story = Story(wish, shipped_pack(PACK))
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "node"
        figures = measure(folder, story)
    for name, value in figures.items():
        print(f"{name}: {value}")
    write_report("organisation", f"{options.members:,} members with {options.years} years of history", figures)


def measure(folder: Path, story: Story) -> dict[str, object]:
    """Load a story into a node's folder, then compute what is asked of such an organisation."""
    wish = story.wish
    begin_ms = day_of(wish.first_year, 1, 1) * DAY_MS
    home = make_home(folder, begin_ms)
    try:
        loading = Loading(home, wish, begin_ms + 1000)
        calm_collector()
        started = time.perf_counter()
        loading.run(story.steps())
        loading.end(day_of(wish.last_year + 1, 1, 15))
        figures = _figures(story, loading.loaded, time.perf_counter() - started)
        figures["MB on the disk"] = round(size_mb(folder))
        figures["anonymous memory of the process at the end, MB"] = round(anonymous_memory_mb())
        return figures | _indices(home, story)
    finally:
        home.close()


def _figures(story: Story, loaded: Loaded, elapsed: float) -> dict[str, object]:
    steps = sorted(loaded.steps_ms)
    causes = sorted(loaded.longest_ms.items(), key=lambda one: -one[1])[:CAUSES_SHOWN]
    return {
        "units": story.tree.unit_count,
        "members": story.tree.member_count,
        "dues lines, one for each member and month": story.tree.member_count * len(story.wish.months),
        "transactions": loaded.transactions,
        "of these refused": sum(loaded.refused.values()),
        "minutes to load, signing included": round(elapsed / 60, 1),
        "minutes of the processor in the node": round(loaded.seconds / 60, 1),
        "blocks for timers alone: checks, deadlines, warnings": loaded.timer_blocks,
        "ms of a step of the node (at most one block executed and stored), 99 of 100 at most": round(
            steps[len(steps) * 99 // 100], 1
        ),
        f"ms of the longest (at most {STEP_MS_MAX} wanted)": round(steps[-1], 1),
        f"ms of the longest in a block for timers alone (at most {STEP_MS_MAX} wanted)": round(
            max(loaded.timer_steps_ms, default=0.0), 1
        ),
    } | {
        f"ms of the longest that executed mostly `{cause}`; µs for a unit of its work": f"{longest:.0f}; "
        + (f"{loaded.executing_ms[cause] / loaded.work[cause]:.2f}" if loaded.work[cause] else "-")
        for cause, longest in causes
    }


def _indices(home: OpenHome, story: Story) -> dict[str, object]:
    """Every index of every unit, over the newest quarter of the history, from the store."""
    now_ms = day_of(story.wish.last_year + 1, 1, 15) * DAY_MS
    records = StoreRecords(home.store, now_ms)
    units = [branch.unit for branch in story.tree.branches]
    count, started = 0, time.process_time()
    for evaluation in _evaluations(records):
        period = last_complete(evaluation.index.every, now_ms, 0)
        for unit in units:
            evaluation.of(unit, period)
            count += 1
    seconds = time.process_time() - started
    return {
        "indices of branches computed": count,
        "ms for one, on average": round(seconds * 1000 / max(1, count), 2),
        "records looked at for one, on average": round(records.asked / max(1, count), 1),
    }


def _evaluations(records: StoreRecords) -> Iterator[IndexEvaluation]:
    for found in newest_sections(records, SECTION_INDICES):
        assert isinstance(found.section, IndexSection), "the section of this name is of this kind"
        for one in found.section.indices.values():
            kinds = {wanted.kind for wanted in one.inputs.values() if wanted.kind}
            types = {kind: definition for kind in kinds if (definition := newest_definition(records, kind))}
            yield IndexEvaluation(found.section, one, types, records)


if __name__ == "__main__":
    main()
