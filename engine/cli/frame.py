"""`groundwork-engine frame MEDIA`: one exact frame as a PNG."""

from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from engine.domain.errors import MediaError, UsageError
from engine.domain.media import Clock, MediaKind
from engine.media import picture
from engine.media.convert import Converter
from engine.media.index import FrameIndex, frame_index
from engine.media.orientation import Pixels
from engine.media.probe import Probed, probe
from engine.media.video import VideoReader


def command(
    media: Annotated[Path, typer.Argument(help="A clip, or a picture.")],
    out: Annotated[Path, typer.Option("--out", help="The PNG to write.")],
    index: Annotated[int | None, typer.Option("--index", help="Number of the frame, from 0.")] = None,
    time: Annotated[float | None, typer.Option("--time", help="Seconds after the start.")] = None,
) -> None:
    """The frame on screen at an instant, or the page of a picture, as displayed."""
    if (index is None) == (time is None):
        raise UsageError("Give either --index or --time.")
    known = probe(media)
    if known.kind is MediaKind.AUDIO:
        raise MediaError(f"{media.name} is a sound and has no frames.")
    if known.kind is MediaKind.IMAGE:
        pixels = picture.load(media, page=index or 0).rgb
    else:
        pixels = _frame(media, known, index, time)
    try:
        Image.fromarray(pixels).save(out, "PNG")
    except OSError as error:
        raise UsageError(f"{out} cannot be written; choose another place.") from error


def _frame(media: Path, known: Probed, index: int | None, time: float | None) -> Pixels:
    frames = frame_index(media)
    pts = _wanted(media, frames, known.clock, index, time)
    reader = VideoReader(media, frames)
    try:
        found, frame = reader.at(pts)
        return Converter(known.orientation).frame(frame, found).pixels[..., 2::-1].copy()
    finally:
        reader.close()


def _wanted(media: Path, frames: FrameIndex, clock: Clock | None, index: int | None, time: float | None) -> int:
    if index is not None:
        if not 0 <= index < len(frames):
            raise UsageError(f"{media.name} has {len(frames)} frames, counted from 0; there is no frame {index}.")
        return int(frames.pts[index])
    if clock is None or time is None or not 0 <= time < clock.seconds:
        raise UsageError(f"{media.name} runs from 0 to {clock.seconds if clock else 0:.3f} s.")
    return clock.pts_at(time)
