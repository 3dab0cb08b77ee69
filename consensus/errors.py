"""The errors of `consensus`, drawn in their place in the tree.

BanyanError
└── RemoteProtocolError
    ├── InvalidMessageError        a vote or acknowledgement that cannot be read or is not signed by its voter
    └── InvalidCertificateError    signatures that do not make the quorum they claim
└── LocalError
    └── InvalidVoterSetError       no network can have such voters
"""

from ledger.errors import LocalError, RemoteProtocolError


class InvalidMessageError(RemoteProtocolError):
    """A message of agreement that breaks its format or bears a wrong signature."""

    code = "message-invalid"


class InvalidCertificateError(RemoteProtocolError):
    """A certificate that does not certify."""

    code = "certificate-invalid"


class InvalidVoterSetError(LocalError):
    """A set that could never decide anything, or names a voter twice."""

    code = "voter-set-invalid"
