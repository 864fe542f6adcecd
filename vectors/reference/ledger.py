"""The transcript of one session: leaves, context chain, sums tree, heads. Formulas: the protocol's "Transcript"."""

from .hashing import ZERO32, hash_tuple, hexed, keccak256, tag

FED, SAMPLED, EDIT, REREAD = range(4)
LEAF_TOKENS = 32


def model_id(blake3_digest: bytes, size: int) -> bytes:
    """Names a model's weights."""
    return hash_tuple("bytes32 uint64", blake3_digest, size)


def profile_hash(profile: dict) -> bytes:
    """Everything that decides which tokens come out."""
    return hash_tuple(
        "bytes32 bytes32 uint8 uint8 bool uint32 uint32 bytes32 bytes32",
        tag("fabstir/profile/1"),
        profile["model_id"],
        profile["kv_type_k"],
        profile["kv_type_v"],
        profile["flash_attention"],
        profile["context_length"],
        profile["vocabulary"],
        profile["runtime"],
        profile["sampler"],
    )


def salt_of(session_id: int, profile: bytes) -> bytes:
    """Begins every hash chain of a session."""
    return hash_tuple("bytes32 uint256 bytes32", tag("fabstir/session/1"), session_id, profile)


def tokens_hash(ids: list[int]) -> bytes:
    """Token ids as u32 little-endian, one after the other."""
    return keccak256(b"".join(token.to_bytes(4, "little") for token in ids))


def _node(left: dict, right: dict) -> dict:
    def part(child: dict) -> bytes:
        return child["in"].to_bytes(8, "big") + child["out"].to_bytes(8, "big") + child["hash"]

    return {
        "in": left["in"] + right["in"],
        "out": left["out"] + right["out"],
        "hash": keccak256(b"\x01" + part(left) + part(right)),
    }


def levels_over(leaves: list[dict]) -> list[list[dict]]:
    """The tree above the leaves, level by level up to the top; an odd node goes up unchanged."""
    levels, level = [], leaves
    while len(level) > 1:
        above = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        levels.append(above)
        level = above
    return levels


def root_over(leaves: list[dict]) -> bytes:
    """Root of a checkpoint interval, its sums included."""
    levels = levels_over(leaves)
    top = (levels[-1] if levels else leaves or [{"in": 0, "out": 0, "hash": ZERO32}])[0]
    return keccak256(b"\x02" + top["in"].to_bytes(8, "big") + top["out"].to_bytes(8, "big") + top["hash"])


class Ledger:
    """Replays what happened in a session and computes every commitment."""

    def __init__(self, session_id: int, profile: bytes, secret: bytes) -> None:
        self.salt = salt_of(session_id, profile)
        self.context = self.head = self.salt
        self.secret = secret
        self.turn = -1
        self.index = self.position = self.sequence = 0
        self.input_tokens = self.output_tokens = 0
        self._open: dict | None = None  # the run that has not filled its leaf
        self._leaves: list[dict] = []  # since the last checkpoint; hashes wait for the fingerprints

    def begin_turn(self) -> int:
        """Ends the open leaf. The first turn is 0."""
        self._close()
        self.turn += 1
        return self.turn

    def feed(self, ids: list[int], fingerprint: bytes) -> None:
        """Tokens given to the model."""
        self._extend(FED, ids, fingerprint)

    def sample(self, ids: list[int]) -> None:
        """Tokens sampled."""
        self._extend(SAMPLED, ids, ZERO32)

    def reread(self, ids: list[int]) -> None:
        """Tokens read again after an eviction: billed, but neither context nor position move."""
        self._extend(REREAD, ids, ZERO32)

    def edit(self, start: int, end: int) -> None:
        """The context drops positions [start, end)."""
        self._close()
        dropped = keccak256(start.to_bytes(8, "big") + end.to_bytes(8, "big"))
        self._add(EDIT, 0, dropped, ZERO32, self.position)

    def checkpoint(self, fingerprints: list[bytes]) -> dict:
        """Closes the interval. `fingerprints` are those of its sampled leaves in order, zero where missing."""
        self._close()
        waiting = iter(fingerprints)
        for leaf in self._leaves:
            if leaf["kind"] == SAMPLED:
                leaf["fingerprint"] = next(waiting, ZERO32)
            leaf["hash"] = self._leaf_hash(leaf)
        if next(waiting, None) is not None:
            raise ValueError("more fingerprints than sampled leaves")
        leaves, self._leaves = self._leaves, []
        self.sequence += 1
        root = root_over(leaves)
        self.head = hash_tuple(
            "bytes32 bytes32 uint64 bytes32 bytes32 uint64 uint64 bytes32",
            tag("fabstir/head/1"),
            self.salt,
            self.sequence,
            self.head,
            root,
            self.input_tokens,
            self.output_tokens,
            self.context,
        )
        return {"root": root, "leaves": leaves, "levels": levels_over(leaves)}

    def _extend(self, kind: int, ids: list[int], fingerprint: bytes) -> None:
        if self.turn < 0:
            raise ValueError("no turn has begun")
        for token in ids:
            if self._open and self._open["kind"] != kind:
                self._close()
            if self._open is None:
                self._open = {"kind": kind, "ids": [], "fingerprint": fingerprint, "position": self.position}
            self._open["ids"].append(token)
            self.position += kind != REREAD
            self.output_tokens += kind == SAMPLED
            self.input_tokens += kind != SAMPLED
            if len(self._open["ids"]) == LEAF_TOKENS:
                self._close()

    def _close(self) -> None:
        if self._open is not None:
            run, self._open = self._open, None
            self._add(run["kind"], len(run["ids"]), tokens_hash(run["ids"]), run["fingerprint"], run["position"])

    def _add(self, kind: int, count: int, tokens: bytes, fingerprint: bytes, position: int) -> None:
        self._leaves.append(
            {
                "index": self.index,
                "turn": self.turn,
                "kind": kind,
                "position": position,
                "n": count,
                "context": self.context,
                "tokens": tokens,
                "fingerprint": fingerprint,
                "blind": hash_tuple("bytes32 bytes32 uint64", tag("fabstir/blind/1"), self.secret, self.index),
                "in": count if kind in (FED, REREAD) else 0,
                "out": count if kind == SAMPLED else 0,
            }
        )
        self.index += 1
        if kind != REREAD:
            self.context = hash_tuple(
                "bytes32 bytes32 uint8 uint32 bytes32", tag("fabstir/context/1"), self.context, kind, count, tokens
            )

    def _leaf_hash(self, leaf: dict) -> bytes:
        return hash_tuple(
            "bytes32 bytes32 uint64 uint64 uint8 uint64 uint32 bytes32 bytes32 bytes32 bytes32",
            tag("fabstir/leaf/1"),
            self.salt,
            leaf["index"],
            leaf["turn"],
            leaf["kind"],
            leaf["position"],
            leaf["n"],
            leaf["context"],
            leaf["tokens"],
            leaf["fingerprint"],
            leaf["blind"],
        )


def shown_leaf(leaf: dict) -> dict:
    """A leaf as the vectors write it."""
    shown = {key: str(leaf[key]) for key in ("index", "turn", "position")}
    shown |= {key: leaf[key] for key in ("kind", "n")}
    shown |= {key: hexed(leaf[key]) for key in ("context", "tokens", "fingerprint", "blind")}
    return shown | shown_node(leaf)


def shown_node(node: dict) -> dict:
    """A node as the vectors write it."""
    return {"input_tokens": str(node["in"]), "output_tokens": str(node["out"]), "hash": hexed(node["hash"])}
