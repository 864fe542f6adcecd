"""What happens while an answer comes in, as an iterator or an async one."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from ctypes import byref
from dataclasses import dataclass
from types import TracebackType

from . import _native as native
from ._abi import EventKind, Finish, Status, fabstir_event
from .errors import Code, FabstirError
from .money import Usage


@dataclass(frozen=True)
class Event:
    """Something that happened while an answer came in."""


@dataclass(frozen=True)
class Accepted(Event):
    """The prompt was accepted."""

    input_tokens: int


@dataclass(frozen=True)
class Token(Event):
    """A token; its text is whole characters, often none."""

    id: int
    text: str


@dataclass(frozen=True)
class Voucher(Event):
    """A checkpoint was verified and a voucher for it sent; both figures are since the session opened."""

    usage: Usage
    owed: int


@dataclass(frozen=True)
class Resumed(Event):
    """The connection had dropped; the session goes on where it was."""


@dataclass(frozen=True)
class Done(Event):
    """The answer is complete. `reason` is "stop", "length", "cancelled" or "credit", `usage` its own tokens."""

    reason: str
    usage: Usage


def read(out: fabstir_event) -> "Event | None":
    """An event of the library's; `None` for those of no interest here."""
    text = native.take_text(out.text)
    usage = Usage(out.usage.input, out.usage.output)
    match out.kind:
        case EventKind.ACCEPTED:
            return Accepted(usage.input)
        case EventKind.TOKEN:
            return Token(out.token, text)
        case EventKind.VOUCHER:
            return Voucher(usage, native.to_int(out.owed))
        case EventKind.RESUMED:
            return Resumed()
        case EventKind.DONE:
            return Done(Finish(out.finish).name.lower(), usage)
        case EventKind.REFUSED:
            code = Status(out.code) if out.code in Status._value2member_map_ else Status.INTERNAL
            raise FabstirError(Code(code), text)
        case _:
            return None


class Answer:
    """An answer coming in: iterate over its events, with `for` or `async for`."""

    def __init__(self, source: native.Handle, prefix: str, owns: bool) -> None:
        self._source, self._prefix, self._owns = source, prefix, owns
        self._over = False

    def next(self, timeout: "float | None" = None) -> "Event | None":
        """The next event; `None` at the end. Without a timeout (seconds) it waits; past one it raises TimeoutError."""
        while not self._over:
            out = fabstir_event()
            try:
                status = native.pull(f"{self._prefix}_next", self._source._raw, timeout, byref(out))
            except FabstirError:
                self._end()
                raise
            if status == Status.TIMEOUT:
                raise TimeoutError
            if status == Status.END:
                break
            event = read(out)
            if isinstance(event, Done):
                # The end of the stream is there too; the session is free for the next prompt once it is taken.
                native.pull(f"{self._prefix}_next", self._source._raw, None, byref(fabstir_event()))
                self._end()
            if event is not None:
                return event
        self._end()
        return None

    def _end(self) -> None:
        self._over = True
        if self._owns:
            self._source.free()

    def __iter__(self) -> Iterator[Event]:
        while (event := self.next()) is not None:
            yield event

    def text(self) -> str:
        """Waits for the end and returns all of the text from here on."""
        return "".join(event.text for event in self if isinstance(event, Token))

    def cancel(self) -> None:
        """Asks for the end; what arrived is owed. The answer still ends in Done. From any thread, any number of times."""
        if not self._over:
            native.call(f"{self._prefix}_cancel", self._source._raw)

    async def __aiter__(self) -> AsyncIterator[Event]:
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()
        room = threading.Semaphore(16)
        stop = threading.Event()

        def pull() -> None:
            # A thread of its own for each answer: a shared pool would let the slow ones starve the rest.
            last: Event | BaseException | None = None
            while not stop.is_set():
                try:
                    last = self.next(timeout=native.SLICE_MS / 1000)
                except TimeoutError:
                    continue
                except BaseException as error:
                    last = error
                if not isinstance(last, Event):
                    break
                while not room.acquire(timeout=native.SLICE_MS / 1000):
                    if stop.is_set():
                        return
                deliver(last)
            deliver(last if isinstance(last, BaseException) else None)

        def deliver(item: "Event | BaseException | None") -> None:
            try:
                loop.call_soon_threadsafe(events.put_nowait, item)
            except RuntimeError:
                # The loop was closed: nobody listens.
                stop.set()

        threading.Thread(target=pull, name="fabstir-answer", daemon=True).start()
        try:
            while (item := await events.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                room.release()
                yield item
        finally:
            stop.set()
            self.cancel()

    async def text_async(self) -> str:
        """As `text`, without blocking the loop."""
        return "".join([event.text async for event in self if isinstance(event, Token)])

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None", at: "TracebackType | None") -> None:
        """Cancels what is left."""
        self.cancel()
        if self._owns:
            self._source.free()
