"""A state in a dictionary: the simplest that execution can work on."""


class DictState(dict[bytes, bytes]):
    """A dictionary that also finds keys in order, by sorting all of them."""

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        return next((key for key in sorted(self) if key.startswith(prefix) and key > after), None)
