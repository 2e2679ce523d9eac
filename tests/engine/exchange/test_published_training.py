"""Our conversations are, to the published training code, the records that it was given."""

import json
from pathlib import Path

import msgspec
import pytest

from engine.domain.annotation import Annotation
from engine.domain.query import Query
from engine.exchange.dataset import Dataset
from engine.exchange.exporting import Plan, export
from engine.exchange.formats import format_named
from engine.grounding.architecture import MEDIA_TOKENS
from engine.grounding.prompt import PromptStyle, training_text
from engine.grounding.tokens import Tokenizer
from engine.media.probe import media_item
from tests.engine.exchange.samples import incoming

GOLDEN = Path(__file__).parents[2] / "golden" / "parity" / "set_A"
_KINDS = {"image": "image", "video": "video", "sound": "audio"}


def told() -> dict[str, list[dict[str, object]]]:
    return json.loads((GOLDEN / "training.json").read_bytes())


def come_back(tmp_path: Path) -> list[dict[str, object]]:
    """The published records read into a project and written again."""
    media = GOLDEN / "media"
    items = tuple(media_item(path, media) for path in sorted(media.iterdir()))
    source = tmp_path / "published.json"
    source.write_text(json.dumps(told()["records"]))
    into, format_ = incoming(Dataset(items)), format_named("groundinggpt")
    found = list(format_.read(source, into))
    assert [(loss.how, loss.count) for loss in into.losses] == [("clipped", 1), ("dropped", 1)]
    rows = tuple(one for one in found if isinstance(one, Annotation))
    asked = tuple(one for one in found if isinstance(one, Query))
    export(Dataset(items, (), rows, asked), tmp_path / "ours.json", format_, Plan())
    return json.loads((tmp_path / "ours.json").read_bytes())


@pytest.mark.parametrize("at", range(3))
def test_text_and_token_ids_are_the_published_ones(at: int, tmp_path: Path) -> None:
    golden = told()["encoded"][at]
    key = next(key for key in _KINDS if key in told()["records"][at])
    ours = next(record for record in come_back(tmp_path) if key in record)
    assert ours[key] == told()["records"][at][key]
    text = assembled(ours)
    assert text == golden["text"]
    assert tokens().encode(text) == golden["input_ids"]


def assembled(record: dict[str, object]) -> str:
    """As the published reader does: the medium's block in front of the first message, wherever its mark stood."""
    style = PromptStyle()
    messages = []
    for said in msgspec.convert(record["conversations"], list[dict[str, str]]):
        speaker = style.human if said["from"] == "human" else style.assistant
        words = said["value"]
        for key, kind in _KINDS.items():
            if f"<{key}>" in words:
                patch, start, end = next(names for one, names in MEDIA_TOKENS.items() if one == kind)
                block = f"{start}{patch * count(kind)}{end}"
                words = f"{block}\n" + words.replace(f"<{key}>", "").strip()
        messages.append((speaker, words))
    return "".join(training_text(style, messages))


def count(kind: str) -> int:
    """How many tokens the small model gives to a medium, as the golden texts show."""
    patch = next(names[0] for one, names in MEDIA_TOKENS.items() if one == kind)
    return max(str(row["text"]).count(patch) for row in told()["encoded"])


def tokens() -> Tokenizer:
    added = json.loads((GOLDEN / "checkpoint" / "added_tokens.json").read_bytes())
    names = {name for group in MEDIA_TOKENS.values() for name in group}
    special = {name: number for name, number in added.items() if name in names}
    return Tokenizer((GOLDEN / "checkpoint" / "tokenizer.model").read_bytes(), special)


def test_a_foreign_answer_keeps_its_wording(tmp_path: Path) -> None:
    first = come_back(tmp_path)
    words = [
        said["value"] for record in first for said in msgspec.convert(record["conversations"], list[dict[str, str]])
    ]
    assert "The car is at [0.100, 0.200, 0.300, 0.400]." in words
    assert "During {0.12,0.57}." in words
