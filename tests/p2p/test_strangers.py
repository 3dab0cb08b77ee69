"""Who knocks at a real listener and is no peer: wrong certificates, garbage, silence, crowds, and guests."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ledger.node_keys import NodeKeys
from p2p.chunks import chunk_bytes
from p2p.close_reasons import CloseReason
from p2p.connection import Connection, TimeLimits
from p2p.doorkeeper import DoorLimits
from p2p.effects import SendClass
from p2p.frame import FRAME_SIZE_BYTES_MAX
from p2p.frames import Prune
from p2p.invitations import Guest, Invitation
from p2p.offences import Offence
from p2p.secure_stream import SecureStream, secured
from p2p.switchboard import TransportSettings
from p2p.tls_contexts import client_context, server_context
from p2p.transport_errors import PeerRefusedError
from p2p.transport_events import FrameCame, LinkDown, LinkFailed, LinkUp, PeerMisbehaved
from tests.p2p.switchboards import (
    DEADLINE_S,
    KEYS,
    NETWORK,
    NOW_MS,
    Station,
    contact,
    hello_of,
    knocking,
    running,
    until,
)

pytestmark = pytest.mark.trio
PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def certificate(
    issuer: NodeKeys, key: PrivateKey, is_authority: bool = False, signer: Ed25519PrivateKey | None = None
) -> bytes:
    """A leaf for `key`, issued in the name of `issuer`, with its private key."""

    def name(role: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"banyan {role}"),
                x509.NameAttribute(NameOID.COMMON_NAME, issuer.transport.public.hex()),
            ]
        )

    leaf = (
        x509.CertificateBuilder()
        .subject_name(name("node"))
        .issuer_name(name("key"))
        .public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(datetime(2000, 1, 1))
        .not_valid_after(datetime(9999, 1, 1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(signer or private(issuer), None)
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return leaf.public_bytes(Encoding.PEM) + secret


def private(keys: NodeKeys) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.transport.seed)


async def shut_out(station: Station, pem: bytes) -> CloseReason:
    """Why `station` turned away whoever shows this certificate; a greeting does not help."""
    known = len(station.switchboard.strangers)
    async with knocking(station, KEYS[1], pem) as connection:
        with pytest.raises(PeerRefusedError):
            await connection.say(hello_of(KEYS[1]))
            await connection.hear_hello()
    await until(lambda: len(station.switchboard.strangers) > known)
    return station.switchboard.strangers[-1].reason


async def test_certificates_that_are_no_registered_nodes() -> None:
    station = Station(KEYS[0])
    async with running(station):
        station.know(contact(KEYS[1]))
        node, other = KEYS[1], Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        # Nobody of the registry: OpenSSL refuses it, also under the name of one.
        stranger = NodeKeys.from_seed(b"s" * 32)
        assert await shut_out(station, certificate(stranger, private(stranger))) is CloseReason.WRONG_CERTIFICATE
        assert await shut_out(station, certificate(node, other, signer=other)) is CloseReason.WRONG_CERTIFICATE
        # A registered node's own key, in a certificate that may issue others.
        own_authority = certificate(node, private(node), is_authority=True)
        assert await shut_out(station, own_authority) is CloseReason.WRONG_CERTIFICATE
        assert "authority" in station.switchboard.strangers[-1].detail
        # What a registered node issued to others passes OpenSSL. The registry does not know the key.
        assert await shut_out(station, certificate(node, other)) is CloseReason.NOT_REGISTERED
        elliptic = ec.generate_private_key(ec.SECP256R1())
        assert await shut_out(station, certificate(node, elliptic)) is CloseReason.WRONG_CERTIFICATE
        # And the node itself is let in.
        async with knocking(station, node) as connection:
            await connection.say(hello_of(node))
            assert (await connection.hear_hello()).node == station.id


async def test_older_tls_and_no_certificate_are_refused() -> None:
    station = Station(KEYS[0])
    async with running(station):
        station.know(contact(KEYS[1]))
        for version, with_certificate in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, False)):
            if with_certificate:
                context = client_context(certificate(KEYS[1], private(KEYS[1])), station.keys.transport.public)
            else:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.maximum_version = version
            known = len(station.switchboard.strangers)
            async with await trio.open_tcp_stream("127.0.0.1", station.port) as stream:
                try:
                    await secured(stream, context, server_side=False)
                except PeerRefusedError as error:
                    assert version is ssl.TLSVersion.TLSv1_2, error
                await until(lambda known=known: len(station.switchboard.strangers) > known)  # type: ignore[misc]
            assert station.switchboard.strangers[-1].reason is CloseReason.WRONG_CERTIFICATE


async def test_a_dialled_address_where_another_node_answers() -> None:
    one, other = Station(KEYS[0]), Station(KEYS[1])
    async with running(one, other):
        one.know(contact(KEYS[2], f"127.0.0.1:{other.port}"))
        one.switchboard.dial(KEYS[2].node_id)
        await until(lambda: one.switchboard.peers() != ())
        (line,) = one.switchboard.peers()
        assert line.ending is not None and line.ending.reason is CloseReason.WRONG_CERTIFICATE


async def test_a_certificate_that_the_dialled_node_issued_to_another_key() -> None:
    """TLS takes it, since the node's key is pinned. Whether the other key is registered does not matter."""
    one = Station(KEYS[0])
    async with running(one), trio.open_nursery() as nursery:
        for key in (Ed25519PrivateKey.from_private_bytes(bytes(range(32))), private(KEYS[1])):
            context = server_context(certificate(KEYS[2], key, signer=private(KEYS[2])), [one.keys.transport.public])

            async def answer(stream: trio.SocketStream, context: ssl.SSLContext = context) -> None:
                secure, _ = await secured(stream, context, server_side=True)
                # A greeting in the name of the node that was dialled.
                await Connection(secure).say(hello_of(KEYS[2]))
                await secure.receive_some(1000)

            listeners = await nursery.start(trio.serve_tcp, answer, 0)
            port = listeners[0].socket.getsockname()[1]
            one.know(contact(KEYS[1]), contact(KEYS[2], f"127.0.0.1:{port}"))
            one.switchboard.dial(KEYS[2].node_id)
            reason = (await one.next(LinkFailed)).reason
            assert reason in (CloseReason.WRONG_NODE, CloseReason.NOT_REGISTERED)
        nursery.cancel_scope.cancel()


