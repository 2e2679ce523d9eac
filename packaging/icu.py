"""ICU's data without what Qt asks no ICU for: names of countries, currencies and units, old encodings, word lists.

Layout: ICU's common data format, type “CmnD” version 1 (`ucmndata.h`), a header and a sorted table of contents.
"""

import re
import struct

# Sorting in every language stays, and what is the same for all of them.
_KEPT = re.compile(r"[^/]+/(coll/.*|(?![a-z]{2,3}(_\w+)?\.res$)[^/]+(?<!\.cnv))")
_HEADER = re.compile(rb"..\xda\x27.{8}CmnD\x01", re.DOTALL)
_ALIGNED = 16


def trimmed(library: bytes) -> bytes:
    """The data package in `library` (libicudata) with fewer entries. Raises ValueError where there is none."""
    found = _HEADER.search(library)
    if not found:
        raise ValueError("This library holds no data package of ICU that is understood.")
    start = found.start()
    (header,) = struct.unpack_from("<H", library, start)
    table = start + header
    (count,) = struct.unpack_from("<I", library, table)
    places = [struct.unpack_from("<II", library, table + 4 + 8 * number) for number in range(count)]
    # An entry ends where the next one begins.
    ends = [place for _, place in places[1:]] + [len(library) - table]
    entries = {
        _text(library, table + name): library[table + place : table + end]
        for (name, place), end in zip(places, ends, strict=True)
    }
    return library[start:table] + _package({name: data for name, data in entries.items() if _KEPT.fullmatch(name)})


def _package(entries: dict[str, bytes]) -> bytes:
    """Table of contents, names and data; ICU looks names up by halving, so that their order counts."""
    names = [name.encode("ascii") + b"\0" for name in entries]
    first = 4 + 8 * len(entries)
    text = b"".join(names)
    table, body, name_at, size = [len(entries)], [], first, first + len(text)
    for name, data in zip(names, entries.values(), strict=True):
        gap = -size % _ALIGNED
        table += [name_at, size + gap]
        body += [b"\0" * gap, data]
        name_at, size = name_at + len(name), size + gap + len(data)
    return struct.pack(f"<{len(table)}I", *table) + text + b"".join(body)


def _text(library: bytes, place: int) -> str:
    return library[place : library.index(b"\0", place)].decode("ascii")
