"""Everything that decides the next step, as tensors and plain values: weights, optimizer, position."""

import math
import random
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

from engine.training.checkpoints import Checkpoint

_SETTLED = 20
_MEMORY = 0.95


class Cursor(msgspec.Struct):
    """Where a run stands: updates done in the stage, tokens that fit at once, and the course of the loss so far."""

    stage: int = 0
    update: int = 0
    room: int = 0
    seen: int = 0
    smooth: float = 0.0
    best: float = 0.0

    def follow(self, loss: float) -> bool:
        """Take in the next loss; False when it is no number or has run away from the best seen."""
        if not math.isfinite(loss):
            return False
        self.seen += 1
        self.smooth += (loss - self.smooth) * max(1 - _MEMORY, 1 / self.seen)
        if self.seen < _SETTLED:
            return True
        self.best = min(self.best or self.smooth, self.smooth)
        return self.smooth <= 2 * self.best + 1


def take(cursor: Cursor, parameters: Mapping[str, nn.Parameter], optimizer: Optimizer | None) -> Checkpoint:
    """The state after a whole update. Parameters and their optimizer states are known by name."""
    names = {id(parameter): name for name, parameter in parameters.items()}
    moments: dict[str, torch.Tensor] = {}
    scalars: dict[str, Any] = {}
    for parameter, entries in optimizer.state.items() if optimizer else ():
        for key, value in entries.items():
            target = moments if isinstance(value, torch.Tensor) else scalars
            target[f"{names[id(parameter)]}/{key}"] = value
    state = {"cursor": msgspec.to_builtins(cursor), "scalars": scalars}
    return Checkpoint({"weights": dict(parameters), "optimizer": moments}, state)


def cursor_of(checkpoint: Checkpoint) -> Cursor:
    return msgspec.convert(checkpoint.state["cursor"], Cursor)


def put_weights(checkpoint: Checkpoint, parameters: Mapping[str, nn.Parameter]) -> None:
    """Copy the saved weights into the model. KeyError when it has others than the checkpoint."""
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(checkpoint.tensors["weights"][name])


def put_optimizer(checkpoint: Checkpoint, parameters: Mapping[str, nn.Parameter], optimizer: Optimizer) -> None:
    """Give the optimizer its moments and counters back."""
    entries = {**checkpoint.tensors.get("optimizer", {}), **checkpoint.state["scalars"]}
    optimizer.state.clear()
    for path, value in entries.items():
        name, key = path.rsplit("/", 1)
        parameter = parameters[name]
        counter = key == "step" or not isinstance(value, torch.Tensor)
        optimizer.state[parameter][key] = value if counter else value.to(parameter.device)


def seed(*numbers: int) -> None:
    """Start every random generator afresh, from those numbers."""
    (drawn,) = np.random.SeedSequence([abs(number) for number in numbers]).generate_state(1)
    torch.manual_seed(int(drawn))
    random.seed(int(drawn))
    np.random.seed(drawn)


def order(number: int, stage: int, epoch: int, length: int) -> list[int]:
    """The order of one epoch: a permutation that depends on nothing but these numbers."""
    generator = torch.Generator().manual_seed((number * 1_000_003 + stage) * 1_000_003 + epoch)
    return torch.randperm(length, generator=generator).tolist()


def chosen(number: int, stage: int, updates: Iterable[int], per_update: int, length: int) -> list[list[int]]:
    """Which samples each of `updates` takes, one epoch's permutation after the other."""
    orders: dict[int, list[int]] = {}
    plan = []
    for update in updates:
        places = range(update * per_update, (update + 1) * per_update)
        epochs = {place // length for place in places}
        orders = {epoch: orders.get(epoch) or order(number, stage, epoch, length) for epoch in epochs}
        plan.append([orders[place // length][place % length] for place in places])
    return plan


def rate_at(schedule: str, warm_up: float, update: int, updates: int) -> float:
    """The share of the full rate at the `update`-th of `updates` steps: linear warm-up, then the schedule."""
    rising = max(1, math.ceil(warm_up * updates)) if warm_up else 0
    if update < rising:
        return (update + 1) / rising
    if schedule == "constant":
        return 1.0
    done = (update - rising) / max(1, updates - rising)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done))) if schedule == "cosine" else 1.0 - done
