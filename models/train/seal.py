"""Writes the hash of a GGUF file into it, in `lectern.file_hash` (models/FORMAT.md): a damaged file is then refused, not read.

    python seal.py FILE.gguf...
"""
import pathlib
import struct
import sys

import xxhash

KEY = b"lectern.file_hash"
UINT64, STRING, ARRAY = 10, 8, 9
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def number(data, at, form):
    return struct.unpack_from(form, data, at)[0]


def behind(data, at, kind):
    """Where a value of a kind that begins at `at` ends."""
    if kind == STRING:
        return at + 8 + number(data, at, "<Q")
    if kind != ARRAY:
        return at + SIZES[kind]
    element, count = number(data, at, "<I"), number(data, at + 4, "<Q")
    at += 12
    if element != STRING:
        return at + count * SIZES[element]
    for _ in range(count):
        at = behind(data, at, STRING)
    return at


def walk(data):
    """Where the hash's value is (None: it has none), where the values end, where the tensors' descriptions do, and the alignment."""
    n_tensors, n_values, at = number(data, 8, "<Q"), number(data, 16, "<Q"), 24
    found, alignment = None, 32
    for _ in range(n_values):
        end = behind(data, at, STRING)
        key, kind, value = data[at + 8:end], number(data, end, "<I"), end + 4
        if key == KEY:
            found = value
        if key == b"general.alignment":
            alignment = number(data, value, "<I")
        at = behind(data, value, kind)
    values_end = at
    for _ in range(n_tensors):
        at = behind(data, at, STRING)
        at += 4 + 8 * number(data, at, "<I") + 4 + 8
    return found, values_end, at, alignment


def seal(path):
    """Tensors keep their offsets: they count from where the data begin."""
    path = pathlib.Path(path)
    data = bytearray(path.read_bytes())
    found, values_end, end, alignment = walk(data)
    if found is None:
        pair = struct.pack("<Q", len(KEY)) + KEY + struct.pack("<IQ", UINT64, 0)
        tensors = data[-(-end // alignment) * alignment:]
        head = data[:values_end] + pair + data[values_end:end]
        head += bytes(-len(head) % alignment)
        data = head + tensors
        struct.pack_into("<Q", data, 16, number(data, 16, "<Q") + 1)
        found = values_end + len(pair) - 8
    struct.pack_into("<Q", data, found, 0)
    struct.pack_into("<Q", data, found, xxhash.xxh3_64_intdigest(bytes(data)))
    path.write_bytes(data)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        seal(name)