async def test_garbage_instead_of_tls() -> None:
    station = Station(KEYS[0])
    async with running(station):
        async with await trio.open_tcp_stream("127.0.0.1", station.port) as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\n\r\n" * 100)
            await until(lambda: len(station.switchboard.strangers) == 1)
        assert station.switchboard.strangers[0].reason is CloseReason.WRONG_CERTIFICATE


@asynccontextmanager
async def raw_peer(station: Station) -> AsyncIterator[SecureStream]:
    """A registered node's TLS stream, on which anything can be said."""
    stream = await trio.open_tcp_stream("127.0.0.1", station.port)
    async with stream:
        pem = certificate(KEYS[1], private(KEYS[1]))
        secure, _ = await secured(stream, client_context(pem, station.keys.transport.public), server_side=False)
        yield secure


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (b"\xff" * 1000, "garbage"),
        (chunk_bytes(5, b"\xc1"), "no canonical bytes"),
        (chunk_bytes(SendClass.CONTROL, b"\0\0\0\2\x91\5"), "a frame before the greeting"),
    ],
)
async def test_whoever_does_not_greet_is_refused(said: bytes, what: str) -> None:
    station = Station(KEYS[0])
    async with running(station):
        station.know(contact(KEYS[1]))
        async with raw_peer(station) as stream:
            await stream.send_all(said)
            await until(lambda: station.switchboard.peers() != ())
        (line,) = station.switchboard.peers()
        assert line.ending is not None and line.ending.reason is CloseReason.INVALID_FRAME, what


async def test_an_oversized_frame_ends_the_connection_and_costs_points() -> None:
    station = Station(KEYS[0])
    async with running(station):
        station.know(contact(KEYS[1]))
        async with knocking(station, KEYS[1]) as connection:
            await connection.say(hello_of(KEYS[1]))
            await connection.hear_hello()
            assert (await station.next(LinkUp)).peer == KEYS[1].node_id
            oversized = (FRAME_SIZE_BYTES_MAX + 1).to_bytes(4, "big") + b"\x93\x0b"
            connection.queue(oversized, SendClass.BULK)
            connection.flush()
            with trio.fail_after(DEADLINE_S):
                await connection.run(_ignore)
            assert connection.is_told and connection.reason is CloseReason.INVALID_FRAME
        fault = await station.next(PeerMisbehaved)
        assert (fault.peer, fault.offence) == (KEYS[1].node_id, Offence.INVALID_FRAME)
        assert (await station.next(LinkDown)).reason is CloseReason.INVALID_FRAME


async def _ignore(frame: object) -> None:
    assert frame is not None


