"""The doors of a node: control socket, if configured TCP for the API, and the one for other nodes.

Owns opening all sockets before the node starts (so that a taken port is known before anything is signed), serving the
API on the first two, and taking the control socket's file away at the end. What comes through the door for other nodes
is `daemon.peer_network`'s.
"""

import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from daemon.api.app import Application
from daemon.api.context import ApiContext, Door, NodeContext
from daemon.control_socket import control_socket_path, open_control_socket
from daemon.server import Server
from daemon.tcp_listener import listening_address, open_tcp_listener

if TYPE_CHECKING:
    import trio

    from daemon.home import OpenHome


@dataclass(slots=True)
class Doors:
    """Open sockets, not served until `serve`."""

    control_path: Path
    control: socket.socket
    peers: socket.socket
    # Noted while it is open: it is closed with the node, which may end before anybody is told where it listened.
    peers_address: str
    http: socket.socket | None
    http_address: str | None
    _applications: list[Application] = field(default_factory=list)
    _servers: list[Server] = field(default_factory=list)

    @classmethod
    def open(cls, opened: "OpenHome") -> Self:
        """Open all sockets.

        Raises:
            AddressError: one cannot be opened; none is left open.
        """
        with ExitStack() as stack:
            peers = stack.enter_context(open_tcp_listener(opened.config.listen, "listen"))
            http = None
            if opened.config.http:
                http = stack.enter_context(open_tcp_listener(opened.config.http, "http"))
            path = control_socket_path(opened.home.directory)
            control = open_control_socket(path)
            stack.pop_all()
        http_address = None if http is None else listening_address(http)
        return cls(path, control, peers, listening_address(peers), http, http_address)

    async def serve(self, nursery: "trio.Nursery", node: NodeContext) -> None:
        """Serve the API on its doors, in `nursery`; returns when they take connections."""
        sockets = {Door.CONTROL: self.control}
        if self.http is not None:
            sockets[Door.TCP] = self.http
        for door, listener in sockets.items():
            gauge = node.metrics.connections.labels(door.value)
            application = Application(ApiContext(node, door))
            server = Server(application, listener, node.config.http_connections_max, gauge.set)
            self._applications.append(application)
            self._servers.append(server)
            await nursery.start(server.run)

    async def stop(self) -> None:
        """Take no further connections; what is being answered may end within its grace."""
        for server in self._servers:
            await server.stop()

    def close(self) -> None:
        """Close all and remove the control socket's file."""
        for application in self._applications:
            application.close()
        self.control_path.unlink(missing_ok=True)
        self.control.close()
        self.peers.close()
        if self.http is not None:
            self.http.close()
