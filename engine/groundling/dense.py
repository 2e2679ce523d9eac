"""Dense lessons for the encoders: what covers each patch and where its box lies, what is there at each moment.

They teach the encoders before there is any text, and keep them honest afterwards. Targets come from the generator.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from msgspec import Struct
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from engine.domain.geometry import Box
from engine.grammar import to_square
from engine.grounding.architecture import Architecture
from engine.groundling.design import STEPS
from engine.synthesis.clips import Clip
from engine.synthesis.kinds import COLOURS, KNOWN, SHAPES, strangers
from engine.synthesis.material import KNOWN_SOUNDS
from engine.synthesis.pictures import Scene, Thing
from engine.synthesis.sounds import Sounding
from engine.training.guidance import Edges, covered, shares

NAMES = {kind.name: place for place, kind in enumerate((*KNOWN, *SHAPES))}
STRANGERS = {kind.name: len(NAMES) + 1 + place for place, kind in enumerate(strangers())}
"""What the encoders tell apart although no lesson in words is about it: so they see more than the words can say."""
SHADES = {colour: place for place, colour in enumerate(COLOURS)}
_CLASSES = {**NAMES, **STRANGERS}
VOICES = {kind.name: place for place, kind in enumerate(KNOWN_SOUNDS)}
_NOTHING = len(NAMES)
_IGNORED = -100
_WAVES = (1, 2, 5, 10)
"""Turns of a wave over the picture: the last one repeats with the second digit of an edge."""
_MOST = 5
_EXTREMES = 6


class Patches(Struct, frozen=True):
    """Per patch of a picture [rows, columns]: name (or nothing), colour (or ignored), box in the square [.., 4].

    `ranks` [.., 8] tell what the thing is among those of its name: whether leftmost, rightmost, topmost, lowest,
    largest, smallest (0 or 1), its place from the left, and how many there are besides; ignored where nothing is.
    """

    names: NDArray[np.int64]
    colours: NDArray[np.int64]
    boxes: NDArray[np.float32]
    ranks: NDArray[np.int64]


def patches(scene: Scene, grid: int) -> Patches:
    """What covers each patch; of things that overlap, the one in front."""
    names = np.full((grid, grid), _NOTHING)
    colours = np.full((grid, grid), _IGNORED)
    boxes = np.zeros((grid, grid, 4), np.float32)
    ranks = np.full((grid, grid, _EXTREMES + 2), _IGNORED)
    for thing in scene.things:
        place = to_square(thing.box, scene.size)
        mine = covered(place, grid)
        names[mine] = _CLASSES[thing.kind.name]
        colours[mine] = SHADES[thing.colour] if thing.colour else _IGNORED
        boxes[mine] = place
        ranks[mine] = _rank(thing, scene)
    return Patches(names, colours, boxes, ranks)


def _rank(thing: Thing, scene: Scene) -> tuple[int, ...]:
    boxes = [other.box for other in scene.things if other.name == thing.name]
    mine = thing.box
    across, down = [box.x0 + box.x1 for box in boxes], [box.y0 + box.y1 for box in boxes]
    areas = [box.area for box in boxes]
    extremes = (
        mine.x0 + mine.x1 == min(across),
        mine.x0 + mine.x1 == max(across),
        mine.y0 + mine.y1 == min(down),
        mine.y0 + mine.y1 == max(down),
        mine.area == max(areas),
        mine.area == min(areas),
    )
    place = sum((box.x0, box.y0) < (mine.x0, mine.y0) for box in boxes)
    return (*map(int, extremes), min(place, _MOST - 1), min(len(boxes), _MOST) - 1)


def mirrored(seen: Patches) -> Patches:
    """The same of a picture that is turned left to right."""
    left, top, right, bottom = np.moveaxis(seen.boxes[:, ::-1], -1, 0)
    ranks = seen.ranks[:, ::-1][..., [1, 0, *range(2, _EXTREMES + 2)]]
    # Who is first from the left is told by left edges, which are right edges now.
    ranks[..., _EXTREMES] = _IGNORED
    boxes = np.stack([1 - right, top, 1 - left, bottom], axis=-1)
    return Patches(seen.names[:, ::-1], seen.colours[:, ::-1], boxes, ranks)


def frames(clip: Clip, grid: int) -> NDArray[np.int64]:
    """What covers each patch of each frame shown, [STEPS, grid * grid]."""
    seen = []
    for step in range(STEPS):
        placed = [(actor, actor.box_at(step * clip.seconds / STEPS)) for actor in clip.actors]
        names = np.full((grid, grid), _NOTHING)
        for actor, box in placed:
            if box:
                names[covered(squashed(box, clip.size), grid)] = NAMES[actor.name.split()[-1]]
        seen.append(names.reshape(-1))
    return np.stack(seen)


def squashed(box: Box, size: tuple[int, int]) -> Edges:
    """A box in pixels as fractions of a picture squashed to a square."""
    return box.x0 / size[0], box.y0 / size[1], box.x1 / size[0], box.y1 / size[1]


def slides(scenes: Sequence[Scene], grid: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """As `frames` and `moments`, of a clip each of whose moments shows another picture."""
    names, there = np.full((STEPS, grid, grid), _NOTHING), np.zeros((STEPS, len(NAMES)), np.float32)
    for step, scene in enumerate(scenes):
        for thing in scene.things:
            names[step][covered(squashed(thing.box, scene.size), grid)] = NAMES[thing.kind.name]
            there[step, NAMES[thing.kind.name]] = 1
    return names.reshape(STEPS, -1), _changes(there)


def moments(clip: Clip) -> NDArray[np.float32]:
    """What a clip shows at each of its STEPS moments: [STEPS, 3, names] there, begins, ends."""
    there = np.zeros((STEPS, len(NAMES)), np.float32)
    for actor in clip.actors:
        at = np.arange(STEPS) * clip.seconds / STEPS
        there[(at >= actor.start) & (at < actor.end), NAMES[actor.name.split()[-1]]] = 1
    return _changes(there)


def soundings(seconds: float, events: tuple[Sounding, ...]) -> NDArray[np.float32]:
    """What is heard in each twentieth of a sound: [STEPS, 3, kinds] there, begins, ends."""
    there = np.zeros((STEPS, len(VOICES)), np.float32)
    edges = np.arange(STEPS + 1) / STEPS
    for event in events:
        there[shares(event.start / seconds, event.end / seconds, edges) >= 0.5, VOICES[event.kind.name]] = 1
    return _changes(there)


def _changes(there: NDArray[np.float32]) -> NDArray[np.float32]:
    silent = np.zeros_like(there[:1])
    begins = there * (1 - np.concatenate([silent, there[:-1]]))
    ends = there * (1 - np.concatenate([there[1:], silent]))
    return np.stack([there, begins, ends], axis=1)


class Dense(nn.Module):
    """Linear readers of what the encoders say; they are used in training only."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.patch = nn.Linear(size.clip.hidden_size, len(NAMES) + 1 + len(SHADES) + 4 + 80)
        self.early = nn.Linear(size.clip.hidden_size, len(NAMES) + 1 + len(STRANGERS) + 4)
        self.strangers = nn.Linear(size.clip.hidden_size, len(STRANGERS))
        self.waves = nn.Linear(size.clip.hidden_size, 4 * 2 * len(_WAVES))
        self.ranks = nn.Linear(size.clip.hidden_size, _EXTREMES + 2 * _MOST)
        self.spot = nn.Linear(size.eva.hidden_size, len(NAMES) + 1)
        self.frame = nn.Linear(size.qformer.hidden_size, len(NAMES))
        self.moment = nn.Linear(size.qformer.hidden_size, 3 * len(NAMES))
        self.window = nn.Linear(size.ear.out_size, len(VOICES))
        self.digits = nn.Linear(size.llama.hidden_size, 80)
        self.sounding = nn.Linear(size.qformer.hidden_size, 3 * len(VOICES))

    def picture(
        self, features: Tensor, names: Tensor, colours: Tensor, boxes: Tensor, ranks: Tensor
    ) -> dict[str, Tensor]:
        """Features (B, N, width); names, colours (B, N), boxes (B, N, 4), ranks (B, N, 8) -> losses by name."""
        said = self.patch(features).float()
        kind, shade, edges, digits = said.split((len(NAMES) + 1, len(SHADES), 4, 80), dim=-1)
        kind = torch.cat([kind, self.strangers(features).float()], dim=-1)
        on = names != _NOTHING
        true = boxes[on]
        whole = (true * 1000).round().clamp(0, 999).long()
        tens, ones = digits[on].view(-1, 4, 2, 10).unbind(2)
        return {
            "name": functional.cross_entropy(kind.flatten(0, 1), names.flatten()),
            "colour": 0.5 * _choice(shade.flatten(0, 1), colours.flatten()),
            "box": 8 * functional.l1_loss(edges[on], true),
            "digits": 0.15
            * (
                functional.cross_entropy(tens.flatten(0, 1), (whole // 100).flatten())
                + functional.cross_entropy(ones.flatten(0, 1), (whole // 10 % 10).flatten())
            ),
            "waves": _waves(self.waves(features[on]).float(), true),
            "ranks": _ranks(self.ranks(features[on]).float(), ranks[on]),
        }

    def halfway(self, features: Tensor, names: Tensor, boxes: Tensor) -> Tensor:
        """As `picture`, of names and boxes alone, from an earlier layer: one loss."""
        said = self.early(features).float()
        on = names != _NOTHING
        naming = functional.cross_entropy(said[..., :-4].flatten(0, 1), names.flatten())
        return 0.5 * naming + 4 * functional.l1_loss(said[..., -4:][on], boxes[on])

    def clip(self, seen: tuple[Tensor, Tensor, Tensor], names: Tensor, truth: Tensor) -> dict[str, Tensor]:
        """Losses by name of what was `seen`, in three depths.

        Patches (B, T, N, eva width), frame rows (B, T, Q, width) and step rows (B, STEPS, width); names (B, T, N) and
        truth (B, STEPS, 3, names).
        """
        patches, rows, steps = seen
        spots = self.spot(patches).float()
        frames = self.frame(rows.mean(dim=2)).float()
        said = self.moment(steps).float().unflatten(-1, (3, -1))
        return {
            "spot": functional.cross_entropy(spots.flatten(0, 2), names.flatten()),
            "frame": _many(frames, truth[:, :, 0]),
            "moment": _many(said, truth),
        }

    def sound(self, windows: Tensor, steps: Tensor, truth: Tensor) -> dict[str, Tensor]:
        """Window rows (B, W, width), step rows (B, STEPS, width), truth (B, STEPS, 3, kinds) -> losses by name."""
        heard = self.window(windows).float()
        said = self.sounding(steps).float().unflatten(-1, (3, -1))
        within = truth[:, :, 0].unflatten(1, (heard.shape[1], -1)).amax(dim=2)
        return {"window": _many(heard, within), "sounding": _many(said, truth)}

    def ahead(self, hidden: Tensor, digits: Tensor) -> Tensor:
        """What a name in an answer (P, width) knows of the digits to come (P, 8): the summed loss."""
        said = self.digits(hidden).float().view(-1, 10)
        return functional.cross_entropy(said, digits.flatten(), ignore_index=_IGNORED, reduction="sum")


def _waves(said: Tensor, edges: Tensor) -> Tensor:
    """How far `said` (P, 4 * 2 * waves) is from sine and cosine of each edge (P, 4), at every number of turns."""
    turns = 2 * math.pi * edges[..., None] * edges.new_tensor(_WAVES)
    return functional.mse_loss(said, torch.stack([turns.sin(), turns.cos()], dim=-1).flatten(1))


def _ranks(said: Tensor, truth: Tensor) -> Tensor:
    """Of the extremes and of the two choices behind them: `said` (P, 6 + 2 * most), `truth` (P, 8)."""
    extremes, places, numbers = said.split((_EXTREMES, _MOST, _MOST), dim=-1)
    yes = functional.binary_cross_entropy_with_logits(extremes, truth[:, :_EXTREMES].float())
    return yes + 0.5 * _choice(places, truth[:, _EXTREMES]) + 0.5 * _choice(numbers, truth[:, _EXTREMES + 1])


def _choice(said: Tensor, truth: Tensor) -> Tensor:
    """Mean cross-entropy over what is not ignored; 0 where there is nothing else."""
    total = functional.cross_entropy(said, truth, ignore_index=_IGNORED, reduction="sum")
    return total / (truth != _IGNORED).sum().clamp(min=1)


def _many(said: Tensor, truth: Tensor) -> Tensor:
    """Several of many at once: the sum over kinds, the mean over the rest, times a scale near that of a choice."""
    return 0.5 * functional.binary_cross_entropy_with_logits(said, truth, reduction="none").sum(-1).mean()
