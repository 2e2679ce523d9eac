"""Values to bytes that every reader takes: ASCII JSON, indented XML, and text that XML can hold."""

import re
from typing import Any
from xml.etree.ElementTree import Element, indent, tostring

import msgspec

from engine.exchange.loss import LossBook

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_NOT_XML = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def json_bytes(value: Any, *, lines: bool = False) -> bytes:
    """JSON in ASCII, since some readers open files in the encoding of the place they run in."""
    return (
        _ascii(msgspec.json.encode(value)) + b"\n"
        if lines
        else _ascii(msgspec.json.format(msgspec.json.encode(value), indent=1)) + b"\n"
    )


def xml_bytes(root: Element) -> bytes:
    """An XML document in UTF-8, two blanks a level."""
    indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="utf-8") + b"\n"


def xml_text(text: str, losses: LossBook) -> str:
    """Text without the control characters that XML forbids."""
    fitting = _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if fitting != text:
        losses.changed("control characters in a phrase", fitting[:60])
    return fitting


def decimals(value: float, digits: int) -> str:
    """A number with up to `digits` decimals, without trailing zeros and never in powers of ten."""
    text = f"{value:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _ascii(encoded: bytes) -> bytes:
    if encoded.isascii():
        return encoded
    return _NOT_ASCII.sub(_escaped, encoded.decode()).encode("ascii")


def _escaped(match: "re.Match[str]") -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
