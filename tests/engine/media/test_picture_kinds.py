"""What differs between formats: turning, depth, density."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from engine.domain.errors import MediaError
from engine.media import deep_picture, picture
from engine.media.orientation import upright
from engine.media.probe import probe

_CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 200, 200))


def corners(width: int = 48, height: int = 32) -> np.ndarray:
    """RGB, one colour in each quarter."""
    pixels = np.empty((height, width, 3), np.uint8)
    left, top = slice(None, width // 2), slice(None, height // 2)
    right, bottom = slice(width // 2, None), slice(height // 2, None)
    for (rows, columns), colour in zip(
        ((top, left), (top, right), (bottom, left), (bottom, right)), _CORNERS, strict=True
    ):
        pixels[rows, columns] = colour
    return pixels


def turned_file(path: Path, pixels: np.ndarray, orientation: int, **options: object) -> Path:
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(pixels).save(path, exif=exif, **options)
    return path


_TURNED = {
    "a.png": {},
    "a.jpg": {"quality": 95, "subsampling": 0},
    "a.webp": {"lossless": True},
    "a.avif": {"quality": 95},
    "a.tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
    "jpeg.tif": {"compression": "jpeg"},
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", _TURNED)
def test_every_format_is_turned_upright_once(name: str, orientation: int, tmp_path: Path) -> None:
    path = turned_file(tmp_path / name, corners(), orientation, **_TURNED[name])
    wanted = upright(corners(), orientation).astype(int)
    known, whole = picture.facts(path), picture.load(path)
    assert (known.width, known.height) == wanted.shape[1::-1]
    assert whole.facts == known
    assert np.abs(whole.rgb - wanted)[4:12, 4:12].max() < 40
    assert np.abs(whole.rgb - wanted)[-12:-4, -12:-4].max() < 40
    part = picture.load(path, region=(2, 4, 22, 30))
    assert np.array_equal(part.rgb, whole.rgb[4:30, 2:22])
    small = picture.load(path, fit=24)
    assert small.pixels.shape[:2] == (wanted.shape[0] // 2, wanted.shape[1] // 2)
    assert np.abs(small.rgb[[2, 2, -3, -3], [2, -3, 2, -3]] - wanted[[4, 4, -4, -4], [4, -4, 4, -4]]).max() < 40


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_tiff_is_turned_upright_once(orientation: int, tmp_path: Path) -> None:
    stored = np.arange(48 * 32, dtype=np.uint16).reshape(32, 48)
    path = turned_file(tmp_path / "a.tif", stored, orientation)
    wanted = upright(stored[..., None], orientation)[..., 0] // 6
    shown = picture.load(path, window=(0, 255 * 6))
    assert (shown.facts.width, shown.facts.height) == wanted.shape[1::-1]
    assert np.abs(shown.pixels[..., 0].astype(int) - wanted).max() <= 1
    part = picture.load(path, region=(2, 4, 22, 30), window=(0, 255 * 6))
    assert np.array_equal(part.pixels, shown.pixels[4:30, 2:22])


@pytest.mark.parametrize("orientation", [3, 6])
def test_deep_colour_tiff_is_turned_upright_once(orientation: int, tmp_path: Path) -> None:
    path = deep_tiff(tmp_path / "a.tif", corners().astype(np.uint16) * 257, {274: orientation})
    shown = picture.load(path, window=(0, 65535))
    assert np.array_equal(shown.rgb, upright(corners(), orientation))
    part = picture.load(path, region=(2, 4, 22, 30), window=(0, 65535))
    assert np.array_equal(part.pixels, shown.pixels[4:30, 2:22])


def test_a_tiff_turned_by_its_xmp_alone_says_its_size_as_displayed(tmp_path: Path) -> None:
    told = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'
    Image.fromarray(corners()).save(tmp_path / "a.tif", tiffinfo={700: told})
    shown = picture.load(tmp_path / "a.tif")
    assert (shown.facts.width, shown.facts.height) == (32, 48)
    assert np.array_equal(shown.rgb, upright(corners(), 6))


def deep_tiff(path: Path, values: np.ndarray, tags: dict[int, int] | None = None) -> Path:
    """An uncompressed TIFF of one strip, (h, w) or (h, w, channels) of any depth, as `tags` besides say."""
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    data, bits = values.astype(values.dtype.newbyteorder("<")).tobytes(), values.itemsize * 8
    depths = struct.pack(f"<{channels}H", *[bits] * channels)
    known = {256: width, 257: height, 259: 1, 262: 2 if channels > 1 else 1, 273: 8, 277: channels, 278: height}
    entries = {tag: (4, 1, value) for tag, value in {**known, 279: len(data), **(tags or {})}.items()}
    entries[258] = (3, channels, bits if channels == 1 else 8 + len(data))
    lines = b"".join(struct.pack("<HHII", tag, *entries[tag]) for tag in sorted(entries))
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data) + len(depths))
    path.write_bytes(head + data + depths + struct.pack("<H", len(entries)) + lines + bytes(4))
    return path


def test_the_facts_of_a_png_are_read_without_decoding_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(corners()).save(tmp_path / "a.png")
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda _: pytest.fail("decoded"))
    assert picture.facts(tmp_path / "a.png").width == 48


def test_a_png_that_tells_after_its_pixels_how_it_is_turned_stands_upright(tmp_path: Path) -> None:
    path = told_late(turned_file(tmp_path / "a.png", corners(), 6))
    shown = picture.load(path)
    assert (shown.facts.width, shown.facts.height) == (32, 48)
    assert np.array_equal(shown.rgb, upright(corners(), 6))


@pytest.mark.parametrize("late", [False, True])
def test_a_damaged_png_is_refused_not_completed(late: bool, tmp_path: Path) -> None:
    path = turned_file(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8), 6)
    data = bytearray((told_late(path) if late else plain(path)).read_bytes())
    data[data.index(b"IDAT") + 1000] ^= 255
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"a\.png cannot be read"):
        picture.load(path)


def plain(path: Path) -> Path:
    with Image.open(path) as image:
        Image.fromarray(np.asarray(image)).save(path)
    return path


def told_late(path: Path) -> Path:
    """The PNG with its orientation behind its pixels."""
    data = path.read_bytes()
    start = data.index(b"eXIf") - 4
    stop = start + 12 + int.from_bytes(data[start : start + 4], "big")
    end = data.index(b"IEND") - 4
    path.write_bytes(data[:start] + data[stop:end] + data[start:stop] + data[end:])
    return path


def grey(dtype: type, width: int = 400, height: int = 300) -> Image.Image:
    """Brighter towards the right, in steps of 1."""
    return Image.fromarray(np.tile(np.arange(width, dtype=dtype), (height, 1)))


_KINDS = {
    "16.png": lambda: grey(np.uint16),
    "16.tif": lambda: grey(np.uint16),
    "32.tif": lambda: grey(np.int32),
    "real.tif": lambda: grey(np.float32),
    "palette.png": lambda: Image.fromarray(corners(400, 300)).quantize(8),
    "bilevel.png": lambda: Image.fromarray(corners(400, 300)).convert("1"),
    "bilevel.tif": lambda: Image.fromarray(corners(400, 300)).convert("1"),
    "alpha.png": lambda: Image.fromarray(corners(400, 300)).convert("LA"),
}


@pytest.mark.parametrize("name", _KINDS)
def test_a_preview_of_any_kind_is_reduced_and_looks_like_the_whole(name: str, tmp_path: Path) -> None:
    _KINDS[name]().save(tmp_path / name)
    whole = picture.load(tmp_path / name)
    small = picture.load(tmp_path / name, fit=100)
    means = whole.rgb.reshape(75, 4, 100, 4, 3).astype(int).mean((1, 3))
    assert small.pixels.shape == (75, 100, 4)
    assert small.window == whole.window
    assert np.abs(small.rgb - means).max() <= 1


def test_a_region_of_a_deep_picture_is_drawn_as_in_the_whole(tmp_path: Path) -> None:
    grey(np.uint16).save(tmp_path / "a.png")
    whole = picture.load(tmp_path / "a.png")
    part = picture.load(tmp_path / "a.png", region=(20, 10, 60, 90))
    assert part.window == whole.window
    assert np.array_equal(part.pixels, whole.pixels[10:90, 20:60])


def test_the_window_of_deep_colour_is_that_of_all_its_channels(tmp_path: Path) -> None:
    deep_tiff(tmp_path / "a.tif", np.full((1000, 1000, 3), (100, 30000, 60000), np.uint16))
    assert picture.load(tmp_path / "a.tif", fit=100).window == (100, 60000)


@pytest.mark.parametrize("name", ["16.tif", "palette.png", "bilevel.png"])
def test_a_preview_takes_little_memory_beside_the_decoded_picture(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deep_picture, "_SAMPLE", 10_000)
    largest = []
    convert = Image.Image.convert
    monkeypatch.setattr(
        Image.Image, "convert", lambda image, *how: largest.append(image.width * image.height) or convert(image, *how)
    )
    _KINDS[name]().resize((1000, 1000)).save(tmp_path / name)
    largest.clear()
    tracemalloc.start()
    picture.load(tmp_path / name, fit=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert max(largest) < 50_000


def test_a_picture_larger_than_the_free_memory_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(corners()).save(tmp_path / "a.png")

    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", full)
    with pytest.raises(MediaError, match=r"a\.png is too large for the memory that is free; make it smaller or cut it"):
        picture.load(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_a_large_line_drawing_is_no_bomb(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "_SUSPECT", 10_000_000)
    drawing = Image.new("1", (4000, 3000), 1)
    for x in range(0, 4000, 500):
        drawing.paste(0, (x, 100, x + 2, 2900))
    drawing.save(tmp_path / name, compression="group4" if name.endswith("tif") else None)
    assert 400 * (tmp_path / name).stat().st_size < 4000 * 3000
    assert picture.load(tmp_path / name, fit=500).pixels.shape == (375, 500, 4)


def test_grey_whose_least_value_is_white_is_shown_so(tmp_path: Path) -> None:
    for name, values in (("16.tif", np.uint16), ("real.tif", np.float32)):
        form = 3 if values is np.float32 else 1
        deep_tiff(tmp_path / name, np.tile(np.arange(256, dtype=values), (4, 1)), {262: 0, 339: form})
        shown = picture.load(tmp_path / name, window=(0, 255))
        assert np.array_equal(shown.rgb[0, :, 0], np.arange(255, -1, -1))


def test_whole_numbers_of_32_bits_without_a_sign_are_all_positive(tmp_path: Path) -> None:
    values = np.array([[0, 1 << 30, 1 << 31, 4_000_000_000]], np.uint32)
    deep_tiff(tmp_path / "a.tif", values)
    shown = picture.load(tmp_path / "a.tif", window=(0, 4_000_000_000))
    assert shown.rgb[0, :, 0].tolist() == [0, 68, 137, 255]
    deep_tiff(tmp_path / "b.tif", values.view(np.int32), {339: 2})
    assert picture.load(tmp_path / "b.tif", window=(-(1 << 31), 0)).rgb[0, 2:, 0].tolist() == [0, 220]


def test_deep_grey_with_transparency_keeps_both(tmp_path: Path) -> None:
    values = np.zeros((3, 256, 2), np.uint16)
    values[..., 0] = 512 + np.arange(256)
    values[..., 1] = np.array([65535, 0, 65535])[:, None]
    deep_png(tmp_path / "a.png", values, 4)
    shown = picture.load(tmp_path / "a.png", window=(512, 767))
    assert shown.facts.deep
    assert np.array_equal(shown.rgb[0, :, 0], np.arange(256))
    assert (shown.rgb[1] == 255).all()
    assert picture.load(tmp_path / "a.png").window == pytest.approx((512.3, 766.7), abs=1)


def test_transparency_of_deep_colour_is_laid_on_white(tmp_path: Path) -> None:
    values = np.zeros((2, 4, 4), np.uint16)
    values[0, :, 3] = 65535
    deep_png(tmp_path / "a.png", values, 6)
    assert picture.load(tmp_path / "a.png", window=(0, 9)).rgb[:, 0, 0].tolist() == [0, 255]


def test_deep_colour_in_planes_is_refused_before_it_is_shown(tmp_path: Path) -> None:
    deep_tiff(tmp_path / "a.tif", np.zeros((4, 4, 3), np.uint16), {284: 2})
    with pytest.raises(MediaError, match=r"^a\.tif holds its channels apart in 16 bits.*save it interleaved\.$"):
        picture.facts(tmp_path / "a.tif")


def deep_png(path: Path, values: np.ndarray, colours: int) -> None:
    """A PNG of (h, w, channels) uint16 and the colour type."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = values.shape[:2]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colours, 0, 0, 0))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


@pytest.mark.parametrize("look", [picture.facts, picture.load, probe])
def test_a_tiff_of_an_unknown_kind_is_refused_by_its_name_alone(look: Callable[[Path], object], tmp_path: Path) -> None:
    deep_tiff(tmp_path / "a.tif", np.zeros((4, 4), np.float64), {339: 3})
    with pytest.raises(MediaError, match=r"^a\.tif is a TIFF that is damaged or of a kind that cannot be shown; save"):
        look(tmp_path / "a.tif")


def test_what_is_no_picture_is_refused_by_its_name_alone(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"words")
    with pytest.raises(MediaError, match=r"^a\.png cannot be read \(it is no picture\); "):
        picture.load(tmp_path / "a.png")


def test_a_tiff_with_a_broken_page_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = deep_tiff(tmp_path / "a.tif", corners())
    data = path.read_bytes()
    # The next page is one without a single tag.
    path.write_bytes(data[:-4] + struct.pack("<IHI", len(data), 0, 0))
    with pytest.raises(MediaError, match=r"a\.tif cannot be read \(a page of it is broken\)"):
        picture.load(path)
