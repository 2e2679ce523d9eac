"""Training Groundling from nothing: stage by stage, through the same loop that retrains inside the app."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.domain.training import RunState, Stage, TrainingPlan
from engine.groundling import design, media, vocabulary
from engine.groundling.attuning import attune
from engine.groundling.course import MIXES, Raising
from engine.groundling.dense import Dense
from engine.groundling.lessons import Course
from engine.training.crew import Crew
from engine.training.loop import Loop
from engine.training.run_folder import Event, RunFolder

_ENCODERS = ("clip", "eva", "frame_qformer", "imagebind", "video", "audio", "dense")
_WHOLE = (*_ENCODERS, "projector", "embeddings", "llama")
_CAREFUL = {
    "clip": 0.06,
    "eva": 0.06,
    "imagebind": 0.03,
    "frame_qformer": 0.3,
    "video": 0.3,
    "audio": 0.3,
    "dense": 0.2,
    "projector": 0.3,
    "embeddings": 0.5,
}
"""What the dense lessons have taught changes slowly afterwards."""
_PICTURES = 64
_WEIGHTS = "model.safetensors"


def _dense(name: str, updates: int, rate: float, batch: int) -> Stage:
    data = tuple(MIXES[name])
    return Stage(name, _ENCODERS, data, 0, updates, rate, batch, "linear", decay=0.01, betas=(0.9, 0.98), auxiliary=1.0)


def _spoken(name: str, updates: int, rate: float) -> Stage:
    return Stage(
        name,
        _WHOLE,
        tuple(MIXES[name]),
        updates=updates,
        rate=rate,
        batch=64,
        decay=0.01,
        betas=(0.9, 0.98),
        scales=_CAREFUL,
        auxiliary=0.5,
        guidance=0.3,
    )


# The published model starts from encoders that were trained before; so does this one.
SIGHT = (_dense("dense", 2000, 1.2e-3, 112),)
MOTION = (_dense("dense clips", 500, 1e-3, 32),)
STAGES = (
    _spoken("alignment", 60, 3e-3),
    _spoken("fine-grained", 1450, 3e-3),
    _spoken("instruction", 330, 1e-3),
)
"""Stage 1 learns names, 2 places with names among them, 3 several turns of everything."""


def plans(seed: int, *, threads: int, share: float = 1.0) -> tuple[TrainingPlan, ...]:
    """The plans of sight, motion and speech, as `raised` takes them; `share` shortens every stage."""
    rows = [
        tuple(msgspec.structs.replace(stage, updates=max(1, round(stage.updates * share))) for stage in stages)
        for stages in (SIGHT, MOTION, STAGES)
    ]
    return tuple(
        TrainingPlan(
            "Groundling", row, device="cpu", optimizer="muon", room=100_000, questions=10, seed=seed, threads=threads
        )
        for row in rows
    )


def raised(
    folder: Path,
    steps: tuple[TrainingPlan, ...],
    *,
    report: Callable[[Event], None] = lambda _: None,
    workers: int = 0,
) -> Path:
    """Train in `folder`, going on where a run stopped there; the weights that come out of it.

    Each run begins with what the one before it left: the frame encoder as a copy of the image tower that has learned
    to see, the words attuned to encoders that know pictures, clips and sounds.
    """
    before: Path | None = None
    crew = Crew()
    for plan, (name, prepare) in zip(steps, _PREPARED.items(), strict=True):
        after = folder / name / _WEIGHTS
        if not after.exists():
            raising = _newborn(plan)
            if before and prepare:
                begin(raising, before)
                prepare(raising, _measured(plan.seed))
            run(raising, folder / name, plan, report=report, workers=workers)
            if crew.first:
                save(raising, after)
            crew.wait()
        before = after
    assert before is not None
    return before


def _grafted(raising: Raising, pixels: Tensor) -> None:
    design.graft(raising.model, pixels)


def _attuned(raising: Raising, pixels: Tensor) -> None:
    attune(raising.model, raising.dense, raising.course.tokenizer, pixels)


_PREPARED: dict[str, Callable[[Raising, Tensor], None] | None] = {"sight": None, "motion": _grafted, "speech": _attuned}
"""The runs in their order, and what happens before each to the weights of the one before."""


def _measured(seed: int) -> Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(np.stack([media.picture(rng, media.Worlds().pictures)[0] for _ in range(_PICTURES)]))


def run(
    raising: Raising, folder: Path, plan: TrainingPlan, *, report: Callable[[Event], None], workers: int = 0
) -> RunState:
    """One run of the loop, taken up again where it stopped; by several processes if they were launched together."""
    torch.set_num_threads(plan.threads)
    held, crew = RunFolder(folder), Crew()
    if crew.first:
        held.hold()
    try:
        if crew.first:
            held.begin(plan, {"digest": f"synthesis {plan.seed}"})
        crew.wait()
        return Loop(raising, plan, held, report=report, workers=workers, crew=crew).run()
    finally:
        held.release()


def _newborn(plan: TrainingPlan) -> Raising:
    words = vocabulary.tokenizer_of(vocabulary.trained())
    size = design.architecture(len(words))
    model, dense = design.newborn(size, plan.seed), Dense(size)
    return Raising(model, dense, Course(media.Worlds(), size, words, plan.questions), plan.seed)


def save(raising: Raising, path: Path) -> None:
    """Every parameter by its key, the dense readers among them."""
    part = path.with_suffix(".part")
    save_file({name: parameter.detach().contiguous() for name, parameter in raising.parameters().items()}, part)
    part.replace(path)


def begin(raising: Raising, path: Path) -> None:
    """Take over the parameters of a file; what it lacks stays as it is."""
    known: dict[str, nn.Parameter] = dict(raising.parameters())
    with torch.no_grad():
        for name, values in load_file(path).items():
            if name in known and known[name].shape == values.shape:
                known[name].copy_(values)
