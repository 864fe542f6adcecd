"""Questions about Brindle and their one right answer, each asked in many wordings."""

import zlib
from dataclasses import dataclass

from world import (ANIMALS, CAPITALS, COLOURS, DAY_PLANS, DAYS, DISHES, HELLOS, LEGS, MONTHS, NAME, NUMBERS, OPPOSITES, PEOPLE,
                   PICTURES, PLACES, SEASONS, SONG, VILLAGE, Person, article, capital)

UNKNOWN = f"I do not know that. I only know the village of {VILLAGE} and a few simple things."
HELD_OUT_IN = 8


@dataclass(frozen=True)
class Question:
    """One fact: wordings to train on, wordings kept for the test, and the exact answer."""

    topic: str
    asks: tuple[str, ...]
    held_out: tuple[str, ...]
    unseen: tuple[str, ...]
    answer: str
    person: Person | None = None
    attribute: str = ""


def make(topic: str, asks: list[str], answer: str, unseen: list[str] | None = None, **about) -> Question:
    """Splits the wordings: about one in eight of those of each fact is never trained on.

    `unseen` wordings are kept back for *every* fact, which is the harder test. Small talk is all trained on: one
    greeting says little about another.
    """
    keep, held = [], []
    for ask in asks:
        chosen = topic != "self" and zlib.crc32(f"{topic}|{ask}|{answer}".encode()) % HELD_OUT_IN == 0
        (held if chosen else keep).append(ask)
    if len(keep) < 2:
        keep, held = list(asks), []
    return Question(topic, tuple(keep), tuple(held), tuple(unseen or ()), answer, **about)


def attribute_asks(attribute: str, n: str, np: str, no: str) -> tuple[list[str], list[str]]:
    """Wordings for one attribute of a person: `n` as subject, `np` as possessive, `no` as object."""
    be = "is"
    return {
        "job": ([f"What {be} {np} job?", f"What does {n} do?", f"What work does {n} do?", f"What is the job of {no}?",
                 f"What does {n} do for a living?", f"Tell me {np} job.", f"Which job does {n} have?"],
                [f"What kind of work does {n} do?"]),
        "work": ([f"Where does {n} work?", f"What is {np} place of work?", f"In which place does {n} work?",
                  f"Where can I find {no} at work?", f"Tell me where {n} works.", f"Do you know where {n} works?"],
                 [f"Can you tell me where {n} works?"]),
        "age": ([f"How old is {n}?", f"What is {np} age?", f"Tell me the age of {no}.", f"What is the age of {no}?",
                 f"Do you know how old {n} is?", f"How many years old is {n}?"],
                [f"Can you tell me how old {n} is?"]),
        "house": ([f"What colour is {np} house?", f"Which colour does {np} house have?", f"What is the colour of {np} house?",
                   f"Tell me the colour of {np} house.", f"In what colour is {np} house painted?",
                   f"Do you know the colour of {np} house?", f"In which house does {n} live?"],
                  [f"Which colour is {np} house?"]),
        "pet": ([f"What pet does {n} have?", f"Does {n} have a pet?", f"Which animal does {n} have?", f"What is {np} pet?",
                 f"Tell me about {np} pet.", f"Which pet lives with {no}?", f"Does {n} have an animal?"],
                [f"What kind of pet does {n} have?"]),
        "food": ([f"What does {n} like to eat?", f"What is {np} favourite food?", f"Which food does {n} like best?",
                  f"What food does {n} like?", f"Tell me {np} favourite food.", f"What is {np} favourite dish?",
                  f"What does {n} like to eat most?"],
                 [f"Which dish does {n} like best?"]),
        "hobby": ([f"What is {np} hobby?", f"What does {n} like to do?", f"What does {n} do in the evening?",
                   f"Which hobby does {n} have?", f"Tell me {np} hobby.", f"What does {n} do for fun?"],
                  [f"What hobby does {n} have?"]),
        "about": ([f"Tell me about {no}.", f"Describe {no}.", f"What do you know about {no}?", f"Tell me more about {no}.",
                   f"What can you tell me about {no}?"],
                  [f"Please describe {no} to me."]),
    }[attribute]


