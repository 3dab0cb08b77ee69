"""Why a connection to a node failed, in words of ours.

Owns the sentences for what sockets, TLS and the HTTP client of the standard library complain about: their own messages
are for programmers, and some are what Python shows of an object.
"""

import http.client
import socket
import ssl

from ledger.errors import BanyanError


def connection_fault(error: OSError | http.client.HTTPException) -> BanyanError | str:
    """What to tell of `error`; to be a value in the error that says which node it was.

    Returns:
        A sentence of ours, or the system's own text, which the catalogue has where it is a common one.
    """
    match error:
        case http.client.RemoteDisconnected():
            return BanyanError("it closed the connection without an answer")
        case http.client.IncompleteRead():
            return BanyanError("its answer broke off in the middle")
        case http.client.HTTPException():
            return BanyanError("what it answers is not HTTP")
        case ssl.SSLCertVerificationError():
            return BanyanError("its TLS certificate is not trusted: {reason}", reason=error.verify_message)
        case ssl.SSLError():
            return BanyanError("it does not speak TLS; http:// may be meant")
        case TimeoutError():
            return BanyanError("it did not answer in time")
        case socket.gaierror():
            return BanyanError("there is no host of this name")
    return error.strerror or str(error) or type(error).__name__
