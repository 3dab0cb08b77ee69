"""Verification policies: whose signatures make a checkpoint worth believing.

Owns the `tlog-policy` text, the rule that it states, and the decision whether a signed note satisfies it. Never
fetches anything and never learns keys from the note itself. Invariants:

- a signature of an unknown key is ignored, whatever it claims;
- a cosignature that does not verify never counts and never harms; a log signature that does not verify refuses
  the note: the log must not put its name to something it did not sign;
- `Policy.parse(policy.encode()) == policy`.

Source: C2SP tlog-policy; C2SP signed-note, section "Signatures".
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ledger.checkpoint import Checkpoint, verify_log_signature
from ledger.cosignature import verify_cosignature
from ledger.errors import InvalidNoteError, InvalidProofError
from ledger.hashing import Hash, tagged_hash
from ledger.note import Note, NoteSignature
from ledger.verifier_key import KEY_TYPE_COSIGNER, KEY_TYPE_LOG, VerifierKey

# C2SP recommends at least 32 of each; 21 voters need 21, 21 and 1.
LOGS_MAX = 64
WITNESSES_MAX = 64
GROUPS_MAX = 64
# 193 definitions of the longest keys with long URLs, and as much again in comments.
POLICY_SIZE_BYTES_MAX = 256 * 1024

QUORUM_NONE = "none"
# Capital letters keep apart what is named here from node names, should a reader mix them up.
_VOTERS_GROUP = "Voters"

_WRONG_OCTET = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_NOT_IN_WORDS = re.compile(rb"[^\x21-\x7e\x80-\xff]")
_WHITESPACE = re.compile(r"[ \t]+")
_DECIMAL = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that may have signed: its key is named by its origin. The URL is for people and other programs."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A cosigner; `name` has a meaning within its policy only."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """`threshold` of `members` (names of witnesses and earlier groups) stand for the group."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyVoter:
    """What a policy needs to know of one voter: the name of its node and two raw 32-byte public keys."""

    name: str
    log_key: bytes
    cosigner_key: bytes


@dataclass(frozen=True, slots=True)
class Cosigned:
    """One witness's valid cosignature and the POSIX time that it states."""

    witness: PolicyWitness
    time_s: int
    signature: NoteSignature


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint that satisfies a policy, and all valid signatures of known keys, in the policy's order."""

    checkpoint: Checkpoint
    logs: tuple[tuple[PolicyLog, NoteSignature], ...]
    cosigned: tuple[Cosigned, ...]