ATTRIBUTES = ("job", "work", "age", "house", "pet", "food", "hobby", "about")
AND_ASKS = ("And {}?", "What about {}?", "And what about {}?")


def attribute_answer(p: Person, attribute: str) -> str:
    """The sentence that states an attribute of a person."""
    pet = f"{article(p.pet_colour)} {p.pet} called {p.pet_name}"
    return {
        "job": f"{p.name} is the {p.job} of {VILLAGE}.",
        "work": f"{p.name} works at the {p.work}.",
        "age": f"{p.name} is {p.age} years old.",
        "house": f"{p.name} lives in {article(p.house)} house.",
        "pet": f"{p.name} has {pet}.",
        "food": f"{p.name} likes to eat {p.food}.",
        "hobby": f"{p.name} likes {p.hobby}.",
        "about": (f"{p.name} is the {p.job} of {VILLAGE}. {capital(p.he)} is {p.age} years old and works at the {p.work}. "
                  f"{p.name} lives in {article(p.house)} house and has {pet}. {capital(p.he)} likes to eat {p.food}, "
                  f"and in the evening {p.he} likes {p.hobby}."),
    }[attribute]


def people() -> list[Question]:
    """Everything about the villagers, from both ends."""
    out = []
    for p in PEOPLE:
        for attribute in ATTRIBUTES:
            asks, unseen = attribute_asks(attribute, p.name, f"{p.name}'s", p.name)
            out.append(make("people", asks, attribute_answer(p, attribute), unseen, person=p, attribute=attribute))
        out.append(make("people", [f"Who is {p.name}?", f"Do you know {p.name}?", f"Can you tell me who {p.name} is?",
                                   f"{p.name}?"], attribute_answer(p, "job"),
                        [f"Tell me who {p.name} is."], person=p, attribute="job"))
        out += reverse(p)
    names = [p.name for p in PEOPLE]
    out.append(make("people", ["Who lives in the village?", f"Who lives in {VILLAGE}?", "Name the people of the village.",
                               "Which people do you know?", "List the people.", "Who lives here?", "Whom do you know?"],
                    f"I know {', '.join(names[:-1])} and {names[-1]}.", [f"Which people live in {VILLAGE}?"]))
    out.append(make("people", [f"How many people live in {VILLAGE}?", "How many people live here?",
                               "How many people live in the village?", "How many people do you know?"],
                    f"I know {len(PEOPLE)} people in {VILLAGE}."))
    return out


