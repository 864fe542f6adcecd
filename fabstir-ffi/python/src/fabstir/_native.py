"""The library: loaded once, its functions declared, its statuses turned into exceptions."""

import ctypes
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from . import _abi
from ._abi import Status, fabstir_address, fabstir_amount, fabstir_bytes, fabstir_hash, fabstir_signature, fabstir_string
from .errors import FabstirError

# Longest that a thread stays in the library: a keyboard interrupt is noticed between two pulls.
SLICE_MS = 100


def _load() -> ctypes.CDLL:
    name = {"win32": "fabstir.dll", "darwin": "libfabstir.dylib"}.get(sys.platform, "libfabstir.so")
    path = Path(__file__).with_name(name)
    if not path.exists():
        raise ImportError(f"{path} is missing: this package was not built for this platform")
    library = ctypes.CDLL(str(path))
    if library.fabstir_abi_version() != _abi.FABSTIR_ABI_VERSION:
        raise ImportError(f"{path} has another ABI than this package")
    for function, (result, arguments) in _abi.PROTOTYPES.items():
        # A library built without a feature lacks its functions.
        if hasattr(library, function):
            declared = getattr(library, function)
            declared.restype, declared.argtypes = result, arguments
    return library


_library = _load()


def function(name: str) -> Any:
    """A function of the library."""
    try:
        return getattr(_library, name)
    except AttributeError:
        raise FabstirError(Status.UNSUPPORTED, f"this build of the library has no {name}") from None


def is_retryable(code: Status) -> bool:
    """Whether the same call can succeed later."""
    return bool(function("fabstir_status_is_retryable")(code))


def last_error() -> str:
    """What the last failed call on this thread had to say."""
    out = fabstir_string()
    function("fabstir_last_error_string")(ctypes.byref(out))
    return _take(out)


def failure(status: int) -> FabstirError:
    """The exception of a status."""
    code = Status(status) if status in Status._value2member_map_ else Status.INTERNAL
    return FabstirError(code, last_error() or code.name.lower().replace("_", " "))


def call(name: str, *arguments: Any) -> None:
    """Calls a function that answers with a status."""
    status = function(name)(*arguments)
    if status != Status.OK:
        raise failure(status)


def text(value: str) -> tuple[bytes, int]:
    """A text as two arguments."""
    encoded = value.encode()
    return encoded, len(encoded)


def dump(value: Any) -> tuple[bytes, int]:
    """A value as JSON, as two arguments."""
    return text(json.dumps(value))


def array(data: bytes) -> tuple[bytes, int]:
    """Bytes as two arguments."""
    return data, len(data)


def numbers(values: "list[int] | tuple[int, ...]") -> tuple[Any, int]:
    """Token ids as two arguments."""
    for value in values:
        if not 0 <= value < 1 << 32:
            raise FabstirError(Status.OVERFLOW, f"{value} is no token id")
    return (ctypes.c_uint32 * len(values))(*values), len(values)


def _take(out: fabstir_string) -> str:
    try:
        return ctypes.string_at(out.data, out.len).decode() if out.len else ""
    finally:
        function("fabstir_string_free")(ctypes.byref(out))


def take_text(out: fabstir_string) -> str:
    """A text that the library wrote, freed there."""
    return _take(out)


def string_from(name: str, *arguments: Any) -> str:
    """Calls a function whose last output is a text."""
    out = fabstir_string()
    call(name, *arguments, ctypes.byref(out))
    return _take(out)


def json_from(name: str, *arguments: Any) -> Any:
    """Calls a function whose last output is JSON."""
    return json.loads(string_from(name, *arguments))


def take_bytes(out: fabstir_bytes) -> bytes:
    """Bytes that the library wrote, freed there."""
    try:
        return ctypes.string_at(out.data, out.len) if out.len else b""
    finally:
        function("fabstir_bytes_free")(ctypes.byref(out))


def bytes_from(name: str, *arguments: Any) -> bytes:
    """Calls a function whose last output is bytes."""
    out = fabstir_bytes()
    call(name, *arguments, ctypes.byref(out))
    return take_bytes(out)


