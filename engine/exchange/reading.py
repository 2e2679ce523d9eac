"""Foreign files into memory, within limits: sizes, depths and counts are capped, and every refusal is a sentence."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from engine.domain.errors import ExchangeError
from engine.exchange.jail import inside
from engine.exchange.loss import LossBook

LARGEST_JSON = 460 << 20
LARGEST_XML = 256 << 20
LARGEST_TEXT = 64 << 20
DEEPEST_XML = 48
MOST_NODES = 200_000
MOST_FILES = 200_000
_CHUNK = 1 << 20
_LONGEST_TOKEN = 4 << 20

_T = TypeVar("_T")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def contents(path: Path, largest: int) -> bytes:
    """The bytes of a regular file of at most `largest` bytes."""
    try:
        if not path.is_file():
            raise ExchangeError(f"{path} is not a file; choose the file or folder to import again.")
        if path.stat().st_size > largest:
            raise ExchangeError(f"{path} is larger than {largest >> 20} MiB; split it and import the parts.")
        return path.read_bytes()
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read ({error.strerror}); check that it is there and yours.") from error


def text(path: Path, largest: int = LARGEST_TEXT, *, keep_ends: bool = False) -> str:
    """A text file in UTF-8, or in UTF-16 with its mark; line ends become newlines unless they are kept."""
    data = contents(path, largest)
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        decoded = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ExchangeError(f"{path} is not in UTF-8; save it as UTF-8 and import it again.") from error
    if "\0" in decoded:
        raise ExchangeError(f"{path} is not a text file; choose another one.")
    return decoded if keep_ends else decoded.replace("\r\n", "\n").replace("\r", "\n")


def json(path: Path, kind: type[_T], largest: int = LARGEST_JSON) -> _T:
    """A JSON file as `kind`. Values that may be broken one by one are `msgspec.Raw` there; see `rows`."""
    return _decoded(contents(path, largest).removeprefix(codecs.BOM_UTF8), kind, path)


def json_outside(path: Path) -> list[msgspec.Raw] | dict[str, msgspec.Raw]:
    """The outermost list or object of a JSON file, its entries unread."""
    data = contents(path, LARGEST_JSON).removeprefix(codecs.BOM_UTF8)
    if data.lstrip()[:1] == b"[":
        return _decoded(data, list[msgspec.Raw], path)
    return _decoded(data, dict[str, msgspec.Raw], path)


def json_lines(path: Path, losses: LossBook, kind: type[_T]) -> Iterator[_T]:
    """The lines of a JSONL file as `kind`; a line that is none is reported and left out."""
    decoder = msgspec.json.Decoder(kind)
    data = contents(path, LARGEST_JSON).removeprefix(codecs.BOM_UTF8)
    for at, line in enumerate(data.splitlines(), 1):
        if line.strip():
            yield from _one(decoder, line, losses, f"line {at}")


def rows(raws: list[msgspec.Raw], kind: type[_T], losses: LossBook, what: str) -> Iterator[_T]:
    """Each entry of a list as `kind`; one that is something else is reported and left out."""
    decoder = msgspec.json.Decoder(kind)
    for at, raw in enumerate(raws):
        yield from _one(decoder, raw, losses, f"{what} {at}")


def elements(path: Path, tags: frozenset[str]) -> Iterator[Element]:
    """The finished elements named in `tags`, in order; each, and what stood before it, is emptied once the
    caller goes on.

    Entities, external references, more than 48 levels and more than 200,000 nodes at once are refused.
    """
    if path.stat().st_size > LARGEST_XML:
        raise ExchangeError(f"{path} is larger than {LARGEST_XML >> 20} MiB; split it and import the parts.")
    try:
        with path.open("rb") as file:
            yield from _walked(path, iterparse(_Chunks(path, file), ("start", "end"), forbid_dtd=True), tags)
    except DefusedXmlException as error:
        raise ExchangeError(f"{path} defines entities, which is not allowed; export it again without them.") from error
    except (ParseError, LookupError, UnicodeError, ValueError) as error:
        raise ExchangeError(f"{path} is not sound XML ({error}); export it again.") from error
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read ({error.strerror}); check that it is there and yours.") from error


def attributes(element: Element, kind: type[_T], losses: LossBook, what: str) -> _T | None:
    """An element's attributes as `kind`, numbers read from their text; a failure is reported."""
    try:
        return msgspec.convert(element.attrib, kind, strict=False)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        losses.dropped(f"{what} that cannot be read", str(error)[:120])
        return None


def files(source: Path, pattern: re.Pattern[str], losses: LossBook) -> list[Path]:
    """A file itself, or every file in a folder whose name matches, in order; links that lead out are left out."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise ExchangeError(f"{source} is not there; choose the file or folder to import again.")
    found: list[Path] = []
    for path in sorted(source.rglob("*")):
        if pattern.fullmatch(path.name) and path.is_file():
            if inside(source, path):
                found.append(path)
            else:
                losses.dropped("file that lies outside the folder", path.name)
        if len(found) > MOST_FILES:
            raise ExchangeError(f"{source} holds more than {MOST_FILES} files; import it in parts.")
    if not found:
        raise ExchangeError(f"{source} holds no file of this format; choose another folder or format.")
    return found


def number(value: str) -> float | None:
    """A finite number, with a decimal point or comma; None otherwise."""
    try:
        found = float(value.strip().replace(",", ".")) if len(value) < 64 and value.isascii() else None
    except ValueError:
        return None
    return found if found is not None and abs(found) < 1e300 else None


class _Chunks:
    """A file in large pieces: a parser fed in small ones takes quadratic time over a long token."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._plain = 0

    def read(self, size: int) -> bytes:
        chunk = self._file.read(max(size, _CHUNK))
        self._plain = 0 if b"<" in chunk or b">" in chunk else self._plain + len(chunk)
        if self._plain > _LONGEST_TOKEN:
            raise ExchangeError(f"{self._path} has a text of more than {_LONGEST_TOKEN >> 20} MiB; shorten it.")
        return chunk


def _walked(path: Path, events: Iterator[tuple[str, Element]], tags: frozenset[str]) -> Iterator[Element]:
    nodes = 0
    stack: list[Element] = []
    for event, element in events:
        if event == "start":
            stack.append(element)
            nodes += 1
            _check(path, len(stack), nodes)
            continue
        stack.pop()
        if element.tag in tags:
            yield element
            element.clear()
            nodes = len(stack)
            if stack:
                del stack[-1][:]


def _decoded(data: bytes, kind: type[_T], path: Path) -> _T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ExchangeError(f"{path} is not the JSON expected here ({reason[:200]}); export it again.") from error


def _one(decoder: "msgspec.json.Decoder[_T]", raw: Any, losses: LossBook, where: str) -> Iterator[_T]:
    try:
        yield decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        losses.dropped("entry that cannot be read", f"{where}: {str(error)[:120]}")


def _check(path: Path, depth: int, nodes: int) -> None:
    if depth > DEEPEST_XML:
        raise ExchangeError(f"{path} is nested more than {DEEPEST_XML} deep; export it again.")
    if nodes > MOST_NODES:
        raise ExchangeError(f"{path} has more than {MOST_NODES} parts in one piece; split it.")
