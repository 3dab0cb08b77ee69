"""Ledgers that are consistent in themselves and were not signed by whom they say, or say what is not so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cli.audit.finding import AuditFinding
from contracts.changes import StateChange
from ledger.block import Header, sign_header
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import cosign
from ledger.encoding import encode
from ledger.hashing import Hash
from ledger.note import Note
from ledger.signing import SigningKey
from ledger.transaction import Transaction
from ledger.tree import leaf_hash
from storage.interface import StoredHeader
from storage.layout import number_key
from tests.audit.builder import (
    ADMINISTRATOR,
    NODE_NAME,
    OUTSIDER,
    START_MS,
    STRANGER,
    VOTER,
    LedgerBuilder,
    Lies,
    fill,
    make_genesis,
)
from tests.audit.damage import change_header, put, read_rows, with_header
from tests.audit.ledgers import audit, build, make_store

LYING_HEIGHT = 4


def audited(tmp_path: Path, write: Callable[[LedgerBuilder], None]) -> AuditFinding:
    """The finding in a ledger that `write` makes."""
    finding = audit(build(tmp_path / "home", write)).finding
    assert finding is not None, "the audit found nothing"
    return finding


def lying(tmp_path: Path, lies: Lies) -> AuditFinding:
    """The finding in a ledger of honest blocks around one that lies at `LYING_HEIGHT`."""

    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        for height in range(2, 8):
            builder.add_block([builder.notice() for _ in range(3)], lies if height == LYING_HEIGHT else None)

    return audited(tmp_path, write)


def with_entries(tmp_path: Path, make: Callable[[LedgerBuilder], list[Transaction]]) -> AuditFinding:
    """The finding in a ledger whose block at `LYING_HEIGHT` holds what `make` gives."""

    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        for height in range(2, 8):
            builder.add_block(make(builder) if height == LYING_HEIGHT else [builder.notice()])

    return audited(tmp_path, write)


# -- the header and what signs it ---------------------------------------------------------------------------------


def test_a_header_signed_by_a_stranger(tmp_path: Path) -> None:
    finding = lying(tmp_path, Lies(proposal_key=STRANGER.agreement))
    assert (finding.code, finding.height, finding.verdict) == ("audit.proposal-forged", LYING_HEIGHT, "forged")


def test_a_header_in_the_name_of_a_stranger(tmp_path: Path) -> None:
    lies = Lies(header=lambda one: replace(one, proposer=STRANGER.node_id), proposal_key=STRANGER.agreement)
    finding = lying(tmp_path, lies)
    assert (finding.code, finding.height) == ("audit.proposer-wrong", LYING_HEIGHT)


def _signed_again(key: SigningKey, **changes: object) -> Callable[[StoredHeader], StoredHeader]:
    def alter(row: StoredHeader) -> StoredHeader:
        header = replace(Header.decode(row.header), **changes)  # type: ignore[arg-type]
        return with_header(row, header.encode(), header.hash, sign_header(header, key))

    return alter


def test_a_stored_header_signed_again_by_a_stranger(home: Path) -> None:
    change_header(home, 6, _signed_again(STRANGER.agreement, tree_root=bytes(32)))
    finding = audit(home).finding
    assert finding is not None
    assert (finding.code, finding.height) == ("audit.proposal-forged", 6)


def test_a_stored_header_signed_again_by_its_proposer_with_another_root(home: Path) -> None:
    change_header(home, 6, _signed_again(VOTER.agreement, tree_root=bytes(32)))
    finding = audit(home).finding
    assert finding is not None
    assert (finding.code, finding.height, finding.verdict) == ("audit.certificate-forged", 6, "forged")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"network_id": bytes(32)}, "audit.genesis-differs"),
        ({"previous_hash": bytes(32)}, "audit.link-broken"),
        ({"voter_set_hash": bytes(32)}, "audit.voter-set-wrong"),
        ({"term": 0}, "audit.term-wrong"),
        ({"term": 2}, "audit.election-forged"),
        ({"election_certificate_hash": b"\x01" * 32}, "audit.election-forged"),
        ({"time_ms": START_MS}, "audit.header-rule-broken"),
        ({"executed_height": 1}, "audit.header-rule-broken"),
        ({"executed_height": LYING_HEIGHT}, "audit.header-rule-broken"),
        ({"protocol_version": 0}, "audit.header-malformed"),
        ({"state_digest": bytes(32)}, "audit.digest-wrong"),
    ],
)
def test_a_certified_header_that_breaks_a_rule(tmp_path: Path, changes: dict[str, object], code: str) -> None:
    finding = lying(tmp_path, Lies(header=lambda one: replace(one, **changes)))  # type: ignore[arg-type]
    assert (finding.code, finding.height) == (code, LYING_HEIGHT)


def test_a_certified_root_that_is_wrong(tmp_path: Path) -> None:
    finding = lying(tmp_path, Lies(header=lambda one: replace(one, tree_root=bytes(32))))
    assert (finding.code, finding.height, finding.verdict) == ("audit.root-wrong", LYING_HEIGHT, "forged")


def test_a_certified_root_over_another_entry(tmp_path: Path) -> None:
    def other(hashes: list[Hash]) -> list[Hash]:
        return [*hashes[:2], leaf_hash(b"another entry"), *hashes[3:]]

    finding = lying(tmp_path, Lies(leaf_hashes=other))
    assert (finding.code, finding.height) == ("audit.entry-changed", LYING_HEIGHT)
    assert finding.expected == leaf_hash(b"another entry")


# -- certificates -------------------------------------------------------------------------------------------------


def test_a_certificate_signed_by_a_stranger(tmp_path: Path) -> None:
    finding = lying(tmp_path, Lies(acknowledgement_key=STRANGER.agreement))
    assert (finding.code, finding.height) == ("audit.certificate-forged", LYING_HEIGHT)


@pytest.mark.parametrize(
    "changes",
    [
        {"network_id": bytes(32)},
        {"voter_set_hash": bytes(32)},
        {"term": 2},
        {"block_hash": bytes(32)},
        {"previous_hash": bytes(32)},
        {"height": LYING_HEIGHT - 1},
        {"voter": STRANGER.node_id},
    ],
)
def test_a_certificate_of_something_else(tmp_path: Path, changes: dict[str, object]) -> None:
    finding = lying(tmp_path, Lies(acknowledgement=lambda one: replace(one, **changes)))  # type: ignore[arg-type]
    assert (finding.code, finding.height) == ("audit.certificate-forged", LYING_HEIGHT)


def test_a_certificate_of_a_block_beyond_the_end(tmp_path: Path) -> None:
    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        builder.add_block([builder.notice()], Lies(acknowledgement=lambda one: replace(one, height=9)))

    finding = audited(tmp_path, write)
    assert (finding.code, finding.height) == ("audit.block-missing", 9)


@pytest.mark.parametrize(
    "lies",
    [
        Lies(vote_key=STRANGER.agreement),
        Lies(votes=lambda vote: replace(vote, term=7)),
        Lies(votes=lambda vote: replace(vote, network_id=bytes(32))),
        Lies(votes=lambda vote: replace(vote, candidate=STRANGER.node_id)),
        Lies(votes=lambda vote: replace(vote, voter=STRANGER.node_id)),
        Lies(votes=lambda vote: replace(vote, voter_set_hash=bytes(32))),
    ],
)
def test_an_election_that_was_none(tmp_path: Path, lies: Lies) -> None:
    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        builder.add_block([builder.notice()])
        builder.open_term(lies)
        builder.add_block([builder.notice()])

    finding = audited(tmp_path, write)
    assert (finding.code, finding.height) == ("audit.election-forged", 3)


# -- entries ------------------------------------------------------------------------------------------------------


def test_a_transaction_with_a_forged_signature(tmp_path: Path) -> None:
    def make(builder: LedgerBuilder) -> list[Transaction]:
        good = builder.notice()
        (signature,) = good.signatures
        wrong = signature._replace(signature=bytes(64))
        envelope = encode([good.body, [list(wrong)]])
        return [
            builder.notice(),
            good._replace(signatures=(wrong,), envelope=envelope, leaf_hash=leaf_hash(envelope)),
            builder.notice(),
        ]

    finding = with_entries(tmp_path, make)
    assert (finding.code, finding.height, finding.verdict) == ("audit.signature-forged", LYING_HEIGHT, "forged")
    assert finding.index == 7


def test_an_expired_transaction(tmp_path: Path) -> None:
    finding = with_entries(tmp_path, lambda builder: [builder.notice(expires_ms=builder.time_ms + 249)])
    assert (finding.code, finding.height, finding.index) == ("audit.entry-expired", LYING_HEIGHT, 6)


def test_a_transaction_that_expires_too_late(tmp_path: Path) -> None:
    finding = with_entries(tmp_path, lambda builder: [builder.notice(expires_ms=builder.time_ms + 86_400_251)])
    assert (finding.code, finding.height) == ("audit.entry-expired", LYING_HEIGHT)


def test_a_transaction_of_another_network(tmp_path: Path) -> None:
    finding = with_entries(tmp_path, lambda builder: [builder.notice(network_id=bytes(32))])
    assert (finding.code, finding.height) == ("audit.entry-malformed", LYING_HEIGHT)


def test_an_entry_that_is_no_transaction(tmp_path: Path) -> None:
    def make(builder: LedgerBuilder) -> list[Transaction]:
        return [builder.notice()._replace(envelope=b"not an envelope", leaf_hash=leaf_hash(b"not an envelope"))]

    finding = with_entries(tmp_path, make)
    assert (finding.code, finding.height, finding.index) == ("audit.entry-malformed", LYING_HEIGHT, 6)


def test_a_transaction_that_is_there_twice(tmp_path: Path) -> None:
    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        for _ in range(3):
            builder.add_block([builder.notice()])
        # The store itself refuses to note an id twice.
        builder.add_block([builder.notice(), builder.transactions[0]], Lies(ids=lambda ids: ids[:1]))

    finding = audited(tmp_path, write)
    assert (finding.code, finding.height, finding.index) == ("audit.entry-duplicate", 5, 9)
    assert finding.found == 2


def test_a_block_with_too_many_transactions(tmp_path: Path) -> None:
    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        builder.add_block([builder.notice() for _ in range(5)])

    home = build(tmp_path / "home", write, make_genesis(block_transactions_max=4))
    finding = audit(home).finding
    assert finding is not None
    assert (finding.code, finding.height) == ("audit.header-rule-broken", 2)


# -- what the voters say about execution --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"parent_hash": bytes(32)},
        {"height": 9},
        {"time_ms": START_MS},
        {"results_root": bytes(32)},
        {"results_count": 2},
    ],
)
def test_an_outcome_leaf_that_is_wrong(tmp_path: Path, changes: dict[str, object]) -> None:
    finding = lying(tmp_path, Lies(outcome=lambda one: replace(one, **changes)))  # type: ignore[arg-type]
    assert (finding.code, finding.height, finding.index) == ("audit.outcome-wrong", LYING_HEIGHT, 9)


def test_a_result_that_the_voters_signed_wrong(tmp_path: Path) -> None:
    finding = lying(tmp_path, Lies(results=lambda leaves: (leaves[0] + b"x", *leaves[1:])))
    assert (finding.code, finding.height, finding.verdict) == ("audit.outcome-wrong", LYING_HEIGHT + 1, "forged")


def test_a_state_that_the_voters_signed_wrong(tmp_path: Path) -> None:
    def more(changes: tuple[StateChange, ...]) -> tuple[StateChange, ...]:
        return (*changes, StateChange(b"notice\0branch-9/000000000001", None, encode([1, {}])))

    finding = lying(tmp_path, Lies(changes=more))
    assert (finding.code, finding.height, finding.verdict) == ("audit.digest-wrong", LYING_HEIGHT + 1, "forged")


def test_a_wrong_result_in_the_last_block_is_told(tmp_path: Path) -> None:
    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        builder.add_block([builder.notice()], Lies(results=lambda leaves: (leaves[0] + b"x",)))

    finding = audited(tmp_path, write)
    assert (finding.code, finding.height, finding.index) == ("audit.result-changed", 2, 2)


# -- whole ledgers ------------------------------------------------------------------------------------------------


def test_a_ledger_written_again_with_another_key(tmp_path: Path) -> None:
    """Every hash, root, digest and signature fits, but not to the voter that the genesis names."""
    genesis = make_genesis()
    store = make_store(tmp_path / "home", genesis)
    fill(LedgerBuilder(genesis, store, voter=STRANGER), blocks=4)
    store.close()
    finding = audit(tmp_path / "home").finding
    assert finding is not None
    assert (finding.code, finding.height, finding.verdict) == ("audit.proposal-forged", 1, "forged")


def test_a_ledger_written_again_from_a_changed_entry_on(tmp_path: Path) -> None:
    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        for _ in range(3):
            builder.add_block([builder.notice()])
        builder.voter = STRANGER
        for _ in range(3):
            builder.add_block([builder.notice("branch-of-the-intruder")])

    finding = audited(tmp_path, write)
    assert (finding.code, finding.height) == ("audit.proposal-forged", 5)


def test_a_checkpoint_of_another_log(home: Path) -> None:
    text = Checkpoint(make_genesis().name, 100, bytes(32)).text()
    signatures = (
        sign_checkpoint(text, make_genesis().name, VOTER.log),
        cosign(text, NODE_NAME, VOTER.cosigner, START_MS // 1000),
    )
    put(home, "meta", b"checkpoint", Note(text, signatures).encode())
    finding = audit(home).finding
    assert finding is not None
    assert (finding.code, finding.verdict) == ("audit.checkpoint-forged", "forged")
    assert finding.found == bytes(32)


def test_a_ledger_whose_end_was_cut_off_cleanly_is_given_away_by_its_checkpoint(home: Path, tmp_path: Path) -> None:
    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        builder.add_block([builder.notice()])

    shorter = build(tmp_path / "shorter", write)
    put(shorter, "meta", b"checkpoint", read_rows(home, "meta")[b"checkpoint"])
    finding = audit(shorter).finding
    assert finding is not None
    assert (finding.code, finding.verdict) == ("audit.rolled-back", "damaged")


# -- blocks that are not executed ---------------------------------------------------------------------------------


def write_uncommitted(builder: LedgerBuilder, lies: Lies | None = None) -> None:
    """Three executed blocks and two that are stored above them."""
    builder.open_term()
    builder.add_block([builder.notice()])
    builder.add_block([builder.notice()])
    builder.add_block([builder.notice()], commit=False)
    builder.add_block([builder.notice()], lies, commit=False)


def test_blocks_above_the_executed_height_pass(tmp_path: Path) -> None:
    report = audit(build(tmp_path / "home", write_uncommitted))
    assert report.ok
    assert (report.blocks, report.head.height) == (5, 3)
    assert (report.entries, report.head.tree_size) == (9, 5)


def test_a_forged_block_above_the_executed_height(tmp_path: Path) -> None:
    lies = Lies(proposal_key=STRANGER.agreement)
    finding = audited(tmp_path, lambda builder: write_uncommitted(builder, lies))
    assert (finding.code, finding.height) == ("audit.proposal-forged", 5)


def test_a_changed_header_row_of_a_block(home: Path) -> None:
    for changes in ({"term": 9}, {"leaf_count": 27}, {"header_hash": bytes(32)}):
        before = read_rows(home, "headers")[number_key(5)]
        change_header(home, 5, lambda row, changes=changes: replace(row, **changes))  # type: ignore[misc]
        finding = audit(home).finding
        assert finding is not None
        assert (finding.code, finding.height) == ("audit.header-changed", 5)
        put(home, "headers", number_key(5), before)


def test_who_may_submit_is_execution_and_not_a_finding(tmp_path: Path) -> None:
    def write(builder: LedgerBuilder) -> None:
        builder.open_term()
        builder.add_block([builder.notice(key=OUTSIDER), builder.notice(key=ADMINISTRATOR)])
        builder.add_block(())

    assert audit(build(tmp_path / "home", write)).ok
