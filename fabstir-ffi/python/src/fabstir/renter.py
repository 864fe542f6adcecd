"""A renter: a wallet, hosts to choose from, paid sessions."""

from collections.abc import Sequence
from ctypes import byref
from dataclasses import dataclass
from os import PathLike, fspath
from types import TracebackType
from typing import Any, TypedDict

from . import _native as native
from ._abi import fabstir_address, fabstir_ledger, fabstir_terms
from .events import Answer
from .keys import Key
from .messages import Bytes, Terms
from .money import Prices, Usage


class ChatMessage(TypedDict):
    """One message of a conversation; the role is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True)
class Offer:
    """A host's offer of a model in a token, from the registry. Prices are base units per 1,000,000 LLM tokens."""

    host: str
    signer: str
    url: str
    metadata: str
    model_id: str
    token: str
    prices: Prices


@dataclass(frozen=True)
class Ledger:
    """A session's books. `paid` and `refund` are the chain's word, and zero before the session has ended."""

    usage: Usage
    deposit: int
    owed: int
    paid: int
    refund: int


def options(values: "dict[str, Any]") -> tuple[bytes, int]:
    """What was said of some options, as JSON."""
    return native.dump({name: value for name, value in values.items() if value is not None})


def hexed(value: "Bytes | None") -> "str | None":
    """Bytes for JSON."""
    return value if value is None or isinstance(value, str) else "0x" + bytes(value).hex()


def _offer(found: dict[str, str]) -> Offer:
    prices = Prices(int(found["input_price"]), int(found["output_price"]))
    host, signer, url, metadata = (found[name] for name in ("host", "signer", "url", "metadata"))
    return Offer(host, signer, url, metadata, found["model_id"], found["token"], prices)


class Session(native.Handle):
    """A paid session with a host, from `Renter.open`. `with` gives the handle back; `close` ends the session and pays."""

    _free_name = "fabstir_session_free"
    _answer: "Answer | None" = None

    def prompt(
        self,
        prompt: "str | Sequence[ChatMessage]",
        *,
        temperature: "int | None" = None,
        top_k: "int | None" = None,
        top_p: "int | None" = None,
        min_p: "int | None" = None,
        max_tokens: "int | None" = None,
        stop: "Sequence[str] | None" = None,
        nonce: "Bytes | None" = None,
        reread: "bool | None" = None,
    ) -> Answer:
        """Asks the next question; several messages end with the user's. Fractions are integers in thousandths.

        What is left of the answer before is cancelled. Vouchers are signed as the answer is pulled.
        """
        if self._answer is not None:
            self._answer.cancel()
            self._answer.text()
        said = options(
            {
                "temperature": temperature,
                "top_k": top_k,
                "top_p": top_p,
                "min_p": min_p,
                "max_tokens": max_tokens,
                "stop": None if stop is None else list(stop),
                "nonce": hexed(nonce),
                "reread": reread,
            }
        )
        if isinstance(prompt, str):
            native.call("fabstir_session_prompt", self._raw, *native.text(prompt), *said)
        else:
            native.call("fabstir_session_prompt_messages", self._raw, *native.dump(list(prompt)), *said)
        self._answer = Answer(self, "fabstir_session", owns=False)
        return self._answer

    def top_up(self, amount: int) -> None:
        """Adds to the deposit. Sends a transaction."""
        native.call("fabstir_session_top_up", self._raw, byref(native.amount(amount)))

    def close(self) -> Ledger:
        """Ends the session: the host signs the final counts and settles, and the rest of the deposit comes back."""
        if self._answer is not None:
            self._answer.cancel()
            self._answer.text()
        return self._books("fabstir_session_close")

    def ledger(self) -> Ledger:
        """The books as they are now."""
        return self._books("fabstir_session_ledger")

    def _books(self, name: str) -> Ledger:
        out = fabstir_ledger()
        native.call(name, self._raw, byref(out))
        amounts = (native.to_int(amount) for amount in (out.deposit, out.owed, out.paid, out.refund))
        return Ledger(Usage(out.usage.input, out.usage.output), *amounts)

    @property
    def id(self) -> int:
        """The session's id on chain."""
        return int.from_bytes(native.hash_from("fabstir_session_id", self._raw), "big")

    @property
    def terms(self) -> Terms:
        """What was agreed."""
        out = fabstir_terms()
        native.call("fabstir_session_terms", self._raw, byref(out))
        return Terms(
            renter=native.hexed(out.renter),
            host=native.hexed(out.host),
            host_signer=native.hexed(out.host_signer),
            voucher_signer=native.hexed(out.voucher_signer),
            token=native.hexed(out.token),
            model_id=native.hexed(out.model_id),
            input_price=native.to_int(out.input_price),
            output_price=native.to_int(out.output_price),
            expires_at=out.expires_at,
            grace=out.grace,
            fee_bps=out.fee_bps,
            cancel_bps=out.cancel_bps,
            proof_cap=native.to_int(out.proof_cap),
            salt=native.to_int(out.salt),
        )

    @property
    def messages(self) -> list[ChatMessage]:
        """The conversation so far. An answer joins it when it is complete."""
        messages: list[ChatMessage] = native.json_from("fabstir_session_messages", self._raw)
        return messages

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None", at: "TracebackType | None") -> None:
        self.free()


