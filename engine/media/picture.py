"""Reading pictures: one loader for what the annotator sees and what the model sees.

Pixels are BGRA, opaque (transparency is laid on white) and upright (EXIF orientation applied once, here).
"""

import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pi_heif
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image, ImageFile

from engine.domain.errors import MediaError
from engine.media.container import readable
from engine.media.orientation import Pixels, Region, stored_region, turned, upright

Image.init()
pi_heif.register_heif_opener()
# Our own limits below are stricter where it matters: they know the file's size.
Image.MAX_IMAGE_PIXELS = None
# Pixels that nobody took are not shown: a truncated picture is refused.
ImageFile.LOAD_TRUNCATED_IMAGES = False

_MAX_DECODED = 425_000_000
_MAX_SHOWN = 100_000_000
# A picture above this size must bring at least one byte for 400 pixels, or it is a bomb.
_SUSPECT, _DENSEST = 40_000_000, 400
_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274
# Texts in a PNG that may hold an orientation.
_TEXTS, _TELLING = {b"tEXt", b"zTXt", b"iTXt"}, (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
# So many rows at a time stay in the processor's cache.
_STRIP = 16
_DEEP_GREY = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "HEIF", "AVIF", "PPM", "JPEG2000")

Window = tuple[float, float]


class PictureFacts(Struct, frozen=True):
    """What the header says. `width` and `height` as displayed; `deep` has more than 8 bits a channel."""

    format: str
    width: int
    height: int
    orientation: int = 1
    pages: int = 1
    deep: bool = False
    mode: str = ""


class Picture(Struct, frozen=True, eq=False):
    """Pixels (h, w, 4) uint8 BGRA of `region` (as displayed), perhaps reduced: `scale` shown pixels for one stored.

    `window` holds the values drawn black and white if the picture is deep.
    """

    pixels: Pixels
    facts: PictureFacts
    region: Region
    page: int = 0
    window: Window | None = None

    @property
    def scale(self) -> float:
        return self.pixels.shape[1] / (self.region[2] - self.region[0])

    @property
    def rgb(self) -> Pixels:
        """(h, w, 3) uint8, a copy."""
        return np.ascontiguousarray(self.pixels[..., 2::-1])


def facts(path: Path) -> PictureFacts:
    """The header alone; raises `MediaError` for what is no picture or declares more than its size can hold."""
    with readable(path), _opened(path) as image:
        return _facts(path, image)


def load(
    path: Path, *, page: int = 0, window: Window | None = None, fit: int = 0, region: Region | None = None
) -> Picture:
    """The picture on `page` (0 is the first), or `region` of it in full resolution.

    `fit` > 0 asks for a quick preview whose longer side is at least `fit` where the file has that many. `window` maps
    the values of deep pictures to black and white, None takes the 0.1 and 99.9 percentiles. Above 100 megapixels the
    whole is reduced by a whole number; ask for regions to see every pixel.
    """
    with readable(path), _opened(path) as image:
        known = _facts(path, image)
        if not 0 <= page < known.pages:
            raise MediaError(f"{path.name} has {known.pages} pages; there is no page {page + 1}.")
        if page:
            image.seek(page)
            known = _facts(path, image)
        whole = (0, 0, known.width, known.height)
        turn = _left_to_turn(image, known.orientation)
        size = (known.height, known.width) if turned(turn) else (known.width, known.height)
        window_used = None
        if _deep_colour(path, image):
            values = _deep_pixels(path, page)
            pixels, window_used = _windowed(values, window)
            pixels = _cut(pixels, size, region, turn, fit)
        else:
            shrunk = _decoded(path, image, size, turn, region=region, fit=fit)
            if shrunk.mode in _DEEP_GREY:
                pixels, window_used = _windowed(np.asarray(shrunk), window)
            else:
                pixels = _bgra(shrunk)
    return Picture(upright(pixels, turn), known, region or whole, page, window_used)


