"""The errors of `consensus`, drawn in their place in the tree.

BanyanError
├── LocalError
│   ├── InvalidVoterSetError       no network can have such voters
│   └── InvalidTimingError         no node can wait like that
└── RemoteProtocolError
    ├── InvalidMessageError        a vote or acknowledgement that is not one
    ├── InvalidCertificateError    signatures that do not make the quorum they claim
    └── UnprovenVotersError        a change of voters that no quorum of those before vouched for
"""

from ledger.errors import LocalError, RemoteProtocolError


class InvalidMessageError(RemoteProtocolError):
    """A message of agreement that breaks its format."""

    code = "message-invalid"


class InvalidCertificateError(RemoteProtocolError):
    """A certificate that does not certify."""

    code = "certificate-invalid"


class UnprovenVotersError(RemoteProtocolError):
    """A chain of headers whose voters cannot be shown to follow from those that are trusted."""

    code = "voters-unproven"


class InvalidVoterSetError(LocalError):
    """A set that could never decide anything, or names a voter or key twice."""

    code = "voter-set-invalid"


class InvalidTimingError(LocalError):
    """Times that do not go together."""

    code = "timing-invalid"
