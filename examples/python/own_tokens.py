"""Selling tokens of one's own making: a function that yields text, paid by the byte.

    python examples/python/own_tokens.py "$MARKET"

MARKET is the line that `cargo run -p fabstir-examples --bin market` prints. Whatever makes the text can stand where
`answer` does: PyTorch, vLLM, another service. A program that wants to sell its model's own tokens gives the queue a
vocabulary and pushes ids. Expected output:

    > what is the sum of 2 3 and 37
    The sum is 42. I have answered 1 question.
    > and of 1 and 1
    The sum is 2. I have answered 2 questions.
    135 bytes sold
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator

import fabstir


def answer(job: fabstir.AnswerJob) -> Iterator[str]:
    """Adds up the numbers of the last message."""
    asked = [message["content"] for message in job.messages if message["role"] == "user"]
    yield f"The sum is {sum(map(int, re.findall(r'[0-9]+', asked[-1])))}. "
    yield f"I have answered {len(asked)} question{'s' if len(asked) > 1 else ''}."


market = json.loads(sys.argv[1])
prices = fabstir.Prices(input=400_000_000_000_000, output=1_600_000_000_000_000)  # wei per million bytes

with (
    tempfile.TemporaryDirectory() as folder,
    fabstir.Key(market["newcomer"]["key"]) as seller,
    fabstir.Key(market["renter"]["key"]) as buyer,
    fabstir.Queue("adder") as queue,
    fabstir.Host(rpc=market["rpc"], market=market["market"], key=seller, journal=f"{folder}/host.redb") as host,
    fabstir.Renter(rpc=market["rpc"], market=market["market"], key=buyer, store=f"{folder}/sessions.redb") as renter,
):
    queue.serve(answer)
    host.serve(queue, prices)
    host.start()
    host.register()
    session = renter.open(deposit=fabstir.parse_units("0.001", 18), model_id=queue.model_id)
    for question in ("what is the sum of 2 3 and 37", "and of 1 and 1"):
        print(">", question)
        print(session.prompt(question).text())
    usage = session.close().usage
    print(usage.input + usage.output, "bytes sold")
