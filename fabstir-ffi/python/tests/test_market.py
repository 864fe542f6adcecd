"""Renting and selling on a real chain, against the Rust host and as a host."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from fabstir import (
    AnswerJob,
    Code,
    Done,
    FabstirError,
    Host,
    Key,
    Model,
    Prices,
    Queue,
    RenderJob,
    Renter,
    Token,
    Voucher,
    gross_down,
)

MILLIETHER = 10**15
PRICES = Prices(400_000_000_000_000, 1_600_000_000_000_000)


def renter(market: dict[str, Any], folder: Path) -> Renter:
    with Key(market["renter"]["key"]) as key:
        return Renter(rpc=market["rpc"], market=market["market"], key=key, store=folder / "renter.redb")


def host(market: dict[str, Any], folder: Path, **settings: Any) -> Host:
    with Key(market["newcomer"]["key"]) as key:
        return Host(rpc=market["rpc"], market=market["market"], key=key, journal=folder / "host.redb", **settings)


def test_a_paid_conversation(market: dict[str, Any], tmp_path: Path) -> None:
    with renter(market, tmp_path) as me:
        assert me.address == market["renter"]["address"].lower()
        offer = me.offers(model_id=market["model_id"], token="0x" + "00" * 20)[0]
        with me.open(deposit=MILLIETHER, host=offer.host, model_id=offer.model_id) as session:
            events = list(session.prompt("Who are you?"))
            assert any(isinstance(event, Token) for event in events)
            paid = [event for event in events if isinstance(event, Voucher)]
            assert paid and isinstance(events[-1], Done)
            assert session.prompt("What is two plus three?", temperature=0).text()
            assert [message["role"] for message in session.messages] == ["user", "assistant"] * 2
            books = session.ledger()
            assert books.owed == gross_down(books.usage, session.terms.prices) and books.paid == 0
            closed = session.close()
            assert (closed.usage, closed.owed) == (books.usage, books.owed)
            assert (closed.paid, closed.refund) == (books.owed, MILLIETHER - books.owed)
            with pytest.raises(FabstirError) as over:
                session.prompt("More?")
            assert over.value.code is Code.SESSION_NOT_ACTIVE
        assert [kept["standing"] for kept in me.sessions()] == ["ended"]


def test_an_answer_left_halfway_is_cleared_away(market: dict[str, Any], tmp_path: Path) -> None:
    with renter(market, tmp_path) as me, me.open(deposit=MILLIETHER, model_id=market["model_id"]) as session:
        for event in session.prompt("Tell me a long story."):
            if isinstance(event, Token):
                break
        assert session.prompt("Who are you?").text()

        async def several() -> str:
            async for event in session.prompt("Tell me a long story."):
                if isinstance(event, Token):
                    break
            return await session.prompt("Who are you?").text_async()

        assert asyncio.run(several())
        session.top_up(MILLIETHER)
        closed = session.close()
        assert closed.deposit == 2 * MILLIETHER == closed.paid + closed.refund


def test_refusals_have_codes(market: dict[str, Any], tmp_path: Path) -> None:
    with renter(market, tmp_path) as me:
        for deposit, model, code in [
            (1, market["model_id"], Code.INVALID_PARAMS),
            (MILLIETHER, "0x" + "ab" * 32, Code.MODEL_NOT_SERVED),
        ]:
            with pytest.raises(FabstirError) as refused:
                me.open(deposit=deposit, model_id=model)
            assert refused.value.code is code
    with Key() as key, pytest.raises(FabstirError) as nobody:
        Renter(rpc="http://127.0.0.1:1", market=market["market"], key=key, store=tmp_path / "x.redb")
    assert nobody.value.code is Code.RPC_UNAVAILABLE


def test_a_host_that_sells_what_a_function_says(market: dict[str, Any], tmp_path: Path) -> None:
    def shout(job: AnswerJob) -> list[str]:
        return [word.upper() + " \u00e9 " for word in job.messages[-1]["content"].split()]

    with Queue("shout") as queue, host(market, tmp_path, name="shouting") as mine:
        queue.serve(shout)
        mine.serve(queue, PRICES)
        mine.start()
        mine.register()
        assert mine.register() == []
        assert mine.state["models"][0]["name"] == "shout"
        with renter(market, tmp_path) as me, me.open(deposit=MILLIETHER, model_id=queue.model_id) as session:
            text = session.prompt("one two").text()
            assert text == "ONE \u00e9 TWO \u00e9 "
            # Role, bytes, end, role; and each byte of the answer, and its end.
            assert session.ledger().usage.input == len("one two") + 3
            assert session.ledger().usage.output == len(text.encode()) + 1
            assert mine.state["connected"] == 1
            closed = session.close()
            assert closed.paid == gross_down(closed.usage, PRICES)
        mine.stop()
        mine.stop()


def test_a_function_that_fails_costs_one_answer(market: dict[str, Any], tmp_path: Path) -> None:
    def frail(job: AnswerJob) -> list[str]:
        if job.messages[-1]["content"] == "fail":
            raise RuntimeError("not for the renter's eyes")
        return ["well"]

    with Queue("frail") as queue, host(market, tmp_path) as mine:
        queue.serve(frail)
        mine.serve(queue, PRICES)
        mine.start()
        mine.register()
        with renter(market, tmp_path) as me, me.open(deposit=MILLIETHER, model_id=queue.model_id) as session:
            with pytest.raises(FabstirError) as failed:
                session.prompt("fail").text()
            assert failed.value.code is Code.BACKEND_FAILED and "eyes" not in str(failed.value)
            assert session.prompt("go on").text() == "well"
            session.close()


def test_a_host_with_a_tokenizer_of_its_own_sees_cancellations(market: dict[str, Any], tmp_path: Path) -> None:
    seen: list[bool] = []

    def work(queue: Queue) -> None:
        for job in queue:
            with job:
                if isinstance(job, RenderJob):
                    job.answer([len(word) for message in job.messages[job.committed :] for word in message["content"].split()])
                else:
                    while job.push(7, "seven "):
                        pass
                    seen.append(job.cancelled())

    with Queue("words", vocabulary=100, template_overhead=2) as queue, host(market, tmp_path) as mine:
        threading.Thread(target=work, args=[queue], daemon=True).start()
        mine.serve(queue, PRICES)
        mine.start()
        mine.register()
        with renter(market, tmp_path) as me, me.open(deposit=MILLIETHER, model_id=queue.model_id) as session:
            answer = session.prompt("one two three", max_tokens=4000)
            for event in answer:
                if isinstance(event, Token):
                    assert (event.id, event.text) == (7, "seven ")
                    answer.cancel()
            assert session.ledger().usage.input == 3
            session.close()
    assert seen == [True]


def test_a_host_of_a_loaded_model(market: dict[str, Any], tmp_path: Path, tiny: Path) -> None:
    with Model(tiny) as model, host(market, tmp_path) as mine:
        mine.serve(model, Prices(PRICES.input, PRICES.output - 1))
        mine.start()
        mine.register()
        with pytest.raises(FabstirError) as late:
            mine.serve(model, PRICES)
        assert late.value.code is Code.UNEXPECTED_MESSAGE
        with renter(market, tmp_path) as me, me.open(deposit=MILLIETHER, model_id=market["model_id"]) as session:
            assert session.terms.host == market["newcomer"]["address"].lower(), "the cheapest"
            assert session.prompt("Who are you?").text()
            session.close()


def test_hosts_that_cannot_start(market: dict[str, Any], tmp_path: Path) -> None:
    with host(market, tmp_path) as idle, pytest.raises(FabstirError) as nothing:
        idle.start()
    assert nothing.value.code is Code.INVALID_CONFIG
    with Queue("q") as queue, host(market, tmp_path, listen=market["host"]["url"].removeprefix("ws://")) as mine:
        with pytest.raises(FabstirError) as early:
            _ = mine.state
        assert early.value.code is Code.UNEXPECTED_MESSAGE
        mine.serve(queue, PRICES)
        with pytest.raises(FabstirError) as taken:
            mine.start()
        assert taken.value.code is Code.PORT_IN_USE
