"""Vectors, and a whole market in another process."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Where cargo put the market and the command.
BUILT = Path(os.environ.get("FABSTIR_BUILT", ROOT / "target" / "debug"))


def vectors(name: str) -> Any:
    return json.loads((ROOT / "vectors" / f"{name}.json").read_text())


def rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """The cases of a group of columns."""
    return [dict(zip(columns, values)) for values in zip(*columns.values(), strict=True)]


@pytest.fixture(scope="session")
def market() -> Iterator[dict[str, Any]]:
    """A local chain with the contracts, a host of the shipped model and a funded renter."""
    running = subprocess.Popen([BUILT / "market"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdin and running.stdout
    line = running.stdout.readline()
    assert line, "the market did not start"
    yield json.loads(line)
    running.stdin.close()
    assert running.wait(timeout=60) == 0


@pytest.fixture(scope="session")
def tiny() -> Path:
    return ROOT / "models" / "tiny" / "fabstir-tiny.gguf"
