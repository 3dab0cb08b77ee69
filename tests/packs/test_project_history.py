"""The whole history of a real project, recorded through the pack: the roster at the end is the one of the file."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.packs.project_ledger import UNIT, ProjectLedger, Row, person_of, rows

HOUSE = Path(__file__).parents[2]


def roster(history: list[Row]) -> dict[str, str]:
    """Who is a member at the end, as what, read from the file alone."""
    found: dict[str, str] = {}
    for row in history:
        if row.event == "left":
            del found[row.account]
        else:
            found[row.account] = row.role
    return found


@pytest.fixture(scope="module")
def history() -> list[Row]:
    return rows()


@pytest.fixture(scope="module")
def ledger(history: list[Row]) -> ProjectLedger:
    """The history on the ledger: everything was taken."""
    ledger = ProjectLedger()
    assert ledger.record_history(history) == []
    return ledger


def test_the_roster_at_the_end_is_the_one_of_the_file(history: list[Row], ledger: ProjectLedger) -> None:
    wanted = {person_of(account): role for account, role in roster(history).items()}
    records = ledger.all("contributor")
    found = {record_id.removeprefix(f"{UNIT}/"): one["state"] for record_id, one in records.items()}
    found = {person: state for person, state in found.items() if state != "left"}
    assert found == wanted
    assert (len(history), len(records), len(found)) == (3833, 2530, 1276)
    assert Counter(found.values()) == {"member": 1266, "admin": 10}


def test_offices_and_their_counts_are_those_of_the_roster(history: list[Row], ledger: ProjectLedger) -> None:
    members = roster(history)
    admins = {account for account, role in members.items() if role == "admin"}
    for role, accounts in (("member", set(members)), ("admin", admins)):
        held = {
            one["person"]
            for one in ledger.all("office").values()
            if (one["unit"], one["role"], one["state"]) == (UNIT, role, "held")
        }
        assert held == set(map(person_of, accounts))
        assert ledger.fields("role-count", f"{UNIT}/{role}")["count"] == len(accounts)


def test_names_that_differ_in_case_only_stay_different_people(history: list[Row], ledger: ProjectLedger) -> None:
    accounts = {row.account for row in history}
    folded = Counter(account.casefold() for account in accounts)
    twins = sorted(account for account in accounts if folded[account.casefold()] > 1)
    assert len(twins) >= 2
    for account in twins:
        own = [row for row in history if row.account == account]
        values = ledger.fields("contributor", f"{UNIT}/{person_of(account)}")["values"]
        assert isinstance(values, dict)
        assert values["happened"] == own[-1].at_ms
        assert values["joins"] == sum(row.event == "joined" for row in own)


def test_several_joinings_of_one_person_are_one_chain(history: list[Row], ledger: ProjectLedger) -> None:
    joins = Counter(row.person for row in history if row.event == "joined")
    entries = Counter(row.person for row in history)
    again = [person for person, count in joins.items() if count > 1]
    assert len(again) == 18
    for person, count in joins.items():
        record = ledger.record("contributor", f"{UNIT}/{person}")
        assert record is not None
        values = record.fields["values"]
        assert isinstance(values, dict) and values["joins"] == count
        chain = ledger.fields("chain", f"record/contributor/{UNIT}/{person}")
        assert chain["sequence"] == record.version == entries[person]


def test_where_each_fact_comes_from_stays_with_it(history: list[Row], ledger: ProjectLedger) -> None:
    row = history[-1]
    record = ledger.fields("contributor", f"{UNIT}/{row.person}")
    assert record["provenance"] == {"file": "membership_events.csv", "row": 3834, "revision": row.revision}
    assert record["at"] == row.at_ms and record["actor"] == "administrator"
    assert str(record["article"]).startswith("Community membership")


def test_no_account_name_is_on_the_ledger(history: list[Row], ledger: ProjectLedger) -> None:
    state = b"\0".join(key + content for key, content in sorted(ledger.state.items()))
    # Short names are parts of other words.
    accounts = {row.account for row in history if len(row.account) >= 9}
    assert [account for account in sorted(accounts) if account.encode() in state] == []


def test_history_backwards_is_refused_and_changes_nothing(history: list[Row]) -> None:
    ledger = ProjectLedger()
    left = next(row for row in history if row.event == "left")
    own = [row for row in history if row.account == left.account and row.number <= left.number]
    early = left._replace(at_ms=own[0].at_ms - 1)
    assert ledger.record_history([*own[:-1], early]) == [(early, "records.guard")]
    assert ledger.fields("contributor", f"{UNIT}/{left.person}")["state"] != "left"
    twice = own[0]
    assert ledger.execute(ledger.recorded(twice, first=True)).results[0].code == "records.exists"


def digest_of_the_history() -> str:
    """The digest of the state after the whole history, for another process."""
    ledger = ProjectLedger()
    ledger.record_history(rows())
    return ledger.digest()


@pytest.mark.slow
def test_another_process_with_other_hashes_zone_and_language_comes_to_the_same(ledger: ProjectLedger) -> None:
    code = "from tests.packs.test_project_history import digest_of_the_history; print(digest_of_the_history())"
    surroundings = {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu", "LANG": "C", "LC_ALL": "C"}
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": str(HOUSE), **surroundings},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert found.stdout.strip() == ledger.digest()
