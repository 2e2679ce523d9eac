"""H.264 whose frames are coded as two fields each, bit by bit: no encoder at hand makes them."""

from fractions import Fraction
from pathlib import Path

import av

SIZE = (16, 32)
_RATE, _GROUP, _STEP = 25, 12, 3600
_DELIMITER = b"\0\0\0\1\x09\xf0"


def _ue(value: int) -> str:
    """Exp-Golomb code (H.264, 9.1)."""
    bits = f"{value + 1:b}"
    return "0" * (len(bits) - 1) + bits


def _nal(kind: int, bits: str) -> bytes:
    bits += "1" + "0" * (-(len(bits) + 1) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    for low in range(4):
        body = body.replace(bytes([0, 0, low]), bytes([0, 0, 3, low]))
    return b"\0\0\0\1" + bytes([3 << 5 | kind]) + body


# Main profile, one macroblock wide, two high, frames may be coded as fields, times follow the order of decoding.
_HEADERS = _nal(7, f"{77:08b}{0:08b}{30:08b}{_ue(0)}{_ue(0)}{_ue(2)}{_ue(1)}0{_ue(0)}{_ue(0)}001" + "00") + _nal(
    8, f"{_ue(0)}{_ue(0)}00{_ue(0) * 3}000{_ue(0) * 3}000"
)


def _slice(number: int, field: int | None, begins: bool, level: int) -> bytes:
    """A grey frame or field, its samples stored as they are."""
    bits = _ue(0) + _ue(7) + _ue(0) + f"{number:04b}" + ("0" if field is None else f"1{field}")
    bits += f"{_ue(0)}00" if begins else "0"
    bits += _ue(0)
    for _ in range(2 if field is None else 1):
        bits += _ue(25)
        bits += "0" * (-len(bits) % 8) + f"{level:08b}" * 384
    return _nal(5 if begins else 1, bits)


def write_fields(path: Path, count: int, *, paired: int, apart: bool) -> Path:
    """Each `paired`-th frame is two fields, `apart` in a packet each, with a time each."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=_RATE)
        (stream.width, stream.height), stream.pix_fmt = SIZE, "yuv420p"
        for n in range(count):
            at, level = n % _GROUP, 40 + 3 * n
            start = _DELIMITER + (b"" if at else _HEADERS)
            if n % paired:
                parts = [start + _slice(at, None, not at, level)]
            else:
                parts = [start + _slice(at, 0, not at, level), _DELIMITER + _slice(at, 1, False, level)]
            for half, data in enumerate(parts if apart else [b"".join(parts)]):
                packet = av.Packet(data)
                packet.stream, packet.time_base = stream, Fraction(1, _RATE * _STEP)
                packet.pts = packet.dts = n * _STEP + half * _STEP // 2
                packet.is_keyframe = not at and not half
                out.mux(packet)
    return path
