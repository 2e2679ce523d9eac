"""What crosses the pipe between the window and `groundwork-engine serve`: one JSON object a line, each way.

The window writes requests; each has a `ticket` that every answer to it repeats. Unknown fields are ignored, so that the
two programs of one bundle may be a patch apart.
"""

from typing import TypeVar

import msgspec
from msgspec import Struct

from engine.domain.errors import EngineUnavailable
from engine.domain.geometry import Box, Segment
from engine.domain.query import Grounding, ModelRef


class LoadModel(Struct, frozen=True, tag=True):
    """Load the model in `folder` ("" for the embedded one), dropping the one before."""

    ticket: str
    folder: str = ""
    adapter: str = ""
    backbone: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0


class Turn(Struct, frozen=True):
    """One earlier question and answer about the same media."""

    question: str
    answer: str


class Ask(Struct, frozen=True, tag=True):
    """Ask about up to one picture, one clip and one sound at once (absolute paths).

    `frame` asks about the frame at that PTS of the clip as a picture. `temperature` 0 is greedy. `constrain` limits the
    answer to "boxes" or "times". `samples` > 1 adds agreement among that many samples to the scores.
    """

    ticket: str
    media: tuple[str, ...]
    text: str
    region: Box | None = None
    moment: Segment | None = None
    frame: int | None = None
    turns: tuple[Turn, ...] = ()
    temperature: float = 0.0
    seed: int = 0
    samples: int = 1
    constrain: str = ""
    max_tokens: int = 512


class Encode(Struct, frozen=True, tag=True):
    """Prepare media now so that the first question about them starts from their prefix.

    With a `text` the question itself is read too: an `Ask` of the same begins its answer at once.
    """

    ticket: str
    media: tuple[str, ...]
    text: str = ""
    region: Box | None = None
    moment: Segment | None = None
    frame: int | None = None
    turns: tuple[Turn, ...] = ()


class Cancel(Struct, frozen=True, tag=True):
    """Stop what `ticket` asked for; acts between two tokens."""

    ticket: str


class Shutdown(Struct, frozen=True, tag=True):
    """Finish and end the process."""


class Ready(Struct, frozen=True, tag=True):
    """A model is loaded. `memory` is the process's resident bytes, `world` the model's honest limits for the user."""

    ticket: str
    model: ModelRef
    device: str
    memory: int
    world: str = ""


class Progress(Struct, frozen=True, tag=True):
    """`done` of `total` in `what` ("loading", "encoding", …); `total` 0 while unknown."""

    ticket: str
    what: str
    done: float
    total: float


class Token(Struct, frozen=True, tag=True):
    """The next piece of the answer's text."""

    ticket: str
    text: str


class Found(Struct, frozen=True, tag=True):
    """A grounding whose text is complete, while the answer still streams."""

    ticket: str
    grounding: Grounding


class Answered(Struct, frozen=True, tag=True):
    """The whole answer. `timings` are seconds by name: "first_token", "first_box", "encode", "total"."""

    ticket: str
    answer: str
    groundings: tuple[Grounding, ...]
    model: ModelRef
    timings: dict[str, float]
    memory: int = 0


class Encoded(Struct, frozen=True, tag=True):
    """The prefix of an `Encode` is kept."""

    ticket: str


class Cancelled(Struct, frozen=True, tag=True):
    """The ticket was stopped at the user's wish."""

    ticket: str


class Failed(Struct, frozen=True, tag=True):
    """The ticket failed; `kind` is the error's class name, `sentence` is for the user."""

    ticket: str
    kind: str
    sentence: str


Request = LoadModel | Ask | Encode | Cancel | Shutdown
Reply = Ready | Progress | Token | Found | Answered | Encoded | Cancelled | Failed

_encoder = msgspec.json.Encoder()
_requests = msgspec.json.Decoder(Request)
_replies = msgspec.json.Decoder(Reply)
_Message = TypeVar("_Message")


def write(message: Request | Reply) -> bytes:
    """One line, newline included."""
    return _encoder.encode(message) + b"\n"


def read_request(line: bytes) -> Request:
    return _read(_requests, line)


def read_reply(line: bytes) -> Reply:
    return _read(_replies, line)


def _read(decoder: msgspec.json.Decoder[_Message], line: bytes) -> _Message:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EngineUnavailable(
            "The engine and the window do not understand each other; restart the engine."
        ) from error