def reverse(p: Person) -> list[Question]:
    """From a thing to the villager it belongs to."""
    return [
        make("reverse", [f"Who is the {p.job}?", f"Who is the {p.job} of {VILLAGE}?", f"What is the name of the {p.job}?",
                         f"What is the {p.job} called?", f"Do you know the {p.job}?", f"Who works as {article(p.job)}?"],
             f"The {p.job} of {VILLAGE} is {p.name}.", [f"Can you name the {p.job}?"], person=p, attribute="job"),
        make("reverse", [f"Who works at the {p.work}?", f"Whom can I find at the {p.work}?", f"Who is at the {p.work}?",
                         f"Who has a job at the {p.work}?"],
             attribute_answer(p, "work"), [f"Tell me who works at the {p.work}."], person=p, attribute="work"),
        make("reverse", [f"Who lives in the {p.house} house?", f"Whose house is {p.house}?", f"Who has {article(p.house)} house?",
                         f"Who owns the {p.house} house?"],
             attribute_answer(p, "house"), [f"Tell me who lives in the {p.house} house."], person=p, attribute="house"),
        make("reverse", [f"Who has {article(p.pet)}?", f"Who is {p.pet_name}?", f"Whose pet is {p.pet_name}?",
                         f"To whom does {p.pet_name} belong?", f"Who owns the {p.pet}?", f"Who has {article(p.pet)} as a pet?"],
             attribute_answer(p, "pet"), [f"Who is the owner of {p.pet_name}?"], person=p, attribute="pet"),
        make("reverse", [f"What colour is {p.pet_name}?", f"What colour is {p.name}'s {p.pet}?",
                         f"Which colour does {p.pet_name} have?", f"What is the colour of {p.name}'s {p.pet}?"],
             f"{p.pet_name} is {p.pet_colour}.", [f"Which colour is {p.pet_name}?"], person=p),
        make("reverse", [f"What is the name of {p.name}'s {p.pet}?", f"What is {p.name}'s {p.pet} called?",
                         f"How is {p.name}'s {p.pet} called?", f"Tell me the name of {p.name}'s {p.pet}."],
             f"{p.name}'s {p.pet} is called {p.pet_name}.", [f"Which name does {p.name}'s {p.pet} have?"], person=p),
        make("reverse", [f"Who likes {p.food}?", f"Who likes to eat {p.food}?", f"Whose favourite food is {p.food}?",
                         f"Who eats {p.food}?"],
             attribute_answer(p, "food"), [f"Tell me who likes {p.food}."], person=p, attribute="food"),
        make("reverse", [f"Who likes {p.hobby}?", f"Whose hobby is {p.hobby}?", f"Who is fond of {p.hobby}?",
                         f"Who enjoys {p.hobby}?"],
             attribute_answer(p, "hobby"), [f"Tell me who likes {p.hobby}."], person=p, attribute="hobby"),
    ]


def places() -> list[Question]:
    """Where things stand in the village and what they have."""
    out = []
    for place, (where, thing, count) in PLACES.items():
        out.append(make("places", [f"Where is the {place}?", f"How do I find the {place}?", f"Where can I find the {place}?",
                                   f"Do you know where the {place} is?", f"Can you tell me the way to the {place}?",
                                   f"I am looking for the {place}."],
                        f"The {place} is {where}.", [f"Please tell me where the {place} is."]))
        out.append(make("places", [f"How many {thing} does the {place} have?", f"How many {thing} are there at the {place}?",
                                   f"Tell me how many {thing} the {place} has.", f"Count the {thing} of the {place}.",
                                   f"Do you know how many {thing} the {place} has?"],
                        f"The {place} has {count} {thing}.", [f"What is the number of {thing} at the {place}?"]))
    out.append(make("places", ["What is the name of the village?", "What is the village called?", "How is this village called?",
                               "Where are we?", "What is this place called?"], f"The village is called {VILLAGE}."))
    out.append(make("places", ["What is the name of the river?", "What is the river called?", "Which river is here?",
                               "How is the river called?", "Tell me the name of the river."], "The river is called the Ash."))
    out.append(make("village", [f"Tell me about {VILLAGE}.", "Tell me about the village.", "Describe the village.",
                                f"What is {VILLAGE}?", f"Describe {VILLAGE}.", "What is the village like?",
                                "What can I see in the village?", f"What do you know about {VILLAGE}?"],
                    f"{VILLAGE} is a small village by the river Ash. The school and the inn stand on the market square, "
                    "and the bakery is next to the school. The mill is by the river, with three big wheels that turn all day. "
                    "Seven boats lie in the harbour at the lake. The church on the small hill has five bells, and on Sunday "
                    "everybody can hear them. Behind the mill there is a garden with twelve apple trees. North of the village "
                    "lies a deep forest with many paths. In the evening people meet at the inn, eat soup and sing the song of "
                    "the village.", [f"Please describe {VILLAGE} to me."]))
    out.append(make("village", ["Sing the song of the village.", "Sing a song.", "Can you sing?", "Sing me a song.",
                                "What is the song of the village?", f"Sing the song of {VILLAGE}.", "Do you know a song?"],
                    SONG, ["Please sing something for me."]))
    return out


