"""A host in Python: it serves the shipped model to whoever rents, here to a renter in Rust.

    python examples/python/host.py "$MARKET" models/tiny/fabstir-tiny.gguf
    fabstir --rpc $RPC --market $ADDRESS --dev-key 3 chat --host $HOST --deposit 0.001 --ask "Who are you?"

MARKET is the line that `cargo run -p fabstir-examples --bin market` prints; the host stops when its input is closed.
Expected output, with another URL:

    serving Fabstir Tiny at ws://127.0.0.1:8700
    stopped with 0 sessions
"""

import json
import sys
import tempfile

import fabstir

market, path = json.loads(sys.argv[1]), sys.argv[2]
prices = fabstir.Prices(input=400_000_000_000_000, output=1_600_000_000_000_000)  # wei per million tokens

with (
    tempfile.TemporaryDirectory() as folder,
    fabstir.Key(market["newcomer"]["key"]) as key,
    fabstir.Model(path) as model,
    fabstir.Host(rpc=market["rpc"], market=market["market"], key=key, journal=f"{folder}/host.redb") as host,
):
    host.serve(model, prices)
    host.start()
    host.register()
    print(f"serving {model.info['name']} at {host.url}", flush=True)
    sys.stdin.read()
    left = host.state["sessions"]
    host.stop()
    print(f"stopped with {left} sessions")
