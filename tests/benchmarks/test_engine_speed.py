"""How fast the language model is, beside transformers and beside llama.cpp's own loop, in turns within one run.

`make bench-engine`. A round measures every contestant once and each counts with its best round. Everybody has one
thread; beside the time on the clock stands the processor's time, which neighbours on a busy machine disturb less.
"""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch
from transformers import LlamaForCausalLM

from engine.grounding.architecture import LlamaSize
from engine.grounding.backbone import Backbone, Sampling
from engine.grounding.backbones.torch_lean import TorchRunner
from engine.grounding.network import llama_config

pytestmark = pytest.mark.bench
SIZE = LlamaSize(
    vocab_size=32000,
    hidden_size=768,
    intermediate_size=2048,
    num_hidden_layers=12,
    num_attention_heads=12,
    num_key_value_heads=12,
    max_position_embeddings=1024,
)
PROMPT = np.random.default_rng(1).integers(3, 500, 512).tolist()
TOKENS, ROUNDS = 32, 4
Stamp = tuple[float, float]
Contestant = Callable[[], list[Stamp]]


class _Clock:
    """A streamer that writes down when each token came."""

    def __init__(self) -> None:
        self.at: list[Stamp] = []

    def put(self, _: object) -> None:
        self.at.append(_now())

    def end(self) -> None: ...


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return LlamaForCausalLM(llama_config(SIZE)).eval()


@pytest.fixture(scope="module")
def files(model: LlamaForCausalLM, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    pytest.importorskip("llama_cpp")
    from sentencepiece import SentencePieceProcessor

    from engine.grounding.backbones.llama_cpp import quantise
    from engine.grounding.gguf_file import vocabulary, write_llama
    from tests.fixtures.tiny_model import tokenizer_model

    folder = tmp_path_factory.mktemp("gguf")
    made = {"F16": folder / "F16.gguf"}
    pieces = vocabulary(SentencePieceProcessor(model_proto=tokenizer_model()), SIZE.vocab_size, {})
    write_llama(made["F16"], SIZE, pieces, model.state_dict().__getitem__)
    for kind in ("Q8_0", "Q4_K_M"):
        made[kind] = folder / f"{kind}.gguf"
        quantise(made["F16"], made[kind], kind, threads=1)
    return made


def _now() -> Stamp:
    return time.perf_counter(), time.process_time()


def _per_token(stamps: list[Stamp]) -> tuple[float, float]:
    """Seconds on the clock (median) and of the processor (mean)."""
    clock = median(after[0] - before[0] for before, after in pairwise(stamps))
    return clock, (stamps[-1][1] - stamps[0][1]) / (len(stamps) - 1)


def _transformers(model: LlamaForCausalLM) -> Contestant:
    ids = torch.tensor([PROMPT])
    half = model.to(torch.bfloat16)

    def run() -> list[Stamp]:
        clock = _Clock()
        half.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=TOKENS,
            min_new_tokens=TOKENS,
            do_sample=False,
            pad_token_id=0,
            streamer=clock,
        )
        # The first call is the prompt, the second the token after reading it.
        return clock.at[1:]

    return run


def _ours(backbone: Backbone) -> Contestant:
    prefix = backbone.prefix([PROMPT[:-8]])
    sampling = Sampling(max_tokens=TOKENS, end=frozenset())

    def run() -> list[Stamp]:
        return [_now() for _ in backbone.ask(prefix, PROMPT[-8:], sampling)]

    return run


def _llama_own_loop(path: Path) -> Contestant:
    """decode and greedy sampler of the C API, nothing else."""
    import llama_cpp as api

    options = api.llama_model_default_params()
    options.n_gpu_layers = 0
    held = api.llama_model_load_from_file(str(path).encode(), options)
    sizes = api.llama_context_default_params()
    sizes.n_ctx, sizes.n_batch, sizes.n_ubatch, sizes.n_threads, sizes.n_threads_batch = 1024, 512, 512, 1, 1
    context = api.llama_init_from_model(held, sizes)
    sampler = api.llama_sampler_init_greedy()

    def run() -> list[Stamp]:
        api.llama_memory_clear(api.llama_get_memory(context), True)
        prompt = (api.llama_token * len(PROMPT))(*PROMPT)
        api.llama_decode(context, api.llama_batch_get_one(prompt, len(PROMPT)))
        token, times = (api.llama_token * 1)(), []
        for _ in range(TOKENS):
            token[0] = api.llama_sampler_sample(sampler, context, -1)
            times.append(_now())
            api.llama_decode(context, api.llama_batch_get_one(token, 1))
        return times

    return run


@pytest.fixture
def llama_runner(files: dict[str, Path]) -> Iterator[Callable[[str], Backbone]]:
    from engine.grounding.backbones.llama_cpp import LlamaCppRunner

    made = []

    def one(kind: str) -> Backbone:
        made.append(Backbone(LlamaCppRunner(SIZE, files[kind], threads=1)))
        return made[-1]

    yield one
    for backbone in made:
        backbone.close()


def _torch(model: LlamaForCausalLM, precision: str) -> Backbone:
    return Backbone(TorchRunner(SIZE, model.state_dict(), precision=precision, threads=1))


@pytest.mark.filterwarnings("ignore")
def test_decode(model: LlamaForCausalLM, files: dict[str, Path], llama_runner: Callable[[str], Backbone]) -> None:
    contestants: dict[str, Contestant] = {
        **{f"torch {kind}": _ours(_torch(model, kind)) for kind in ("fp32", "bf16", "int8")},
        **{f"llama.cpp {kind}": _ours(llama_runner(kind)) for kind in files},
        "llama.cpp Q4_K_M, its own loop": _llama_own_loop(files["Q4_K_M"]),
        "transformers bf16 generate": _transformers(model),
    }
    best: dict[str, tuple[float, float]] = {}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            best[name] = tuple(map(min, best.get(name, (1e9, 1e9)), _per_token(run())))  # type: ignore[assignment]
    print(f"\nDecode, best of {ROUNDS} x {TOKENS} tokens after 512; in brackets x transformers bf16, x own loop")
    print("| | tokens/s on the clock | tokens per processor second |")
    rivals = [best["transformers bf16 generate"], best["llama.cpp Q4_K_M, its own loop"]]
    for name, times in sorted(best.items(), key=lambda row: row[1][1]):
        cells = [
            f"{1 / mine:.1f} ({', '.join(f'{rival[place] / mine:.2f}' for rival in rivals)})"
            for place, mine in enumerate(times)
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    assert len(best) == len(contestants)
