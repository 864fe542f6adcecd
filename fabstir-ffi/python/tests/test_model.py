"""Inference in this process."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fabstir import Code, Done, FabstirError, Model, Token

SEED = b"\7" * 32


@pytest.fixture(scope="module")
def model(tiny: Path) -> Iterator[Model]:
    parts: list[float] = []
    with Model(tiny, progress=parts.append) as model:
        assert parts[-1] == 1.0
        yield model


def test_answers_repeat_with_their_seed(model: Model) -> None:
    first = model.generate("Tell me a story.", seed=SEED, max_tokens=40).text()
    assert first and first == model.generate("Tell me a story.", seed=SEED, max_tokens=40).text()
    tokens = model.render([{"role": "user", "content": "Tell me a story."}])
    assert first == model.generate(tokens, seed=SEED, max_tokens=40).text()


def test_events_count_the_tokens(model: Model) -> None:
    events = list(model.generate("Who are you?", seed=SEED))
    tokens = [event for event in events if isinstance(event, Token)]
    done = events[-1]
    assert isinstance(done, Done) and done.reason == "stop"
    assert done.usage.output == len(tokens)
    assert model.detokenize([token.id for token in tokens]) == "".join(token.text for token in tokens)


def test_many_answers_at_once(model: Model) -> None:
    questions = ["Who are you?", "What is two plus three?", "Tell me a story."]
    alone = [model.generate(question, seed=SEED, max_tokens=24).text() for question in questions]

    async def together() -> list[str]:
        answers = [model.generate(question, seed=SEED, max_tokens=24) for question in questions]
        return await asyncio.gather(*(answer.text_async() for answer in answers))

    assert asyncio.run(together()) == alone


def test_cancel_from_another_thread(model: Model) -> None:
    answer = model.generate("Tell me a long story.", max_tokens=2000)
    answer.next()
    threading.Thread(target=answer.cancel).start()
    events = list(answer)
    assert isinstance(events[-1], Done) and events[-1].reason == "cancelled"
    answer.cancel()
    assert answer.next() is None


def test_an_answer_left_halfway_stops(model: Model) -> None:
    async def leave() -> int:
        seen = 0
        async for event in model.generate("Tell me a long story.", max_tokens=2000):
            seen += isinstance(event, Token)
            if seen == 3:
                break
        return seen

    assert asyncio.run(leave()) == 3
    with model.generate("Tell me a long story.", max_tokens=2000) as answer:
        answer.next()
    assert model.generate("Who are you?", max_tokens=4).text()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell ignores SIGINT for what it runs in the background, and Python leaves it so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_keyboard_interrupt_is_heard_while_waiting() -> None:
    from fabstir import Queue

    with Queue("nobody asks") as queue:
        main = threading.main_thread().ident
        assert main is not None
        threading.Timer(0.2, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            queue.next(timeout=10)
        assert time.monotonic() - began < 2


def test_models_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(FabstirError) as missing:
        Model(tmp_path / "none.gguf")
    assert missing.value.code is Code.MODEL_MISSING
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model at all" * 20)
    with pytest.raises(FabstirError) as corrupt:
        Model(broken)
    assert corrupt.value.code is Code.MODEL_CORRUPT


def test_bad_requests(model: Model) -> None:
    with pytest.raises(FabstirError) as refused:
        model.generate("Hi", temperature=9000)
    assert refused.value.code is Code.INVALID_PARAMS
    with pytest.raises(FabstirError):
        model.generate([])
