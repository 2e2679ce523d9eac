"""What the window knows of models: those on this machine, those it could fetch, and how each would run here."""

from msgspec import Struct


class Fit(Struct, frozen=True):
    """The language model at one precision on this machine; all figures are estimates.

    `memory` of `room` in bytes, `speed` in tokens a second (0 where it cannot be told), `made` when the files are
    there and nothing has to be converted first.
    """

    precision: str
    backbone: str
    device: str
    memory: int
    room: int
    speed: float = 0.0
    made: bool = True

    @property
    def fits(self) -> bool:
        return self.memory <= self.room


class Kept(Struct, frozen=True):
    """A model on this machine. `problem` says why it cannot be used, `world` what it knows of."""

    name: str
    folder: str
    size: int = 0
    licence: str = ""
    source: str = ""
    world: str = ""
    embedded: bool = False
    problem: str = ""
    fits: tuple[Fit, ...] = ()


class Offer(Struct, frozen=True):
    """A model that can be fetched. `done` of `total` bytes are here already; `total` is told by the hub, 0 before.

    `size` is what is published about it, in bytes; `origin` names repositories with their revisions; `folders` are
    where its parts come to lie, by part; `target` is the folder of the model that is made of them.
    """

    key: str
    name: str
    about: str
    licence: str
    size: int
    origin: tuple[str, ...]
    folders: dict[str, str]
    target: str
    done: int = 0
    total: int = 0
    whole: bool = False
    fits: tuple[Fit, ...] = ()


class Survey(Struct, frozen=True):
    """All models, and the figures of this machine that the estimates rest on (bytes; bytes a second)."""

    kept: tuple[Kept, ...]
    offers: tuple[Offer, ...]
    memory: int
    card_memory: int = 0
    bandwidth: float = 0.0
    disk: int = 0
