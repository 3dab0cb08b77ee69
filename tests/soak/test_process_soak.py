"""A short soak of one real node goes the whole way to its report; and what is lost is found in what it leaves."""

from pathlib import Path

import pytest

from ledger.block import is_outcome
from ledger.genesis import parse_genesis
from ledger.transaction import decode_envelope
from storage.lmdb_store import LmdbStore
from tests.soak.stocktaking import Ledgers, complaints_in
from tools import process_soak


@pytest.mark.slow
def test_a_short_soak_and_what_would_be_found_in_its_ledger(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    # The path of a socket is short, so a test's own folder is too deep for a node.
    place = tmp_path_factory.mktemp("s")
    folder, page = place / "network", place / "page.md"
    words = ("--minutes", "0.03", "--nodes", "1", "--seed", "4", "--folder", folder, "--page", page)
    status = process_soak.main([*map(str, words)])
    told = capsys.readouterr().out
    assert status == 0, told
    assert "**every rule holds**" in page.read_text("utf-8")
    assert "BROKEN" not in told
    # The seed ends the process at least once.
    assert "kill -9" in told
    assert (folder / "node-0.example-2.log").exists()
    home = folder / "node-0.example"
    network_id = parse_genesis((home / "genesis.json").read_text("utf-8")).network_id
    Ledgers([home], network_id, {}).check()
    with pytest.raises(AssertionError, match="lost or elsewhere"):
        Ledgers([home], network_id, {bytes(32): 1}).check()
    first = transactions_of(home, network_id)[0]
    with pytest.raises(AssertionError, match="lost or elsewhere"):
        Ledgers([home], network_id, {first: 0}).check()


def transactions_of(home: Path, network_id: bytes) -> list[bytes]:
    """Ids in the log of a stopped node, in order."""
    store = LmdbStore.open(home / "db", network_id, readonly=True)
    try:
        entries = [bytes(one) for one in store.entries(0, store.head().tree_size)]
    finally:
        store.close()
    return [decode_envelope(one).id for one in entries if not is_outcome(one)]


def test_lines_that_nothing_excuses_are_found_in_logs(tmp_path: Path) -> None:
    log = tmp_path / "node.log"
    bad = ["Traceback (most recent call last):", "2026 [error    ] evidence  term=3"]
    log.write_text("\n".join(("2026 [info     ] evidence-free", *bad)))
    assert complaints_in([log]) == [f"node.log: {line}" for line in bad]
