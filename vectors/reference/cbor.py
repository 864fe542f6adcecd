"""cbor.json: deterministic encodings, records of turns with their BLAKE3, and encodings that must be refused."""

import math

from blake3 import blake3

from .canonical import Pairs, checked, notation
from .hashing import U32_MAX, U64_MAX, Draw, hexed
from .strict import Refused, decode

NEST_ACCEPTED = 16
NEST_REFUSED = 2_000


def _nested(depth: int) -> object:
    value: object = []
    for _ in range(depth - 1):
        value = [value]
    return value


def _numbers() -> list[tuple[str, object]]:
    ends = [0, 1, 10, 23, 24, 25, 100, 255, 256, 1_000, 65_535, 65_536, U32_MAX, U32_MAX + 1, 2**53 + 1]
    cases: list[tuple[str, object]] = [(f"{n}", n) for n in [*ends, 2**63 - 1, 2**63, U64_MAX]]
    cases += [(f"{n}", n) for n in (-1, -10, -24, -25, -256, -257, -65_536, -65_537, -(2**32), -(2**32) - 1, -(2**63))]
    floats = [0.0, -0.0, 1.0, -1.0, 1.5, -4.1, 1.1, 65_504.0, 65_536.0, 100_000.0, 3.4028234663852886e38, 1e300]
    floats += [5.960464477539063e-8, 2.9802322387695312e-8, 6.103515625e-5, 0.333251953125, 1 / 3, 1e-45, 5e-324]
    floats += [1.401298464324817e-45, 16_777_216.0, 16_777_217.0, math.inf, -math.inf]
    return cases + [(f"float {f!r}", f) for f in floats]


def _values() -> list[tuple[str, object]]:
    mixed = [(False, 1), ([-1], 2), ([100], 3), ("aa", 4), ("z", 5), (-1, 6), (100, 7), (10, 8)]
    words = ["b", "aaa", "c", "aa", "a", "", "ab", "B", "\u00e9", "zz"]
    long = [("k" * length, length) for length in (23, 24, 25, 22)]
    cases: list[tuple[str, object]] = [
        ("null", None),
        ("false", False),
        ("true", True),
        ("empty text", ""),
        ("text", "IETF"),
        ("text of two bytes a letter", "\u00fc\u00e9"),
        ("text of three and four bytes a letter", "\u6c34 \U0001f600"),
        ("text with zero, quotes and a line's end", 'a\0"\\\n'),
        ("text that is not normalised", "e\u0301 \u00e9"),
        ("text of 23 bytes", "x" * 23),
        ("text of 24 bytes", "x" * 24),
        ("text of 256 bytes", "x" * 256),
        ("empty bytes", b""),
        ("bytes", bytes([1, 2, 3, 4])),
        ("32 bytes", bytes(range(32))),
        ("256 bytes", bytes(range(256))),
        ("empty array", []),
        ("array", [1, 2, 3]),
        ("nested arrays", [1, [2, 3], [4, [5, []]]]),
        ("array of 23", list(range(23))),
        ("array of 24", list(range(24))),
        (f"arrays {NEST_ACCEPTED} deep", _nested(NEST_ACCEPTED)),
        ("empty map", Pairs()),
        ("a map in order", Pairs([("a", 1), ("b", [2, 3])])),
        ("the same map, built the other way", Pairs([("b", [2, 3]), ("a", 1)])),
        ("keys of unequal length", Pairs([(word, index) for index, word in enumerate(words)])),
        ("the same keys, the other way", Pairs([(word, index) for index, word in reversed(list(enumerate(words)))])),
        ("keys on both sides of a longer head", Pairs(long)),
        (
            "integer keys: by their bytes, not their value",
            Pairs([(n, str(n)) for n in (-1, 256, 24, 1, 0, -24, -25, 23)]),
        ),
        ("keys of every type, as RFC 8949 sorts them", Pairs(mixed)),
        ("a map in a map, both out of order", Pairs([("z", Pairs([("y", 1), ("x", 2)])), ("a", None)])),
        ("a map in an array", [Pairs([("b", 1), ("a", 2)]), "end"]),
        ("a turn without parameters", Pairs([("role", "user"), ("text", "hello"), ("tokens", [1, 2, 3])])),
    ]
    return _numbers() + cases


def turn_record(role: str, text: str, tokens: list[int], params: dict, finish_reason: str) -> Pairs:
    """What is stored of a turn; parameters are integers in thousandths."""
    return Pairs(
        [
            ("role", role),
            ("tokens", tokens),
            ("text", text),
            ("params", Pairs(params.items())),
            ("finish_reason", finish_reason),
        ]
    )


def _turn_records() -> list[dict]:
    draw = Draw("fabstir/vectors/records")
    usual = {"temperature": 700, "top_k": 40, "top_p": 950, "min_p": 50}
    greedy = {"temperature": 0, "top_k": 1, "top_p": 1_000, "min_p": 0}
    largest = {"temperature": 2_000, "top_k": 256, "top_p": 1_000, "min_p": 1_000}
    cases = [
        ("assistant", "The cat sits on the mat.", [412, 7, 1_033, 24, 5, 2], usual, "stop"),
        ("assistant", "", [], usual, "cancelled"),
        ("assistant", "", [2], greedy, "stop"),
        (
            "assistant",
            "na\u00efve \u6c34\U0001f600\n\0",
            [0, 23, 24, 255, 256, 65_535, 65_536, U32_MAX],
            largest,
            "length",
        ),
        ("assistant", "and then", [draw.below(32_000) for _ in range(200)], usual, "credit"),
    ]
    rows = []
    for role, text, tokens, params, finish_reason in cases:
        encoded = checked(turn_record(role, text, tokens, params, finish_reason))
        record = {"role": role, "text": text, "tokens": tokens, "params": params, "finish_reason": finish_reason}
        rows.append({"record": record, "cbor": hexed(encoded), "blake3": hexed(blake3(encoded).digest())})
    return rows


