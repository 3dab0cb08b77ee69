"""Backup and restore on a running network: under load, encrypted, and of a voter that has signed more since."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyrage
import pytest

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.evidence import Witness
from consensus.messages import Acknowledgement, Vote
from consensus.statement import SignedMessage
from ledger.hashing import Hash
from storage.lmdb_store import LmdbStore
from tests.audit.ledgers import audit
from tests.cli.command import call
from tests.storage.backup.ledgers import without_probe
from tests.system.process_network import ProcessNetwork, ProcessNode
from tests.waiting import join, wait_until


@contextmanager
def writing(network: ProcessNetwork, node: ProcessNode) -> Iterator[list[Hash]]:
    """Notices at `node`, one after the other; those that were acknowledged."""
    done: list[Hash] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            transaction = network.notice(f"notice {len(done)}")
            if node.submit(transaction).get("status") == "committed":
                done.append(transaction.id)

    thread = threading.Thread(target=write, name="writer")
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        join(thread)


def banyan(*words: object) -> dict[str, Any]:
    """The document of a command that has to succeed; databases are looked at in this process."""
    with without_probe():
        answer = call(*words, "--json")
    assert answer.status == 0, answer.err
    document = answer.document
    assert isinstance(document, dict)
    return document


def assert_nobody_signed_twice(network: ProcessNetwork) -> None:
    """The witness of the agreement sees every signature that any node's chain holds; no node has evidence either."""
    witness = Witness()
    network_id = network.genesis.network_id
    for node in network.nodes:
        store = LmdbStore.open(node.home / "db", network_id, readonly=True)
        try:
            for height in range(1, store.head().executed_height + 1):
                header, data = store.header(height), store.certificate(height)
                assert header is not None
                assert data is not None
                if header.election_certificate:
                    for vote in ElectionCertificate.decode(header.election_certificate).votes:
                        assert witness.vote(Vote.decode(vote.message), vote) is None
                one = BlockCertificate.decode(data)
                for voter, signature in one.signatures:
                    told = Acknowledgement(
                        network_id,
                        one.voter_set_hash,
                        one.term,
                        one.height,
                        one.block_hash,
                        one.previous_hash,
                        voter,
                    )
                    assert witness.acknowledgement(told, SignedMessage(told.encode(), signature)) is None
        finally:
            store.close()
        assert "evidence" not in node.home.with_name(f"{node.name}.log").read_text("utf-8")


@pytest.mark.slow
def test_a_backup_under_load_and_an_old_one_of_a_voter_restored(tmp_path: Path) -> None:
    network = ProcessNetwork(tmp_path, 3, is_forked=True)
    restored, helper, away = network.nodes
    network.start()
    parts = tmp_path / "parts"
    parts.mkdir()
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"{key}\n")

    # Under load: a whole backup, then what came since, encrypted.
    with writing(network, helper) as done:
        wait_until(lambda: len(done) > 5, 30, "writes")
        first = banyan("backup", parts, "--home", restored.home)
        count = len(done)
        wait_until(lambda: len(done) > count + 5, 30, "writes after the first backup")
        second = banyan("backup", parts, "--home", restored.home, "--recipient", key.to_public())
        count = len(done)
        wait_until(lambda: len(done) > count + 5, 30, "writes after the second backup")
    assert first["first_height"] == 1
    assert second["first_height"] == first["last_height"] + 1
    copy = banyan("restore", parts, "--identity", tmp_path / "key.txt", "--home", tmp_path / "copy")
    assert (copy["height"], copy["state_digest"]) == (second["last_height"], second["state_digest"])
    assert audit(tmp_path / "copy").finding is None

    # The voter's disk is lost, and the older part alone is put back: it signed more since.
    network.wait_together()
    restored.kill()
    (restored.home / "db").rename(tmp_path / "lost")
    older = banyan("restore", first["file"], "--home", restored.home)
    assert older["voter"] is True
    assert older["signed_height"] > older["height"]
    away.kill()
    restored.launch()
    restored.wait_ready()
    # Two of three are a quorum: this is committed only if the restored voter has caught up and signs again.
    network.commit(helper, "after the restore")
    assert network.wait_together()["height"] > second["last_height"]
    away.launch()
    away.wait_ready()
    network.wait_together()
    assert network.stop() == [0, 0, 0]
    assert_nobody_signed_twice(network)
    assert audit(restored.home).finding is None
