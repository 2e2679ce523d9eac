"""Samples a second of the training loop against a plain one, on the same data to an equal loss.

The plain loop is what one would write first: peft's LoRA, transformers' Trainer, one question per sequence, encoders
run at every step, loss over all positions. One thread each; seconds are those of the processor, so that neighbours on
the machine do not count.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments

from engine.domain.media import MediaKind
from engine.domain.training import Exchange, Lora, Record, Stage, TrainingPlan
from engine.grounding.architecture import ClipSize, LlamaSize
from engine.grounding.network import GroundingModel
from engine.training import attention
from engine.training.course import GroundingCourse, frozen_features, text_loss
from engine.training.encoding import Sample, Unit, encode, units
from engine.training.features import FeatureCache
from engine.training.loop import Loop
from engine.training.lora import add_lora
from engine.training.packing import pack
from engine.training.run_folder import RunFolder
from tests.engine.training import tiny

QUESTIONS, BATCH, RATE = 8, 16, 2e-3
LORA = Lora(16, 32, 0.0)
STAGE = Stage("fine-grained", ("projector", "lora"), ("fine-grained",), rate=RATE, batch=BATCH)
COLOURS = ("red", "blue", "green", "black", "white", "pink", "brown", "grey")


class Size(msgspec.Struct, frozen=True):
    """What is trained on: `count` pictures of `side` pixels in patches of `patch`, for `epochs`."""

    side: int
    patch: int
    count: int
    epochs: int

    @property
    def tokens(self) -> int:
        return (self.side // self.patch) ** 2


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", [Size(128, 16, 24, 4), Size(168, 7, 12, 3)], ids=lambda size: f"{size.tokens} tokens")
def test_samples_a_second_against_a_plain_loop(size: Size, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """64 tokens a picture are the embedded model's share, 576 the published model's."""
    torch.set_num_threads(1)
    pictures, samples = _data(size)
    plain_speed, plain_loss = _plain(size, tmp_path / "plain", pictures, samples)
    speed, loss = _ours(size, tmp_path / "ours", pictures, samples)
    with capsys.disabled():
        print(f"\n{size.tokens} tokens a picture, {QUESTIONS} questions on each")
        print(f"plain loop   {plain_speed:7.1f} samples per CPU second, loss {plain_loss:.4f}")
        print(f"this loop    {speed:7.1f} samples per CPU second, loss {loss:.4f}")
        print(f"ratio        {speed / plain_speed:.2f}; loss {loss / plain_loss - 1:+.2%}")
    assert loss == pytest.approx(plain_loss, rel=0.02)


class _Plain(nn.Module):
    """The model behind the interface that the Trainer wants."""

    def __init__(self, model: GroundingModel) -> None:
        super().__init__()
        self.inner = model

    def forward(self, pixels: Tensor, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> dict[str, Tensor]:
        model = getattr(self.inner, "base_model", self.inner)
        model = getattr(model, "model", model)
        with torch.no_grad():
            seen = model.image_features(pixels)
        embeds = model.embed(input_ids, {MediaKind.IMAGE: model.project_image(seen)})
        made = model(inputs_embeds=embeds, attention_mask=attention_mask, labels=labels)
        return {"loss": made.loss, "logits": made.logits}


def _plain(size: Size, folder: Path, pictures: dict[str, Tensor], samples: Sequence[Sample]) -> tuple[float, float]:
    model = _model(size)
    config = LoraConfig(
        r=LORA.rank,
        lora_alpha=LORA.alpha,
        lora_dropout=0.0,
        target_modules=r".*model\.layers\.\d+\.(self_attn|mlp)\.[a-z]+_proj",
    )
    wrapped = _Plain(get_peft_model(model, config))
    for name, parameter in wrapped.named_parameters():
        parameter.requires_grad_("lora_" in name or "mm_vision_projector" in name)
    rows = [
        {
            "pixels": pictures[sample.media[0][1]],
            "ids": [*sample.head, *sample.ids],
            "labels": [-100] * len(sample.head)
            + [number if learn else -100 for number, learn in zip(sample.ids, sample.learn, strict=True)],
        }
        for sample in samples
    ]
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=BATCH,
        num_train_epochs=size.epochs,
        learning_rate=RATE,
        lr_scheduler_type="cosine",
        warmup_steps=0.03,
        weight_decay=0.0,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        logging_steps=10**6,
        remove_unused_columns=False,
        seed=0,
    )
    trainer = Trainer(wrapped, arguments, train_dataset=rows, data_collator=_collate)  # type: ignore[arg-type]
    began = time.process_time()
    trainer.train()
    seconds = time.process_time() - began
    return len(samples) * size.epochs / seconds, _loss(model, pictures, samples)


def _ours(size: Size, folder: Path, pictures: dict[str, Tensor], samples: Sequence[Sample]) -> tuple[float, float]:
    model = _model(size)
    model.requires_grad_(False)
    add_lora(model, LORA, 0)

    def see(kind: MediaKind, key: str) -> Tensor:
        return frozen_features(model, kind, pictures[key][None])[0]

    stage = msgspec.structs.replace(STAGE, epochs=size.epochs)
    plan = TrainingPlan("bench", (stage,), LORA, room=4096, save_seconds=1e9)
    began = time.process_time()
    cache = FeatureCache(folder / "features", 10**9, torch.float32, see)
    course = GroundingCourse(model, {"fine-grained": units(samples, QUESTIONS, 2048)}, cache)
    run = RunFolder(folder)
    run.hold()
    Loop(course, plan, run).run()
    run.release()
    seconds = time.process_time() - began
    return len(samples) * size.epochs / seconds, _loss(model, pictures, samples)


@torch.no_grad()
def _loss(model: GroundingModel, pictures: dict[str, Tensor], samples: Sequence[Sample]) -> float:
    """Mean over the tokens to be learned of all samples, each alone."""
    model.eval()
    attention.use(model.model)
    total = weight = 0.0
    for sample in samples:
        (batch,) = pack([Unit(sample.media, sample.head, (sample,))], 4096)
        seen = model.project_image(model.image_features(pictures[sample.media[0][1]][None]))
        total += float(text_loss(model, batch, {MediaKind.IMAGE: seen}))
        weight += batch.weight
    return total / weight


def _model(size: Size) -> GroundingModel:
    torch.manual_seed(0)
    return GroundingModel(_architecture(size)).eval()


def _architecture(size: Size) -> Any:
    small = tiny.architecture()
    llama = LlamaSize(
        vocab_size=small.llama.vocab_size,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=3,
        num_key_value_heads=3,
        max_position_embeddings=2048,
    )
    clip = ClipSize(
        hidden_size=192,
        intermediate_size=768,
        num_hidden_layers=7,
        num_attention_heads=4,
        image_size=size.side,
        patch_size=size.patch,
    )
    return msgspec.structs.replace(small, llama=llama, clip=clip)


def _data(size: Size) -> tuple[dict[str, Tensor], list[Sample]]:
    """Pictures of eight coloured rectangles, a question about each."""
    random = np.random.default_rng(0)
    speech = msgspec.structs.replace(tiny.speech(), architecture=_architecture(size))
    pictures: dict[str, Tensor] = {}
    samples = []
    for number in range(size.count):
        key = f"{number}.png"
        pixels = random.normal(0, 0.1, (3, size.side, size.side)).astype(np.float32)
        for place, colour in enumerate(COLOURS):
            x, y = random.integers(0, size.side - 38, 2)
            w, h = random.integers(16, 38, 2)
            pixels[:, y : y + h, x : x + w] = np.array([place & 1, place >> 1 & 1, place >> 2])[:, None, None] * 2 - 1
            box = ", ".join(f"{value / size.side:.3f}" for value in (x, y, x + w, y + h))
            turn = Exchange(f"Where is the {colour} thing?", f"{colour} thing:[{box}]")
            samples.append(encode(Record(str(number), {MediaKind.IMAGE: key}, (turn,)), speech))
        pictures[key] = torch.from_numpy(pixels)
    return pictures, samples


def _collate(rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    longest = max(len(row["ids"]) for row in rows)
    return {
        "pixels": torch.stack([row["pixels"] for row in rows]),
        "input_ids": torch.tensor([row["ids"] + [0] * (longest - len(row["ids"])) for row in rows]),
        "attention_mask": torch.tensor([[1] * len(row["ids"]) + [0] * (longest - len(row["ids"])) for row in rows]),
        "labels": torch.tensor([row["labels"] + [-100] * (longest - len(row["ids"])) for row in rows]),
    }
