"""A network that lost its quorum for good, its successor, and everything that must not pass for one."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from contracts.inheritance import LEFT_KINDS, check_certified, former_policies
from contracts.member import member_record_key
from contracts.packs.reserved import RESERVED_KINDS
from contracts.record import Record, parse_record_key
from daemon.errors import GenesisMismatchError, HomeError
from daemon.home import create_home, join_home, open_home
from daemon.policy import policy_at
from daemon.run import now_ms
from daemon.succession import draft_successor, endorse_successor
from ledger.errors import InvalidGenesisError
from ledger.genesis import Genesis, member_id, parse_genesis, parse_genesis_draft
from ledger.node_keys import NodeKeys
from ledger.predecessor import Predecessor, endorse
from storage.backup.errors import BackupDamagedError
from storage.backup.inherited import restore_inherited
from storage.inheritance_file import InheritanceError, read_inheritance, write_inheritance
from storage.lmdb_store import LmdbStore
from tests.audit.builder import ADMINISTRATOR, NODE_NAME, LedgerBuilder, make_genesis
from tests.audit.ledgers import build
from tests.cli.command import call
from tests.daemon.ledgers_of_voters import NEWCOMER, call_governance
from tests.daemon.shell import running_service
from tests.free_ports import free_address
from tests.storage.backup.ledgers import small, without_probe

OLD = make_genesis()
NAME = "successor.example/ledger"
OLD_HEIGHT = 6


@dataclass(frozen=True)
class Lost:
    """A survivor's folder, the successor's genesis before and after its endorsement, and what goes over."""

    old: Path
    new: Path
    draft: Genesis
    genesis: Genesis
    inheritance: Path


def _old_home(folder: Path, longer: bool = False) -> Path:
    def write(builder: LedgerBuilder) -> None:
        small(builder)
        if longer:
            builder.add_block([builder.notice()])

    build(folder, write)
    (folder / "seed").write_bytes(b"\x01" * 32)
    (folder / "seed").chmod(0o600)
    create_home(folder, NODE_NAME, free_address())
    return folder


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    """One voter of one, whose successor is another node."""
    folder = tmp_path_factory.mktemp("lost")
    old = _old_home(folder / "old")
    description = create_home(folder / "new", "beta", free_address())
    draft = draft_successor(old, NAME, (description,), now_ms() - 1000, folder / "inheritance")
    return Lost(old, folder / "new", draft, endorse_successor(old, draft), folder / "inheritance")


def _predecessor(genesis: Genesis) -> Predecessor:
    assert genesis.predecessor is not None
    return genesis.predecessor


@contextmanager
def _old_store(folder: Path) -> Iterator[LmdbStore]:
    store = LmdbStore.open(folder / "db", OLD.network_id, readonly=True)
    try:
        yield store
    finally:
        store.close()


def test_the_genesis_names_the_old_ledger_s_end_and_is_read_back(lost: Lost) -> None:
    again = parse_genesis(lost.genesis.to_json())
    assert again == lost.genesis
    assert again.network_id == lost.genesis.network_id != lost.draft.network_id
    predecessor = _predecessor(again)
    check_certified(predecessor)
    with _old_store(lost.old) as store:
        head = store.head()
    assert predecessor.decoded_header.hash == head.tip_hash
    assert predecessor.state_digest == head.state_digest
    assert predecessor.verified_checkpoint.checkpoint.origin == OLD.name
    assert [one.voter.name for one in predecessor.endorsements] == [NODE_NAME]
    assert again.base_height == head.executed_height
    assert again.parameters == OLD.parameters


def test_a_genesis_without_a_predecessor_is_what_it_was() -> None:
    assert "predecessor" not in json.loads(OLD.to_json())
    assert parse_genesis(OLD.to_json()).network_id == OLD.network_id
    assert OLD.base_height == 0


def test_what_goes_over_and_what_stays_behind(lost: Lost) -> None:
    assert LEFT_KINDS < RESERVED_KINDS
    with _old_store(lost.old) as store:
        old = dict(store.scan_state(b""))
    over = dict(read_inheritance(lost.inheritance))
    kinds = {parse_record_key(key)[0] for key in old} - LEFT_KINDS
    assert "chain" in {parse_record_key(key)[0] for key in old}
    assert "notice" in kinds
    assert {key: over[key] for key in over.keys() & old.keys()} == {
        key: value for key, value in old.items() if parse_record_key(key)[0] in kinds
    }
    assert sorted(parse_record_key(key)[0] for key in over.keys() - old.keys()) == ["former-policy", "member-key"]
    assert list(over) == sorted(over)


def test_receipts_of_earlier_voters_keep_their_policies(tmp_path: Path) -> None:
    """A second voter came and went again: each of the three sets has its policy among what goes over."""
    sizes = []

    def write(builder: LedgerBuilder) -> None:
        small(builder)
        call_governance(builder, "node-register", NEWCOMER.to_value())
        for method in ("voter-add", "voter-remove"):
            call_governance(builder, method, {"node": NEWCOMER.node_id})
            builder.add_block([builder.notice()])
            sizes.append(builder.store.head().tree_size)

    old = build(tmp_path / "old", write)
    fresh = create_home(tmp_path / "new", "beta", free_address())
    draft = draft_successor(old, NAME, (fresh,), now_ms(), tmp_path / "records")
    found = list(former_policies(OLD.network_id, read_inheritance(tmp_path / "records")))
    with _old_store(old) as store:
        assert [(one.number, one.text) for one in found] == [
            (number, policy_at(store, OLD, size).encode().decode()) for number, size in enumerate((1, *sizes))
        ]
    # Whoever has the genesis and the records is told the policy of a receipt by the size of its log.
    (tmp_path / "genesis.json").write_text(_endorsed(draft).to_json())
    words = ("successor", "policy", tmp_path / "genesis.json", "--json")
    assert call(*words).document["policy"] == _predecessor(draft).policy
    records = ("--inheritance", tmp_path / "records")
    for size, policy in zip((0, *sizes, 10**9), (*found, found[2]), strict=True):
        assert call(*words, "--at", size, *records).document["policy"] == policy.text
    assert "name the file with --inheritance" in call(*words, "--at", 1).err
    (tmp_path / "records").write_bytes(b"other records")
    assert call(*words, "--at", 1, *records).status == 1


def _endorsed(draft: Genesis) -> Genesis:
    predecessor = _predecessor(draft)
    (voter,) = predecessor.voters
    key = NodeKeys.from_seed(b"\x01" * 32).agreement
    return replace(draft, predecessor=replace(predecessor, endorsements=(endorse(draft.endorsed_bytes, voter, key),)))


@pytest.mark.trio
async def test_the_affairs_go_on(lost: Lost, tmp_path: Path) -> None:
    """Old members sign with their old keys and ids; records are there, and numbering goes on."""
    home = shutil.copytree(lost.new, tmp_path / "home")
    join_home(home, parse_genesis(lost.genesis.to_json()), inheritance=lost.inheritance)
    account = member_id(OLD.network_id, ADMINISTRATOR.public)
    async with running_service(home) as shell:
        store = shell.opened.store
        assert store.state(member_record_key(account)) is not None
        before = len(list(store.scan_state(b"notice\0")))
        assert before
        outcome = await shell.service.submit(shell.notice(key=ADMINISTRATOR, sender=account).envelope)
        assert outcome.result is not None
        assert outcome.result.code == "ok"
        records = [Record.decode(value).fields for _, value in store.scan_state(b"notice\0")]
        assert len(records) == before + 1
        # The second block of the successor, which went on from the six of the old ledger.
        assert max(int(str(one["height"])) for one in records) == OLD_HEIGHT + outcome.result.height
    # It is backed up, restored and audited as any other: a backup has the records that it began with.
    (tmp_path / "parts").mkdir()
    with without_probe():
        made = call("--json", "backup", tmp_path / "parts", "--home", home)
    assert made.status == 0, made.err
    copy = tmp_path / "copy"
    assert call("restore", tmp_path / "parts", "--home", copy).status == 0
    assert (copy / "inheritance").read_bytes() == lost.inheritance.read_bytes()
    (part,) = (tmp_path / "parts").iterdir()
    with pytest.raises(BackupDamagedError, match="other inherited records"):
        restore_inherited(part, (), tmp_path / "elsewhere", b"\x05" * 32)
    assert not (tmp_path / "elsewhere").exists()
    # A backup without them would be one that nobody can execute.
    (home / "inheritance").rename(tmp_path / "aside")
    with without_probe():
        assert "put the file" in call("backup", tmp_path / "whole.backup", "--home", home).err
    (tmp_path / "aside").rename(home / "inheritance")
    audited = call("audit", "--from", copy, "--genesis", copy / "genesis.json")
    assert audited.status == 0, audited.err
    # And it can have a successor itself, in which heights go on.
    third = draft_successor(home, "third.example/ledger", OLD.voters, now_ms(), tmp_path / "records")
    assert third.base_height == OLD_HEIGHT + made.document["last_height"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("name",), "another.example/ledger"),
        (("created_ms",), 1_900_000_000_000),
        (("visibility",), "members"),
        (("voters", 0, "address"), "192.0.2.1:7001"),
        (("parameters", "clock_skew_ms_max"), 4000),
        (("predecessor", "state_digest"), "00" * 32),
        (("predecessor", "inherited_digest"), "00" * 32),
        (("predecessor", "base_height"), 7),
        (("predecessor", "name"), "other.example/ledger"),
        (("predecessor", "endorsements"), []),
        (("predecessor", "checkpoint"), "nothing"),
        (("predecessor", "header"), "AAAA"),
        (("predecessor", "surplus"), 1),
    ],
)
def test_a_tampered_genesis_is_refused(lost: Lost, path: tuple[str | int, ...], value: object) -> None:
    document = json.loads(lost.genesis.to_json())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InvalidGenesisError):
        parse_genesis(json.dumps(document))


def test_a_draft_is_no_genesis_yet(lost: Lost) -> None:
    with pytest.raises(InvalidGenesisError, match="banyan successor endorse"):
        parse_genesis(lost.draft.to_json())
    assert parse_genesis_draft(lost.draft.to_json()) == lost.draft


def test_a_certificate_of_too_few_voters_is_refused(lost: Lost) -> None:
    predecessor = _predecessor(lost.genesis)
    certificate = predecessor.certificate[:-1] + bytes([predecessor.certificate[-1] ^ 1])
    with pytest.raises(InvalidGenesisError, match="not certified"):
        check_certified(replace(predecessor, certificate=certificate))
    with pytest.raises(InvalidGenesisError, match="not certified"):
        check_certified(replace(predecessor, quorum="two-thirds"))


def test_a_successor_needs_a_name_and_a_beginning_of_its_own(lost: Lost, tmp_path: Path) -> None:
    description = lost.draft.voters[0]
    with pytest.raises(InvalidGenesisError, match="name of its own"):
        draft_successor(lost.old, OLD.name, (description,), now_ms(), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidGenesisError, match="names none"):
        replace(lost.draft, administrators=OLD.administrators)


def test_a_voter_of_the_old_network_is_none_of_the_new_one(lost: Lost, tmp_path: Path) -> None:
    """Its folder is marked when it endorses, and nothing could run the network that was founded."""
    with pytest.raises(InvalidGenesisError, match="a key of a node of the old network"):
        draft_successor(lost.old, NAME, (OLD.voters[0],), now_ms(), tmp_path / "inheritance")
    assert list(tmp_path.iterdir()) == []


def test_nobody_endorses_what_their_own_ledger_does_not_say(lost: Lost, tmp_path: Path) -> None:
    other = _old_home(tmp_path / "longer", longer=True)
    with pytest.raises(GenesisMismatchError, match="goes on to block 7"):
        endorse_successor(other, lost.draft)
    longer = draft_successor(other, NAME, lost.draft.voters, now_ms(), tmp_path / "inheritance")
    with pytest.raises(GenesisMismatchError, match="ends at block 6"):
        endorse_successor(lost.old, longer)
    predecessor = _predecessor(lost.draft)
    for field, wrong in (
        ("state_digest", replace(predecessor, state_digest=bytes(32))),
        ("inherited_digest", replace(predecessor, inherited_digest=bytes(32))),
        ("base_height", replace(predecessor, base_height=99)),
    ):
        with pytest.raises(GenesisMismatchError, match=field):
            endorse_successor(lost.old, replace(lost.draft, predecessor=wrong))
    assert not (other / "succeeded").exists()


def test_a_stranger_does_not_endorse(lost: Lost, tmp_path: Path) -> None:
    home = shutil.copytree(lost.old, tmp_path / "home")
    (home / "seed").write_bytes(b"\x07" * 32)
    with pytest.raises(HomeError, match="no voter"):
        endorse_successor(home, lost.draft)


def test_who_endorsed_does_not_run_again(lost: Lost) -> None:
    assert (lost.old / "succeeded").read_text() == f"{NAME}\n"
    with pytest.raises(HomeError, match="endorsed a successor"):
        open_home(lost.old)


def test_joining_needs_the_records_that_the_genesis_names(lost: Lost, tmp_path: Path) -> None:
    genesis = parse_genesis(lost.genesis.to_json())
    home = shutil.copytree(lost.new, tmp_path / "home")
    with pytest.raises(InheritanceError, match="put the file"):
        join_home(home, genesis)
    with pytest.raises(InheritanceError, match="cannot be used"):
        join_home(home, genesis, inheritance=tmp_path / "nowhere")
    records = list(read_inheritance(lost.inheritance))
    write_inheritance(tmp_path / "fewer", records[:-1])
    with pytest.raises(InheritanceError, match="does not hold the records"):
        join_home(home, genesis, inheritance=tmp_path / "fewer")
    content = bytearray(lost.inheritance.read_bytes())
    for at in (5, len(content) // 2, len(content) - 1):
        content[at] ^= 1
        (tmp_path / "damaged").write_bytes(content)
        with pytest.raises(InheritanceError):
            join_home(home, genesis, inheritance=tmp_path / "damaged")
        assert not (home / "inheritance").exists()
        content[at] ^= 1
    (tmp_path / "short").write_bytes(content[:-5])
    with pytest.raises(InheritanceError, match="damaged"):
        list(read_inheritance(tmp_path / "short"))
    # Links in the places of drafts are not written through.
    (tmp_path / "precious").write_bytes(b"precious")
    for place in (tmp_path / ".again.draft", home / ".inheritance.new"):
        place.symlink_to(tmp_path / "precious")
    write_inheritance(tmp_path / "again", records)
    join_home(home, genesis, inheritance=tmp_path / "again")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (home / "inheritance").stat().st_mode & 0o777 == 0o600
