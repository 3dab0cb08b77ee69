"""The errors of `p2p`, drawn in their place in the tree.

BanyanError
├── LocalError
│   ├── FrameTooLargeError         we would send what every peer refuses
│   └── InvalidOverlayError        numbers of neighbours that do not go together
└── RemoteProtocolError
    ├── InvalidFrameError          a peer's bytes are no frame
    └── InvalidBatchError          a gossiped payload is no batch of transactions
"""

from ledger.errors import LocalError, RemoteProtocolError


class FrameTooLargeError(LocalError):
    """Something of our own does not fit into a frame."""

    code = "frame-too-large"


class InvalidOverlayError(LocalError):
    """No node can keep such a number of neighbours."""

    code = "overlay-invalid"


class InvalidFrameError(RemoteProtocolError):
    """A peer sent bytes that are no frame; the connection cannot be read any further."""

    code = "frame-invalid"


class InvalidBatchError(RemoteProtocolError):
    """A payload that says it holds transactions, and is no list of them."""

    code = "batch-invalid"
