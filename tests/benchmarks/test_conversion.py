"""Conversion: what a checkpoint of full widths costs in memory and time.

Layers are few so that it fits a small disk; `CONVERSION_LAYERS=32` makes the language model as deep as the published.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from engine.grounding.architecture import (
    Architecture,
    ClipSize,
    EarSize,
    EvaSize,
    LlamaSize,
    QformerSize,
    media_ids,
)
from engine.grounding.network import GroundingModel
from engine.grounding.tensor_file import header_bytes

pytestmark = pytest.mark.bench

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "parity" / "set_A"
_GIGABYTE = 1e9


def _published(layers: int) -> Architecture:
    image, video, sound = media_ids(32000).values()
    return Architecture(
        llama=LlamaSize(
            vocab_size=32009,
            hidden_size=4096,
            intermediate_size=11008,
            num_hidden_layers=layers,
            num_attention_heads=32,
            num_key_value_heads=32,
        ),
        clip=ClipSize(
            hidden_size=1024,
            intermediate_size=4096,
            num_hidden_layers=24,
            num_attention_heads=16,
            image_size=336,
            patch_size=14,
        ),
        eva=EvaSize(
            image_size=224,
            patch_size=14,
            hidden_size=1408,
            num_hidden_layers=39,
            num_attention_heads=16,
            intermediate_size=6144,
        ),
        qformer=QformerSize(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072),
        ear=EarSize(hidden_size=768, num_blocks=12, num_heads=12, out_size=1024, intermediate_size=3072),
        frame_queries=32,
        max_frames=64,
        video_tokens=64,
        sound_tokens=8,
        sound_positions=8,
        image_ids=image,
        video_ids=video,
        sound_ids=sound,
    )


def _write(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """Random bf16 weights of those shapes, a block of them over and over."""
    block = (torch.randn(8 << 20) * 0.02).bfloat16().view(torch.uint8).numpy().tobytes()
    with path.open("wb") as file:
        file.write(header_bytes({name: ("BF16", shape) for name, shape in shapes.items()}))
        for shape in shapes.values():
            left = 2 * int(torch.Size(shape).numel())
            while left > 0:
                file.write(block[:left])
                left -= len(block)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    size = _published(int(os.environ.get("CONVERSION_LAYERS", "2")))
    with torch.device("meta"):
        shapes = {name: tuple(tensor.shape) for name, tensor in GroundingModel(size).state_dict().items()}
    source, clip = tmp_path / "source", tmp_path / "clip"
    source.mkdir()
    clip.mkdir()
    _write(source / "model.safetensors", {name: shape for name, shape in shapes.items() if name[:6] != "vision"})
    _write(clip / "model.safetensors", {name[13:]: shape for name, shape in shapes.items() if name[:6] == "vision"})
    config = json.loads((GOLDEN / "checkpoint" / "config.json").read_text())
    llama = {name: getattr(size.llama, name) for name in size.llama.__struct_fields__}
    (source / "config.json").write_text(json.dumps({**config, **llama}))
    tower = {name: getattr(size.clip, name) for name in size.clip.__struct_fields__}
    (clip / "config.json").write_text(json.dumps(tower))
    shutil.copy(GOLDEN / "clip_vision_tower" / "preprocessor_config.json", clip)
    shutil.copy(GOLDEN / "checkpoint" / "tokenizer.model", source)
    return source


def test_a_conversion_holds_little_more_than_its_largest_tensor(checkpoint: Path) -> None:
    clip, target = checkpoint.parent / "clip", checkpoint.parent / "model"
    options = ["--clip", str(clip), "--to", str(target), "--precision", "bf16"]
    begun = time.perf_counter()
    command = [sys.executable, "-m", "engine", "models", "convert", str(checkpoint), *options]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    read = sum(path.stat().st_size for folder in (checkpoint, clip) for path in folder.glob("*.safetensors"))
    largest = 2 * 32009 * 4096
    print(f"\n{read / _GIGABYTE:.1f} GB read, {seconds:.0f} s, peak {peak / _GIGABYTE:.2f} GB, largest tensor 0.26 GB")
    assert peak <= largest + 3 * _GIGABYTE