def _opened(path: Path) -> ImageFile.ImageFile:
    if not path.is_file():
        raise FileNotFoundError(path)
    with warnings.catch_warnings():
        # Broken EXIF and TIFF tags warn; the pixels decide.
        warnings.simplefilter("ignore")
        return Image.open(path, formats=FORMATS)


def _facts(path: Path, image: Image.Image) -> PictureFacts:
    width, height = _stored_size(image)
    pixels = width * height
    if width < 1 or height < 1:
        raise MediaError(f"{path.name} has no pixels.")
    if pixels > _SUSPECT and pixels > _DENSEST * path.stat().st_size:
        kilobytes = path.stat().st_size // 1024 + 1
        raise MediaError(f"{path.name} declares {width} × {height} pixels in {kilobytes} kB and was not opened.")
    orientation = _orientation(path, image)
    if turned(orientation):
        width, height = height, width
    return PictureFacts(
        format=image.format or "",
        width=width,
        height=height,
        orientation=orientation,
        pages=int(getattr(image, "n_frames", 1)),
        deep=image.mode in _DEEP_GREY or _deep_colour(path, image),
        mode=image.mode,
    )


def _stored_size(image: Image.Image) -> tuple[int, int]:
    """Width and height before turning; of a TIFF Pillow may have changed their places already."""
    tags = getattr(image, "tag_v2", None)
    return image.size if tags is None else (tags[_WIDTH], tags[_HEIGHT])


def _orientation(path: Path, image: Image.Image) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            number = _exif(path, image).get(_ORIENTATION, 1)
    except (SyntaxError, ValueError, OSError, TypeError, KeyError):
        return 1
    return number if isinstance(number, int) and 1 <= number <= 8 else 1


def _exif(path: Path, image: Image.Image) -> Image.Exif:
    """Pillow would decode any PNG to look for it behind the pixels: here only one that has it there."""
    if image.format != "PNG" or "exif" in image.info:
        return image.getexif()
    if not _told_late(path):
        return Image.Image.getexif(image)
    _count(path, image.size, image.width * image.height)
    return image.getexif()


def _told_late(path: Path) -> bool:
    """Whether a PNG may say after its pixels how it is turned."""
    late = False
    with path.open("rb") as stream:
        stream.seek(8)
        while len(head := stream.read(8)) == 8:
            size, kind = struct.unpack(">I4s", head)
            late = late or kind == b"IDAT"
            word = stream.read(min(size, 32)) if late and kind in _TEXTS else b""
            if late and (kind == b"eXIf" or word.startswith(_TELLING)):
                return True
            stream.seek(size - len(word) + 4, 1)
    return False


def _left_to_turn(image: ImageFile.ImageFile, orientation: int) -> int:
    """The orientation of the pixels that Pillow will load: a TIFF it turns upright itself."""
    if image.format != "TIFF":
        return orientation
    if turned(orientation):
        # Mapped into memory by its name it would be read as if its sides had changed places in the file.
        image.filename = ""
    return 1


