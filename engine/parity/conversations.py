"""Whole questions: prompt, ids, spliced embeddings, logits, the greedy answer, and boxes back in the picture."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor

from engine.domain.media import MediaKind
from engine.grammar import to_pixels
from engine.grounding.architecture import MEDIA_TOKENS
from engine.grounding.network import GroundingModel
from engine.grounding.prompt import ask_text, prompt
from engine.parity.golden import Golden, order_in
from engine.parity.rows import EQUAL, FEATURES, LOGITS, Row, close, equal, unread

_KINDS = {"images": MediaKind.IMAGE, "videos": MediaKind.VIDEO, "sounds": MediaKind.AUDIO}
_BOX = re.compile(r"\[\s*([0-9.]+)\s*,\s*([0-9.]+)\s*,\s*([0-9.]+)\s*,\s*([0-9.]+)\s*\]")


def conversations(golden: Golden) -> Iterator[Row]:
    told = golden.tables["model"]
    ids = {
        name: number
        for kind, names in MEDIA_TOKENS.items()
        for name, number in zip(names, msgspec.structs.astuple(golden.size.ids(kind)), strict=True)
    }
    yield equal("special_token_ids", ids, told["special_token_ids"])
    for name, case in told["cases"].items():
        yield from _case(golden, name, case)
    spoken = [name for name in golden.tensors["model"] if name.startswith("case.")]
    yield from unread(spoken, [f"case.{name}" for name in told["cases"]])
    for row in told.get("postprocess_boxes", []):
        yield from _boxes(row)


def _case(golden: Golden, name: str, case: dict[str, Any]) -> Iterator[Row]:
    recorded = golden.tensors["model"]
    turns = [(message, answer) for message, answer in case["turns"]]
    yield equal(f"case.{name}.prompt", prompt(golden.style, turns), case["prompt"])
    yield equal(f"case.{name}.question", _asked(golden, turns), case["prompt"])
    ids = golden.tokens.encode(case["prompt"])
    yield equal(f"case.{name}.ids", ids, case["input_ids"])
    embeds = golden.network.embed(recorded[f"case.{name}.input_ids"], encoded(golden, case["media"]))
    golden_embeds = recorded[f"case.{name}.inputs_embeds"]
    yield close(f"case.{name}.inputs_embeds", embeds, golden_embeds, FEATURES)
    text = ~_places(golden, recorded[f"case.{name}.input_ids"])
    yield close(f"case.{name}.text_rows", embeds[text], golden_embeds[text], EQUAL)
    logits = golden.network(inputs_embeds=embeds).logits
    yield close(f"case.{name}.logits", logits, recorded[f"case.{name}.logits"], LOGITS)
    answer, steps = _greedy(golden.network, embeds, len(case["greedy_ids"]))
    yield equal(f"case.{name}.greedy_ids", answer, case["greedy_ids"])
    yield close(f"case.{name}.greedy_logits", steps, recorded[f"case.{name}.greedy_step_logits"], LOGITS)


def encoded(golden: Golden, media: Mapping[str, str | Sequence[str]]) -> dict[MediaKind, Tensor]:
    """Projected features of the recorded inputs that a case names."""
    encoders = {
        MediaKind.IMAGE: golden.network.encode_image,
        MediaKind.VIDEO: golden.network.encode_video,
        MediaKind.AUDIO: golden.network.encode_sound,
    }
    recorded, features = golden.tensors["model"], {}
    for word, names in media.items():
        rows = [encoders[_KINDS[word]](recorded[name]) for name in ([names] if isinstance(names, str) else names)]
        features[_KINDS[word]] = torch.cat(rows)
    return features


def _asked(golden: Golden, turns: Sequence[tuple[str, str | None]]) -> str:
    """The prompt that the product builds from the kinds of media and the bare questions."""
    first = turns[0][0]
    order = order_in(first)
    style = msgspec.structs.replace(golden.style, order=order)
    block = first.rfind(">\n") + 2 if order else 0
    questions = [first[block:], *(message for message, _ in turns[1:])]
    answers = [answer or "" for _, answer in turns[:-1]]
    tokens = {kind: golden.size.tokens(kind) for kind in order}
    return ask_text(style, tokens, questions[-1], zip(questions[:-1], answers, strict=True))


def _places(golden: Golden, ids: Tensor) -> Tensor:
    patches = torch.tensor([golden.size.ids(kind).patch for kind in MediaKind])
    return torch.isin(ids, patches)


def _greedy(network: GroundingModel, embeds: Tensor, most: int) -> tuple[list[int], Tensor]:
    """The most likely continuation, one token at a time over a cache, up to and with the end of the sequence."""
    ids: list[int] = []
    steps: list[Tensor] = []
    cache = None
    while len(ids) < most:
        out = network(inputs_embeds=embeds, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        steps.append(out.logits[0, -1])
        ids.append(int(steps[-1].argmax()))
        if ids[-1] == network.architecture.llama.eos_token_id:
            break
        embeds = network.model.embed_tokens(torch.tensor([ids[-1:]]))
    return ids, torch.stack(steps)


def _boxes(row: dict[str, Any]) -> Iterator[Row]:
    """The published text with boxes, and the product's exact boxes against it."""
    name = f"boxes.{row['image']}.{row['text'][:24]}"
    size = (row["size"][0], row["size"][1])
    yield equal(name, _BOX.sub(lambda match: _published(match, size), row["text"]), row["out"])
    for match, written in zip(_BOX.finditer(row["text"]), _BOX.finditer(row["out"]), strict=True):
        exact = to_pixels([float(part) for part in match.groups()], size)
        if exact is None:
            continue
        published = [float(part) * size[place % 2] for place, part in enumerate(written.groups())]
        largest = max(abs(ours - theirs) for ours, theirs in zip(exact.edges, published, strict=True))
        # Half a pixel and three decimals are what the published text rounds away.
        limit = 0.5 + 0.0005 * max(size) + 1e-6
        yield Row(f"{name} exact", largest <= limit, limit, largest, largest, "pixels")


def _published(match: re.Match[str], size: tuple[int, int]) -> str:
    """A box of the square in fractions of the picture, by way of whole pixels as the published code goes."""
    side = max(size)
    fractions = []
    for place, part in enumerate(match.groups()):
        edge = size[place % 2]
        pixel = round(float(part) * side) - (side - edge) // 2
        fractions.append(round(min(max(pixel / edge, 0.0), 1.0), 3))
    return str(fractions)
