"""Training as published: assembled texts, the recorded label mask, what each stage moves, losses and gradients.

Two habits of the published code are followed here and nowhere else: a label mask that drifts by a token per turn, and
in stage 1 no gradient to the words around a medium.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from engine.domain.media import MediaKind
from engine.domain.training import Stage
from engine.grounding.checkpoint import UNUSED
from engine.grounding.network import splice
from engine.grounding.prompt import media_block, training_text
from engine.parity.golden import Golden, order_in
from engine.parity.rows import EQUAL, LOGITS, Row, close, equal, relative
from engine.training.stages import PUBLISHED, trainable

IGNORED = -100
_FIELDS = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "sound": MediaKind.AUDIO}
_PLACEHOLDER = re.compile("|".join(f"<{field}>" for field in _FIELDS))
# Gradients that are zero in exact arithmetic, such as those of key biases, differ by rounding alone.
_NOISE = 1e-7


def training(golden: Golden) -> Iterator[Row]:
    told = golden.tables["training"]
    for record, recorded in zip(told["records"], told["encoded"], strict=True):
        yield from _record(golden, record, recorded)
    yield from _batch(golden, told["encoded"])
    for label, stage in told["stages"].items():
        yield from _stage(golden, label, stage)


def _record(golden: Golden, record: Mapping[str, Any], recorded: Mapping[str, Any]) -> Iterator[Row]:
    name = f"record.{record['id']}"
    parts, humans = _parts(golden, record, order_in(recorded["text"]))
    text = "".join(parts)
    yield equal(f"{name}.text", text, recorded["text"])
    ids = golden.tokens.encode(text)
    yield equal(f"{name}.ids", ids, recorded["input_ids"])
    yield equal(f"{name}.labels", _drifting_labels(golden, ids, parts, humans), recorded["labels"])


def _parts(golden: Golden, record: Mapping[str, Any], order: tuple[MediaKind, ...]) -> tuple[list[str], list[bool]]:
    """Head, messages and end of a record's text, and which of the messages are the human's."""
    style = msgspec.structs.replace(golden.style, order=order)
    tokens = {kind: golden.size.tokens(kind) for field, kind in _FIELDS.items() if field in record}
    messages, humans = [], []
    for message in record["conversations"]:
        human = message["from"].lower() == "human"
        text = message["value"]
        if _PLACEHOLDER.search(text):
            text = media_block(style, tokens) + _PLACEHOLDER.sub("", text).strip()
        messages.append((style.human if human else style.assistant, text))
        humans.append(human)
    return training_text(style, messages), humans


def _drifting_labels(golden: Golden, ids: Sequence[int], parts: Sequence[str], humans: Sequence[bool]) -> list[int]:
    """The published mask: each message is counted with a beginning of its own."""
    labels = list(ids)
    head, *messages = (len(golden.tokens.encode(part)) for part in parts[:-1])
    labels[:head] = [IGNORED] * head
    for length, human in zip(messages, humans, strict=True):
        if human:
            masked = slice(head + 2, head + length)
            labels[masked] = [IGNORED] * len(labels[masked])
        head += length
    return labels


def _batch(golden: Golden, encoded: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    recorded = golden.tensors["training"]
    pad = golden.size.llama.pad_token_id
    ids = _padded([row["input_ids"] for row in encoded], pad)
    labels = _padded([row["labels"] for row in encoded], IGNORED)
    yield close("batch.input_ids", ids, recorded["batch.input_ids"], EQUAL)
    yield close("batch.labels", labels, recorded["batch.labels"], EQUAL)
    yield close("batch.attention_mask", ids.ne(pad).long(), recorded["batch.attention_mask"], EQUAL)
    places = (labels[:, 1:] != IGNORED).nonzero()
    yield close("batch.supervised_positions", places, recorded["batch.supervised_positions"], EQUAL)
    with torch.no_grad():
        logits = _logits(golden, golden.tables["training"]["records"], ids, apart=False)
    at = recorded["batch.supervised_positions"]
    yield close("batch.logits", logits[at[:, 0], at[:, 1]], recorded["batch.logits_at_supervised"], LOGITS)


def _padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows])


def _stage(golden: Golden, label: str, told: Mapping[str, Any]) -> Iterator[Row]:
    names = [*told["trainable"], *told["frozen"]]
    # Stages 2 and 3 of the paper move the same parts.
    rows = PUBLISHED[:1] if label.startswith("stage1") else PUBLISHED[1:]
    for row in rows:
        moved = sorted(trainable(row, names))
        yield equal(f"{label}.trainable ({row.name})", moved, sorted(told["trainable"]))
    own = {name for name, _ in golden.network.named_parameters() if not name.startswith("vision_tower.")}
    yield equal(f"{label}.names", sorted(own), sorted(name for name in names if not UNUSED.match(name)))
    yield from _gradients(golden, label, told, rows[0])


def _gradients(golden: Golden, label: str, told: Mapping[str, Any], stage: Stage) -> Iterator[Row]:
    records, recorded = golden.tables["training"]["records"], golden.tensors["training"]
    ids, labels = recorded["batch.input_ids"], recorded["batch.labels"]
    parameters = dict(golden.network.named_parameters())
    moved = set(trainable(stage, parameters))
    for name, parameter in parameters.items():
        parameter.requires_grad_(name in moved)
        parameter.grad = None
    apart = stage.name == PUBLISHED[0].name
    loss = _loss(_logits(golden, records, ids, apart=apart), labels)
    loss.backward()
    yield relative(f"{label}.loss", loss.item(), told["loss_batch"])
    norms = told["grad_norms_batch"]
    noise = _NOISE * max(norms.values())
    for name, norm in norms.items():
        gradient = parameters[name].grad
        yield relative(f"{label}.norm.{name}", 0.0 if gradient is None else float(gradient.norm()), norm, noise=noise)
    yield equal(f"{label}.embed_rows", _rows(golden), told["embed_rows_with_grad_batch"])
    if "loss_media_only" in told:
        yield from _media_only(golden, label, told, apart=apart)


def _media_only(golden: Golden, label: str, told: Mapping[str, Any], *, apart: bool) -> Iterator[Row]:
    records, recorded = golden.tables["training"]["records"], golden.tensors["training"]
    places = [place for place, record in enumerate(records) if any(field in record for field in _FIELDS)]
    golden.network.zero_grad(set_to_none=True)
    logits = _logits(golden, [records[place] for place in places], recorded["batch.input_ids"][places], apart=apart)
    loss = _loss(logits, recorded["batch.labels"][places])
    loss.backward()
    yield relative(f"{label}.loss_media_only", loss.item(), told["loss_media_only"])
    rows = _rows(golden)
    yield equal(f"{label}.embed_rows_media_only", rows, told["embed_rows_with_grad_media_only"])
    names = [golden.tokens.names.get(row, "") for row in rows]
    yield equal(f"{label}.embed_tokens_media_only", names, told["embed_rows_with_grad_media_only_tokens"])


def _rows(golden: Golden) -> list[int]:
    """Rows of the embedding table that a gradient reached."""
    gradient = golden.network.model.embed_tokens.weight.grad
    return [] if gradient is None else gradient.abs().sum(1).nonzero()[:, 0].tolist()


def _logits(golden: Golden, records: Sequence[Mapping[str, Any]], ids: Tensor, *, apart: bool) -> Tensor:
    """Logits of a batch of records. `apart` lets no gradient to the words of rows that have a medium."""
    network, size = golden.network, golden.size
    embeds = network.model.embed_tokens(ids)
    if apart:
        markers = torch.tensor([edge for kind in MediaKind for edge in (size.ids(kind).start, size.ids(kind).end)])
        with_media = torch.tensor([any(field in record for field in _FIELDS) for record in records])
        kept = torch.isin(ids, markers) | ~with_media[:, None]
        embeds = torch.where(kept[..., None], embeds, embeds.detach())
    embeds = splice(ids, embeds, _media(golden, records), size)
    return network(inputs_embeds=embeds, attention_mask=ids.ne(size.llama.pad_token_id).long()).logits


def _media(golden: Golden, records: Sequence[Mapping[str, Any]]) -> dict[MediaKind, Tensor]:
    """Projected features of the records' media, in order."""
    recorded, network = golden.tensors["preprocess"], golden.network
    ways = {
        "image": lambda name: network.encode_image(recorded[f"image.{name}.pixel_values"]),
        "video": lambda name: network.encode_video(recorded[f"video.{name}.pixel_values"][None]),
        "sound": lambda name: network.encode_sound(recorded[f"sound.{name}.clips"]),
    }
    rows = {field: [way(record[field]) for record in records if field in record] for field, way in ways.items()}
    return {_FIELDS[field]: torch.cat(some) for field, some in rows.items() if some}


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of the next supervised token."""
    return functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED)
