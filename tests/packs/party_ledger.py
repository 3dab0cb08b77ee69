"""A town's committee with the branches north and south below it, and the pack `party-branch` in force."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cli.language import translated, use_language
from cli.pack_scenario_run import value_of
from cli.pack_scenario_told import refused_by
from cli.pack_trial import PackTrial
from cli.refusal_text import refusal_of
from contracts.calendar.dates import parse_date
from contracts.packs.pack import Pack
from contracts.records import explaining
from contracts.result import Result
from ledger.encoding import Value
from tests.packs.shipped_pack import shipped

VOTERS = ("wang", "li", "he", "zhu", "ma", "hu", "guo")
SOUTHERN = ("deng", "fu", "gao")
OFFICES = {
    "town": {"officer": ("zhou",), "approver": ("qian", "sun"), "discipline": ("feng",)},
    "north": {
        "secretary": ("wang",),
        "organiser": ("li",),
        "committee": ("wang", "li", "he"),
        **dict.fromkeys(("member", "full-member", "voter"), VOTERS),
    },
    "south": {"secretary": ("deng",), **dict.fromkeys(("member", "full-member", "voter"), SOUTHERN)},
}


def party_branch() -> Pack:
    """The pack as it comes along."""
    pack = shipped("party-branch").pack
    assert pack is not None
    return pack


class PartyLedger:
    """What is asked of it is written as in the stories of packs: dates as texts, and everybody by their names."""

    def __init__(self, start: str) -> None:
        self.pack = party_branch()
        self.trial = PackTrial(self.pack, parse_date(start))
        for unit, parent in (("town", ""), ("north", "town"), ("south", "town")):
            self.trial.found(unit, parent)
        persons = dict.fromkeys(one for roles in OFFICES.values() for held in roles.values() for one in held)
        for person in (*persons, "chen"):
            self.trial.enrol(person)
        for unit, roles in OFFICES.items():
            for role, held in roles.items():
                for person in held:
                    self.trial.appoint(unit, role, person)
        self.pass_to(start)

    def ask(self, by: str, target: str, transition: str = "", unit: str = "north", **more: Any) -> Result:
        """Create a record (`target` is a kind) or act on one (`kind/id`); `vote` are counts, all else fields."""
        kind, _slash, record_id = target.partition("/")
        vote = more.pop("vote", None)
        fields = self.pack.types[kind].fields
        arguments: dict[str, Value] = {"type": kind, "transition": transition}
        arguments |= {"id": record_id} if record_id else {"unit": unit}
        arguments |= {"fields": {name: value_of(value, fields.get(name)) for name, value in more.items()}}
        arguments |= {} if vote is None else {"vote": vote}
        return self.trial.call(f"records.{'act' if record_id else 'create'}", arguments, by)

    def approve(self, by: str, record: str) -> Result:
        """Approve what waits."""
        kind, _slash, record_id = record.partition("/")
        return self.trial.call("records.approve", {"type": kind, "id": record_id}, by)

    def pass_to(self, date: str) -> None:
        """Let time pass until the morning of a day."""
        self.trial.pass_to(parse_date(date))

    def state(self, record: str) -> str:
        """Where a record stands; nothing where there is none."""
        fields = self.trial.fields(*record.split("/", 1))
        return "" if fields is None else str(fields["state"])

    def holds(self, unit: str, role: str, person: str) -> bool:
        """Whether the person holds the office."""
        office = self.trial.fields("office", f"{unit}/{role}/{person}")
        return office is not None and office["state"] == "held"

    def told(self, result: Result) -> tuple[str, str, str]:
        """The rule or code of a refusal, and its sentences in English and Chinese as `banyan` shows them."""
        words = explaining.explain_with_pack(result, self.trial.state.get)
        own = None if words is None else {"en": words.en, "zh": words.zh, "article": words.article}
        sentences = []
        for language in ("en", "zh_CN"):
            with _language(language):
                sentences.append(translated(refusal_of(result.code, result.details, own)))
        return refused_by(result), sentences[0], sentences[1]


def ballots(present: int, yes: int) -> dict[str, int]:
    """Counts of a vote in which everybody who is there says yes or no."""
    no = present - yes
    return {"present": present, "issued": present, "valid": present, "yes": yes, "no": no, "abstain": 0}


def remember_definitions(patch: pytest.MonkeyPatch) -> None:
    """Decode each type once for all explanations: a node is asked for one at a time, and these tests for a hundred."""
    patch.setattr(explaining, "find_definition", _once(explaining.find_definition))


def _once(find: Any) -> Any:
    found: dict[tuple[str, str], Any] = {}

    def remembered(read: Any, pack: str, kind: str) -> Any:
        if (pack, kind) not in found:
            found[pack, kind] = find(read, pack, kind)
        return found[pack, kind]

    return remembered


@contextmanager
def _language(name: str) -> Iterator[None]:
    use_language(name)
    try:
        yield
    finally:
        use_language("en")
