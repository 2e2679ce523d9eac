"""WebVTT and SubRip: segments in whole milliseconds as cues, one file for each clip or sound.

In WebVTT a cue's voice (`<v NAME>`) is the label's name. Identifiers are numbers, since readers in wide use take any
other for a line of the cue before.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from engine.domain.annotation import Annotation
from engine.domain.geometry import Segment
from engine.domain.media import MediaItem
from engine.exchange import reading
from engine.exchange.audacity import timed_files
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, names_of

_VTT = re.compile(r".+\.vtt", re.IGNORECASE)
_SRT = re.compile(r".+\.srt", re.IGNORECASE)
_TIMES = re.compile(
    r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})[ \t]+-->[ \t]+(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
    r"(?:[ \t].*)?",
    re.ASCII,
)
_VOICE = re.compile(r"<v(?:\.[^ \t>]*)?[ \t]+([^>]*)>", re.IGNORECASE)
_TAG = re.compile(r"</?[^<>]*>")
_BLANK = re.compile(r"\n\s*\n")


def write_vtt(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names, labels = names_of(dataset), category_names(dataset)
    for item, annotations in out.each(dataset):
        cues = ["WEBVTT\n"]
        for number, (one, start, end) in enumerate(_cues(item, annotations, out), 1):
            label = labels.get(one.label or "", "")
            voice = f"<v {_escaped(out.one_line(label))}>" if label else ""
            payload = voice + _escaped(_payload(one.phrase, out))
            cues.append(f"{number}\n{_clock(start, '.')} --> {_clock(end, '.')}\n{payload}\n")
        yield File(f"{names[item.id]}.vtt", "\n".join(cues).encode())


def write_srt(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names, labels = names_of(dataset), category_names(dataset)
    for item, annotations in out.each(dataset):
        cues = []
        for number, (one, start, end) in enumerate(_cues(item, annotations, out), 1):
            words = _payload(one.phrase or category(one, labels), out)
            if "-->" in words:
                out.losses.changed("arrow in a phrase", words[:60])
                words = words.replace("-->", "→")
            cues.append(f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{words}\n")
        yield File(f"{names[item.id]}.srt", "\n".join(cues).encode())


def read_vtt(source: Path, into: Incoming) -> Iterator[Imported]:
    for path, item in timed_files(source, _VTT, into):
        lines = reading.text(path).split("\n")
        if not lines[0].startswith("WEBVTT"):
            into.losses.dropped("file that does not begin with WEBVTT", path.name)
            continue
        for segment, payload in _read_cues(lines, item, into):
            voice = _VOICE.match(payload)
            label = html.unescape(voice.group(1)) if voice else ""
            words = html.unescape(_TAG.sub("", payload))
            yield into.annotation(item, segment, label, phrase=words, labelled=bool(label))


def read_srt(source: Path, into: Incoming) -> Iterator[Imported]:
    for path, item in timed_files(source, _SRT, into):
        for segment, payload in _read_cues(reading.text(path).split("\n"), item, into):
            yield into.annotation(item, segment, "", phrase=payload, labelled=False)


def _cues(item: MediaItem, annotations: list[Annotation], out: Outgoing) -> Iterator[tuple[Annotation, int, int]]:
    spans = [(*out.milliseconds(item, one.geometry), one) for one in annotations if isinstance(one.geometry, Segment)]
    return ((one, start, end) for start, end, one in sorted(spans, key=lambda span: span[:2]))


def _read_cues(lines: list[str], item: MediaItem, into: Incoming) -> Iterator[tuple[Segment, str]]:
    """Segment and payload of each cue; a payload ends at an empty line."""
    at = 0
    while at < len(lines):
        match = _TIMES.fullmatch(lines[at].strip())
        if match is None:
            if "-->" in lines[at]:
                into.losses.dropped("cue whose times cannot be read", f"line {at + 1}")
            at += 1
            continue
        end = at + 1
        while end < len(lines) and lines[end].strip():
            end += 1
        segment = into.segment(item, _seconds(match.groups()[:4]), _seconds(match.groups()[4:]))
        if segment is not None:
            yield segment, "\n".join(lines[at + 1 : end])
        at = end


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(thousandths.ljust(3, "0")) / 1000


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{point}{rest:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _payload(text: str, out: Outgoing) -> str:
    """Text that no empty line ends before its time."""
    fitting = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ").strip()
    while _BLANK.search(fitting):
        fitting = _BLANK.sub("\n", fitting)
    if fitting != text:
        out.losses.changed("empty lines or outer blanks in a phrase", text[:60])
    return fitting
