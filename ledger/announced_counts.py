"""What MessagePack bytes announce: more values than are allowed, or than bytes follow, are refused unread.

Owns one walk over the heads of the items, without building a value. A reader makes room for the announced items of
an array before it reads them, and does so again for each array inside: a few kilobytes could ask for gigabytes. And an
empty map is one byte here, and 72 for whoever reads it. After this walk both are bounded.

Source: MessagePack specification, "Formats".
"""

from ledger.errors import DecodingError

# For each first byte: size of the item in bytes without what it contains (0: see below), and how many items follow
# in it. Heads that are in neither table (floats, extension types, 0xc1) have no place in canonical bytes.
_SIZES = [0] * 256
_ITEMS = [0] * 256
for _head in (*range(0x00, 0x80), *range(0xE0, 0x100), 0xC0, 0xC2, 0xC3):
    _SIZES[_head] = 1
for _exponent in range(4):
    _SIZES[0xCC + _exponent] = _SIZES[0xD0 + _exponent] = 1 + 2**_exponent
for _count in range(16):
    _SIZES[0x80 + _count] = _SIZES[0x90 + _count] = 1
    _ITEMS[0x80 + _count], _ITEMS[0x90 + _count] = 2 * _count, _count
for _count in range(32):
    _SIZES[0xA0 + _count] = 1 + _count
# First byte of an item that states its length: how many bytes state it, and how many items each unit stands for
# (0: bytes of the item itself).
_STATED = {
    **{0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0)},
    **{0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0)},
    **{0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)},
}


def check_announced_counts(data: bytes, values_max: int) -> None:
    """Return if `data` begins with a value of at most `values_max` values, itself included, that `data` could hold.

    Counted are arrays, maps, keys and plain items, one each. Whether the bytes are MessagePack to the end is for the
    reader after this.

    Raises:
        DecodingError: too much is announced, or an item begins with a byte that canonical bytes never begin with.

    Args:
        data: Not empty.
        values_max: At least 1.

    Cost: about 0.15 µs for each item, whatever its size, of at most `values_max`; no memory.
    """
    size = len(data)
    position, awaited = 0, 1
    for _ in range(values_max):
        head = data[position]
        awaited -= 1
        if _SIZES[head]:
            position += _SIZES[head]
            awaited += _ITEMS[head]
        else:
            if head not in _STATED:
                raise DecodingError("an item begins with the byte {head}, which is not allowed", head=f"{head:#04x}")
            width, items = _STATED[head]
            length = int.from_bytes(data[position + 1 : position + 1 + width], "big")
            position += 1 + width + (0 if items else length)
            awaited += length * items
        if awaited > size - position:
            raise DecodingError("the bytes announce more items than they can hold")
        if not awaited:
            return
    raise DecodingError("the bytes hold more than {limit} values", limit=values_max)