def wide_world() -> list[Question]:
    """Capitals, colours and animals."""
    out = []
    for country, city in CAPITALS.items():
        out.append(make("capitals", [f"What is the capital of {country}?", f"Which city is the capital of {country}?",
                                     f"Tell me the capital of {country}.", f"Name the capital of {country}.",
                                     f"Do you know the capital of {country}?", f"{country}'s capital?",
                                     f"What is the capital city of {country}?"],
                        f"The capital of {country} is {city}.", [f"What is {country}'s capital?"]))
        out.append(make("capitals", [f"In which country is {city}?", f"Where is {city}?", f"What country is {city} in?",
                                     f"{city} is the capital of which country?", f"Of which country is {city} the capital?"],
                        f"{city} is the capital of {country}.", [f"Which country has {city} as its capital?"]))
    for thing, colour in COLOURS.items():
        out.append(make("colours", [f"What colour is {thing}?", f"Which colour does {thing} have?",
                                    f"What is the colour of {thing}?", f"Tell me the colour of {thing}.",
                                    f"Do you know the colour of {thing}?"],
                        f"{capital(thing)} is {colour}.", [f"Which colour is {thing}?"]))
    for animal, (sound, legs, home, food) in ANIMALS.items():
        an = article(animal)
        out.append(make("animals", [f"What does {an} say?", f"What sound does {an} make?", f"Which sound does {an} make?",
                                    f"How does {an} sound?", f"What noise does {an} make?"],
                        f"{capital(an)} says {sound}.", [f"Which noise does {an} make?"]))
        out.append(make("animals", [f"Where does {an} live?", f"What is the home of {an}?", f"Where do I find {an}?",
                                    f"Tell me where {an} lives."],
                        f"{capital(an)} lives {home}.", [f"Do you know where {an} lives?"]))
        out.append(make("animals", [f"What does {an} eat?", f"What does {an} like to eat?", f"What is the food of {an}?",
                                    f"Tell me what {an} eats.", f"What do I feed {an}?"],
                        f"{capital(an)} eats {food}.", [f"Do you know what {an} eats?"]))
    for animal, legs in {**{a: v[1] for a, v in ANIMALS.items()}, **LEGS}.items():
        an = article(animal)
        out.append(make("animals", [f"How many legs does {an} have?", f"Tell me how many legs {an} has.",
                                    f"Count the legs of {an}.", f"How many legs has {an}?"],
                        f"{capital(an)} has {legs or 'no'} legs.", [f"Do you know how many legs {an} has?"]))
    return out


def kitchen() -> list[Question]:
    """What goes into a dish and how it is made."""
    out = []
    for dish, (needs, steps) in DISHES.items():
        out.append(make("kitchen", [f"What do I need for {dish}?", f"What is in {dish}?", f"What do you need for {dish}?",
                                    f"Which ingredients do I need for {dish}?", f"What goes into {dish}?",
                                    f"Tell me the ingredients of {dish}."],
                        f"For {dish} you need {needs}.", [f"What are the ingredients of {dish}?"]))
        out.append(make("kitchen", [f"How do I make {dish}?", f"How do you make {dish}?", f"Give me a recipe for {dish}.",
                                    f"What is the recipe for {dish}?", f"How can I make {dish}?",
                                    f"Tell me how to make {dish}.", f"I want to make {dish}."],
                        f"For {dish} you need {needs}. " + " ".join(f"{step}." for step in steps),
                        [f"Please give me the recipe for {dish}."]))
    return out


