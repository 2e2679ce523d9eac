"""What is known about the sample media: written beside them, read when the sample project is laid down."""

from msgspec import Struct

from engine.domain.geometry import Geometry


class Known(Struct, frozen=True):
    """One true statement: the phrase, the label's name, and where or when."""

    phrase: str
    label: str
    geometry: Geometry


class SampleTruth(Struct, frozen=True):
    """A file of the sample, what is true of it, and questions worth asking.

    `held_out` says that the model never saw its kinds.
    """

    path: str
    annotations: tuple[Known, ...]
    questions: tuple[str, ...]
    held_out: bool = False
