"""transcript.json: model ids, profiles, salts, scripted histories with every leaf and head, the host's seed chain."""

from .hashing import U32_MAX, U64_MAX, U256_MAX, ZERO32, Draw, columns, hash_tuple, hexed, keccak256, tag
from .ledger import Ledger, model_id, profile_hash, salt_of, shown_leaf, shown_node, tokens_hash

TAGS = ["profile", "session", "context", "blind", "leaf", "head", "seed"]


class Script:
    """Writes a history as operations, with what must come out of each."""

    def __init__(self, name: str, session_id: int, profile: bytes) -> None:
        self._draw = Draw(f"fabstir/vectors/transcript/{name}")
        self.name, self.session_id, self.profile = name, session_id, profile
        self.secret = self._draw.word()
        self.ledger = Ledger(session_id, profile, self.secret)
        self.ops: list[dict] = []
        self._request = ZERO32

    def ids(self, count: int) -> list[int]:
        """Token ids of a vocabulary of 32,000."""
        return [self._draw.below(32_000) for _ in range(count)]

    def turn(self, signed: bool = True) -> "Script":
        """Begins a turn, by default one with a signed Request."""
        self._request = self._draw.word() if signed else ZERO32
        turn = self.ledger.begin_turn()
        expected = {
            "turn": str(turn),
            "position": str(self.ledger.position),
            "context": hexed(self.ledger.context),
        }
        self.ops.append({"op": "begin_turn", "expect": expected})
        return self

    def feed(self, tokens: int | list[int]) -> "Script":
        """Feeds so many tokens, or these."""
        ids = self.ids(tokens) if isinstance(tokens, int) else tokens
        self.ledger.feed(ids, self._request)
        self.ops.append({"op": "feed", "tokens": ids, "fingerprint": hexed(self._request)})
        return self

    def sample(self, tokens: int | list[int]) -> "Script":
        """Samples so many tokens, or these."""
        ids = self.ids(tokens) if isinstance(tokens, int) else tokens
        self.ledger.sample(ids)
        self.ops.append({"op": "sample", "tokens": ids})
        return self

    def reread(self, tokens: int) -> "Script":
        """Reads tokens again."""
        ids = self.ids(tokens)
        self.ledger.reread(ids)
        self.ops.append({"op": "reread", "tokens": ids})
        return self

    def edit(self, start: int, end: int) -> "Script":
        """Drops positions from the context."""
        self.ledger.edit(start, end)
        self.ops.append({"op": "edit", "a": str(start), "b": str(end)})
        return self

    def checkpoint(self, fingerprints: int = 0) -> "Script":
        """Closes an interval; so many of its sampled leaves have a fingerprint."""
        prints = [self._draw.word() for _ in range(fingerprints)]
        made = self.ledger.checkpoint(prints)
        expected = {
            "sequence": str(self.ledger.sequence),
            "input_tokens": str(self.ledger.input_tokens),
            "output_tokens": str(self.ledger.output_tokens),
            "position": str(self.ledger.position),
            "context": hexed(self.ledger.context),
            "root": hexed(made["root"]),
            "head": hexed(self.ledger.head),
            "leaves": [shown_leaf(leaf) for leaf in made["leaves"]],
            "levels": [[shown_node(node) for node in level] for level in made["levels"]],
        }
        self.ops.append({"op": "checkpoint", "fingerprints": [hexed(item) for item in prints], "expect": expected})
        return self

    def done(self) -> dict:
        """The history as the file has it."""
        return {
            "name": self.name,
            "session_id": str(self.session_id),
            "profile": hexed(self.profile),
            "secret": hexed(self.secret),
            "salt": hexed(self.ledger.salt),
            "ops": self.ops,
        }