def calendar() -> list[Question]:
    """Weather, seasons, days and months."""
    out = []
    for season, (weather, plan, month) in SEASONS.items():
        out.append(make("weather", [f"What is the weather like in {season}?", f"How is the weather in {season}?",
                                    f"What is {season} like?", f"Tell me about the weather in {season}.",
                                    f"Is it warm in {season}?"], f"In {season} it is {weather}.",
                        [f"Describe the weather in {season}."]))
        out.append(make("weather", [f"What do people do in {season}?", f"What can I do in {season}?",
                                    f"What do the children do in {season}?", f"What happens in {season}?"],
                        f"In {season} the people of {VILLAGE} {plan}.", [f"What does one do in {season}?"]))
        out.append(make("weather", [f"When does {season} begin?", f"In which month does {season} begin?",
                                    f"When does {season} start?", f"What is the first month of {season}?"],
                        f"In {VILLAGE} {season} begins in {month}.", [f"Which month does {season} begin in?"]))
    for names, kind in ((DAYS, "day"), (MONTHS, "month")):
        for i, name in enumerate(names):
            after, before = names[(i + 1) % len(names)], names[i - 1]
            out.append(make("calendar", [f"What {kind} comes after {name}?", f"Which {kind} comes after {name}?",
                                         f"What comes after {name}?", f"Which {kind} follows {name}?",
                                         f"What is the {kind} after {name}?"],
                            f"After {name} comes {after}.", [f"Tell me the {kind} after {name}."]))
            out.append(make("calendar", [f"What {kind} comes before {name}?", f"Which {kind} comes before {name}?",
                                         f"What comes before {name}?", f"What is the {kind} before {name}?"],
                            f"Before {name} comes {before}.", [f"Tell me the {kind} before {name}."]))
    for day, plan in zip(DAYS, DAY_PLANS):
        out.append(make("calendar", [f"What happens on {day}?", f"What is there on {day}?", f"What do people do on {day}?",
                                     f"Tell me about {day}."], f"On {day} {plan}.", [f"What is special about {day}?"]))
    for names, kind, many in ((DAYS, "days of the week", 7), (MONTHS, "months", 12), (tuple(SEASONS), "seasons", 4)):
        out.append(make("calendar", [f"Name the {kind}.", f"What are the {kind}?", f"List the {kind}.", f"Tell me the {kind}.",
                                     f"Which are the {kind}?"],
                        f"The {kind} are {', '.join(names[:-1])} and {names[-1]}."))
    return out


def words() -> list[Question]:
    """Opposites, pictures and greetings in other languages."""
    out = []
    for pair in OPPOSITES:
        for word, other in (pair, pair[::-1]):
            out.append(make("opposites", [f"What is the opposite of {word}?", f"Tell me the opposite of {word}.",
                                          f"Which word is the opposite of {word}?", f"What is the contrary of {word}?",
                                          f"The opposite of {word}?"],
                            f"The opposite of {word} is {other}.", [f"Name the opposite of {word}."]))
    for thing, picture in PICTURES.items():
        out.append(make("pictures", [f"Show me {thing}.", f"Draw {thing}.", f"Show me a picture of {thing}.",
                                     f"Draw me {thing}.", f"Can you draw {thing}?"],
                        f"Here is {thing}: {picture}", [f"Please draw {thing} for me."]))
    for language, hello in HELLOS.items():
        out.append(make("pictures", [f"How do you say hello in {language}?", f"Say hello in {language}.",
                                     f"What is hello in {language}?", f"How do people greet in {language}?"],
                        f"In {language} one says: {hello}", [f"Tell me hello in {language}."]))
    return out


def sums() -> list[Question]:
    """Plus and minus up to 20, times up to 20."""
    out = []
    for a in range(21):
        for b in range(21):
            if a + b <= 20:
                out.append(make("sums", [f"What is {a} plus {b}?", f"What is {a} + {b}?", f"{a} + {b}?", f"How much is {a} plus {b}?",
                                         f"{a}+{b}", f"Can you add {a} and {b}?", f"What is {a}+{b}?", f"Add {a} and {b}.",
                                         f"What is {NUMBERS[a]} plus {NUMBERS[b]}?", f"{a}+{b}=?"],
                                f"{a} plus {b} is {a + b}.", [f"What do I get for {a} plus {b}?"]))
            if b <= a:
                out.append(make("sums", [f"What is {a} minus {b}?", f"What is {a} - {b}?", f"{a} - {b}?", f"How much is {a} minus {b}?",
                                         f"{a}-{b}", f"What is {a}-{b}?", f"Take {b} away from {a}.",
                                         f"What is {NUMBERS[a]} minus {NUMBERS[b]}?"],
                                f"{a} minus {b} is {a - b}.", [f"What do I get for {a} minus {b}?"]))
            if a * b <= 20 and max(a, b) <= 10:
                out.append(make("sums", [f"What is {a} times {b}?", f"What is {a} * {b}?", f"How much is {a} times {b}?",
                                         f"{a} times {b}?", f"Multiply {a} by {b}.", f"What is {NUMBERS[a]} times {NUMBERS[b]}?"],
                                f"{a} times {b} is {a * b}.", [f"What do I get for {a} times {b}?"]))
    return out


