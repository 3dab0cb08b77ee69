"""Packs on the ledger: published part by part, put in force by the administrators, from a height on."""

from dataclasses import replace

from contracts.authority.permission import permitted_actors
from contracts.block_facts import BlockFacts
from contracts.chain import CHAIN_KIND
from contracts.contract import Contract
from contracts.packs.active import (
    VERSIONS_MAX,
    TypeVersion,
    extended,
    find_type,
    find_type_of,
    pack_versions,
    versions_fields,
    versions_of,
)
from contracts.packs.limits import PART_SIZE_BYTES_MAX
from contracts.packs.manifest import Base
from contracts.packs.ownership import PACKS_MAX
from contracts.packs.pack import Pack
from contracts.packs.source import compile_pack
from contracts.record import Record, record_key
from contracts.result import CODE_OK, Result
from contracts.run_context import RunContext
from contracts.state import BlockState
from ledger.encoding import Value
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.signing import SigningKey
from tests.contracts.governed_ledger import ADMINISTRATORS, GovernedLedger
from tests.contracts.packs.written import PACK, TYPES, compiled, complaints, local, parsed
from tests.contracts.trial_ledger import SECRETARY, TrialLedger

READER = Contract("reader", "reads", frozenset(), frozenset(), (), ())


class PackLedger(GovernedLedger):
    """A network of three administrators, two of whom decide."""

    @classmethod
    def beginning(cls, genesis: Genesis) -> "PackLedger":
        """A ledger of this genesis."""
        ledger = cls()
        TrialLedger.__init__(ledger, genesis)
        return ledger

    def ask(self, operation: str, arguments: dict[str, Value], key: SigningKey = ADMINISTRATORS[0]) -> Result:
        return self.execute(self.transaction(operation, arguments, key)).results[0]

    def publish(self, pack: Pack) -> Result:
        for data in pack.parts().values():
            assert self.ask("packs.publish-part", {"data": data}).code in (CODE_OK, "packs.part-there")
        return self.ask("packs.publish", {"data": pack.manifest.encode()})

    def activate(self, pack: Pack, *signers: int, **more: Value) -> Result:
        return self.call("pack-activate", {"pack": pack.hash, **more}, *(signers or (0, 1)))

    def context(self, height: int | None = None) -> RunContext:
        """What something in the block at this height sees, the next one if left out."""
        at = self.height + 1 if height is None else height
        return RunContext(BlockFacts(BlockState(self.state), self.network_id, at, self.time_ms), READER, bytes(32))

    def title(self, height: int | None = None) -> str | None:
        """The title of the type in force."""
        found = find_type(self.context(height), "club-member")
        return None if found is None else found.definition.title.en


def pack(*replacements: tuple[str, str]) -> Pack:
    found = compiled(*replacements)
    assert found.pack is not None, complaints(found)
    return found.pack


def version(number: int, title: str = "Membership") -> Pack:
    return pack(('en = "Membership"', f'en = "{title}"'), ("version = 1\n", f"version = {number}\n"))


def test_a_pack_is_in_force_from_its_height_on() -> None:
    ledger, one = PackLedger(), pack()
    assert ledger.publish(one).code == CODE_OK
    assert ledger.title() is None
    height = ledger.height + 10
    result = ledger.activate(one, **{"from": height})
    assert result.code == CODE_OK and result.events[0].name == "governance.pack-activated"
    assert ledger.title(height - 1) is None and ledger.title(height) == "Membership"
    found = find_type(ledger.context(height), "club-member")
    assert found is not None and found.pack == one.hash and found.definition == one.types["club-member"]
    assert find_type(ledger.context(height), "other") is None
    fields = ledger.fields("record-type", "club-member")
    assert fields["decision"] == result.transaction_id
    assert ledger.record(CHAIN_KIND, "pack/chess-club") is not None


def test_the_majority_decides_and_a_proposal_waits_for_it() -> None:
    ledger, one = PackLedger(), pack()
    ledger.publish(one)
    asked = ledger.activate(one, 0)
    assert asked.code == CODE_OK and ledger.title(ledger.height + 5) is None
    assert ledger.call("approve", {"proposal": asked.transaction_id}, 1).code == CODE_OK
    # It was to begin when it was asked for; now, it begins with the next block.
    assert ledger.title(ledger.height) is None and ledger.title(ledger.height + 1) == "Membership"


def test_a_new_version_takes_over_and_older_ones_stay_readable() -> None:
    ledger, one, two = PackLedger(), pack(), version(2, "Belonging")
    for each in (one, two):
        ledger.publish(each)
        assert ledger.activate(each).code == CODE_OK
    assert ledger.title() == "Belonging" and ledger.title(ledger.height) == "Membership"
    assert find_type_of(ledger.context(), one.hash, "club-member") == one.types["club-member"]
    assert [found.pack for found in versions_of(ledger.context(), "club-member")] == [one.hash, two.hash]
    assert [found.version for found in pack_versions(ledger.context(), "chess-club")] == [1, 2]


