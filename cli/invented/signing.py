"""The steps of an invented organisation as submissions: signed with keys that follow from the names of people.

Owns the keys and salts. They are for trials: whoever knows the seed knows every key. Never sends anything.
"""

import hashlib
from collections.abc import Sequence

from cli.invented.step import ADMINISTRATOR, Step
from contracts.members.possession import possession_message
from contracts.units.office import person_subject
from ledger.detached import DetachedValue, commitment_map, detach
from ledger.encoding import Value
from ledger.genesis import member_id
from ledger.hashing import Hash
from ledger.signing import SigningKey
from ledger.submission import encode_submission
from ledger.transaction import build_body, seal
from ledger.transaction_signature import sign_batches

FIELDS = "fields"
MONTH_MS = 30 * 86_400_000


class InventedSigner:
    """Signs for everybody in one network."""

    def __init__(self, network_id: Hash, administrator: SigningKey, seed: int) -> None:
        self._network_id = network_id
        self._seed = seed
        # Those with a key; a few for each branch.
        self._keys = {ADMINISTRATOR: administrator}
        self._count = 0

    def key_of(self, person: str) -> SigningKey:
        """The first key of a person."""
        found = self._keys.get(person)
        if found is None:
            found = self._keys[person] = SigningKey.from_seed(self._drawn("key", person))
        return found

    def submission(self, step: Step, expires_ms: int) -> tuple[Hash, bytes]:
        """Id and bytes of the transaction to hand to a node; another one each time, be the step the same."""
        return self.submissions([step], expires_ms)[0]

    def submissions(self, steps: Sequence[Step], expires_ms: int) -> list[tuple[Hash, bytes]]:
        """`submission` for each of the steps; everybody signs their own together, in as few batches as there can be."""
        drafts = [self._draft(step, expires_ms) for step in steps]
        bodies_of: dict[SigningKey, list[bytes]] = {}
        for body, _detached, signers in drafts:
            for key in signers:
                bodies_of.setdefault(key, []).append(body)
        signatures = {key: iter(sign_batches(bodies, key)) for key, bodies in bodies_of.items()}
        made: list[tuple[Hash, bytes]] = []
        for body, detached, signers in drafts:
            transaction = seal(body, [next(signatures[key]) for key in signers])
            made.append((transaction.id, encode_submission(transaction.envelope, detached)))
        return made

    def _draft(self, step: Step, expires_ms: int) -> tuple[bytes, tuple[DetachedValue, ...], list[SigningKey]]:
        """Body, what travels beside it, and who signs."""
        self._count += 1
        arguments = dict(step.arguments)
        detached: tuple[DetachedValue, ...] = ()
        if step.proves:
            key = self.key_of(step.proves)
            message = possession_message(self._network_id, person_subject(step.proves))
            arguments |= {"key": key.public, "proof": key.sign(message)}
        if step.closes:
            arguments[step.closes] = expires_ms + MONTH_MS
        if step.private:
            values = {name: detach(value, self._drawn("salt", name)) for name, value in step.private.items()}
            arguments[FIELDS] = _with_commitments(arguments[FIELDS], values)
            detached = tuple(values.values())
        sender = self.key_of(step.sender)
        body = build_body(
            self._network_id,
            member_id(self._network_id, sender.public),
            step.operation,
            arguments,
            self._drawn("nonce", "")[:16],
            expires_ms,
        )
        return body, detached, [sender, *map(self.key_of, step.signers)]

    def _drawn(self, purpose: str, name: str) -> bytes:
        # A person's key is the same in every step; everything else belongs to one.
        number = 0 if purpose == "key" else self._count
        return hashlib.sha256(f"banyan {self._seed} {purpose} {number} {name}".encode()).digest()


def _with_commitments(fields: Value, values: dict[str, DetachedValue]) -> Value:
    assert isinstance(fields, dict), "only records have private fields"
    return {**fields, **{name: commitment_map(value) for name, value in values.items()}}
