"""A connection to the node's control socket: HTTP/1.1 over a Unix socket.

Owns finding the socket and telling why nobody answers. Never interprets an answer. It is a connection of the
standard library's HTTP client, which starts at once and lets a batch be sent while its answers are read.
"""

import http.client
import socket
from pathlib import Path

from cli.errors import CommandError, UnreachableError
from daemon.control_socket import control_socket_path

# The socket is on this machine: a node that does not take a connection in this time is stuck.
CONNECT_TIMEOUT_S = 5.0
# The API answers within its own bounds (60 s at most, when asked to wait) or not at all.
ANSWER_TIMEOUT_S = 90.0


class NodeConnection(http.client.HTTPConnection):
    """HTTP to the node in `home`."""

    def __init__(self, home: Path) -> None:
        super().__init__("node", timeout=ANSWER_TIMEOUT_S)
        self._home = home

    def connect(self) -> None:
        """Connect.

        Raises:
            UnreachableError: no node runs there, or it takes no connections.
            CommandError: this user may not talk to the node.
        """
        path = control_socket_path(self._home)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(CONNECT_TIMEOUT_S)
            connection.connect(str(path))
            connection.settimeout(ANSWER_TIMEOUT_S)
        except PermissionError as error:
            connection.close()
            raise CommandError(
                "you may not talk to the node in {home}: its socket {path} belongs to another user; run the command as"
                " the user that runs the node",
                home=str(self._home),
                path=str(path),
            ) from error
        except OSError as error:
            connection.close()
            raise self._not_running(path, error) from error
        self.sock = connection

    def _not_running(self, path: Path, error: OSError) -> UnreachableError:
        if not self._home.exists():
            return UnreachableError(
                "there is no node folder {home}; name it with --home or ${variable}, or make one with `banyan init`",
                home=str(self._home),
                variable="BANYAN_HOME",
            )
        if isinstance(error, TimeoutError | BlockingIOError):
            return UnreachableError(
                "the node in {home} takes no connection at {path}; look at its log, it may be stuck",
                home=str(self._home),
                path=str(path),
            )
        return UnreachableError(
            "no node runs in {home} ({reason}); start it with `banyan run --home {home}`",
            home=str(self._home),
            reason=error.strerror or str(error),
        )
