"""wire.json: every message as JSON and as CBOR, spellings that mean the same, frames that must be refused."""

import json

from .canonical import Pairs, encode
from .frames import Typed, as_cbor, as_json
from .hashing import ZERO32, hexed
from .wire_messages import MAX_FRAME_BYTES, Examples

DEEP = 2_000

Messages = dict[str, Typed]


def _text_of(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _changed(messages: Messages, which: str, /, **fields: object) -> str:
    return _text_of(messages[which].to_json() | fields)


def _without(values: dict, *fields: str) -> dict:
    return {key: value for key, value in values.items() if key not in fields}


def _same(messages: Messages) -> list[dict]:
    """Other spellings of messages in `messages`: what is left out, added, reordered or written in capitals."""
    prompt = messages["prompt"].to_json()
    ping, cancel = messages["ping"].to_json(), messages["cancel"].to_json()
    opening = messages["open"].to_json()
    capitals = dict(opening["terms"], renter="0x" + opening["terms"]["renter"][2:].upper())
    nonce_only = dict(prompt, params={"nonce": prompt["params"]["nonce"]})
    some = dict(prompt, params={key: prompt["params"][key] for key in ("top_p", "nonce", "stop")})
    spellings = [
        ("prompt", "parameters left out", nonce_only),
        ("prompt", "some parameters left out", some),
        ("prompt", "absent fields written as null", dict(prompt, messages=None, request=None)),
        ("prompt", "an unknown field", dict(prompt, colour="blue")),
        ("prompt", "an unknown field inside params", dict(prompt, params=dict(prompt["params"], seed=4))),
        ("prompt", "fields in another order, the type last", dict(reversed(prompt.items()))),
        ("ping", "an unknown field with structure", dict(ping, extra={"a": [1, {"b": None}]})),
        ("cancel", "an unknown number", dict(cancel, extra=1.5e300)),
        ("open", "an address in capitals", dict(opening, terms=capitals)),
    ]
    rows = [{"same_as": name, "name": why, "json": _text_of(value)} for name, why, value in spellings]
    rows.append({"same_as": "cancel", "name": "spaces", "json": ' {\n "type" : "cancel" ,\t"id" : 1 }\n'})
    rows.append({"same_as": "cancel", "name": "escapes", "json": '{"t\\u0079pe":"c\\u0061ncel","id":1}'})
    unsorted = b"\xa2" + encode("type") + encode("cancel") + encode("id") + encode(1)
    extra = encode(Pairs([("type", "cancel"), ("id", 1), ("extra", [None, -5, b"\0", 1.5])]))
    rows.append({"same_as": "cancel", "name": "keys in another order", "cbor": hexed(unsorted)})
    rows.append({"same_as": "cancel", "name": "an unknown field", "cbor": hexed(extra)})
    return rows


def _refusal(side: str, code: str, name: str, frame: dict, number: int | None = None) -> dict:
    return {"name": name, "from": side, **frame, "code": code, **({} if number is None else {"id": number})}


def _unknown(client: Messages, host: Messages) -> list[dict]:
    """Types that the reader does not know; the error has the message's id if it has one."""
    listed = [
        ("client", "a type nobody knows", '{"type":"dance"}', None),
        ("client", "a type nobody knows, with an id", '{"type":"dance","id":7}', 7),
        ("client", "a type in capitals", '{"type":"Ping"}', None),
        ("client", "the empty type", '{"type":""}', None),
        ("client", "a host's message sent to a host", as_json(host["pong"]), None),
        ("client", "a host's message with an id", as_json(host["evicted"]), 4),
        ("host", "a type nobody knows", '{"type":"dance","id":7}', 7),
        ("host", "a client's message sent to a client", as_json(client["cancel"]), 1),
    ]
    rows = [_refusal(side, "unknown_message", why, {"json": frame}, number) for side, why, frame, number in listed]
    plain = encode(Pairs([("type", "dance")]))
    numbered = encode(Pairs([("type", "dance"), ("id", 7)]))
    rows.append(_refusal("client", "unknown_message", "a type nobody knows", {"cbor": hexed(plain)}))
    rows.append(_refusal("client", "unknown_message", "a type nobody knows, with an id", {"cbor": hexed(numbered)}, 7))
    return rows


def _no_object() -> list[tuple[str, str]]:
    return [
        ("nothing", ""),
        ("a space", " "),
        ("not JSON", "hello"),
        ("cut", '{"type":"ping"'),
        ("two values", '{"type":"ping"}{"type":"ping"}'),
        ("a byte after the end", '{"type":"ping"}x'),
        ("null", "null"),
        ("a number", "7"),
        ("a string", '"ping"'),
        ("a list", "[]"),
        ("no type", "{}"),
        ("no type, other fields", '{"id":1}'),
        ("the type is a number", '{"type":1}'),
        ("the type is null", '{"type":null}'),
        (f"lists {DEEP:,} deep in an unknown field", '{"type":"ping","extra":' + "[" * DEEP + "]" * DEEP + "}"),
    ]


def _bad_numbers(client: Messages) -> list[tuple[str, str]]:
    """Plain numbers out of their range, and 64-bit or longer ones that are no decimal string in range."""
    terms = client["open"].to_json()["terms"]
    params = client["prompt"].to_json()["params"]

    def count(value: object) -> str:
        return _changed(client, "voucher", input_tokens=value)

    def term(**fields: object) -> str:
        return _changed(client, "open", terms=terms | fields)

    return [
        ("id missing", '{"type":"cancel"}'),
        ("id is null", _changed(client, "cancel", id=None)),
        ("id is negative", _changed(client, "cancel", id=-1)),
        ("id is 2**32", _changed(client, "cancel", id=2**32)),
        ("id is a fraction", '{"type":"cancel","id":1.5}'),
        ("id is a word", _changed(client, "cancel", id="one")),
        ("a u16 too large", _changed(client, "hello", versions=[65_536])),
        ("a list expected", _changed(client, "hello", versions=1)),
        ("u64: 2**64", count(str(2**64))),
        ("u64: negative", count("-1")),
        ("u64: a fraction", count("1.0")),
        ("u64: an exponent", count("1e3")),
        ("u64: hex", count("0x10")),
        ("u64: empty", count("")),
        ("u64: a space", count(" 1")),
        ("u64: a letter", count("12a")),
        ("u64: null", count(None)),
        ("u64: a list", count(["1"])),
        ("u128: 2**128", term(input_price=str(2**128))),
        ("u128: hex", term(input_price="0x1")),
        ("u256: 2**256", _changed(client, "resume", session_id=str(2**256))),
        ("u256: hex", _changed(client, "resume", session_id="0x10")),
        ("u256: negative", _changed(client, "resume", session_id="-1")),
        ("a u32 in terms too large", term(grace=2**32)),
        ("a u16 in terms too large", term(fee_bps=65_536)),
        ("a negative temperature", _changed(client, "prompt", params=params | {"temperature": -1})),
        ("a fraction of a temperature", _changed(client, "prompt", params=params | {"temperature": 0.7})),
    ]


def _bad_fields(client: Messages) -> list[tuple[str, str]]:
    """Bytes that are not 0x-hex of the right length, and fields that are missing or of another type."""
    voucher, opening, prompt = (client[name].to_json() for name in ("voucher", "open", "prompt"))
    head = voucher["head"]

    def with_head(value: object) -> str:
        return _text_of(voucher | {"head": value})

    def with_messages(*said: dict) -> str:
        return _text_of(client["prompt, messages"].to_json() | {"messages": list(said)})

    return [
        ("bytes with a letter beyond f", with_head(head[:-1] + "g")),
        ("bytes with half an octet", with_head(head[:-1])),
        ("31 bytes for 32", with_head(head[:-2])),
        ("33 bytes for 32", with_head(head + "00")),
        ("no bytes for 32", with_head("0x")),
        ("bytes with a space", with_head(head[:-1] + " ")),
        ("a number for bytes", with_head(5)),
        ("64 bytes for a signature", _text_of(voucher | {"signature": "0x" + "11" * 64})),
        ("66 bytes for a signature", _text_of(voucher | {"signature": "0x" + "11" * 66})),
        ("19 bytes for an address", _text_of(opening | {"terms": opening["terms"] | {"token": "0x" + "00" * 19}})),
        ("signature missing", _text_of(_without(voucher, "signature"))),
        ("head missing", _text_of(_without(voucher, "head"))),
        ("a field of terms missing", _text_of(opening | {"terms": _without(opening["terms"], "salt")})),
        ("no params", _text_of(_without(prompt, "params"))),
        ("no nonce", _text_of(prompt | {"params": _without(prompt["params"], "nonce")})),
        ("an unknown role", with_messages({"role": "robot", "content": "x"})),
        ("a message without content", with_messages({"role": "user"})),
    ]


def _bad_cbor(client: Messages) -> list[tuple[str, bytes]]:
    def changed(which: str, /, **fields: object) -> bytes:
        kept = [pair for pair in client[which].to_cbor() if pair[0] not in fields]
        return encode(Pairs([*kept, *fields.items()]))

    def priced(price: bytes) -> bytes:
        terms = dict(client["open"].to_cbor())["terms"]
        return changed("open", terms=Pairs([(k, price if k == "input_price" else v) for k, v in terms]))

    ping = as_cbor(client["ping"])
    deep = b"\xa2" + encode("type") + encode("ping") + encode("extra") + b"\x81" * (DEEP - 1) + b"\x80"
    return [
        ("nothing", b""),
        ("cut", ping[:-1]),
        ("two values", ping + ping),
        ("a byte after the end", ping + b"\0"),
        ("a reserved head", b"\x1c"),
        ("null", b"\xf6"),
        ("a list", b"\x80"),
        ("no type", b"\xa0"),
        ("the type is a number", encode(Pairs([("type", 1)]))),
        ("the type is bytes", encode(Pairs([("type", b"ping")]))),
        ("text that is not UTF-8", b"\xa1\x64type\x62\xc3\x28"),
        ("JSON", b'{"type":"ping"}'),
        ("a length beyond all memory", b"\xbb\x7f" + b"\xff" * 7),
        (f"arrays {DEEP:,} deep in an unknown field", deep),
        ("u64 of 7 bytes", changed("voucher", input_tokens=bytes(7))),
        ("u64 of 9 bytes", changed("voucher", input_tokens=bytes(9))),
        ("u64 as decimal text", changed("voucher", input_tokens="1234")),
        ("u128 of 16 bytes", priced(bytes(16))),
        ("u128 of 32 bytes, 2**128", priced((2**128).to_bytes(32, "big"))),
        ("u256 of 31 bytes", changed("resume", session_id=bytes(31))),
        ("u256 of 33 bytes", changed("resume", session_id=bytes(33))),
        ("head of 31 bytes", changed("voucher", head=bytes(31))),
        ("head as hex", changed("voucher", head="0x" + "00" * 32)),
        ("signature of 64 bytes", changed("voucher", signature=bytes(64))),
        ("id is 2**32", changed("cancel", id=2**32)),
        ("id is negative", changed("cancel", id=-1)),
        ("id is a fraction", changed("cancel", id=1.5)),
        ("id missing", encode(Pairs([("type", "cancel")]))),
    ]


def _refused(client: Messages, host: Messages) -> list[dict]:
    texts = _no_object() + _bad_numbers(client) + _bad_fields(client)
    raw = [("text that is not UTF-8", b'{"type":"\xc3\x28"}'), ("a zero byte at the end", b'{"type":"ping"}\0')]
    from_host = [
        ("a token beyond u32", _changed(host, "token", token=2**32)),
        ("retryable is a string", _changed(host, "error", retryable="true")),
        ("an amount of 2**256", _changed(host, "voucher_due", unpaid=str(2**256))),
        ("31 bytes for a fingerprint", _changed(host, "checkpoint", fingerprints=["0x" + "00" * 31])),
    ]
    code = "malformed_frame"
    return (
        _unknown(client, host)
        + [_refusal("client", code, why, {"json": frame}) for why, frame in texts]
        + [_refusal("host", code, why, {"json": frame}) for why, frame in from_host]
        + [_refusal("client", code, why, {"json_bytes": hexed(frame)}) for why, frame in raw]
        + [_refusal("client", code, why, {"cbor": hexed(frame)}) for why, frame in _bad_cbor(client)]
    )


def _params_refused() -> list[dict]:
    """`params` that parse and are out of their bounds."""
    changes = [
        ("temperature above 2", {"temperature": 2_001}),
        ("top_k above 256", {"top_k": 257}),
        ("top_p is zero", {"top_p": 0}),
        ("top_p above 1", {"top_p": 1_001}),
        ("min_p above 1", {"min_p": 1_001}),
        ("nine stop strings", {"stop": list("abcdefghi")}),
        ("an empty stop string", {"stop": ["a", ""]}),
        ("a stop string of 65 bytes", {"stop": ["x" * 65]}),
        ("a stop string of 22 letters, 66 bytes", {"stop": ["\u6c34" * 22]}),
    ]
    nonce = {"nonce": hexed(ZERO32)}
    return [{"name": why, "params": nonce | change, "code": "invalid_params"} for why, change in changes]


def _params_accepted() -> list[dict]:
    """`params` at their bounds."""
    changes = [
        ("temperature 0", {"temperature": 0}),
        ("temperature 2", {"temperature": 2_000}),
        ("top_k 0, which means 256", {"top_k": 0}),
        ("top_k 256", {"top_k": 256}),
        ("top_p 0.001", {"top_p": 1}),
        ("top_p 1", {"top_p": 1_000}),
        ("min_p 0", {"min_p": 0}),
        ("min_p 1", {"min_p": 1_000}),
        ("eight stop strings of 64 bytes", {"stop": [letter * 64 for letter in "abcdefgh"]}),
    ]
    return [{"name": why, "params": {"nonce": hexed(ZERO32)} | change} for why, change in changes]


def _sizes() -> list[dict]:
    """Frames by recipe: `prefix`, then `fill` so often that the frame has `bytes` bytes, then `suffix`."""
    shape = {"prefix": '{"type":"ping","extra":"', "fill": "x", "suffix": '"}'}
    return [
        {"name": "the largest frame", **shape, "bytes": MAX_FRAME_BYTES, "code": None},
        {"name": "one byte too many", **shape, "bytes": MAX_FRAME_BYTES + 1, "code": "frame_too_large"},
    ]


def _rows(side: str, messages: Messages) -> list[dict]:
    return [
        {"name": name, "from": side, "json": as_json(frame), "cbor": hexed(as_cbor(frame))}
        for name, frame in messages.items()
    ]


def build() -> dict:
    """The file's content."""
    examples = Examples()
    client, host = dict(examples.client()), dict(examples.host())
    return {
        "messages": _rows("client", client) + _rows("host", host),
        "same": _same(client),
        "refused": _refused(client, host),
        "sizes": _sizes(),
        "params_accepted": _params_accepted(),
        "params_refused": _params_refused(),
    }
