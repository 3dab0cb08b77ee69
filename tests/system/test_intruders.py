"""Whoever talks to a real network as it should not is refused, with the reason in the log; the network goes on.

Three of five voters run, a quorum; the keys of the others are in the hands of whoever attacks. All attack one node,
while clients write and read at all of them.
"""

import os
import re
import shutil
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.seed import read_keys
from ledger.genesis import parse_genesis
from ledger.node_keys import NodeKeys
from p2p.batching import encode_batch
from p2p.close_reasons import CloseReason
from p2p.effects import SendClass
from p2p.frames import Gossip, PayloadKind, encode_frame
from p2p.transport_messages import Hello
from tests.system.intruder import Intruder
from tests.system.list_client import Members, ask
from tests.system.load import Load
from tests.system.networks import real_network
from tests.system.real_network import DEADLINE_S, RealNetwork, RealNode, banyan
from tests.waiting import wait_until

VOTERS, RUNNING, TARGET, TAKEN, FLOODER, ATTACKER = 5, (0, 1, 2), 0, 3, 4, 5
MIB = 1024 * 1024
# A node that rests holds 60 MB of its own.
HELD_BYTES_MAX = 200 * MIB
# TLS and hello together have 5 s; a busy machine gets more.
GREETED_WITHIN_S = 15
# A greeting of more than a hundred bytes takes more than the time that there is.
BYTE_EVERY_S = 0.1
# More than a pool holds of one sender, and many times what it takes to be left.
STRANGERS_BATCHES, FORGED_BATCHES, BATCH = 20, 50, 50


class Attack:
    """What an attack needs: the network, its target, and keys."""

    def __init__(self, network: RealNetwork) -> None:
        self.network = network
        self.node = network.nodes[TARGET]
        self.address = network.links.address(TARGET)
        self.target = read_keys(self.node.home / "seed")
        self.taken = read_keys(network.nodes[TAKEN].home / "seed")
        self.flooder = read_keys(network.nodes[FLOODER].home / "seed")
        self.members = Members(network.folder)
        self.network_id = parse_genesis(network.genesis.read_text("utf-8")).network_id

    def intruder(self, keys: NodeKeys) -> Intruder:
        return Intruder(self.network.links, ATTACKER, self.address, keys, self.target)

    @contextmanager
    def logs(self, reason: CloseReason) -> Iterator[None]:
        """What is done ends with this reason in the log of the target."""
        before = self.count(reason)
        yield
        wait_until(
            lambda: self.count(reason) > before, DEADLINE_S, f"`{reason.text}` in the log: {self.node.said[-3000:]}"
        )

    def count(self, reason: CloseReason) -> int:
        return len(re.findall(rf"reason={reason.text}\b", self.node.said))

    def raw(self) -> socket.socket:
        """A TCP connection without TLS."""
        found = self.network.links.new_socket(ATTACKER)
        found.settimeout(GREETED_WITHIN_S)
        name, _, port = self.address.rpartition(":")
        found.connect((name, int(port)))
        return found


@pytest.mark.root
@pytest.mark.slow
def test_intruders_are_refused_with_a_reason_and_the_network_goes_on(tmp_path: Path) -> None:
    with real_network(tmp_path, VOTERS, further_hosts=1, running=RUNNING) as network:
        load, attack = Load(network), Attack(network)
        homes = [network.nodes[number].home for number in RUNNING]
        with load.running(homes, clients=2), another_genesis(attack) as misled:
            for one in (unknown_key, wrong_version, garbage, slow_greetings, too_large_a_frame, flood_of_transactions):
                one(attack)
                load.wait_for_more(3)
            wait_until(lambda: "reason=wrong-network" in misled.said, DEADLINE_S, "the misled node is told so")
        check_peers(attack)
        assert max(held_bytes(network.nodes[number].pid) for number in RUNNING) < HELD_BYTES_MAX
        load.check()


@contextmanager
def another_genesis(attack: Attack) -> Iterator[RealNode]:
    """The fourth voter runs, with a genesis that differs in a millisecond: the others tell it so."""
    network = attack.network
    home = network.folder / "misled"
    home.mkdir(mode=0o700)
    for name in ("config.toml", "seed", "node.public.json"):
        shutil.copy2(network.nodes[TAKEN].home / name, home / name)
    text = network.genesis.read_text("utf-8")
    created_ms = parse_genesis(text).created_ms
    genesis = network.folder / "other.json"
    genesis.write_text(text.replace(str(created_ms), str(created_ms + 1)), "utf-8")
    banyan("join", "--home", home, "--genesis", genesis)
    misled = RealNode(home, network.links, TAKEN)
    with attack.logs(CloseReason.WRONG_NETWORK):
        misled.start()
        try:
            yield misled
        finally:
            misled.kill()


