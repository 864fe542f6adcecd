"""Deterministic CBOR (RFC 8949 section 4.2.1), written out, and its typed notation in JSON.

Python values: int, float, bytes, str, bool, None, list, and `Pairs` for maps, whose keys may be anything.
"""

import math
import struct

import cbor2


class Pairs(list):
    """A map as a list of (key, value) in the order it was built."""


def _head(major: int, number: int) -> bytes:
    """The shortest head: major type and argument."""
    if number < 24:
        return bytes([major << 5 | number])
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * width:
            return bytes([major << 5 | info]) + number.to_bytes(width, "big")
    raise ValueError("beyond 64 bits")


def _float(value: float) -> bytes:
    if math.isnan(value):
        raise ValueError("NaN has no place in a hashed structure")
    for lead, code in ((b"\xf9", ">e"), (b"\xfa", ">f"), (b"\xfb", ">d")):
        try:
            packed = struct.pack(code, value)
        except OverflowError:
            continue
        if struct.unpack(code, packed)[0] == value:
            return lead + packed
    raise AssertionError("a double holds every float")


def encode(value: object) -> bytes:
    """The one encoding of a value."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode("utf-8")
        return _head(3, len(text)) + text
    if isinstance(value, Pairs):
        entries = sorted((encode(key), encode(item)) for key, item in value)
        if len({key for key, _ in entries}) != len(entries):
            raise ValueError("duplicate key")
        return _head(5, len(entries)) + b"".join(key + item for key, item in entries)
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encode, value))
    raise TypeError(type(value).__name__)


def _for_cbor2(value: object, key: bool = False) -> object:
    """The same value as cbor2 takes it; what is inside a key must be hashable."""
    if isinstance(value, Pairs):
        return {_for_cbor2(name, True): _for_cbor2(item) for name, item in value}
    if isinstance(value, list):
        items = [_for_cbor2(item, key) for item in value]
        return tuple(items) if key else items
    return value


def _text_keys_only(value: object) -> bool:
    if isinstance(value, Pairs):
        return all(isinstance(key, str) and _text_keys_only(item) for key, item in value)
    return not isinstance(value, list) or all(map(_text_keys_only, value))


def checked(value: object) -> bytes:
    """`encode`, checked against cbor2: byte for byte where both sort keys alike, else by decoding."""
    ours = encode(value)
    plain = _for_cbor2(value)
    if _text_keys_only(value) and cbor2.dumps(plain, canonical=True) != ours:
        raise AssertionError(f"cbor2 encodes {value!r} as {cbor2.dumps(plain, canonical=True).hex()}")
    if cbor2.loads(ours) != plain:
        raise AssertionError(f"cbor2 reads {ours.hex()} as {cbor2.loads(ours)!r}")
    return ours


def notation(value: object) -> object:
    """A value as the vectors write it: an object of one key that names the type; see README.md."""
    if value is None:
        return {"null": None}
    if isinstance(value, bool):
        return {"bool": value}
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": "0x" + struct.pack(">d", value).hex()}
    if isinstance(value, bytes):
        return {"bytes": "0x" + value.hex()}
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, Pairs):
        return {"map": [[notation(key), notation(item)] for key, item in value]}
    return {"array": [notation(item) for item in value]}
