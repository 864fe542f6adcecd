"""The messages of the protocol, one example or more of each."""

from .frames import Typed, boolean, group, many, message, octets, text, u8, u16, u32, u64, u128, u256
from .hashing import U32_MAX, U64_MAX, U128_MAX, U256_MAX, ZERO32, Draw

MAX_FRAME_BYTES = 1 << 20


class Examples:
    """Makes them; two of these make the same ones."""

    def __init__(self) -> None:
        self._draw = Draw("fabstir/vectors/wire")

    def _word(self) -> Typed:
        return octets(self._draw.word())

    def _address(self) -> Typed:
        return octets(self._draw.word()[:20])

    def _signature(self) -> Typed:
        return octets(self._draw.word() + self._draw.word() + b"\x1b")

    def _terms(self) -> Typed:
        return group(
            renter=self._address(),
            host=self._address(),
            host_signer=self._address(),
            voucher_signer=self._address(),
            token=octets(bytes(20)),
            model_id=self._word(),
            input_price=u128(60_000),
            output_price=u128(240_000),
            expires_at=u64(1_767_225_600),
            grace=u32(3_600),
            fee_bps=u16(1_500),
            cancel_bps=u16(0),
            proof_cap=u128(0),
            salt=u256(int.from_bytes(self._draw.word(), "big")),
        )

    def _largest_terms(self) -> Typed:
        addresses = {key: octets(b"\xff" * 20) for key in ("renter", "host", "host_signer", "voucher_signer", "token")}
        return group(
            **addresses,
            model_id=octets(b"\xff" * 32),
            input_price=u128(U128_MAX),
            output_price=u128(U128_MAX),
            expires_at=u64(U64_MAX),
            grace=u32(U32_MAX),
            fee_bps=u16(65_535),
            cancel_bps=u16(65_535),
            proof_cap=u128(U128_MAX),
            salt=u256(U256_MAX),
        )

    def _profile(self) -> Typed:
        return group(
            model_id=self._word(),
            kv_type_k=u8(1),
            kv_type_v=u8(1),
            flash_attention=boolean(True),
            context_length=u32(4_096),
            vocabulary=u32(32_000),
            runtime=self._word(),
            sampler=self._word(),
        )

    def _params(self, nonce: Typed, **changes: Typed) -> Typed:
        usual = {
            "temperature": u32(700),
            "top_k": u32(40),
            "top_p": u32(950),
            "min_p": u32(50),
            "max_tokens": u32(512),
            "stop": many(text, []),
            "nonce": nonce,
            "reread": boolean(False),
        }
        return Typed("map", usual | changes)

    def _said(self, role: str, content: str) -> Typed:
        return group(role=text(role), content=text(content))

    def client(self) -> list[tuple[str, Typed]]:
        """What a client sends, by name."""
        bare = [(name, message(name)) for name in ("clear", "ping", "handoff", "close")]
        return self._openings() + self._prompts() + self._vouchers() + [("cancel", message("cancel", id=u32(1))), *bare]

    def _prompts(self) -> list[tuple[str, Typed]]:
        history = [
            self._said("system", "Be brief."),
            self._said("user", "Hello"),
            self._said("assistant", "Hi!"),
            self._said("user", "Why?"),
        ]
        stops = many(text, ["\n\n", "</s>", "\u6c34"])
        changed = self._params(
            self._word(),
            temperature=u32(0),
            top_k=u32(1),
            top_p=u32(1_000),
            min_p=u32(0),
            max_tokens=u32(1),
            stop=stops,
            reread=boolean(True),
        )
        return [
            ("prompt", message("prompt", id=u32(1), text=text("Where is the cat?"), params=self._params(self._word()))),
            (
                "prompt, messages",
                message("prompt", id=u32(2), messages=Typed("list", history), params=self._params(self._word())),
            ),
            (
                "prompt, other parameters",
                message("prompt", id=u32(U32_MAX), text=text('na\u00efve "\u6c34" \U0001f600\n\t\\'), params=changed),
            ),
        ]

    def _openings(self) -> list[tuple[str, Typed]]:
        return [
            ("hello", message("hello", versions=many(u16, [1]), capabilities=many(text, []), challenge=self._word())),
            (
                "hello, several versions",
                message(
                    "hello",
                    versions=many(u16, [1, 2, 65_535]),
                    capabilities=many(text, ["resume"]),
                    challenge=self._word(),
                ),
            ),
            (
                "open",
                message(
                    "open",
                    terms=self._terms(),
                    secret=self._word(),
                    channel_key=octets(ZERO32),
                    signature=self._signature(),
                ),
            ),
            (
                "open, the largest terms",
                message(
                    "open",
                    terms=self._largest_terms(),
                    secret=self._word(),
                    channel_key=self._word(),
                    signature=self._signature(),
                ),
            ),
            (
                "resume",
                message(
                    "resume",
                    session_id=u256(int.from_bytes(self._draw.word(), "big")),
                    channel_key=octets(ZERO32),
                    signature=self._signature(),
                    turns=u64(3),
                    head=self._word(),
                    checkpoint=u64(7),
                ),
            ),
            (
                "resume, the largest numbers",
                message(
                    "resume",
                    session_id=u256(U256_MAX),
                    channel_key=octets(ZERO32),
                    signature=self._signature(),
                    turns=u64(U64_MAX),
                    head=self._word(),
                    checkpoint=u64(2**53 + 1),
                ),
            ),
        ]

    def _vouchers(self) -> list[tuple[str, Typed]]:
        return [
            (
                "voucher",
                message(
                    "voucher",
                    input_tokens=u64(1_234),
                    output_tokens=u64(567),
                    head=self._word(),
                    signature=self._signature(),
                ),
            ),
            (
                "voucher, the largest counts",
                message(
                    "voucher",
                    input_tokens=u64(U64_MAX),
                    output_tokens=u64(0),
                    head=octets(ZERO32),
                    signature=self._signature(),
                ),
            ),
        ]

    def _hello_ack(self, models: list[Typed]) -> Typed:
        return message(
            "hello_ack",
            version=u16(1),
            capabilities=many(text, ["resume"] if models else []),
            models=Typed("list", models),
            limits=group(
                max_frame_bytes=u32(MAX_FRAME_BYTES), max_prompt_bytes=u32(262_144), max_output_tokens=u32(4_096)
            ),
            challenge=self._word(),
            channel_key=octets(ZERO32),
            signature=self._signature(),
        )

    def _offer(self) -> Typed:
        price = group(token=octets(bytes(20)), input_price=u128(20_000_000_000), output_price=u128(60_000_000_000))
        other = group(token=self._address(), input_price=u128(0), output_price=u128(U128_MAX))
        return group(
            model_id=self._word(),
            name=text("Small World 1M"),
            context_length=u32(4_096),
            prices=Typed("list", [price, other]),
        )

    def _opened(self) -> Typed:
        return message(
            "opened",
            session_id=u256(int.from_bytes(self._draw.word(), "big")),
            profile=self._profile(),
            deposit=u256(800_000),
            settled=u256(0),
            credit_tokens=u32(256),
            checkpoint_tokens=u32(64),
            context=u32(4_096),
            retention_seconds=u32(600),
            overhead=u32(16),
            seed_commitment=self._word(),
        )

    def _resumed(self) -> Typed:
        return message("resumed", turns=u64(3), head=self._word(), checkpoint=u64(7), tokens=u32(41))

    def _done(self, finish_reason: str, fed: int, sampled: int) -> Typed:
        return message(
            "done",
            id=u32(1),
            finish_reason=text(finish_reason),
            usage=group(input_tokens=u64(fed), output_tokens=u64(sampled)),
            record=self._word(),
        )

    def _checkpoint(self, sequence: int, fingerprints: list[bytes]) -> Typed:
        return message(
            "checkpoint",
            sequence=u64(sequence),
            input_tokens=u64(1_234),
            output_tokens=u64(567),
            head=self._word(),
            fingerprints=many(octets, fingerprints),
            signature=self._signature(),
        )

    def _error(self, code: str, retryable: bool, **more: Typed) -> Typed:
        return message("error", **more, code=text(code), message=text("what happened"), retryable=boolean(retryable))

    def host(self) -> list[tuple[str, Typed]]:
        """What a host sends, by name."""
        return [
            ("hello_ack", self._hello_ack([self._offer(), self._offer()])),
            ("hello_ack, no models", self._hello_ack([])),
            ("opened", self._opened()),
            ("resumed", self._resumed()),
            (
                "resumed, nothing to replay",
                message("resumed", turns=u64(0), head=self._word(), checkpoint=u64(0), tokens=u32(0)),
            ),
            (
                "accepted",
                message(
                    "accepted",
                    id=u32(1),
                    turn=u64(0),
                    input_tokens=u64(5),
                    tokens=many(u32, [1, 15, 33, 0, U32_MAX]),
                    host_seed=self._word(),
                ),
            ),
            ("token", message("token", id=u32(1), index=u32(0), text=text(" cat"), token=u32(412))),
            ("token, no text yet", message("token", id=u32(1), index=u32(7), text=text(""), token=u32(U32_MAX))),
            ("token, four bytes", message("token", id=u32(1), index=u32(8), text=text("\U0001f600"), token=u32(0))),
            *[
                (f"done, {reason}", self._done(reason, 45, sampled))
                for reason, sampled in (("stop", 20), ("length", 512), ("cancelled", 0), ("credit", 3))
            ],
            ("checkpoint", self._checkpoint(3, [self._draw.word(), self._draw.word()])),
            ("checkpoint, no fingerprints", self._checkpoint(U64_MAX, [])),
            ("voucher_due", message("voucher_due", unpaid=u256(15_360))),
            ("voucher_due, the largest amount", message("voucher_due", unpaid=u256(U256_MAX))),
            ("evicted", message("evicted", id=u32(4), tokens=u32(1_800))),
            ("cleared", message("cleared")),
            ("pong", message("pong")),
            (
                "closed",
                message(
                    "closed",
                    input_tokens=u64(1_234),
                    output_tokens=u64(567),
                    deadline=u64(1_767_229_200),
                    signature=self._signature(),
                ),
            ),
            ("error", self._error("overloaded", True)),
            ("error about a prompt", self._error("context_full", False, id=u32(4))),
        ]
