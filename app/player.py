"""Plays what is shown: asks the medium for its newest frame on a timer and says what is to be seen. No widgets."""

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from app.jobs import Job, Jobs
from app.next_medium import NextMedium, View, opening
from engine.domain.errors import GroundworkError
from engine.domain.geometry import Segment
from engine.domain.media import MediaItem
from widgets.timecode import Place

_POLL_MS, _REST_MS = 8, 40
# Between frames time is told this often, for the playhead of a sound.
_TELL_MS = 33
_FASTEST_BACK = 8
# The shuttle's rates: L goes up this ladder, J down.
_LADDER = (-8, -4, -2, -1, 0, 1, 2, 4)


class Player(QObject):
    """One clip or sound at a time; everything is quiet without one.

    `frame_shown(pixels, pts)` for each frame to draw; `moved(pts, frame number)` when time went on; `changed()` when
    it plays, stops, loops or runs at another speed; `framed(pts array)` once a clip's frames are known;
    `told(sentence)` for what cannot be opened, `noticed(sentence)` for what cannot be heard or seen of it, "" for all
    well.
    """

    frame_shown = Signal(object, object)
    moved = Signal(object, int)
    changed = Signal()
    framed = Signal(object)
    opened = Signal(object)
    told = Signal(str)
    noticed = Signal(str)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._job: Job | None = None
        self._next = NextMedium(jobs)
        # Opened beforehand and about to be shown.
        self._arriving: Any = None
        self._item: MediaItem | None = None
        self._playback: Any = None
        self._view: View = None
        self._wanted: int | None = None
        self._seen: int | None = None
        self._at: int | None = None
        self._known = False
        self._notice = ""
        self._rate = 0
        self._volume, self._speed = 1.0, 1.0
        self._watch, self._told = QElapsedTimer(), QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.poll)

    # What there is

    @property
    def item(self) -> MediaItem | None:
        return self._item

    @property
    def ready(self) -> bool:
        return self._playback is not None

    @property
    def playing(self) -> bool:
        return bool(self._playback and self._playback.playing) or self._rate < 0

    @property
    def looping(self) -> bool:
        return bool(self._playback and self._playback.loop)

    @property
    def rate(self) -> int:
        """The shuttle's rate, 0 while it rests."""
        return self._rate

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def position(self) -> int:
        """PTS of what is seen or heard now; the start while nothing is open yet."""
        if self._playback is not None:
            return int(self._playback.position)
        clock = self._item.clock if self._item else None
        return clock.start if clock else 0

    @property
    def seen(self) -> int:
        """PTS of the frame on screen, which is what is drawn on; the position where there are no frames."""
        return self.position if self._seen is None else self._seen

    @property
    def frames(self) -> int:
        index = self._playback.index if self._playback is not None else None
        return len(index) if index is not None else self._item.frames if self._item else 0

    # What to do

    def open(self, item: MediaItem | None, path: Path | None) -> None:
        """Get a clip or sound ready, paused at its start; a picture or nothing closes what was open."""
        self.close()
        if item is None or path is None or item.clock is None:
            return
        self._item = item
        self._arriving = self._next.take(path)
        if self._arriving is not None:
            QTimer.singleShot(0, self, self._arrive)
            return
        self._job = opening(self._jobs, path, self._view, self._take, self._fail)

    def prepare(self, path: Path | None) -> None:
        """The clip or sound at `path` is likely to be next; None for none."""
        self._next.prepare(path, self._view)

    def close(self) -> None:
        """Stop and let go; what is still being opened is closed as soon as it comes."""
        self._timer.stop()
        self._rate = 0
        if self._job is not None:
            self._job.cancel()
            self._job = None
        for playback in (self._playback, self._arriving):
            if playback is not None:
                playback.close()
        self._playback = self._arriving = self._item = None
        self._wanted = self._at = self._seen = None
        self._known = False
        if self._notice:
            self._notice = ""
            self.noticed.emit("")

    def toggle(self) -> None:
        """Play or pause."""
        if self._playback is None:
            return
        if self.playing:
            self.pause()
        else:
            self._run(1)

    def pause(self) -> None:
        if self._playback is not None:
            self._rate = 0
            self._playback.pause()
            self._playback.set_speed(self._speed)
            self.changed.emit()

    def shuttle(self, direction: int) -> None:
        """One rung faster forwards (1) or backwards (-1); 0 stops."""
        if self._playback is None:
            return
        now = self._rate or (1 if self._playback.playing else 0)
        rung = _LADDER.index(now) + direction if direction else _LADDER.index(0)
        rate = _LADDER[min(max(rung, 0), len(_LADDER) - 1)]
        if rate == 0:
            self.pause()
        else:
            self._run(rate)

    def step(self, frames: int) -> None:
        """Pause and move by frames; a sound by hundredths of a second."""
        if self._playback is not None:
            was = self.playing
            self._rate = 0
            self._playback.step(frames)
            self._poll_soon()
            if was:
                self.changed.emit()

    def skip(self, seconds: float) -> None:
        """Move by seconds, playing on if so."""
        clock = self._item.clock if self._item else None
        if clock is not None:
            self.seek(self.position + round(seconds * clock.den / clock.num))

    def seek(self, pts: int, *, scrub: bool = False) -> None:
        """Go to an instant; before the medium is open it is remembered."""
        if self._playback is None:
            self._wanted = pts
            return
        self._playback.seek(pts, scrub=scrub, preview=True)
        self._poll_soon()

    def go_to(self, place: Place) -> None:
        """Go to a time or to a frame by its number."""
        clock = self._item.clock if self._item else None
        if clock is None:
            return
        index = self._playback.index if self._playback is not None else None
        if place.frame is None:
            self.seek(clock.pts_at(place.seconds))
        elif index is not None:
            self.seek(int(index.pts[min(place.frame, len(index) - 1)]))
        else:
            self.told.emit("The frames are still being counted; go to a time, or try again in a moment.")

    def loop(self, segment: Segment | None) -> None:
        """Play a segment over and over; None ends that."""
        if self._playback is None:
            return
        self._playback.set_loop(segment)
        if segment is not None and not segment.start <= self.position < segment.end:
            self._playback.seek(segment.start)
        self.changed.emit()

    def set_speed(self, speed: float) -> None:
        self._speed = speed
        if self._playback is not None:
            self._playback.set_speed(speed)
            self.changed.emit()

    def set_volume(self, volume: float) -> None:
        self._volume = volume
        if self._playback is not None:
            self._playback.set_volume(volume)

    @property
    def view(self) -> View:
        return self._view

    def set_view(self, size: View) -> None:
        """Frames need not be larger than this, in device pixels; None for every pixel."""
        self._view = size
        if self._playback is not None:
            self._playback.set_view(size)

    def poll(self) -> None:
        """Show what there is to show now."""
        playback = self._playback
        if playback is None:
            return
        was = playback.playing
        frame = playback.newest()
        if frame is not None:
            self._seen = int(frame.pts)
            self.frame_shown.emit(frame.pixels, frame.pts)
        # A preview from nearby is drawn, but time is where it was sought.
        at = int(frame.pts) if frame is not None and frame.exact else int(playback.position)
        if at != self._at and (frame is not None or not playback.playing or self._told.hasExpired(_TELL_MS)):
            self._at = at
            self._told.restart()
            self.moved.emit(at, self._number(at))
        self._tell_known()
        if was and not playback.playing:
            self._rate = 0
            self.changed.emit()
        if self._rate < 0:
            self._go_back()
        self._timer.setInterval(_POLL_MS if self.playing or frame is not None else _REST_MS)

    # Inside

    def _arrive(self) -> None:
        playback, self._arriving = self._arriving, None
        if playback is not None:
            self._take(playback)

    def _take(self, playback: Any) -> None:
        self._job = None
        self._playback = playback
        self._playback.set_volume(self._volume)
        self._playback.set_speed(self._speed)
        self._playback.set_view(self._view)
        if self._wanted is not None:
            self._playback.seek(self._wanted, preview=True)
        self._poll_soon()
        self.opened.emit(self._item)
        self.changed.emit()

    def _fail(self, error: GroundworkError) -> None:
        self.told.emit(str(error))

    def _run(self, rate: int) -> None:
        self._rate = rate if rate != 1 else 0
        if rate < 0:
            self._playback.pause()
            self._watch.start()
        else:
            self._playback.set_speed(self._speed if rate == 1 else float(rate))
            self._playback.play()
        self._poll_soon()
        self.changed.emit()

    def _go_back(self) -> None:
        """Playing backwards is stepping back as fast as time goes by; the sound is silent."""
        clock = self._item.clock if self._item else None
        frames, elapsed = self.frames, self._watch.elapsed() / 1000
        if clock is None:
            return
        pace = clock.seconds / frames if frames else 0.02
        steps = int(elapsed * -self._rate / pace)
        if steps < 1:
            return
        self._watch.restart()
        if self.position <= clock.start:
            self.pause()
        elif frames:
            self._playback.step(-min(steps, _FASTEST_BACK))
        else:
            self._playback.seek(self.position - round(elapsed * -self._rate * clock.den / clock.num), scrub=True)

    def _number(self, pts: int) -> int:
        index = self._playback.index if self._playback is not None else None
        return index.rank(pts) if index is not None else 0

    def _tell_known(self) -> None:
        index, notice = self._playback.index, self._playback.notice
        if index is not None and not self._known:
            self._known = True
            self.framed.emit(np.asarray(index.pts))
            self.changed.emit()
        if notice != self._notice:
            self._notice = notice
            self.noticed.emit(notice)

    def _poll_soon(self) -> None:
        self._timer.start(_POLL_MS)
