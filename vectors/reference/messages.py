"""messages.json: ids, digests and signatures of everything that is signed, and signatures that must be refused."""

from .hashing import U64_MAX, U256_MAX, ZERO32, Draw, columns, hexed, keccak256
from .signing import HALF_ORDER, ORDER, Key, joined, recover
from .typed_data import DOMAIN_TYPE, TYPES, digest, encode_type, separator, struct_hash, type_hash

ZERO_ADDRESS = "0x" + "00" * 20
FULL_ADDRESS = "0x" + "ff" * 20

DOMAINS = [
    (31337, "0x5fbdb2315678afecb367f032d93f642f64180aa3"),
    (31337, "0xe7f1725e7734ce288f8367e1bb143e90bb3f0512"),
    (8453, "0x5fbdb2315678afecb367f032d93f642f64180aa3"),
    (84532, "0x00000000000000000000000000000000000fab57"),
    (1, FULL_ADDRESS),
    (2**53 + 1, "0x1000000000000000000000000000000000000001"),
]

SIGNERS = {
    "Voucher": "voucher signer",
    "Request": "voucher signer",
    "Open": "voucher signer",
    "CloseRequest": "renter",
    "Order": "renter",
    "Checkpoint": "host signer",
    "Close": "host signer",
    "Quote": "host signer",
    "Hello": "host signer",
}


def snake(name: str) -> str:
    """camelCase to snake_case, as the vectors name their columns."""
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


def _usual_terms() -> dict:
    return {
        "renter": Key.named("renter").address,
        "host": Key.named("host").address,
        "hostSigner": Key.named("host signer").address,
        "voucherSigner": Key.named("voucher signer").address,
        "token": ZERO_ADDRESS,
        "modelId": keccak256(b"a model"),
        "inputPrice": 20_000_000_000,
        "outputPrice": 60_000_000_000,
        "expiresAt": 1_767_225_600,
        "grace": 3_600,
        "feeBps": 1_500,
        "cancelBps": 0,
        "proofCap": 0,
        "salt": 1,
    }


def _largest(kind: str) -> object:
    if kind == "address":
        return FULL_ADDRESS
    return b"\xff" * 32 if kind == "bytes32" else 2 ** int(kind.removeprefix("uint")) - 1


def _nothing(kind: str) -> object:
    return {"address": ZERO_ADDRESS, "bytes32": ZERO32}.get(kind, 0)


def _drawn(kind: str, draw: Draw) -> object:
    if kind == "address":
        return draw.address()
    return draw.word() if kind == "bytes32" else draw.bits(int(kind.removeprefix("uint")))


def terms_cases() -> list[dict]:
    """Terms: a usual session, a change of each field alone, the extremes, and some drawn."""
    usual = _usual_terms()
    cases = [usual]
    cases.append({**usual, "token": Key.named("token").address, "inputPrice": 60_000, "outputPrice": 240_000})
    cases += [{**usual, field: _drawn(kind, Draw(f"fabstir/vectors/terms/{field}"))} for kind, field in TYPES["Terms"]]
    cases.append({field: _nothing(kind) for kind, field in TYPES["Terms"]})
    cases.append({field: _largest(kind) for kind, field in TYPES["Terms"]})
    draw = Draw("fabstir/vectors/terms")
    cases += [{field: _drawn(kind, draw) for kind, field in TYPES["Terms"]} for _ in range(4)]
    return cases


def _column(value: object) -> str:
    return hexed(value) if isinstance(value, bytes) else str(value)


def _terms_rows() -> list[dict]:
    rows = []
    for number, terms in enumerate(terms_cases()):
        chosen = DOMAINS if number < 2 else [DOMAINS[number % len(DOMAINS)]]
        for chain_id, market in chosen:
            signed = digest("Terms", terms, chain_id, market)
            rows.append(
                {
                    **{snake(field): _column(terms[field]) for _, field in TYPES["Terms"]},
                    "chain_id": str(chain_id),
                    "market": market,
                    "struct_hash": hexed(struct_hash("Terms", terms)),
                    "session_id": str(int.from_bytes(signed, "big")),
                }
            )
    return rows


def _sessions() -> list[int]:
    usual = _usual_terms()
    return [int.from_bytes(digest("Terms", usual, *domain), "big") for domain in DOMAINS]


