"""The canonical sampler, a step a line. Logits are IEEE singles held as Python floats, which are IEEE doubles."""

import math
import struct
from dataclasses import dataclass
from fractions import Fraction

from blake3 import blake3

MARGIN = 1e-9  # decisions closer than this could differ with another exp or log, so no vector has one


class Refused(Exception):
    """The call is an error; the argument is its code."""


class TooClose(Exception):
    """Two implementations with different last digits could disagree."""


@dataclass(frozen=True)
class Sampling:
    """Parameters in thousandths; `top_k` is a count, 0 means 256."""

    temperature: int
    top_k: int
    top_p: int
    min_p: int

    def validate(self) -> None:
        """Refuses parameters out of their bounds."""
        bounds = ((self.temperature, 0, 2_000), (self.top_k, 0, 256), (self.top_p, 1, 1_000), (self.min_p, 0, 1_000))
        if any(not low <= value <= high for value, low, high in bounds):
            raise Refused("invalid_params")


@dataclass(frozen=True)
class Choice:
    """What was sampled, and how clearly."""

    token: int
    kept: int  # candidates that were scored
    x: int | None = None  # the winner's 64 random bits
    u: float | None = None  # the uniform number made of them
    margin: float | None = None  # score above the second best


def single(value: float) -> float:
    """The nearest IEEE single."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def _random_bits(turn_seed: bytes, position: int, token: int) -> int:
    message = position.to_bytes(8, "little") + token.to_bytes(4, "little")
    return int.from_bytes(blake3(message, key=turn_seed).digest(length=8), "little")


def _uniform(x: int) -> float:
    return (float(x >> 11) + 0.5) * 2.0**-53


def _far(left: float, right: float, exact: bool) -> None:
    """Two sides of a comparison must be apart, unless both are exact on every machine."""
    if not exact and abs(left - right) <= MARGIN * max(abs(left), abs(right)):
        raise TooClose


def _nucleus(weights: list[float], top_p: int) -> int:
    """Length of the smallest prefix that holds `top_p` thousandths of the weight."""
    if top_p == 1_000:
        return len(weights)
    total = 0.0
    for weight in weights:
        total += weight
    exact = all(weight in (0.0, 1.0) for weight in weights)
    held = 0.0
    for count, weight in enumerate(weights, 1):
        held += weight
        _far(held * 1000.0, total * float(top_p), exact)
        if held * 1000.0 >= total * float(top_p):
            return count
    return len(weights)


def sample(logits: list[float], sampling: Sampling, turn_seed: bytes, position: int) -> Choice:
    """The token, or `Refused`."""
    sampling.validate()
    if not logits or any(math.isnan(logit) for logit in logits):
        raise Refused("invalid_value")
    order = sorted(range(len(logits)), key=lambda token: (-logits[token], token))[: sampling.top_k or 256]
    if sampling.temperature == 0:
        return Choice(token=order[0], kept=1)

    scaled = [logits[token] * 1000.0 / float(sampling.temperature) for token in order]
    weights = [math.exp(value - scaled[0]) for value in scaled]
    kept = _nucleus(weights, sampling.top_p)
    candidates = []
    for token, value, weight in list(zip(order, scaled, weights, strict=True))[:kept]:
        _far(weight * 1000.0, float(sampling.min_p), weight in (0.0, 1.0))
        if not weight * 1000.0 < float(sampling.min_p):
            candidates.append((token, value))

    scores = []
    for rank, (token, value) in enumerate(candidates):
        x = _random_bits(turn_seed, position, token)
        u = _uniform(x)
        scores.append((value - math.log(-math.log(u)), -rank, token, x, u))
    scores.sort(reverse=True)
    best = scores[0]
    margin = best[0] - scores[1][0] if len(scores) > 1 else None
    if margin is not None and margin <= MARGIN * max(1.0, abs(best[0])):
        raise TooClose
    _independently(candidates, best[2], turn_seed, position)
    return Choice(token=best[2], kept=len(candidates), x=best[3], u=best[4], margin=margin)


def _independently(candidates: list[tuple[int, float]], winner: int, turn_seed: bytes, position: int) -> None:
    """Gumbel-max said otherwise: the least of `-ln(u) / exp(s)` wins. Guards the formula against a slip of the pen."""
    top = max(value for _, value in candidates)

    def arrival(token: int, value: float) -> float:
        u = Fraction(2 * (_random_bits(turn_seed, position, token) >> 11) + 1, 2**54)
        rate = math.exp(value - top)
        return math.inf if rate == 0.0 else -math.log(u) / rate

    if min(candidates, key=lambda item: arrival(*item))[0] != winner:
        raise AssertionError("Gumbel-max and its exponential form disagree")
