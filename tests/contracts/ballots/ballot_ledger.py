"""An organisation with a unit of voters whose ballots are opened, cast and closed block by block."""

from collections.abc import Sequence

from contracts.record import Record, record_key
from contracts.result import Event, Result
from contracts.runtime import Execution
from ledger.encoding import Value
from ledger.transaction import Transaction
from tests.contracts.organisation import Organisation, key_of

UNIT = "branch-1"
HOUR_MS = 3_600_000


def names(count: int) -> list[str]:
    """So many persons, in the order of names."""
    return [f"p{number:05d}" for number in range(count)]


class BallotLedger(Organisation):
    """`voters` hold the office `voter` of `UNIT`; every timer has to succeed."""

    def __init__(self, voters: Sequence[str] = (), unit: str = UNIT) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.add_unit(unit)
        self.seat(unit, "voter", voters)

    def seat(self, unit: str, role: str, persons: Sequence[str], accounts: bool = True) -> None:
        """Offices of many persons, as if appointed one after another."""
        for person in persons:
            if accounts:
                self.add_person(person)
            fields: dict[str, Value] = {"unit": unit, "role": role, "person": person, "state": "held"}
            self.write("office", f"{unit}/{role}/{person}", fields | {"since": 0, "height": 0, "time": 0})
        count: dict[str, Value] = {"unit": unit, "role": role, "count": len(persons), "ends": []}
        self.write("role-count", f"{unit}/{role}", count)

    def execute(self, *transactions: Transaction) -> Execution:
        execution = super().execute(*transactions)
        assert all(effect.ok for effect in execution.effects), execution.effects
        self.events += [event for effect in execution.effects for event in effect.events]
        self.ran = len(execution.effects)
        return execution

    def settle(self) -> None:
        """Empty blocks until no timer is due."""
        for _ in range(1000):
            self.execute()
            if not self.ran:
                return
        raise AssertionError("timers set each other without an end")

    def open(self, method: str = "yes-no", unit: Value = UNIT, **more: Value) -> Result:
        """Ask for a ballot that closes in an hour, roll-call among voters unless told otherwise."""
        arguments: dict[str, Value] = {"unit": unit, "title": "a question", "method": method, "casting": "roll-call"}
        arguments |= {"electorate": ["voter"], "closes": self.time_ms + HOUR_MS}
        if method == "yes-no":
            arguments["threshold"] = ">1/2 of due"
        arguments |= more
        return self.asked("ballots.open", {name: one for name, one in arguments.items() if one is not None})

    def opened(self, method: str = "yes-no", unit: Value = UNIT, **more: Value) -> int:
        """The number of a ballot that is open now."""
        result = self.open(method, unit, **more)
        assert result.ok, result
        number = result.events[0].fields["number"]
        assert isinstance(number, int) and isinstance(unit, str)
        self.settle()
        assert self.ballot(number, unit)["state"] == "open"
        return number

    def cast(self, number: int, sender: Value, *choices: str, unit: Value = UNIT, **more: Value) -> str:
        said: list[Value] = list(choices)
        return self.act("cast", number, sender, unit, choices=said, **more)

    def act(self, operation: str, number: int, sender: Value = None, unit: Value = UNIT, **more: Value) -> str:
        """The code of an operation on a ballot; from the administrator where nobody is named."""
        assert sender is None or isinstance(sender, str)
        arguments: dict[str, Value] = {"unit": unit, "number": number}
        return self.code(f"ballots.{operation}", arguments | more, sender)

    def tally(self, number: int, sender: str | None, votes: list[Value], *counts: int, **more: Value) -> str:
        """Report a tally: present, issued, returned, valid."""
        figures: dict[str, Value] = dict(zip(("present", "issued", "returned", "valid"), counts, strict=True))
        return self.act("tally", number, sender, votes=votes, **figures, **more)

    def close(self, number: int, unit: str = UNIT) -> dict[str, Value]:
        """Let the stated time come and everything be counted; the result."""
        closes = self.ballot(number, unit)["closes"]
        assert isinstance(closes, int)
        if closes > self.time_ms:
            self.at(closes)
        self.settle()
        return self.result_of(number, unit)

    def result_of(self, number: int, unit: str = UNIT) -> dict[str, Value]:
        found = self.ballot(number, unit)
        assert found["state"] == "closed", found["state"]
        result = found["result"]
        assert isinstance(result, dict)
        return result

    def ballot(self, number: int, unit: str = UNIT) -> dict[str, Value]:
        return self.fields("ballot", f"{unit}/{number:06d}")

    def vote(self, number: int, person: str, unit: str = UNIT) -> dict[str, Value]:
        return self.fields("ballot-vote", f"{unit}/{number:06d}/{person}")

    def put_votes(self, number: int, votes: dict[str, list[str]], unit: str = UNIT) -> None:
        """Votes as if each had been cast, for electorates whose signatures a test need not make."""
        for person, choices in votes.items():
            fields: dict[str, Value] = {"person": person, "present": True, "issued": True, "way": "own", "casts": 1}
            fields |= {"choices": list(choices), "height": 1, "time": 1, "number": number, "unit": unit}
            self.state[record_key("ballot-vote", f"{unit}/{number:06d}/{person}")] = Record(1, fields).encode()


__all__ = ["HOUR_MS", "UNIT", "BallotLedger", "key_of", "names"]