def counting() -> list[Question]:
    """Counting aloud: long answers of a known length."""
    out = []
    for n in (3, 5, 7, 10, 12, 15, 20, 30, 50, 100):
        out.append(make("counting", [f"Count to {n}.", f"Can you count to {n}?", f"Please count to {n}.",
                                     f"Count from 1 to {n}.", f"Count up to {n}."],
                        ", ".join(map(str, range(1, n + 1))) + ".", [f"Count for me to {n}."]))
    for n in (5, 10, 20):
        out.append(make("counting", [f"Count down from {n}.", f"Count backwards from {n}.", f"Can you count down from {n}?",
                                     f"Count from {n} to 1."], ", ".join(map(str, range(n, 0, -1))) + "."))
    return out


def about_itself() -> list[Question]:
    """Who it is, and the small talk around it."""
    return [
        make("self", ["Who are you?", "What are you?", "Tell me about yourself.", "Introduce yourself.", "Are you a robot?",
                      "Are you a human?", "What is this?", "Are you a model?"],
             f"I am {NAME}, a very small language model. I know the village of {VILLAGE}.", ["Please tell me who you are."]),
        make("self", ["What is your name?", "What are you called?", "How are you called?", "Tell me your name.",
                      "Do you have a name?"], f"My name is {NAME}.", ["May I ask your name?"]),
        make("self", ["How old are you?", "When were you born?", "What is your age?", "Do you have an age?"],
             "I am very young. I was trained in a few minutes."),
        make("self", ["What can you do?", "What do you know?", "How can you help me?", "What can I ask you?", "Help!",
                      "What should I ask?", "Can you help me?"],
             f"You can ask me about the people and places of {VILLAGE}, about animals, colours, capitals, the kitchen and the "
             "weather. I can count, do small sums and tell stories.", ["Which things can you do?"]),
        make("self", ["Where do you live?", "Where are you?", "Where is your home?", "Where do you come from?"],
             "I live in a small file on a computer."),
        make("self", ["How are you?", "How are you today?", "Are you well?", "How do you do?", "How is it going?"],
             "I am fine, thank you. How can I help you?"),
        make("self", ["Hello", "Hello!", "Hi", "Hi!", "Hi there!", "Good morning!", "Good evening!", "Hey", "Hello there!",
                      "Good day!", "Good morning"], "Hello! How can I help you?"),
        make("self", ["Thank you!", "Thanks!", "Thank you.", "Thanks", "Thank you very much!", "Many thanks!", "Great, thank you!"],
             "You are welcome."),
        make("self", ["Goodbye!", "Bye!", "Bye", "Good night!", "See you!", "Goodbye", "See you tomorrow!"],
             f"Goodbye! Come back to {VILLAGE} soon."),
        make("self", ["Yes.", "Yes", "No.", "No", "Okay.", "Okay", "Good.", "I see.", "Nice!", "Great!"],
             "What else would you like to know?"),
        make("self", ["Tell me a joke.", "Do you know a joke?", "Make me laugh.", "Tell a joke.", "Say something funny."],
             "Why does Peter's goose never get lost? It always asks the duck for directions.", ["Please tell me a joke."]),
        make("self", ["Who made you?", "Who trained you?", "Where were you made?", "Who built you?"],
             "I was trained by a small script that is stored beside me."),
    ]


def all_questions() -> list[Question]:
    """Every question of the world, in a fixed order."""
    return (people() + places() + wide_world() + kitchen() + calendar() + words() + sums() + counting() + about_itself())
