"""`groundwork-engine probe MEDIA`: what a file is."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.domain.errors import GroundworkError, UsageError
from engine.domain.media import MediaKind
from engine.media.index import Beat
from engine.media.probe import Probed, probe
from engine.media.quarantine import Verdict
from engine.media.trial import tried

if sys.platform != "win32":
    import resource

_ADDRESSES = 6 << 30
_FILE = 1 << 30
# Seconds after which a long piece of work gives a sign of life.
_BEAT = 1.0


def command(
    media: Annotated[Path | None, typer.Argument(help="A picture, clip or sound.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    each: Annotated[bool, typer.Option("--each", help="Try the paths on standard input, under limits.")] = False,
) -> None:
    """Streams, size as displayed, exact count of frames, duration and rotation."""
    if each:
        _serve()
        return
    if media is None:
        raise UsageError("Name a picture, clip or sound.")
    known = probe(media)
    if as_json:
        typer.echo(msgspec.json.encode({**msgspec.to_builtins(known), "seconds": known.seconds}))
        return
    for line in _lines(known):
        typer.echo(line)


def _serve() -> None:
    """One JSON path a line in, one verdict a line out, an empty verdict first; an empty line is a sign of life."""
    _limit()
    # Decoders print to descriptor 1 when they please: answers have a private one.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    said = 0.0

    def say(line: bytes) -> None:
        nonlocal said
        answers.write(line + b"\n")
        answers.flush()
        said = time.monotonic()

    def beat() -> None:
        if time.monotonic() - said > _BEAT:
            say(b"")

    say(msgspec.json.encode(Verdict()))
    for line in sys.stdin.buffer:
        say(msgspec.json.encode(_verdict(Path(msgspec.json.decode(line, type=str)), beat)))


def _verdict(path: Path, beat: Beat) -> Verdict:
    try:
        return Verdict(probed=tried(path, beat))
    except GroundworkError as error:
        return Verdict(sentence=str(error))


def _limit() -> None:
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE, _FILE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _lines(known: Probed) -> list[str]:
    lines = [f"{known.kind} ({known.format}), {known.size} bytes"]
    if known.kind is not MediaKind.AUDIO:
        lines.append(f"{known.width} x {known.height} pixels, turned {known.rotation} degrees")
    if known.kind is MediaKind.IMAGE and known.pages > 1:
        lines.append(f"{known.pages} pages")
    if known.clock is not None:
        lines.append(f"{known.seconds:.3f} s from {known.offset:.3f} s")
    if known.kind is MediaKind.VIDEO:
        pace = "variable" if known.variable else "constant"
        lines.append(f"{known.frames} frames, {known.fps:.3f} a second, {pace}")
    lines += [f"stream {one.index}: {one.kind} {one.codec} {one.detail}".rstrip() for one in known.streams]
    return [*lines, known.notice] if known.notice else lines
