import torch
from torch import nn

from engine.training.muon import Muon, moves_whole, orthogonal


def test_singular_values_end_near_one_whatever_the_shape():
    torch.manual_seed(0)
    for shape in ((3, 16, 48), (2, 48, 16)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape) * 1e-3))
        assert float(values.min()) > 0.3
        assert float(values.max()) < 1.3


def test_a_long_thin_valley_is_crossed_sooner_than_along_the_gradient():
    """A matrix to be found through inputs of very unequal size."""
    torch.manual_seed(1)
    wanted, inputs = torch.randn(8, 8), torch.randn(200, 8) * torch.logspace(0, -2, 8)

    def left(kind: type) -> float:
        matrix = nn.Parameter(torch.zeros(8, 8))
        group = {"params": [matrix], "lr": 0.05, "weight_decay": 0.0, "whole": True}
        optimizer = Muon([group], (0.9, 0.98)) if kind is Muon else torch.optim.SGD([matrix], lr=0.05, momentum=0.95)
        for _ in range(150):
            loss = ((inputs @ matrix.T - inputs @ wanted.T) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return float((matrix.detach() - wanted).norm())

    assert left(Muon) < 0.7 * left(torch.optim.SGD)


def test_a_group_that_is_not_whole_moves_as_with_adamw():
    torch.manual_seed(2)
    one, other = (nn.Parameter(torch.ones(4, 3)) for _ in range(2))
    muon = Muon([{"params": [one], "lr": 0.1, "weight_decay": 0.1, "whole": False}], (0.9, 0.98))
    adam = torch.optim.AdamW([other], lr=0.1, weight_decay=0.1, betas=(0.9, 0.98))
    for _ in range(3):
        for parameter, optimizer in ((one, muon), (other, adam)):
            optimizer.zero_grad()
            (parameter**3).sum().backward()
            optimizer.step()
    assert torch.equal(one, other)


def test_tables_of_rows_do_not_move_whole():
    matrix, vector = torch.zeros(3, 3), torch.zeros(3)
    assert moves_whole("model.layers.0.mlp.up_proj.weight", matrix)
    assert not moves_whole("model.embed_tokens.weight", matrix)
    assert not moves_whole("lm_head.weight", matrix)
    assert not moves_whole("model.norm.weight", vector)
