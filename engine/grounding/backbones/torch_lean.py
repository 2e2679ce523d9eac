"""The torch backbone: one static cache, no framework between the weights and the tokens.

On CUDA single tokens are decoded by a recorded graph.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.grounding.architecture import LlamaSize
from engine.grounding.backbone import Floats, Part, Stop, default_threads
from engine.grounding.backbones.torch_llama import Llama
from engine.grounding.lora import read_lora

_CHUNK = 256
"""Rows read at once. Stopping acts before and behind the attention of a layer: some 0.3 s apart at 7B on one core."""


class TorchRunner:
    """`weights` as `Llama` takes them; they are not kept where the precision packs them anew."""

    name = "torch"

    def __init__(
        self,
        size: LlamaSize,
        weights: Mapping[str, Tensor],
        *,
        precision: str = "fp32",
        device: str = "cpu",
        threads: int = 0,
        identity: str = "",
    ) -> None:
        torch.set_num_threads(threads or default_threads())
        self.size, self.precision, self.device = size, precision, device
        self.identity = f"{identity}|torch {torch.__version__}|{precision}|{device}"
        self._llama = Llama(size, weights, precision, torch.device(device))
        self._graph: DecodeGraph | None = None

    @torch.inference_mode()
    def feed(self, part: Part, at: int, stop: Stop, *, every: bool = False) -> Floats:
        if self.device != "cpu" and len(part) == 1 and not isinstance(part, np.ndarray):
            self._graph = self._graph or DecodeGraph(self._llama)
            return self._graph.step(part[0], at)
        rows, kept = self._rows(part), []
        for start in range(0, len(part), _CHUNK):
            x = self._read(rows[start : start + _CHUNK], at + start, stop)
            kept.append(x if every else x[-1:])
        logits = self._llama.logits(torch.cat(kept) if every else kept[-1])
        flat: Floats = logits.float().cpu().numpy()
        return flat

    def rewind(self, length: int) -> None:
        """Nothing to do: a feed reads the places before it and overwrites those behind."""

    @torch.inference_mode()
    def export(self, length: int) -> NDArray[np.uint8]:
        block = self._llama.cache[:, :, :, :length].contiguous().view(torch.uint8)
        state: NDArray[np.uint8] = block.cpu().numpy().reshape(-1)
        return state

    @torch.inference_mode()
    def restore(self, state: NDArray[np.uint8], length: int) -> None:
        layers, two, heads, _, width = self._llama.cache.shape
        block = torch.from_numpy(state).view(self._llama.dtype).view(layers, two, heads, length, width)
        self._llama.cache[:, :, :, :length].copy_(block)

    @torch.inference_mode()
    def set_lora(self, folder: Path | None, scale: float) -> None:
        self._graph = None
        self._llama.set_lora(read_lora(folder) if folder else None, scale)

    def close(self) -> None:
        """Lets go of weights and cache."""
        self._graph = None
        del self._llama

    def _rows(self, part: Part) -> Tensor:
        llama = self._llama
        if isinstance(part, np.ndarray):
            return torch.from_numpy(np.ascontiguousarray(part)).to(llama.device, llama.dtype)
        return llama.embedding[torch.tensor(list(part), device=llama.device)]

    def _read(self, x: Tensor, at: int, stop: Stop) -> Tensor:
        llama, rows = self._llama, x.shape[0]
        end = at + rows
        cosine, sine = llama.cosine[at:end], llama.sine[at:end]
        mask = None
        if rows > 1 and at:
            mask = torch.ones(rows, end, dtype=torch.bool, device=llama.device).tril(at)
        for index, layer in enumerate(llama.layers):
            stop.check()
            q, k, v = llama.queries_keys_values(layer, x, cosine, sine)
            keys, values = llama.cache[index, 0, :, :end], llama.cache[index, 1, :, :end]
            keys[:, at:] = k
            values[:, at:] = v
            attended = llama.attend(q, keys, values, mask, causal=rows > 1 and not at)
            stop.check()
            x = llama.after(layer, x, attended)
        return x


class DecodeGraph:
    """One token through all layers as a recorded CUDA graph: the cost of starting some 400 kernels is paid once."""

    def __init__(self, llama: Llama) -> None:
        self._llama = llama
        self._token = torch.zeros(1, dtype=torch.long, device=llama.device)
        self._place = torch.zeros(1, dtype=torch.long, device=llama.device)
        self._places = torch.arange(llama.size.max_position_embeddings, device=llama.device)
        first = llama.cache[:, :, :, :1].clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self._one()
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._logits = self._one()
        llama.cache[:, :, :, :1] = first

    def step(self, token: int, at: int) -> Floats:
        """Logits (1, vocabulary) after `token` at place `at`."""
        self._token.fill_(token)
        self._place.fill_(at)
        self._graph.replay()
        logits: Floats = self._logits.float().cpu().numpy()
        return logits

    def _one(self) -> Tensor:
        llama = self._llama
        x = llama.embedding[self._token]
        cosine, sine = llama.cosine[self._place], llama.sine[self._place]
        mask = (self._places <= self._place)[None]
        for index, layer in enumerate(llama.layers):
            q, k, v = llama.queries_keys_values(layer, x, cosine, sine)
            keys, values = llama.cache[index]
            keys.index_copy_(1, self._place, k)
            values.index_copy_(1, self._place, v)
            x = llama.after(layer, x, llama.attend(q, keys, values, mask))
        return llama.logits(x)
