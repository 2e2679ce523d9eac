"""A course small enough to train in a second, with all that makes resuming hard; as a program, one run of it.

python -m tests.engine.training.toy RUN_FOLDER [SECONDS_PER_UPDATE]
"""

import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import nn

from engine.domain.training import RunState, Stage, TrainingPlan
from engine.training.loop import Loop
from engine.training.run_folder import RunFolder

ALIGN = Stage("alignment", ("projector",), ("alignment",), epochs=2, rate=1e-2, batch=8)
FINE = Stage(
    "fine-grained",
    ("projector", "lora"),
    ("fine-grained",),
    epochs=2,
    rate=1e-2,
    batch=6,
    decay=0.01,
    scales={"projector": 0.5},
)
PLAN = TrainingPlan("toy", (ALIGN, FINE), room=64, save_seconds=0.0, seed=3)


class ToyBatch(msgspec.Struct):
    x: torch.Tensor
    y: torch.Tensor
    weight: float
    samples: int
    tokens: int


class ToyData:
    """Units that draw on no global random number: each is a function of its index."""

    samples = 40

    def __len__(self) -> int:
        return 40

    def batches(self, units: Sequence[int], room: int) -> list[ToyBatch]:
        at_once = max(1, room // 16)
        return [_batch(units[low : low + at_once]) for low in range(0, len(units), at_once)]


class ToyCourse:
    """Dropout, numpy's and python's random numbers all take part in the loss."""

    device = torch.device("cpu")

    def __init__(self, pause: float = 0.0) -> None:
        torch.manual_seed(1)
        self.pause = pause
        self.first, self.second, self.drop = nn.Linear(8, 16), nn.Linear(16, 4), nn.Dropout(0.2)
        self.spoil_at: int | None = None
        self.seen = 0

    def parameters(self) -> Mapping[str, nn.Parameter]:
        return {
            "model.mm_vision_projector.0.weight": self.first.weight,
            "model.mm_vision_projector.0.bias": self.first.bias,
            "model.layers.0.lora_A.weight": self.second.weight,
            "model.layers.0.lora_A.bias": self.second.bias,
        }

    def data(self, stage: Stage) -> ToyData:
        return ToyData()

    def loss(self, stage: Stage, batch: ToyBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        time.sleep(self.pause)
        self.seen += 1
        noise = torch.tensor([random.random() + float(np.random.random())])
        hidden = self.drop(torch.relu(self.first(batch.x)))
        loss = ((self.second(hidden) - batch.y) ** 2).sum() * (1 + 0.1 * noise).squeeze()
        if self.seen == self.spoil_at:
            loss = loss * float("nan")
        return loss, {"text": loss}


def train(path: Path, plan: TrainingPlan = PLAN, course: ToyCourse | None = None, pause: float = 0.0) -> RunState:
    folder = RunFolder(path)
    folder.hold()
    try:
        return Loop(course or ToyCourse(pause), plan, folder, wish=folder.wish).run()
    finally:
        folder.release()


def digest(course: ToyCourse) -> str:
    whole = hashlib.sha256()
    for name, parameter in course.parameters().items():
        whole.update(name.encode() + parameter.detach().numpy().tobytes())
    return whole.hexdigest()


def _batch(units: Sequence[int]) -> ToyBatch:
    rows = [torch.randn(8, generator=torch.Generator().manual_seed(unit)) for unit in units]
    x = torch.stack(rows)
    y = torch.stack([2 * row[:4] + row[4:8] for row in rows])
    return ToyBatch(x, y, float(len(units)), len(units), 16 * len(units))


def _serve() -> None:
    """Start a run in a fork for every line `FOLDER`, and tell its process: many kills cost one loading of torch."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            train(Path(line.strip()), course=ToyCourse(0.01))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