def unknown_key(attack: Attack) -> None:
    """TLS with a key that is nobody's: the connection ends before a word is said."""
    with attack.logs(CloseReason.WRONG_CERTIFICATE), attack.intruder(NodeKeys.from_seed(os.urandom(32))) as intruder:
        assert intruder.greet(attack.network_id) is None


def wrong_version(attack: Attack) -> None:
    """A program of another version learns that it is one."""
    with attack.logs(CloseReason.WRONG_VERSION), attack.intruder(attack.taken) as intruder:
        assert intruder.greet(attack.network_id, (2, 3)) is CloseReason.WRONG_VERSION


def garbage(attack: Attack) -> None:
    """Bytes that are no TLS, and bytes that are no chunk where the greeting should be."""
    with attack.logs(CloseReason.WRONG_CERTIFICATE), attack.raw() as stream:
        stream.sendall(os.urandom(1000))
        assert ends(stream)
    with attack.logs(CloseReason.INVALID_FRAME), attack.intruder(attack.taken) as intruder:
        intruder.send(b"\xff" * 1000)
        assert intruder.hear_goodbye() in (CloseReason.INVALID_FRAME, None)


def slow_greetings(attack: Attack) -> None:
    """Who greets a byte at a time, or never, has to go; meanwhile others come in."""
    with attack.logs(CloseReason.TOO_SLOW), attack.raw() as silent, attack.intruder(attack.taken) as slow:
        hello = slow.hello(attack.network_id)
        slow.send(b"\x05" + len(hello).to_bytes(2, "big"))
        with attack.intruder(attack.taken) as other:
            assert isinstance(other.greet(attack.network_id), Hello)
        pause = threading.Event()
        taken = 0
        while taken < len(hello) and slow.send(hello[taken : taken + 1]):
            taken += 1
            pause.wait(BYTE_EVERY_S)
        assert taken < len(hello), "it had all the time it wanted"
        assert ends(silent)


def too_large_a_frame(attack: Attack) -> None:
    """A length that no frame has, from a voter: it is known by its first bytes, and the voter has to stay away."""
    with attack.logs(CloseReason.INVALID_FRAME), attack.intruder(attack.taken) as intruder:
        assert isinstance(intruder.greet(attack.network_id), Hello)
        intruder.send(b"\x03\x00\x06" + (64 * MIB).to_bytes(4, "big") + b"\x94\x02")
        assert intruder.hear_goodbye() is CloseReason.INVALID_FRAME
    with attack.logs(CloseReason.BANNED):
        stays_away(attack, attack.taken)


def flood_of_transactions(attack: Attack) -> None:
    """What a stranger signed is not passed on; who passes on what nobody signed is left, and not taken back."""
    members = attack.members
    with attack.logs(CloseReason.MISBEHAVED), attack.intruder(attack.flooder) as intruder:
        assert isinstance(intruder.greet(attack.network_id), Hello)
        for _ in range(STRANGERS_BATCHES):
            assert intruder.send_frame(SendClass.TRANSACTIONS, batch_of(members.by_a_stranger() for _ in range(BATCH)))
        for _ in range(FORGED_BATCHES):
            if not intruder.send_frame(SendClass.TRANSACTIONS, batch_of(members.forged() for _ in range(BATCH))):
                break
        assert intruder.hear_goodbye() in (CloseReason.MISBEHAVED, None)
    with attack.logs(CloseReason.BANNED):
        stays_away(attack, attack.flooder)


def stays_away(attack: Attack, keys: NodeKeys) -> None:
    """Whoever comes back too early is told that it is banned; the node hears of what happened a moment after it."""

    def is_banned() -> bool:
        with attack.intruder(keys) as intruder:
            answer = intruder.greet(attack.network_id)
            return (intruder.hear_goodbye() if isinstance(answer, Hello) else answer) is CloseReason.BANNED

    wait_until(is_banned, GREETED_WITHIN_S, "it is banned")


def check_peers(attack: Attack) -> None:
    """What the operator of the node that was attacked is shown of it."""
    answer = ask(attack.node.home, "GET", "/v1/peers")
    assert answer is not None
    peers = {one["id"]: one for one in answer.document["peers"]}
    for keys, offence in ((attack.taken, "invalid-frame"), (attack.flooder, "invalid-message")):
        shown = peers[keys.node_id.hex()]
        # Bans may be over by now; what they were for is kept.
        assert offence in [one["offence"] for one in shown["offences"]]
    reasons = {one["reason"] for one in answer.document["strangers"]}
    assert {CloseReason.WRONG_CERTIFICATE.text, CloseReason.TOO_SLOW.text} <= reasons


def batch_of(envelopes: Iterable[bytes]) -> bytes:
    """The frame that carries these transactions."""
    return encode_frame(Gossip.of(PayloadKind.TRANSACTIONS, encode_batch(list(envelopes))))


def ends(stream: socket.socket) -> bool:
    """Whether the other side closes the connection."""
    try:
        while stream.recv(1000):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def held_bytes(pid: int) -> int:
    """What the process holds that is no file."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) * 1024
