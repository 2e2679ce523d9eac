"""What an answer's places refer to, and the answer's text as places in it with scores."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from engine import grammar
from engine.domain.geometry import Box
from engine.domain.media import Clock, MediaKind
from engine.domain.query import Grounding
from engine.grammar import Span
from engine.grounding.answer import AnswerText
from engine.grounding.calibration import Calibration
from engine.grounding.scoring import Judgement, judge
from engine.grounding.viewing import Viewed


class Scene(Struct, frozen=True):
    """Boxes lie in a picture of `size`, times on `clock`."""

    size: tuple[int, int] = (0, 0)
    clock: Clock | None = None


def scene_of(media: Sequence[Viewed]) -> Scene:
    """The picture's size before the clip's; the clip's clock before the sound's."""
    order = (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO)
    ranked = sorted(media, key=lambda medium: order.index(medium.kind))
    size = next((medium.size for medium in ranked if min(medium.size) > 0), (0, 0))
    return Scene(size, next((medium.clock for medium in ranked if medium.clock), None))


def places(answer: AnswerText, scene: Scene, calibration: Calibration, after: int = 0) -> list[Grounding]:
    """The groundings of the answer so far from number `after` on."""
    spans = grammar.read(answer.text)[after:]
    return [_grounding(span, judge(answer.text, span, answer.written), scene, calibration) for span in spans]


def _grounding(span: Span, judged: Judgement, scene: Scene, calibration: Calibration) -> Grounding:
    (found,) = grammar.groundings([span], scene.size, scene.clock, score=0.0)
    if found.geometry is None:
        return found
    score = calibration.score(judged.score, found.geometry)
    seconds = scene.clock.seconds if scene.clock else 0.0
    unit = float(max(scene.size)) if isinstance(found.geometry, Box) else seconds
    return msgspec.structs.replace(found, score=score, spread=tuple(edge * unit for edge in judged.spread))
