"""What the drawn world is made of: kinds of things with their names, shapes with colours, and what stays unseen."""

import unicodedata

from msgspec import Struct


class Kind(Struct, frozen=True):
    """One kind of thing: the word for it, its plural, other words for it, and its glyph ("" for a drawn shape)."""

    name: str
    glyph: str
    plural: str = ""
    synonyms: tuple[str, ...] = ()

    @property
    def many(self) -> str:
        return self.plural or self.name + "s"


# Learned from the first step on.
KNOWN: tuple[Kind, ...] = (
    Kind("dog", "🐶", synonyms=("puppy",)),
    Kind("cat", "🐱", synonyms=("kitten",)),
    Kind("rabbit", "🐰", synonyms=("bunny",)),
    Kind("fox", "🦊", plural="foxes"),
    Kind("bear", "🐻"),
    Kind("lion", "🦁"),
    Kind("pig", "🐷"),
    Kind("frog", "🐸"),
    Kind("penguin", "🐧"),
    Kind("owl", "🦉"),
    Kind("butterfly", "🦋", plural="butterflies"),
    Kind("turtle", "🐢"),
    Kind("fish", "🐠", plural="fish"),
    Kind("bird", "🐦"),
    Kind("apple", "🍎"),
    Kind("banana", "🍌"),
    Kind("grapes", "🍇", plural="grapes"),
    Kind("strawberry", "🍓", plural="strawberries"),
    Kind("pineapple", "🍍"),
    Kind("carrot", "🥕"),
    Kind("pizza", "🍕"),
    Kind("cake", "🎂"),
    Kind("car", "🚗", synonyms=("automobile",)),
    Kind("bus", "🚌", plural="buses"),
    Kind("bicycle", "🚲", synonyms=("bike",)),
    Kind("airplane", "✈", synonyms=("plane",)),
    Kind("rocket", "🚀"),
    Kind("boat", "⛵", synonyms=("ship",)),
    Kind("helicopter", "🚁"),
    Kind("house", "🏠", synonyms=("home",)),
    Kind("tree", "🌳"),
    Kind("flower", "🌻"),
    Kind("sun", "🌞"),
    Kind("cloud", "☁"),
    Kind("umbrella", "☂"),
    Kind("clock", "⏰"),
    Kind("key", "🔑"),
    Kind("book", "📕"),
    Kind("ball", "⚽"),
    Kind("balloon", "🎈"),
    Kind("gift", "🎁", synonyms=("present",)),
    Kind("hat", "🎩"),
    Kind("piano", "🎹"),
    Kind("guitar", "🎸"),
    Kind("violin", "🎻"),
    Kind("trumpet", "🎺"),
    Kind("saxophone", "🎷"),
    Kind("drum", "🥁"),
    Kind("bell", "🔔"),
    Kind("telephone", "☎", synonyms=("phone",)),
)

# Never shown in training: for the exercise of the sample project and for tests of retraining.
HELD_OUT: tuple[Kind, ...] = (
    Kind("tiger", "🐯"),
    Kind("cow", "🐮"),
    Kind("monkey", "🐵"),
    Kind("chicken", "🐔"),
    Kind("horse", "🐴"),
    Kind("bee", "🐝"),
    Kind("snail", "🐌"),
    Kind("ladybug", "🐞"),
    Kind("snake", "🐍"),
    Kind("octopus", "🐙", plural="octopuses"),
    Kind("crab", "🦀"),
    Kind("whale", "🐳"),
    Kind("watermelon", "🍉"),
    Kind("cherries", "🍒", plural="cherries"),
    Kind("lemon", "🍋"),
    Kind("corn", "🌽", plural="corn"),
    Kind("hamburger", "🍔"),
    Kind("cookie", "🍪"),
    Kind("train", "🚂"),
    Kind("tractor", "🚜"),
    Kind("scooter", "🛵"),
    Kind("cactus", "🌵", plural="cactuses"),
    Kind("mushroom", "🍄"),
    Kind("moon", "🌛"),
    Kind("anchor", "⚓"),
    Kind("lamp", "💡"),
    Kind("scissors", "✂", plural="scissors"),
    Kind("camera", "📷"),
    Kind("crown", "👑"),
    Kind("accordion", "🪗"),
)

SHAPES: tuple[Kind, ...] = tuple(
    Kind(name, "", plural)
    for name, plural in (
        ("circle", "circles"),
        ("square", "squares"),
        ("triangle", "triangles"),
        ("star", "stars"),
        ("cross", "crosses"),
        ("ring", "rings"),
    )
)

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "green": (40, 150, 60),
    "blue": (40, 80, 210),
    "yellow": (245, 210, 40),
    "orange": (245, 135, 30),
    "purple": (135, 50, 170),
    "black": (25, 25, 25),
    "white": (245, 245, 245),
}

_GLYPH_RANGES: tuple[tuple[int, int], ...] = (
    (0x1F32D, 0x1F37F),
    (0x1F380, 0x1F393),
    (0x1F3A0, 0x1F3CA),
    (0x1F400, 0x1F43F),
    (0x1F4A1, 0x1F4FD),
    (0x1F50B, 0x1F52E),
    (0x1F680, 0x1F6C5),
    (0x1F950, 0x1F9AF),
    (0x1F9E0, 0x1F9FF),
    (0x1FA90, 0x1FA9F),
)
_SHORT = 14  # letters
_NOT_THINGS = ("SYMBOL", "SIGN", "BUTTON", "KEYCAP", "CLOCK FACE", "FACE WITH", "INPUT", "ARROW", "EMOJI", "PERSON")


def extended() -> tuple[Kind, ...]:
    """The full range, several hundred kinds: the table above and every further glyph under its Unicode name."""
    taken = {kind.glyph for kind in (*KNOWN, *HELD_OUT)}
    names = {kind.name for kind in (*KNOWN, *HELD_OUT)}
    more = []
    for first, last in _GLYPH_RANGES:
        for code in range(first, last + 1):
            name = unicodedata.name(chr(code), "")
            word = name.lower().removesuffix(" face")
            if name and chr(code) not in taken and word not in names and not any(part in name for part in _NOT_THINGS):
                names.add(word)
                more.append(Kind(word, chr(code)))
    return (*KNOWN, *more)


def strangers() -> tuple[Kind, ...]:
    """Further kinds with short names of which no word is known already or tells of what is held out."""
    kinds = (*KNOWN, *SHAPES, *HELD_OUT)
    taken = {word for kind in kinds for name in (kind.name, kind.many, *kind.synonyms) for word in name.split()}
    taken |= {*COLOURS, "chick"}
    return tuple(
        kind
        for kind in extended()[len(KNOWN) :]
        if len(kind.name) <= _SHORT and taken.isdisjoint(kind.name.replace("-", " ").split())
    )
