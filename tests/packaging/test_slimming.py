"""The stand-ins that make one FFmpeg and one OpenBLAS serve the whole bundle, and less of ICU, on what is installed."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "packaging"))
slimming = pytest.importorskip("slimming")
sys.path.remove(str(ROOT / "packaging"))

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="wheels are slimmed on Linux only"),
    pytest.mark.skipif(not all(map(shutil.which, ("cc", "readelf", "strip"))), reason="needs a compiler and binutils"),
]
_ARITHMETIC = """
import sys
import cv2, av, numpy as np
random = np.random.default_rng(0)
for kind, close in ((np.float32, 1e-2), (np.float64, 1e-9)):
    square, right = random.normal(size=(150, 150)).astype(kind), random.normal(size=(150, 3)).astype(kind)
    tall, high = random.normal(size=(200, 60)).astype(kind), random.normal(size=(200, 3)).astype(kind)
    definite = (square @ square.T + 150 * np.eye(150)).astype(kind)
    w, u, vt = cv2.SVDecomp(square)
    off = [
        cv2.gemm(square, square, 1, None, 0) - square @ square,
        square @ cv2.solve(square, right, flags=cv2.DECOMP_LU)[1] - right,
        definite @ cv2.solve(definite, right, flags=cv2.DECOMP_CHOLESKY)[1] - right,
        cv2.solve(tall, high, flags=cv2.DECOMP_QR)[1] - np.linalg.lstsq(tall, high, rcond=None)[0],
        u @ np.diag(w[:, 0]) @ vt - square,
        np.sort(cv2.eigenNonSymmetric(definite)[0][:, 0]) / np.linalg.eigvalsh(definite.astype(np.float64)) - 1,
    ]
    assert all(np.abs(part).max() < close for part in off), [float(np.abs(part).max()) for part in off]
page = random.integers(0, 255, (64, 64, 3), np.uint8)
assert cv2.imdecode(cv2.imencode(".avif", page)[1], cv2.IMREAD_COLOR).shape == page.shape
print(*(line.split()[-1] for line in open("/proc/self/maps") if "r-xp" in line), sep="\\n")
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OpenCV, PyAV and their libraries as they lie in a bundle, slimmed."""
    folder = tmp_path_factory.mktemp("slim")
    site = Path(str(find_spec("numpy").origin)).parents[1]  # type: ignore[union-attr]
    parts = ("cv2", "av", "av.libs", "numpy", "numpy.libs", "opencv_python_headless.libs", "PIL", "pillow.libs")
    files = [path for part in parts for path in (site / part).rglob("*") if path.is_file()]
    libraries = [(str(path.relative_to(site)), str(path), "BINARY") for path in files if ".so" in path.name]
    others = [(str(path.relative_to(site)), str(path), "DATA") for path in files if path.suffix == ".py"]
    for name, source, _ in slimming.slim(libraries, folder / "scratch") + others:
        target = folder / "bundle" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source) if name.endswith(".py") else shutil.copy(source, target)
    return folder / "bundle"


def test_opencv_calculates_as_before_and_loads_no_copy_of_its_own(bundle: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ARITHMETIC],
        env={"PYTHONPATH": str(bundle)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = [Path(line) for line in done.stdout.splitlines() if line.startswith(str(bundle))]
    assert sum(path.stat().st_size for path in loaded if "openblas" in path.name and "opencv" in str(path)) < 100_000
    assert len({path for path in loaded if path.name.startswith("libavcodec") and path.stat().st_size > 1_000_000}) == 1


def test_what_only_the_replaced_copies_needed_is_gone(bundle: Path) -> None:
    left = {path.name.split("-")[0] for path in (bundle / "opencv_python_headless.libs").iterdir()}
    assert not left & {"libgfortran", "libquadmath", "libcrypto", "libssl", "libvpx", "libswresample"}
    assert not left & {"libaom"}
    assert {"libavif", "libpng16"} <= left


def test_the_encoders_under_the_gpl_are_not_there_and_refuse_in_order(bundle: Path) -> None:
    encode = """
import io, av
for name in ("libx264", "libx265", "libsvtav1"):
    with av.open(io.BytesIO(), "w", format="matroska") as container:
        stream = container.add_stream(name, rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        try:
            stream.open()
        except (av.FFmpegError, MemoryError, ValueError):
            print("refused")
"""
    assert all(path.stat().st_size < 100_000 for path in (bundle / "av.libs").glob("lib[xS][2v][6t]*"))
    done = subprocess.run(
        [sys.executable, "-c", encode], env={"PYTHONPATH": str(bundle)}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["refused"] * 3, done.stderr


_SORTING = """
import ctypes, sys
for name in ("data", "uc", "i18n"):
    icu = ctypes.CDLL(f"{sys.argv[1]}/libicu{name}.so.{sys.argv[2]}", ctypes.RTLD_GLOBAL)
of = lambda name: getattr(icu, f"{name}_{sys.argv[2]}")
of("ucol_open").restype = ctypes.c_void_p
for language in (b"de", b"sv", b"ja"):
    failed = ctypes.c_int(0)
    order = ctypes.c_void_p(of("ucol_open")(language, ctypes.byref(failed)))
    of("ucol_setAttribute")(order, 7, 17, ctypes.byref(failed))
    for a, b in (("z", "\u00e4"), ("a10", "a9"), ("\u3042", "\u30a2")):
        print(of("ucol_strcollUTF8")(order, a.encode(), -1, b.encode(), -1, ctypes.byref(failed)), end=" ")
    assert failed.value <= 0, failed.value
"""


def test_qt_sorts_in_every_language_with_a_fifth_of_the_data(tmp_path: Path) -> None:
    found = Path(str(find_spec("PySide6").origin)).parent / "Qt" / "lib"  # type: ignore[union-attr]
    version = next(found.glob("libicudata.so.*")).suffix[1:]
    files = [found / f"libicu{name}.so.{version}" for name in ("data", "uc", "i18n")]
    entries = [(f"PySide6/Qt/lib/{path.name}", str(path), "BINARY") for path in files]
    (tmp_path / "lib").mkdir()
    for name, source, _ in slimming.slim(entries, tmp_path / "scratch"):
        shutil.copy(source, tmp_path / "lib" / Path(name).name)
    commands = ([sys.executable, "-c", _SORTING, folder, version] for folder in (found, tmp_path / "lib"))
    told = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for command in commands]
    # ä before z, but not in Swedish; numbers by their worth; the syllabaries alike in Japanese alone.
    assert told[0] == told[1] == "1 1 -1 -1 1 -1 1 1 0 "
    assert (tmp_path / "lib" / files[0].name).stat().st_size < files[0].stat().st_size / 5
