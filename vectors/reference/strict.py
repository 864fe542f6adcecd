"""Reads deterministic CBOR and nothing else, naming what is wrong. Keeps the refused vectors honest."""

import math
import struct

from .canonical import Pairs, encode

MAX_DEPTH = 128  # any bound between the accepted and the refused depth of cbor.json will do
_FLOATS = {25: (2, ">e"), 26: (4, ">f"), 27: (8, ">d")}
_SIMPLE = {20: False, 21: True, 22: None}


class Refused(Exception):
    """Not deterministic CBOR; the argument is the reason."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) < count:
            raise Refused("truncated")
        self.at += count
        return piece

    def value(self, depth: int) -> object:
        if depth > MAX_DEPTH:
            raise Refused("deep")
        lead = self.take(1)[0]
        major, info = lead >> 5, lead & 31
        if major == 7:
            return self.simple(info)
        number = self.argument(major, info)
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major == 2:
            return self.take(number)
        if major == 3:
            return self.text(number)
        if major == 4:
            return [self.value(depth + 1) for _ in range(self.count(number))]
        if major == 5:
            return self.map(number, depth)
        raise Refused("not_shortest" if number in (2, 3) else "malformed")  # no tags, so no bignums either

    def argument(self, major: int, info: int) -> int:
        if info < 24:
            return info
        if info == 31 and major in (2, 3, 4, 5):
            raise Refused("indefinite")
        if info > 27:
            raise Refused("malformed")
        width = 1 << (info - 24)
        number = int.from_bytes(self.take(width), "big")
        if number < (24 if width == 1 else 1 << 4 * width):
            raise Refused("not_shortest")
        return number

    def count(self, number: int) -> int:
        """Elements announced; each takes a byte at least."""
        if number > len(self.data) - self.at:
            raise Refused("truncated")
        return number

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("malformed") from None

    def map(self, number: int, depth: int) -> Pairs:
        pairs, before = Pairs(), None
        for _ in range(self.count(number)):
            start = self.at
            key = self.value(depth + 1)
            written = self.data[start : self.at]
            if before is not None and written <= before:
                raise Refused("duplicate" if written == before else "unsorted")
            before = written
            pairs.append((key, self.value(depth + 1)))
        return pairs

    def simple(self, info: int) -> object:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info not in _FLOATS:
            raise Refused("malformed")
        width, code = _FLOATS[info]
        written = self.take(width)
        value = struct.unpack(code, written)[0]
        if math.isnan(value):
            raise Refused("nan")
        if len(encode(value)) != width + 1:
            raise Refused("not_shortest")
        return value


def decode(data: bytes) -> object:
    """The value, or `Refused`."""
    if not data:
        raise Refused("empty")
    reader = _Reader(data)
    value = reader.value(1)
    if reader.at != len(data):
        raise Refused("trailing")
    return value
