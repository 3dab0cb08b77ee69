"""Ports that nobody else is given while the tests run.

A port stays bound by a socket that never listens: the system gives it to nobody who asks for any free port, neither in
this process nor in another, and whoever asks for this very one with SO_REUSEADDR, as Banyan does, gets it, again and
again.
"""

import socket

_reserved: list[socket.socket] = []


def free_address() -> str:
    """`127.0.0.1:PORT` for a node of a test; another one each time."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    _reserved.append(reserved)
    return f"127.0.0.1:{reserved.getsockname()[1]}"
