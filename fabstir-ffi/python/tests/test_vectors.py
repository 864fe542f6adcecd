"""The shared vectors, through the library."""

import json
import struct
from typing import Any

import pytest
from conftest import rows, vectors
from fabstir import Code, Domain, FabstirError, Key, Prices, Split, Terms, Usage, messages, money, recover, transcript, verify, wire
from fabstir.sampling import Sampling, sample

SETTLEMENT, MESSAGES = vectors("settlement"), vectors("messages")
TRANSCRIPT, CBOR, WIRE = vectors("transcript"), vectors("cbor"), vectors("wire")


def numbers(row: dict[str, Any], *names: str) -> list[int]:
    return [int(row[name]) for name in names]


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def test_gross_payable_and_fees() -> None:
    for row in rows(SETTLEMENT["gross"]):
        usage, prices = Usage(*numbers(row, "input_tokens", "output_tokens")), Prices(*numbers(row, "input_price", "output_price"))
        assert money.gross_down(usage, prices) == int(row["gross"])
    for row in rows(SETTLEMENT["payable"]):
        usage, prices = Usage(*numbers(row, "input_tokens", "output_tokens")), Prices(*numbers(row, "input_price", "output_price"))
        assert money.payable_down(usage, prices, int(row["deposit"])) == int(row["paid"])
    for row in rows(SETTLEMENT["fee"]):
        paid, bps, fee = numbers(row, "paid", "fee_bps", "fee")
        assert money.fee_down(paid, bps) == fee
        assert money.split(paid, bps) == Split(paid - fee, fee)
    for row in rows(SETTLEMENT["increments"]):
        before, after, bps, host, fee = numbers(row, "settled_before", "settled_after", "fee_bps", "host", "fee")
        assert money.increment(before, after, bps) == Split(host, fee)
    for row in rows(SETTLEMENT["cancellation"]):
        unspent, bps, agreed = numbers(row, "unspent", "cancel_bps", "agreed")
        assert money.cancellation_fee_down(unspent, bps) == agreed


def domain(row: dict[str, Any]) -> Domain:
    return Domain(int(row["chain_id"]), row["market"])


def terms(row: dict[str, Any]) -> Terms:
    names = ("input_price", "output_price", "expires_at", "grace", "fee_bps", "cancel_bps", "proof_cap", "salt")
    accounts = (row[name] for name in ("renter", "host", "host_signer", "voucher_signer", "token", "model_id"))
    return Terms(*accounts, *numbers(row, *names))


def test_domains_and_session_ids() -> None:
    for row in rows(MESSAGES["domains"]):
        assert domain(row).separator() == raw(row["separator"])
    for row in rows(MESSAGES["terms"]):
        assert terms(row).session_id(domain(row)) == int(row["session_id"])


KINDS = {
    "voucher": messages.Voucher,
    "request": messages.Request,
    "open": messages.Open,
    "close_request": messages.CloseRequest,
    "checkpoint": messages.Checkpoint,
    "close": messages.Close,
    "quote": messages.Quote,
    "hello": messages.Hello,
    "order": messages.Order,
}


@pytest.mark.parametrize("kind", KINDS)
def test_signed_messages(kind: str) -> None:
    all_terms = rows(MESSAGES["terms"])
    for row in rows(MESSAGES[kind]):
        where, names = row, KINDS[kind].__dataclass_fields__
        fields = {name: row[name] if row[name].startswith("0x") else int(row[name]) for name in names if name != "terms"}
        if kind == "order":
            where = all_terms[int(row["terms"])]
            fields["terms"] = terms(where)
        message = KINDS[kind](**fields)
        assert message.digest(domain(where)) == raw(row["digest"])
        with Key(row["private_key"]) as key:
            assert key.address == row["signer"].lower()
            assert message.sign(domain(where), key) == raw(row["signature"])
        message.verify(domain(where), row["signature"], row["signer"])


def test_unusual_and_refused_signatures() -> None:
    for row in rows(MESSAGES["accepted"]):
        assert recover(row["digest"], row["signature"]) == row["signer"].lower()
    for row in rows(MESSAGES["refused"]):
        with pytest.raises(FabstirError) as refused:
            verify(row["digest"], row["signature"], row["expected_signer"])
        assert refused.value.code.name.lower() == row["verdict"]


