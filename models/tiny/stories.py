"""Short tales about the people of Brindle, drawn at random and always in correct sentences."""

import random

from world import PEOPLE, VILLAGE, Person, article

OPENINGS = ("One morning", "One evening", "On a cold day in winter", "On a warm day in summer", "On a rainy Monday",
            "Early on a Sunday", "Late in autumn", "One quiet afternoon")
LOST = ("golden key", "old lamp", "silver ring", "red hat", "little bell", "wooden box", "blue scarf", "long letter")
PLACES = ("in the forest", "at the mill", "by the river", "on the hill", "under the bridge", "behind the church",
          "in the garden", "at the harbour")
HELPERS = ("an old owl", "a small mouse", "a clever fox", "a friendly frog", "a tired traveller", "a brave bee",
           "a young girl", "a big bear")
GIFTS = ("a warm loaf of bread", "a jar of honey", "a basket of apples", "a cup of hot tea", "a piece of apple pie",
         "a bowl of soup")
FEELINGS = ("sad", "worried", "angry", "tired", "puzzled")
ENDINGS = ("And that is how they became friends.", "Everybody in {village} still tells this story.",
           "That night they all danced at the inn.", "From that day on the door was never closed.",
           "And when the bells rang, everybody was happy.")
SHORT_ASKS = ("Tell me a story.", "Tell me a short story.", "Can you tell me a story?", "I would like to hear a story.",
              "Please tell me a story.", "Do you know a story?", "A story, please.", "Another story, please.")
LONG_ASKS = ("Tell me a long story.", "Can you tell me a long story?", "I would like to hear a long story.",
             "Please tell me a long story.", "Do you know a long story?", "A long story, please.")
ABOUT_ASKS = ("Tell me a story about {}.", "Can you tell me a story about {}?", "I would like to hear a story about {}.",
              "Do you know a story about {}?", "A story about {}, please.", "Please tell me a story about {}.")


def opening(rng: random.Random, p: Person) -> str:
    """Who the tale is about."""
    return (f"{rng.choice(OPENINGS)} {p.name} the {p.job} left the {p.house} house and went for a walk with "
            f"{p.his} {p.pet} {p.pet_name}.")


def episode(rng: random.Random, p: Person) -> list[str]:
    """Something is lost, looked for with help, found and rewarded."""
    thing, place, helper = rng.choice(LOST), rng.choice(PLACES), rng.choice(HELPERS)
    animal = helper.split()[-1]
    middle = rng.choice((
        f'"Do not worry," said the {animal}, "I know where it is."',
        f'"I have seen it," said the {animal}, "come with me."',
        f'"Let us look for it together," said the {animal}.',
    ))
    return [
        f"There {p.he} saw that {p.his} {thing} was gone, and {p.he} was very {rng.choice(FEELINGS)}.",
        f"{p.pet_name} the {p.pet} looked everywhere but could not find it.",
        f"Then they met {helper} {place}.",
        middle,
        f"They walked for a long time, and at last they found the {thing} {rng.choice(PLACES)}.",
        f"{p.name} was so happy that {p.he} gave the {animal} {rng.choice(GIFTS)}.",
    ]


def second_episode(rng: random.Random, p: Person) -> list[str]:
    """A friend joins, the weather turns, and they get home all the same."""
    friend = rng.choice([q for q in PEOPLE if q.name != p.name])
    return [
        f"On the way home they met {friend.name} the {friend.job}, who carried {article(rng.choice(LOST).split()[-1])} "
        "in a bag.",
        f'"The sky is dark," said {friend.name}, "let us go to the {friend.work} and wait there."',
        f"So they ran, and when the rain came they sat by the fire and ate {friend.food}.",
        f"{friend.name} told them about {friend.pet_name} the {friend.pet}, and {p.name} talked about {p.hobby}.",
        f"After the rain the moon stood above {VILLAGE}, and the river was full of light.",
        f'"Let us meet again tomorrow," said {p.name}, and {friend.name} said yes.',
    ]


def story(rng: random.Random, long: bool, p: Person | None = None) -> str:
    """A tale of about 110 tokens, or of about 220."""
    p = p or rng.choice(PEOPLE)
    lines = [opening(rng, p), *episode(rng, p)]
    if long:
        lines += second_episode(rng, p)
    return " ".join([*lines, rng.choice(ENDINGS).format(village=VILLAGE)])


def request(rng: random.Random) -> tuple[str, str]:
    """A wish for a story and a story that fulfils it."""
    kind = rng.random()
    if kind < 0.4:
        p = rng.choice(PEOPLE)
        return rng.choice(ABOUT_ASKS).format(p.name), story(rng, False, p)
    if kind < 0.7:
        return rng.choice(SHORT_ASKS), story(rng, False)
    return rng.choice(LONG_ASKS), story(rng, True)