def _decoded(
    path: Path, image: Image.Image, size: tuple[int, int], turn: int, *, region: Region | None, fit: int
) -> Image.Image:
    """The pixels wanted, decoded no larger than needed; `size` is the whole's before the `turn` that is left to do."""
    if region is None:
        factor = _factor(size, fit)
        image.draft(None, (max(size[0] // factor, 1), max(size[1] // factor, 1)))
    _count(path, size, image.width * image.height)
    image.load()
    if region is not None:
        return image.crop(stored_region(region, size, turn))
    left = max(factor * image.size[0] // size[0], 1)
    return image.reduce(left) if left > 1 and image.mode not in {"1", "P", "PA"} and ";" not in image.mode else image


def _count(path: Path, size: tuple[int, int], held: int) -> None:
    """Refuse a picture of `size` of which so many pixels would be `held`."""
    if held > _MAX_DECODED:
        raise MediaError(f"{path.name} has {size[0]} × {size[1]} pixels, too many to open; cut it into tiles.")


def _factor(size: tuple[int, int], fit: int) -> int:
    """By which whole number to reduce: never below `fit`, never above what may be held."""
    factor = max(max(size) // fit, 1) if fit > 0 else 1
    while size[0] * size[1] / (factor * factor) > _MAX_SHOWN:
        factor += 1
    return factor


def _bgra(image: Image.Image) -> Pixels:
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        image = _on_white(image.convert("RGBA"))
    elif image.mode == "CMYK":
        image = image.convert("RGB")
    if image.mode != "RGB":
        image = image.convert("RGB")
    width, height = image.size
    pixels = np.empty((height, width, 4), np.uint8)
    for top in range(0, height, _STRIP):
        strip = image.crop((0, top, width, min(top + _STRIP, height))).convert("RGBA")
        pixels[top : top + _STRIP] = np.frombuffer(strip.tobytes("raw", "BGRA"), np.uint8).reshape(-1, width, 4)
    return pixels


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def _deep_colour(path: Path, image: Image.Image) -> bool:
    """Colour with 16 bits a channel, of which Pillow would keep 8."""
    if image.mode not in {"RGB", "RGBA"}:
        return False
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        bits = tags.get(258, (8,))
        return len(bits) >= 3 and max(bits) > 8
    if image.format != "PNG":
        return False
    with path.open("rb") as stream:
        header = stream.read(26)
    # Bit depth and colour type of IHDR: true colour, with or without alpha.
    return header[24:25] == b"\x10" and header[25:26] in {b"\x02", b"\x06"}


def _deep_pixels(path: Path, page: int) -> NDArray[np.uint16]:
    """(h, w, 3) RGB. Pillow keeps the upper byte of each value; told the other byte order, it keeps the lower one."""
    upper, lower = (_bytes_kept(path, page, swapped=swapped) for swapped in (False, True))
    return upper * np.uint16(256) + lower


def _bytes_kept(path: Path, page: int, *, swapped: bool) -> Pixels:
    with _opened(path) as image:
        assert isinstance(image, ImageFile.ImageFile)
        image.seek(page)
        image.tile = [tile._replace(args=_as_asked(tile.args, swapped=swapped)) for tile in image.tile]
        return np.asarray(image.convert("RGB"))


def _as_asked(args: tuple[Any, ...] | str | None, *, swapped: bool) -> tuple[Any, ...]:
    """A decoder's arguments, of which the first names what is stored: RGB;16B, for one."""
    stored, *rest = args if isinstance(args, tuple) else (str(args),)
    # Colours that were multiplied by their alpha are taken as they are.
    stored = stored.replace("RGBa", "RGBA")
    if swapped:
        stored = stored[:-1] + ("L" if stored.endswith("B") else "B")
    return (stored, *rest)


def _windowed(values: NDArray[np.generic], window: Window | None) -> tuple[Pixels, Window]:
    """(h, w) or (h, w, 3 RGB) values of any depth as BGRA, and the window used."""
    low, high = window or _levels(values)
    span = max(high - low, 1e-12)
    shown = np.clip((values.astype(np.float32) - low) * (255.0 / span), 0.0, 255.0)
    image = Image.fromarray(np.nan_to_num(shown).round().astype(np.uint8))
    return _bgra(image), (float(low), float(high))


def _levels(values: NDArray[np.generic]) -> Window:
    step = max(values.size // 1_000_000, 1)
    sample = values.reshape(-1)[::step].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(sample, (0.1, 99.9))
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1.0)


def _cut(pixels: Pixels, size: tuple[int, int], region: Region | None, orientation: int, fit: int) -> Pixels:
    if region is not None:
        x0, y0, x1, y1 = stored_region(region, size, orientation)
        return pixels[y0:y1, x0:x1]
    factor = _factor(size, fit)
    if factor == 1:
        return pixels
    return np.asarray(Image.fromarray(pixels).reduce(factor))
