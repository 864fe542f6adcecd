"""The canonical sampler: the same logits, parameters, seed and position give the same token everywhere."""

from collections.abc import Sequence
from ctypes import byref, c_float, c_uint32
from dataclasses import dataclass

from . import _native as native
from ._abi import fabstir_sampling
from .messages import Bytes, fill


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen. Fractions are integers in thousandths."""

    temperature: int = 700
    top_k: int = 40
    top_p: int = 950
    min_p: int = 50


def sample(logits: Sequence[float], sampling: Sampling, seed: Bytes, position: int) -> int:
    """The token that these logits give; `position` is the number of tokens before it."""
    given = logits if isinstance(logits, c_float * len(logits)) else (c_float * len(logits))(*logits)
    token = c_uint32()
    chosen = byref(fill(fabstir_sampling, sampling)), byref(native.digest(seed, "seed"))
    native.call("fabstir_sample", given, len(logits), *chosen, position, byref(token))
    return token.value
