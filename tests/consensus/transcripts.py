"""Readable stories of a cluster: commands, and below each one what they brought about. `testdata/*.txt`.

A file is a list of paragraphs: commands, a rule, and the lines that they must print (as etcd's `testdata/`). Lines that
begin with `#` are for the reader. `python -m tests.consensus.transcripts --rewrite` prints anew what the commands do;
look at the difference before you keep it.

| command | what it does |
|---|---|
| `cluster VOTERS [OBSERVERS] [QUORUM]` | nodes 0, 1, …, nothing started before |
| `run MS [build]` | a calm network for a while; with `build` every leader makes blocks |
| `wait MS` | the same, where neighbours do not compare what they have |
| `tick MS` | time goes on, nothing arrives, nothing is written |
| `settle` | every write completes, every message arrives |
| `write NODE` | the oldest write under way at a node is durable |
| `deliver KIND [TO]` | messages of a kind arrive (to one node), in their order |
| `drop KIND [TO]` | they never do |
| `network` | what is on its way |
| `build NODE` | the leader makes a block |
| `change NODE VOTER…` | the leader makes a block that puts these voters in force |
| `campaign NODE` | it asks for pre-votes now |
| `transfer NODE TO` | the leader hands over |
| `read NODE QUESTION` | a linearizable read is asked there |
| `crash NODE…`, `start NODE…` | |
| `restore NODE HEIGHT` | its database is one of this height; what it signed is kept |
| `cut FROM TO`, `isolate NODE`, `heal` | ways that are cut, one way or all; and none |
| `fetch NODE FROM` | it pulls blocks and certificates from a neighbour |
| `exchange` | all do, from all |
| `status` | every node: part, term, leader, blocks stored and committed, voters |
"""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from consensus.certificates import BlockCertificate
from consensus.events import Campaign, TransferAsked
from consensus.packets import Packet
from tests.consensus.cluster import TICK_MS, Block, Cluster, Host, Message, voter_set

FOLDER = Path(__file__).parent / "testdata"
_RULE = "----"