def test_what_makes_the_ids_of_a_kind_never_changes() -> None:
    """Records that are there keep their ids, and could not be found, or would be in the way of new ones."""
    ledger, one = PackLedger(), pack()
    numbered = pack(("version = 1\n", "version = 2\n"), ('id = "person"', 'id = "number"'))
    for each in (one, numbered):
        ledger.publish(each)
    assert ledger.activate(one, **{"from": 1000}).code == CODE_OK
    # Nothing was in force yet: what gives way leaves nothing behind.
    assert ledger.activate(numbered, **{"from": 500}).code == CODE_OK
    three, ledger.height = version(3), 500
    ledger.publish(three)
    refused = ledger.activate(three)
    assert (refused.code, refused.details) == (
        "governance.pack-id-changed",
        {"kind": "club-member", "before": "number", "after": "person"},
    )


def test_what_is_to_come_gives_way_to_what_begins_before() -> None:
    ledger, one, two = PackLedger(), pack(), version(2, "Belonging")
    for each, start in ((one, 1000), (two, 500)):
        ledger.publish(each)
        assert ledger.activate(each, **{"from": start}).code == CODE_OK
    assert ledger.title(500) == ledger.title(1000) == "Belonging"


def test_what_gives_way_does_so_with_every_kind_of_its_own() -> None:
    """A kind that only the version has that is not to come any more never comes into force."""
    fan = parsed(TYPES.replace("type.club-member", "type.club-fan"))
    files = {"p.toml": parsed(PACK.replace("version = 1", "version = 2")), "t.toml": parsed(TYPES), "f.toml": fan}
    ledger, more = PackLedger(), compile_pack(files).pack
    assert more is not None and set(more.types) == {"club-member", "club-fan"}
    for one, height in ((version(1), 10), (more, 100), (version(3), 50)):
        assert ledger.publish(one).code == CODE_OK
        assert ledger.activate(one, **{"from": height}).code == CODE_OK
        ledger.height = max(ledger.height, 10)
    later = ledger.context(200)
    assert [found.version for found in pack_versions(later, "chess-club")] == [1, 3]
    assert find_type(later, "club-fan") is None


def test_a_version_counts_up() -> None:
    ledger, two = PackLedger(), version(2)
    for each in (two, version(1), version(2, "Belonging")):
        ledger.publish(each)
    assert ledger.activate(two).code == CODE_OK
    assert ledger.activate(version(1)).code == "governance.pack-version"
    assert ledger.activate(version(2, "Belonging")).code == "governance.pack-version"


def test_another_pack_cannot_take_over_a_kind() -> None:
    ledger, one = PackLedger(), pack()
    other = pack(('name = "chess-club"', 'name = "go-club"'))
    for each in (one, other):
        ledger.publish(each)
    ledger.activate(one)
    assert ledger.activate(other).code == "governance.pack-kind-taken"


def test_a_role_belongs_to_the_pack_that_declares_it() -> None:
    """Two packs that do not stand on each other would else give and end each other's offices."""
    ledger, one = PackLedger(), pack()
    named = [('name = "chess-club"', 'name = "go-club"'), ("type.club-member", "type.go-member")]
    other = pack(*named)
    for each in (one, other):
        ledger.publish(each)
    ledger.activate(one, **{"from": 100})
    refused = ledger.activate(other)
    assert (refused.code, refused.details) == ("governance.pack-role-taken", {"role": "chair", "other": "chess-club"})
    # It may name the offices of the other club if it says so, but neither gives nor ends them.
    borrowed = [named[0], ("[role.chair]\n", '[role.chair]\nof = "chess-club"\n')]
    found = compiled(*borrowed, named[1], ("[role.member]\n", '[role.member]\nof = "chess-club"\n'))
    assert [fault.path for fault in found.faults] == [
        "type.go-member.transition.admit.effects[0].role",
        "type.go-member.transition.leave.effects[0].role",
    ]
    right = pack(*borrowed, *apart("go", "member"))
    ledger.publish(right)
    assert ledger.activate(right).code == CODE_OK


def test_a_network_has_so_many_packs() -> None:
    ledger = PackLedger()
    one, two = pack(), granting(1, name="z-club")
    for each in (one, two):
        ledger.publish(each)
    ledger.activate(one)
    for number in range(PACKS_MAX - 1):
        ledger.state[record_key("active-pack", f"other-{number}")] = Record(1, {"versions": []}).encode()
    assert ledger.activate(two).details == {"count": PACKS_MAX}
    ledger.publish(version(2))
    assert ledger.activate(version(2)).code == CODE_OK


