"""Broken and hostile variants of good files: bytes, numbers, paths, structure, encodings and bombs."""

import pickle
import random
import re
from collections.abc import Callable
from pathlib import Path

from engine.exchange.exporting import Plan, prepared, rendered
from engine.exchange.formats import Format
from engine.exchange.identity import Numbers
from engine.exchange.outgoing import Outgoing
from tests.engine.exchange.samples import example

NUMBERS = [
    *("NaN", "Infinity", "-Infinity", "-1", "1e308", "-1e308", "1e999", "0", "9223372036854775808", '"x"', ""),
    *("1e-320", "null", "٣", "1_000", "0x10"),
]
PATHS = [
    *(
        "../../../etc/passwd",
        "/etc/passwd",
        "C:\\\\Windows\\\\win.ini",
        "file:///etc/passwd",
        "http://127.0.0.1:9/x.png",
    ),
    *("con.jpg", "a\\u0000b.png", "~/x.png", "\\\\\\\\server\\\\share\\\\x.png", "x" * 9000, "..\\\\..\\\\x.png"),
    *("%2e%2e/%2e%2e/etc/passwd", "s3://bucket/key"),
]
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_STRING = re.compile(rb'"[^"\n]{1,200}"|>[^<>\n]{1,200}<')
_NAME = re.compile(rb"[^\s\"'<>,=\t]*(?:street|yard|run|birds)[^\s\"'<>,\t]*")
_TAG = re.compile(rb"<[^<>]+>")
_ENCODINGS = ["utf-16", "utf-8-sig", "utf-32", "utf-7", "cp500"]
_BROKEN_TEXT = [
    *(b"\xff\xfe\xfd", b"\xc0\xaf", b"\xed\xa0\x80", b"\\ud800", b"\x00", b"\xf4\x90\x80\x80"),
    *("\u2028".encode(), b"\x1b[2J", b"&#0;"),
]
Mutation = Callable[[bytes, random.Random, str], bytes]


def lay_down(format_: Format, folder: Path) -> Path:
    """A good file or folder of the format, what the mutations start from; references as a pickle, too."""
    dataset, out = example(), Outgoing(Numbers())
    target = folder / f"good{format_.suffix}"
    for file in rendered(prepared(dataset, format_, Plan(), out.losses), format_, out):
        path = target / file.name if format_.folder else target
        path.parent.mkdir(parents=True, exist_ok=True)
        assert isinstance(file.content, bytes)
        path.write_bytes(file.content)
    if format_.id == "refcoco":
        rows = [
            {
                "ref_id": 1,
                "ann_id": 1,
                "category_id": 1,
                "image_id": 1,
                "split": "train",
                "sentences": [{"raw": "the car", "sent": "the car", "tokens": ["the", "car"], "sent_id": 0}],
            }
        ]
        (target / "refs(unc).p").write_bytes(pickle.dumps(rows, protocol=2))
    return target


def mutated(name: str, data: bytes, seed: int) -> tuple[str, bytes]:
    """One variant of a file: the kind of mutation and the bytes; the same for the same seed."""
    chance = random.Random(f"{name}:{seed}")
    kinds = list(_MUTATIONS.items())
    kind, mutation = kinds[seed % len(kinds)]
    return kind, mutation(data, chance, name)


def _bytes(data: bytes, chance: random.Random, name: str) -> bytes:
    found = bytearray(data)
    if chance.random() < 0.3:
        return bytes(found[: chance.randrange(len(found) + 1)])
    for _ in range(chance.randint(1, 24)):
        at = chance.randrange(max(len(found), 1))
        action = chance.randrange(3)
        if action == 0 and found:
            found[at] = chance.randrange(256)
        elif action == 1:
            found[at:at] = chance.randbytes(chance.randint(1, 8))
        else:
            del found[at : at + chance.randint(1, 40)]
    return bytes(found)


def _numbers(data: bytes, chance: random.Random, name: str) -> bytes:
    found = list(_NUMBER.finditer(data))
    for match in sorted(chance.sample(found, min(len(found), chance.randint(1, 6))), key=lambda one: -one.start()):
        data = data[: match.start()] + chance.choice(NUMBERS).encode() + data[match.end() :]
    return data


def _paths(data: bytes, chance: random.Random, name: str) -> bytes:
    evil = chance.choice(PATHS).encode()
    return _NAME.sub(lambda match: evil, data) if chance.random() < 0.7 else data.replace(b"png", evil)


