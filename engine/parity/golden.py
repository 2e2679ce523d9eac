"""A folder of golden data: what it says about its model, and the model itself in float32."""

import re
from pathlib import Path
from typing import Any

from msgspec import Struct
from torch import Tensor

from engine.domain.errors import ModelError
from engine.domain.media import MediaKind
from engine.grounding.architecture import MEDIA_TOKENS, Architecture
from engine.grounding.checkpoint import fill, laid_out, own_name
from engine.grounding.network import GroundingModel
from engine.grounding.prompt import PromptStyle
from engine.grounding.published import architecture, seeing
from engine.grounding.published_folder import locate, read_json
from engine.grounding.tensor_file import read_header, read_tensor
from engine.grounding.tokens import Tokenizer, tokenizer
from engine.media.sampling import Hearing, Seeing, Watching

_START = re.compile("|".join(re.escape(start) for _, start, _ in MEDIA_TOKENS.values()))


class Golden(Struct, frozen=True):
    """Everything of one folder. `table` and `tensors` are by file stem: preprocess, model, training."""

    folder: Path
    network: GroundingModel
    tokens: Tokenizer
    seeing: Seeing
    watching: Watching
    style: PromptStyle
    tables: dict[str, dict[str, Any]]
    tensors: dict[str, dict[str, Tensor]]

    @property
    def size(self) -> Architecture:
        return self.network.architecture

    def hearing(self, name: str) -> Hearing:
        """How the folder's model hears the sound file `name`: windows, length and sizes as recorded."""
        ranges = self.tables["preprocess"]["sounds"][name]["clip_sample_ranges"]
        clips = self.tensors["preprocess"][f"sound.{name}.clips"]
        rate = Hearing().rate
        return Hearing(
            windows=len(ranges),
            seconds=(ranges[0][1] - ranges[0][0]) / rate,
            bins=clips.shape[-2],
            frames=clips.shape[-1],
        )


def read_golden(folder: Path) -> Golden:
    """Read a folder; a ModelError where it is not laid out as golden data are."""
    checkpoint, tower = folder / "checkpoint", folder / "clip_vision_tower"
    stems = ("preprocess", "model", "training")
    tables = {stem: read_json(folder / f"{stem}.json") for stem in stems}
    tensors = {stem: _tensors(folder / f"{stem}.safetensors") for stem in stems}
    config = read_json(checkpoint / "config.json")
    located = {name: place.path for name, place in locate(checkpoint).items()}
    state = {name: tensor for path in sorted(set(located.values())) for name, tensor in _tensors(path).items()}
    clip = {
        f"vision_tower.{name}": tensor
        for path in sorted({place.path for place in locate(tower).values()})
        for name, tensor in _tensors(path).items()
    }
    size = architecture(
        {name: tuple(tensor.shape) for name, tensor in state.items()},
        config,
        read_json(tower / "config.json"),
        read_json(checkpoint / "added_tokens.json", optional=True),
        read_json(folder / "arch.json"),
    )
    processor = read_json(tower / "preprocessor_config.json")
    told = tables["preprocess"].get("image_processor", {})
    whole = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in (state | clip).items()}
    network = laid_out(GroundingModel, size, {own_name(name): None for name in whole})
    return Golden(
        folder,
        fill(network, whole.items()).eval(),
        tokenizer(checkpoint / "tokenizer.model", size),
        seeing(processor, config, told.get("pad_colour")),
        Watching(side=size.eva.image_size, limit=size.max_frames),
        style_of(tables["model"].get("conversation", {})),
        tables,
        tensors,
    )


def style_of(told: dict[str, Any]) -> PromptStyle:
    """The prompt style that `model.json` records."""
    usual = PromptStyle()
    human, assistant = told.get("roles", (usual.human, usual.assistant))
    separator = told.get("sep", usual.separator)
    return PromptStyle(
        system=told.get("system", usual.system),
        human=human,
        assistant=assistant,
        separator=separator,
        second_separator=told.get("sep2") or "",
        stop=told.get("stop_string", separator),
    )


def order_in(text: str) -> tuple[MediaKind, ...]:
    """The kinds of media in the order in which `text` has them."""
    kinds = {start: kind for kind, (_, start, _) in MEDIA_TOKENS.items()}
    return tuple(kinds[found] for found in _START.findall(text))


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        with path.open("rb") as file:
            return {name: read_tensor(file, stored) for name, stored in read_header(path).items()}
    except OSError as error:
        raise ModelError(f"{path} cannot be read; choose a whole folder of golden data.") from error
