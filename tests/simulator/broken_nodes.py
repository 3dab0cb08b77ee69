"""Nodes that break a rule on purpose, each in one way: what the guard tests put into a world."""

from dataclasses import replace

from daemon.sign_state import SignState
from simulator.adapter import (
    BatchStored,
    Boot,
    Effect,
    Event,
    NodeStatus,
    ReadReady,
    ReadRequested,
    Started,
    SteppedNode,
    StoreBatch,
    Ticked,
    make_node,
)


class Wrapped:
    """The real node with something between it and the world."""

    def __init__(self, boot: Boot) -> None:
        self.boot = boot
        self.inner: SteppedNode = make_node(boot)

    def step(self, event: Event) -> list[Effect]:
        return self.inner.step(event)

    def status(self) -> NodeStatus:
        return self.inner.status()


class TellsEarly(Wrapped):
    """Takes a write for durable as soon as it is asked for."""

    def step(self, event: Event) -> list[Effect]:
        if isinstance(event, BatchStored):
            return []
        told: list[Effect] = []
        waiting = self.inner.step(event)
        while waiting:
            told.extend(waiting)
            stored = [effect.ticket for effect in waiting if isinstance(effect, StoreBatch)]
            waiting = self.inner.step(BatchStored(event.now_ms, stored[-1])) if stored else []
        return told


class SignsAgain(Wrapped):
    """Starts as if it had never signed anything."""

    def __init__(self, boot: Boot) -> None:
        super().__init__(replace(boot, sign_state=SignState(), term_certificate=b""))


class ReadsAtOnce(Wrapped):
    """Answers linearizable reads from what it has."""

    def step(self, event: Event) -> list[Effect]:
        if isinstance(event, ReadRequested):
            return [ReadReady(event.question, 0)]
        return self.inner.step(event)


class FallsAsleep(Wrapped):
    """Hears of no time after its first two seconds: it runs, and does nothing by itself."""

    def __init__(self, boot: Boot) -> None:
        super().__init__(boot)
        self.started_ms = 0

    def step(self, event: Event) -> list[Effect]:
        if isinstance(event, Started):
            self.started_ms = event.now_ms
        if not isinstance(event, Started | Ticked) and event.now_ms > self.started_ms + 2000:
            return []
        return self.inner.step(event)


class Overflows(Wrapped):
    """Says that its pool holds more than it may."""

    def status(self) -> NodeStatus:
        return replace(self.inner.status(), mempool_count=1_000_000)


class Stumbles(Wrapped):
    """Meets something that nobody foresaw."""

    def step(self, event: Event) -> list[Effect]:
        if isinstance(event, Ticked) and self.inner.status().executed_height > 3:
            raise ZeroDivisionError("a mistake")
        return self.inner.step(event)
