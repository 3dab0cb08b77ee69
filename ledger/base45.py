"""Base45: bytes as the 45 characters that a QR code packs best.

Owns the strict reading: every text has one meaning and every run of bytes one text. Source: RFC 9285.
"""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_BASE = len(_ALPHABET)


def encode_base45(data: bytes) -> str:
    """Three characters for two bytes, two for a last single byte."""
    characters: list[str] = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            value, digit = divmod(value, _BASE)
            characters.append(_ALPHABET[digit])
    return "".join(characters)


def decode_base45(text: str) -> bytes | None:
    """The bytes of `text`, or None if it is not exactly what `encode_base45` makes."""
    data = bytearray()
    for at in range(0, len(text), 3):
        digits = [_VALUES.get(character, -1) for character in text[at : at + 3]]
        size = len(digits) - 1
        if size == 0 or min(digits) < 0:
            return None
        value = sum(digit * _BASE**place for place, digit in enumerate(digits))
        if value >= 1 << 8 * size:
            return None
        data += value.to_bytes(size, "big")
    return bytes(data)
