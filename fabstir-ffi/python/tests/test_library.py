"""Habits of the package: errors, handles, big numbers, and keys that agree with eth-account's."""

import threading
import time

import fabstir
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from fabstir import Code, Domain, FabstirError, Key, messages

TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "Voucher": [
        {"name": "sessionId", "type": "uint256"},
        {"name": "inputTokens", "type": "uint64"},
        {"name": "outputTokens", "type": "uint64"},
        {"name": "head", "type": "bytes32"},
    ],
}


def test_eth_account_signs_what_we_verify_and_the_other_way_round() -> None:
    domain, head = Domain(8453, "0x" + "11" * 20), b"\x05" * 32
    voucher = messages.Voucher(session_id=2**255 + 7, input_tokens=1000, output_tokens=5000, head=head)
    fields = {"name": "Fabstir", "version": "1", "chainId": domain.chain_id, "verifyingContract": domain.market}
    values = {"sessionId": voucher.session_id, "inputTokens": 1000, "outputTokens": 5000, "head": head}
    typed = encode_typed_data(full_message={"types": TYPES, "primaryType": "Voucher", "domain": fields, "message": values})
    account = Account.create()

    theirs = account.sign_message(typed).signature
    voucher.verify(domain, bytes(theirs), account.address)
    with Key(bytes(account.key)) as key:
        ours = voucher.sign(domain, key)
        assert key.address == account.address.lower()
    assert Account.recover_message(typed, signature=ours) == account.address
    assert ours == bytes(theirs)


def test_errors_have_codes_and_words() -> None:
    with pytest.raises(FabstirError, match="1.2.3") as refused:
        fabstir.parse_units("1.2.3", 6)
    assert refused.value.code is Code.INVALID_VALUE
    assert not refused.value.retryable
    assert str(refused.value).endswith("(invalid_value)")


def test_numbers_are_never_cut_off() -> None:
    for bad in (-1, 1 << 256):
        with pytest.raises(FabstirError) as refused:
            fabstir.format_units(bad, 18)
        assert refused.value.code is Code.OVERFLOW
    with pytest.raises(FabstirError) as refused:
        fabstir.gross_down(fabstir.Usage(1 << 64, 0), fabstir.Prices(1, 1))
    assert refused.value.code is Code.OVERFLOW
    with pytest.raises(FabstirError) as refused:
        fabstir.gross_down(fabstir.Usage(1, 0), fabstir.Prices(1 << 128, 1))
    assert refused.value.code is Code.OVERFLOW
    with pytest.raises(FabstirError) as refused:
        messages.Voucher(1, 1 << 64, 0, b"\0" * 32).digest(Domain(1, "0x" + "11" * 20))
    assert refused.value.code is Code.OVERFLOW
    assert fabstir.parse_units(fabstir.format_units(2**256 - 1, 18), 18) == 2**256 - 1


def test_bytes_of_another_length_are_refused() -> None:
    for bad in ("0x12", "zz", b"\1" * 31):
        with pytest.raises(FabstirError) as refused:
            Key(bad)
        assert refused.value.code is Code.INVALID_VALUE
    with pytest.raises(FabstirError) as short:
        fabstir.recover(b"\1" * 32, b"\1" * 64)
    assert short.value.code is Code.BAD_SIGNATURE


def test_freed_objects_say_so() -> None:
    key = Key()
    with key:
        assert key.sign(b"\1" * 32)
    key.free()
    assert repr(key) == "Key(freed)"
    with pytest.raises(FabstirError) as refused:
        key.sign(b"\1" * 32)
    assert refused.value.code is Code.BAD_HANDLE


def test_new_keys_differ() -> None:
    with Key() as one, Key() as other:
        assert one.address != other.address and one.secret() != other.secret()


def test_history_is_cut_to_whole_turns() -> None:
    talk: list[fabstir.ChatMessage] = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    assert fabstir.wire.fit(talk, [10, 5, 5, 5], 25) == [0, 1, 2, 3]
    assert fabstir.wire.fit(talk, [10, 5, 5, 5], 24) == [0, 3]
    with pytest.raises(FabstirError) as refused:
        fabstir.wire.fit(talk, [10, 5, 5, 5], 14)
    assert refused.value.code is Code.PROMPT_TOO_LONG


def test_calldata_and_errors_of_the_contracts() -> None:
    data = fabstir.contracts.encode_call("FabToken", "transfer", ["0x" + "11" * 20, str(10**18)])
    assert data[:4].hex() == "a9059cbb" and int.from_bytes(data[-32:], "big") == 10**18
    assert fabstir.contracts.decode_error("SessionMarket", b"\1\2\3\4") is None


def test_waiting_lets_other_threads_run() -> None:
    with fabstir.Queue("waiting") as queue:
        ticks = []
        waiting = threading.Thread(target=lambda: ticks.append(queue.next()))
        waiting.start()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            queue.next(timeout=0.3)
        assert 0.25 < time.monotonic() - began < 3
        assert not ticks
        queue.close()
        waiting.join(timeout=5)
        assert ticks == [None]


def test_settings_are_checked() -> None:
    for settings in ({"name": ""}, {"name": "x", "context_length": 1}):
        with pytest.raises(FabstirError) as refused:
            fabstir.Queue(**settings)  # type: ignore[arg-type]
        assert refused.value.code is Code.INVALID_CONFIG
