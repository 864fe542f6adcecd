"""sampling.json: which token the canonical sampler takes."""

import math
import struct

from .hashing import Draw, hexed
from .sampler import Refused, Sampling, TooClose, sample, single

DEFAULT = Sampling(temperature=700, top_k=40, top_p=950, min_p=50)
PLAIN = Sampling(temperature=1_000, top_k=0, top_p=1_000, min_p=0)
GREEDY = Sampling(temperature=0, top_k=40, top_p=950, min_p=50)

MULTIPLIER, INCREMENT = 6364136223846793005, 1442695040888963407


def bits_of(value: float) -> str:
    """A single's 32 bits as hex."""
    return hexed(struct.pack(">f", value))


def generated(seed: int, count: int, bits: int) -> list[float]:
    """Logits in [-8, 8) by the recipe of README.md; few bits make many ties. Exact in a single."""
    logits, state = [], seed
    for _ in range(count):
        state = (state * MULTIPLIER + INCREMENT) % 2**64
        logits.append(((state >> (64 - bits)) - 2 ** (bits - 1)) / 2 ** (bits - 4))
    return logits


class Cases:
    """Collects cases, moving on to the next position where one would be too close to call."""

    def __init__(self) -> None:
        self.rows: list[dict] = []
        self._draw = Draw("fabstir/vectors/sampling")

    def add(self, name: str, logits: list[float] | dict, sampling: Sampling, position: int | None = None) -> None:
        """One case; `logits` are numbers, or the arguments of `generated`."""
        seed = self._draw.word()
        recipe = isinstance(logits, dict)
        values = generated(**logits) if recipe else [single(value) for value in logits]
        at = self._draw.below(5_000) if position is None else position
        row = {"name": name}
        row |= (
            {"generate": {**logits, "seed": str(logits["seed"])}} if recipe else {"logits": list(map(bits_of, values))}
        )
        row |= {"sampling": vars(sampling), "turn_seed": hexed(seed)}
        for moved in range(100):
            try:
                choice = sample(values, sampling, seed, at + moved)
            except TooClose:
                continue
            except Refused as refused:
                self.rows.append(row | {"position": str(at), "error": str(refused)})
                return
            row |= {"position": str(at + moved), "token": choice.token, "kept": choice.kept}
            if choice.x is not None:
                row |= {"x": str(choice.x), "u": hexed(struct.pack(">d", choice.u))}
            if choice.margin is not None and math.isfinite(choice.margin):
                row["margin"] = f"{choice.margin:.4g}"
            self.rows.append(row)
            return
        raise AssertionError(f"{name}: too close wherever it is sampled")

    def logits(self, count: int, scale: float = 4.0) -> list[float]:
        """Drawn numbers in [-scale, scale), not round ones."""
        return [(self._draw.below(2**24) / 2**23 - 1.0) * scale for _ in range(count)]


def _greedy(cases: Cases) -> None:
    infinite = math.inf
    cases.add("greedy", [0.5, 2.5, -1.0, 2.4, 0.0, 0.0, 1.0, 2.0], GREEDY)
    cases.add("greedy: a tie goes to the lower id", [0.5, 2.5, -1.0, 2.5, 0.0, 2.5, 1.0, 2.0], GREEDY)
    cases.add("greedy: all equal", [1.25] * 8, GREEDY)
    cases.add("greedy: minus zero equals zero", [-1.0, -0.0, 0.0, -2.0, -3.0, -4.0, -5.0, -6.0], GREEDY)
    cases.add("greedy: negative logits", [-5.5, -2.25, -9.0, -2.5, -100.0, -3.0, -4.0, -2.75], GREEDY)
    cases.add("greedy: some are impossible", [-infinite, 0.25, -infinite, 0.5, -infinite, -infinite, 0.0, 0.1], GREEDY)
    cases.add("greedy: neighbouring singles", [1.0, 1.0000001192092896, 1.0, 0.9999999403953552] * 2, GREEDY)
    cases.add("greedy: subnormal numbers", [0.0, 1e-45, -1e-45, 0.0, 0.0, 0.0, 0.0, 0.0], GREEDY)
    cases.add("greedy: one token in the vocabulary", [-3.0], GREEDY)
    cases.add("greedy, other parameters do not matter", cases.logits(16), Sampling(0, 1, 1, 1_000))


def _parameters(cases: Cases) -> None:
    for number in range(6):
        cases.add(f"default parameters, {number}", cases.logits(32), DEFAULT)
    for number in range(6):
        cases.add(f"no filter, {number}", cases.logits(24), PLAIN)
    for temperature in (1, 10, 100, 333, 999, 1_001, 1_500, 2_000):
        cases.add(f"temperature {temperature}", cases.logits(16), Sampling(temperature, 0, 1_000, 0))
    for top_k in (1, 2, 3, 8, 63, 64, 65, 256):
        cases.add(f"top_k {top_k} of 64", cases.logits(64), Sampling(1_500, top_k, 1_000, 0))
    for top_p in (1, 100, 500, 900, 999):
        cases.add(f"top_p {top_p}", cases.logits(32), Sampling(1_000, 0, top_p, 0))
    for min_p in (1, 50, 200, 500, 999, 1_000):
        cases.add(f"min_p {min_p}", cases.logits(32, 2.0), Sampling(1_000, 0, 1_000, min_p))
    for number in range(6):
        cases.add(f"all filters, {number}", cases.logits(48), Sampling(1_200, 20 + number, 800, 20))


