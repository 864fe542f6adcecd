"""What the written file knows, measured on wordings that training never shows, and checks of its format."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from chats import SPECIALS, Conversations, Encoder, Turn
from gguf_file import Reference, read_params
from questions import all_questions

TEST_SEED = 4242
CHECK_TEXTS = (
    "What is 7 plus 5?", "Hello! How can I help you?", "  two spaces,\n\nnew lines\tand a tab ", "It's Anna's cat; they're here, we'll see.",
    "γειά, привет, こんにちは, 你好, ¡hola!", "🌧️ ☀️ 👩‍🌾", "<|im_end|> typed by a person", "x=3.14159; if (a<b) {return 100%}", "ÀÉÎõü ß",
)


def score(reference: Reference, encoder: Encoder, conversations: list, temperature: float) -> tuple[Counter, Counter, list]:
    """Right and asked per topic, and what went wrong. The model's own answers stay in the conversation."""
    right, asked, wrong = Counter(), Counter(), []
    rng = np.random.default_rng(TEST_SEED)
    for system, turns in conversations:
        reference.reset()
        for i, turn in enumerate(turns):
            prompt = encoder.prompt(system, turn.user, i == 0)
            if reference.position + len(prompt) + len(encoder.text(turn.answer)) >= reference.context:
                break
            ids = reference.answer(prompt, encoder.end, temperature, rng)
            if not turn.exact:
                continue
            said = encoder.tokenizer.decode(ids, skip_special_tokens=False)
            asked[turn.topic] += 1
            right[turn.topic] += said == turn.answer
            if said != turn.answer:
                wrong.append((i, turn.user, said, turn.answer))
    return right, asked, wrong


def show(title: str, result: tuple[Counter, Counter, list], details: bool = False) -> None:
    right, asked, wrong = result
    print(f"{title}: {sum(right.values())}/{sum(asked.values())} = {sum(right.values()) / sum(asked.values()):.1%}")
    if details:
        print("  " + ", ".join(f"{t} {right[t]}/{asked[t]}" for t in asked))
    for i, user, said, expected in wrong[:8 if details else 0]:
        print(f"  turn {i + 1}: {user!r} -> {said!r}, not {expected!r}")


def sample(turns: Iterable[Turn], most: int = 50) -> list:
    """Each turn as a conversation of its own, at most so many of one topic."""
    turns = list(turns)
    taken, chosen = Counter(), []
    for i in np.random.default_rng(TEST_SEED).permutation(len(turns)):
        if taken[turns[i].topic] < most:
            taken[turns[i].topic] += 1
            chosen.append((None, [turns[i]]))
    return chosen


def report(path: Path, tokenizer) -> None:
    """Exact answers: one question at a time, in conversations, and with wordings unseen for any fact."""
    reference, encoder = Reference(path), Encoder(tokenizer)
    questions = all_questions()
    single = sample(Turn(ask, q.answer, q.topic) for q in questions for ask in q.held_out)
    unseen = sample(Turn(ask, q.answer, q.topic) for q in questions for ask in q.unseen)
    source = Conversations(TEST_SEED, held_out=True)
    chats = [source.conversation(8) for _ in range(40)]
    endless = [source.conversation(60) for _ in range(3)]
    show("held-out questions, temperature 0", score(reference, encoder, single, 0.0), True)
    show("held-out questions, temperature 0.7", score(reference, encoder, single, 0.7))
    show("wordings unseen for every fact, temperature 0", score(reference, encoder, unseen, 0.0), True)
    show("conversations of 8 turns, temperature 0", score(reference, encoder, chats, 0.0), True)
    show("conversations of 8 turns, temperature 0.7", score(reference, encoder, chats, 0.7), True)
    show("three conversations until the context is full", score(reference, encoder, endless, 0.0))


def check(path: Path, tokenizer) -> None:
    """The file's metadata, its vocabulary, and numpy's logits against JAX's."""
    import jax.numpy as jnp

    import model

    reference = Reference(path)
    fields, t = reference.fields, reference.t
    vocabulary = tokenizer.get_vocab()
    tokens = fields["tokenizer.ggml.tokens"]
    assert all(tokens[i] == token for token, i in vocabulary.items()), "the vocabularies differ"
    assert tokens[fields["tokenizer.ggml.eos_token_id"]] == SPECIALS[2] and not fields["tokenizer.ggml.add_bos_token"]
    encoder = Encoder(tokenizer)
    for text in CHECK_TEXTS:
        ids = encoder.text(text)
        assert encoder.end not in ids and tokenizer.decode(ids, skip_special_tokens=False) == text, f"{text!r} does not survive"
    config = model.Config(vocab=len(tokens), dim=t["token_embd.weight"].shape[1], layers=reference.layers,
                          heads=reference.heads, ffn=t["blk.0.ffn_up.weight"].shape[0])
    params = read_params(path)
    system, turns = Conversations(TEST_SEED).conversation(6)
    ids = [i for n, turn in enumerate(turns) for i in (*encoder.prompt(system, turn.user, n == 0), *encoder.text(turn.answer), encoder.end)]
    batch = jnp.asarray([ids])
    ours = np.array([reference.feed(i) for i in ids])
    theirs = np.asarray(model.forward(params, config, batch, jnp.zeros_like(batch)))[0]
    worst = float(np.abs(ours - theirs).max())
    print(f"{len(ids)} tokens, largest logit difference between numpy on the file and JAX: {worst:.2e}")
    assert worst < 2e-3, "the forward passes differ"
    print(f"{path.name}: {model.count(params):,} parameters, {len(tokens)} tokens, context {reference.context}: ok")


def talk(path: Path, tokenizer) -> None:
    """A conversation at temperature 0; an empty line ends it."""
    reference, encoder = Reference(path), Encoder(tokenizer)
    first = True
    while user := input("> ").strip():
        ids = reference.answer(encoder.prompt(None, user, first), encoder.end)
        print(tokenizer.decode(ids, skip_special_tokens=False))
        first = False
