"""A soak from its beginning to its verdicts: one network of real processes, under load and faults all the time.

Owns the order: start, rounds with stocktaking between them, the end, the ledgers, the audit. What fails ends the soak,
and is a verdict; so are the rules of `tests.soak.judgement`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.soak.judgement import Verdict, ceiling, flatness, resumption
from tests.soak.rounds import Round, Rounds
from tests.soak.samples import Sample, Sampler
from tests.soak.steady_writers import SteadyWriters
from tests.soak.stocktaking import Ledgers, audit, complaints_in, take_stock
from tests.system.networks import real_network
from tests.system.real_network import RealNetwork

# As many as keep the rate when some of them wait at a node that does not answer.
CLIENTS_A_WRITE_A_SECOND = 0.5
SAMPLES_EVERY_S = 10.0
STOCK_EVERY_S = 240.0
# Snapshots are made more often than usual, so that what that takes is seen; whoever was away for minutes takes blocks.
SETTINGS = "\nsnapshot_interval_blocks = 1024\n"


@dataclass
class Soak:
    """What is to be done, and what came of it.

    `folder` takes all files; `voters`, `seconds` (of faults), `rate` (writes a second) and `seed` say what happens.
    """

    folder: Path
    voters: int
    seconds: float
    rate: float
    seed: int
    tell: Callable[[str], None]
    lasted_s: float = 0.0
    rounds: list[Round] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    stocks: list[tuple[float, int]] = field(default_factory=list)
    compared: int = 0
    acknowledged: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    began_s: float = 0.0
    term: int = 0
    height: int = 0
    entries: int = 0
    snapshots_made: int = 0
    starts: int = 0
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every rule holds."""
        return all(one.holds for one in self.verdicts)

    def run(self) -> None:
        """Do all of it."""
        chance = Random(self.seed)
        with real_network(self.folder, self.voters, settings=SETTINGS, is_forked=False) as network:
            writers = SteadyWriters(network, max(1, round(self.rate * CLIENTS_A_WRITE_A_SECOND)), self.rate)
            sampler = Sampler(network, SAMPLES_EVERY_S)
            self.began_s = time.monotonic()
            try:
                self._shake(network, writers, sampler, chance)
            except Exception as error:
                self.lasted_s = time.monotonic() - self.began_s
                self._note("the soak comes to its end", f"{error!r}"[-4000:], False)
                self._look_all_the_same(network, writers, chance)
            finally:
                writers.abandon()
                sampler.end()
                self.samples = sampler.samples
                self.acknowledged = len(writers.told)
                self.refusals = dict(writers.refusals)
                self.starts = sum(node.starts for node in network.nodes)
        self._judge(network, sampler)

    def _shake(self, network: RealNetwork, writers: SteadyWriters, sampler: Sampler, chance: Random) -> None:
        next_stock_s = self.began_s + STOCK_EVERY_S

        def between() -> None:
            nonlocal next_stock_s
            if time.monotonic() >= next_stock_s:
                next_stock_s = time.monotonic() + STOCK_EVERY_S
                self._take_stock(network, writers)

        rounds = Rounds(network, writers, chance, between, self.tell, self.rounds)
        writers.start()
        sampler.start()
        rounds.run(self.seconds)
        sampler.look()
        self._take_stock(network, writers)
        self.lasted_s = time.monotonic() - self.began_s
        writers.end()
        sampler.end()
        self._end(network, writers, chance)

    def _look_all_the_same(self, network: RealNetwork, writers: SteadyWriters, chance: Random) -> None:
        """What was acknowledged is looked for where a soak failed too, once the network is left in peace."""
        try:
            writers.abandon()
            network.links.heal()
            for node in network.nodes:
                if node.runs:
                    node.resume()
                else:
                    node.start()
            network.wait_leader()
            self.height = take_stock(network, writers, chance)
            self._end(network, writers, chance)
        except Exception as error:
            self._note("what was acknowledged is there all the same", f"{error!r}"[-4000:], False)

    def _take_stock(self, network: RealNetwork, writers: SteadyWriters) -> None:
        writers.rest()
        self.height = take_stock(network, writers, Random(len(writers.told)))
        at_s = time.monotonic() - self.began_s
        self.stocks.append((at_s, self.height))
        self.tell(f"stock taken after {at_s:.0f} s: height {self.height}, {len(writers.told)} acknowledged")
        writers.go_on()

    def _end(self, network: RealNetwork, writers: SteadyWriters, chance: Random) -> None:
        """The nodes end; their ledgers are compared with each other and with what clients were told."""
        told = [node.status() for node in network.nodes]
        self.term = max(one["term"] for one in told if one is not None)
        for node in network.nodes:
            assert node.stop() == 0, node.said[-4000:]
        ledgers = Ledgers([node.home for node in network.nodes], writers.network_id, writers.told)
        ledgers.check()
        self.entries = ledgers.entries
        self._note(
            "every acknowledged write is in every node's ledger, where its client was told, and nothing stands twice",
            f"{len(writers.told)} writes, {ledgers.entries} entries, {len(network.nodes)} nodes",
            True,
        )
        self._note("all nodes have the same blocks", f"{ledgers.headers} headers compared", True)
        audited = chance.choice(network.nodes)
        entries = audit(audited.home, network.genesis)
        self._note("the audit of one node's folder finds nothing", f"{entries} entries, {audited.home.name}", True)

    def _judge(self, network: RealNetwork, sampler: Sampler) -> None:
        self.compared = sampler.compared
        self._note(
            "state digests are equal at equal heights",
            "; ".join(sampler.contradictions)
            or f"{self.compared} times told alike by a further node, {len(self.stocks)} times by all of them",
            not sampler.contradictions,
        )
        logs = [log for node in network.nodes for log in node.logs]
        complaints = complaints_in(logs)
        self._note(
            "no mistake of the program and no contradicting signature in any log",
            "; ".join(complaints[:5]) or f"{len(logs)} logs",
            not complaints,
        )
        self.snapshots_made = sum(log.read_text("utf-8").count("snapshot-made") for log in logs)
        self.verdicts.append(resumption([one.resumed_s for one in self.rounds]))
        self.verdicts.append(ceiling(self.samples))
        self.verdicts += flatness(self.samples)

    def _note(self, rule: str, found: str, holds: bool) -> None:
        self.verdicts.append(Verdict(rule, found, holds))
        self.tell(f"{'ok' if holds else 'BROKEN'}: {rule}: {found}")
