"""The toy course without chance, as a program that may be one of several: python -m … RUN_FOLDER."""

import os
import sys
from pathlib import Path

import msgspec
import torch

from engine.domain.training import Stage
from engine.training.crew import Crew
from engine.training.loop import Loop
from engine.training.run_folder import RunFolder
from tests.engine.training.toy import PLAN, ToyBatch, ToyCourse


class Steady(ToyCourse):
    """What it loses depends on its data alone, however they are split; the last parameter hears of a third of them."""

    def loss(self, stage: Stage, batch: ToyBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        hidden = self.first(batch.x).relu()
        made = torch.nn.functional.linear(hidden, self.second.weight)
        hear = batch.x[:, :1] > 0.5
        if hear.any():
            made = made + hear * self.second.bias
        each = ((made - batch.y) ** 2).sum(dim=1, keepdim=True)
        return each.sum(), {"all": each.sum()} | ({"heard": (each * hear).sum()} if hear.any() else {})


def train(path: Path) -> Steady:
    crew, course, folder = Crew(), Steady(), RunFolder(path)
    torch.set_num_threads(1)
    if crew.first:
        folder.hold()
    (path / f"process-{os.environ.get('RANK', '0')}").touch()
    Loop(course, msgspec.structs.replace(PLAN, save_seconds=1e9), folder, crew=crew).run()
    folder.release()
    crew.leave()
    return course


if __name__ == "__main__":
    train(Path(sys.argv[1]))
