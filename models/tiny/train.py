#!/usr/bin/env python3
"""Trains Fabstir Tiny from nothing and writes `fabstir-tiny.gguf` and `tokenizer.json`.

    python train.py               text, tokenizer, training, evaluation of what was written
    python train.py --refine      more training of the file that is there, on longer conversations, and evaluation
    python train.py --evaluate    evaluation of the file that is there
    python train.py --check       the file against the JAX forward pass, and its tokenizer
    python train.py --talk        a conversation in the terminal, in plain numpy
    python train.py --sample 3    three conversations as the model sees them in training
"""

import argparse
import functools
import json
import queue
import random
import threading
import time
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from chats import SPECIALS, Conversations, Encoder, plain_text, render
from questions import all_questions

HERE = Path(__file__).parent
MODEL, TOKENIZER = HERE / "fabstir-tiny.gguf", HERE / "tokenizer.json"
SEED = 20
# (steps, tokens in a row, rows): most of the learning on short rows, the end on long ones.
PHASES = ((700, 128, 16), (550, 256, 8), (150, 512, 4), (30, 2048, 1))
REFINE = ((150, 256, 8), (150, 512, 4), (90, 1024, 2), (40, 2048, 1))


def train_tokenizer(vocab: int) -> Tokenizer:
    """Byte-level BPE over the world's text. Text outside ASCII is left out, so such characters stay several tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    rng, source = random.Random(SEED), Conversations(SEED)
    texts = [render(*source.conversation(4)) for _ in range(8000)] + [plain_text(rng) for _ in range(500)]
    texts += [ask for q in all_questions() for ask in (*q.asks, q.answer)]
    texts = [line for text in texts for line in text.splitlines() if line.isascii()]
    trainer = trainers.BpeTrainer(vocab_size=vocab, special_tokens=list(SPECIALS), show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def rows(encoder: Encoder, seed: int, length: int):
    """Endless rows of (ids, segments, weights): conversations one after another, each its own segment."""
    source, rng = Conversations(seed), random.Random(seed + 1)
    while True:
        ids, segments, weights, segment = [], [], [], 0
        while len(ids) < length:
            kind = rng.random()
            if kind < 0.03:
                more, counts = encoder.passage(rng)
            elif kind < 0.25:
                more, counts = encoder.table(source.by_topic["sums"], rng)
            else:
                turns = rng.choice((1, 2, 3, 4, 6, 8)) * max(1, length // 512)
                personal = 0.6 if rng.random() < 0.2 else 0.0
                more, counts = encoder.conversation(*source.conversation(turns, personal), rng)
            ids += more
            weights += counts
            segments += [segment] * len(more)
            segment += 1
        yield ids[:length], segments[:length], weights[:length]


def batches(encoder: Encoder, seed: int, length: int, size: int, number: int):
    """So many batches, made one thread ahead of the training."""
    ahead: queue.Queue = queue.Queue(maxsize=4)
    source = rows(encoder, seed, length)

    def fill():
        for _ in range(number):
            ids, segments, weights = zip(*(next(source) for _ in range(size)))
            ahead.put((np.array(ids, np.int32), np.array(segments, np.int32), np.array(weights, np.float32)))

    threading.Thread(target=fill, daemon=True).start()
    for _ in range(number):
        yield ahead.get()


def train(encoder: Encoder, config, phases, params: dict | None = None) -> dict:
    """Trains from nothing, or gently from `params`: the rate warms up, stays, and falls to nothing over the last half."""
    import jax

    import model

    top, seed = (1.0, SEED) if params is None else (0.4, SEED + 7)
    params = model.init(config, SEED) if params is None else jax.tree.map(jax.numpy.asarray, params)
    state = model.init_state(params)
    print(f"{model.count(params):,} parameters", flush=True)
    update = jax.jit(functools.partial(model.step, config=config), donate_argnums=(0, 1))
    total, number, started, tokens, recent = sum(p[0] for p in phases), 0, time.time(), 0, []
    for phase, (steps, length, size) in enumerate(phases):
        for batch in batches(encoder, seed + 100 * phase, length, size, steps):
            number += 1
            rate = top * min(1.0, number / 30, max(0.02, 2 * (1 - number / total)))
            params, state, value = update(params=params, state=state, batch=batch, number=float(number), rate=rate)
            tokens += batch[0].size
            recent.append(value)
            if number % 50 == 0 or number == total:
                seconds = time.time() - started
                print(f"step {number}/{total}  loss {np.mean(recent):.4f}  {tokens / seconds:,.0f} tokens/s  {seconds:.0f} s",
                      flush=True)
                recent = []
    return {k: np.asarray(v) for k, v in params.items()}


def make(out: Path, refine: bool, scale: float) -> None:
    """Trains, writes and measures."""
    import evaluate
    import gguf_file
    import model

    started, config = time.time(), model.Config()
    if refine:
        tokenizer, params = Tokenizer.from_file(str(TOKENIZER)), gguf_file.read_params(MODEL)
    else:
        tokenizer, params = train_tokenizer(config.vocab), None
    phases = [(max(1, int(steps * scale)), length, size) for steps, length, size in (REFINE if refine else PHASES)]
    params = train(Encoder(tokenizer), config, phases, params)
    tokenizer.save(str(out.with_name("tokenizer.json")))
    gguf_file.write(out, "Fabstir Tiny", config, json.loads(tokenizer.to_str()), gguf_file.named_tensors(params), "F16")
    print(f"{out.name}: {out.stat().st_size:,} bytes after {time.time() - started:.0f} s")
    evaluate.report(out, tokenizer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--refine", action="store_true")
    parser.add_argument("--evaluate", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--talk", action="store_true")
    parser.add_argument("--sample", type=int, metavar="N")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the steps; 0.1 for a quick look")
    parser.add_argument("--out", type=Path, default=MODEL)
    args = parser.parse_args()

    import evaluate

    if args.sample:
        source = Conversations(SEED)
        print("\n".join(render(*source.conversation(4)) for _ in range(args.sample)))
    elif args.evaluate:
        evaluate.report(args.out, Tokenizer.from_file(str(TOKENIZER)))
    elif args.check:
        evaluate.check(args.out, Tokenizer.from_file(str(TOKENIZER)))
    elif args.talk:
        evaluate.talk(args.out, Tokenizer.from_file(str(TOKENIZER)))
    else:
        make(args.out, args.refine, args.scale)


if __name__ == "__main__":
    main()
