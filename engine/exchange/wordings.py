"""The words in which training asks: `{x}` is a phrase, `{place}` a marked place."""

import re
from collections.abc import Sequence

from engine.domain.media import MediaKind

_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
WHERE = (
    "Where is the {x}?",
    "Where is {x}?",
    "Find the {x}.",
    "Show me the {x}.",
    "Locate the {x}.",
    "Give me the box of the {x}.",
    "Where is the {x} in this image?",
    "Point to the {x}.",
)
WHAT = ("What is in {place}?", "What is this? {place}", "What do you see in {place}?", "What is shown at {place}?")
WHEN = {
    MediaKind.IMAGE: ("When is the {x} there?",),
    MediaKind.VIDEO: (
        "When does the {x} appear?",
        "When is the {x} there?",
        "When do you see the {x}?",
        "At what time is the {x} visible?",
        "When is the {x} in the video?",
    ),
    MediaKind.AUDIO: (
        "When do you hear the {x}?",
        "When does the {x} sound?",
        "When can I hear the {x}?",
        "At what time is the {x} heard?",
        "When does the {x} play?",
    ),
}
HAPPENS = {
    MediaKind.IMAGE: ("What is in {place}?",),
    MediaKind.VIDEO: ("What happens between {place}?", "What happens in {place}?", "What is shown in {place}?"),
    MediaKind.AUDIO: ("What do you hear in {place}?", "What sounds in {place}?", "What can you hear in {place}?"),
}
DESCRIBE = {
    MediaKind.IMAGE: ("Describe the picture.", "Describe this image.", "What does this image show?"),
    MediaKind.VIDEO: ("Describe the video.", "What happens in this video?", "What does this clip show?"),
    MediaKind.AUDIO: ("Describe the sound.", "What can you hear in this audio?", "What is this sound?"),
}
NAMES = {
    MediaKind.IMAGE: ("Name what you see.", "What things are in the picture?"),
    MediaKind.VIDEO: ("Name what happens.", "What things are in the video?"),
    MediaKind.AUDIO: ("Name what you hear.", "What sounds are there?"),
}


def filled(texts: Sequence[str], phrase: str) -> tuple[str, ...]:
    """Every wording with the phrase in its place, and one article in front of it at most."""
    bare = _ARTICLE.sub("", phrase)
    return tuple(text.replace("the {x}", f"the {bare}").replace("{x}", phrase) for text in texts)