def _message_values(name: str) -> list[dict]:
    """Values for one message other than Order: usual, empty, largest, drawn."""
    fields = TYPES[name]
    draw = Draw(f"fabstir/vectors/message/{name}")
    usual = {
        "inputTokens": 1_234,
        "outputTokens": 567,
        "deadline": 1_767_229_200,
        "validUntil": 1_767_229_200,
        "sequence": 3,
        "turn": 2,
        "maxTokens": 512,
    }
    cases = []
    for session in _sessions()[:3]:
        values = {field: usual.get(field, draw.word()) for _, field in fields}
        cases.append(values | ({"sessionId": session} if "sessionId" in values else {}))
    cases.append({field: _nothing(kind) for kind, field in fields})
    cases.append({field: _largest(kind) for kind, field in fields})
    cases += [{field: _drawn(kind, draw) for kind, field in fields} for _ in range(3)]
    return cases


def _signed(name: str, values: dict, domain: tuple[int, str], key: Key) -> dict:
    signed = digest(name, values, *domain)
    return {
        "chain_id": str(domain[0]),
        "market": domain[1],
        "struct_hash": hexed(struct_hash(name, values)),
        "digest": hexed(signed),
        "private_key": hexed(key.secret),
        "signer": key.address,
        "signature": hexed(key.sign(signed)),
    }


def _keys(name: str) -> list[Key]:
    """Whose message it is, then keys at the ends of their range."""
    return [Key.named(SIGNERS[name]), Key((1).to_bytes(32, "big")), Key((ORDER - 1).to_bytes(32, "big"))]


def _message_rows(name: str) -> list[dict]:
    rows = []
    for number, values in enumerate(_message_values(name)):
        domain = DOMAINS[number % len(DOMAINS)]
        key = _keys(name)[number - 3 if number in (4, 5) else 0]
        fields = {snake(field): _column(values[field]) for _, field in TYPES[name]}
        rows.append({**fields, **_signed(name, values, domain, key)})
    return rows


def _order_rows() -> list[dict]:
    """`terms` counts the rows of the file's `terms` group; the domain is that row's."""
    rows = []
    index = 0
    amounts = [10**15, 800_000, 0, 2**96 - 1, U256_MAX, 1]
    for number, terms in enumerate(terms_cases()):
        for domain in DOMAINS if number < 2 else [DOMAINS[number % len(DOMAINS)]]:
            deadline = [1_767_229_200, 0, U64_MAX][len(rows) % 3]
            values = {"terms": terms, "deposit": amounts[len(rows) % len(amounts)], "deadline": deadline}
            fields = {"terms": str(index), "deposit": str(values["deposit"]), "deadline": str(deadline)}
            rows.append({**fields, **_signed("Order", values, domain, Key.named("renter"))})
            index += 1
    return rows


