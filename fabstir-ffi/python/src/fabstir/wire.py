"""What host and client say to each other, in either encoding; turns' records; chat history within a budget."""

from collections.abc import Sequence
from ctypes import byref, c_size_t, c_uint32
from typing import Any, Literal

from . import _abi, _native as native
from ._abi import fabstir_bytes, fabstir_hash
from .renter import ChatMessage

Sender = Literal["client", "host"]
Format = Literal["json", "cbor"]

_SENDERS = {"client": _abi.FABSTIR_SENDER_CLIENT, "host": _abi.FABSTIR_SENDER_HOST}
_FORMATS = {"json": _abi.FABSTIR_FORMAT_JSON, "cbor": _abi.FABSTIR_FORMAT_CBOR}


def convert(frame: bytes, sender: Sender, source: Format, target: Format) -> bytes:
    """Reads a frame and writes it again: in the other encoding or, normalised, in the same."""
    return native.bytes_from(
        "fabstir_wire_convert", _SENDERS[sender], _FORMATS[source], *native.array(frame), _FORMATS[target]
    )


def record(turn: dict[str, Any]) -> tuple[bytes, bytes]:
    """A turn's record as it is stored, and the BLAKE3 it is stored under, in that order."""
    name, stored = fabstir_hash(), fabstir_bytes()
    native.call("fabstir_record_encode", *native.dump(turn), byref(name), byref(stored))
    return native.take_bytes(stored), bytes(name.bytes)


def fit(messages: Sequence[ChatMessage], costs: Sequence[int], budget: int) -> list[int]:
    """The messages to keep, by index, so that their tokens stay within the budget: whole turns, the oldest dropped."""
    said, tokens = native.dump(list(messages)), native.numbers(list(costs))
    kept, count = (c_size_t * max(1, len(messages)))(), c_size_t()
    native.call("fabstir_context_fit", *said, *tokens, c_uint32(budget), kept, len(kept), byref(count))
    return list(kept[: count.value])