class Renter(native.Handle):
    """A renter that pays with a key and keeps its sessions, and their keys, in a file."""

    _free_name = "fabstir_renter_free"

    def __init__(
        self,
        *,
        rpc: str,
        market: Bytes,
        key: Key,
        store: "str | PathLike[str]",
        chain_id: "int | None" = None,
        confirmations: "int | None" = None,
        json: "bool | None" = None,
        allow_plaintext: "bool | None" = None,
    ) -> None:
        config = options(
            {
                "rpc": rpc,
                "market": hexed(market),
                "store": fspath(store),
                "chain_id": chain_id,
                "confirmations": confirmations,
                "json": json,
                "allow_plaintext": allow_plaintext,
            }
        )
        super().__init__(native.handle_from("fabstir_renter_new", *config, key._raw))

    @property
    def address(self) -> str:
        """The account that pays."""
        out = fabstir_address()
        native.call("fabstir_renter_address", self._raw, byref(out))
        return native.hexed(out)

    def offers(
        self, *, host: "Bytes | None" = None, model_id: "Bytes | None" = None, token: "Bytes | None" = None
    ) -> list[Offer]:
        """Offers in the registry, cheapest output first."""
        wanted = options({"host": hexed(host), "model_id": hexed(model_id), "token": hexed(token)})
        found = native.json_from("fabstir_renter_offers", self._raw, *wanted)
        return [_offer(offer) for offer in found]

    def open(
        self,
        *,
        deposit: int,
        host: "Bytes | None" = None,
        model_id: "Bytes | None" = None,
        token: "Bytes | None" = None,
        duration_seconds: "int | None" = None,
        grace_seconds: "int | None" = None,
    ) -> Session:
        """Locks a deposit and opens a session at the cheapest host that fits. Sends a transaction."""
        opening = options(
            {
                "deposit": str(deposit),
                "host": hexed(host),
                "model_id": hexed(model_id),
                "token": hexed(token),
                "duration_seconds": duration_seconds,
                "grace_seconds": grace_seconds,
            }
        )
        return Session(native.handle_from("fabstir_renter_open", self._raw, *opening))

    def sessions(self) -> list[dict[str, Any]]:
        """The sessions kept in the store."""
        kept: list[dict[str, Any]] = native.json_from("fabstir_renter_sessions", self._raw)
        return kept

    def balance(self, token: "Bytes | None" = None) -> int:
        """What the renter has of a token, or of the chain's coin, in base units."""
        account = native.address(token or bytes(20))
        return native.amount_from("fabstir_renter_balance", self._raw, byref(account))

    def cancel(self, session_id: int) -> None:
        """Leaves a session without its host; after the grace period `time_out` returns the rest. Sends a transaction."""
        native.call("fabstir_renter_cancel", self._raw, byref(native.word(session_id)))

    def time_out(self, session_id: int) -> None:
        """Ends a session whose time is over and takes the rest back. Sends a transaction."""
        native.call("fabstir_renter_time_out", self._raw, byref(native.word(session_id)))

    def __enter__(self) -> "Renter":
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None", at: "TracebackType | None") -> None:
        self.free()


__all__ = ["ChatMessage", "Ledger", "Offer", "Renter", "Session"]
