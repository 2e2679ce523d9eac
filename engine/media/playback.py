"""Playing a clip or a sound: the sound is the clock, pictures follow it. Nothing here waits in the caller's thread.

A window polls `newest()` from a timer of 5 to 10 ms. All times are PTS of the medium's clock.
"""

from fractions import Fraction
from math import floor
from pathlib import Path

from engine.domain.errors import MediaError
from engine.domain.geometry import Segment
from engine.domain.media import Clock, MediaKind
from engine.media.convert import Frame, Size
from engine.media.frame_source import FrameSource, Run, Show
from engine.media.index import FrameIndex
from engine.media.orientation import turned
from engine.media.probe import Probed
from engine.media.sound_feeder import SoundFeeder, Stretch
from engine.media.sound_queue import Instant, SoundQueue
from engine.media.speaker import BROKEN_DEVICE, SilentOut, Speaker, open_speaker

SLOWEST, FASTEST = 0.25, 4.0
_GRAIN = 0.09
# A tick that is as good as over, since seconds are rounded; where ticks are long, the one begun is what is seen.
_NEARLY = 1e-6
# A sound has no frames; a step moves this far.
_SOUND_STEP = Fraction(1, 100)


class Playback:
    """One open clip or sound, paused at its start.

    `speaker` may be shared between media one after the other and is not closed here; without one the machine's device
    is opened at the first sound. `view` is the size in device pixels in which frames will be shown.
    """

    def __init__(self, path: Path, probed: Probed, speaker: Speaker | None = None, *, view: Size | None = None) -> None:
        if probed.clock is None:
            raise MediaError(f"{path.name} has no time to play.")
        self.clock: Clock = probed.clock
        self._base = Fraction(self.clock.num, self.clock.den)
        self._sounding = probed.sound
        self._own = speaker is None
        self._speaker = speaker
        self._source: FrameSource | None = None
        if probed.kind is MediaKind.VIDEO:
            full = probed.height if turned(probed.orientation) else probed.width
            self._source = FrameSource(path, probed.orientation, full, self._base, self._now)
            self._source.store.resize(view)
        # Last of what has a thread: the source may find the clip gone.
        self._feeder = SoundFeeder(path if probed.sound else None)
        self._queue: SoundQueue | None = None
        self._grain: SoundQueue | None = None
        self._playing = False
        self._target = self.clock.start
        # Steps from the target that cannot be taken before the frames are known.
        self._steps = 0
        self._speed, self._volume = 1.0, 1.0
        self._loop: Segment | None = None
        self._notice = ""
        # A preview is still welcome: the frame that was sought has not come.
        self._previews = False
        self._show(self._target)

    # --- what is

    @property
    def playing(self) -> bool:
        return self._playing

    @property
    def position(self) -> int:
        """PTS of what is seen or heard now."""
        now = self._now() if self._playing else None
        return self._target if now is None else self._within(floor(now.seconds / self._base + _NEARLY))

    @property
    def end(self) -> int:
        return self.clock.start + self.clock.duration

    @property
    def index(self) -> FrameIndex | None:
        """The exact frames of a clip once they are known: at once if cached, else after some seconds for hours."""
        return self._source.index if self._source is not None else None

    @property
    def dropped(self) -> int:
        """Frames that came too late to be shown."""
        return self._source.dropped if self._source is not None else 0

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def loop(self) -> Segment | None:
        return self._loop

    @property
    def notice(self) -> str:
        """A sentence for the status bar, "" when all is well."""
        silent = self._speaker.notice if self._speaker is not None and self._sounding else ""
        picture = self._source.notice if self._source is not None else ""
        return picture or self._feeder.notice or self._notice or silent

    def newest(self) -> Frame | None:
        """The frame to show from now on, None while the one shown stays right. Ends playing at the end."""
        self._tend()
        if self._source is None:
            return None
        frame = self._source.take(self._now() if self._playing else None)
        if frame is not None and frame.exact:
            self._target, self._steps = frame.pts, 0
            self._previews = False
        return frame

    # --- what to do

    def play(self) -> None:
        """From the position; from the start, or the loop's, when it is at the end."""
        if self._playing:
            return
        at = self._target
        first, last = (self._loop.start, self._loop.end) if self._loop else (self.clock.start, self.end)
        if not first <= at < self._last_before(last):
            at = first
        self._begin(at)

    def pause(self) -> None:
        """Stops on the frame that is on screen, for a sound where it was heard last."""
        if not self._playing:
            return
        heard = self.position
        self._halt()
        if self._source is None:
            self._target = heard
        self._show(self._target)

    def seek(self, pts: int, *, scrub: bool = False, preview: bool = False) -> None:
        """Go there, playing on if so. `preview` gives a near frame (not `exact`) first where the right one takes time.

        `scrub` while the playhead is dragged: a preview and a grain of sound.
        """
        self._target, self._steps = self._within(pts), 0
        if self._playing:
            self._begin(self._target)
            return
        self._previews = scrub or preview
        self._show(self._target, scrub=self._previews)
        if scrub and self._sounding:
            self._sound_grain(self._target)

    def step(self, count: int) -> None:
        """Pause and move by frames, a sound by hundredths of a second."""
        self.pause()
        index = self.index
        if self._source is None:
            self.seek(self._target + round(count * _SOUND_STEP / self._base))
            return
        self._steps += count
        if index is not None:
            rank = min(max(index.rank(self._target) + self._steps, 0), len(index) - 1)
            self._target, self._steps = int(index.pts[rank]), 0
        self._source.wish(Show(self._target, steps=self._steps, back=count < 0))

    def set_speed(self, speed: float) -> None:
        """0.25 to 4; the pitch stays."""
        self._speed = min(max(speed, SLOWEST), FASTEST)
        self._again()

    def set_loop(self, loop: Segment | None) -> None:
        """Play this segment over and over; None plays on to the end."""
        if loop is not None and loop.end <= loop.start:
            loop = None
        self._loop = loop
        self._again()

    def set_volume(self, volume: float) -> None:
        """0 to 1."""
        self._volume = min(max(volume, 0.0), 1.0)
        if self._queue is not None:
            self._queue.volume = self._volume

    def set_view(self, view: Size | None) -> None:
        """Frames from now on fit this size as displayed; None gives every pixel."""
        if self._source is None or self._source.store.view == view:
            return
        self._source.store.resize(view)
        if not self._playing:
            self._show(self._target, scrub=self._previews)

    def close(self) -> None:
        self._halt()
        self._feeder.close()
        if self._source is not None:
            self._source.close()
        if self._own and self._speaker is not None:
            self._speaker.close()

    # --- inside

    def _begin(self, pts: int) -> None:
        speaker = self._speaker_now()
        start = float(pts * self._base)
        loop = self._loop
        last = min(loop.end, self.end) if loop is not None and pts < loop.end else self.end
        again = float(loop.start * self._base) if loop is not None and pts < loop.end else None
        self._queue = SoundQueue(start, self._speed, speaker.rate, self._volume)
        self._grain = None
        self._target, self._steps = pts, 0
        self._playing = True
        if self._source is not None:
            self._source.wish(Run(pts, loop if again is not None else None))
        stretch = Stretch(start, float(last * self._base), self._speed, again)
        self._feeder.start(stretch, self._queue, speaker)

    def _again(self) -> None:
        if self._playing:
            self._begin(self.position)

    def _halt(self) -> None:
        self._playing = False
        self._feeder.stop()
        if self._speaker is not None:
            self._speaker.stop()
        self._grain = self._queue = None

    def _show(self, pts: int, *, scrub: bool = False) -> None:
        if self._source is not None:
            self._source.wish(Show(pts, steps=self._steps, scrub=scrub))

    def _sound_grain(self, pts: int) -> None:
        speaker = self._speaker_now()
        start = float(pts * self._base)
        self._grain = SoundQueue(start, 1.0, speaker.rate, self._volume)
        self._feeder.start(Stretch(start, start + _GRAIN, grain=True), self._grain, speaker)

    def _tend(self) -> None:
        """End at the end, and do without a device that does not keep time."""
        queue, speaker = self._queue or self._grain, self._speaker
        if queue is None or speaker is None or not queue.started:
            return
        if speaker.broken():
            at, playing = self.position, self._playing
            self._halt()
            self._notice = BROKEN_DEVICE
            if self._own:
                speaker.close()
            self._speaker = SilentOut(BROKEN_DEVICE)
            if playing:
                self._begin(at)
        elif queue.ended(speaker.heard()):
            playing = self._playing
            self._halt()
            if playing:
                self._target = self._last_before(self.end)
                self._show(self._target)

    def _now(self) -> Instant | None:
        """The instant being heard, None while not playing."""
        queue, speaker = self._queue, self._speaker
        if queue is None or speaker is None:
            return None
        return queue.at(speaker.heard() if queue.started else 0.0)

    def _speaker_now(self) -> Speaker:
        if self._speaker is None:
            self._speaker = open_speaker() if self._sounding else SilentOut()
        return self._speaker

    def _within(self, pts: int) -> int:
        return min(max(pts, self.clock.start), self.end)

    def _last_before(self, end: int) -> int:
        """The last frame that starts before `end`; for a sound the end itself."""
        index = self.index
        return end if index is None else int(index.pts[index.rank(end - 1)])
