"""What the embedded model rehearses while it learns from a user: conversations about old kinds that ship with the app.

A share of them is learned again in every stage, against forgetting. Drawn once, as drawing needs fonts and instruments.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from engine.domain.media import MediaKind
from engine.domain.training import Exchange, Record
from engine.evaluation.groundling import posed
from engine.exchange.training_set import to_conversations
from engine.groundling import media
from engine.synthesis import pictures, questions
from engine.synthesis.questions import Asked

SEED = 20_261_130
PICTURES, QUESTIONS, CLIPS = 960, 5, 5
CONVERSATIONS = "conversations.json"
_SIDE = 224


def draw_rehearsal(folder: Path, count: int = PICTURES, clips: int = CLIPS) -> Path:
    """Draw `count` pictures and `clips` of clips and of sounds with their conversations into `folder`; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [*_pictures(folder, count), *_lasting(folder, clips)]
    path = folder / CONVERSATIONS
    path.write_bytes(msgspec.json.encode(list(to_conversations(records))) + b"\n")
    return path


def _pictures(folder: Path, count: int) -> Iterator[Record]:
    worlds = media.Worlds()
    for number in range(count):
        rng = np.random.default_rng((SEED, number))
        world = worlds.either(rng)
        page, scene = pictures.picture(rng, world, _SIDE)
        name = f"{number:03d}.jpg"
        Image.fromarray(page).save(folder / name, quality=90)
        asked = questions.of_picture(rng, scene, world.kinds, QUESTIONS)
        for place, one in enumerate(asked):
            yield Record(f"rehearsal/{number}/{place}", {MediaKind.IMAGE: name}, _turns(one))
        # Asked in passing: what only the question before explains.
        before = asked[int(rng.integers(len(asked)))] if asked else None
        if before and (after := questions.following(rng, scene, world.kinds, before)):
            yield Record(f"rehearsal/{number}/talk", {MediaKind.IMAGE: name}, _turns(before, after))


def _turns(*asked: Asked) -> tuple[Exchange, ...]:
    return tuple(Exchange(one.question, one.answer) for one in asked)


def _lasting(folder: Path, count: int) -> Iterator[Record]:
    kinds = {"clip": MediaKind.VIDEO, "sound": MediaKind.AUDIO}
    for one in posed(SEED, count, folder, kinds):
        name = Path(one.case.media[0]).name
        yield Record(f"rehearsal/{name}", {kinds[one.task]: name}, (Exchange(one.case.question, one.answer),))
