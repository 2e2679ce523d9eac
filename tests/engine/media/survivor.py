"""What a window does with damaged media, in one process: `survivor.py EACH SEED FOLDER [KIND …]`. Any bug ends it."""

import os
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path

from engine.domain.errors import MediaError
from engine.domain.media import MediaKind
from engine.media import picture
from engine.media.playback import Playback
from engine.media.quarantine import Examiner
from engine.media.speaker import SilentOut
from engine.media.thumbnail import thumbnail
from engine.media.waveform import Waveform
from tests.engine.media.mutations import spoil


def show(path: Path, examiner: Examiner) -> str:
    try:
        known = examiner.examine(path)
        thumbnail(path, known.kind, (64, 64))
        if known.kind is MediaKind.IMAGE:
            picture.load(path)
            return "shown"
    except MediaError as error:
        return "set aside" if "set aside" in str(error) else "refused"
    player = Playback(path, known, SilentOut())
    wave = Waveform(path, known.clock)
    try:
        for share in (0.0, 0.8, 0.3):
            player.seek(player.clock.start + int(share * player.clock.duration))
            player.play()
            wait(player, 0.02)
            player.step(-1)
            wait(player, 0.01)
        wave.wait(5)
        wave.columns(player.clock.start, player.end, 50)
    finally:
        player.close()
        wave.close()
    return "shown" if not player.notice else "shown in part"


def wait(player: Playback, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        player.newest()
        time.sleep(0.002)


def fatal(args: threading.ExceptHookArgs) -> None:
    traceback.print_exception(args.exc_type, args.exc_value, args.exc_traceback)
    os._exit(3)


def main() -> None:
    each, seed, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    threading.excepthook = fatal
    counts: Counter[str] = Counter()
    slowest = 0.0
    with Examiner() as examiner:
        for path in spoil(folder, each, seed, sys.argv[4:]):
            began = time.perf_counter()
            try:
                counts[f"{path.suffix} {show(path, examiner)}"] += 1
            except BaseException:
                print(f"bug: {path}", flush=True)
                raise
            slowest = max(slowest, time.perf_counter() - began)
    print(f"survived {sum(counts.values())}, slowest {slowest:.1f} s, {dict(sorted(counts.items()))}")


main()
