"""The examples, run as people run them; what they print is what their headers say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import BUILT, ROOT

EXAMPLES = ROOT / "examples" / "python"


def expected(name: str) -> str:
    """The indented end of an example's header."""
    source = (EXAMPLES / name).read_text()
    header = source.split('"""')[1]
    return "".join(line[4:] + "\n" for line in header.split("xpected output")[1].split("\n")[2:] if line.startswith("    "))


def run(name: str, market: dict[str, Any]) -> str:
    command = [sys.executable, EXAMPLES / name, json.dumps(market)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_are_short() -> None:
    for example in EXAMPLES.glob("*.py"):
        assert len(example.read_text().splitlines()) < 80, example


def test_story(market: dict[str, Any]) -> None:
    assert run("story.py", market) == expected("story.py")


def test_own_tokens(market: dict[str, Any]) -> None:
    assert run("own_tokens.py", market) == expected("own_tokens.py")


def test_a_renter_in_rust_rents_from_a_host_in_python(market: dict[str, Any], tiny: Path, tmp_path: Path) -> None:
    command = [sys.executable, EXAMPLES / "host.py", json.dumps(market), tiny]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout and host.stdin
        first = host.stdout.readline()
        assert first.startswith("serving Fabstir Tiny at ws://127.0.0.1:")
        common = ["--rpc", market["rpc"], "--market", market["market"], "--dev-key", "3", "--data-dir", tmp_path, "--json"]
        chat = ["chat", "--host", market["newcomer"]["address"], "--deposit", "0.001", "--ask", "Who are you?"]
        rented = subprocess.run(
            [BUILT / "fabstir", *common, *chat], capture_output=True, text=True, timeout=120, check=False
        )
        assert rented.returncode == 0, rented.stderr
        events = {event["event"]: event for event in map(json.loads, rented.stdout.splitlines())}
        assert {"opened", "voucher", "answer", "closed"} <= events.keys()
        rest, _ = host.communicate(timeout=120)
        assert host.returncode == 0
        assert first[: first.index("ws")] + rest == expected("host.py").replace("ws://127.0.0.1:8700\n", "")