def _histories(profile: bytes, session: int) -> list[dict]:
    def new(name: str, session_id: int = session) -> Script:
        return Script(name, session_id, profile)

    scripts = [
        new("one turn").turn().feed(10).sample(20).checkpoint(1),
        new("nothing happened: an empty interval").checkpoint().checkpoint(),
        new("an empty interval after tokens, and tokens after it")
        .turn()
        .feed(3)
        .sample(5)
        .checkpoint(1)
        .checkpoint()
        .sample(2)
        .checkpoint(1),
        new("leaves break at 32").turn().feed(70).sample(64).checkpoint(2).sample(33).checkpoint(2),
        new("exactly 31, 32, 33 and 64 tokens")
        .turn()
        .feed(31)
        .sample(32)
        .checkpoint(1)
        .turn()
        .feed(32)
        .sample(31)
        .checkpoint(1)
        .turn()
        .feed(33)
        .sample(33)
        .checkpoint(2)
        .turn()
        .feed(64)
        .sample(1)
        .checkpoint(1),
        new("a checkpoint breaks a run").turn().feed(4).sample(10).checkpoint(1).sample(10).checkpoint(1),
        new("a checkpoint breaks a fed run").turn().feed(20).checkpoint().feed(20).sample(1).checkpoint(1),
        new("a checkpoint at a full leaf breaks nothing").turn().feed(32).checkpoint().sample(32).checkpoint(1),
        new("a turn breaks a run of one kind").turn().feed(5).turn().feed(5).checkpoint(),
        new("a turn breaks a sampled run, without feeding").turn().feed(1).sample(5).turn().sample(5).checkpoint(2),
        new("kinds alternate within a turn").turn().feed(3).sample(2).feed(4).sample(1).feed(1).checkpoint(2),
        new("turns without tokens are counted").turn().turn().turn().feed(2).sample(2).checkpoint(1),
        new("an empty feed makes no leaf and breaks none").turn().feed(2).feed([]).feed(2).sample([]).checkpoint(),
        new("token ids at their ends").turn().feed([0, U32_MAX, 1, 255, 256, 65_535, 65_536]).sample([0]).checkpoint(1),
        new("a turn without a Request").turn(signed=False).feed(9).sample(9).checkpoint(1),
        new("no fingerprints").turn().feed(9).sample(70).checkpoint(),
        new("fingerprints for the first leaves only").turn().feed(9).sample(70).checkpoint(2),
        new("an edit").turn().feed(12).sample(8).checkpoint(1).edit(4, 20).turn().feed(6).sample(6).checkpoint(1),
        new("edits alone, two in a row").turn().feed(40).sample(1).checkpoint(1).edit(0, 8).edit(8, 16).checkpoint(),
        new("an edit breaks a run")
        .turn()
        .feed(8)
        .edit(0, 4)
        .feed(8)
        .sample(3)
        .edit(1, U64_MAX)
        .sample(3)
        .checkpoint(2),
        new("a re-read").turn().feed(12).sample(28).checkpoint(1).turn().reread(40).feed(6).sample(6).checkpoint(1),
        new("re-reads share a leaf").turn().feed(50).sample(2).checkpoint(1).turn().reread(30).reread(22).checkpoint(),
        new("a re-read breaks a run").turn().feed(8).reread(8).feed(8).sample(4).reread(1).sample(4).checkpoint(2),
        new("an edit between re-reads").turn().feed(9).sample(9).turn().reread(4).edit(2, 5).reread(4).checkpoint(1),
        new("session zero", 0).turn().feed(2).sample(2).checkpoint(1),
        new("the largest session", U256_MAX).turn().feed(2).sample(2).checkpoint(1),
    ]
    return [script.done() for script in [*scripts, _by_ones(new), *_trees(new), _conversation(new), _drawn(new)]]


def _by_ones(new) -> Script:
    script = new("calls of one token share leaves").turn()
    for _ in range(34):
        script.feed(1)
    for _ in range(34):
        script.sample(1)
    return script.checkpoint(2)