def _structure(data: bytes, chance: random.Random, name: str) -> bytes:
    pattern = _TAG if data.lstrip().startswith(b"<") else _STRING
    found = list(pattern.finditer(data))
    for match in sorted(chance.sample(found, min(len(found), chance.randint(1, 8))), key=lambda one: -one.start()):
        new = chance.choice([b"", b"null", b"[]", b"{}", b"true", b'""', b"<x/>", match.group() * 2, b'[["'])
        data = data[: match.start()] + new + data[match.end() :]
    lines = data.split(b"\n")
    if chance.random() < 0.4:
        chance.shuffle(lines)
    return b"\n".join(lines)


def _encodings(data: bytes, chance: random.Random, name: str) -> bytes:
    if chance.random() < 0.5:
        return data.decode(errors="replace").encode(chance.choice(_ENCODINGS), errors="replace")
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(_BROKEN_TEXT) + data[at:]


def _bombs(data: bytes, chance: random.Random, name: str) -> bytes:
    if name.endswith((".p", ".pickle")):
        return chance.choice(_PICKLES)
    if data.lstrip().startswith(b"<"):
        return chance.choice(_XML)(data)
    if name.endswith(".yaml"):
        return chance.choice(_YAML)
    return chance.choice(_TEXTS)(data)


def _laughs(data: bytes) -> bytes:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (at, b"&l%d;" % (at - 1) * 10) for at in range(1, 10))
    return (
        b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY l0 "lol">'
        + entities
        + b"]><annotations><image>&l9;</image></annotations>"
    )


_XML: list[Callable[[bytes], bytes]] = [
    _laughs,
    lambda data: (
        b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>'
    ),
    lambda data: b'<?xml version="1.0"?><!DOCTYPE z SYSTEM "http://127.0.0.1:9/z.dtd"><annotation/>',
    lambda data: b"<annotation>" * 100_000,
    lambda data: b"<annotations>" + b"<meta><a/></meta><image/>" * 30_000 + b"</annotations>",
    lambda data: b"<annotations><image>" + b"<box/>" * 250_000 + b"</image></annotations>",
    lambda data: b'<annotations><image name="' + b"A" * 20_000_000 + b'"/></annotations>',
]
_TEXTS: list[Callable[[bytes], bytes]] = [
    lambda data: b"[" * 100_000,
    lambda data: b'{"a":' * 100_000,
    lambda data: data.replace(b"1", b"1" * 100_000, 1),
    lambda data: data.replace(b'"', b'"' + b"A" * 20_000_000, 1),
    lambda data: b'{"images": [' + b'{"id": 1},' * 100_000 + b'{"id": 1}], "annotations": []}',
    lambda data: b'"' * 2_000_001,
    lambda data: b"\n" * 1_000_000,
    lambda data: data * 200,
    lambda data: b"1:2:3,4 --> " * 100_000,
    lambda data: b"0 1 " * 200_000 + b"##x",
]
_ALIASES = [b"%c: &%c [%s]\n" % (98 + at, 98 + at, b",".join([b"*%c" % (97 + at)] * 7)) for at in range(20)]
_YAML = [
    b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(_ALIASES) + b"names: *u\n",
    b"names: !!python/object/apply:os.system ['true']\n",
    b"names: " + b"[" * 20_000,
    b"names: {0: a, 99999999999: b, -1: c, x: d}\n",
    b"names: &n\n  0: *n\n",
]
_PICKLES = [
    b"cos\nsystem\n(S'true'\ntR.",
    b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.",
    b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
    b"\x80\x02" + b"]" * 7_000_000 + b".",
    b"\x80\x02" + b"(" * 1_000_000 + b"l" * 1_000_000 + b".",
    b"\x80\x02T\xff\xff\xff\x7fx.",
    b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fx.",
    b"\x80\x02P1\n.",
    b"\x80\x02]q\x00h\x00a.",
    pickle.dumps([{"image_id": 1, "sentences": [[]] * 50}] * 50, protocol=2),
    pickle.dumps({"a": 1}, protocol=2),
]
_MUTATIONS: dict[str, Mutation] = {
    "bytes": _bytes,
    "numbers": _numbers,
    "paths": _paths,
    "structure": _structure,
    "encodings": _encodings,
    "bombs": _bombs,
}
