"""The contracts' calls, returns, events and errors. `contract` is "SessionMarket", "NodeRegistry" or "FabToken"."""

import json
from collections.abc import Sequence
from ctypes import byref
from typing import Any

from . import _native as native
from ._abi import Status, fabstir_hash, fabstir_string
from .messages import Bytes


def encode_call(contract: str, function: str, arguments: "Sequence[Any] | dict[str, Any]") -> bytes:
    """Calldata. Numbers are decimal strings or small integers, bytes 0x-hex, structs objects by their fields."""
    named = *native.text(contract), *native.text(function)
    return native.bytes_from("fabstir_abi_encode_call", *named, *native.dump(arguments))


def decode_return(contract: str, function: str, returned: bytes) -> dict[str, Any]:
    """What a call returned."""
    named = *native.text(contract), *native.text(function)
    values: dict[str, Any] = native.json_from("fabstir_abi_decode_return", *named, *native.array(returned))
    return values


def decode_event(contract: str, topics: Sequence[Bytes], data: bytes) -> "dict[str, Any] | None":
    """An event, or `None` if the contract has no such event."""
    marks = (fabstir_hash * len(topics))(*(native.digest(topic, "topic") for topic in topics))
    given = *native.text(contract), marks, len(topics), *native.array(data)
    return _optional("fabstir_abi_decode_event", *given)


def decode_error(contract: str, reverted: bytes) -> "dict[str, Any] | None":
    """Why a call was reverted, or `None` if the contract has no such error."""
    return _optional("fabstir_abi_decode_error", *native.text(contract), *native.array(reverted))


def _optional(name: str, *arguments: Any) -> "dict[str, Any] | None":
    out = fabstir_string()
    status = native.function(name)(*arguments, byref(out))
    if status == Status.END:
        return None
    if status != Status.OK:
        raise native.failure(status)
    values: dict[str, Any] = json.loads(native.take_text(out))
    return values
