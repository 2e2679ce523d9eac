"""Reading pictures: one loader for what the annotator sees and what the model sees.

Pixels are BGRA, opaque (transparency is laid on white) and upright (EXIF orientation applied once, here).
"""

import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pi_heif
from msgspec import Struct
from PIL import Image, ImageFile, UnidentifiedImageError

from engine.domain.errors import MediaError
from engine.media.container import readable
from engine.media.deep_picture import DeepPicture, Window, halves, has_planes, is_deep
from engine.media.orientation import Pixels, Region, stored_region, turned, upright

Image.init()
pi_heif.register_heif_opener()
# Our own limits below are stricter where it matters: they know the file's size.
Image.MAX_IMAGE_PIXELS = None
# Pixels that nobody took are not shown: a truncated picture is refused.
ImageFile.LOAD_TRUNCATED_IMAGES = False

_MAX_DECODED = 425_000_000
_MAX_SHOWN = 100_000_000
# A picture above this size must bring at least one byte for so many pixels, or it is a bomb. Colours need the most, and
# the fewer bits a pixel has the denser is a page that is nearly blank.
_SUSPECT, _DENSEST = 40_000_000, 400
_DENSER = {"1": 24, "L": 8, "P": 8, "I;16": 2, "I;16B": 2}
_TIFFS = {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}
_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274
# Texts in a PNG that may hold an orientation.
_TEXTS, _TELLING = {b"tEXt", b"zTXt", b"iTXt"}, (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
# So many rows at a time stay in the processor's cache.
_STRIP = 16
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "HEIF", "AVIF", "PPM", "JPEG2000")


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
    with readable(path), _within_memory(path), _opened(path) as image:
        return _facts(path, image)


def load(
    path: Path, *, page: int = 0, window: Window | None = None, fit: int = 0, region: Region | None = None
) -> Picture:
    """The picture on `page` (0 is the first), or `region` of it in full resolution.

    `fit` > 0 asks for a quick preview whose longer side is at least `fit` where the file has that many. `window` maps
    the values of deep pictures to black and white, None takes the 0.1 and 99.9 percentiles. Above 100 megapixels the
    whole is reduced by a whole number; ask for regions to see every pixel.
    """
    with readable(path), _within_memory(path), _opened(path) as image:
        known = _on_page(path, image, page)
        turn = _left_to_turn(image, known.orientation)
        size = (known.height, known.width) if turned(turn) else (known.width, known.height)
        factor = _factor(size, fit) if region is None else 1
        part: Callable[[Region], Image.Image]
        if known.deep:
            deep = _deep(path, image, page)
            window = window or deep.levels()
            part = partial(deep.shown, window=window)
        else:
            factor = _decode(path, image, factor)
            window, size, part = None, image.size, image.crop
        box = (0, 0, *size) if region is None else stored_region(region, size, turn)
        pixels = upright(_drawn(part, box, factor), turn)
    return Picture(pixels, known, region or (0, 0, known.width, known.height), page, window)


@contextmanager
def _within_memory(path: Path) -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise MediaError(
            f"{path.name} is too large for the memory that is free; make it smaller or cut it into tiles."
        ) from error


def _opened(path: Path) -> ImageFile.ImageFile:
    if not path.is_file():
        raise FileNotFoundError(path)
    with warnings.catch_warnings():
        # Broken EXIF and TIFF tags warn; the pixels decide.
        warnings.simplefilter("ignore")
        try:
            return Image.open(path, formats=FORMATS)
        except UnidentifiedImageError:
            raise _unknown(path) from None


def _unknown(path: Path) -> Exception:
    """What to say of a file that Pillow does not know; its own words name the whole path."""
    with path.open("rb") as stream:
        if stream.read(4) not in _TIFFS:
            return UnidentifiedImageError("it is no picture")
    return MediaError(
        f"{path.name} is a TIFF that is damaged or of a kind that cannot be shown; "
        "save it with 8 or 16 bits for each colour."
    )


