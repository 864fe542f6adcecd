"""Money: integers of base units, the one price formula, the rounding in the names."""

from ctypes import byref, c_size_t, create_string_buffer
from dataclasses import dataclass

from . import _native as native
from ._abi import Status, fabstir_prices, fabstir_split, fabstir_usage
from .errors import FabstirError


@dataclass(frozen=True)
class Usage:
    """LLM tokens billed: fed to the model, and sampled from it."""

    input: int
    output: int

    def _struct(self) -> fabstir_usage:
        for count in (self.input, self.output):
            if not 0 <= count < 1 << 64:
                raise FabstirError(Status.OVERFLOW, f"{count} tokens do not fit 64 bits")
        return fabstir_usage(self.input, self.output)


@dataclass(frozen=True)
class Prices:
    """Base units per 1,000,000 LLM tokens."""

    input: int
    output: int

    def _struct(self) -> fabstir_prices:
        return fabstir_prices(native.amount(self.input), native.amount(self.output))


@dataclass(frozen=True)
class Split:
    """A payment's two parts."""

    host: int
    fee: int


def parse_units(text: str, decimals: int) -> int:
    """Base units of an amount as people write it, exactly: `parse_units("1.5", 18)`."""
    return native.amount_from("fabstir_amount_parse", *native.text(text), decimals)


def format_units(amount: int, decimals: int) -> str:
    """An amount as people write it."""
    buffer, length = create_string_buffer(512), c_size_t()
    native.call("fabstir_amount_format", byref(native.amount(amount)), decimals, buffer, len(buffer), byref(length))
    return buffer.raw[: length.value].decode()


def gross_down(usage: Usage, prices: Prices) -> int:
    """The price of these tokens, rounded down."""
    return native.amount_from("fabstir_settlement_gross_down", byref(usage._struct()), byref(prices._struct()))


def payable_down(usage: Usage, prices: Prices, deposit: int) -> int:
    """What is paid for these tokens: their price, and never more than the deposit."""
    arguments = byref(usage._struct()), byref(prices._struct()), byref(native.amount(deposit))
    return native.amount_from("fabstir_settlement_payable_down", *arguments)


def fee_down(paid: int, fee_bps: int) -> int:
    """The protocol's fee in a payment, in 1/10,000, rounded down."""
    return native.amount_from("fabstir_settlement_fee_down", byref(native.amount(paid)), fee_bps)


def cancellation_fee_down(unspent: int, cancel_bps: int) -> int:
    """The host's part of what a renter that leaves early did not spend, rounded down."""
    return native.amount_from("fabstir_settlement_cancellation_fee_down", byref(native.amount(unspent)), cancel_bps)


def split(paid: int, fee_bps: int) -> Split:
    """A payment's two parts."""
    out = fabstir_split()
    native.call("fabstir_settlement_split", byref(native.amount(paid)), fee_bps, byref(out))
    return Split(native.to_int(out.host), native.to_int(out.fee))


def increment(before: int, after: int, fee_bps: int) -> Split:
    """What a settlement credits when `before` was settled already and `after` is now, both cumulative."""
    out = fabstir_split()
    native.call(
        "fabstir_settlement_increment", byref(native.amount(before)), byref(native.amount(after)), fee_bps, byref(out)
    )
    return Split(native.to_int(out.host), native.to_int(out.fee))
