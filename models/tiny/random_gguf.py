#!/usr/bin/env python3
"""Writes a Llama with random weights, of any size, for measuring speed. What it says is noise.

    python random_gguf.py bench.gguf                                       about 98 million parameters in F16
    python random_gguf.py bench.gguf --type Q8_0 --layers 16 --dim 1024    another shape

Needs only numpy and gguf. The tokenizer and chat template are those of Fabstir Tiny, with unused tokens after them.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import gguf_file

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Shape:
    """The same fields as `model.Config`, which needs JAX."""

    vocab: int
    dim: int
    layers: int
    heads: int
    ffn: int
    context: int
    rope_base: float = 10000.0
    eps: float = 1e-5

    @property
    def parameters(self) -> int:
        per_layer = 4 * self.dim**2 + 3 * self.dim * self.ffn + 2 * self.dim
        return self.vocab * self.dim + self.layers * per_layer + self.dim


def tensors(shape: Shape, seed: int):
    """Weights drawn so that activations keep their size from layer to layer, one tensor at a time."""
    rng = np.random.default_rng(seed)
    d, f = shape.dim, shape.ffn

    def draw(rows: int, columns: int, scale: float) -> np.ndarray:
        return rng.standard_normal((rows, columns), np.float32) * np.float32(scale)

    yield "token_embd.weight", draw(shape.vocab, d, 0.05)
    yield "output_norm.weight", np.ones(d, np.float32)
    for i in range(shape.layers):
        for name, rows, columns in (("attn_q", d, d), ("attn_k", d, d), ("attn_v", d, d), ("attn_output", d, d),
                                    ("ffn_gate", f, d), ("ffn_up", f, d), ("ffn_down", d, f)):
            yield f"blk.{i}.{name}.weight", draw(rows, columns, columns**-0.5)
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{i}.{name}.weight", np.ones(d, np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--dim", type=int, default=768, help="width; a multiple of 32 and of --heads")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--ffn", type=int, default=2048, help="width of the feed-forward layers; a multiple of 32")
    parser.add_argument("--vocab", type=int, default=16384)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--type", choices=list(gguf_file.TYPES), default="F16")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    tokenizer = gguf_file.read_tokenizer(HERE / "tokenizer.json")
    smallest = len(tokenizer["model"]["vocab"])
    if args.dim % 32 or args.dim % (2 * args.heads) or args.ffn % 32:
        parser.error("--dim must be a multiple of 32 and of twice --heads, --ffn a multiple of 32")
    if args.vocab < smallest:
        parser.error(f"--vocab must be at least the tokenizer's {smallest}")
    shape = Shape(args.vocab, args.dim, args.layers, args.heads, args.ffn, args.context)
    gguf_file.write(args.out, "Random weights", shape, tokenizer, tensors(shape, args.seed), args.type)
    print(f"{args.out}: {shape.parameters:,} parameters, {args.type}, {args.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
