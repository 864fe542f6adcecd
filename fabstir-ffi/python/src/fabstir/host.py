"""A host in this process, and inference of one's own to sell."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from ctypes import byref, c_bool, c_size_t, c_void_p
from os import PathLike, fspath
from types import TracebackType
from typing import Any

from . import _native as native
from ._abi import Finish, Status, fabstir_hash
from .keys import Key
from .messages import Bytes
from .model import Model
from .money import Prices
from .renter import ChatMessage, hexed, options

_log = logging.getLogger("fabstir")


class Job(native.Handle):
    """Something that a renter's prompt needs of this program. Left unanswered, it ends in an error that the renter reads."""

    _free_name = "fabstir_job_free"

    def __init__(self, pointer: int, asked: dict[str, Any]) -> None:
        super().__init__(pointer)
        self.messages: list[ChatMessage] = asked["messages"]
        """The whole conversation. Empty in answers of a program that makes its own tokens: it knows them."""

    def fail(self, message: str) -> None:
        """Refuses, in words that the renter reads."""
        native.call("fabstir_job_fail", self._raw, *native.text(message))
        self.free()

    def cancelled(self, timeout: float = 0) -> bool:
        """Whether nothing more is wanted, waited for so many seconds."""
        out = c_bool()
        native.call("fabstir_job_cancelled", self._raw, round(timeout * 1000), byref(out))
        return out.value

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None", at: "TracebackType | None") -> None:
        self.free()


class RenderJob(Job):
    """Messages to turn into tokens. Only where the program makes the tokens."""

    def __init__(self, pointer: int, asked: dict[str, Any]) -> None:
        super().__init__(pointer, asked)
        self.committed: int = asked["committed"]
        """How many of the messages are in the session's tokens already."""
        self.last_token: int | None = asked["last_token"]
        """The last of those. If the answer before was cut off, what is rendered begins by closing it."""

    def answer(self, tokens: Sequence[int]) -> None:
        """The tokens that continue the session: the new messages and the beginning of an answer."""
        native.call("fabstir_job_render", self._raw, *native.numbers(list(tokens)))
        self.free()

    def __enter__(self) -> "RenderJob":
        return self


class AnswerJob(Job):
    """An answer to make."""

    def __init__(self, pointer: int, asked: dict[str, Any]) -> None:
        super().__init__(pointer, asked)
        self.sequence = int(asked["sequence"])
        """Names the conversation, for a cache of the program's own."""
        self.tokens: list[int] = asked["tokens"]
        """Every token of the conversation, the new prompt's included."""
        self.max_tokens: int = asked["max_tokens"]
        self.temperature: int = asked["temperature"]
        """Thousandths, as `top_p` and `min_p` are."""
        self.top_k: int = asked["top_k"]
        self.top_p: int = asked["top_p"]
        self.min_p: int = asked["min_p"]
        self.seed = bytes.fromhex(asked["turn_seed"].removeprefix("0x"))
        """The turn's randomness, by renter and host together."""
        self.stop: list[str] = asked["stop"]
        """Texts at which the answer ends; they are looked for anyway."""
        self.ended = [int(number) for number in asked["ended"]]
        """Conversations that are over: what is cached for them can go."""

    def write(self, text: str) -> bool:
        """Adds text, where a token is a byte. Waits for room; false once nothing more is wanted."""
        data = text.encode()
        while data:
            written = c_size_t()
            write = native.function("fabstir_job_write")
            status = write(self._raw, data, len(data), native.SLICE_MS, byref(written))
            if status == Status.END:
                return False
            if status not in (Status.OK, Status.TIMEOUT):
                raise native.failure(status)
            data = data[written.value :]
        return True

    def push(self, token: int, text: "str | bytes") -> bool:
        """Adds a token and what it stands for. Waits for room; false once nothing more is wanted."""
        data = text.encode() if isinstance(text, str) else text
        status = Status.TIMEOUT
        while status == Status.TIMEOUT:
            given = native.array(data)
            status = native.function("fabstir_job_push")(self._raw, token, *given, native.SLICE_MS)
        if status not in (Status.OK, Status.END):
            raise native.failure(status)
        return bool(status == Status.OK)

    def finish(self, *, complete: bool = True) -> None:
        """Ends the answer: complete, or cut at its length."""
        native.call("fabstir_job_finish", self._raw, Finish.STOP if complete else Finish.LENGTH)
        self.free()

    def __enter__(self) -> "AnswerJob":
        return self