GRANT = '"units.appoint" = "role:chair"'


def apart(own: str, *roles: str) -> list[tuple[str, str]]:
    """What gives a club a kind of its own, and these roles."""
    found = [("type.club-member", f"type.{own}-member")]
    if "chair" in roles:
        found += [('"role:chair"', f'"role:{own}-chair"'), ("[role.chair]", f"[role.{own}-chair]")]
    if "member" in roles:
        found += [('"role:member"', f'"role:{own}-member"'), ("[role.member]", f"[role.{own}-member]")]
        for text in ('role = "{}"', 'electorate = "{}"', 'role_count("{}")'):
            found.append((text.format("member"), text.format(f"{own}-member")))
    return found


def granting(number: int, *actors: str, name: str = "chess-club") -> Pack:
    """A version of the club that lets these actors appoint; another club has a kind and roles of its own."""
    texts = ", ".join(f'"{actor}"' for actor in actors)
    found: list[tuple[str, str]] = [("version = 1\n", f"version = {number}\n")]
    found.append((GRANT, f'"units.appoint" = [{texts}]' if actors else ""))
    if name != "chess-club":
        found += [('name = "chess-club"', f'name = "{name}"'), *apart(name.partition("-")[0], "chair", "member")]
    return pack(*found)


def permitted(ledger: PackLedger, height: int | None = None) -> list[str]:
    """Who may appoint beside those whom the operation names, in the block at this height; the next, if left out."""
    return sorted(map(str, permitted_actors(ledger.context(height), "units.appoint")))


def test_permissions_begin_and_end_with_the_versions_that_give_them() -> None:
    ledger = PackLedger()
    one, two, three = granting(1, "role:chair"), granting(2, "role:member", "self"), granting(3)
    for each in (one, two, three):
        ledger.publish(each)
    assert ledger.activate(one, **{"from": 20}).code == CODE_OK
    assert (permitted(ledger, 19), permitted(ledger, 20)) == ([], ["role:chair"])
    ledger.height = 30
    # What is to come takes nothing away and gives nothing before its height.
    assert ledger.activate(two, **{"from": 50}).code == CODE_OK
    assert (permitted(ledger), permitted(ledger, 49), permitted(ledger, 50)) == (
        ["role:chair"],
        ["role:chair"],
        ["role:member", "self"],
    )
    # It gives way to what begins before it, and never grants anything.
    assert ledger.activate(three, **{"from": 40}).code == CODE_OK
    assert (permitted(ledger, 39), permitted(ledger, 40), permitted(ledger, 50)) == (["role:chair"], [], [])
    ledger.height = 40
    four = granting(4, "self")
    ledger.publish(four)
    assert ledger.activate(four).code == CODE_OK
    height = ledger.height
    assert ledger.fields("permission", "units.appoint")["packs"] == {"chess-club": [[height + 1, four.hash, ["self"]]]}
    assert (permitted(ledger, height), permitted(ledger, height + 1)) == ([], ["self"])
    five = granting(5)
    ledger.publish(five)
    assert ledger.activate(five).code == CODE_OK
    assert (permitted(ledger, ledger.height), permitted(ledger)) == (["self"], [])


def test_several_packs_permit_together_and_each_takes_back_its_own_alone() -> None:
    ledger = PackLedger()
    one, two = granting(1, "role:chair"), granting(1, "role:go-member", "self", name="go-club")
    for each in (one, two):
        assert ledger.publish(each).code == CODE_OK
        assert ledger.activate(each).code == CODE_OK
    assert permitted(ledger) == ["role:chair", "role:go-member", "self"]
    without = granting(2, name="go-club")
    ledger.publish(without)
    assert ledger.activate(without).code == CODE_OK
    assert permitted(ledger) == ["role:chair"]


def test_so_many_actors_may_be_permitted_one_operation() -> None:
    """The last actor that fits, and one more; the ledger refuses before anything is written."""
    ledger = PackLedger()
    texts = []
    for name in ("a-club", "b-club", "c-club"):
        texts += (mine := [f"role:{name[0]}-chair@unit:u{number:02}" for number in range(16)])
        one = granting(1, *mine, name=name)
        ledger.publish(one)
        assert ledger.activate(one).code == CODE_OK
    assert permitted(ledger) == texts
    more = granting(1, "anyone", name="d-club")
    ledger.publish(more)
    refused = ledger.activate(more)
    assert (refused.code, refused.details["count"]) == ("governance.pack-permission-full", 49)


