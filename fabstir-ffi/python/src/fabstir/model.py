"""A model in this process."""

from collections.abc import Callable, Sequence
from ctypes import byref, c_float, c_size_t, c_uint32
from os import PathLike, fspath
from types import TracebackType
from typing import Any

from . import _native as native
from ._abi import Status
from .events import Answer
from .messages import Bytes
from .renter import ChatMessage, hexed, options


class Generation(native.Handle):
    """The library's side of an answer."""

    _free_name = "fabstir_generation_free"


class Model(native.Handle):
    """A GGUF, loaded. Answers are made side by side, as many at once as `sequences`."""

    _free_name = "fabstir_model_free"

    def __init__(
        self,
        path: "str | PathLike[str]",
        *,
        progress: "Callable[[float], object] | None" = None,
        context_length: "int | None" = None,
        sequences: "int | None" = None,
        prefill: "int | None" = None,
        threads: "int | None" = None,
        gpu_layers: "int | None" = None,
        flash_attention: "bool | None" = None,
        kv_type_k: "str | None" = None,
        kv_type_v: "str | None" = None,
        chat_template: "str | None" = None,
    ) -> None:
        """Loads a model; `progress` is called with the part done, from 0 to 1."""
        config = options(
            {
                "path": fspath(path),
                "context_length": context_length,
                "sequences": sequences,
                "prefill": prefill,
                "threads": threads,
                "gpu_layers": gpu_layers,
                "flash_attention": flash_attention,
                "kv_type_k": kv_type_k,
                "kv_type_v": kv_type_v,
                "chat_template": chat_template,
            }
        )
        super().__init__(native.handle_from("fabstir_model_new", *config))
        try:
            self._wait(progress)
        except BaseException:
            self.free()
            raise

    def _wait(self, progress: "Callable[[float], object] | None") -> None:
        part, status = c_float(), int(Status.TIMEOUT)
        while status == Status.TIMEOUT:
            status = native.function("fabstir_model_wait")(self._raw, native.SLICE_MS, byref(part))
            if status not in (Status.OK, Status.TIMEOUT):
                raise native.failure(status)
            if progress is not None:
                progress(part.value)

    @property
    def info(self) -> dict[str, Any]:
        """What the model is: name, model_id, context_length, profile and more."""
        info: dict[str, Any] = native.json_from("fabstir_model_info", self._raw)
        return info

    def render(self, messages: Sequence[ChatMessage], committed: int = 0) -> list[int]:
        """The tokens that a conversation becomes, the first `committed` messages left out."""
        said, capacity = native.dump(list(messages)), 1024
        while True:
            tokens, count = (c_uint32 * capacity)(), c_size_t()
            status = native.function("fabstir_model_render")(
                self._raw, *said, committed, tokens, capacity, byref(count)
            )
            if status == Status.OK:
                return list(tokens[: count.value])
            if status != Status.BUFFER_TOO_SMALL:
                raise native.failure(status)
            capacity = count.value

    def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of tokens, special ones left out."""
        return native.string_from("fabstir_model_detokenize", self._raw, *native.numbers(list(tokens)))

    def generate(
        self,
        prompt: "str | Sequence[ChatMessage] | Sequence[int]",
        *,
        temperature: "int | None" = None,
        top_k: "int | None" = None,
        top_p: "int | None" = None,
        min_p: "int | None" = None,
        max_tokens: "int | None" = None,
        stop: "Sequence[str] | None" = None,
        seed: "Bytes | None" = None,
        sequence: "int | None" = None,
        known: "int | None" = None,
        reread: "bool | None" = None,
    ) -> Answer:
        """Begins an answer to a question, a conversation or tokens. Fractions are integers in thousandths."""
        asked: dict[str, Any]
        if isinstance(prompt, str):
            asked = {"messages": [{"role": "user", "content": prompt}]}
        elif all(isinstance(part, int) for part in prompt):
            asked = {"tokens": list(prompt)}
        else:
            asked = {"messages": list(prompt)}
        asked |= {
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "min_p": min_p,
            "max_tokens": max_tokens,
            "stop": None if stop is None else list(stop),
            "seed": hexed(seed),
            "sequence": sequence,
            "known": known,
            "reread": reread,
        }
        generation = Generation(native.handle_from("fabstir_generation_new", self._raw, *options(asked)))
        return Answer(generation, "fabstir_generation", owns=True)

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None", at: "TracebackType | None") -> None:
        self.free()


__all__ = ["Model"]
