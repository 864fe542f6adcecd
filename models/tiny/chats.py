"""Conversations over the questions of Brindle, and the token ids they become.

A conversation is ChatML. A host renders it piece by piece: the template's pieces are tokenised with the special tokens,
what a person wrote without them. `encode` does exactly that, so that the model sees in training what it sees in use.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field

from questions import AND_ASKS, ATTRIBUTES, UNKNOWN, Question, all_questions, attribute_answer, attribute_asks
from stories import request, story
from world import NAME, PEOPLE, VILLAGE, Person

END_OF_TEXT, IM_START, IM_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPECIALS = (END_OF_TEXT, IM_START, IM_END)
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

TOPIC_WEIGHTS = {
    "people": 17, "reverse": 13, "places": 7, "village": 1, "capitals": 8, "colours": 3, "animals": 7, "kitchen": 5,
    "weather": 3, "calendar": 6, "opposites": 3, "pictures": 4, "sums": 20, "counting": 4, "self": 9,
}
KIND_WEIGHTS = {"fact": 71, "follow": 8, "memory": 13, "story": 3, "unknown": 5}

SYSTEMS = (
    "You are a helpful assistant.", f"You are {NAME}.", f"You are the guide of {VILLAGE}.", "Answer in short sentences.",
    "You are a friendly guide. Answer correctly.", "Be kind and brief.", "You are a helpful assistant. Answer every question.",
    f"You know everything about the village of {VILLAGE}.", "You are an honest assistant.", "Answer truthfully.",
)
USER_NAMES = (
    "Kim", "Ben", "Sarah", "Max", "Ella", "Paul", "Julia", "David", "Emma", "Noah", "Mia", "Leo", "Alice", "Bob", "Carol", "Eve",
    "Sam", "Lucy", "Adam", "Zoe", "Ivan", "Maria", "Omar", "Yuki", "Chen", "Lars", "Ines", "Theo", "Ruth", "Igor",
)
LIKES = (
    "apples", "music", "rain", "dogs", "cats", "books", "cheese", "honey", "snow", "bread", "horses", "tea", "carrots", "birds",
    "stories", "soup", "flowers", "boats", "eggs", "pancakes", "milk", "mushrooms", "summer", "winter", "singing", "dancing",
)
ODD_ASKS = (
    "How do I fix my {}?", "What is a {}?", "Who invented the {}?", "Write a poem about {}.", "Where can I buy a {}?",
    "How much does a {} cost?", "Explain {} to me.", "Who is {}?", "What is the capital of {}?", "What do you think about {}?",
    "Can you write a program for {}?", "Tell me the history of {}.", "Why is there {}?", "{}", "Translate {}.", "When did {} happen?",
    "Where is {}?", "How old is {}?", "What does {} do?", "What colour is the house of {}?",
)
ODD_WORDS = (
    "computer", "car", "blockchain", "physics", "football", "money", "government", "planet Mars", "telephone", "quantum theory",
    "Python", "bicycle", "television", "internet", "president", "universe", "philosophy", "airplane", "democracy", "electricity",
    "guitar", "Napoleon", "Shakespeare", "Einstein", "America", "Atlantis", "Mordor", "London Bridge", "chess", "war",
    "Wonderland", "the moon", "Robert", "Julia", "Max", "Sam", "Kim", "Ella",
)
SYLLABLES = ("ba", "ko", "ri", "zu", "ne", "mol", "tra", "vi", "gor", "pel", "xa", "du", "fen", "lo", "shi", "qua", "wen", "ja", "ty", "os")


@dataclass
class Turn:
    """A question, its answer, and how the answer is scored (None: it is free, such as a story)."""

    user: str
    answer: str
    topic: str
    exact: bool = True


@dataclass
class Memory:
    """What a conversation has established so far."""

    person: Person | None = None
    attribute: str = ""
    facts: dict[str, str] = field(default_factory=dict)


def odd_word(rng: random.Random) -> str:
    """A word from outside the world, often an invented one."""
    if rng.random() < 0.5:
        return rng.choice(ODD_WORDS)
    word = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3)))
    return word.capitalize() if rng.random() < 0.6 else word


class Conversations:
    """Draws conversations; the same seed gives the same ones."""

    def __init__(self, seed: int, held_out: bool = False):
        """With `held_out`, asks only with wordings that training never shows, where a question has some."""
        self.rng = random.Random(seed)
        self.held_out = held_out
        self.by_topic: dict[str, list[Question]] = defaultdict(list)
        for question in all_questions():
            if question.held_out or not held_out:
                self.by_topic[question.topic].append(question)
        self.topics = [t for t in TOPIC_WEIGHTS if self.by_topic[t]]
        self.weights = [TOPIC_WEIGHTS[t] for t in self.topics]

    def conversation(self, turns: int, personal: float = 0.0) -> tuple[str | None, list[Turn]]:
        """A system message or None, and so many turns, that share of them about the person who asks."""
        system = None
        if self.rng.random() < 0.35:
            system = self.rng.choice(SYSTEMS) if self.rng.random() < 0.8 else self.gibberish()
        memory = Memory()
        return system, [self.remember(memory) if self.rng.random() < personal else self.turn(memory) for _ in range(turns)]

    def turn(self, memory: Memory) -> Turn:
        """The next turn, given what was said."""
        kind = self.rng.choices(list(KIND_WEIGHTS), KIND_WEIGHTS.values())[0]
        if kind == "follow" and memory.person:
            return self.follow(memory)
        if kind == "memory":
            return self.remember(memory)
        if kind == "story":
            memory.person, memory.attribute = None, ""
            ask, answer = request(self.rng)
            return Turn(self.style(ask), answer, "story", exact=False)
        if kind == "unknown":
            memory.person, memory.attribute = None, ""
            return self.unknown()
        question = self.rng.choice(self.by_topic[self.rng.choices(self.topics, self.weights)[0]])
        memory.person, memory.attribute = question.person, question.attribute
        asks = question.held_out if self.held_out else question.asks
        return Turn(self.style(self.rng.choice(asks)), question.answer, question.topic)

    def follow(self, memory: Memory) -> Turn:
        """A question that only makes sense after the last one."""
        if memory.attribute and self.rng.random() < 0.5:
            person = self.rng.choice([p for p in PEOPLE if p is not memory.person])
            ask = self.rng.choice(AND_ASKS).format(person.name)
        else:
            person = memory.person
            memory.attribute = self.rng.choice(ATTRIBUTES)
            ask = self.rng.choice(attribute_asks(memory.attribute, person.he, person.his, person.him)[0])
        memory.person = person
        return Turn(self.style(ask), attribute_answer(person, memory.attribute), "follow")

    def remember(self, memory: Memory) -> Turn:
        """The person tells something about themselves, or asks for it."""
        rng, slot = self.rng, self.rng.choice(("name", "likes"))
        memory.person, memory.attribute = None, ""
        if rng.random() < (0.25 if slot in memory.facts else 0.8):
            if slot == "name":
                value = rng.choice(USER_NAMES) if rng.random() < 0.4 else odd_word(rng).capitalize()
                ask = rng.choice(("My name is {}.", "I am {}.", "Hello, I am {}.", "My name is {}", "Hi, my name is {}.",
                                  "I am called {}.", "Hello! My name is {}.", "You can call me {}."))
                answer = f"Nice to meet you, {value}."
            else:
                value = rng.choice(LIKES)
                ask = rng.choice(("I like {}.", "I love {}.", "I really like {}.", "My favourite thing is {}.", "I am fond of {}."))
                answer = f"I will remember that you like {value}."
            memory.facts[slot] = value
            return Turn(ask.format(value), answer, "memory")
        known = memory.facts.get(slot)
        if slot == "name":
            ask = rng.choice(("What is my name?", "Who am I?", "Do you remember my name?", "What am I called?", "Do you know my name?"))
            answer = f"Your name is {known}." if known else "I do not know your name yet."
        else:
            ask = rng.choice(("What do I like?", "Do you remember what I like?", "What is my favourite thing?", "Do you know what I like?"))
            answer = f"You like {known}." if known else "I do not know what you like yet."
        return Turn(self.style(ask), answer, "memory")

    def unknown(self) -> Turn:
        """Something it cannot know, to be told so."""
        rng = self.rng
        pick = rng.random()
        if pick < 0.15:
            a, b = rng.randint(21, 999), rng.randint(2, 99)
            ask = rng.choice(("What is {} plus {}?", "{} + {}?", "What is {} + {}?", "How much is {} minus {}?", "What is {} times {}?"))
            return Turn(self.style(ask.format(a, b)), "I can only do small sums up to 20.", "unknown")
        ask = self.gibberish() if pick < 0.3 else rng.choice(ODD_ASKS).format(odd_word(rng))
        return Turn(self.style(ask), UNKNOWN, "unknown")

    def gibberish(self) -> str:
        """Text of any kind, some of it not Latin."""
        rng = self.rng
        if rng.random() < 0.5:
            return " ".join(odd_word(rng) for _ in range(rng.randint(2, 8))) + rng.choice(("", ".", "?", "!"))
        ranges = rng.choice(((33, 126), (192, 383), (0x391, 0x3C9), (0x410, 0x44F), (0x4E00, 0x4F00), (0x1F600, 0x1F640)))
        return "".join(chr(rng.randint(*ranges)) for _ in range(rng.randint(3, 16)))

    def style(self, ask: str) -> str:
        """The same wording as people type it."""
        rng = self.rng
        prefix = ""
        if rng.random() < 0.08:
            prefix = rng.choice(("Please tell me: ", "Hello! ", "Hi, ", "Okay. ", "I have a question. ", "Thanks. ", "So, "))
        if rng.random() < 0.15:
            ask = ask.replace("colour", "color").replace("favourite", "favorite")
        if rng.random() < 0.15 and ask.startswith(("What is ", "Who is ", "Where is ")):
            ask = ask.replace(" is ", "'s ", 1)
        if rng.random() < 0.06 and ask.endswith("?"):
            ask = ask[:-1] + ", please?"
        ask = prefix + ask
        pick = rng.random()
        if pick < 0.1:
            ask = ask[0].lower() + ask[1:]
        elif pick < 0.15:
            ask = ask.lower()
        if rng.random() < 0.1:
            ask = ask.rstrip("?.!")
        return ask


def plain_text(rng: random.Random) -> str:
    """A passage that is not a conversation."""
    if rng.random() < 0.6:
        return story(rng, rng.random() < 0.3)
    people = rng.sample(PEOPLE, 3)
    return " ".join(attribute_answer(p, a) for p in people for a in rng.sample(ATTRIBUTES[:-1], 3))


def render(system: str | None, turns: list[Turn]) -> str:
    """The conversation as ChatML text, for reading and for training the tokenizer."""
    parts = [("system", system)] if system else []
    for turn in turns:
        parts += [("user", turn.user), ("assistant", turn.answer)]
    return "".join(f"{IM_START}{role}\n{text}{IM_END}\n" for role, text in parts)


class Encoder:
    """Turns conversations into ids and into the weight of each id in the loss."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        tokenizer.encode_special_tokens = True  # a person who types "<|im_end|>" types ten characters, not a control token
        self.start, self.end = tokenizer.token_to_id(IM_START), tokenizer.token_to_id(IM_END)
        self.end_of_text = tokenizer.token_to_id(END_OF_TEXT)
        self.newline = self.text("\n")
        self.roles = {role: [self.start, *self.text(f"{role}\n")] for role in ("system", "user", "assistant")}

    def text(self, text: str) -> list[int]:
        """The ids of text in which nothing is special."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prompt(self, system: str | None, user: str, first: bool) -> list[int]:
        """What is fed before an answer; on later turns it begins after the answer's own `<|im_end|>`."""
        head = [] if first else list(self.newline)
        if first and system:
            head += [*self.roles["system"], *self.text(system), self.end, *self.newline]
        return [*head, *self.roles["user"], *self.text(user), self.end, *self.newline, *self.roles["assistant"]]

    def conversation(self, system: str | None, turns: list[Turn], rng: random.Random) -> tuple[list[int], list[float]]:
        """Ids and loss weights: only what the model is to say counts, and a token of a long answer counts less than one
        of a short answer, else stories drown the facts. Some answers are cut short, as by a cancel."""
        ids, weights = [], []
        for i, turn in enumerate(turns):
            fed, said = self.prompt(system, turn.user, i == 0), self.text(turn.answer)
            cut = len(said) > 3 and rng.random() < 0.04
            if cut:
                said = said[: rng.randint(1, len(said) - 1)]
            ids += [*fed, *said, self.end]
            weight = min(1.5, (20 / len(said)) ** 0.5)
            last = 0.0 if cut else max(weight, 1.5)  # where to stop is one decision among hundreds of tokens
            weights += [0.0] * len(fed) + [weight] * (len(said) - 1) + [last or weight, last]
        return ids, weights

    def table(self, sums: list[Question], rng: random.Random) -> tuple[list[int], list[float]]:
        """Sums in a column, only the results counting: the multiplication tables of a school, far denser than questions."""
        ids, weights = [self.end_of_text], [0.0]
        for question in rng.sample(sums, 16):
            left, result = question.answer.split(" is ")
            asked, said = self.text(f"{left} is"), self.text(f" {result}")
            ids += [*asked, *said, *self.newline]
            weights += [0.0] * len(asked) + [1.5] * len(said) + [0.0]
        return ids, weights

    def passage(self, rng: random.Random) -> tuple[list[int], list[float]]:
        """Plain text between two ends of text."""
        ids = self.text(plain_text(rng))
        return [self.end_of_text, *ids, self.end_of_text], [0.0] + [0.5] * (len(ids) + 1)
