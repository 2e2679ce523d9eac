"""What the bundle's list of libraries loses on Linux before it is collected: second copies, encoders, names of places.

OpenCV's wheel brings its own FFmpeg, OpenBLAS and libavif beside PyAV's, NumPy's and Pillow's. A stand-in under the old
name passes each call on to the copy that stays, and what nothing needs any more is left out; so are symbol tables and
most of ICU's data. Entries are PyInstaller's: (name inside the bundle, file it comes from, kind).
"""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import icu

Entry = tuple[str, str, str]

_SHIMS = Path(__file__).parent / "shims"
_OPENCV = "opencv_python_headless.libs/"
_FFMPEG = re.compile(re.escape(_OPENCV) + r"lib(avcodec|avformat|avutil|swscale)-\w+\.so\.(\d+\.\d+)")
_OPENBLAS = re.compile(re.escape(_OPENCV) + r"libopenblas.*\.so")
_AVIF = re.compile(re.escape(_OPENCV) + r"libavif-\w+\.so\.([\d.]+)$")
_ICU = re.compile(r"PySide6/Qt/lib/libicudata\.so\.(\d+)$")
_ENCODER = re.compile(r"av\.libs/lib(x264|x265|SvtAv1Enc)-")
_WORTH_STRIPPING = 200_000


def slim(entries: Iterable[Entry], scratch: Path) -> list[Entry]:
    """`entries` with stand-ins for what is there twice, without what they replace, and stripped of symbol tables.

    The files that are made stand in `scratch`. A wheel whose versions do not agree keeps its own libraries.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    entries = list(entries)
    files = {name: Path(source) for name, source, kind in entries if kind != "SYMLINK"}
    made = {name: _stand_in(name, files, scratch) for name in files}
    files |= {name: path for name, path in made.items() if path}
    unneeded = _unneeded(files)
    kept = {name: path for name, path in files.items() if name not in unneeded}
    slimmed = {name: made[name] or _stripped(name, path, scratch) for name, path in kept.items()}
    gone = {PurePosixPath(name).name for name in files.keys() - kept.keys()}
    return [
        (name, str(slimmed.get(name, source)), kind)
        for name, source, kind in entries
        if name in slimmed or (kind == "SYMLINK" and PurePosixPath(source).name not in gone)
    ]


def _stand_in(name: str, files: dict[str, Path], scratch: Path) -> Path | None:
    if found := _FFMPEG.match(name):
        library, version = found.groups()
        twin = _named(files, rf"av\.libs/lib{library}-\w+\.so\.{re.escape(version)}\.")
        symbols = f"LIB{library.upper()}_{version.split('.')[0]} {{}};"
        return _passing_on(name, twin, files, scratch, symbols) if twin else None
    if found := _AVIF.match(name):
        twin = _named(files, rf"pillow\.libs/libavif-\w+\.so\.{re.escape(found[1])}$")
        return _compiled(name, "empty.c", scratch, *_linked(twin, files)) if twin else None
    if _OPENBLAS.match(name):
        twin = _named(files, r"numpy\.libs/libscipy_openblas64")
        return _compiled(name, "openblas.c", scratch, *_linked(twin, files)) if twin else None
    if found := _ICU.match(name):
        data = scratch / "icu.dat"
        data.write_bytes(icu.trimmed(files[name].read_bytes()))
        return _compiled(name, "icudata.c", scratch, f'-DNAME="icudt{found[1]}_dat"', f'-DFILE="{data}"')
    return _compiled(name, "encoders.c", scratch) if _ENCODER.match(name) else None


def _passing_on(name: str, twin: str, files: dict[str, Path], scratch: Path, symbols: str) -> Path:
    """An empty library that defines the symbols' version and needs the `twin` that has them."""
    script = scratch / "version.map"
    script.write_text(symbols, encoding="ascii")
    return _compiled(name, "empty.c", scratch, f"-Wl,--version-script={script}", *_linked(twin, files))


def _linked(twin: str, files: dict[str, Path]) -> tuple[str, ...]:
    folder = PurePosixPath(twin).parent
    return "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined", f"-Wl,-rpath,$ORIGIN/../{folder}", str(files[twin])


def _compiled(name: str, source: str, scratch: Path, *options: str) -> Path:
    made = scratch / PurePosixPath(name).name
    command = ["cc", "-shared", "-fPIC", "-O2", "-s", f"-Wl,-soname,{made.name}", "-o", str(made), str(_SHIMS / source)]
    subprocess.run([*command, *options], check=True)
    return made


def _named(files: dict[str, Path], pattern: str) -> str | None:
    return next((name for name in files if re.match(pattern, name)), None)


def _unneeded(files: dict[str, Path]) -> set[str]:
    """Libraries beside OpenCV that no library in the bundle asks for, with what only they ask for."""
    asked = {name: _needs(path) for name, path in files.items()}
    gone: set[str] = set()
    while True:
        wanted = set().union(*(needs for name, needs in asked.items() if name not in gone))
        more = {name for name in files if name.startswith(_OPENCV) and PurePosixPath(name).name not in wanted} - gone
        if not more:
            return gone
        gone |= more


def _needs(library: Path) -> set[str]:
    told = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", told))


def _stripped(name: str, library: Path, scratch: Path) -> Path:
    """A copy without symbol table and debug information, where that saves enough to be worth a copy."""
    told = subprocess.run(["readelf", "-S", "-W", library], capture_output=True, text=True, check=False).stdout
    sizes = re.findall(r"\] \.(?:symtab|strtab|debug_\w+)\s+\w+\s+\w+\s+\w+\s+(\w+)", told)
    if sum(int(size, 16) for size in sizes) < _WORTH_STRIPPING:
        return library
    copy = scratch / "stripped" / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["strip", "--strip-unneeded", "-o", copy, library], check=True)
    return copy if _loadable(copy) else library


def _loadable(library: Path) -> bool:
    """False where stripping moved a segment off its page, as it does to libraries whose wheel rewrote their headers."""
    told = subprocess.run(["readelf", "-l", "-W", library], capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"LOAD +(0x\w+) (0x\w+) .* (0x\w+)\n", told)
    return all((int(offset, 16) - int(address, 16)) % int(page, 16) == 0 for offset, address, page in rows)
