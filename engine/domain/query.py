"""A question about a medium and what the model answered."""

from msgspec import Struct

from engine.domain.geometry import Box, Segment


class ModelRef(Struct, frozen=True):
    """Which model answered, with which adapter ("" for none), on which backbone and at which precision."""

    name: str
    adapter: str = ""
    backbone: str = ""
    precision: str = ""


class Query(Struct, frozen=True, tag="query"):
    """A question in plain words, perhaps about a marked region or moment of the medium.

    `frame` (PTS) asks about that single frame of a clip as a picture. `follows` is the question before it in the same
    conversation.
    """

    id: str
    item: str
    text: str
    at: str
    region: Box | None = None
    moment: Segment | None = None
    frame: int | None = None
    follows: str | None = None


class Grounding(Struct, frozen=True):
    """A phrase of the answer, tied to where or when it is.

    `geometry` None says that the model's text for it was malformed. `score` is in 0..1, from the probabilities of the
    coordinates; `spread` is the standard deviation of each edge (pixels x0 y0 x1 y1, or seconds start end), if known.
    `start` and `end` are the character range of phrase and coordinates in the answer.
    """

    phrase: str
    geometry: Box | Segment | None
    score: float
    start: int = 0
    end: int = 0
    spread: tuple[float, ...] = ()


class Prediction(Struct, frozen=True, tag="prediction"):
    """The model's answer to a query: evidence, kept and never edited. `seconds` is question to last token.

    `same` names, by the number of a grounding, the annotation that said so already when the answer came.
    """

    id: str
    query: str
    item: str
    answer: str
    groundings: tuple[Grounding, ...]
    model: ModelRef
    at: str
    seconds: float = 0.0
    same: dict[int, str] = {}
