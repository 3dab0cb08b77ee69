"""Enrolling people, with a key or without, and binding the first key."""

from contracts.member import decode_member, member_record_key
from contracts.members.possession import possession_message
from contracts.result import Event
from ledger.encoding import Value
from ledger.signing import SigningKey
from tests.contracts.governed_ledger import description
from tests.contracts.organisation import Organisation, key_of
from tests.contracts.trial_ledger import ADMINISTRATOR, SECRETARY, STRANGER, TREASURER


def with_key(ledger: Organisation, person: str, key: SigningKey) -> dict[str, Value]:
    return {"person": person, "key": key.public, "proof": ledger.proof(key, person)}


def test_a_person_is_enrolled_without_keys_and_gets_the_first_one_later() -> None:
    ledger = Organisation()
    result = ledger.asked("members.enrol", {"person": "p1"})
    assert result.events == (Event("members.enrolled", {"person": "p1"}),)
    assert [link.subject for link in result.links[1:]] == ["person/p1"]
    assert ledger.fields("person", "p1") == {"person": "p1", "height": 1, "time": ledger.time_ms}
    key = key_of("p1")
    account = ledger.member(key)
    result = ledger.asked("members.bind", with_key(ledger, "p1", key))
    assert result.events == (Event("members.bound", {"account": account, "person": "p1"}),)
    assert ledger.fields("person", "p1")["account"] == account
    assert ledger.fields("member", account.hex()) == {
        "keys": [["ed25519", key.public]],
        "name": "p1",
        "person": "p1",
        "roles": [],
        "state": "active",
    }
    assert ledger.fields("member-key", key.public.hex())["account"] == account
    assert ledger.code("notice.post", {"unit": "a", "title": "t"}, "p1") == "ok"


def test_a_person_is_enrolled_with_a_key_at_once() -> None:
    ledger = Organisation()
    assert ledger.code("members.enrol", with_key(ledger, "p1", key_of("p1"))) == "ok"
    assert ledger.code("notice.post", {"unit": "a", "title": "t"}, "p1") == "ok"
    member = decode_member(ledger.member(key_of("p1")), ledger.state[member_record_key(ledger.member(key_of("p1")))])
    assert (member.person, member.state) == ("p1", "active")


def test_nobody_is_enrolled_or_bound_twice() -> None:
    ledger = Organisation()
    key = key_of("p1")
    assert ledger.code("members.enrol", with_key(ledger, "p1", key)) == "ok"
    assert ledger.code("members.enrol", {"person": "p1"}) == "members.enrolled"
    second = key_of("another")
    assert ledger.code("members.bind", with_key(ledger, "p1", second)) == "members.bound"
    assert ledger.code("members.bind", with_key(ledger, "nobody", second)) == "members.person-unknown"


def test_one_key_is_one_persons() -> None:
    ledger = Organisation()
    key = key_of("p1")
    assert ledger.code("members.enrol", with_key(ledger, "p1", key)) == "ok"
    assert ledger.code("members.enrol", with_key(ledger, "p2", key)) == "members.key-used"
    ledger.code("members.enrol", {"person": "p2"})
    assert ledger.code("members.bind", with_key(ledger, "p2", key)) == "members.key-used"
    further = key_of("further")
    adding: dict[str, Value] = {"key": further.public, "proof": ledger.proof(further, "p1")}
    assert ledger.code("members.key-add", adding, "p1") == "ok"
    assert ledger.code("members.bind", with_key(ledger, "p2", further)) == "members.key-used"
    ledger.outcome(ledger.sent("members.key-revoke", {"key": key.public}, "p1", further))
    assert ledger.code("members.bind", with_key(ledger, "p2", key)) == "members.key-used"


def test_a_nodes_key_is_no_members() -> None:
    ledger = Organisation()
    seed = SigningKey.from_seed(b"a node's own key, used for more.")
    ledger.write("node-key", seed.public.hex(), {"node": description(1).node_id, "purpose": "agreement"})
    assert ledger.code("members.enrol", with_key(ledger, "p1", seed)) == "members.key-used"


def test_a_proof_is_for_one_key_one_person_and_one_network() -> None:
    ledger = Organisation()
    key = key_of("p1")
    good = ledger.proof(key, "p1")
    bad: list[bytes] = [
        ledger.proof(key, "p2"),
        ledger.proof(STRANGER, "p1"),
        key.sign(possession_message(bytes(32), "person/p1")),
        key.sign(b"person/p1"),
        bytes([good[0] ^ 1]) + good[1:],
        bytes(64),
    ]
    for proof in bad:
        values: dict[str, Value] = {"person": "p1", "key": key.public, "proof": proof}
        refused = ledger.asked("members.enrol", values)
        assert (refused.code, refused.details["subject"]) == ("members.proof-invalid", "person/p1")
    assert ledger.code("members.enrol", {"person": "p1", "key": key.public}) == "members.proof-missing"
    assert ledger.code("members.enrol", {"person": "p1", "proof": good}) == "members.proof-missing"
    assert ledger.code("members.enrol", {"person": "p1", "key": key.public[:31], "proof": good}) == "arguments.type"
    assert ledger.record("person", "p1") is None


def test_keys_of_small_order_are_nobodys() -> None:
    """For such a key, a signature that anybody can make would pass a careless check."""
    ledger = Organisation()
    for key in (bytes(32), bytes([1]) + bytes(31), bytes([0xEC]) + bytes([0xFF]) * 30 + bytes([0x7F])):
        for proof in (bytes(64), key + bytes(32)):
            values: dict[str, Value] = {"person": "p1", "key": key, "proof": proof}
            assert ledger.code("members.enrol", values) == "members.proof-invalid"


def test_an_account_of_the_genesis_becomes_a_persons_once() -> None:
    ledger = Organisation()
    assert ledger.code("members.enrol", with_key(ledger, "w", ADMINISTRATOR)) == "ok"
    member = ledger.fields("member", ledger.member(ADMINISTRATOR).hex())
    assert (member["person"], member["roles"], member["name"]) == ("w", ["administrator"], "wang")
    assert ledger.code("members.enrol", with_key(ledger, "w2", ADMINISTRATOR)) == "members.key-used"
    assert ledger.code("members.enrol", with_key(ledger, "s", SECRETARY)) == "ok"
    ledger.code("members.enrol", {"person": "t"})
    assert ledger.code("members.bind", with_key(ledger, "t", TREASURER)) == "ok"


def test_a_first_key_that_was_revoked_makes_its_account_nobodys() -> None:
    ledger = Organisation()
    account = ledger.member(ADMINISTRATOR).hex()
    spare = key_of("spare")
    proof = spare.sign(possession_message(ledger.network_id, f"member/{account}"))
    assert ledger.code("members.key-add", {"key": spare.public, "proof": proof}) == "ok"
    assert ledger.code("members.key-revoke", {"key": ADMINISTRATOR.public}) == "ok"
    enrolling = ledger.sent("members.enrol", with_key(ledger, "w", ADMINISTRATOR), None, spare)
    assert ledger.outcome(enrolling) == "members.key-used"
