"""secp256k1: deterministic signatures (RFC 6979, low s) by libsecp256k1, checked against eth-keys' pure Python."""

from coincurve import PrivateKey, PublicKey
from eth_keys import KeyAPI
from eth_keys.backends import NativeECCBackend

from .hashing import keccak256

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HALF_ORDER = ORDER // 2  # the largest s accepted

_PURE = KeyAPI(NativeECCBackend)


def address_of(public_key: PublicKey) -> str:
    """Last twenty bytes of the key's hash."""
    return "0x" + keccak256(public_key.format(compressed=False)[1:])[12:].hex()


class Key:
    """A private key made from a label: public knowledge, for vectors only."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self._key = PrivateKey(secret)
        self.address = address_of(self._key.public_key)

    @classmethod
    def named(cls, label: str) -> "Key":
        """The key whose secret is the hash of a label."""
        return cls(keccak256(f"fabstir/vectors/key/{label}".encode("ascii")))

    def sign(self, digest: bytes) -> bytes:
        """r, s and v (27 or 28), 65 bytes."""
        raw = self._key.sign_recoverable(digest, hasher=None)
        signature = raw[:64] + bytes([raw[64] + 27])
        pure = _PURE.PrivateKey(self.secret).sign_msg_hash(digest)
        if pure.to_bytes() != raw or int.from_bytes(signature[32:64], "big") > HALF_ORDER:
            raise AssertionError("the two signers disagree, or s is high")
        if recover(digest, signature) != self.address:
            raise AssertionError("the signature recovers to another key")
        return signature


def joined(r: int, s: int, v: int) -> bytes:
    """65 bytes of three numbers."""
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])


def recover(digest: bytes, signature: bytes) -> str | None:
    """The signer's address, or nothing if the signature is refused."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if not 0 < r < ORDER or not 0 < s <= HALF_ORDER:
        return None
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes([signature[64] - 27]), digest, hasher=None)
    except Exception:  # coincurve raises a bare Exception where no point has this x
        return None
    return address_of(key)
