import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from engine.domain.errors import MediaError
from engine.media import picture
from engine.media.orientation import stored_region, turned, upright

FIXTURES = Path(__file__).parents[2] / "fixtures" / "media"


def scene(width: int = 60, height: int = 40) -> np.ndarray:
    """RGB with a red corner at the top left."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 2, y * 3, np.full_like(x, 90)], -1).astype(np.uint8)
    pixels[:8, :8] = (255, 0, 0)
    return pixels


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm", "a.webp"])
def test_lossless_formats_give_their_pixels(name: str, tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    shown = picture.load(tmp_path / name)
    assert np.array_equal(shown.rgb, scene())
    assert shown.pixels.flags.c_contiguous
    assert (shown.pixels[..., 3] == 255).all()


@pytest.mark.parametrize("name", ["a.jpg", "a.avif", "a.gif"])
def test_lossy_formats_give_nearly_their_pixels(name: str, tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / name)
    assert np.abs(picture.load(tmp_path / name).rgb.astype(int) - scene()).mean() < 8


def test_a_phone_picture_in_heic_stands_upright() -> None:
    shown = picture.load(FIXTURES / "turned.heic")
    assert (shown.facts.width, shown.facts.height) == (48, 80)
    corner, other = shown.rgb[3, -4], shown.rgb[3, 3]
    assert corner[0] > 200
    assert other[0] < 100


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(orientation: int, tmp_path: Path) -> None:
    stored = scene()
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        expected = np.asarray(picture.Image.Image.transpose(image, _PILLOW[orientation])) if orientation > 1 else stored
    shown = picture.load(tmp_path / "a.png")
    assert np.array_equal(shown.rgb, expected)
    assert (shown.facts.width, shown.facts.height) == expected.shape[1::-1]


_PILLOW = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_as_displayed_is_found_in_the_stored_picture(orientation: int) -> None:
    stored = scene()
    whole = upright(stored, orientation)
    x0, y0, x1, y1 = stored_region((3, 5, 17, 11), (60, 40), orientation)
    assert np.array_equal(upright(stored[y0:y1, x0:x1], orientation), whole[5:11, 3:17])
    assert turned(orientation) == (whole.shape[:2] == (60, 40))


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_region_is_cut_in_full_resolution(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(scene()).save(tmp_path / "a.png", exif=exif)
    whole = picture.load(tmp_path / "a.png")
    part = picture.load(tmp_path / "a.png", region=(2, 4, 22, 34))
    assert np.array_equal(part.pixels, whole.pixels[4:34, 2:22])
    assert part.scale == 1.0


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (10, 20, 30, 0)).save(tmp_path / "a.png")
    assert (picture.load(tmp_path / "a.png").pixels == 255).all()


def test_palette_with_transparent_entry_and_bilevel_load(tmp_path: Path) -> None:
    Image.new("P", (4, 4), 0).save(tmp_path / "p.png", transparency=0)
    Image.new("1", (4, 4), 1).save(tmp_path / "b.tif")
    assert (picture.load(tmp_path / "p.png").pixels == 255).all()
    assert (picture.load(tmp_path / "b.tif").pixels == 255).all()


def test_cmyk_is_shown_in_colour(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.tif")
    assert picture.load(tmp_path / "a.tif").rgb[0, 0].tolist() == [255, 0, 0]


def test_deep_grey_is_windowed(tmp_path: Path) -> None:
    values = np.arange(100 * 50, dtype=np.uint16).reshape(50, 100)
    Image.fromarray(values).save(tmp_path / "a.png")
    shown = picture.load(tmp_path / "a.png")
    assert shown.facts.deep
    assert shown.pixels[0, 0, 0] == 0
    assert shown.pixels[-1, -1, 0] == 255
    narrow = picture.load(tmp_path / "a.png", window=(1000, 1100))
    assert narrow.window == (1000, 1100)
    assert narrow.pixels.reshape(-1, 4)[[999, 1050, 1101], 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(
    ("name", "options"),
    [("a.png", []), *(("a.tif", [cv2.IMWRITE_TIFF_COMPRESSION, kind]) for kind in (1, 5, 8))],
    ids=["png", "tiff", "tiff-lzw", "tiff-deflate"],
)
def test_deep_colour_keeps_what_eight_bits_would_lose(
    name: str, options: list[int], channels: int, tmp_path: Path
) -> None:
    values = np.full((10, 256, channels), 65535, np.uint16)
    values[..., 2] = np.arange(256)
    values[..., 1] = 513
    cv2.imwrite(str(tmp_path / name), values, options)
    shown = picture.load(tmp_path / name, window=(0, 255))
    assert shown.facts.deep
    assert np.array_equal(shown.rgb[0, :, 0], np.arange(256))
    assert picture.load(tmp_path / name, window=(512, 514)).rgb[0, 0].tolist() == [0, 128, 255]


def test_pages_of_deep_colour_are_a_choice(tmp_path: Path) -> None:
    pages = [np.full((8, 8, 3), shade, np.uint16) for shade in (300, 700)]
    cv2.imwritemulti(str(tmp_path / "a.tif"), pages)
    assert [picture.load(tmp_path / "a.tif", page=n, window=(300, 700)).pixels[0, 0, 0] for n in (0, 1)] == [0, 255]


def test_deep_colour_is_reduced_by_a_whole_number(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((300, 400, 3), (1000, 2000, 3000), np.uint16))
    shown = picture.load(tmp_path / "a.png", fit=100, window=(0, 3000))
    assert shown.pixels.shape == (75, 100, 4)
    assert shown.pixels[0, 0].tolist() == [85, 170, 255, 255]


def test_pages_are_a_choice(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (6, 4), (shade, 0, 0)) for shade in (10, 20, 30)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert picture.facts(tmp_path / "a.tif").pages == 3
    assert [picture.load(tmp_path / "a.tif", page=n).rgb[0, 0, 0] for n in range(3)] == [10, 20, 30]
    with pytest.raises(MediaError, match="no page 4"):
        picture.load(tmp_path / "a.tif", page=3)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_preview_is_small_and_says_its_scale(name: str, tmp_path: Path) -> None:
    Image.new("RGB", (1600, 1200), (10, 200, 30)).save(tmp_path / name)
    shown = picture.load(tmp_path / name, fit=300)
    assert 300 <= shown.pixels.shape[1] <= 600
    assert shown.scale == shown.pixels.shape[1] / 1600
    assert (shown.facts.width, shown.facts.height) == (1600, 1200)


def test_a_bomb_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(declared_png(30000, 30000))
    with pytest.raises(MediaError, match="declares 30000 × 30000 pixels in 1 kB"):
        picture.load(tmp_path / "bomb.png")


def test_a_truncated_picture_is_refused_not_completed(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).save(buffer, "JPEG")
    (tmp_path / "half.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(MediaError, match=r"half\.jpg cannot be read"):
        picture.load(tmp_path / "half.jpg")


def test_a_name_in_any_script_opens(tmp_path: Path) -> None:
    path = tmp_path / "図 ñ 🌊.png"
    Image.fromarray(scene()).save(path)
    assert np.array_equal(picture.load(path).rgb, scene())


def declared_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )
