"""The GGUF file: writing it, and a forward pass in plain numpy that reads it back as ggml does."""

import json
from collections.abc import Iterable
from pathlib import Path

import gguf
import numpy as np

from chats import CHAT_TEMPLATE, END_OF_TEXT, IM_END, SPECIALS

LAYER_TENSORS = {"wq": "attn_q", "wk": "attn_k", "wv": "attn_v", "wo": "attn_output", "gate": "ffn_gate", "up": "ffn_up",
                 "down": "ffn_down", "attn_norm": "attn_norm", "ffn_norm": "ffn_norm"}
TYPES = {"F32": gguf.GGMLQuantizationType.F32, "F16": gguf.GGMLQuantizationType.F16, "Q8_0": gguf.GGMLQuantizationType.Q8_0}
FILE_TYPES = {"F32": gguf.LlamaFileType.ALL_F32, "F16": gguf.LlamaFileType.MOSTLY_F16, "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}


def write(path: Path, name: str, shape, tokenizer: dict, tensors: Iterable[tuple[str, np.ndarray]], kind: str) -> None:
    """Writes a Llama model. `shape` has the fields of `model.Config`; `tokenizer` is the parsed tokenizer.json.

    Vectors stay F32; matrices become `kind`. A vocabulary larger than the tokenizer's is padded with unused tokens.
    """
    w = gguf.GGUFWriter(path, "llama")
    w.add_name(name)
    w.add_license("MIT OR Apache-2.0")
    w.add_context_length(shape.context)
    w.add_embedding_length(shape.dim)
    w.add_block_count(shape.layers)
    w.add_feed_forward_length(shape.ffn)
    w.add_head_count(shape.heads)
    w.add_head_count_kv(shape.heads)
    w.add_rope_dimension_count(shape.dim // shape.heads)
    w.add_rope_freq_base(shape.rope_base)
    w.add_layer_norm_rms_eps(shape.eps)
    w.add_vocab_size(shape.vocab)
    w.add_file_type(FILE_TYPES[kind])
    add_tokenizer(w, tokenizer, shape.vocab)
    for key, array in tensors:
        array = np.ascontiguousarray(array, np.float32)
        quant = TYPES[kind] if array.ndim > 1 else TYPES["F32"]
        w.add_tensor(key, gguf.quants.quantize(array, quant), raw_dtype=quant)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def add_tokenizer(w: gguf.GGUFWriter, tokenizer: dict, vocab: int) -> None:
    """Byte-level BPE in llama.cpp's terms, with the chat template."""
    ids = tokenizer["model"]["vocab"]
    tokens = sorted(ids, key=ids.get)
    kinds = [gguf.TokenType.CONTROL if t in SPECIALS else gguf.TokenType.NORMAL for t in tokens]
    for i in range(len(tokens), vocab):
        tokens.append(f"[unused{i}]")
        kinds.append(gguf.TokenType.UNUSED)
    merges = [m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]]
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types(kinds)
    w.add_token_merges(merges)
    w.add_bos_token_id(ids[END_OF_TEXT])
    w.add_eos_token_id(ids[IM_END])
    w.add_pad_token_id(ids[END_OF_TEXT])
    w.add_add_bos_token(False)
    w.add_add_eos_token(False)
    w.add_add_space_prefix(False)
    w.add_chat_template(CHAT_TEMPLATE)


def named_tensors(params: dict[str, np.ndarray]) -> Iterable[tuple[str, np.ndarray]]:
    """The parameters of `model.init` under GGUF's names. The output matrix is the embedding, so there is none."""
    yield "token_embd.weight", np.asarray(params["embed"])
    yield "output_norm.weight", np.asarray(params["norm"])
    for i in range(len(params["wq"])):
        for key, tensor in LAYER_TENSORS.items():
            yield f"blk.{i}.{tensor}.weight", np.asarray(params[key][i])


def read_params(path: Path) -> dict[str, np.ndarray]:
    """The way back: a file's tensors as the parameters of `model.init`."""
    tensors = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32) for t in gguf.GGUFReader(path).tensors}
    layers = sum(name.endswith("attn_q.weight") for name in tensors)
    params = {k: np.stack([tensors[f"blk.{i}.{n}.weight"] for i in range(layers)]) for k, n in LAYER_TENSORS.items()}
    return params | {"embed": tensors["token_embd.weight"], "norm": tensors["output_norm.weight"]}


def read_tokenizer(path: Path) -> dict:
    """The parsed tokenizer.json beside the model."""
    return json.loads(path.read_text(encoding="utf-8"))


class Reference:
    """A Llama read from a GGUF file, run one token at a time with a KV cache."""

    def __init__(self, path: Path):
        reader = gguf.GGUFReader(path)
        self.fields = {k: f.contents() for k, f in reader.fields.items()}
        self.t = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors}
        self.layers = self.fields["llama.block_count"]
        self.heads = self.fields["llama.attention.head_count"]
        self.context = self.fields["llama.context_length"]
        self.eps = self.fields["llama.attention.layer_norm_rms_epsilon"]
        self.head_dim = self.fields["llama.rope.dimension_count"]
        half = self.head_dim // 2
        self.frequency = self.fields["llama.rope.freq_base"] ** (-np.arange(half) / half)
        self.reset()

    def reset(self) -> None:
        """Forgets everything fed."""
        shape = (self.layers, 2, self.context, self.heads, self.head_dim)
        self.cache, self.position = np.zeros(shape, np.float32), 0

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        return x / np.sqrt(np.mean(x * x) + self.eps) * self.t[name]

    def rope(self, x: np.ndarray) -> np.ndarray:
        cos, sin = np.cos(self.position * self.frequency), np.sin(self.position * self.frequency)
        out = np.empty_like(x)
        out[:, 0::2] = x[:, 0::2] * cos - x[:, 1::2] * sin
        out[:, 1::2] = x[:, 0::2] * sin + x[:, 1::2] * cos
        return out

    def feed(self, token: int) -> np.ndarray:
        """The logits after one more token; the caller looks that `position` is below `context`."""
        x, p = self.t["token_embd.weight"][token], self.position
        for i in range(self.layers):
            b = f"blk.{i}."
            h = self.norm(x, b + "attn_norm.weight")
            q, k, v = ((self.t[f"{b}attn_{n}.weight"] @ h).reshape(self.heads, self.head_dim) for n in "qkv")
            keys, values = self.cache[i]
            keys[p], values[p] = self.rope(k), v
            scores = np.einsum("hd,thd->ht", self.rope(q), keys[: p + 1]) * self.head_dim**-0.5
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            mixed = np.einsum("ht,thd->hd", scores / scores.sum(axis=1, keepdims=True), values[: p + 1])
            x = x + self.t[b + "attn_output.weight"] @ mixed.reshape(-1)
            h = self.norm(x, b + "ffn_norm.weight")
            gate = self.t[b + "ffn_gate.weight"] @ h
            x = x + self.t[b + "ffn_down.weight"] @ (gate / (1 + np.exp(-gate)) * (self.t[b + "ffn_up.weight"] @ h))
        self.position += 1
        return self.t["token_embd.weight"] @ self.norm(x, "output_norm.weight")

    def answer(self, prompt: list[int], stop: int, temperature: float = 0.0, rng: np.random.Generator | None = None,
               limit: int = 400) -> list[int]:
        """Feeds the prompt and generates up to and without `stop`, which is fed too."""
        for token in prompt:
            logits = self.feed(token)
        said: list[int] = []
        while len(said) < limit and self.position < self.context:
            if temperature > 0:
                weights = np.exp((logits - logits.max()).astype(np.float64) / temperature)
                token = int(rng.choice(len(weights), p=weights / weights.sum()))
            else:
                token = int(logits.argmax())
            logits = self.feed(token)
            if token == stop:
                break
            said.append(token)
        return said
