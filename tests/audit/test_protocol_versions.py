"""Ledgers that change to a newer version of the protocol: each block is audited by its own version."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import cli.audit.run as audit_run
from cli.errors import CommandError
from ledger.block import Header
from ledger.encoding import Value
from ledger.support_statement import SupportStatement
from tests.audit.builder import VOTER, LedgerBuilder, Lies
from tests.audit.ledgers import audit, build
from tests.contracts.versions import EVENT_OF_TWO, UNIT_REFUSED, two_versions

# The window of the test genesis twice, and one: the first height that block 2 can name is 19.
FIRST_OF_TWO = 20


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that audits knows both versions."""
    monkeypatch.setattr(audit_run, "builtin_protocols", two_versions)


def write(builder: LedgerBuilder, lies: dict[int, Lies] | None = None, unit: str = "branch-1") -> None:
    """22 blocks: block 2 announces and decides, the last three are of version 2; `unit` is that of the last notice."""
    builder.open_term()
    said = SupportStatement(builder.genesis.network_id, VOTER.node_id, builder.time_ms, (1, 2))
    support: dict[str, Value] = {
        "node": VOTER.node_id,
        "versions": [1, 2],
        "time_ms": said.time_ms,
        "signature": said.sign(VOTER.agreement),
    }
    builder.add_block(
        [
            builder.transact("governance.node-protocol", support),
            builder.transact("governance.protocol-set", {"version": 2, "height": FIRST_OF_TWO}),
        ]
    )
    for height in range(3, FIRST_OF_TWO + 3):
        title: dict[str, Value] = {
            "unit": unit if height == FIRST_OF_TWO + 2 else "branch-1",
            "title": f"notice {height}",
        }
        builder.add_block([builder.transact("notice.post", title)], (lies or {}).get(height))


def ledger(tmp_path: Path, make: Callable[[LedgerBuilder], None] = write) -> Path:
    return build(tmp_path / "home", make, protocols=two_versions())


@pytest.mark.usefixtures("newer")
def test_each_block_is_executed_by_its_own_version(tmp_path: Path) -> None:
    report = audit(ledger(tmp_path))
    assert report.finding is None
    assert report.head.height == FIRST_OF_TWO + 2
    assert EVENT_OF_TWO in {event for contract in two_versions().newest.registry.contracts for event in contract.events}


def test_a_program_that_is_too_old_asks_for_a_newer_one(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"block {FIRST_OF_TWO} follows version 2 .* audit with a newer Banyan"):
        audit(ledger(tmp_path))


@pytest.mark.usefixtures("newer")
@pytest.mark.parametrize(
    ("height", "version", "code"),
    [
        (FIRST_OF_TWO - 1, 2, "audit.protocol-version-wrong"),
        (FIRST_OF_TWO, 1, "audit.protocol-version-wrong"),
        (FIRST_OF_TWO + 1, 1, "audit.header-rule-broken"),
    ],
)
def test_a_block_of_another_version_than_the_one_in_force(tmp_path: Path, height: int, version: int, code: str) -> None:
    def lie(header: Header) -> Header:
        return replace(header, protocol_version=version)

    finding = audit(ledger(tmp_path, lambda builder: write(builder, {height: Lies(header=lie)}))).finding
    assert finding is not None
    assert (finding.code, finding.height, finding.verdict) == (code, height, "forged")


@pytest.mark.usefixtures("newer")
def test_a_transaction_that_the_version_does_not_admit(tmp_path: Path) -> None:
    finding = audit(ledger(tmp_path, lambda builder: write(builder, unit=UNIT_REFUSED))).finding
    assert finding is not None
    assert (finding.code, finding.height) == ("audit.entry-not-admitted", FIRST_OF_TWO + 2)
