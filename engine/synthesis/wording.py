"""The words of questions: many ways to ask the same. `{x}` is a thing, `{xs}` several, `{place}` a marked place."""

FIND = (
    "Where is the {x}?",
    "Where is {x}?",
    "Find the {x}.",
    "Show me the {x}.",
    "Locate the {x}.",
    "Point to the {x}.",
    "Mark the {x}.",
    "Where can I see the {x}?",
    "Which part of the picture shows the {x}?",
    "Give me the box of the {x}.",
    "Where is the {x} in this image?",
    "Draw a box around the {x}.",
    "the {x}",
    "{x}",
)
ALL = (
    "Find all the {xs}.",
    "Where are the {xs}?",
    "Show me all {xs}.",
    "Mark every {x}.",
    "Locate all the {xs}.",
    "all the {xs}",
    "Where are all the {xs} in this image?",
)
WHAT = (
    "What is in {place}?",
    "What is this? {place}",
    "What do you see in {place}?",
    "Name the thing in {place}.",
    "What is shown at {place}?",
)
COUNT = ("How many {xs} are there?", "How many {xs} do you see?", "Count the {xs}.")
EXISTS = ("Is there a {x}?", "Do you see a {x}?", "Is a {x} in the picture?", "Does the image show a {x}?")
DESCRIBE = (
    "Describe the picture.",
    "What is in this image?",
    "Name everything you see.",
    "Please describe the image and include the object positions in [x0, y0, x1, y1] format.",
)
APPEARS = (
    "When does the {x} appear?",
    "When is the {x} there?",
    "When can I see the {x}?",
    "When do you see the {x}?",
    "At what time is the {x} visible?",
    "When is the {x} in the video?",
    "Find the moment of the {x}.",
    "the {x}",
)
HAPPENS = (
    "What happens between {place}?",
    "What happens in {place}?",
    "What is shown in {place}?",
    "What do you see in {place}?",
)
STORY = ("Describe the video.", "What happens in this video?", "What happens when?")
SOUNDS = (
    "When does the {x} play?",
    "When do you hear the {x}?",
    "When can I hear the {x}?",
    "When does the {x} sound?",
    "Find the sound of the {x}.",
    "At what time is the {x} heard?",
    "the {x}",
)
SPEAKS = ("When does someone speak?", "When does somebody talk?", "When is there speech?")
HEARD = ("What do you hear?", "What can you hear in this audio?", "Describe the sound.", "What sounds when?")
HEARD_IN = ("What do you hear in {place}?", "What sounds in {place}?", "What can you hear in {place}?")
EMITS = (
    "Where is what you hear?",
    "Where does the sound come from?",
    "Where is the sound's point of emission in this image?",
    "Show me what you hear.",
    "Which thing makes the sound?",
)
IT = ("Where is it?", "Where exactly?", "Show me where.", "Mark it.", "Where?")
THEY = ("Where are they?", "Show me where they are.", "Mark them.", "Where?")
AND = ("And the {x}?", "And where is the {x}?", "What about the {x}?", "Now the {x}.")
AND_WHEN = ("And the {x}?", "And when is the {x}?", "What about the {x}?")
LARGEST = ("largest", "biggest", "larger", "bigger", "big", "large")
SMALLEST = ("smallest", "smaller", "small", "little")
SIDES = {
    "left": ("leftmost", "left"),
    "right": ("rightmost", "right"),
    "top": ("topmost", "top", "upper", "highest"),
    "bottom": ("bottom", "lower", "lowest"),
}
RELATIONS = {
    "left": ("to the left of", "left of"),
    "right": ("to the right of", "right of"),
    "top": ("above", "over"),
    "bottom": ("below", "under"),
}
EVERYTHING = (
    *(FIND + ALL + WHAT + COUNT + EXISTS + DESCRIBE + APPEARS + HAPPENS + STORY),
    *(SOUNDS + SPEAKS + HEARD + HEARD_IN + EMITS + LARGEST + SMALLEST),
    *(word for words in (*SIDES.values(), *RELATIONS.values()) for word in words),
)
"""Every wording for a first question, for the vocabulary; those that follow spell their few words with its pieces."""
