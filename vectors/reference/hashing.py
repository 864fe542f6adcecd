"""Hashes, hex and reproducible choices shared by every vector file."""

from Crypto.Hash import keccak as _keccak
from eth_abi import encode as abi_encode

U32_MAX = 2**32 - 1
U64_MAX = 2**64 - 1
U96_MAX = 2**96 - 1
U128_MAX = 2**128 - 1
U256_MAX = 2**256 - 1

ZERO32 = bytes(32)


def keccak256(data: bytes) -> bytes:
    """Ethereum's Keccak-256 (the padding before SHA-3 was standardised)."""
    return _keccak.new(digest_bits=256, data=data).digest()


def tag(name: str) -> bytes:
    """Keccak-256 of an ASCII name, used as a domain separator."""
    return keccak256(name.encode("ascii"))


def hash_tuple(types: str, *values: object) -> bytes:
    """`keccak256(abi.encode(...))` of a typed tuple; `types` is separated by spaces."""
    return keccak256(abi_encode(types.split(), values))


def hexed(data: bytes) -> str:
    """Lower-case hex with a 0x prefix."""
    return "0x" + data.hex()


class Draw:
    """A reproducible stream of choices: Keccak-256 of a label and a counter. Owes nothing to a library's generator."""

    def __init__(self, label: str) -> None:
        self._label = label.encode("ascii")
        self._count = 0

    def word(self) -> bytes:
        """The next 32 bytes."""
        self._count += 1
        return keccak256(self._label + self._count.to_bytes(8, "big"))

    def below(self, limit: int) -> int:
        """A number in [0, limit). The bias of the remainder does not matter here."""
        return int.from_bytes(self.word(), "big") % limit

    def between(self, low: int, high: int) -> int:
        """A number in [low, high]."""
        return low + self.below(high - low + 1)

    def bits(self, most: int) -> int:
        """A number of a random length of at most `most` bits, so that small ones occur too."""
        return self.below(1 << self.between(0, most))

    def address(self) -> str:
        """Twenty bytes as hex."""
        return hexed(self.word()[:20])

    def pick(self, choices: list) -> object:
        """One of the choices."""
        return choices[self.below(len(choices))]


def columns(rows: list[dict]) -> dict[str, list]:
    """Turns rows of equal keys into one list a key, sorted by name: what `vm.parseJsonUintArray` and its kin read."""
    keys = sorted(rows[0])
    for row in rows:
        if sorted(row) != keys:
            raise ValueError(f"rows differ in their keys: {sorted(row)} and {keys}")
    return {key: [row[key] for row in rows] for key in keys}