def test_one_version_of_a_pack_waits_for_its_height_at_a_time() -> None:
    ledger = PackLedger()
    for each, height in ((version(1), 20), (version(2), 100)):
        ledger.publish(each)
        if height == 20:
            assert ledger.activate(each, **{"from": height}).code == CODE_OK
    refused = ledger.activate(version(2), **{"from": 100})
    assert refused.details == {"found": 1, "name": "chess-club", "height": 20}
    ledger.height = 20
    assert ledger.activate(version(2), **{"from": 100}).code == CODE_OK


def overlay(*replacements: tuple[str, str]) -> Pack:
    found = compile_pack(local(*replacements), compiled())
    assert found.pack is not None, complaints(found)
    return found.pack


def test_local_conventions_take_over_from_their_base() -> None:
    ledger, one, above = PackLedger(), pack(), overlay()
    ledger.publish(one)
    ledger.activate(one)
    assert ledger.publish(above).code == CODE_OK
    assert ledger.activate(above).code == CODE_OK
    found = find_type(ledger.context(), "club-member")
    assert found is not None and found.pack == above.hash
    # From now on the base alone cannot come back, not even as a newer one.
    ledger.publish(version(2))
    assert ledger.activate(version(2)).code == "governance.pack-kind-taken"


def test_local_conventions_may_permit_less_than_their_base_from_their_beginning_on() -> None:
    ledger, one, above = PackLedger(), pack(), overlay()
    above = replace(above, manifest=replace(above.manifest, permissions={}))
    for each in (one, above):
        assert ledger.publish(each).code == CODE_OK
    ledger.activate(one)
    assert ledger.activate(above, **{"from": 50}).code == CODE_OK
    assert (permitted(ledger, 49), permitted(ledger, 50)) == (["role:chair"], [])


def test_local_conventions_never_go_back_behind_a_version_of_their_base() -> None:
    ledger, above = PackLedger(), overlay()
    for each in (pack(), version(2)):
        ledger.publish(each)
        ledger.activate(each)
    assert ledger.publish(above).code == CODE_OK
    assert ledger.activate(above).code == "governance.pack-base-older"


def test_the_ledger_itself_finds_a_pack_that_is_weaker() -> None:
    """Built by hand, past the compiler: the publishing refuses it and names the rule that is broken."""
    ledger, one = PackLedger(), pack()
    weak = pack(('by = "self"', 'by = ["self", "anyone"]'))
    weak = replace(weak, manifest=replace(weak.manifest, name="north", base=Base("chess-club", one.hash)))
    assert ledger.publish(weak).code == "packs.base-missing"
    ledger.publish(one)
    result = ledger.ask("packs.publish", {"data": weak.manifest.encode()})
    assert result.code == "packs.weaker"
    assert result.details == {"path": "type.club-member.transition.leave.by", "rule": "by"}


def test_what_is_wrong_is_not_published() -> None:
    ledger, one = PackLedger(), pack()
    part = one.types["club-member"].encode()
    assert ledger.ask("packs.publish", {"data": one.manifest.encode()}).code == "packs.part-missing"
    damaged = ledger.ask("packs.publish-part", {"data": part[:-1]})
    assert damaged.code == "packs.part-invalid" and damaged.details == {"path": "part"}
    ballot = replace(one.types["club-member"], kind="ballot").encode()
    assert ledger.ask("packs.publish-part", {"data": ballot}).details == {"path": "kind"}
    assert ledger.ask("packs.publish-part", {"data": part}, SECRETARY).code == "operation.not-allowed"
    assert ledger.ask("packs.publish-part", {"data": b""}).code == "arguments.out-of-range"
    assert ledger.ask("packs.publish-part", {"data": bytes(PART_SIZE_BYTES_MAX + 1)}).code == "arguments.too-long"
    assert ledger.ask("packs.publish-part", {"data": part}).code == CODE_OK
    assert ledger.ask("packs.publish-part", {"data": part}).code == "packs.part-there"
    nameless = replace(one.manifest, roles={})
    assert ledger.ask("packs.publish", {"data": nameless.encode()}).code == "packs.manifest-invalid"
    assert ledger.ask("packs.publish", {"data": one.manifest.encode()}).code == CODE_OK
    assert ledger.ask("packs.publish", {"data": one.manifest.encode()}).code == "packs.pack-there"
    assert ledger.activate(version(7)).code == "governance.pack-unknown"
    assert ledger.activate(one, **{"from": 10**12}).code == "governance.pack-height"


def test_a_record_of_versions_is_bounded() -> None:
    versions: tuple[TypeVersion, ...] = ()
    for height in range(1, 100):
        versions = extended(versions, TypeVersion(height, bytes(32), Hash(32)))
    kept = versions_fields(versions)["versions"]
    assert isinstance(kept, list) and len(kept) == VERSIONS_MAX
    assert kept[-1] == [99, bytes(32), bytes(32)]
