"""The small model that ships: how soon it answers, whether both backbones find the same, and what a step of its
training costs.

`make bench ARGS=tests/benchmarks/test_groundling.py`; `GROUNDLING_N` questions per task for the agreement (40). Drawing
the scenes needs the emoji font; tasks with sounds are left out without the instruments.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec
import pytest
import torch

import resources
from engine.domain.geometry import Box, Segment, box_iou, segment_iou
from engine.domain.query import Grounding
from engine.evaluation.asking import asked
from engine.evaluation.groundling import POSES, posed
from engine.evaluation.metrics import Outcome
from engine.grounding.arithmetic import has_bf16
from engine.grounding.backbone import Stop
from engine.grounding.grounder import Grounder
from engine.grounding.loading import load
from engine.groundling import design, lessons, media, vocabulary
from engine.groundling.course import Raising
from engine.groundling.dense import Dense
from engine.groundling.raising import STAGES, plans
from engine.messages import Answered, Ask, LoadModel
from engine.synthesis.material import SOUND_FONT
from engine.training.loop import optimizer_of
from engine.training.muon import Muon

pytestmark = pytest.mark.bench
SEED, ROUNDS = 40_577, 5
BACKBONES = ("torch", "llamacpp")
SAMPLE = resources.path("sample")
ASKED = {
    "picture": ("meadow.jpg", "Where is the balloon?", "Where is the turtle?"),
    "clip of 10 s": ("parade.mp4", "When does the dog appear?", "When does the owl appear?"),
    "sound of 8 s": ("concert.wav", "When does the drum play?", "When does the flute play?"),
}


def _grounder(backbone: str) -> Grounder:
    folder = resources.path("groundling")
    return Grounder(load(LoadModel("", str(folder), backbone=backbone, device="cpu"), folder))


def _timed(grounder: Grounder, medium: str, question: str) -> dict[str, float]:
    for reply in grounder.ask(Ask("t", (str(SAMPLE / medium),), question, max_tokens=64), Stop()):
        if isinstance(reply, Answered):
            return dict(reply.timings)
    raise AssertionError("an answer ends with Answered")


@pytest.mark.parametrize("backbone", BACKBONES)
def test_first_box_and_second_question(backbone: str) -> None:
    for name, (medium, first, second) in ASKED.items():
        firsts, seconds = [], []
        for _ in range(ROUNDS):
            grounder = _grounder(backbone)
            _timed(grounder, "tall.jpg", "Where is the dog?")
            timings = _timed(grounder, medium, first)
            firsts.append(timings.get("first_box", timings["total"]))
            timings = _timed(grounder, medium, second)
            seconds.append(timings.get("first_box", timings["total"]))
            grounder.close()
        print(
            f"\n{backbone} {name}: first place {median(firsts):.3f} s (best {min(firsts):.3f}), "
            f"second question {median(seconds):.3f} s (best {min(seconds):.3f})"
        )


def test_both_backbones_find_the_same(tmp_path: Path) -> None:
    n = int(os.environ.get("GROUNDLING_N", "40"))
    tasks = [task for task in POSES if SOUND_FONT.exists() or "sound" not in task]
    cases = [one.case for one in posed(SEED, n, tmp_path, tasks)]
    folder = str(resources.path("groundling"))
    one, other = (asked(cases, LoadModel("", folder, backbone=backbone, device="cpu")) for backbone in BACKBONES)
    same = [_same(one[case.id], other[case.id]) for case in cases]
    print(f"\nsame places within IoU 0.95 on {sum(same)} of {len(same)} questions ({sum(same) / len(same):.1%})")
    assert sum(same) >= 0.9 * len(same)


def _same(one: Outcome, other: Outcome) -> bool:
    first, second = (_places(outcome.groundings) for outcome in (one, other))
    if len(first) != len(second):
        return False
    return all(_overlap(a, b) >= 0.95 for a, b in zip(first, second, strict=True))


def _places(groundings: tuple[Grounding, ...]) -> list[Box | Segment]:
    return [one.geometry for one in groundings if isinstance(one.geometry, Box | Segment)]


def _overlap(one: Box | Segment, other: Box | Segment) -> float:
    match one, other:
        case Box(), Box():
            return box_iou(one, other)
        case Segment(), Segment():
            return segment_iou(one, other)
    return 0.0


def _raising() -> Raising:
    torch.set_num_threads(1)
    words = vocabulary.tokenizer_of(vocabulary.trained())
    size = design.architecture(vocabulary.PIECES)
    return Raising(design.newborn(size, 0), Dense(size), lessons.Course(media.Worlds(), size, words, 8), 3)


def _seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Processor seconds of the best round."""
    spent = []
    for _ in range(rounds + 1):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent[1:])


def test_what_precision_costs() -> None:
    raising = _raising()
    pixels = torch.randn(8, 3, design.SEEING.crop, design.SEEING.crop)

    def seen(enabled: bool) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            raising.model.encode_image(pixels).sum().backward()

    bf16, fp32 = _seconds(lambda: seen(True)), _seconds(lambda: seen(False))
    print(f"\nforward and back, 8 pictures: bf16 {bf16:.3f} s, float32 {fp32:.3f} s; chosen: bf16 is {has_bf16()}")


def test_what_a_step_of_muon_costs() -> None:
    raising, (*_, plan) = _raising(), plans(1, threads=1)
    matrices = {name: parameter for name, parameter in raising.parameters().items() if name.startswith("model.layers.")}
    for parameter in matrices.values():
        parameter.grad = torch.randn_like(parameter)
    ours = optimizer_of(plan, STAGES[1], matrices)
    assert isinstance(ours, Muon)
    whole = [parameter for parameter in matrices.values() if parameter.ndim == 2]
    torchs = torch.optim.Muon(whole, lr=1e-3, adjust_lr_fn="match_rms_adamw")
    print(f"\nstep of Muon: ours {_seconds(ours.step):.3f} s, torch's {_seconds(torchs.step):.3f} s")


def test_what_a_batch_of_lessons_costs() -> None:
    raising = _raising()
    (batch,) = raising.data(msgspec.structs.replace(STAGES[1], data=("pictures",))).batches(range(12), 100_000)
    rows = {kind: part.detach() for kind, part in raising._look(batch)[0].items()}

    def spoken() -> None:
        text, ahead, astray = raising._speak(batch, rows)
        (text + ahead + astray).backward()

    questions = sum(len(block.owner) for block in batch.blocks)
    print(f"\nforward and back: {questions / _seconds(spoken, 2):.0f} questions a second of processor time")
