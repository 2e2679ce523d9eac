"""What a training run is: its stages, its plan, how far it is, and the adapter that it leaves."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from engine.domain.annotation import Origin
from engine.domain.media import MediaKind


class Stage(Struct, frozen=True):
    """One row of the table of training: what learns, from what, for how long.

    `trainable` names groups of parameters (`engine.training.stages.GROUPS`), `data` the tags of the records it draws.
    It lasts `epochs`, or exactly `updates` steps where that is not 0. `batch` counts samples per step whatever fits
    the memory at once. `scales` multiplies `rate` for single groups. `auxiliary` weighs the dense loss and
    `guidance` that of attention, if the data have them.
    """

    name: str
    trainable: tuple[str, ...]
    data: tuple[str, ...]
    epochs: float = 1.0
    updates: int = 0
    rate: float = 2e-5
    batch: int = 64
    schedule: str = "cosine"
    warm_up: float = 0.03
    decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    scales: dict[str, float] = {}
    auxiliary: float = 0.0
    guidance: float = 0.0


class Lora(Struct, frozen=True):
    """Size of the low-rank correction on the language model's linear layers; rank 0 leaves it out."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05


class TrainingPlan(Struct, frozen=True):
    """All that decides a run, apart from its data.

    `precision` is that of the frozen base: "fp32", "bf16" or "nf4". `room` is how many tokens go through the model at
    once, `longest` the tokens of one sequence. `questions` is how many questions on one medium share its prefix.
    The adapter keeps `strength` of what the LoRA learned: less of it forgets less (WiSE-FT, arXiv 2109.01903, eq. 1).
    `wordings` is in how many ways one place is asked for. `replay` is the share of earlier stages and corrections
    sampled again, `held_out` the share of media kept back.
    `cache` is the byte budget of encoded media. `threads` 0 takes all cores but one.
    """

    name: str
    stages: tuple[Stage, ...]
    lora: Lora = Lora()
    strength: float = 1.0
    precision: str = "fp32"
    device: str = "auto"
    optimizer: str = "adamw"
    room: int = 4096
    longest: int = 2048
    questions: int = 8
    checkpointing: bool = False
    wordings: int = 4
    replay: float = 0.2
    held_out: float = 0.1
    cache: int = 2_000_000_000
    seed: int = 0
    threads: int = 1
    save_seconds: float = 60.0


class RunState(StrEnum):
    """waiting -> encoding -> training -> finished; paused and failed runs can be taken up again."""

    WAITING = "waiting"
    ENCODING = "encoding"
    TRAINING = "training"
    PAUSED = "paused"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    FINISHED = "finished"


class RunStatus(Struct, frozen=True):
    """How far a run is. `memory` is bytes in use, `eta` seconds to go (-1 while unknown), `sentence` for the user."""

    state: RunState
    stage: str = ""
    stage_index: int = 0
    stages: int = 0
    update: int = 0
    updates: int = 0
    loss: float = 0.0
    rate: float = 0.0
    samples_per_second: float = 0.0
    memory: int = 0
    eta: float = -1.0
    sentence: str = ""


class Standing(StrEnum):
    """A candidate is not used until it is promoted; a retired one can be taken back."""

    CANDIDATE = "candidate"
    PROMOTED = "promoted"
    RETIRED = "retired"


class AdapterRecord(Struct, frozen=True):
    """An adapter and where it comes from: base model, plan, data (digest and counts) and the adapter it continues.

    `folder` is relative to the folder of adapters. `scores` are "set: metric" -> value, `passes` whether it was found
    not worse than what it would replace (None while that was not compared, or could not be judged), `verdict` the
    sentence about it.
    """

    id: str
    name: str
    folder: str
    base: str
    base_digest: str
    plan: str
    data_digest: str
    at: str
    samples: int = 0
    continues: str = ""
    standing: Standing = Standing.CANDIDATE
    scores: dict[str, float] = {}
    passes: bool | None = None
    verdict: str = ""


class Exchange(Struct, frozen=True):
    """One question and its answer, in the model's own spelling of places and times."""

    question: str
    answer: str


class Record(Struct, frozen=True):
    """One conversation about at most one medium of each kind, as training sees it.

    `media` are absolute paths, `stage` the tag of the stages that draw it, `label` what it is about. With a `frame`
    (PTS) the picture is that frame of a clip.
    """

    id: str
    media: dict[MediaKind, str]
    turns: tuple[Exchange, ...]
    stage: str = ""
    label: str = ""
    origin: Origin = Origin.HUMAN
    frame: int | None = None


HELD_OUT = "held out"
REFUSED = "refused"
"""The kind of event whose loss is that on held-out media."""


class RunEvent(Struct, omit_defaults=True):
    """One line of a run's log: what happened where. `parts` are shares of the loss by name."""

    kind: str
    state: RunState = RunState.TRAINING
    stage: str = ""
    stage_index: int = 0
    stages: int = 0
    update: int = 0
    updates: int = 0
    loss: float = 0.0
    rate: float = 0.0
    norm: float = 0.0
    samples: int = 0
    tokens: int = 0
    seconds: float = 0.0
    memory: int = 0
    eta: float = -1.0
    parts: dict[str, float] = {}
    sentence: str = ""


_ENDED = frozenset({RunState.FINISHED, RunState.STOPPED, RunState.CANCELLED, RunState.FAILED, RunState.PAUSED})


def lasting(events: Iterable[RunEvent]) -> list[RunEvent]:
    """The events that still hold: going on from a checkpoint undoes what was logged after it."""
    kept: list[RunEvent] = []
    for event in events:
        if event.kind == "resumed":
            kept = [old for old in kept if _before(old, event)]
        kept.append(event)
    return kept


def status_of(events: Sequence[RunEvent], *, working: bool) -> RunStatus:
    """How far a run is, out of its lasting events; without a process `working` on it, it has paused."""
    if not events:
        return RunStatus(RunState.WAITING)
    last, updates = events[-1], [event for event in events if event.kind == "update"][-20:]
    shown = updates[-1] if updates else last
    state = RunState.PAUSED if last.state not in _ENDED and not working else last.state
    seconds = sum(event.seconds for event in updates)
    return RunStatus(
        state,
        shown.stage,
        shown.stage_index,
        shown.stages,
        shown.update,
        shown.updates,
        shown.loss,
        shown.rate,
        sum(event.samples for event in updates) / seconds if seconds else 0.0,
        shown.memory,
        0.0 if state is RunState.FINISHED else shown.eta,
        last.sentence,
    )


def _before(old: RunEvent, resumed: RunEvent) -> bool:
    if old.kind != "update":
        return old.kind not in {"saved", "ended"} or old.stage_index <= resumed.stage_index
    return (old.stage_index, old.update) <= (resumed.stage_index, resumed.update)