async def test_silence_and_dribbling_are_given_up() -> None:
    """Before TLS, after TLS, and in the middle of the greeting."""
    station = Station(KEYS[0], TransportSettings(TimeLimits(handshake_s=0.3)))
    async with running(station):
        station.know(contact(KEYS[1]))
        async with await trio.open_tcp_stream("127.0.0.1", station.port) as stream:
            await stream.send_all(b"\x16\x03\x01")
            await until(lambda: len(station.switchboard.strangers) == 1)
        assert station.switchboard.strangers[0].reason is CloseReason.TOO_SLOW
        async with raw_peer(station) as secure:
            await secure.send_all(chunk_bytes(5, bytes(200))[:100])
            await until(lambda: station.switchboard.peers() != ())
        (line,) = station.switchboard.peers()
        assert line.ending is not None and line.ending.reason is CloseReason.TOO_SLOW


async def test_a_crowd_at_the_door_does_not_keep_others_out_for_long() -> None:
    doors = DoorLimits(handshakes_per_address_max=3, handshakes_max=4)
    station = Station(KEYS[0], TransportSettings(TimeLimits(handshake_s=0.5), doors))
    async with running(station):
        station.know(contact(KEYS[1]))
        streams = [await trio.open_tcp_stream("127.0.0.1", station.port) for _ in range(10)]
        await until(lambda: len(station.switchboard.strangers) == 10)
        reasons = [one.reason for one in station.switchboard.strangers]
        assert reasons.count(CloseReason.TOO_MANY_CONNECTIONS) == 7
        assert reasons.count(CloseReason.TOO_SLOW) == 3
        async with knocking(station, KEYS[1]) as connection:
            await connection.say(hello_of(KEYS[1]))
            assert (await connection.hear_hello()).node == station.id
        for stream in streams:
            await stream.aclose()


async def test_a_guest_is_let_in_until_the_invitation_expires() -> None:
    station = Station(KEYS[0])
    async with running(station):
        guest = Guest(KEYS[1].node_id, KEYS[1].transport.public)
        neighbours = (contact(KEYS[0], f"127.0.0.1:{station.port}"),)
        invitation = Invitation.make(NETWORK, guest, neighbours, NOW_MS, NOW_MS + 60_000, KEYS[0].agreement)
        invitation.check(NETWORK, NOW_MS, lambda key: key == KEYS[0].agreement.public)
        station.switchboard.admit(invitation)
        async with knocking(station, KEYS[1]) as connection:
            await connection.say(hello_of(KEYS[1]))
            await connection.hear_hello()
            assert (await station.next(LinkUp)).peer == KEYS[1].node_id
            station.now_ms += 60_000
            with trio.fail_after(DEADLINE_S):
                await connection.run(_ignore)
            assert connection.reason is CloseReason.INVITATION_EXPIRED
        assert (await station.next(LinkDown)).reason is CloseReason.INVITATION_EXPIRED
        assert await shut_out(station, certificate(KEYS[1], private(KEYS[1]))) in (
            CloseReason.WRONG_CERTIFICATE,
            CloseReason.NOT_REGISTERED,
        )


async def test_a_node_joins_with_nothing_but_its_invitation() -> None:
    """Neither side is in the other's registry; the text has the keys for both."""
    host, joiner = Station(KEYS[0]), Station(KEYS[1])
    async with running(host, joiner):
        for station in (host, joiner):
            station.know()
        guest = Guest(joiner.id, joiner.keys.transport.public)
        made = Invitation.make(NETWORK, guest, (host.contact,), NOW_MS, NOW_MS + 60_000, KEYS[0].agreement)
        text = made.to_text()
        host.switchboard.admit(Invitation.from_text(text))
        joiner.know(*Invitation.from_text(text).neighbours)
        joiner.switchboard.dial(host.id)
        assert (await joiner.next(LinkUp)).dialled
        assert (await host.next(LinkUp)).peer == joiner.id


async def test_a_guest_that_is_registered_stays() -> None:
    station = Station(KEYS[0])
    async with running(station):
        guest = Guest(KEYS[1].node_id, KEYS[1].transport.public)
        neighbours = (contact(KEYS[0], f"127.0.0.1:{station.port}"),)
        station.switchboard.admit(
            Invitation.make(NETWORK, guest, neighbours, NOW_MS, NOW_MS + 60_000, KEYS[0].agreement)
        )
        async with knocking(station, KEYS[1]) as connection, trio.open_nursery() as nursery:
            await connection.say(hello_of(KEYS[1]))
            await connection.hear_hello()
            assert (await station.next(LinkUp)).peer == KEYS[1].node_id
            nursery.start_soon(connection.run, _ignore)
            station.know(contact(KEYS[1]))
            station.now_ms += 120_000
            station.switchboard.registry_changed()
            prune = b"\0\0\0\2\x91\5"
            connection.queue(prune, SendClass.CONTROL)
            connection.flush()
            assert await station.next(FrameCame) == FrameCame(KEYS[1].node_id, Prune())
            nursery.cancel_scope.cancel()
