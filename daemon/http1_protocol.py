"""HTTP/1 as hypercorn speaks it, and nothing else.

Owns which protocols are spoken: what a client offers beside is passed over, what it takes for granted is refused. Of
HTTP/2 a client may begin hundreds of requests with one small packet, give them up, and leave their work to the node;
nobody needs it here, where a browser's own HTTP/2 ends at the proxy that has the certificate.
Source: RFC 9110, section 7.8; docs/adr/0008-http-stack.md.
"""

from http import HTTPStatus

import h11
from hypercorn.events import Closed
from hypercorn.protocol.h11 import H11Protocol

_VERSIONS = (b"1.0", b"1.1")


class Http1Protocol(H11Protocol):
    """The protocol of one connection."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """An offer to go on with another protocol needs no answer."""

    async def _create_stream(self, request: h11.Request) -> None:
        if request.http_version in _VERSIONS:
            await super()._create_stream(request)
        else:
            await self._send_error_response(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
            await self.send(Closed())