def _no_point_x() -> int:
    """The least x that is on no point of the curve: x**3 + 7 is no square."""
    prime = 2**256 - 2**32 - 977
    return next(x for x in range(1, 100) if pow(x**3 + 7, (prime - 1) // 2, prime) == prime - 1)


def _refused() -> list[dict]:
    key = Key.named("voucher signer")
    chain_id, market = DOMAINS[0]
    session = _sessions()[0]
    voucher = {"sessionId": session, "inputTokens": 1_234, "outputTokens": 567, "head": keccak256(b"a head")}
    signed = digest("Voucher", voucher, chain_id, market)
    good = key.sign(signed)
    r, s, v = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:64], "big"), good[64]
    other = {27: 28, 28: 27}[v]
    compact = good[:32] + (s | (v - 27) << 255).to_bytes(32, "big")

    malformed = [
        ("high s, v flipped with it", joined(r, ORDER - s, other)),
        ("high s, v left", joined(r, ORDER - s, v)),
        ("s one above half the order", joined(r, HALF_ORDER + 1, v)),
        ("s is the order", joined(r, ORDER, v)),
        ("s is the largest number", joined(r, U256_MAX, v)),
        ("s is zero", joined(r, 0, v)),
        ("r is zero", joined(0, s, v)),
        ("r is the order", joined(ORDER, s, v)),
        ("r is the largest number", joined(U256_MAX, s, v)),
        ("r is on no point", joined(_no_point_x(), s, v)),
        *[(f"v is {odd}", joined(r, s, odd)) for odd in (v - 27, 28 - v, 2, 26, 29, 35, 255)],
        ("all zero", bytes(65)),
        ("r and s zero, v 27", joined(0, 0, 27)),
        ("empty", b""),
        ("one byte", good[:1]),
        ("64 bytes, v missing", good[:64]),
        ("64 bytes, compact as EIP-2098", compact),
        ("66 bytes, one zero more", good + b"\0"),
        ("130 bytes, twice", good + good),
    ]
    rows = [_refusal(name, signed, signature, key.address, "bad_signature") for name, signature in malformed]
    rows.append(_refusal("recovers to nobody, nobody expected", signed, bytes(65), ZERO_ADDRESS, "bad_signature"))

    def elsewhere(**changes: object) -> bytes:
        return digest("Voucher", voucher | changes, chain_id, market)

    close = {"sessionId": session, "inputTokens": 1_234, "outputTokens": 567, "deadline": 1_767_229_200}
    request = key.sign(digest("CloseRequest", close, chain_id, market))
    strangers = [
        ("v flipped", signed, joined(r, s, other), key.address),
        ("another head", elsewhere(head=keccak256(b"another head")), good, key.address),
        ("one output token more", elsewhere(outputTokens=568), good, key.address),
        ("one input token less", elsewhere(inputTokens=1_233), good, key.address),
        ("replayed for another session", elsewhere(sessionId=session + 1), good, key.address),
        ("replayed on another chain", digest("Voucher", voucher, 8453, market), good, key.address),
        ("replayed in another market", digest("Voucher", voucher, *DOMAINS[1]), good, key.address),
        ("a CloseRequest given as a Close", digest("Close", close, chain_id, market), request, key.address),
        ("signed by a stranger", signed, Key.named("stranger").sign(signed), key.address),
        ("the zero address expected", signed, good, ZERO_ADDRESS),
    ]
    return rows + [_refusal(name, *rest, "wrong_signer") for name, *rest in strangers]


def _refusal(name: str, signed: bytes, signature: bytes, expected: str, verdict: str) -> dict:
    recovered = recover(signed, signature)
    if recovered == expected or (recovered is None) != (verdict == "bad_signature"):
        raise AssertionError(f"{name}: recovers to {recovered}")
    return {
        "name": name,
        "digest": hexed(signed),
        "signature": hexed(signature),
        "expected_signer": expected,
        "recovered": recovered or ZERO_ADDRESS,
        "verdict": verdict,
    }


def _edges() -> list[dict]:
    """Signatures nobody made that still recover: any x on the curve with any s belongs to some key."""
    signed = keccak256(b"an edge")
    x_of_generator = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798
    cases = [
        ("s is half the order, the largest accepted", x_of_generator, HALF_ORDER, 27),
        ("s is one", x_of_generator, 1, 28),
        ("r is one", 1, HALF_ORDER - 1, 27),
        ("the largest r on the curve below the order", _largest_r(), 2, 28),
    ]
    rows = []
    for name, r, s, v in cases:
        recovered = recover(signed, joined(r, s, v))
        if recovered is None:
            raise AssertionError(f"{name}: recovers to nobody")
        rows.append({"name": name, "digest": hexed(signed), "signature": hexed(joined(r, s, v)), "signer": recovered})
    for name, extreme in (("zero digest", ZERO32), ("largest digest", b"\xff" * 32)):
        key = Key.named("voucher signer")
        rows.append(
            {"name": name, "digest": hexed(extreme), "signature": hexed(key.sign(extreme)), "signer": key.address}
        )
    return rows


def _largest_r() -> int:
    prime = 2**256 - 2**32 - 977
    return next(x for x in range(ORDER - 1, ORDER - 100, -1) if pow(x**3 + 7, (prime - 1) // 2, prime) == 1)


def build() -> dict:
    """The file's content."""
    content: dict = {
        "domains": columns(
            [
                {"chain_id": str(chain_id), "market": market, "separator": hexed(separator(chain_id, market))}
                for chain_id, market in DOMAINS
            ]
        ),
        "types": columns(
            [
                {"name": "EIP712Domain", "type": DOMAIN_TYPE, "type_hash": hexed(keccak256(DOMAIN_TYPE.encode()))},
                *({"name": n, "type": encode_type(n), "type_hash": hexed(type_hash(n))} for n in TYPES),
            ]
        ),
        "terms": columns(_terms_rows()),
    }
    for name in SIGNERS:
        content[snake(name)] = columns(_order_rows() if name == "Order" else _message_rows(name))
    content["accepted"] = columns(_edges())
    content["refused"] = columns(_refused())
    return content
