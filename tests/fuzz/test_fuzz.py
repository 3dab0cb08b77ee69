"""Every kept input is taken as promised, a few fresh ones too; and the fuzzer finds what is planted for it."""

from itertools import count
from pathlib import Path
from random import Random

import pytest

from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError
from p2p.frames import CheckpointNote, Gossip, PayloadKind, decode_frame
from tests.fuzz.bounds import judged
from tests.fuzz.campaign import Campaign, Fault
from tests.fuzz.kept_inputs import FILE_SIZE_BYTES_MAX, FOLDER, INPUTS_MAX, keep, kept
from tests.fuzz.mutation import closed, mutated, opened
from tests.fuzz.recorded import recorded
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS
from tests.ledger.byte_forms import assert_one_form
from tools import fuzz

SEED = 1
FRESH_INPUTS = 60
FRESH_INPUTS_OF_NODES = 4
# Whole nodes, and stories of operations, take a second for ten inputs; `make fuzz` tries all of them.
SLOW_TARGETS = ("node", "operations")
KEPT_INPUTS_OF_NODES = 20
PLANTED_INPUTS_MAX = 3000


@pytest.mark.parametrize("name", TARGETS)
def test_kept_and_fresh_inputs_are_taken_as_promised(name: str) -> None:
    target, is_slow = TARGETS[name], name in SLOW_TARGETS
    for data in kept(name)[: KEPT_INPUTS_OF_NODES if is_slow else None]:
        assert judged(target, data, is_counted=not is_slow) is None, data.hex()
    known, chance = target.samples(), Random(f"{SEED}/{name}")
    for _ in range(FRESH_INPUTS_OF_NODES if is_slow else FRESH_INPUTS):
        data = mutated(chance.choice(known), known, chance)
        assert judged(target, data, is_counted=not is_slow) is None, data.hex()


def test_every_target_has_a_corpus_and_no_corpus_is_left_over() -> None:
    files = {path.stem: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(files) == set(TARGETS)
    assert all(0 < size <= FILE_SIZE_BYTES_MAX for size in files.values())


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in ("chunks", "framing")])
def test_samples_are_valid(name: str) -> None:
    """What is changed has to be right before: a decoder takes each sample of its own."""
    target = TARGETS[name]
    assert target.samples()
    for data in target.samples()[:3]:
        assert judged(target, data) is None


def test_messages_are_taken_apart_and_put_together_again() -> None:
    inner = packed = 0
    for data in recorded().frames:
        tree = opened(data)
        assert tree is not None and closed(tree.value) == data
        inner += repr(tree).count("Inner(")
        frame = decode_frame(data)
        is_text = isinstance(frame, CheckpointNote) or (
            isinstance(frame, Gossip) and frame.kind is PayloadKind.CHECKPOINT
        )
        packed += not is_text
    assert inner > 3 * packed, "signed statements lie inside packets inside frames"


def test_the_same_seed_tries_the_same_inputs(tmp_path: Path) -> None:
    tried: list[list[bytes]] = []
    for _ in range(2):
        seen: list[bytes] = []
        tries = Campaign(Target("seen", _pairs, seen.append), 7, tmp_path).tries()
        for _ in range(200):
            next(tries)
        tried.append(seen)
    assert tried[0] == tried[1] and len(set(tried[0])) > 100


# -- faults that were planted -----------------------------------------------------------------------------------


def _pairs() -> tuple[bytes, ...]:
    return (encode([3, b"name", encode([1, 2, b"deep"])]), encode([4, b"", encode([5, 6, b""])]))


def _forgets_an_error(data: bytes) -> None:
    """Deep inside, a wrong type ends in a TypeError."""
    value = _decoded(data)
    inner = _decoded(value[2]) if len(value) == 3 and isinstance(value[2], bytes) else []
    if len(inner) == 3:
        inner[0] + 1  # type: ignore[operator]


def _takes_two_forms(data: bytes) -> None:
    """A number and its text are the same to it."""
    assert_one_form(_number, lambda found: encode([found, b"", b""]), data)


def _number(data: bytes) -> int:
    value = _decoded(data)
    if len(value) != 3 or value[1:] != [b"", b""] or not isinstance(value[0], int | bool):
        raise DecodingError("no number")
    return int(value[0])


