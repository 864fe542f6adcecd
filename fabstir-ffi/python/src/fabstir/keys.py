"""Keys and signatures."""

from ctypes import byref
from types import TracebackType

from . import _native as native
from ._abi import fabstir_address, fabstir_signature


class Key(native.Handle):
    """A private key. It stays in the library's memory, which is wiped when the key is freed."""

    _free_name = "fabstir_key_free"

    def __init__(self, secret: "bytes | str | None" = None) -> None:
        """A key from its 32 bytes, given as such or as hex; a new one from the system's randomness without."""
        if secret is None:
            super().__init__(native.handle_from("fabstir_key_generate"))
        else:
            super().__init__(native.handle_from("fabstir_key_new", byref(native.digest(secret, "secret"))))

    @property
    def address(self) -> str:
        """The account that its signatures recover to."""
        out = fabstir_address()
        native.call("fabstir_key_address", self._raw, byref(out))
        return native.hexed(out)

    def secret(self) -> bytes:
        """The secret itself, for a keystore."""
        return native.hash_from("fabstir_key_secret", self._raw)

    def sign(self, digest: "bytes | str") -> bytes:
        """Signs a digest: 65 bytes, deterministic, low s."""
        out = fabstir_signature()
        native.call("fabstir_key_sign", self._raw, byref(native.digest(digest)), byref(out))
        return bytes(out.bytes)

    def __enter__(self) -> "Key":
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None", at: "TracebackType | None") -> None:
        self.free()

    def __repr__(self) -> str:
        return f"Key({self.address})" if self._pointer is not None else "Key(freed)"


def recover(digest: "bytes | str", signature: "bytes | str") -> str:
    """The account that signed a digest. `bad_signature` if it is malformed or recovers to nobody."""
    out = fabstir_address()
    arguments = byref(native.digest(digest)), byref(native.signature(signature))
    native.call("fabstir_signature_recover", *arguments, byref(out))
    return native.hexed(out)


def verify(digest: "bytes | str", signature: "bytes | str", signer: "bytes | str") -> None:
    """Raises `wrong_signer` or `bad_signature` unless this account signed the digest."""
    arguments = byref(native.digest(digest)), byref(native.signature(signature)), byref(native.address(signer))
    native.call("fabstir_signature_verify", *arguments)
