"""A Llama in JAX, small enough to train on two CPU cores, and its optimiser.

Rotary positions turn neighbouring pairs of a head (2i, 2i + 1), which is what ggml does for the architecture `llama`,
so the weights go into the GGUF as they are.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True)
class Config:
    """The shape of a model."""

    vocab: int = 1280
    dim: int = 128
    layers: int = 5
    heads: int = 2
    ffn: int = 352
    context: int = 2048
    rope_base: float = 10000.0
    eps: float = 1e-5

    @property
    def head_dim(self) -> int:
        return self.dim // self.heads


MATRICES = ("wq", "wk", "wv", "wo", "gate", "up", "down")


def init(config: Config, seed: int) -> dict[str, jax.Array]:
    """Fresh parameters; each kind of layer weight is one array with the layer first, as (layer, out, in)."""
    rng = np.random.default_rng(seed)
    d, f, n = config.dim, config.ffn, config.layers
    shapes = {"wq": (d, d), "wk": (d, d), "wv": (d, d), "wo": (d, d), "gate": (f, d), "up": (f, d), "down": (d, f)}
    params = {k: rng.normal(size=(n, *s)) * s[1] ** -0.5 for k, s in shapes.items()}
    for name in ("wo", "down"):
        params[name] *= (2 * n) ** -0.5
    params["embed"] = rng.normal(size=(config.vocab, d)) * 0.05
    params["attn_norm"], params["ffn_norm"], params["norm"] = np.ones((n, d)), np.ones((n, d)), np.ones(d)
    return {k: jnp.asarray(v, jnp.float32) for k, v in params.items()}


def count(params: dict[str, jax.Array]) -> int:
    """How many numbers the model holds (the embedding serves as output too)."""
    return sum(int(p.size) for p in params.values())


def rms_norm(x, weight, eps):
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + eps) * weight


def rope(x, base):
    """Rotates pairs (2i, 2i + 1) of (batch, time, head, head_dim)."""
    time, half = x.shape[1], x.shape[-1] // 2
    angles = jnp.arange(time)[:, None] * base ** (-jnp.arange(half) / half)
    cos, sin = jnp.cos(angles)[None, :, None, :], jnp.sin(angles)[None, :, None, :]
    even, odd = x[..., 0::2], x[..., 1::2]
    return jnp.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(x.shape)


def forward(params, config: Config, ids, segments):
    """Logits for (batch, time) ids; a token attends to earlier ones of its own segment."""
    x = params["embed"][ids]
    batch, time = ids.shape
    causal = jnp.tril(jnp.ones((time, time), bool))
    mask = jnp.where(causal[None] & (segments[:, :, None] == segments[:, None, :]), 0.0, -1e9)[:, None]
    for i in range(config.layers):
        h = rms_norm(x, params["attn_norm"][i], config.eps)
        q, k, v = (jnp.reshape(h @ params[w][i].T, (batch, time, config.heads, config.head_dim)) for w in ("wq", "wk", "wv"))
        q, k = rope(q, config.rope_base), rope(k, config.rope_base)
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * config.head_dim ** -0.5 + mask
        mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), v)
        x = x + mixed.reshape(batch, time, config.dim) @ params["wo"][i].T
        h = rms_norm(x, params["ffn_norm"][i], config.eps)
        x = x + (jax.nn.silu(h @ params["gate"][i].T) * (h @ params["up"][i].T)) @ params["down"][i].T
    return rms_norm(x, params["norm"], config.eps) @ params["embed"].T


def loss(params, config: Config, batch):
    """Mean cross-entropy over the tokens that count."""
    ids, segments, weights = batch
    logits = forward(params, config, ids[:, :-1], segments[:, :-1])
    targets, weights = ids[:, 1:], weights[:, 1:] * (segments[:, 1:] == segments[:, :-1])
    picked = jnp.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    return jnp.sum((jax.nn.logsumexp(logits, axis=-1) - picked) * weights) / jnp.sum(weights)


def orthogonalise(g):
    """The nearest matrix with equal singular values, by five Newton-Schulz steps (the heart of Muon)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = g.shape[-2] > g.shape[-1]
    x = jnp.swapaxes(g, -1, -2) if tall else g
    x = x / (jnp.linalg.norm(x, axis=(-2, -1), keepdims=True) + 1e-7)
    for _ in range(5):
        gram = x @ jnp.swapaxes(x, -1, -2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return jnp.swapaxes(x, -1, -2) if tall else x


def init_state(params):
    """Momentum for every parameter, second moments for those that Adam drives."""
    zeros = {k: jnp.zeros_like(v) for k, v in params.items()}
    return {"m": zeros, "v": {k: jnp.zeros_like(v) for k, v in params.items() if k not in MATRICES}}


def step(params, state, config: Config, batch, number, rate):
    """One update: Muon for the matrices of the layers, Adam for embedding and norms. `rate` goes from 1 to 0."""
    value, grads = jax.value_and_grad(loss)(params, config, batch)
    new, m, v = {}, {}, {}
    for name, g in grads.items():
        p = params[name]
        if name in MATRICES:
            m[name] = 0.95 * state["m"][name] + g
            update = orthogonalise(g + 0.95 * m[name]) * max(1.0, p.shape[-2] / p.shape[-1]) ** 0.5
            new[name] = p * (1 - 0.02 * 0.05 * rate) - 0.02 * rate * update
            continue
        m[name] = 0.9 * state["m"][name] + 0.1 * g
        v[name] = 0.98 * state["v"][name] + 0.02 * g * g
        hat = m[name] / (1 - 0.9**number) / (jnp.sqrt(v[name] / (1 - 0.98**number)) + 1e-8)
        new[name] = p - 0.004 * rate * hat
    return new, {"m": m, "v": v}, value