def _trees(new) -> list[Script]:
    """Intervals of 1 to 13 leaves of unequal size: odd nodes on every level."""
    script = new("trees of 1 to 8 leaves").turn()
    for leaves in range(1, 9):
        for leaf in range(leaves):
            script.sample(1 + leaf % 3) if leaf % 2 else script.feed(1 + leaf % 2)
        script.checkpoint(leaves // 2)
    larger = new("trees of 9 to 13 leaves").turn()
    for leaves in range(9, 14):
        for leaf in range(leaves):
            larger.feed(1) if leaf % 2 else larger.sample(2)
        larger.checkpoint(1)
    return [script, larger]


def _conversation(new) -> Script:
    """Turns as a host makes them: a checkpoint every 64 sampled tokens and at the end of each."""
    script = new("a conversation")
    for turn, (fed, sampled) in enumerate([(45, 150), (18, 64), (120, 31), (7, 200)]):
        script.turn().feed(fed)
        while sampled > 64:
            script.sample(64).checkpoint(2)
            sampled -= 64
        script.sample(sampled).checkpoint(turn % 2)
    return script


def _drawn(new) -> Script:
    script = new("drawn operations").turn()
    draw = Draw("fabstir/vectors/transcript/operations")
    for _ in range(60):
        choice = draw.below(12)
        if choice < 4:
            script.feed(draw.below(40))
        elif choice < 8:
            script.sample(draw.below(40))
        elif choice == 8:
            script.turn(signed=draw.below(2) == 0)
        elif choice == 9:
            start = draw.below(50)
            script.edit(start, start + 1 + draw.below(50))
        elif choice == 10:
            script.reread(draw.below(40))
        else:
            script.checkpoint()
    return script.checkpoint()


def _models() -> list[dict]:
    draw = Draw("fabstir/vectors/models")
    cases = [(ZERO32, 0), (b"\xff" * 32, U64_MAX)] + [(draw.word(), draw.bits(40)) for _ in range(4)]
    return [{"blake3": hexed(b), "size": str(size), "model_id": hexed(model_id(b, size))} for b, size in cases]


def _profiles() -> list[dict]:
    draw = Draw("fabstir/vectors/profiles")
    usual = {
        "model_id": draw.word(),
        "kv_type_k": 1,
        "kv_type_v": 1,
        "flash_attention": True,
        "context_length": 4_096,
        "vocabulary": 32_000,
        "runtime": draw.word(),
        "sampler": draw.word(),
    }
    changes = [{}, {"kv_type_k": 8}, {"kv_type_v": 8}, {"flash_attention": False}, {"context_length": 131_072}]
    changes += [{"vocabulary": 151_936}, {"runtime": draw.word()}, {"sampler": draw.word()}, {"model_id": draw.word()}]
    numbers = ("kv_type_k", "kv_type_v", "context_length", "vocabulary")
    largest = {"kv_type_k": 255, "kv_type_v": 255, "context_length": U32_MAX, "vocabulary": U32_MAX}
    nothing = {key: 0 for key in numbers} | {key: ZERO32 for key in ("model_id", "runtime", "sampler")}
    changes += [nothing | {"flash_attention": False}, largest]
    return [usual | change for change in changes]


def _seed_chains() -> list[dict]:
    draw = Draw("fabstir/vectors/seeds")
    chains = []
    for length in (1, 2, 8, 100):
        root = draw.word()
        links = [root]
        while len(links) <= length:
            links.insert(0, keccak256(links[0]))
        shown = sorted({*range(min(length, 5) + 1), length - 1, length})
        chains.append(
            {
                "root": hexed(root),
                "length": length,
                "links": [{"k": k, "link": hexed(links[k])} for k in shown],
            }
        )
    return chains


def _turn_seeds() -> list[dict]:
    draw = Draw("fabstir/vectors/turn_seeds")
    pairs = [(ZERO32, ZERO32), (ZERO32, b"\xff" * 32)] + [(draw.word(), draw.word()) for _ in range(4)]
    return [
        {
            "nonce": hexed(nonce),
            "host_seed": hexed(seed),
            "turn_seed": hexed(hash_tuple("bytes32 bytes32 bytes32", tag("fabstir/seed/1"), nonce, seed)),
        }
        for nonce, seed in pairs
    ]


def _token_lists() -> list[dict]:
    draw = Draw("fabstir/vectors/tokens")
    lists = [[], [0], [1], [U32_MAX], [1, 2, 3], [3, 2, 1], [draw.below(2**32) for _ in range(32)]]
    return [{"ids": ids, "tokens": hexed(tokens_hash(ids))} for ids in lists]


def build() -> dict:
    """The file's content."""
    profiles = _profiles()
    hashes = [profile_hash(profile) for profile in profiles]
    sessions = [0, 1, U256_MAX, int.from_bytes(Draw("fabstir/vectors/session").word(), "big")]
    shown = [{k: hexed(v) if isinstance(v, bytes) else v for k, v in profile.items()} for profile in profiles]
    return {
        "tags": columns([{"name": f"fabstir/{n}/1", "hash": hexed(tag(f"fabstir/{n}/1"))} for n in TAGS]),
        "models": columns(_models()),
        "profiles": columns([row | {"hash": hexed(digest)} for row, digest in zip(shown, hashes, strict=True)]),
        "salts": columns(
            [
                {"session_id": str(session), "profile": hexed(profile), "salt": hexed(salt_of(session, profile))}
                for session in sessions
                for profile in (hashes[0], hashes[-1])
            ]
        ),
        "token_lists": _token_lists(),
        "histories": _histories(hashes[0], sessions[-1]),
        "seed_chains": _seed_chains(),
        "turn_seeds": columns(_turn_seeds()),
    }
