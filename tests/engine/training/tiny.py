"""A grounding model of some 100,000 random numbers, its tokenizer and its words."""

import io
import wave
from functools import cache
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from PIL import Image

from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box, Segment, WholeItem
from engine.domain.media import Clock, MediaItem, MediaKind
from engine.domain.project import Entity
from engine.edits import created
from engine.grounding.architecture import (
    MEDIA_TOKENS,
    Architecture,
    ClipSize,
    EarSize,
    EvaSize,
    LlamaSize,
    QformerSize,
    media_ids,
)
from engine.grounding.manifest import Manifest
from engine.grounding.model_folder import save_model
from engine.grounding.network import GroundingModel
from engine.grounding.prompt import PromptStyle
from engine.grounding.tokens import Tokenizer
from engine.media.sampling import Hearing, Seeing, Watching
from engine.store.project_store import ProjectStore
from engine.training.encoding import Speech

CPU = torch.device("cpu")
PIECES = 300
_TEXT = (
    "A chat between a curious human and an artificial intelligence assistant.",
    "The assistant gives helpful, detailed, and polite answers to the human's questions.",
    "###Human: Where is the red car?###Assistant: red car:[0.123, 0.456, 0.789, 0.901]###",
    "When does the piano play? {0.12,0.57} What do you hear? It is not there. 0123456789",
)


@cache
def tokenizer_model() -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_TEXT * 20),
        model_writer=model,
        vocab_size=PIECES + 50,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return model.getvalue()


@cache
def architecture() -> Architecture:
    pieces = sentencepiece.SentencePieceProcessor(model_proto=tokenizer_model()).GetPieceSize()
    ids = list(media_ids(pieces).values())
    return Architecture(
        llama=LlamaSize(
            vocab_size=pieces + 9,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=512,
        ),
        clip=ClipSize(
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=28,
            patch_size=7,
        ),
        eva=EvaSize(
            image_size=14,
            patch_size=7,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
        ),
        qformer=QformerSize(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32),
        ear=EarSize(hidden_size=16, num_blocks=1, num_heads=2, out_size=16, intermediate_size=32),
        frame_queries=4,
        max_frames=4,
        video_tokens=6,
        sound_tokens=4,
        sound_positions=8,
        image_ids=ids[0],
        video_ids=ids[1],
        sound_ids=ids[2],
    )


def speech() -> Speech:
    size = architecture()
    special = {
        name: number
        for kind, names in MEDIA_TOKENS.items()
        for name, number in zip(names, (size.ids(kind).patch, size.ids(kind).start, size.ids(kind).end), strict=True)
    }
    return Speech(Tokenizer(tokenizer_model(), special), PromptStyle(), size)


def model(seed: int = 0) -> GroundingModel:
    torch.manual_seed(seed)
    return GroundingModel(architecture()).eval()


def model_folder(folder: Path, seed: int = 0) -> Path:
    """The model as a folder that every command reads."""
    size = architecture()
    manifest = Manifest(
        name="Tiny",
        architecture=size,
        seeing=Seeing(resize=size.clip.image_size, crop=size.clip.image_size),
        watching=Watching(side=size.eva.image_size, limit=size.max_frames),
        hearing=Hearing(windows=size.sound_positions, placement="whole"),
        prompt=PromptStyle(),
        senses=(),
        languages=(),
        files={},
    )
    save_model(folder, model(seed), manifest, tokenizer_model(), "fp32")
    return folder


def project(folder: Path, pictures: int = 8) -> Path:
    """A project of pictures, each with a red and a blue rectangle that an annotator accepted, and a short sound."""
    chance = np.random.default_rng(0)
    entities: list[Entity] = []
    folder.mkdir(parents=True)
    by = Provenance(Origin.HUMAN, "", "2026-01-01T00:00:00Z")
    for number in range(pictures):
        pixels = np.full((48, 64, 3), 200, np.uint8)
        item = MediaItem(f"p{number}", f"p{number}.png", MediaKind.IMAGE, 64, 48)
        entities.append(item)
        for phrase, colour in (("red car", (200, 0, 0)), ("blue dog", (0, 0, 200))):
            x, y = int(chance.integers(0, 40)), int(chance.integers(0, 30))
            pixels[y : y + 16, x : x + 20] = colour
            box = Box(float(x), float(y), x + 20.0, min(y + 16.0, 48.0))
            entities.append(Annotation(f"{item.id}{phrase}", item.id, phrase, box, Review.ACCEPTED, by))
        Image.fromarray(pixels).save(folder / item.path)
    with wave.open(str(folder / "s.wav"), "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
        sound.writeframes((chance.normal(0, 3000, 32000)).astype("<i2").tobytes())
    entities.append(MediaItem("s", "s.wav", MediaKind.AUDIO, clock=Clock(1, 16000, 0, 32000)))
    entities.append(Annotation("s1", "s", "the piano", Segment(8000, 24000), Review.MISSED, by))
    entities.append(Annotation("s2", "s", "A noise.", WholeItem(), Review.MISSED, by))
    store = ProjectStore.create(folder)
    store.apply(created("Fill", entities))
    store.close()
    return folder