def _holds_much(data: bytes) -> None:
    """What a length says is believed."""
    value = _decoded(data)
    if len(value) == 3 and isinstance(value[0], int) and 2**16 <= value[0] <= 2**32:
        bytearray(min(value[0], 100 * 1024 * 1024))


def _never_ends(data: bytes) -> None:
    value = _decoded(data)
    while len(value) == 3 and isinstance(value[0], int) and value[0] <= 0:
        value = list(value)


def _decoded(data: bytes) -> list[Value]:
    try:
        value = decode(data)
    except DecodingError:
        return []
    return value if isinstance(value, list) else []


def _numbers() -> tuple[bytes, ...]:
    return (encode([3, b"", b""]), encode([4, b"", b""]))


def _first_fault(target: Target, folder: Path) -> Fault:
    tries = Campaign(target, SEED, folder).tries()
    for _ in range(PLANTED_INPUTS_MAX):
        fault = next(tries)
        if fault is not None:
            return fault
    raise AssertionError(f"{target.name}: nothing was found")


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (Target("wrong-error", _pairs, _forgets_an_error), "TypeError"),
        (Target("two-forms", _numbers, _takes_two_forms), "AssertionError"),
        (Target("memory", _pairs, _holds_much), "memory"),
        (Target("time", _pairs, _never_ends), "time"),
    ],
    ids=lambda one: one.name if isinstance(one, Target) else "",
)
def test_what_is_planted_is_found(target: Target, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.bounds.TIME_S_MAX", 0.2)
    monkeypatch.setattr("tests.fuzz.campaign.COUNTED_EVERY", 1)
    fault = _first_fault(target, tmp_path)
    assert fault.finding.kind.startswith(kind)
    again = judged(target, fault.data, is_counted=True)
    assert again is not None and again.kind == fault.finding.kind
    assert len(fault.data) < 40


def test_a_node_that_ends_over_a_message_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An error inside a whole node that nobody expects, behind a signature of the liar."""

    def broken(*arguments: object) -> bool:
        raise KeyError("planted")

    target = TARGETS["node"]
    monkeypatch.setattr("tests.fuzz.campaign.SHRINK_STEPS_MAX", 10)
    monkeypatch.setattr("daemon.evidence_judge.EvidenceJudge.is_proof", broken)
    fault = _first_fault_of(target, tmp_path, 5)
    assert fault is not None and fault.finding.kind.startswith("KeyError broken")


def _first_fault_of(target: Target, folder: Path, inputs: int) -> Fault | None:
    tries = Campaign(target, SEED, folder).tries()
    return next((fault for fault in (next(tries) for _ in range(inputs)) if fault is not None), None)


# -- the command ------------------------------------------------------------------------------------------------


def test_a_fault_is_written_so_that_it_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = Target("wrong-error", _pairs, _forgets_an_error)
    monkeypatch.setitem(TARGETS, planted.name, planted)
    arguments = ["--minutes", "0.02", "--seed", "5", "--targets", planted.name, "--faults", str(tmp_path)]
    # A millisecond an input, however fast this machine is.
    assert fuzz.main(arguments, count(step=0.001).__next__) == 1
    told = capsys.readouterr().out
    assert told.startswith("seed 5, ") and "FAULT wrong-error: TypeError" in told
    (path,) = tmp_path.iterdir()
    assert f"--replay {path}" in told
    assert fuzz.main(["--replay", str(path)]) == 1
    assert "TypeError" in capsys.readouterr().out
    monkeypatch.setitem(TARGETS, planted.name, Target(planted.name, _pairs, lambda data: None))
    assert fuzz.main(["--replay", str(path)]) == 0
    assert fuzz.main(["--replay", str(tmp_path / "no-such-file.bin")]) == 2


def test_the_corpus_stays_small(tmp_path: Path) -> None:
    chance = Random(SEED)
    inputs = [chance.randbytes(number % 700 + 1) for number in range(2 * INPUTS_MAX)]
    count = keep("some", inputs, tmp_path)
    again = kept("some", tmp_path)
    assert len(again) == count <= INPUTS_MAX
    assert (tmp_path / "some.txt").stat().st_size <= FILE_SIZE_BYTES_MAX
    assert again == sorted(again, key=len) and set(again) <= set(inputs)
    # What is kept once is kept.
    assert keep("some", [b"new"], tmp_path) >= count and set(again) <= set(kept("some", tmp_path))
