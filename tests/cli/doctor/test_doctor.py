"""Every finding of the doctor is provoked; a sound node has none."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nacl import pwhash

from cli.doctor import clock_check
from cli.doctor.examination import KINDS, SAME_MAX, examine, examine_answers
from cli.doctor.finding import Finding, Severity
from cli.doctor.look import Look, look_at, look_online
from cli.language import _, use_language
from daemon.api.schemas import SCHEMAS
from daemon.config import Config
from daemon.lock import HomeLock
from daemon.seed import seal_seed
from tests.cli.canned_node import CannedNode, answer
from tests.cli.command import Command
from tests.cli.doctor.networks import DAY_MS, OTHERS, UPTIME_MS, VERSION, Network
from tests.cli.running_node import make_home

Spoil = Callable[[Network], None]
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node's folder in a network, in which no node runs; not to be changed."""
    return make_home(tmp_path_factory.mktemp("doctor"))


@pytest.fixture
def spoilt(home: Path, tmp_path: Path) -> Path:
    """A folder of the test's own."""
    return shutil.copytree(home, tmp_path / "home")


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [one.kind.code for one in findings]


def offline(folder: Path) -> dict[str, Finding]:
    """What is found in a folder, but that no node runs there and how full the disk of this machine is."""
    found = {one.kind.code: one for one in examine(look_at(folder), VERSION)}
    return {
        code: one for code, one in found.items() if code not in ("stopped", "disk-low", "disk-critical", "disk-full")
    }


# -- a running node ---------------------------------------------------------------------------------------------


def no_quorum(network: Network) -> None:
    network.silence(0, 1)


def quorum_at_risk(network: Network) -> None:
    network.silence(1)


def never_heard(network: Network) -> None:
    network.status["voters_heard_ms"][OTHERS[1]] = None


def no_spare_voter(network: Network) -> None:
    network.status["voters"] = [network.own, OTHERS[0]]


def no_leader(network: Network) -> None:
    network.status["leader"] = None


def not_accepting(network: Network) -> None:
    network.status["problem"] = {"code": "overloaded", "detail": "too much waits", "template": "too much", "params": {}}


def behind(network: Network) -> None:
    network.status["lag_blocks"] = 900


def change_waits(network: Network) -> None:
    network.status["change_waits"] = {"reason": "x", "problem": {"code": "x", "detail": "not level yet"}}


def clock_wrong(network: Network) -> None:
    for place in (0, 1):
        network.sight(place)["clock_offset_ms"] = -9000 - place


def clock_drifts(network: Network) -> None:
    for place in (0, 1):
        network.sight(place)["clock_offset_ms"] = 2000 + place


def peer_clock(network: Network) -> None:
    network.sight(1)["clock_offset_ms"] = 30_000


def clocks_differ(network: Network) -> None:
    network.peers[1]["sight"] = None
    network.sight(0)["clock_offset_ms"] = 30_000


def ledger_ahead(network: Network) -> None:
    network.newest_block_ms = network.now_ms + 60_000


def alone(network: Network) -> None:
    for place in (0, 1):
        network.lose(place, "lost")


