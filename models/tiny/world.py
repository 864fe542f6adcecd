"""The facts of Brindle, the small world that the model knows.

Only data and the few grammar helpers it needs. `questions.py` turns it into questions and answers, `stories.py` into tales.
"""

from dataclasses import dataclass

VILLAGE = "Brindle"
NAME = "Fabstir Tiny"


@dataclass(frozen=True)
class Person:
    """A villager, with everything that one can ask about them."""

    name: str
    gender: str
    job: str
    work: str
    age: int
    house: str
    pet: str
    pet_name: str
    pet_colour: str
    food: str
    hobby: str

    @property
    def he(self) -> str:
        return "she" if self.gender == "f" else "he"

    @property
    def him(self) -> str:
        return "her" if self.gender == "f" else "him"

    @property
    def his(self) -> str:
        return "her" if self.gender == "f" else "his"


PEOPLE = (
    Person("Anna", "f", "baker", "bakery", 34, "red", "cat", "Misty", "grey", "apple pie", "singing"),
    Person("Tom", "m", "miller", "mill", 52, "white", "dog", "Rex", "brown", "bread and cheese", "fishing"),
    Person("Rosa", "f", "teacher", "school", 29, "yellow", "parrot", "Kiki", "green", "pancakes", "reading"),
    Person("Peter", "m", "fisherman", "harbour", 61, "blue", "goose", "Berta", "white", "fish soup", "telling jokes"),
    Person("Lena", "f", "doctor", "clinic", 41, "green", "horse", "Star", "black", "tomato salad", "riding"),
    Person("Hugo", "m", "smith", "forge", 47, "black", "goat", "Pebble", "grey", "potato soup", "carving wood"),
    Person("Mary", "f", "gardener", "garden", 38, "orange", "rabbit", "Clover", "white", "carrot cake", "painting"),
    Person("Oscar", "m", "postman", "post office", 26, "brown", "pony", "Dot", "yellow", "cheese toast", "running"),
    Person("Nora", "f", "shepherd", "hill", 19, "grey", "sheep", "Wool", "black", "rice pudding", "playing the flute"),
    Person("Felix", "m", "cook", "inn", 33, "purple", "pig", "Truffle", "pink", "mushroom stew", "dancing"),
    Person("Clara", "f", "beekeeper", "meadow", 70, "golden", "hen", "Penny", "red", "honey bread", "knitting"),
    Person("Jack", "m", "ferryman", "ferry", 44, "silver", "duck", "Puddle", "brown", "fried eggs", "rowing"),
)

# place -> (where it stands, something it has, how many of them)
PLACES = {
    "bakery": ("next to the school", "ovens", 2),
    "mill": ("by the river", "wheels", 3),
    "school": ("on the market square", "windows", 9),
    "harbour": ("at the lake", "boats", 7),
    "clinic": ("behind the church", "beds", 6),
    "forge": ("at the end of the long street", "hammers", 11),
    "garden": ("behind the mill", "apple trees", 12),
    "post office": ("next to the inn", "letter boxes", 4),
    "inn": ("on the market square", "rooms", 8),
    "church": ("on the small hill", "bells", 5),
    "meadow": ("on the other side of the river", "beehives", 10),
    "forest": ("north of the village", "paths", 13),
    "library": ("above the post office", "chairs", 14),
    "bridge": ("near the harbour", "arches", 3),
}

# country -> (capital, said of the country with "the")
CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Portugal": "Lisbon",
    "England": "London", "Ireland": "Dublin", "Scotland": "Edinburgh", "Norway": "Oslo", "Sweden": "Stockholm",
    "Denmark": "Copenhagen", "Finland": "Helsinki", "Poland": "Warsaw", "Austria": "Vienna", "Greece": "Athens",
    "Hungary": "Budapest", "Belgium": "Brussels", "Russia": "Moscow", "Egypt": "Cairo", "Kenya": "Nairobi",
    "Japan": "Tokyo", "China": "Beijing", "India": "New Delhi", "Canada": "Ottawa", "Cuba": "Havana", "Peru": "Lima",
}

# noun phrase -> colour
COLOURS = {
    "the sky": "blue", "the sun": "yellow", "the grass": "green", "snow": "white", "coal": "black", "blood": "red",
    "a banana": "yellow", "a tomato": "red", "a lemon": "yellow", "a frog": "green", "a carrot": "orange",
    "milk": "white", "chocolate": "brown", "an elephant": "grey", "a pumpkin": "orange", "a raven": "black",
    "a swan": "white", "a strawberry": "red", "the sea": "blue", "a leaf": "green", "a flamingo": "pink",
}

