"""Proof of possession: who brings a key shows that they can sign with it, for whom and in which network.

Owns the message that is signed, and the check inside execution. Never signs. Nobody can bind somebody else's public key
to a person, and a proof is worth nothing for another person or network. One operation checks one proof, so a
transaction costs at most one signature more than its own: about 60 µs. Source: docs/reference/members.md, "Proofs of
possession".
"""

from typing import TYPE_CHECKING

from contracts.arguments import Argument, Octets
from contracts.errors import Reason, Refusal
from contracts.member import member_subject
from contracts.units.office import person_subject
from ledger.hashing import Hash, domain
from ledger.signing import PUBLIC_KEY_SIZE_BYTES, SCHEME_ED25519, SIGNATURE_SIZE_BYTES, verify

if TYPE_CHECKING:
    from contracts.context import Context
    from contracts.member import Member

KEY_ARGUMENT = Argument("key", Octets(PUBLIC_KEY_SIZE_BYTES), "public")
PROOF_ARGUMENT = Argument("proof", Octets(SIGNATURE_SIZE_BYTES), "public")

PROOF_INVALID = Reason(
    "members.proof-invalid",
    "the proof is no signature by the key {key} for {subject} in this network; make it with `banyan prove-key`",
)

_POSSESSION = domain("key-possession")


def possession_message(network_id: Hash, subject: str) -> bytes:
    """What a key signs to show that it belongs to `subject`, which is `person/<person>` or `member/<id>`."""
    return _POSSESSION + network_id + subject.encode("ascii")


def subject_of_keys(member: "Member") -> str:
    """The subject that further keys of this account are proven for: its person, or itself if it has none."""
    return member_subject(member.id) if member.person is None else person_subject(member.person)


def check_possession(context: "Context", key: bytes, proof: bytes, subject: str) -> None:
    """Refuse a proof that is not by this key for this subject.

    Raises:
        Refusal: `members.proof-invalid`.

    Cost: verifying one signature.
    """
    if not verify(SCHEME_ED25519, key, possession_message(context.network_id, subject), proof):
        raise Refusal(*PROOF_INVALID, key=key.hex(), subject=subject)
