"""The public doors: opening a TCP socket at the address in the settings.

Owns the way from `HOST:PORT` to a listening socket and one sentence for each thing that can go wrong there.
"""

import errno
import socket

from daemon.backlog import BACKLOG
from daemon.errors import AddressError


def open_tcp_listener(address: str, setting: str) -> socket.socket:
    """A listening socket at `address`, `HOST:PORT`, which is the value of `setting`; port 0 takes any free one.

    A name with several addresses is listened on at the first.

    Raises:
        AddressError: the port is taken or not allowed, or the host is not this machine's.
    """
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    listener: socket.socket | None = None
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, place = found[0]
        listener = socket.socket(family, kind, protocol)
        # A restarted node must not wait for the last one's connections to time out.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise _address_error(address, setting, error) from error
    return listener


def listening_address(listener: socket.socket) -> str:
    """`HOST:PORT` as it is really listened on."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address_error(address: str, setting: str, error: OSError) -> AddressError:
    if error.errno == errno.EADDRINUSE:
        return AddressError(
            "the address {address} is taken by another process; stop it, or set another `{setting}` in config.toml",
            address=address,
            setting=setting,
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return AddressError(
            "this user may not listen on {address}; set a port above 1023 as `{setting}` in config.toml",
            address=address,
            setting=setting,
        )
    return AddressError(
        "the address {address} cannot be listened on ({reason}); set an address of this machine as `{setting}` in"
        " config.toml",
        address=address,
        setting=setting,
        reason=error.strerror or str(error),
    )