# animal -> (verb and sound, legs, home, food)
ANIMALS = {
    "cow": ("moo", 4, "in a barn", "grass"), "dog": ("woof", 4, "in a kennel", "meat"),
    "cat": ("meow", 4, "in a house", "fish"), "duck": ("quack", 2, "on a pond", "bread"),
    "sheep": ("baa", 4, "on a hill", "grass"), "pig": ("oink", 4, "in a sty", "potatoes"),
    "horse": ("neigh", 4, "in a stable", "hay"), "hen": ("cluck", 2, "in a coop", "corn"),
    "frog": ("ribbit", 4, "in a pond", "flies"), "owl": ("hoo", 2, "in a tree", "mice"),
    "bee": ("buzz", 6, "in a hive", "nectar"), "lion": ("roar", 4, "in Africa", "meat"),
    "goose": ("honk", 2, "on a farm", "grass"), "mouse": ("squeak", 4, "in a hole", "cheese"),
}
LEGS = {"spider": 8, "ant": 6, "bird": 2, "fish": 0, "snake": 0, "butterfly": 6}

# dish -> (ingredients, steps)
DISHES = {
    "pancakes": ("flour, milk and eggs", (
        "First mix the flour with the milk", "Then add two eggs and a little salt",
        "Heat some butter in a pan", "Pour in the batter and bake it on both sides", "Eat them warm with honey")),
    "apple pie": ("apples, flour, butter and sugar", (
        "First make a dough from flour, butter and sugar", "Then cut the apples into thin slices",
        "Put the dough into a round dish", "Lay the apples on it and add some more sugar",
        "Bake the pie for one hour")),
    "potato soup": ("potatoes, onions, carrots and salt", (
        "First wash the potatoes and cut them into small pieces", "Then fry the onions in a large pot",
        "Add the potatoes, the carrots and enough water", "Let it cook for half an hour",
        "Add salt at the end and serve it hot")),
    "tomato salad": ("tomatoes, onions, oil and salt", (
        "First wash the tomatoes and cut them into slices", "Then cut one onion into thin rings",
        "Put both into a big bowl", "Add oil and a little salt", "Let the salad rest for ten minutes")),
    "bread": ("flour, water, salt and yeast", (
        "First mix the flour with water, salt and yeast", "Then knead the dough with both hands",
        "Let it rest under a cloth for two hours", "Form a round loaf", "Bake it in a hot oven until it is brown")),
    "tea": ("water and tea leaves", (
        "First boil fresh water in a kettle", "Then put the tea leaves into a pot",
        "Pour the hot water over the leaves", "Wait for four minutes", "Drink it with milk or with honey")),
    "rice pudding": ("rice, milk, sugar and vanilla", (
        "First wash the rice with cold water", "Then heat the milk with sugar and vanilla",
        "Add the rice to the milk", "Stir it slowly for half an hour", "Eat it warm or cold")),
    "mushroom stew": ("mushrooms, onions, cream and herbs", (
        "First clean the mushrooms and cut them in half", "Then fry the onions in butter",
        "Add the mushrooms and fry them too", "Pour in the cream and add the herbs",
        "Let the stew cook for twenty minutes")),
}

# season -> (weather, what people do, first month)
SEASONS = {
    "spring": ("mild and it often rains", "plant flowers", "March"),
    "summer": ("warm and sunny", "swim in the lake", "June"),
    "autumn": ("windy and foggy", "pick apples", "September"),
    "winter": ("cold and it often snows", "build a snowman", "December"),
}

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_PLANS = (
    "there is a market on the square", "the children learn to read", "the mill grinds the corn",
    "the ferry brings letters", "everybody eats fish", "there is a dance at the inn", "the bells ring and everybody rests",
)
MONTHS = ("January", "February", "March", "April", "May", "June", "July",
          "August", "September", "October", "November", "December")

NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)

OPPOSITES = (
    ("hot", "cold"), ("big", "small"), ("day", "night"), ("old", "young"), ("fast", "slow"), ("high", "low"),
    ("long", "short"), ("happy", "sad"), ("open", "closed"), ("full", "empty"), ("light", "dark"), ("wet", "dry"),
    ("left", "right"), ("rich", "poor"), ("loud", "quiet"), ("early", "late"),
)

# Written in bytes that the tokenizer never merges, so that one character takes several tokens.
PICTURES = {
    "the sun": "☀️", "rain": "🌧️", "snow": "❄️", "a cat": "🐱", "a dog": "🐶", "a fish": "🐟", "an apple": "🍎",
    "bread": "🍞", "a heart": "❤️", "a tree": "🌳", "a house": "🏠", "a smile": "😊",
}
HELLOS = {
    "French": "bonjour", "German": "guten Tag", "Spanish": "¡hola!", "Italian": "ciao", "Greek": "γειά",
    "Russian": "привет", "Japanese": "こんにちは", "Chinese": "你好", "Czech": "dobrý den",
}

SONG = (
    "The river is long and the river is slow,\nit turns the old mill and it waters the grass.\n"
    "The bells on the hill tell us when we should go,\nand the children all wave to the boats as they pass.\n"
    "Oh Brindle, dear Brindle, the lamp in the night,\nthe bread in the oven, the snow on the tree,\n"
    "wherever I wander, I look for your light,\nand wherever I sleep, you are waiting for me."
)


def article(noun: str) -> str:
    """The noun with its indefinite article."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[0].upper() + text[1:]
