"""What the parties sign: EIP-712 messages with their digests."""

import ctypes
from ctypes import byref
from dataclasses import dataclass
from typing import Any, ClassVar

from . import _abi, _native as native
from .errors import Code, FabstirError
from .keys import Key, verify
from .money import Prices, Usage

Bytes = bytes | str
"""Bytes, given as such or as 0x-hex."""


def fill(struct: Any, values: Any) -> Any:
    """A C struct from an object with the same fields."""
    made = struct()
    for name, kind in struct._fields_:
        setattr(made, name, _convert(kind, name, getattr(values, name)))
    return made


def _convert(kind: Any, name: str, value: Any) -> Any:
    if kind is _abi.fabstir_hash:
        return native.word(value, name) if isinstance(value, int) else native.digest(value, name)
    if kind is _abi.fabstir_address:
        return native.address(value, name)
    if kind is _abi.fabstir_amount:
        return native.amount(value)
    if issubclass(kind, ctypes.Structure):
        return value._struct()
    # ctypes cuts numbers off without a word.
    number = int(value)
    if number < 0 or number >> (8 * ctypes.sizeof(kind)):
        raise FabstirError(Code.OVERFLOW, f"{name} does not fit its type")
    return number


@dataclass(frozen=True)
class Domain:
    """The market that signatures are for: worthless on any other chain or contract."""

    chain_id: int
    market: Bytes

    def _struct(self) -> _abi.fabstir_domain:
        made: _abi.fabstir_domain = fill(_abi.fabstir_domain, self)
        return made

    def separator(self) -> bytes:
        """The hash mixed into every digest."""
        return native.hash_from("fabstir_domain_separator", byref(self._struct()))


@dataclass(frozen=True)
class Terms:
    """Everything the two parties of a session agree on. Its digest is the session's id."""

    renter: Bytes
    host: Bytes
    host_signer: Bytes
    voucher_signer: Bytes
    token: Bytes
    model_id: Bytes
    input_price: int
    output_price: int
    expires_at: int
    grace: int
    fee_bps: int
    cancel_bps: int = 0
    proof_cap: int = 0
    salt: int = 0

    def _struct(self) -> _abi.fabstir_terms:
        made: _abi.fabstir_terms = fill(_abi.fabstir_terms, self)
        return made

    @property
    def prices(self) -> Prices:
        """Both prices."""
        return Prices(self.input_price, self.output_price)

    def session_id(self, domain: Domain) -> int:
        """The id of the session with these terms, known before anything is sent."""
        arguments = byref(domain._struct()), byref(self._struct())
        return int.from_bytes(native.hash_from("fabstir_terms_session_id", *arguments), "big")


class Message:
    """What all messages can do."""

    _type: ClassVar[Any]
    _digest: ClassVar[str]

    def digest(self, domain: Domain) -> bytes:
        """What is signed."""
        return native.hash_from(self._digest, byref(domain._struct()), byref(fill(self._type, self)))

    def sign(self, domain: Domain, key: Key) -> bytes:
        """Signs it."""
        return key.sign(self.digest(domain))

    def verify(self, domain: Domain, signature: Bytes, signer: Bytes) -> None:
        """Raises `wrong_signer` or `bad_signature` unless this account signed it."""
        verify(self.digest(domain), signature, signer)


@dataclass(frozen=True)
class Voucher(Message):
    """Cumulative counts that the renter pays for. Signed by the voucher signer."""

    session_id: int
    input_tokens: int
    output_tokens: int
    head: Bytes
    _type = _abi.fabstir_voucher
    _digest = "fabstir_voucher_digest"

    @property
    def usage(self) -> Usage:
        """The counts."""
        return Usage(self.input_tokens, self.output_tokens)


@dataclass(frozen=True)
class Request(Message):
    """One prompt, as the renter asks for it. Signed by the voucher signer."""

    session_id: int
    turn: int
    context: Bytes
    tokens: Bytes
    params: Bytes
    max_tokens: int
    nonce: Bytes
    host_seed: Bytes
    _type = _abi.fabstir_request
    _digest = "fabstir_request_digest"


@dataclass(frozen=True)
class Open(Message):
    """Proof that a connection belongs to the session's renter. Signed by the voucher signer."""

    session_id: int
    challenge: Bytes
    channel_key: Bytes
    _type = _abi.fabstir_open
    _digest = "fabstir_open_digest"


@dataclass(frozen=True)
class CloseRequest(Message):
    """The renter's wish to end the session at these counts. Signed by the renter or the voucher signer."""

    session_id: int
    input_tokens: int
    output_tokens: int
    deadline: int
    _type = _abi.fabstir_close_request
    _digest = "fabstir_close_request_digest"


@dataclass(frozen=True)
class Checkpoint(Message):
    """What the host says it has served. Signed by the host's signer."""

    session_id: int
    sequence: int
    input_tokens: int
    output_tokens: int
    head: Bytes
    _type = _abi.fabstir_checkpoint
    _digest = "fabstir_checkpoint_digest"


@dataclass(frozen=True)
class Close(Message):
    """The host's consent to end the session at these counts. Signed by the host's signer."""

    session_id: int
    input_tokens: int
    output_tokens: int
    deadline: int
    _type = _abi.fabstir_close
    _digest = "fabstir_close_digest"


@dataclass(frozen=True)
class Quote(Message):
    """The host's consent to the session's terms, whatever its published prices. Signed by the host's signer."""

    session_id: int
    valid_until: int
    _type = _abi.fabstir_quote
    _digest = "fabstir_quote_digest"


@dataclass(frozen=True)
class Hello(Message):
    """Proof that a connection ends at the host. Signed by the host's signer."""

    challenge: Bytes
    channel_key: Bytes
    _type = _abi.fabstir_hello
    _digest = "fabstir_hello_digest"


@dataclass(frozen=True)
class Order(Message):
    """The renter's consent to an opening that somebody else sends. Signed by the renter or a delegate."""

    terms: Terms
    deposit: int
    deadline: int
    _type = _abi.fabstir_order
    _digest = "fabstir_order_digest"
