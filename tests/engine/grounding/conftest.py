"""A tiny random LLaMA: its tensors, its vocabulary, its GGUF file, a LoRA of it and the reference that judges it."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import save_file
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from torch import Tensor
from transformers import LlamaForCausalLM

from engine.grounding.architecture import LlamaSize
from engine.grounding.backbone import Backbone
from engine.grounding.lora import PROJECTIONS, projection_sizes
from engine.grounding.network import llama_config

SIZE = LlamaSize(
    hidden_size=256,
    intermediate_size=512,
    num_hidden_layers=2,
    num_attention_heads=8,
    num_key_value_heads=4,
    vocab_size=512,
    max_position_embeddings=640,
)
ADDED = {500 + row: f"<media_{row}>" for row in range(9)}
RANK, ALPHA = 4, 8.0


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def size() -> LlamaSize:
    return SIZE


@pytest.fixture(scope="session")
def processor() -> SentencePieceProcessor:
    """500 byte-pair pieces with single digits and every byte."""
    random = Random(0)
    words = ("the", "a", "dog", "cat", "person", "left", "right", "where", "is", "what", "happens", "at", "red")
    lines = [
        " ".join(random.choice(words) for _ in range(8)) + f" [{random.random():.3f}, {random.random():.3f}]"
        for _ in range(1000)
    ]
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=500,
        model_type="bpe",
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        hard_vocab_limit=False,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=-1,
        minloglevel=2,
    )
    return SentencePieceProcessor(model_proto=model.getvalue())


@pytest.fixture(scope="session")
def reference() -> LlamaForCausalLM:
    """Transformers' own LLaMA with random weights, float32."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(llama_config(SIZE)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.copy_(1 + 0.1 * torch.randn_like(parameter))
    return model


@pytest.fixture(scope="session")
def weights(reference: LlamaForCausalLM) -> dict[str, Tensor]:
    return dict(reference.state_dict())


@pytest.fixture(scope="session")
def gguf_path(
    tmp_path_factory: pytest.TempPathFactory, weights: dict[str, Tensor], processor: SentencePieceProcessor
) -> Path:
    gguf_file = pytest.importorskip("engine.grounding.gguf_file")
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    pieces = gguf_file.vocabulary(processor, SIZE.vocab_size, ADDED)
    gguf_file.write_llama(path, SIZE, pieces, weights.__getitem__, kind="F32")
    return path


@pytest.fixture(scope="session")
def lora_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random LoRA of all seven projections, in peft's layout."""
    folder = tmp_path_factory.mktemp("lora")
    random = torch.Generator().manual_seed(3)
    tensors = {}
    for layer in range(SIZE.num_hidden_layers):
        for projection, (rows, columns) in projection_sizes(SIZE).items():
            name = f"base_model.model.model.layers.{layer}.{projection}"
            tensors[f"{name}.lora_A.weight"] = torch.randn(RANK, columns, generator=random) * 0.05
            tensors[f"{name}.lora_B.weight"] = torch.randn(rows, RANK, generator=random) * 0.05
    save_file(tensors, folder / "adapter_model.safetensors")
    targets = [projection.split(".")[1] for projection in PROJECTIONS]
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "target_modules": targets, "task_type": "CAUSAL_LM"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="session")
def backbones(request: pytest.FixtureRequest, weights: dict[str, Tensor]) -> Callable[[str], Backbone]:
    """Makes a fresh exact (float32) backbone by name."""

    def make(name: str) -> Backbone:
        if name == "torch":
            from engine.grounding.backbones.torch_lean import TorchRunner

            return Backbone(TorchRunner(SIZE, weights, threads=1, identity="tiny"))
        path = request.getfixturevalue("gguf_path")
        pytest.importorskip("llama_cpp")
        from engine.grounding.backbones.llama_cpp import LlamaCppRunner

        return Backbone(LlamaCppRunner(SIZE, path, threads=1, identity="tiny", cache="f32", flash=False))

    return make


@pytest.fixture(scope="session", params=["torch", pytest.param("llamacpp", marks=pytest.mark.gguf)])
def backbone(request: pytest.FixtureRequest, backbones: Callable[[str], Backbone]) -> Iterator[Backbone]:
    made = backbones(request.param)
    yield made
    made.close()
