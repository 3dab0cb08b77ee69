"""What is flat is told from what grows, in lives that are long enough; and the page says what was found."""

import re
from pathlib import Path

import pytest

from tests.soak.judgement import MIB, ceiling, flatness, resumption
from tests.soak.page import page
from tests.soak.record import read_record, write_record
from tests.soak.rounds import Round
from tests.soak.run import Soak
from tests.soak.samples import Life, Sample

MINUTE_S = 60.0


def life(
    minutes: float, memory_an_hour_mib: float = 0.0, descriptors_an_hour: float = 0.0, node: int = 0
) -> list[Sample]:
    """Samples every ten seconds of a process that warms up for two minutes, with a burst of something now and then."""
    found = []
    for number in range(int(minutes * 6) + 1):
        at_s = number * 10.0
        warm = min(at_s, 120.0) / 120.0
        hours = at_s / 3600.0
        burst = 30 if number % 7 == 3 else 0
        memory = int((60 + 20 * warm + memory_an_hour_mib * hours + burst / 10) * MIB)
        descriptors = int(18 + descriptors_an_hour * hours + burst)
        found.append(Sample(Life(node, 1), 1000.0 + at_s, memory, 2 * memory, descriptors, 6, int(at_s) * 4096, 100))
    return found


def test_what_is_flat_holds_in_spite_of_a_warm_up_and_of_bursts() -> None:
    verdicts = flatness(life(65) + life(22, node=1))
    assert len(verdicts) == 3
    assert all(one.holds for one in verdicts), verdicts


@pytest.mark.parametrize("minutes", [43, 65])
def test_a_leak_of_memory_is_found_and_its_rate_told(minutes: float) -> None:
    memory, descriptors, threads = flatness(life(65, node=1) + life(minutes, memory_an_hour_mib=30))
    assert not memory.holds
    assert re.fullmatch(r"\+(29|30)\.\d MiB an hour, node 0, of 2 processes", memory.found)
    assert descriptors.holds and threads.holds


def test_a_leak_of_descriptors_is_found() -> None:
    memory, descriptors, _ = flatness(life(65, descriptors_an_hour=30))
    assert memory.holds and not descriptors.holds


def test_a_short_life_is_not_judged() -> None:
    assert flatness(life(14.8)) == []
    assert flatness([]) == []


def test_memory_is_judged_when_every_bounded_memory_is_full() -> None:
    verdicts = flatness(life(41, memory_an_hour_mib=60))
    assert [one.rule.split()[0] for one in verdicts] == ["file", "threads:"]


def test_a_process_that_takes_too_much_at_once_is_found() -> None:
    samples = life(2)
    assert ceiling(samples).holds
    assert not ceiling([*samples, samples[-1]._replace(anonymous_bytes=201 * MIB)]).holds


def test_writes_that_go_on_late_are_found() -> None:
    assert resumption([0.1, 59.0]).holds
    assert not resumption([0.1, 61.0]).holds


def test_the_page_says_what_was_found_and_can_be_written_again(tmp_path: Path) -> None:
    soak = Soak(tmp_path, 2, 3900.0, 30.0, 7, print)
    soak.lasted_s, soak.began_s, soak.acknowledged = 3910.0, 1000.0, 110_000
    soak.samples = sorted(life(65) + life(65, memory_an_hour_mib=30, node=1), key=lambda one: one.at_s)
    soak.rounds = [Round("all", ("kill",), 2.0, 1.5, 0.2), Round("all", ("kill", "cut"), 9.0, 9.5, 0.4)]
    soak.verdicts = [*flatness(soak.samples), resumption([0.2, 0.4])]
    text = page(soak, "abc123", "A note.")
    assert "2 nodes, 65 minutes, seed 7, commit abc123: **a rule is broken**" in text
    assert re.search(r"\| \+30\.\d MiB an hour, node 1, of 2 processes \| \*\*no\*\* \|", text)
    assert "| kill | 1 | 2.0 | 1.50 | 1.5 | 0.20 |" in text
    assert "| two of these at once | 1 | 9.0 | 9.50 | 9.5 | 0.40 |" in text
    write_record(soak, "abc123", tmp_path / "record.json")
    again, commit = read_record(tmp_path / "record.json")
    assert page(again, commit, "A note.") == text
