"""Policies: the document's example, its syntax, its limits, and who is believed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import cosign
from ledger.errors import BanyanError, InvalidKeyError, InvalidNoteError, InvalidProofError
from ledger.note import Note, NoteSignature
from ledger.policy import (
    POLICY_SIZE_BYTES_MAX,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyVoter,
    PolicyWitness,
)
from ledger.signing import SigningKey
from ledger.verifier_key import KEY_TYPE_COSIGNER, KEY_TYPE_LOG, VerifierKey
from tests.ledger.byte_forms import changed
from tests.ledger.receipt_network import ORIGIN, TIME_S, ReceiptNetwork
from tests.ledger.test_note import CASES, NOTES

KEYS = [SigningKey.from_seed(bytes([number]) * 32) for number in range(80)]
LOG = VerifierKey("example.com/log", KEY_TYPE_LOG, KEYS[0].public)
W = [VerifierKey(f"witness.example/w{number}", KEY_TYPE_COSIGNER, KEYS[number].public) for number in range(80)]
EXAMPLE = f"""log {LOG}

witness X1 {W[1]}
witness X2 {W[2]}
witness X3 {W[3]}
group X-witnesses 2 X1 X2 X3

witness Y1 {W[4]}
witness Y2 {W[5]}
witness Y3 {W[6]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
""".encode()
NESTED = Policy.parse(EXAMPLE)
TEXT = Checkpoint("example.com/log", 42, bytes(32)).text()
LOG_SIGNATURE = sign_checkpoint(TEXT, "example.com/log", KEYS[0])


def cosigned(*numbers: int) -> list[NoteSignature]:
    return [cosign(TEXT, W[number].name, KEYS[number], TIME_S + number) for number in numbers]


def test_the_documents_example() -> None:
    assert NESTED.logs == (PolicyLog(LOG),)
    assert [witness.name for witness in NESTED.witnesses] == ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
    assert NESTED.groups == (
        PolicyGroup("X-witnesses", 2, ("X1", "X2", "X3")),
        PolicyGroup("Y-witnesses", 1, ("Y1", "Y2", "Y3")),
        PolicyGroup("X-and-Y", 2, ("X-witnesses", "Y-witnesses")),
    )
    assert NESTED.quorum == "X-and-Y"
    for names, satisfied in [
        ("X1 X2 Y3", True),
        ("X1 X2 X3", False),
        ("X1 Y1 Y2 Y3", False),
        ("X2 X3 Y1 Y2", True),
        ("", False),
    ]:
        assert NESTED.is_satisfied_by(names.split()) is satisfied


def test_the_example_decides_about_notes() -> None:
    verified = NESTED.verify(Note(TEXT, (*cosigned(4, 2, 1), LOG_SIGNATURE)))
    assert verified.checkpoint.tree_size == 42
    assert [(one.witness.name, one.time_s) for one in verified.cosigned] == [
        ("X1", TIME_S + 1),
        ("X2", TIME_S + 2),
        ("Y1", TIME_S + 4),
    ]
    assert verified.logs == ((NESTED.logs[0], LOG_SIGNATURE),)
    for numbers in [(1, 4), (1, 2, 3), (4, 5, 6), (1, 7, 8, 4)]:
        with pytest.raises(InvalidProofError):
            NESTED.verify(Note(TEXT, (LOG_SIGNATURE, *cosigned(*numbers))))


def test_an_exact_quorum_leaves_out_what_it_can() -> None:
    everybody = NESTED.verify(Note(TEXT, (LOG_SIGNATURE, *cosigned(1, 2, 3, 4, 5, 6)))).cosigned
    assert [one.witness.name for one in NESTED.exact_quorum(everybody)] == ["X1", "X2", "Y1"]
    some = NESTED.verify(Note(TEXT, (LOG_SIGNATURE, *cosigned(3, 2, 6)))).cosigned
    assert NESTED.exact_quorum(some) == some


def test_a_real_networks_checkpoint() -> None:
    case = next(case for case in CASES if case["case"].startswith("arche2025h1"))
    log, *witnesses = case["keys"]
    lines = [f"log {log}", *(f"witness w{number} {key}" for number, key in enumerate(witnesses))]
    policy = Policy.parse("\n".join([*lines, "group all-of-them all w0 w1 w2 w3", "quorum all-of-them", ""]).encode())
    verified = policy.verify(Note.parse(case["note"].encode()))
    assert verified.checkpoint.tree_size == 1432088532
    assert {one.time_s for one in verified.cosigned} == {1779573024}
    without = Note.parse(case["note"].encode())
    with pytest.raises(InvalidProofError):
        policy.verify(Note(without.text, without.signatures[:-1]))


ONE_WITNESS = f"witness w1 {W[1]}\n"


@pytest.mark.parametrize(
    ("text", "quorum"),
    [
        (b"quorum none\n", "none"),
        (b"quorum none", "none"),
        (f"\n# comment\n\t # another\n\twitness \t w1  {W[1]}   https://w1.example/  \n\n  quorum\tw1".encode(), "w1"),
        (f"witness w\x80 {W[1]}\nquorum w\x80\n".encode("latin-1"), "w\udc80"),
        (f"witness \u212a {W[1]}\nwitness K {W[2]}\nquorum \u212a\n".encode(), "\u212a"),
        (f"witness all {W[1]}\nwitness any {W[2]}\ngroup group 2 all any\nquorum group\n".encode(), "group"),
        (f"witness log {W[1]}\nquorum log\n".encode(), "log"),
    ],
)
def test_the_syntax_allows(text: bytes, quorum: str) -> None:
    policy = Policy.parse(text)
    assert policy.quorum == quorum
    assert Policy.parse(policy.encode(["a comment"])) == policy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "quorum none\n\x01",
        "quorum none\r\n",
        "quorum none\n\x7f",
        "quibble w1\nquorum none\n",
        "quorum\n",
        "quorum none none\n",
        "quorum unknown\n",
        "quorum none\nquorum none\n",
        "log\nquorum none\n",
        "log garbage\nquorum none\n",
        f"log {LOG} url more\nquorum none\n",
        f"log {LOG}\nlog {LOG} https://log.example/\nquorum none\n",
        f"log {W[1]}\nquorum none\n",
        "witness w1\nquorum none\n",
        f"witness w1 {W[1]} https://w1.example/ # comment\nquorum w1\n",
        f"witness w1 {LOG}\nquorum w1\n",
        f"witness none {W[1]}\nquorum none\n",
        ONE_WITNESS + f"witness w1 {W[2]}\nquorum w1\n",
        ONE_WITNESS + f"witness w2 {VerifierKey('other', KEY_TYPE_COSIGNER, KEYS[1].public)}\nquorum w1\n",
        ONE_WITNESS + "group w1 any w1\nquorum w1\n",
        ONE_WITNESS + "group g1 1\nquorum w1\n",
        ONE_WITNESS + "group g1\nquorum w1\n",
        ONE_WITNESS + "group none any w1\nquorum none\n",
        ONE_WITNESS + "group g1 0 w1\nquorum g1\n",
        ONE_WITNESS + "group g1 -1 w1\nquorum g1\n",
        ONE_WITNESS + "group g1 01 w1\nquorum g1\n",
        ONE_WITNESS + "group g1 \u0661 w1\nquorum g1\n",
        ONE_WITNESS + "group g1 2 w1\nquorum g1\n",
        ONE_WITNESS + f"group g1 {'9' * 5000} w1\nquorum g1\n",
        ONE_WITNESS + "group g1 any w2\nquorum g1\n",
        ONE_WITNESS + "group g1 any none w1\nquorum g1\n",
        ONE_WITNESS + "group g1 all w1 w1\nquorum g1\n",
        ONE_WITNESS + "group g1 any w1\ngroup g2 any w1\nquorum g1\n",
        ONE_WITNESS + "group g1 any g1\nquorum g1\n",
        f"group g1 any w1\nwitness w1 {W[1]}\nquorum g1\n",
        f"quorum w1\nwitness w1 {W[1]}\n",
        ONE_WITNESS,
    ],
)
def test_the_syntax_refuses(text: str) -> None:
    with pytest.raises((InvalidNoteError, InvalidKeyError)) as caught:
        Policy.parse(text.encode())
    assert str(caught.value)


def test_limits_are_above_the_recommended_ones() -> None:
    def lines(count: int) -> bytes:
        logs = [f"log {VerifierKey('log', KEY_TYPE_LOG, KEYS[number].public)}" for number in range(count)]
        witnesses = [f"witness w{number} {W[number]}" for number in range(count)]
        groups = [f"group g{number} any w{number}" for number in range(count)]
        return "\n".join([*logs, *witnesses, *groups, "quorum g1", ""]).encode()

    assert len(Policy.parse(lines(32)).groups) == 32
    assert len(Policy.parse(lines(64)).groups) == 64
    with pytest.raises(InvalidNoteError):
        Policy.parse(lines(65))
    groups = "".join(f"group g{number} any {f'g{number - 1}' if number else 'w1'}\n" for number in range(65))
    with pytest.raises(InvalidNoteError):
        Policy.parse((ONE_WITNESS + groups + "quorum w1\n").encode())
    with pytest.raises(InvalidNoteError):
        Policy.parse(b"#" * POLICY_SIZE_BYTES_MAX + b"\nquorum none\n")


def test_a_policy_cannot_be_made_of_bad_words() -> None:
    for name in ("", "a b", "a\n", "\ud800", "a\x7f", "\udcc3\udca9"):
        with pytest.raises(InvalidNoteError):
            Policy((), (PolicyWitness(name, W[1]),), (), "none")
    with pytest.raises(InvalidNoteError):
        Policy((PolicyLog(LOG, "a b"),), (), (), "none")
    with pytest.raises(InvalidNoteError):
        Policy((), (), (), "missing")
    with pytest.raises(InvalidNoteError):
        Policy((), (), (PolicyGroup("g", 1, ("missing",)),), "g")


def test_a_networks_policy() -> None:
    network = ReceiptNetwork(4)
    lines = network.policy.encode(["voter set 1", "tree sizes from 1"]).decode().splitlines()
    assert lines[:2] == ["# voter set 1", "# tree sizes from 1"]
    assert [line.split()[0] for line in lines[2:]] == ["log"] * 4 + ["witness"] * 4 + ["group", "quorum"]
    assert lines[2].startswith(f"log {ORIGIN}+")
    assert lines[6].startswith("witness W1 branch-1.example+")
    assert lines[-2:] == ["group Voters 3 W1 W2 W3 W4", "quorum Voters"]
    assert Policy.parse("\n".join(lines).encode()) == network.policy


def test_the_hash_is_of_the_rule_alone() -> None:
    assert Policy.parse(EXAMPLE + b"# comment\n").hash == NESTED.hash
    assert Policy.parse(EXAMPLE.replace(b"group X-and-Y all", b"group  X-and-Y\t2")).hash == NESTED.hash
    with_url = Policy.parse(EXAMPLE.replace(b"\n\n", b" https://log.example/\n\n", 1))
    assert with_url.logs[0].url == "https://log.example/"
    assert with_url.hash == NESTED.hash
    assert Policy.parse(with_url.encode()) == with_url
    assert Policy.parse(EXAMPLE.replace(b"2 X1", b"1 X1")).hash != NESTED.hash
    assert len({ReceiptNetwork(number).policy.hash for number in (1, 2, 3, 4)}) == 4


def test_voters_that_make_no_policy() -> None:
    voter = PolicyVoter("a.example", KEYS[1].public, KEYS[2].public)
    for voters, quorum_size in [([], 1), ([voter], 0), ([voter], 2), ([voter, voter], 1)]:
        with pytest.raises(InvalidNoteError):
            Policy.of_voters(ORIGIN, voters, quorum_size)
    with pytest.raises(InvalidKeyError):
        Policy.of_voters("two words", [voter], 1)


NETWORK = ReceiptNetwork(4)


def test_signatures_of_strangers_are_ignored() -> None:
    note = NETWORK.note(9, bytes(32), logs=[2], cosigners=[0, 1, 2])
    stranger = SigningKey.from_seed(b"s" * 32)
    extra = (
        sign_checkpoint(note.text, ORIGIN, stranger),
        cosign(note.text, "branch-1.example", stranger, TIME_S),
        NoteSignature("unknown", bytes(4), b"anything"),
        NoteSignature("branch-1.example", bytes(4), b"same name, other id"),
        NoteSignature("other-name", note.signatures[1].key_id, b"same id, other name"),
    )
    verified = NETWORK.policy.verify(Note(note.text, (*extra, *note.signatures)))
    assert [log.key.public_key for log, _ in verified.logs] == [NETWORK.keys[2].log.public]
    assert [one.witness.key.name for one in verified.cosigned] == [NETWORK.name(at) for at in range(3)]
    with pytest.raises(InvalidProofError):
        NETWORK.policy.verify(Note(note.text, (*extra, *note.signatures[:-1])))


def broken(signature: NoteSignature) -> NoteSignature:
    payload = signature.signature[:-1] + bytes([signature.signature[-1] ^ 1])
    return NoteSignature(signature.name, signature.key_id, payload)


def test_a_bad_log_signature_refuses_the_note() -> None:
    note = NETWORK.note(9, bytes(32), logs=[0, 1])
    with pytest.raises(InvalidProofError):
        NETWORK.policy.verify(Note(note.text, (note.signatures[0], broken(note.signatures[1]), *note.signatures[2:])))


def test_a_bad_cosignature_never_harms_and_never_counts() -> None:
    note = NETWORK.note(9, bytes(32), logs=[0])
    log, *cosignatures = note.signatures
    surplus = Note(note.text, (log, broken(cosignatures[0]), *cosignatures[1:]))
    assert [one.witness.name for one in NETWORK.policy.verify(surplus).cosigned] == ["W2", "W3", "W4"]
    repeated = Note(note.text, (log, broken(cosignatures[0]), *cosignatures))
    assert len(NETWORK.policy.verify(repeated).cosigned) == 4
    with pytest.raises(InvalidProofError):
        NETWORK.policy.verify(Note(note.text, (log, broken(cosignatures[0]), *cosignatures[1:3])))


def test_one_witness_counts_once() -> None:
    note = NETWORK.note(9, bytes(32), logs=[0], cosigners=[0])
    again = cosign(note.text, NETWORK.name(0), NETWORK.keys[0].cosigner, TIME_S + 99)
    with pytest.raises(InvalidProofError):
        NETWORK.policy.verify(Note(note.text, (*note.signatures, again, *note.signatures)))


def test_the_log_must_be_the_one_and_must_have_signed() -> None:
    other = ReceiptNetwork(4, origin="other.example/ledger")
    for note in (
        other.note(9, bytes(32)),
        NETWORK.note(9, bytes(32), logs=[]),
    ):
        with pytest.raises(InvalidProofError):
            NETWORK.policy.verify(note)
    text = Checkpoint("other.example/ledger", 9, bytes(32)).text()
    signatures = [sign_checkpoint(text, ORIGIN, NETWORK.keys[0].log)]
    signatures += [cosign(text, NETWORK.name(at), NETWORK.keys[at].cosigner, TIME_S) for at in range(4)]
    with pytest.raises(InvalidProofError):
        NETWORK.policy.verify(Note(text, tuple(signatures)))


def test_a_policy_without_logs_or_a_note_without_checkpoint() -> None:
    without_logs = Policy((), NETWORK.policy.witnesses, NETWORK.policy.groups, NETWORK.policy.quorum)
    with pytest.raises(InvalidProofError):
        without_logs.verify(NETWORK.note(9, bytes(32)))
    with pytest.raises(InvalidNoteError):
        NETWORK.policy.verify(Note.parse(NOTES["go/one-signature"]))


def test_no_quorum_asks_for_the_log_alone() -> None:
    policy = Policy(NETWORK.policy.logs, (), (), "none")
    verified = policy.verify(NETWORK.note(9, bytes(32), logs=[1]))
    assert verified.cosigned == ()
    assert policy.exact_quorum(verified.cosigned) == ()


@given(st.one_of(st.binary(max_size=80), changed((EXAMPLE, NETWORK.policy.encode(["x"]), b"quorum none\n"))))
@settings(deadline=None)
def test_any_octets_are_a_policy_or_refused(data: bytes) -> None:
    try:
        policy = Policy.parse(data)
    except BanyanError as error:
        assert str(error)
    else:
        assert Policy.parse(policy.encode()) == policy


def test_a_witness_named_as_the_log_with_the_same_key_id_spoils_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a key is found with some billion attempts; its cosignature must not pass for a false log signature."""
    for module in ("verifier_key", "checkpoint", "cosignature"):
        monkeypatch.setattr(f"ledger.{module}.key_id_of", lambda name, type_bytes, key: b"same")
    origin = "example.com/log"
    voters = [
        PolicyVoter(name, KEYS[number].public, KEYS[number + 10].public) for number, name in ((1, origin), (2, "b"))
    ]
    policy = Policy.of_voters(origin, voters, 2)
    cosignatures = [cosign(TEXT, voter.name, KEYS[number + 10], TIME_S) for number, voter in enumerate(voters, 1)]
    log = sign_checkpoint(TEXT, origin, KEYS[2])
    verified = policy.verify(Note(TEXT, (log, *cosignatures)))
    assert [one.witness.name for one in verified.cosigned] == ["W1", "W2"]
    assert verified.logs == ((policy.logs[1], log),)
    false = NoteSignature(origin, b"same", bytes(64))
    with pytest.raises(InvalidProofError, match="does not verify"):
        policy.verify(Note(TEXT, (log, *cosignatures, false)))