def hash_from(name: str, *arguments: Any) -> bytes:
    """Calls a function whose last output is a hash."""
    out = fabstir_hash()
    call(name, *arguments, ctypes.byref(out))
    return bytes(out.bytes)


def amount_from(name: str, *arguments: Any) -> int:
    """Calls a function whose last output is an amount."""
    out = fabstir_amount()
    call(name, *arguments, ctypes.byref(out))
    return to_int(out)


def amount(value: int) -> fabstir_amount:
    """An amount of base units."""
    return fabstir_amount((ctypes.c_uint8 * 32).from_buffer_copy(_big_endian(value, "amount")))


def word(value: int, what: str = "number") -> fabstir_hash:
    """A number of 256 bits."""
    return fabstir_hash((ctypes.c_uint8 * 32).from_buffer_copy(_big_endian(value, what)))


def _big_endian(value: int, what: str) -> bytes:
    if value < 0 or value >> 256:
        raise FabstirError(Status.OVERFLOW, f"{what} does not fit its type")
    return value.to_bytes(32, "big")


def to_int(out: Any) -> int:
    """A big-endian number."""
    return int.from_bytes(bytes(out.bytes), "big")


def fixed(value: "bytes | str", length: int, what: str) -> bytes:
    """Bytes of a length, given as such or as 0x-hex."""
    try:
        data = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
    except ValueError:
        raise FabstirError(Status.INVALID_VALUE, f"{what} is not hex") from None
    if len(data) != length:
        raise FabstirError(Status.INVALID_VALUE, f"{what} has {len(data)} bytes, not {length}")
    return data


def digest(value: "bytes | str", what: str = "digest") -> fabstir_hash:
    """A hash."""
    return fabstir_hash((ctypes.c_uint8 * 32).from_buffer_copy(fixed(value, 32, what)))


def address(value: "bytes | str", what: str = "address") -> fabstir_address:
    """An account or contract."""
    return fabstir_address((ctypes.c_uint8 * 20).from_buffer_copy(fixed(value, 20, what)))


def signature(value: "bytes | str") -> fabstir_signature:
    """A signature."""
    data = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
    if len(data) != 65:
        raise FabstirError(Status.BAD_SIGNATURE, f"a signature has 65 bytes, not {len(data)}")
    return fabstir_signature((ctypes.c_uint8 * 65).from_buffer_copy(data))


def hexed(out: Any) -> str:
    """Bytes as 0x-hex."""
    return "0x" + bytes(out.bytes).hex()


def pull(name: str, handle: Any, timeout: "float | None", *arguments: Any) -> int:
    """Calls a function that waits, in slices, until it has something, the time is over or the stream is at its end.

    Other statuses are raised. The interpreter is free meanwhile: ctypes lets go of its lock.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = SLICE_MS if deadline is None else max(0, round((deadline - time.monotonic()) * 1000))
        status = int(function(name)(handle, min(left, SLICE_MS), *arguments))
        if status == Status.TIMEOUT and (deadline is None or left > SLICE_MS):
            continue
        if status not in (Status.OK, Status.TIMEOUT, Status.END):
            raise failure(status)
        return status


class Handle:
    """An object of the library's. Closed by `with`, by `_free` or by the garbage collector."""

    _free_name = ""

    def __init__(self, pointer: "int | None") -> None:
        self._lock = threading.Lock()
        self._pointer = pointer

    @property
    def _raw(self) -> int:
        pointer = self._pointer
        if pointer is None:
            raise FabstirError(Status.BAD_HANDLE, f"this {type(self).__name__} was freed")
        return pointer

    def free(self) -> None:
        """Gives the object back. A second time does nothing."""
        with self._lock:
            pointer, self._pointer = self._pointer, None
        if pointer is not None:
            function(self._free_name)(pointer)

    def __del__(self) -> None:
        if getattr(self, "_pointer", None) is not None:
            self.free()


def handle_from(name: str, *arguments: Any) -> int:
    """Calls a function whose last output is a handle."""
    out = ctypes.c_void_p()
    call(name, *arguments, ctypes.byref(out))
    assert out.value is not None
    return out.value