def _refused() -> list[dict]:
    cases = [
        ("not_shortest", "23 in two bytes", "1817"),
        ("not_shortest", "0 in two bytes", "1800"),
        ("not_shortest", "255 in three bytes", "1900ff"),
        ("not_shortest", "65,535 in five bytes", "1a0000ffff"),
        ("not_shortest", "2**32 - 1 in nine bytes", "1b00000000ffffffff"),
        ("not_shortest", "-1 in two bytes", "3800"),
        ("not_shortest", "-256 in three bytes", "3900ff"),
        ("not_shortest", "the length of a text", "780161"),
        ("not_shortest", "the length of bytes", "580101"),
        ("not_shortest", "the length of an array", "980101"),
        ("not_shortest", "the length of a map", "b801616101"),
        ("not_shortest", "a number inside an array", "82011817"),
        ("not_shortest", "a number inside a map", "a161611801"),
        ("not_shortest", "a key's length", "a178016101"),
        ("not_shortest", "1 as a bignum", "c24101"),
        ("not_shortest", "-1 as a bignum", "c340"),
        ("not_shortest", "1.5 as a single", "fa3fc00000"),
        ("not_shortest", "1.5 as a double", "fb3ff8000000000000"),
        ("not_shortest", "100,000.0 as a double", "fb40f86a0000000000"),
        ("not_shortest", "0.0 as a double", "fb0000000000000000"),
        ("not_shortest", "-0.0 as a single", "fa80000000"),
        ("not_shortest", "infinity as a single", "fa7f800000"),
        ("not_shortest", "infinity as a double", "fb7ff0000000000000"),
        ("not_shortest", "the least half as a single", "fa33800000"),
        ("indefinite", "bytes", "5f4101ff"),
        ("indefinite", "text", "7f6161ff"),
        ("indefinite", "array", "9f01ff"),
        ("indefinite", "map", "bf616101ff"),
        ("indefinite", "an empty array", "9fff"),
        ("indefinite", "an array inside an array", "819f01ff"),
        ("indefinite", "an array without its end", "9f01"),
        ("unsorted", "b before a", "a2616201616102"),
        ("unsorted", "aa before b", "a262616101616202"),
        ("unsorted", "-1 before 100", "a22001186402"),
        ("unsorted", "inside a map", "a16161a2617a01617902"),
        ("duplicate", "the same text twice", "a2616101616102"),
        ("duplicate", "the same text and value twice", "a2616101616101"),
        ("duplicate", "the same number twice", "a201010102"),
        ("duplicate", "inside an array", "81a2616101616102"),
        ("trailing", "a byte", "0100"),
        ("trailing", "another value", "a0a0"),
        ("trailing", "a break", "01ff"),
        ("empty", "nothing", ""),
        ("nan", "a half", "f97e00"),
        ("nan", "a half with a payload", "f97e01"),
        ("nan", "a single", "fa7fc00000"),
        ("nan", "a double", "fb7ff8000000000000"),
        ("nan", "negative", "f9fe00"),
        ("nan", "inside a map", "a16161f97e00"),
        ("truncated", "a head", "19ff"),
        ("truncated", "a head without its number", "18"),
        ("truncated", "text", "6261"),
        ("truncated", "bytes", "4401"),
        ("truncated", "array", "8201"),
        ("truncated", "map without a value", "a16161"),
        ("truncated", "a length beyond all memory, text", "7bffffffffffffffff"),
        ("truncated", "a length beyond all memory, bytes", "5b7fffffffffffffff"),
        ("truncated", "a length beyond all memory, array", "9bffffffffffffffff"),
        ("truncated", "a length beyond all memory, map", "bb7fffffffffffffff"),
        ("malformed", "a reserved head", "1c"),
        ("malformed", "a reserved head of a text", "7e"),
        ("malformed", "a break alone", "ff"),
        ("malformed", "a break as an element", "81ff"),
        ("malformed", "false in two bytes", "f814"),
        ("malformed", "text that is not UTF-8", "62c328"),
        ("malformed", "text with half of a pair", "63eda080"),
        ("deep", f"arrays {NEST_REFUSED:,} deep", "81" * (NEST_REFUSED - 1) + "80"),
        ("deep", f"maps {NEST_REFUSED:,} deep", "a100" * (NEST_REFUSED - 1) + "a0"),
    ]
    for reason, name, encoded in cases:
        if _reason(bytes.fromhex(encoded)) != reason:
            raise AssertionError(f"{name}: refused as {_reason(bytes.fromhex(encoded))}, not as {reason}")
    return [{"reason": reason, "name": name, "cbor": "0x" + encoded} for reason, name, encoded in cases]


def _reason(encoded: bytes) -> str | None:
    try:
        decode(encoded)
    except Refused as refused:
        return str(refused)
    return None


def build() -> dict:
    """The file's content."""
    for name, value in _values():
        if checked(decode(checked(value))) != checked(value):
            raise AssertionError(f"{name}: does not come back")
    values = [{"name": name, "value": notation(value), "cbor": hexed(checked(value))} for name, value in _values()]
    return {"values": values, "turn_records": _turn_records(), "refused": _refused()}
