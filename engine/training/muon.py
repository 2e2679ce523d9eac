"""Muon: matrices move by the orthogonalized momentum of their gradient, everything else as AdamW moves it.

After Jordan et al. (2024), with the rate scaled so that AdamW's rates keep their meaning (Liu et al., arXiv
2502.16982). torch's own turns one matrix at a time; this one equal shapes together, which is faster on processors, and
in float32 on those that do not compute in bf16.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW

from engine.grounding.arithmetic import has_bf16

_QUINTIC = (3.4445, -4.7750, 2.0315)
_STEPS = 5
_MOMENTUM = 0.95
_LIKE_ADAM = 0.2
_TABLES = ("embed", "lm_head", "dense.")
"""Parts of the names of matrices whose rows move for themselves."""


class Muon(AdamW):
    """AdamW whose groups with "whole" True hold matrices that move as wholes."""

    def __init__(self, groups: Iterable[dict[str, Any]], betas: tuple[float, float]) -> None:
        super().__init__(groups, betas=betas)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update; `closure` is for AdamW alone."""
        moved: list[tuple[Tensor, Tensor]] = []
        for group in self.param_groups:
            if group["whole"]:
                moved += [(matrix, matrix.grad) for matrix in group["params"] if matrix.grad is not None]
                self._turn(group)
        for matrix, _ in moved:
            matrix.grad = None
        loss = super().step(closure)
        for matrix, gradient in moved:
            matrix.grad = gradient
        return loss

    def _turn(self, group: dict[str, Any]) -> None:
        shapes: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for matrix in group["params"]:
            if matrix.grad is not None:
                momentum = self.state[matrix].setdefault("momentum", torch.zeros_like(matrix))
                momentum.lerp_(matrix.grad, 1 - _MOMENTUM)
                shapes[matrix.shape].append((matrix, matrix.grad.lerp(momentum, _MOMENTUM)))
        for shape, rows in shapes.items():
            rate = group["lr"] * _LIKE_ADAM * math.sqrt(max(shape))
            for (matrix, _), way in zip(rows, orthogonal(torch.stack([way for _, way in rows])), strict=True):
                matrix.mul_(1 - group["lr"] * group["weight_decay"]).sub_(way, alpha=rate)


def moves_whole(name: str, parameter: Tensor) -> bool:
    """Whether a parameter is a matrix from vectors to vectors, and no table of rows."""
    return parameter.ndim == 2 and not any(part in name for part in _TABLES)


def orthogonal(matrices: Tensor) -> Tensor:
    """(N, R, C) -> nearly the nearest matrices whose singular values are all 1 (between 0.5 and 1.5)."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    ways = matrices.mT if tall else matrices
    ways = ways / (ways.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    ways = ways.bfloat16() if has_bf16() else ways
    a, b, c = _QUINTIC
    for _ in range(_STEPS):
        square = ways @ ways.mT
        ways = a * ways + (b * square + c * square @ square) @ ways
    return (ways.mT if tall else ways).to(matrices.dtype)
