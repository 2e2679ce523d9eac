"""Q-Former: learned queries that read a medium's features (BLIP-2), the query branch of a BERT encoder alone.

Every block is post-norm: self-attention, in some layers cross-attention to the features, feed-forward.
"""

from torch import Tensor, nn
from torch.nn import functional

from engine.grounding.architecture import QformerSize


class Attend(nn.Module):
    """Multi-head attention of the queries to `source`, which may have another width."""

    def __init__(self, width: int, source: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(source, width)
        self.value = nn.Linear(source, width)

    def forward(self, rows: Tensor, source: Tensor) -> Tensor:
        batch, length, width = rows.shape
        q, k, v = (
            part.view(batch, -1, self.heads, width // self.heads).transpose(1, 2)
            for part in (self.query(rows), self.key(source), self.value(source))
        )
        return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, width)


class Merge(nn.Module):
    """Linear, residual, norm."""

    def __init__(self, source: int, width: int, eps: float) -> None:
        super().__init__()
        self.dense = nn.Linear(source, width)
        self.LayerNorm = nn.LayerNorm(width, eps=eps)

    def forward(self, rows: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(rows) + residual)


class Attention(nn.Module):
    def __init__(self, size: QformerSize, source: int) -> None:
        super().__init__()
        self.self = Attend(size.hidden_size, source, size.num_attention_heads)
        self.output = Merge(size.hidden_size, size.hidden_size, size.layer_norm_eps)

    def forward(self, rows: Tensor, source: Tensor) -> Tensor:
        return self.output(self.self(rows, source), rows)


class Inner(nn.Module):
    def __init__(self, size: QformerSize) -> None:
        super().__init__()
        self.dense = nn.Linear(size.hidden_size, size.intermediate_size)

    def forward(self, rows: Tensor) -> Tensor:
        return functional.gelu(self.dense(rows))


class Layer(nn.Module):
    def __init__(self, size: QformerSize, source: int, *, reads: bool) -> None:
        super().__init__()
        self.attention = Attention(size, size.hidden_size)
        self.crossattention = Attention(size, source) if reads else None
        self.intermediate_query = Inner(size)
        self.output_query = Merge(size.intermediate_size, size.hidden_size, size.layer_norm_eps)

    def forward(self, rows: Tensor, source: Tensor) -> Tensor:
        rows = self.attention(rows, rows)
        if self.crossattention is not None:
            rows = self.crossattention(rows, source)
        return self.output_query(self.intermediate_query(rows), rows)


class Embeddings(nn.Module):
    def __init__(self, size: QformerSize) -> None:
        super().__init__()
        self.LayerNorm = nn.LayerNorm(size.hidden_size, eps=size.layer_norm_eps)


class Encoder(nn.Module):
    def __init__(self, size: QformerSize, layers: int, source: int, every: int) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(size, source, reads=place % every == 0) for place in range(layers))


class Bert(nn.Module):
    def __init__(self, size: QformerSize, layers: int, source: int, every: int) -> None:
        super().__init__()
        self.embeddings = Embeddings(size)
        self.encoder = Encoder(size, layers, source, every)


class Qformer(nn.Module):
    """`layers` blocks that read features of width `source` in every `every`-th of them, the first included."""

    def __init__(self, size: QformerSize, *, layers: int, source: int, every: int) -> None:
        super().__init__()
        self.bert = Bert(size, layers, source, every)

    def forward(self, queries: Tensor, source: Tensor) -> Tensor:
        """Queries (1 or B, Q, width) and features (B, N, source) -> (B, Q, width)."""
        rows = self.bert.embeddings.LayerNorm(queries).expand(len(source), -1, -1)
        for layer in self.bert.encoder.layer:
            rows = layer(rows, source)
        return rows