class Story:
    """One cluster, driven by commands; each returns the lines that it printed."""

    def __init__(self) -> None:
        self.cluster = Cluster(1)
        self._lines: list[str] = []
        self._commands: dict[str, Callable[..., None]] = {
            "cluster": self._cluster,
            "run": self._run,
            "wait": lambda duration_ms: self.cluster.run(int(duration_ms), exchange=False),
            "tick": self._tick,
            "settle": lambda: self.cluster.settle(),
            "write": lambda node: self._host(node).complete_write(),
            "deliver": self._deliver,
            "drop": self._drop,
            "network": self._network,
            "build": lambda node: self._built(self._host(node).build()),
            "change": self._change,
            "campaign": lambda node: self._host(node).step(Campaign()),
            "transfer": lambda node, to: self._host(node).step(TransferAsked(self._host(to).id)),
            "read": lambda node, question: self.cluster.ask(self._host(node), question.encode()),
            "crash": self._crash,
            "start": self._start,
            "restore": self._restore,
            "cut": lambda source, to: self.cluster.cut.add((int(source), int(to))),
            "isolate": self._isolate,
            "heal": lambda: self.cluster.cut.clear(),
            "fetch": lambda node, source: self._host(node).pull(self._host(source)),
            "exchange": lambda: self.cluster.exchange(),
            "status": self._status,
        }

    def perform(self, command: str) -> list[str]:
        """What this command prints, and what nodes log because of it."""
        name, *arguments = command.split()
        before = {host: (len(host.log), host.disk.committed_height, dict(host.reads)) for host in self.cluster.hosts}
        self._lines = []
        self._commands[name](*arguments)
        for host in self.cluster.hosts:
            logged, committed, reads = before.get(host, (0, 0, {}))
            self._lines += [f"{host.number}: {line}" for line in host.log[logged:]]
            if host.disk.committed_height > committed:
                self._lines.append(f"{host.number}: committed up to {host.disk.committed_height}")
            for question, answer in host.reads.items():
                if reads.get(question) != answer:
                    said = "refused" if answer == -1 else f"answered at height {answer}"
                    self._lines.append(f"{host.number}: read {question.decode()} {said}")
        self.cluster.checks.evidence()
        return self._lines

    def _host(self, number: str) -> Host:
        return self.cluster.hosts[int(number)]

    def _cluster(self, voters: str, observers: str = "0", quorum: str = "majority") -> None:
        self.cluster = Cluster(int(voters), int(observers), quorum=quorum)

    def _run(self, duration_ms: str, build: str = "") -> None:
        self.cluster.run(int(duration_ms), build=build == "build")

    def _tick(self, duration_ms: str) -> None:
        for _ in range(int(duration_ms) // TICK_MS):
            self.cluster.tick()

    def _chosen(self, kind: str, to: str) -> list[int]:
        waiting = self.cluster.network
        return [
            place
            for place, (_, receiver, message) in enumerate(waiting)
            if kind in ("all", _kind_of(message)) and to in ("", str(receiver.number))
        ]

    def _deliver(self, kind: str, to: str = "") -> None:
        for done, place in enumerate(self._chosen(kind, to)):
            self.cluster.deliver(place - done)

    def _drop(self, kind: str, to: str = "") -> None:
        for done, place in enumerate(self._chosen(kind, to)):
            self.cluster.network.pop(place - done)

    def _network(self) -> None:
        ways = Counter((sender.number, to.number, _kind_of(message)) for sender, to, message in self.cluster.network)
        for (sender, to, kind), count in sorted(ways.items()):
            self._lines.append(f"{sender} -> {to} {kind}" + (f" x{count}" if count > 1 else ""))

    def _built(self, block: Block | None) -> None:
        self._lines.append("no block" if block is None else f"block {block.position.height} is being written")

    def _change(self, node: str, *members: str) -> None:
        quorum = self._host(node).disk.executed_sets[-1].quorum if len(members) >= 4 else "majority"
        self._built(self._host(node).build(change=voter_set(tuple(map(int, members)), quorum)))

    def _crash(self, *nodes: str) -> None:
        for node in nodes:
            self._host(node).crash()

    def _start(self, *nodes: str) -> None:
        for node in nodes:
            self._host(node).start()

    def _restore(self, node: str, height: str) -> None:
        host = self._host(node)
        host.crash()
        del host.disk.chain[int(height) :]
        host.disk.committed_height = min(host.disk.committed_height, int(height))
        changes = [block for block in host.disk.chain if block.change is not None]
        del host.disk.executed_sets[len(changes) + 1 :]
        host.start()
        assert host.core is not None
        self._lines.append("must recover" if host.core.must_recover else "is as new as what it signed")

    def _isolate(self, node: str) -> None:
        for host in self.cluster.hosts:
            self.cluster.cut |= {(int(node), host.number), (host.number, int(node))}

    def _status(self) -> None:
        for host in self.cluster.hosts:
            if host.core is None:
                self._lines.append(f"{host.number}: down, {len(host.disk.chain)} blocks")
                continue
            core = host.core
            members = " ".join(str(one.number) for one in self.cluster.hosts if core.voters.key_of(one.id) is not None)
            self._lines.append(
                f"{host.number}: {core.role.value} in term {core.term}, leader {self.cluster.name(core.leader)};"
                f" {core.tip.height} blocks up to term {core.tip.term}, {core.committed_height} committed;"
                f" voters {members}" + (", must recover" if core.must_recover else "")
            )


def _kind_of(message: Message) -> str:
    if isinstance(message, Packet):
        return message.statement.NAME
    if isinstance(message, Block):
        return "proposal"
    return "certificate" if isinstance(message, BlockCertificate) else "term-certificate"


def performed(text: str) -> str:
    """The transcript with what its commands print now in place of what it says."""
    story = Story()
    paragraphs: list[str] = []
    for paragraph in text.rstrip("\n").split("\n\n"):
        asked = paragraph.splitlines()
        if _RULE in asked:
            asked = asked[: asked.index(_RULE)]
        commands = [line for line in asked if not line.startswith("#")]
        printed = [line for command in commands for line in story.perform(command)]
        paragraphs.append("\n".join([*asked, _RULE, *printed] if commands else asked))
    return "\n\n".join(paragraphs) + "\n"


def main() -> int:
    """Rewrite every transcript with `--rewrite`; else 1 if one does not say what happens."""
    changed = 0
    for path in sorted(FOLDER.glob("*.txt")):
        before = path.read_text("utf-8")
        after = performed(before)
        if before != after:
            changed += 1
            print(f"{path.name} {'rewritten' if '--rewrite' in sys.argv else 'differs'}")
            if "--rewrite" in sys.argv:
                path.write_text(after, "utf-8")
    return 1 if changed and "--rewrite" not in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
