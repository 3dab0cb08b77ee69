"""Nothing but HTTP/1 is spoken, whatever a client offers."""

import pytest

from tests.daemon.test_http_connection import ASK
from tests.daemon.test_server import careless, connected, everything, serving

pytestmark = pytest.mark.trio
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


@pytest.mark.parametrize("request_line", [PREFACE, ASK.replace(b"1.1", b"2.0"), ASK.replace(b"1.1", b"0.9")])
async def test_another_version_is_refused(request_line: bytes) -> None:
    """Guard: daemon/http1_protocol.py, "if request.http_version in _VERSIONS:"."""
    async with serving(careless) as (address, _, _), connected(address) as stream:
        await stream.send_all(request_line)
        answer = await everything(stream)
    assert answer.startswith(b"HTTP/1.1 505") and answer.endswith(b"\r\n\r\n")


async def test_an_offer_of_another_protocol_is_passed_over() -> None:
    """RFC 9110, 7.8. Guard: daemon/http1_protocol.py, "async def _check_protocol(self, event: h11.Request)"."""
    offer = b"connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n"
    async with serving(careless) as (address, _, _), connected(address) as stream:
        await stream.send_all(ASK.removesuffix(b"\r\n") + offer)
        answer = await everything(stream)
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"ok")
