"""Reading pictures: one loader for what the annotator sees and what the model sees.

Pixels are BGRA, opaque (transparency is laid on white) and upright (EXIF orientation applied once, here).
"""

import warnings
from pathlib import Path

import cv2
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
_ORIENTATION = 274
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
        window_used = None
        if _deep_colour(path, image):
            values = _deep_pixels(path, page)
            pixels, window_used = _windowed(values, window)
            pixels = _cut(pixels, image.size, region, known.orientation, fit)
        else:
            shrunk = _decoded(path, image, known, region, fit)
            if shrunk.mode in _DEEP_GREY:
                pixels, window_used = _windowed(np.asarray(shrunk), window)
            else:
                pixels = _bgra(shrunk)
    return Picture(upright(pixels, known.orientation), known, region or whole, page, window_used)


def _opened(path: Path) -> Image.Image:
    if not path.is_file():
        raise FileNotFoundError(path)
    with warnings.catch_warnings():
        # Broken EXIF and TIFF tags warn; the pixels decide.
        warnings.simplefilter("ignore")
        return Image.open(path, formats=FORMATS)


def _facts(path: Path, image: Image.Image) -> PictureFacts:
    width, height = image.size
    pixels = width * height
    if width < 1 or height < 1:
        raise MediaError(f"{path.name} has no pixels.")
    if pixels > _SUSPECT and pixels > _DENSEST * path.stat().st_size:
        kilobytes = path.stat().st_size // 1024 + 1
        raise MediaError(f"{path.name} declares {width} × {height} pixels in {kilobytes} kB and was not opened.")
    orientation = _orientation(image)
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


def _orientation(image: Image.Image) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            number = image.getexif().get(_ORIENTATION, 1)
    except (SyntaxError, ValueError, OSError, TypeError, KeyError):
        return 1
    return number if isinstance(number, int) and 1 <= number <= 8 else 1


def _decoded(path: Path, image: Image.Image, known: PictureFacts, region: Region | None, fit: int) -> Image.Image:
    """The stored pixels wanted, decoded no larger than needed."""
    size = image.size
    if region is None:
        factor = _factor(size, fit)
        image.draft(None, (max(size[0] // factor, 1), max(size[1] // factor, 1)))
    if image.size[0] * image.size[1] > _MAX_DECODED:
        raise MediaError(f"{path.name} has {size[0]} × {size[1]} pixels, too many to open; cut it into tiles.")
    image.load()
    if region is not None:
        return image.crop(stored_region(region, size, known.orientation))
    left = max(factor * image.size[0] // size[0], 1)
    return image.reduce(left) if left > 1 and image.mode not in {"1", "P", "PA"} and ";" not in image.mode else image


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
    return np.asarray(cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGRA), np.uint8)


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def _deep_colour(path: Path, image: Image.Image) -> bool:
    """Colour with 16 bits a channel, of which Pillow would keep 8."""
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


def _deep_pixels(path: Path, page: int) -> NDArray[np.generic]:
    data = np.fromfile(path, np.uint8)
    if page:
        done, pages = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED)
        values = pages[page] if done and page < len(pages) else None
    else:
        values = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if values is None:
        raise ValueError("its 16-bit pixels cannot be decoded")
    return np.asarray(values)


def _windowed(values: NDArray[np.generic], window: Window | None) -> tuple[Pixels, Window]:
    """(h, w) or (h, w, 3 | 4 BGR[A]) values of any depth as BGRA, and the window used."""
    colour = values[..., :3] if values.ndim == 3 else values
    low, high = window or _levels(colour)
    span = max(high - low, 1e-12)
    shown = np.clip((colour.astype(np.float32) - low) * (255.0 / span), 0.0, 255.0)
    grey = np.nan_to_num(shown).round().astype(np.uint8)
    pixels = np.full((*grey.shape[:2], 4), 255, np.uint8)
    pixels[..., :3] = grey if grey.ndim == 3 else grey[..., None]
    return pixels, (float(low), float(high))


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
    smaller = max(size[0] // factor, 1), max(size[1] // factor, 1)
    return np.asarray(cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA), np.uint8)