@dataclass(frozen=True)
class Policy:
    """Known logs and witnesses, and which of the witnesses suffice (`quorum`: a name, or "none").

    Names are octets, kept as text with surrogate escapes. Raises InvalidNoteError if the parts contradict each
    other: a name or key twice, an unknown member, a threshold out of range, a member of two groups.
    """

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str

    def __post_init__(self) -> None:
        _check_keys("log", [log.key for log in self.logs], KEY_TYPE_LOG, LOGS_MAX)
        _check_keys("witness", [witness.key for witness in self.witnesses], KEY_TYPE_COSIGNER, WITNESSES_MAX)
        if len(self.groups) > GROUPS_MAX:
            raise InvalidNoteError("a policy may define {max} groups", max=GROUPS_MAX)
        names: set[str] = set()
        used: set[str] = set()
        definitions: tuple[PolicyWitness | PolicyGroup, ...] = (*self.witnesses, *self.groups)
        for definition in definitions:
            if definition.name == QUORUM_NONE or definition.name in names:
                raise InvalidNoteError("the policy defines the name {name!r} twice", name=definition.name[:80])
            if isinstance(definition, PolicyGroup):
                _check_group(definition, names, used)
            names.add(definition.name)
        if self.quorum != QUORUM_NONE and self.quorum not in names:
            raise InvalidNoteError("the policy's quorum {name!r} is not defined in it", name=self.quorum[:80])
        keyed: tuple[PolicyLog | PolicyWitness, ...] = (*self.logs, *self.witnesses)
        _check_words(*names, *(str(one.key) for one in keyed), *(one.url for one in keyed if one.url is not None))

    @classmethod
    def of_voters(cls, origin: str, voters: Sequence[PolicyVoter], quorum_size: int) -> "Policy":
        """The policy of a network: any voter's log signature, and cosignatures of `quorum_size` voters.

        Witnesses are named W1, W2, ... in the order of `voters`, since node names are not unique for ever.
        Raises InvalidNoteError or InvalidKeyError if the voters cannot make a policy (a key twice, no voter).
        """
        logs = tuple(PolicyLog(VerifierKey(origin, KEY_TYPE_LOG, voter.log_key)) for voter in voters)
        witnesses = tuple(
            PolicyWitness(f"W{number}", VerifierKey(voter.name, KEY_TYPE_COSIGNER, voter.cosigner_key))
            for number, voter in enumerate(voters, 1)
        )
        group = PolicyGroup(_VOTERS_GROUP, quorum_size, tuple(witness.name for witness in witnesses))
        return cls(logs, witnesses, (group,), _VOTERS_GROUP)

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """The policy that `data` states; comments and white space are dropped.

        Raises InvalidNoteError or InvalidKeyError, and nothing else, for bytes that are no policy. A missing
        newline at the very end is forgiven, as other implementations do.
        """
        if len(data) > POLICY_SIZE_BYTES_MAX:
            raise InvalidNoteError("a policy of {size} bytes is too large", size=len(data))
        wrong = _WRONG_OCTET.search(data)
        if wrong:
            raise InvalidNoteError("a policy may not hold the octet {octet}", octet=f"0x{wrong[0][0]:02x}")
        reader = _PolicyReader()
        for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
            words = [word for word in _WHITESPACE.split(line) if word]
            if words and not words[0].startswith("#"):
                reader.read(number, words)
        return reader.policy()

    def encode(self, comments: Iterable[str] = ()) -> bytes:
        """The policy's text: comment lines first, then one definition a line, always in the same order.

        `comments` are single lines; they are not part of the policy and not of its hash.
        """
        lines = [f"# {comment}" for comment in comments] + self._lines(with_urls=True)
        return "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")

    def _lines(self, with_urls: bool) -> list[str]:
        def url_of(definition: PolicyLog | PolicyWitness) -> str:
            return f" {definition.url}" if with_urls and definition.url is not None else ""

        lines = [f"log {log.key}{url_of(log)}" for log in self.logs]
        lines += [f"witness {witness.name} {witness.key}{url_of(witness)}" for witness in self.witnesses]
        lines += [f"group {group.name} {group.threshold} {' '.join(group.members)}" for group in self.groups]
        return [*lines, f"quorum {self.quorum}"]

    @cached_property
    def hash(self) -> Hash:
        """Identifies the keys and the rule; comments, white space and URLs do not change it."""
        text = "".join(line + "\n" for line in self._lines(with_urls=False))
        return tagged_hash("policy", text.encode("utf-8", "surrogateescape"))

    def is_satisfied_by(self, witness_names: Collection[str]) -> bool:
        """Whether these witnesses together are a quorum."""
        present = set(witness_names)
        for group in self.groups:
            if sum(member in present for member in group.members) >= group.threshold:
                present.add(group.name)
        return self.quorum == QUORUM_NONE or self.quorum in present

    def exact_quorum(self, cosigned: Sequence[Cosigned]) -> tuple[Cosigned, ...]:
        """As few of `cosigned` as still are a quorum, none of which can be left out; earlier ones are preferred.

        `cosigned` must be a quorum. Cost: one evaluation of the rule per item.
        """
        kept = list(cosigned)
        for candidate in reversed(cosigned):
            rest = [one for one in kept if one is not candidate]
            if self.is_satisfied_by([one.witness.name for one in rest]):
                kept = rest
        return tuple(kept)

    def verify(self, note: Note) -> VerifiedCheckpoint:
        """The checkpoint in `note`, if this policy says that it is valid, with all valid signatures of known keys.

        Raises:
            InvalidNoteError: the text is not a checkpoint.
            InvalidProofError: of another log, not signed by the log, or not cosigned by a quorum.

        Cost: one Ed25519 verification (about 80 µs) per signature of a known key; at most 64.
        """
        checkpoint = Checkpoint.parse(note.text)
        logs = self.log_signatures(note)
        cosigned = self.cosignatures(note)
        if not self.is_satisfied_by([one.witness.name for one in cosigned]):
            raise InvalidProofError(
                "only {count} known cosignatures of the checkpoint of size {size} are valid: that is no quorum; "
                "get the proof again, or the policy for that size",
                count=len(cosigned),
                size=checkpoint.tree_size,
            )
        return VerifiedCheckpoint(checkpoint, logs, cosigned)

    def log_signatures(self, note: Note) -> tuple[tuple[PolicyLog, NoteSignature], ...]:
        """The valid signatures of the log under a checkpoint, at least one, in the policy's order.

        Raises:
            InvalidNoteError: the text is not a checkpoint.
            InvalidProofError: of another log, or not signed by the log.
        """
        origin = Checkpoint.parse(note.text).origin
        logs = [log for log in self.logs if log.key.name == origin]
        if not logs:
            raise InvalidProofError(
                "the checkpoint is of {origin!r}, a log that the policy does not name", origin=origin[:80]
            )
        known = {(log.key.name, log.key.key_id) for log in logs}
        found: dict[PolicyLog, NoteSignature] = {}
        for signature in note.signatures:
            if (signature.name, signature.key_id) not in known:
                continue
            signers = [log for log in logs if verify_log_signature(log.key, note.text, signature)]
            # Four bytes of a hash name a key: a witness that is named as the log can have made its own collide.
            if not signers and self._is_cosignature(note.text, signature):
                continue
            if not signers:
                raise InvalidProofError(
                    "the signature of the log {origin!r} does not verify; get the text again", origin=origin
                )
            found.setdefault(signers[0], signature)
        if not found:
            raise InvalidProofError("the checkpoint has no signature of the log {origin!r}", origin=origin)
        return tuple((log, found[log]) for log in logs if log in found)

    def _is_cosignature(self, text: str, signature: NoteSignature) -> bool:
        return any(verify_cosignature(one.key, text, signature) is not None for one in self.witnesses)

    def cosignatures(self, note: Note) -> tuple[Cosigned, ...]:
        """The valid cosignatures of known witnesses, in the policy's order; there may be none, or no quorum."""
        found: list[Cosigned] = []
        named: dict[tuple[str, bytes], list[NoteSignature]] = {}
        for signature in note.signatures:
            named.setdefault((signature.name, signature.key_id), []).append(signature)
        for witness in self.witnesses:
            for signature in named.get((witness.key.name, witness.key.key_id), ()):
                time_s = verify_cosignature(witness.key, note.text, signature)
                if time_s is not None:
                    found.append(Cosigned(witness, time_s, signature))
                    break
        return tuple(found)


