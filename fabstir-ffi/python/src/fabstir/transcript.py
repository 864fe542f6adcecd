"""What was said, committed: transcripts and the hashes in them."""

from collections.abc import Sequence
from ctypes import byref, c_size_t, c_uint64
from dataclasses import dataclass
from types import TracebackType

from . import _native as native
from ._abi import (
    Status,
    fabstir_checkpoint_root,
    fabstir_hash,
    fabstir_leaf,
    fabstir_profile,
    fabstir_transcript_standing,
)
from .messages import Bytes, fill
from .money import Usage


@dataclass(frozen=True)
class Profile:
    """Everything that decides which tokens come out of a prompt and a seed."""

    model_id: Bytes
    kv_type_k: int
    kv_type_v: int
    flash_attention: bool
    context_length: int
    vocabulary: int
    runtime: Bytes
    sampler: Bytes

    def hash(self) -> bytes:
        """Its digest."""
        return native.hash_from("fabstir_profile_hash", byref(fill(fabstir_profile, self)))


@dataclass(frozen=True)
class Leaf:
    """A run of tokens of one kind in one turn: 0 fed, 1 sampled, 2 edit, 3 re-read."""

    salt: bytes
    index: int
    turn: int
    position: int
    count: int
    kind: int
    context: bytes
    tokens: bytes
    fingerprint: bytes
    blind: bytes

    def hash(self) -> bytes:
        """Its hash."""
        return native.hash_from("fabstir_leaf_hash", byref(fill(fabstir_leaf, self)))


@dataclass(frozen=True)
class CheckpointRoot:
    """A closed checkpoint: what is signed, and the leaves it commits."""

    sequence: int
    usage: Usage
    head: bytes
    root: bytes
    context: bytes
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class Standing:
    """Where a transcript stands."""

    head: bytes
    context: bytes
    salt: bytes
    sequence: int
    turns: int
    position: int
    usage: Usage
    sampled_leaves: int


def model_id(blake3: Bytes, size: int) -> bytes:
    """The id of a model file, from its BLAKE3 and its size."""
    return native.hash_from("fabstir_model_id", byref(native.digest(blake3, "blake3")), size)


def session_salt(session_id: int, profile: Bytes) -> bytes:
    """What binds a transcript to its session and profile."""
    arguments = byref(native.word(session_id, "session_id")), byref(native.digest(profile, "profile"))
    return native.hash_from("fabstir_session_salt", *arguments)


def seed_link(root: Bytes, length: int, k: int) -> bytes:
    """Link `k` of a host's seed chain; link 0 is its commitment."""
    return native.hash_from("fabstir_seed_link", byref(native.digest(root, "root")), length, k)


def turn_seed(nonce: Bytes, host_seed: Bytes) -> bytes:
    """The seed of a turn's noise, by renter and host together."""
    arguments = byref(native.digest(nonce, "nonce")), byref(native.digest(host_seed, "host_seed"))
    return native.hash_from("fabstir_turn_seed", *arguments)


def tokens_digest(tokens: Sequence[int]) -> bytes:
    """The digest of token ids, as leaves and requests have it."""
    return native.hash_from("fabstir_tokens_digest", *native.numbers(list(tokens)))


class Transcript(native.Handle):
    """One session's transcript: the same calls in the same order give the same heads everywhere."""

    _free_name = "fabstir_transcript_free"

    def __init__(self, session_id: int, profile: Bytes, secret: Bytes) -> None:
        arguments = native.word(session_id, "session_id"), native.digest(profile), native.digest(secret, "secret")
        super().__init__(native.handle_from("fabstir_transcript_new", *map(byref, arguments)))

    def begin_turn(self) -> int:
        """Begins the next turn and returns its number, from 0."""
        turn = c_uint64()
        native.call("fabstir_transcript_begin_turn", self._raw, byref(turn))
        return turn.value

    def feed(self, tokens: Sequence[int], fingerprint: "Bytes | None" = None) -> None:
        """Commits tokens given to the model and not sampled."""
        mark = None if fingerprint is None else byref(native.digest(fingerprint, "fingerprint"))
        native.call("fabstir_transcript_feed", self._raw, *native.numbers(list(tokens)), mark)

    def sample(self, token: int) -> None:
        """Commits one sampled token."""
        native.call("fabstir_transcript_sample", self._raw, token)

    def reread(self, tokens: Sequence[int]) -> None:
        """Commits tokens read again after an eviction."""
        native.call("fabstir_transcript_reread", self._raw, *native.numbers(list(tokens)))

    def edit(self, start: int, end: int) -> None:
        """Commits that the context drops positions from `start` up to `end`."""
        native.call("fabstir_transcript_edit", self._raw, start, end)

    def checkpoint(self, fingerprints: Sequence[Bytes] = ()) -> CheckpointRoot:
        """Closes a checkpoint over the leaves since the one before."""
        marks = (fabstir_hash * len(fingerprints))(*(native.digest(mark, "fingerprint") for mark in fingerprints))
        capacity, count, out = 256, c_size_t(), fabstir_checkpoint_root()
        close = native.function("fabstir_transcript_checkpoint")
        while True:
            leaves = (fabstir_leaf * capacity)()
            status = close(self._raw, marks, len(marks), leaves, capacity, byref(count), byref(out))
            if status == Status.OK:
                break
            if status != Status.BUFFER_TOO_SMALL:
                raise native.failure(status)
            capacity = count.value
        usage = Usage(out.usage.input, out.usage.output)
        head, root, context = (bytes(part.bytes) for part in (out.head, out.root, out.context))
        return CheckpointRoot(out.sequence, usage, head, root, context, tuple(map(_leaf, leaves[: count.value])))

    def standing(self) -> Standing:
        """Where it stands."""
        out = fabstir_transcript_standing()
        native.call("fabstir_transcript_state", self._raw, byref(out))
        head, context, salt = (bytes(part.bytes) for part in (out.head, out.context, out.salt))
        usage = Usage(out.usage.input, out.usage.output)
        return Standing(head, context, salt, out.sequence, out.turns, out.position, usage, out.sampled_leaves)

    def __enter__(self) -> "Transcript":
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None", at: "TracebackType | None") -> None:
        self.free()


def _leaf(out: fabstir_leaf) -> Leaf:
    hashes = (bytes(part.bytes) for part in (out.context, out.tokens, out.fingerprint, out.blind))
    return Leaf(bytes(out.salt.bytes), out.index, out.turn, out.position, out.count, out.kind, *hashes)
