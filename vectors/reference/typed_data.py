"""EIP-712, written out: type strings, struct hashes, digests. Each digest is checked against eth-account's."""

from eth_abi import encode as abi_encode
from eth_account.messages import encode_typed_data

from .hashing import keccak256

DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
NAME = "Fabstir"
VERSION = "1"

TYPES: dict[str, list[tuple[str, str]]] = {
    "Terms": [
        ("address", "renter"),
        ("address", "host"),
        ("address", "hostSigner"),
        ("address", "voucherSigner"),
        ("address", "token"),
        ("bytes32", "modelId"),
        ("uint128", "inputPrice"),
        ("uint128", "outputPrice"),
        ("uint64", "expiresAt"),
        ("uint32", "grace"),
        ("uint16", "feeBps"),
        ("uint16", "cancelBps"),
        ("uint128", "proofCap"),
        ("uint256", "salt"),
    ],
    "Voucher": [
        ("uint256", "sessionId"),
        ("uint64", "inputTokens"),
        ("uint64", "outputTokens"),
        ("bytes32", "head"),
    ],
    "Request": [
        ("uint256", "sessionId"),
        ("uint64", "turn"),
        ("bytes32", "context"),
        ("bytes32", "tokens"),
        ("bytes32", "params"),
        ("uint64", "maxTokens"),
        ("bytes32", "nonce"),
        ("bytes32", "hostSeed"),
    ],
    "Open": [("uint256", "sessionId"), ("bytes32", "challenge"), ("bytes32", "channelKey")],
    "CloseRequest": [
        ("uint256", "sessionId"),
        ("uint64", "inputTokens"),
        ("uint64", "outputTokens"),
        ("uint64", "deadline"),
    ],
    "Order": [("Terms", "terms"), ("uint256", "deposit"), ("uint64", "deadline")],
    "Checkpoint": [
        ("uint256", "sessionId"),
        ("uint64", "sequence"),
        ("uint64", "inputTokens"),
        ("uint64", "outputTokens"),
        ("bytes32", "head"),
    ],
    "Close": [
        ("uint256", "sessionId"),
        ("uint64", "inputTokens"),
        ("uint64", "outputTokens"),
        ("uint64", "deadline"),
    ],
    "Quote": [("uint256", "sessionId"), ("uint64", "validUntil")],
    "Hello": [("bytes32", "challenge"), ("bytes32", "channelKey")],
}


def encode_type(name: str) -> str:
    """The type string: the struct, then the structs it refers to."""

    def one(struct: str) -> str:
        return f"{struct}({','.join(f'{kind} {field}' for kind, field in TYPES[struct])})"

    referred = sorted({kind for kind, _ in TYPES[name] if kind in TYPES})
    return one(name) + "".join(one(struct) for struct in referred)


def type_hash(name: str) -> bytes:
    """Keccak-256 of the type string."""
    return keccak256(encode_type(name).encode("ascii"))


def struct_hash(name: str, values: dict) -> bytes:
    """`hashStruct` of EIP-712; all fields but a nested struct are one ABI word."""
    kinds, words = ["bytes32"], [type_hash(name)]
    for kind, field in TYPES[name]:
        nested = kind in TYPES
        kinds.append("bytes32" if nested else kind)
        words.append(struct_hash(kind, values[field]) if nested else values[field])
    return keccak256(abi_encode(kinds, words))


def separator(chain_id: int, market: str) -> bytes:
    """The domain separator."""
    words = [keccak256(text.encode("ascii")) for text in (DOMAIN_TYPE, NAME, VERSION)]
    return keccak256(abi_encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], [*words, chain_id, market]))


def _by_eth_account(name: str, values: dict, chain_id: int, market: str) -> bytes:
    names = [name, *(kind for kind, _ in TYPES[name] if kind in TYPES)]
    types = {struct: [{"name": field, "type": kind} for kind, field in TYPES[struct]] for struct in names}
    types["EIP712Domain"] = [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ]
    domain = {"name": NAME, "version": VERSION, "chainId": chain_id, "verifyingContract": market}
    signable = encode_typed_data(
        full_message={"types": types, "primaryType": name, "domain": domain, "message": values}
    )
    return keccak256(b"\x19" + signable.version + signable.header + signable.body)


def digest(name: str, values: dict, chain_id: int, market: str) -> bytes:
    """What is signed: 0x1901, the domain separator, the struct hash."""
    ours = keccak256(b"\x19\x01" + separator(chain_id, market) + struct_hash(name, values))
    theirs = _by_eth_account(name, values, chain_id, market)
    if ours != theirs:
        raise AssertionError(f"{name}: eth-account computes {theirs.hex()}, not {ours.hex()}")
    return ours
