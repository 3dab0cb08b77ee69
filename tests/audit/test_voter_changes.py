"""Audits of ledgers whose voters changed: what real nodes wrote is good, and what was made up about it is found."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from consensus.certificates import BlockCertificate
from consensus.messages import Acknowledgement
from contracts.voter_record import voters_numbered
from daemon.overlay import StateOverlay
from daemon.policy import current_policy
from storage.interface import WriteBatch
from tests.audit.damage import put, read_rows
from tests.audit.ledgers import audit, make_store
from tests.daemon.governed_cluster import GovernedCluster
from tests.daemon.networks import node_keys
from tests.daemon.node_cluster import NodeHost


class Copying:
    """Lets a node write into a folder too."""

    def __init__(self, host: NodeHost, folder: Path) -> None:
        self._apply = host.store.apply
        self._copy = make_store(folder, host.cluster.genesis)
        host.store.apply = self.apply  # type: ignore[method-assign]

    def apply(self, batches: Sequence[WriteBatch]) -> None:
        self._apply(batches)
        self._copy.apply(batches)

    def close(self) -> None:
        self._copy.close()


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, GovernedCluster]:
    """A folder of a node whose network of three took in a fourth voter and then lost its leader."""
    folder = tmp_path_factory.mktemp("changed")
    cluster = GovernedCluster(3, 4)
    copying = Copying(cluster.hosts[3], folder)
    cluster.run(4_000)
    cluster.register(3)
    cluster.submit(cluster.notice("of three"))
    cluster.submit(cluster.governance("voter-add", 3), duration_ms=3_000)
    cluster.submit(cluster.notice("of four"))
    leader = cluster.leader
    assert leader is not None
    cluster.submit(cluster.governance("voter-remove", leader.number), duration_ms=8_000)
    assert cluster.leader not in (None, leader)
    cluster.submit(cluster.notice("of three again"), cluster.notice("and another"))
    # Whose turn it is now opens a term in the newest set.
    second = cluster.leader
    assert second is not None
    second.crash()
    cluster.run(8_000)
    cluster.submit(cluster.notice("of two"), duration_ms=4_000)
    copying.close()
    return folder, cluster


def certificates(home: Path) -> dict[int, BlockCertificate]:
    return {
        int.from_bytes(key, "big"): BlockCertificate.decode(value)
        for key, value in read_rows(home, "certificates").items()
    }


def test_a_ledger_whose_voters_changed_is_good(changed: tuple[Path, GovernedCluster]) -> None:
    folder, cluster = changed
    report = audit(folder)
    assert report.finding is None, report.finding
    sets = {one.voter_set_hash for one in certificates(folder).values()}
    assert len(sets) == 3, "each set certified something"
    assert report.policy == current_policy(cluster.hosts[3].store, cluster.genesis).policy


def forged(folder: Path, cluster: GovernedCluster, height: int, number: int) -> bytes:
    """The certificate of a block, signed by all voters of another set than its own."""
    certificate = certificates(folder)[height]
    record = voters_numbered(StateOverlay(cluster.hosts[3].store), number)
    assert record is not None
    keys = {keys.node_id: keys.agreement for keys in map(node_keys, range(1, 5))}
    template = Acknowledgement(
        cluster.genesis.network_id,
        record.voter_set.hash,
        certificate.term,
        certificate.height,
        certificate.block_hash,
        certificate.previous_hash,
        b"",
    )
    signatures = [
        (one.node_id, replace(template, voter=one.node_id).sign(keys[one.node_id]).signature) for one in record.voters
    ]
    return BlockCertificate.of(template, signatures).encode()


@pytest.mark.parametrize("wrong", [0, 2], ids=["the set before", "the set after"])
def test_a_certificate_of_another_set_is_found(changed: tuple[Path, GovernedCluster], wrong: int) -> None:
    folder, cluster = changed
    second = voters_numbered(StateOverlay(cluster.hosts[3].store), 1)
    assert second is not None
    height = next(
        height for height, one in sorted(certificates(folder).items()) if one.voter_set_hash == second.voter_set.hash
    )
    key = next(key for key in read_rows(folder, "certificates") if int.from_bytes(key, "big") == height)
    right = read_rows(folder, "certificates")[key]
    put(folder, "certificates", key, forged(folder, cluster, height, wrong))
    finding = audit(folder).finding
    put(folder, "certificates", key, right)
    assert finding is not None and (finding.code, finding.height) == ("audit.certificate-forged", height)
    assert audit(folder).finding is None
