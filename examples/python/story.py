"""A paid conversation: open, talk twice, sign, close, compare the ledger.

    pip install ./fabstir-ffi/python
    python examples/python/story.py "$MARKET"

MARKET is the line that `cargo run -p fabstir-examples --bin market` prints. Expected output:

    > Who are you?
    I am Fabstir Tiny, a very small language model. I know the village of Brindle.
    > What is two plus three?
    2 plus 3 is 5.
    signed for 27 input and 32 output tokens
    deposit 0.001 ETH
       host 0.0000000527
        fee 0.0000000093
     refund 0.000999938
    missing 0
"""

import json
import sys
import tempfile

import fabstir
from fabstir import format_units

market = json.loads(sys.argv[1])
deposit = fabstir.parse_units("0.001", 18)

with tempfile.TemporaryDirectory() as folder, fabstir.Key(market["renter"]["key"]) as key:
    renter = fabstir.Renter(rpc=market["rpc"], market=market["market"], key=key, store=f"{folder}/sessions.redb")
    before = renter.balance()
    offer = renter.offers(host=market["host"]["address"])[0]
    session = renter.open(deposit=deposit, host=offer.host, model_id=offer.model_id)

    for question in ("Who are you?", "What is two plus three?"):
        print(">", question)
        for event in session.prompt(question, temperature=0):
            match event:
                case fabstir.Token(text=text):
                    print(text, end="", flush=True)
                case fabstir.Voucher(usage=usage, owed=owed):
                    signed = usage, owed
        print()

    print(f"signed for {signed[0].input} input and {signed[0].output} output tokens")
    ledger = session.close()

    # The same numbers four times: what we signed for, what the price formula says, what the chain paid, what it left.
    owed = fabstir.payable_down(ledger.usage, session.terms.prices, deposit)
    assert signed == (ledger.usage, owed) and ledger.paid == owed and ledger.refund == deposit - owed
    shares = fabstir.split(ledger.paid, session.terms.fee_bps)
    print(f"deposit {format_units(deposit, 18)} ETH")
    print(f"   host {format_units(shares.host, 18)}")
    print(f"    fee {format_units(shares.fee, 18)}")
    print(f" refund {format_units(ledger.refund, 18)}")
    print(f"missing {deposit - shares.host - shares.fee - ledger.refund}")
    assert renter.balance() <= before - ledger.paid, "gas comes on top"