def _facts(path: Path, image: ImageFile.ImageFile) -> PictureFacts:
    width, height = _stored_size(image)
    pixels = width * height
    if width < 1 or height < 1:
        raise MediaError(f"{path.name} has no pixels.")
    densest = _DENSEST * _DENSER.get(image.mode, 1)
    if pixels > _SUSPECT and pixels > densest * path.stat().st_size:
        kilobytes = path.stat().st_size // 1024 + 1
        raise MediaError(f"{path.name} declares {width} × {height} pixels in {kilobytes} kB and was not opened.")
    if has_planes(image):
        raise MediaError(
            f"{path.name} holds its channels apart in 16 bits, which cannot be shown; save it interleaved."
        )
    deep = is_deep(image)
    orientation = _orientation(path, image)
    if turned(orientation):
        width, height = height, width
    return PictureFacts(
        format=image.format or "",
        width=width,
        height=height,
        orientation=orientation,
        pages=_pages(image),
        deep=deep,
        mode=image.mode,
    )


def _pages(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except TypeError as error:
        # So Pillow says that a page of a TIFF has no size.
        raise ValueError("a page of it is broken") from error


def _stored_size(image: Image.Image) -> tuple[int, int]:
    """Width and height before turning; of a TIFF Pillow may have changed their places already."""
    tags = getattr(image, "tag_v2", None)
    return image.size if tags is None else (tags[_WIDTH], tags[_HEIGHT])


def _orientation(path: Path, image: Image.Image) -> int:
    if image.format == "PNG" and "exif" not in image.info and _told_late(path):
        _count(path, image.size, image.width * image.height)
        image.load()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Pillow's class of PNG would decode any of them here to look behind the pixels, and hide that they fail.
            number = Image.Image.getexif(image).get(_ORIENTATION, 1)
    except (SyntaxError, ValueError, OSError, TypeError, KeyError):
        return 1
    return number if isinstance(number, int) and 1 <= number <= 8 else 1


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


def _on_page(path: Path, image: ImageFile.ImageFile, page: int) -> PictureFacts:
    known = _facts(path, image)
    if not 0 <= page < known.pages:
        raise MediaError(f"{path.name} has {known.pages} pages; there is no page {page + 1}.")
    if page == 0:
        return known
    image.seek(page)
    return _facts(path, image)


def _deep(path: Path, image: ImageFile.ImageFile, page: int) -> DeepPicture:
    if image.mode not in {"RGB", "RGBA"}:
        _count(path, image.size, image.width * image.height)
        image.load()
        return DeepPicture(image, image)
    _count(path, image.size, 2 * image.width * image.height)
    with _opened(path) as one, _opened(path) as other:
        one.seek(page)
        other.seek(page)
        return DeepPicture(image, *halves(one, other))


def _decode(path: Path, image: ImageFile.ImageFile, factor: int) -> int:
    """By how much the decoded picture is still to be reduced: a decoder may be quicker by doing its part."""
    width, height = image.size
    image.draft(None, (max(width // factor, 1), max(height // factor, 1)))
    _count(path, (width, height), image.width * image.height)
    image.load()
    return max(factor * image.width // width, 1)


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


def _drawn(part: Callable[[Region], Image.Image], box: Region, factor: int) -> Pixels:
    """`box` in BGRA, reduced by `factor`; `part` gives what lies in a box."""
    left, top, right, bottom = box
    pixels = np.empty((-(-(bottom - top) // factor), -(-(right - left) // factor), 4), np.uint8)
    rows = max(_STRIP // factor, 1)
    for row in range(0, len(pixels), rows):
        above = top + row * factor
        strip = _opaque(part((left, above, right, min(above + rows * factor, bottom))))
        if factor > 1:
            strip = strip.reduce(factor)
        shown = np.frombuffer(strip.convert("RGBA").tobytes("raw", "BGRA"), np.uint8)
        pixels[row : row + rows] = shown.reshape(-1, strip.width, 4)
    return pixels


def _opaque(image: Image.Image) -> Image.Image:
    """In L or RGB, which both can be reduced."""
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        return _on_white(image.convert("RGBA"))
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in {"L", "RGB"} else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")