class Queue(native.Handle):
    """A model that this program serves: iterate over its jobs, or `serve` a function.

    Without `vocabulary` it deals in text, and a token is a byte. With `vocabulary` and `template_overhead` (most tokens
    around a message) the program makes the tokens, and is asked to render each prompt.
    """

    _free_name = "fabstir_queue_free"

    def __init__(
        self,
        name: str,
        *,
        weights_blake3: "Bytes | None" = None,
        weights_bytes: "int | None" = None,
        runtime: "str | None" = None,
        sampler: "str | None" = None,
        context_length: "int | None" = None,
        vocabulary: "int | None" = None,
        template_overhead: "int | None" = None,
        patience_ms: "int | None" = None,
        waiting: "int | None" = None,
        ahead: "int | None" = None,
    ) -> None:
        settings = options(
            {
                "name": name,
                "weights_blake3": hexed(weights_blake3),
                "weights_bytes": weights_bytes,
                "runtime": runtime,
                "sampler": sampler,
                "context_length": context_length,
                "vocabulary": vocabulary,
                "template_overhead": template_overhead,
                "patience_ms": patience_ms,
                "waiting": waiting,
                "ahead": ahead,
            }
        )
        super().__init__(native.handle_from("fabstir_queue_new", *settings))

    @property
    def model_id(self) -> str:
        """What terms and registry call the model."""
        out = fabstir_hash()
        native.call("fabstir_queue_model_id", self._raw, byref(out))
        return native.hexed(out)

    def next(self, timeout: "float | None" = None) -> "RenderJob | AnswerJob | None":
        """The next job; `None` once the queue is closed. Past the timeout (seconds) it raises TimeoutError."""
        out = c_void_p()
        status = native.pull("fabstir_queue_next", self._raw, timeout, byref(out))
        if status == Status.TIMEOUT:
            raise TimeoutError
        if status == Status.END or out.value is None:
            return None
        try:
            asked = native.json_from("fabstir_job_json", out.value)
            return RenderJob(out.value, asked) if asked["kind"] == "render" else AnswerJob(out.value, asked)
        except BaseException:
            native.function("fabstir_job_free")(out.value)
            raise

    def __iter__(self) -> "Iterator[RenderJob | AnswerJob]":
        while (job := self.next()) is not None:
            yield job

    def serve(self, answer: "Callable[[AnswerJob], Iterable[str]]", *, workers: int = 4) -> None:
        """Answers in the background, so many at once, with what a function yields, until the queue is closed.

        A function that raises ends its answer with an error; the renter learns that it failed, the log why.
        """

        def work() -> None:
            for job in self:
                with job:
                    _answer(job, answer)

        for _ in range(workers):
            threading.Thread(target=work, name="fabstir-queue", daemon=True).start()

    def close(self) -> None:
        """Takes no more jobs. Answers under way may be finished."""
        native.call("fabstir_queue_close", self._raw)

    def __enter__(self) -> "Queue":
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None", at: "TracebackType | None") -> None:
        self.free()


def _answer(job: "RenderJob | AnswerJob", answer: "Callable[[AnswerJob], Iterable[str]]") -> None:
    if isinstance(job, RenderJob):
        return job.fail("this program deals in text")
    try:
        for piece in answer(job):
            if not job.write(piece):
                return None
        job.finish()
    except Exception:
        _log.exception("an answer failed")
        job.fail("the program behind this model failed")
    return None


class Host(native.Handle):
    """A host: `serve` models, `start`, `register`, and `stop` (which leaving `with` does).

    `key` is the hot key, which signs and settles; `account_key` that of the account which stakes and is paid, where it is
    another. `journal` is a file of the host's own.
    """

    _free_name = "fabstir_host_free"

    def __init__(
        self,
        *,
        rpc: str,
        market: Bytes,
        key: Key,
        journal: "str | PathLike[str]",
        account_key: "Key | None" = None,
        account: "Bytes | None" = None,
        chain_id: "int | None" = None,
        listen: "str | None" = None,
        url: "str | None" = None,
        name: "str | None" = None,
        credit_tokens: "int | None" = None,
        checkpoint_tokens: "int | None" = None,
        confirmations: "int | None" = None,
        retention_seconds: "int | None" = None,
        voucher_patience_seconds: "int | None" = None,
        max_sessions: "int | None" = None,
        max_connections: "int | None" = None,
        max_output_tokens: "int | None" = None,
        max_prompt_bytes: "int | None" = None,
        allow_plaintext: "bool | None" = None,
    ) -> None:
        settings = options(
            {
                "rpc": rpc,
                "market": hexed(market),
                "journal": fspath(journal),
                "account": hexed(account),
                "chain_id": chain_id,
                "listen": listen,
                "url": url,
                "name": name,
                "credit_tokens": credit_tokens,
                "checkpoint_tokens": checkpoint_tokens,
                "confirmations": confirmations,
                "retention_seconds": retention_seconds,
                "voucher_patience_seconds": voucher_patience_seconds,
                "max_sessions": max_sessions,
                "max_connections": max_connections,
                "max_output_tokens": max_output_tokens,
                "max_prompt_bytes": max_prompt_bytes,
                "allow_plaintext": allow_plaintext,
            }
        )
        owner = None if account_key is None else account_key._raw
        super().__init__(native.handle_from("fabstir_host_new", *settings, key._raw, owner))

    def serve(self, model: "Model | Queue", prices: Prices, *, token: "Bytes | None" = None) -> None:
        """Serves a model at these prices, in the chain's coin or a token. Before `start`."""
        offer = {"input": str(prices.input), "output": str(prices.output)}
        if token is not None:
            offer["token"] = hexed(token) or ""
        kind = "model" if isinstance(model, Model) else "queue"
        native.call(f"fabstir_host_serve_{kind}", self._raw, model._raw, *native.dump([offer]))

    def start(self) -> None:
        """Listens, and settles what an earlier run left in the journal."""
        native.call("fabstir_host_start", self._raw)

    def register(self) -> list[str]:
        """Joins the market, or brings what the registry says to what is served; returns the transactions' hashes."""
        sent: list[str] = native.json_from("fabstir_host_register", self._raw)
        return sent

    @property
    def state(self) -> dict[str, Any]:
        """What a running host is and does: url, account, signer, models, sessions, connected, settling."""
        state: dict[str, Any] = native.json_from("fabstir_host_state", self._raw)
        return state

    @property
    def url(self) -> str:
        """Where renters connect."""
        return str(self.state["url"])

    def stop(self) -> None:
        """Stops: every session closed and settled, within about a minute. A second time does nothing."""
        native.call("fabstir_host_stop", self._raw)

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None", at: "TracebackType | None") -> None:
        self.stop()
        self.free()


__all__ = ["AnswerJob", "Host", "Job", "Queue", "RenderJob"]
