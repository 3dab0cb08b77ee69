"""The root of the project's error tree, and the errors of `ledger`.

    BanyanError                    everything that can be foreseen; never shown as a traceback
    ├── LocalError                 our own bug or our own caller's misuse
    │   └── EncodingError          a value that has no canonical encoding
    └── RemoteProtocolError        somebody else's bytes break the rules; lowers a peer's score
        ├── DecodingError          not the one canonical byte form
        ├── InvalidTransactionError
        ├── InvalidBlockError
        ├── InvalidGenesisError
        ├── InvalidKeyError        a key or verifier key that cannot be used
        ├── InvalidNoteError       signed note, checkpoint, cosignature, policy or proof text
        └── InvalidProofError      well-formed, but it does not prove what it claims

An error is made of a constant template and its parameters. The template is the message catalogue's
key, so that a message can be shown in another language with the same values in it.
"""


class BanyanError(Exception):
    """What was wrong, with what, and what to do next.

    Args:
        template: Constant text with `{name}` fields; the key of the message catalogue.
        params: Values for the fields; they end up in logs and answers, so nothing secret goes here.
    """

    code = "error"

    def __init__(self, template: str, **params: object) -> None:
        super().__init__(template, params)
        self.template = template
        self.params = params

    def __str__(self) -> str:
        return self.template.format(**self.params)

    def forget_origin(self) -> None:
        """Let go of where it was raised: for an error that is kept, or told later, by whoever does not raise it again.

        A traceback keeps all local values of every function that it passed, and the error is often one of them: a
        refused megabyte would stay until the garbage collector comes by.
        """
        self.__traceback__ = self.__cause__ = self.__context__ = None


class LocalError(BanyanError):
    """Our own mistake: the caller broke a documented condition."""

    code = "local"


class RemoteProtocolError(BanyanError):
    """Bytes from outside break the rules of the protocol."""

    code = "protocol"


class EncodingError(LocalError):
    """The value has no canonical encoding (a float, a key that is not text, too deep, too large)."""

    code = "encoding"


class DecodingError(RemoteProtocolError):
    """The bytes are not the one canonical form of a value."""

    code = "decoding"


class InvalidTransactionError(RemoteProtocolError):
    """A transaction breaks a rule that needs no ledger state to be checked."""

    code = "transaction-invalid"


class InvalidBlockError(RemoteProtocolError):
    """A block or header breaks a rule of its format or of its place in the chain."""

    code = "block-invalid"


class InvalidGenesisError(RemoteProtocolError):
    """A genesis or node description cannot be used."""

    code = "genesis-invalid"


class InvalidKeyError(RemoteProtocolError):
    """A key is not in the form that its place asks for."""

    code = "key-invalid"


class InvalidNoteError(RemoteProtocolError):
    """A text in one of the C2SP formats is malformed."""

    code = "note-invalid"


class InvalidProofError(RemoteProtocolError):
    """A proof is well-formed and does not prove its claim."""

    code = "proof-invalid"