def _check_words(*words: str) -> None:
    """Each must be one word of a policy line: octets as surrogate escapes, no white space, not empty."""
    for word in words:
        try:
            octets = word.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            octets = b""
        lossless = octets.decode("utf-8", "surrogateescape") == word
        if not octets or not lossless or _NOT_IN_WORDS.search(octets):
            raise InvalidNoteError("{word!r} cannot stand in a policy", word=word[:80])


def _check_keys(what: str, keys: Sequence[VerifierKey], type_bytes: bytes, count_max: int) -> None:
    if len(keys) > count_max:
        raise InvalidNoteError("a policy may name {max} keys of the kind {what}", max=count_max, what=what)
    seen: set[bytes] = set()
    for key in keys:
        if key.type_bytes != type_bytes:
            raise InvalidNoteError("the key {key} cannot be that of a {what}", key=str(key), what=what)
        if key.public_key in seen:
            raise InvalidNoteError("the policy has the public key of the {what} {name} twice", what=what, name=key.name)
        seen.add(key.public_key)


def _check_group(group: PolicyGroup, names: set[str], used: set[str]) -> None:
    """`names` are those defined before the group, `used` those that are members already; the latter grows."""
    if not 1 <= group.threshold <= len(group.members):
        raise InvalidNoteError(
            "the policy's group {name!r} asks for {threshold} of {count} members",
            name=group.name[:80],
            threshold=group.threshold,
            count=len(group.members),
        )
    for member in group.members:
        if member not in names:
            raise InvalidNoteError("the member {name!r} of a group is not defined before it", name=member[:80])
        if member in used:
            raise InvalidNoteError("the policy lists {name!r} as a member more than once", name=member[:80])
        used.add(member)


class _PolicyReader:
    """Collects the definitions of one policy, line by line, in the order in which they must stand."""

    def __init__(self) -> None:
        self._logs: list[PolicyLog] = []
        self._witnesses: list[PolicyWitness] = []
        self._groups: list[PolicyGroup] = []
        self._names: set[str] = set()
        self._quorum: str | None = None

    def read(self, number: int, words: list[str]) -> None:
        """One line that is neither empty nor a comment."""
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self._logs.append(PolicyLog(VerifierKey.parse(key), *url))
            case ["witness", name, key, *url] if len(url) <= 1:
                self._witnesses.append(PolicyWitness(name, VerifierKey.parse(key), *url))
                self._names.add(name)
            case ["group", name, threshold, _, *_]:
                self._group(number, name, threshold, tuple(words[3:]))
            case ["quorum", name] if self._quorum is None:
                if name != QUORUM_NONE and name not in self._names:
                    raise InvalidNoteError(
                        "line {line}: the quorum {name!r} is not defined before", line=number, name=name[:80]
                    )
                self._quorum = name
            case _:
                raise InvalidNoteError("line {line} of the policy is not a definition, or a second quorum", line=number)

    def _group(self, number: int, name: str, threshold: str, members: tuple[str, ...]) -> None:
        if any(member not in self._names for member in members):
            raise InvalidNoteError("line {line}: a member of the group is not defined before", line=number)
        counts = {"all": len(members), "any": 1}
        if threshold not in counts and not _DECIMAL.fullmatch(threshold):
            raise InvalidNoteError(
                "line {line}: {text!r} is neither all, any nor a number", line=number, text=threshold[:80]
            )
        count = counts[threshold] if threshold in counts else int(threshold)
        self._groups.append(PolicyGroup(name, count, members))
        self._names.add(name)

    def policy(self) -> Policy:
        """What has been read; refused without a quorum line."""
        if self._quorum is None:
            raise InvalidNoteError("the policy has no quorum line")
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), self._quorum)
