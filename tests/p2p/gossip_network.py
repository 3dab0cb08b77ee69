"""Plumtrees joined in memory: virtual time, links with a delay each, frames in order, and lost where a link is cut.

Every node's owner accepts at once what is not `BAD`, as a node with nothing to do would.
"""

import heapq
import random
from collections import Counter
from collections.abc import Iterable

from ledger.hashing import Hash, sha256
from p2p.effects import Blame, Deliver, Effect, SendFrame
from p2p.frames import Gossip, Graft, IHave, PayloadKind, Prune
from p2p.plumtree import Plumtree

BAD = b"bad"
TICK_MS = 50


class SeededChance:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def below(self, limit: int) -> int:
        return self.random.randrange(limit)


def node_id(number: int) -> Hash:
    return sha256(b"node" + number.to_bytes(4, "big"))


def regular_graph(nodes: int, degree: int, seed: int) -> list[tuple[int, int]]:
    """A random graph in which every node has `degree` neighbours: pairs of stubs, repaired by swaps."""
    chosen = random.Random(seed)
    stubs = [node for node in range(nodes) for _ in range(degree)]
    while True:
        chosen.shuffle(stubs)
        pairs = list(zip(stubs[::2], stubs[1::2], strict=True))
        for _ in range(100):
            links = Counter((min(pair), max(pair)) for pair in pairs)
            wrong = [
                at
                for at, (one, other) in enumerate(pairs)
                if one == other or links[min(one, other), max(one, other)] > 1
            ]
            if not wrong:
                return sorted(links)
            for at in wrong:
                to = chosen.randrange(len(pairs))
                (a, b), (c, d) = pairs[at], pairs[to]
                pairs[at], pairs[to] = (a, d), (c, b)


class GossipNetwork:
    def __init__(self, nodes: int, seed: int = 0, delay_ms: tuple[int, int] = (5, 30)) -> None:
        self.chance = SeededChance(seed)
        self.delay_ms = delay_ms
        self.now_ms = 0
        self.ids = [node_id(number) for number in range(nodes)]
        self.trees = [Plumtree(self.chance) for _ in range(nodes)]
        self.numbers = {id: number for number, id in enumerate(self.ids)}
        # Links that are up: their delay, and a number that no earlier link between the two had.
        self.links: dict[tuple[int, int], tuple[int, int]] = {}
        self.link_count = 0
        self.events: list[tuple[int, int, int, int, int, object]] = []
        self.event_count = 0
        self.delivered: list[Counter[bytes]] = [Counter() for _ in range(nodes)]
        self.sent: list[bytes] = []
        self.plain: set[bytes] = set()
        self.copies = 0
        self.frames: Counter[str] = Counter()
        self.blames: list[tuple[int, Blame]] = []
        self.ticking: set[int] = set()

    def connect(self, one: int, other: int) -> None:
        pair = (min(one, other), max(one, other))
        if pair in self.links or one == other:
            return
        self.link_count += 1
        low, high = self.delay_ms
        self.links[pair] = (low + self.chance.below(high - low + 1), self.link_count)
        self.carry_out(one, self.trees[one].peer_up(self.ids[other], self.now_ms))
        self.carry_out(other, self.trees[other].peer_up(self.ids[one], self.now_ms))

    def cut(self, one: int, other: int) -> None:
        if self.links.pop((min(one, other), max(one, other)), None) is not None:
            self.carry_out(one, self.trees[one].peer_down(self.ids[other], self.now_ms))
            self.carry_out(other, self.trees[other].peer_down(self.ids[one], self.now_ms))

    def broadcast(self, node: int, payload: bytes, shapes: bool = True) -> None:
        if not shapes:
            self.plain.add(payload)
        self.sent.append(payload)
        self.delivered[node][payload] += 1
        self.carry_out(node, self.trees[node].broadcast(PayloadKind.TRANSACTIONS, payload, self.now_ms, shapes))

    def carry_out(self, node: int, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, SendFrame):
                self.send(node, self.numbers[effect.peer], effect.frame)
            elif isinstance(effect, Deliver):
                self.deliver(node, effect)
            elif isinstance(effect, Blame):
                self.blames.append((node, effect))
        if node not in self.ticking and not self.trees[node].is_idle:
            self.ticking.add(node)
            self.push(TICK_MS - self.now_ms % TICK_MS, node, -1, 0, None)

    def deliver(self, node: int, message: Deliver) -> None:
        self.delivered[node][message.payload] += 1
        if message.payload.startswith(BAD):
            self.carry_out(node, self.trees[node].refuse(message.id))
        else:
            self.carry_out(node, self.trees[node].accept(message.id, self.now_ms, message.payload not in self.plain))

    def send(self, node: int, to: int, frame: object) -> None:
        link = self.links.get((min(node, to), max(node, to)))
        if link is not None:
            delay_ms, number = link
            self.frames[type(frame).__name__] += 1
            self.push(delay_ms, to, node, number, frame)

    def push(self, delay_ms: int, node: int, peer: int, link: int, frame: object) -> None:
        self.event_count += 1
        heapq.heappush(self.events, (self.now_ms + delay_ms, self.event_count, node, peer, link, frame))

    def step(self) -> bool:
        """Let the next thing happen; whether there was one."""
        if not self.events:
            return False
        self.now_ms, _, node, peer, number, frame = heapq.heappop(self.events)
        if peer < 0:
            self.ticking.discard(node)
            self.carry_out(node, self.trees[node].tick(self.now_ms))
        elif self.links.get((min(node, peer), max(node, peer)), (0, 0))[1] == number:
            assert isinstance(frame, Gossip | IHave | Graft | Prune)
            self.copies += isinstance(frame, Gossip)
            self.carry_out(node, self.trees[node].receive(self.ids[peer], frame, self.now_ms))
        return True

    def run(self, until_ms: int) -> None:
        while self.events and self.events[0][0] <= until_ms:
            self.step()
        self.now_ms = until_ms

    def settle(self) -> None:
        """Until nothing is under way, nothing is missing and nothing is to be announced."""
        for _ in range(1_000_000):
            if not self.step():
                return
        raise AssertionError("the network does not come to rest")

    def eager_links(self) -> set[tuple[int, int]]:
        """Links that at least one side pushes along."""
        return {
            (min(node, self.numbers[peer]), max(node, self.numbers[peer]))
            for node, tree in enumerate(self.trees)
            for peer in tree.eager_peers
        }

    def component(self, node: int, links: Iterable[tuple[int, int]]) -> set[int]:
        """The nodes that `links` join with `node`."""
        found, edge = {node}, [node]
        pairs = list(links)
        while edge:
            here = edge.pop()
            for one, other in pairs:
                for there in (other,) if one == here else (one,) if other == here else ():
                    if there not in found:
                        found.add(there)
                        edge.append(there)
        return found