def test_ids_profiles_and_seeds() -> None:
    for row in rows(TRANSCRIPT["models"]):
        assert transcript.model_id(row["blake3"], int(row["size"])) == raw(row["model_id"])
    for row in rows(TRANSCRIPT["profiles"]):
        fields = {name: row[name] for name in transcript.Profile.__dataclass_fields__}
        assert transcript.Profile(**fields).hash() == raw(row["hash"])
    for row in rows(TRANSCRIPT["salts"]):
        assert transcript.session_salt(int(row["session_id"]), row["profile"]) == raw(row["salt"])
    for row in rows(TRANSCRIPT["turn_seeds"]):
        assert transcript.turn_seed(row["nonce"], row["host_seed"]) == raw(row["turn_seed"])
    for case in TRANSCRIPT["token_lists"]:
        assert transcript.tokens_digest(case["ids"]) == raw(case["tokens"])
    for case in TRANSCRIPT["seed_chains"]:
        for link in case["links"]:
            assert transcript.seed_link(case["root"], case["length"], link["k"]) == raw(link["link"])


@pytest.mark.parametrize("history", TRANSCRIPT["histories"], ids=lambda history: str(history.get("name", ""))[:40])
def test_histories(history: dict[str, Any]) -> None:
    with transcript.Transcript(int(history["session_id"]), history["profile"], history["secret"]) as replay:
        assert replay.standing().salt == raw(history["salt"])
        for op in history["ops"]:
            step(replay, op)


def step(replay: transcript.Transcript, op: dict[str, Any]) -> None:
    match op["op"]:
        case "begin_turn":
            assert replay.begin_turn() == int(op["expect"]["turn"])
            assert replay.standing().position == int(op["expect"]["position"])
            assert replay.standing().context == raw(op["expect"]["context"])
        case "feed":
            replay.feed(op["tokens"], op["fingerprint"])
        case "sample":
            for token in op["tokens"]:
                replay.sample(token)
        case "edit":
            replay.edit(int(op["a"]), int(op["b"]))
        case "reread":
            replay.reread(op["tokens"])
        case "checkpoint":
            closed, expect = replay.checkpoint(op["fingerprints"]), op["expect"]
            assert closed.sequence == int(expect["sequence"])
            assert closed.usage == Usage(int(expect["input_tokens"]), int(expect["output_tokens"]))
            assert (closed.root, closed.head, closed.context) == tuple(raw(expect[name]) for name in ("root", "head", "context"))
            assert len(closed.leaves) == len(expect["leaves"])
        case other:
            pytest.fail(f"unknown op {other}")


@pytest.mark.parametrize("case", vectors("sampling")["cases"], ids=lambda case: str(case.get("name", ""))[:40])
def test_samples(case: dict[str, Any]) -> None:
    chosen = Sampling(**case["sampling"])
    logits = case["logits"] if "logits" in case else None
    values = generated(**case["generate"]) if logits is None else [struct.unpack(">f", raw(bits))[0] for bits in logits]
    if "error" in case:
        with pytest.raises(FabstirError) as refused:
            sample(values, chosen, case["turn_seed"], int(case["position"]))
        assert refused.value.code.name.lower() == case["error"]
    else:
        assert sample(values, chosen, case["turn_seed"], int(case["position"])) == case["token"]


def generated(seed: Any, count: int, bits: int) -> list[float]:
    state, logits = int(seed), []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        logits.append(((state >> (64 - bits)) - (1 << (bits - 1))) / (1 << (bits - 4)))
    return logits


def test_records() -> None:
    for case in CBOR["turn_records"]:
        stored, name = wire.record(case["record"])
        assert (stored, name) == (raw(case["cbor"]), raw(case["blake3"]))


def test_wire_messages_in_both_encodings() -> None:
    for case in WIRE["messages"]:
        sender, text, cbor = case["from"], case["json"].encode(), raw(case["cbor"])
        assert wire.convert(text, sender, "json", "cbor") == cbor
        assert json.loads(wire.convert(cbor, sender, "cbor", "json")) == json.loads(wire.convert(text, sender, "json", "json"))


def test_refused_frames() -> None:
    for case in WIRE["refused"]:
        frame = case["json"].encode() if "json" in case else raw(case.get("json_bytes") or case["cbor"])
        with pytest.raises(FabstirError) as refused:
            wire.convert(frame, case["from"], "cbor" if "cbor" in case else "json", "json")
        assert refused.value.code.name.lower() == case["code"]


def test_codes_are_the_statuses() -> None:
    assert Code.OVERFLOW == 100 and Code.INTERNAL == 900
    assert len({code.value for code in Code}) == len(Code)
