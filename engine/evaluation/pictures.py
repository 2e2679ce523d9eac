"""What two models see in a picture, side by side: truth in white, the model's boxes in colour."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from engine.domain.errors import MediaError
from engine.domain.geometry import Box
from engine.evaluation.cases import Case
from engine.evaluation.metrics import Outcome

_SIDE = 480
_BAR = 36


def side_by_side(case: Case, outcomes: Sequence[tuple[str, Outcome]], path: Path) -> None:
    """Write a PNG with one panel per named outcome."""
    try:
        with Image.open(case.media[0]) as image:
            whole = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise MediaError(f"{case.media[0]} cannot be read as a picture; put it back.") from error
    scale = _SIDE / max(whole.size)
    small = whole.resize((max(1, round(whole.width * scale)), max(1, round(whole.height * scale))))
    sheet = Image.new("RGB", (small.width * len(outcomes), small.height + _BAR), "black")
    for place, (name, outcome) in enumerate(outcomes):
        panel = small.copy()
        _draw(panel, [box for box in case.truths if isinstance(box, Box)], scale, "white")
        found = [one.geometry for one in outcome.groundings if isinstance(one.geometry, Box)]
        _draw(panel, found, scale, "orange")
        sheet.paste(panel, (place * small.width, _BAR))
        text = f"{name}: {case.question}\n{outcome.answer}"
        ImageDraw.Draw(sheet).text((place * small.width + 4, 2), text, fill="white")
    sheet.save(path)


def _draw(panel: Image.Image, boxes: Sequence[Box], scale: float, colour: str) -> None:
    draw = ImageDraw.Draw(panel)
    for box in boxes:
        x0, y0, x1, y1 = (edge * scale for edge in box.edges)
        draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=colour, width=3)