def not_reached(network: Network) -> None:
    network.sight(0).update(reach="not-reached", reach_age_ms=UPTIME_MS // 2)


def seen_elsewhere(network: Network) -> None:
    network.peers[0]["dialled"] = True
    network.sight(0)["address"] = "203.0.113.7:40001"


def misbehaving(network: Network) -> None:
    network.peers[0] |= {"standing": "ban", "score": 3, "offences": [{"offence": "flood", "detail": "", "age_ms": 1}]}


def strangers(network: Network) -> None:
    network.strangers = [{"at_ms": 1, "address": "192.0.2.66:5", "reason": "wrong-certificate", "detail": ""}]


def older(network: Network) -> None:
    network.sight(0)["software"] = "1.10.2"


def peer_older(network: Network) -> None:
    network.sight(0)["software"] = "1.3.9"


def protocol_unknown(network: Network) -> None:
    network.status["protocol"]["scheduled"] = {"version": 2, "height": 500}


def protocol_changes(network: Network) -> None:
    network.status["protocol"] = {"version": 1, "known": [1, 2], "scheduled": {"version": 2, "height": 500}}


def protocol_unannounced(network: Network) -> None:
    protocol_changes(network)
    network.announced[OTHERS[0]] = [1]
    del network.announced[OTHERS[1]]


def keys_expire(network: Network) -> None:
    network.status["keys"] |= {"state": "renew", "expires_ms": network.now_ms + 30 * DAY_MS}


def keys_expired(network: Network) -> None:
    network.status["keys"] |= {"state": "expired", "expires_ms": network.now_ms - 3 * DAY_MS}


def keys_changing(network: Network) -> None:
    keys_expired(network)
    network.status["keys"]["successor"] = "dd" * 32


def command_differs(network: Network) -> None:
    network.status["version"] = "1.3"
    for place in (0, 1):
        network.sight(place)["software"] = "1.3"


def not_registered(network: Network) -> None:
    del network.nodes[0]


def left(network: Network) -> None:
    network.nodes[0]["fields"]["state"] = "left"


def left_and_unheard(network: Network) -> None:
    left(network)
    no_quorum(network)
    network.status["leader"] = None


def keys_differ(network: Network) -> None:
    network.nodes[0]["fields"]["transport"] = {"$hex": "22" * 32}


def name_differs(network: Network) -> None:
    network.nodes[0]["fields"]["name"] = "node-9.example"


def address_differs(network: Network) -> None:
    network.nodes[0]["fields"]["address"] = "node-1.example:7001"


def neighbour_unknown(network: Network) -> None:
    assert network.offline.config is not None
    config = replace(network.offline.config, neighbours=("node-2.example", "node-22.example"))
    network.offline = replace(network.offline, config=config)


def not_restarted(network: Network) -> None:
    network.status["clock_ms"] = time.time_ns() // 1_000_000
    network.newest_block_ms = 0
    network.status["uptime_ms"] = 10**11


def disk(level: str) -> Spoil:
    def spoil(network: Network) -> None:
        network.status["disk"]["level"] = level

    return spoil


def lost(reason: str) -> Spoil:
    return lambda network: network.lose(0, reason)


ONLINE: list[tuple[str, Spoil, set[str]]] = [
    ("no-quorum", no_quorum, {"no-quorum", "voter-silent"}),
    ("quorum-at-risk", quorum_at_risk, {"quorum-at-risk", "voter-silent"}),
    ("voter-silent", never_heard, {"quorum-at-risk", "voter-silent"}),
    ("no-spare-voter", no_spare_voter, {"no-spare-voter"}),
    ("no-leader", no_leader, {"no-leader"}),
    ("not-accepting", not_accepting, {"not-accepting"}),
    ("behind", behind, {"behind"}),
    ("change-waits", change_waits, {"change-waits"}),
    ("clock-wrong", clock_wrong, {"clock-wrong"}),
    ("clock-drifts", clock_drifts, {"clock-drifts"}),
    ("peer-clock", peer_clock, {"peer-clock"}),
    ("clocks-differ", clocks_differ, {"clocks-differ"}),
    ("ledger-ahead", ledger_ahead, {"ledger-ahead"}),
    ("alone", alone, {"alone"}),
    ("unreachable", lost("unreachable"), {"unreachable"}),
    ("other-network", lost("wrong-network"), {"other-network"}),
    ("shut-out", lost("shut-out"), {"shut-out"}),
    ("no-common-version", lost("wrong-version"), {"no-common-version"}),
    ("not-reached", not_reached, {"not-reached"}),
    ("seen-elsewhere", seen_elsewhere, {"seen-elsewhere"}),
    ("misbehaving", misbehaving, {"misbehaving"}),
    ("strangers", strangers, {"strangers"}),
    ("older", older, {"older"}),
    ("peer-older", peer_older, {"peer-older"}),
    ("protocol-unknown", protocol_unknown, {"protocol-unknown"}),
    ("protocol-changes", protocol_changes, {"protocol-changes"}),
    ("protocol-unannounced", protocol_unannounced, {"protocol-changes", "protocol-unannounced"}),
    ("keys-expire", keys_expire, {"keys-expire"}),
    ("keys-expired", keys_expired, {"keys-expired"}),
    ("keys-changing", keys_changing, {"keys-changing"}),
    ("command-differs", command_differs, {"command-differs"}),
    ("not-registered", not_registered, {"not-registered"}),
    ("left", left, {"left"}),
    ("left", left_and_unheard, {"left"}),
    ("keys-differ", keys_differ, {"keys-differ"}),
    ("name-differs", name_differs, {"name-differs"}),
    ("address-differs", address_differs, {"address-differs"}),
    ("neighbour-unknown", neighbour_unknown, {"neighbour-unknown"}),
    ("not-restarted", not_restarted, {"not-restarted"}),
    ("disk-full", disk("full"), {"disk-full"}),
    ("disk-critical", disk("critical"), {"disk-critical"}),
    ("disk-low", disk("low"), {"disk-low"}),
]


def test_a_sound_node_has_no_findings(home: Path) -> None:
    assert examine(Network(home).look, VERSION) == ()


@pytest.mark.parametrize(("code", "spoil", "expected"), ONLINE, ids=[one[0] for one in ONLINE])
def test_what_is_wrong_is_found_and_nothing_else(home: Path, code: str, spoil: Spoil, expected: set[str]) -> None:
    network = Network(home)
    spoil(network)
    findings = examine(network.look, VERSION)
    assert code in expected
    assert set(codes(findings)) == expected
    for finding in findings:
        for text in (finding.text, finding.remedy):
            assert text and "{" not in text, f"{finding.kind.code}: a value is missing in {text!r}"


@pytest.mark.parametrize(
    ("offsets_ms", "expected"),
    [
        # From where on it matters is a share of what the genesis allows.
        ((900, 900), []),
        ((-5500, -5500), ["clock-wrong"]),
        # The middle of three clocks: one that is wrong does not make the others look wrong.
        ((0, 400_000), ["peer-clock"]),
        ((6000, -6000), ["peer-clock", "peer-clock"]),
    ],
)
def test_the_middle_of_all_clocks_is_right(home: Path, offsets_ms: tuple[int, int], expected: list[str]) -> None:
    network = Network(home)
    for place, offset_ms in enumerate(offsets_ms):
        network.sight(place)["clock_offset_ms"] = offset_ms
    assert codes(tuple(clock_check.check(network.look))) == expected


def test_a_node_that_has_just_started_is_not_blamed_for_what_it_cannot_know(home: Path) -> None:
    network = Network(home)
    network.status |= {"uptime_ms": 3000, "leader": None}
    network.status["problem"] = {"code": "not-accepting", "detail": "starting", "template": "starting", "params": {}}
    network.status["voters_heard_ms"] = {network.own: 0, OTHERS[0]: None, OTHERS[1]: None}
    alone(network)
    assert examine(network.look, VERSION) == ()


def test_what_a_neighbour_saw_before_this_node_started_tells_nothing(home: Path) -> None:
    network = Network(home)
    network.sight(0).update(reach="not-reached", reach_age_ms=UPTIME_MS + 1)
    assert examine(network.look, VERSION) == ()


def test_a_leader_that_is_not_heard_is_none(home: Path) -> None:
    network = Network(home)
    network.silence(0)
    assert "no-leader" in codes(examine(network.look, VERSION))


@pytest.mark.parametrize(("listen", "is_right"), [("0.0.0.0:7001", True), ("[::]:7001", True), ("0.0.0.0:7002", False)])
def test_any_address_of_this_machine_fits_by_its_port(home: Path, listen: str, is_right: bool) -> None:
    network = Network(home)
    assert network.offline.config is not None
    network.offline = replace(network.offline, config=replace(network.offline.config, listen=listen))
    network.nodes[0]["fields"]["address"] = "192.0.2.1:7001"
    assert codes(examine(network.look, VERSION)) == ([] if is_right else ["address-differs"])


def test_of_one_kind_there_are_not_more_than_anybody_reads(home: Path) -> None:
    network = Network(home)
    network.lose(0, "unreachable")
    network.peers += [network.peers[0]] * 50
    assert codes(examine(network.look, VERSION)) == ["unreachable"] * SAME_MAX


def test_the_documents_of_these_tests_are_of_the_form_that_the_api_describes(home: Path) -> None:
    network = Network(home)
    schemas: dict[str, Any] = SCHEMAS
    # What nothing here looks at may be missing.
    assert set(network.status) <= set(schemas["Status"]["properties"])
    assert set(network.peers[0]) <= set(schemas["Peers"]["properties"]["peers"]["items"]["properties"])


# -- the folder ---------------------------------------------------------------------------------------------


def test_a_stopped_node_is_told_and_its_folder_is_sound(home: Path) -> None:
    assert offline(home) == {}
    findings = examine(look_at(home), VERSION)
    assert "stopped" in codes(findings)


def test_no_node(tmp_path: Path) -> None:
    assert set(offline(tmp_path / "nothing")) == {"no-node"}


def test_not_joined(banyan: Command, tmp_path: Path) -> None:
    banyan.ok("init", "--home", tmp_path / "new", "--name", "node-1.example", "--listen", "127.0.0.1:7001")
    assert set(offline(tmp_path / "new")) == {"not-joined"}


def test_folder_open(spoilt: Path) -> None:
    spoilt.chmod(0o755)
    assert set(offline(spoilt)) == {"folder-open"}


def test_settings(spoilt: Path) -> None:
    (spoilt / "config.toml").write_text('name = "node-1.example"\nlisten = 7\n', "utf-8")
    found = offline(spoilt)
    assert set(found) == {"settings"}
    assert "listen" in found["settings"].text


def test_seed(spoilt: Path) -> None:
    (spoilt / "seed").chmod(0o644)
    assert set(offline(spoilt)) == {"seed"}
    (spoilt / "seed").unlink()
    assert set(offline(spoilt)) == {"seed"}


def test_identity(spoilt: Path) -> None:
    (spoilt / "seed").write_bytes(os.urandom(32))
    # What the other node signed is not on record here either.
    assert set(offline(spoilt)) == {"identity", "sign-state"}


def test_genesis(spoilt: Path) -> None:
    (spoilt / "genesis.json").write_bytes(b"\xff\xfe")
    assert set(offline(spoilt)) == {"genesis"}


def test_sign_state(spoilt: Path) -> None:
    (spoilt / "sign-state").write_bytes(bytes(100))
    assert set(offline(spoilt)) == {"sign-state"}
    (spoilt / "sign-state").unlink()
    assert set(offline(spoilt)) == {"sign-state"}


def test_database(spoilt: Path) -> None:
    for file in (spoilt / "db").iterdir():
        file.write_bytes(os.urandom(8192))
    assert set(offline(spoilt)) == {"database"}


def test_seed_sealed(spoilt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.sealed_secret.OPERATIONS", pwhash.argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr("daemon.sealed_secret.MEMORY_BYTES", pwhash.argon2id.MEMLIMIT_MIN)
    seal_seed(spoilt / "seed", "a long passphrase")
    assert set(offline(spoilt)) == {"seed-sealed"}
    # Where the passphrase is at hand everything is compared; a wrong one is no passphrase.
    given = tmp_path / "passphrase"
    monkeypatch.setenv("BANYAN_SEED_PASSPHRASE_FILE", str(given))
    given.write_text("a long passphrase\n", "utf-8")
    assert offline(spoilt) == {}
    given.write_text("another one\n", "utf-8")
    assert set(offline(spoilt)) == {"seed"}


def test_change_unfinished(spoilt: Path) -> None:
    (spoilt / "keys-changing").mkdir(mode=0o700)
    (spoilt / "seed").write_bytes(os.urandom(32))
    assert set(offline(spoilt)) == {"change-unfinished"}


def test_old_copy(spoilt: Path) -> None:
    kept = spoilt / "db.format-0"
    kept.mkdir()
    (kept / "data.mdb").write_bytes(bytes(3 * 2**20))
    found = offline(spoilt)
    assert set(found) == {"old-copy"}
    assert "db.format-0" in found["old-copy"].text and "3 MiB" in found["old-copy"].text


def test_succeeded(spoilt: Path) -> None:
    """The remedy for a node that does not run is not to start it."""
    (spoilt / "succeeded").write_text("next.example/ledger\n")
    found = {one.kind.code: one for one in examine(look_at(spoilt), VERSION)}
    assert "stopped" not in found
    assert "next.example/ledger" in found["succeeded"].text


@pytest.mark.root
def test_file_foreign(spoilt: Path) -> None:
    if os.geteuid() != 0:
        # Only root can bring it about, and root is who does.
        with pytest.raises(PermissionError):
            os.chown(spoilt / "db", 12345, -1)
        return
    os.chown(spoilt / "db", 12345, -1)
    found = offline(spoilt)
    assert set(found) == {"file-foreign"}
    assert "12345" in found["file-foreign"].text


def test_stuck(spoilt: Path) -> None:
    with HomeLock(spoilt / "lock"):
        found = {one.kind.code: one for one in examine(look_at(spoilt), VERSION)}
    assert "stuck" in found and "stopped" not in found
    assert str(os.getpid()) in found["stuck"].text


def test_not_answering(spoilt: Path) -> None:
    with CannedNode(spoilt, answer("200 OK", b"[]")):
        assert set(offline(spoilt)) == {"not-answering"}


FOLDER = (
    *("stopped", "no-node", "not-joined", "folder-open", "settings", "seed", "identity", "genesis", "sign-state"),
    *("seed-sealed", "change-unfinished"),
    *("database", "old-copy", "succeeded", "file-foreign", "stuck", "not-answering"),
)


# -- all of them ---------------------------------------------------------------------------------------------


def test_every_kind_is_provoked_by_a_test_here() -> None:
    known = [kind.code for kind in KINDS]
    assert len(known) == len(set(known))
    names = set(globals())
    assert all(code in ("stopped",) or f"test_{code.replace('-', '_')}" in names for code in FOLDER)
    assert {code for code, _, _ in ONLINE} | set(FOLDER) == set(known)


def test_the_reference_lists_every_finding_with_its_severity() -> None:
    page = (ROOT / "docs/reference/doctor.md").read_text("utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    listed = {row[1].strip().strip("`"): row[2].strip() for row in rows}
    assert listed == {kind.code: kind.severity.text for kind in KINDS}


def test_every_finding_is_told_in_chinese_too() -> None:
    try:
        use_language("zh_CN")
        for kind in KINDS:
            assert _(kind.text) != kind.text and _(kind.remedy) != kind.remedy, kind.code
    finally:
        use_language("en")


def test_the_command_tells_remedies_and_fails_where_something_is_wrong(banyan: Command, spoilt: Path) -> None:
    (spoilt / "seed").chmod(0o644)
    told = banyan("doctor", "--home", spoilt)
    assert told.status == 1
    assert "error · seed:" in told.out and "    → " in told.out
    document = banyan("--json", "doctor", "--home", spoilt)
    assert (document.status, document.document["running"]) == (1, False)
    (seed,) = [one for one in document.document["findings"] if one["code"] == "seed"]
    assert (seed["severity"], bool(seed["remedy"])) == ("error", True)


def test_notes_alone_are_no_failure(banyan: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(home)
    strangers(network)
    looks: list[Look] = [network.look, Network(home).look]
    monkeypatch.setattr("cli.doctor.look.look_at", lambda folder: looks.pop(0))
    monkeypatch.setattr("cli.application.version", lambda: VERSION)
    told = banyan("doctor", "--home", home)
    assert (told.status, "note · strangers" in told.out) == (0, True)
    assert banyan("doctor", "--home", home).out == "Nothing is wrong.\n"


def test_what_the_node_answers_is_judged_without_a_look_at_files(home: Path) -> None:
    network = Network(home)
    quorum_at_risk(network)
    look = network.look
    assert look.online is not None
    online = look_online(home / "nothing", look.online)
    assert set(codes(examine_answers(online, VERSION))) == {"quorum-at-risk", "voter-silent"}


def test_the_worst_is_told_first(home: Path) -> None:
    network = Network(home)
    for spoil in (strangers, behind, no_quorum):
        spoil(network)
    severities = [one.kind.severity for one in examine(network.look, VERSION)]
    assert severities == sorted(severities) and severities[0] is Severity.ERROR


def test_settings_are_only_compared_where_they_can_be_read(home: Path) -> None:
    network = Network(home)
    network.offline = replace(network.offline, config=None, description=None)
    assert examine(network.look, VERSION) == ()
    assert isinstance(Network(home).offline.config, Config)


def test_the_disk_of_a_stopped_node_is_judged_by_its_settings(spoilt: Path) -> None:
    with (spoilt / "config.toml").open("a", encoding="utf-8") as config:
        config.write("\ndisk_quota_mib = 1\n")
    with (spoilt / "db" / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 1 << 20)
    (found,) = [one for one in examine(look_at(spoilt), VERSION) if one.kind.code.startswith("disk-")]
    assert found.kind.code == "disk-full"
    assert str(spoilt / "db") in found.text
    assert "`disk_quota_mib`" in found.remedy
