"""One message, two encodings: field types decide how a value is written in JSON and in CBOR.

A message is a map of typed values. Types: `u8` to `u32` plain numbers; `u64`, `u128`, `u256` decimal strings in JSON,
big-endian strings of 8, 32 and 32 bytes in CBOR; `bytes` 0x-hex in JSON, byte strings in CBOR; `text` and `bool` as
they are; `list` and `map` hold typed values.
"""

import json

from .canonical import Pairs, checked
from .hashing import hexed

_WIDTH = {"u64": 8, "u128": 32, "u256": 32}


class Typed:
    """A value with its type."""

    def __init__(self, kind: str, value: object) -> None:
        limit = int(kind[1:]) if kind[1:].isdigit() else None
        if limit and not 0 <= value < 1 << limit:
            raise ValueError(f"{value} is no {kind}")
        self.kind, self.value = kind, value

    def to_json(self) -> object:
        """As JSON has it."""
        if self.kind in _WIDTH:
            return str(self.value)
        if self.kind == "bytes":
            return hexed(self.value)
        if self.kind == "list":
            return [item.to_json() for item in self.value]
        if self.kind == "map":
            return {key: item.to_json() for key, item in self.value.items()}
        return self.value

    def to_cbor(self) -> object:
        """As canonical.encode takes it."""
        if self.kind in _WIDTH:
            return self.value.to_bytes(_WIDTH[self.kind], "big")
        if self.kind == "list":
            return [item.to_cbor() for item in self.value]
        if self.kind == "map":
            return Pairs([(key, item.to_cbor()) for key, item in self.value.items()])
        return self.value


def _maker(kind: str):
    return lambda value: Typed(kind, value)


u8, u16, u32, u64, u128, u256 = map(_maker, ("u8", "u16", "u32", "u64", "u128", "u256"))
octets, text, boolean = map(_maker, ("bytes", "text", "bool"))


def many(kind, values: list) -> Typed:
    """A list of one type."""
    return Typed("list", [kind(value) for value in values])


def group(**fields: Typed) -> Typed:
    """An object."""
    return Typed("map", fields)


def message(name: str, **fields: Typed) -> Typed:
    """A message of a type."""
    return Typed("map", {"type": text(name), **fields})


def as_json(frame: Typed) -> str:
    """The JSON text, without needless spaces."""
    return json.dumps(frame.to_json(), ensure_ascii=False, separators=(",", ":"))


def as_cbor(frame: Typed) -> bytes:
    """The CBOR bytes, in canonical order."""
    return checked(frame.to_cbor())