def _edges(cases: Cases) -> None:
    infinite = math.inf
    cases.add("one token in the vocabulary", [0.75], DEFAULT)
    cases.add("two equal tokens", [1.0, 1.0], PLAIN)
    cases.add("all equal", [0.5] * 32, PLAIN)
    cases.add("all equal, top_k keeps the lower ids", [0.5] * 32, Sampling(1_000, 4, 1_000, 0))
    cases.add("top_k cuts through a tie", [3.0, 1.0, 2.0, 2.0, 2.0, 0.0, 2.0, 2.5], Sampling(2_000, 4, 1_000, 0))
    cases.add("top_k cuts through minus zero and zero", [-1.0, -0.0, 0.0, -2.0], Sampling(1_000, 1, 1_000, 0))
    cases.add("top_p of a half, of four equal: exactly two", [1.0] * 4, Sampling(1_000, 0, 500, 0))
    cases.add("top_p just above a half, of four equal: three", [1.0] * 4, Sampling(1_000, 0, 501, 0))
    cases.add("top_p smaller than the first: one", [5.0, 0.0, 0.0, 0.0], Sampling(1_000, 0, 1, 0))
    cases.add("top_p counts what top_k left", [1.0] * 16, Sampling(1_000, 8, 250, 0))
    cases.add("min_p of one keeps the ties with the first", [2.0, 1.5, 2.0, 0.0, 2.0], Sampling(1_000, 0, 1_000, 1_000))
    cases.add("min_p after top_p", cases.logits(32, 3.0), Sampling(1_000, 0, 700, 150))
    cases.add("impossible tokens", [-infinite, 1.0, -infinite, 0.5, 0.25, -infinite, 0.0, -infinite], PLAIN)
    cases.add("one possible token", [-infinite] * 7 + [-4.0], PLAIN)
    cases.add("one possible token, default parameters", [-infinite, -4.0] + [-infinite] * 6, DEFAULT)
    cases.add("large logits", [3.0e38, -3.0e38, 2.9e38, 0.0], Sampling(1, 0, 1_000, 0))
    cases.add("weights that vanish", [0.0, -800.0, -1.0, -900.0, -750.0, -2.0], PLAIN)
    cases.add("position 0", cases.logits(16), PLAIN, 0)
    cases.add("position 1", cases.logits(16), PLAIN, 1)
    cases.add("a position beyond 32 bits", cases.logits(16), PLAIN, 2**32 + 5)
    cases.add("the largest positions", cases.logits(16), PLAIN, 2**64 - 100)


def _generated(cases: Cases) -> None:
    for number in range(4):
        cases.add(f"2,000 tokens, default, {number}", {"seed": 11 + number, "count": 2_000, "bits": 24}, DEFAULT)
    cases.add("2,000 tokens, no filter: 256 candidates", {"seed": 21, "count": 2_000, "bits": 24}, PLAIN)
    for number, bits in enumerate((4, 6, 8)):
        recipe = {"seed": 31 + number, "count": 2_000, "bits": bits}
        cases.add(f"2,000 tokens, ties at the cut, {bits} bits", recipe, Sampling(2_000, 100 + number, 1_000, 0))
    cases.add("2,000 tokens, greedy among ties", {"seed": 41, "count": 2_000, "bits": 8}, GREEDY)
    cases.add("2,000 tokens, top_p", {"seed": 51, "count": 2_000, "bits": 24}, Sampling(1_300, 0, 870, 0))
    large = {"seed": 61, "count": 151_936, "bits": 24}
    cases.add("151,936 tokens, default", large, DEFAULT)
    cases.add("151,936 tokens, hot", {**large, "bits": 12}, Sampling(2_000, 0, 990, 1))


def _refused(cases: Cases) -> None:
    nan = math.nan
    cases.add("no logits", [], DEFAULT)
    cases.add("one is not a number", [1.0, nan, 0.5, 0.25], DEFAULT)
    cases.add("the last is not a number, beyond top_k", [5.0, 4.0, 3.0, nan], Sampling(1_000, 1, 1_000, 0))
    cases.add("not a number, greedy", [nan, 4.0, 3.0, 2.0], GREEDY)
    cases.add("a negative not a number", [5.0, math.copysign(nan, -1.0), 3.0, 2.0], GREEDY)
    for parameters in ((2_001, 40, 950, 50), (700, 257, 950, 50), (700, 40, 0, 50), (700, 40, 1_001, 50)):
        cases.add(f"out of bounds: {parameters}", [1.0, 2.0], Sampling(*parameters))
    cases.add("out of bounds: min_p", [1.0, 2.0], Sampling(700, 40, 950, 1_001))


def build() -> dict:
    """The file's content."""
    cases = Cases()
    for part in (_greedy, _parameters, _edges, _generated, _refused):
        part(cases)
    return {"cases": cases.rows}
