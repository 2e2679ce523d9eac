"""Media: playing, stepping, going somewhere."""

from app.actions.action import Action

_TIMED = ("timed",)

ACTIONS = (
    Action("media.play", "Play or pause", "Media", ("Space",), needs=_TIMED, icon="play"),
    Action("media.stop", "Stop", "Media", ("K",), needs=_TIMED),
    Action("media.faster", "Play forwards, faster", "Media", ("L",), needs=_TIMED, tip="Once more doubles the speed"),
    Action("media.slower", "Play backwards, faster", "Media", ("J",), needs=_TIMED, tip="Once more doubles the speed"),
    Action("media.loop", "Loop the selected segment", "Media", ("Shift+Space",), needs=_TIMED, icon="loop"),
    Action("media.next_frame", "Next frame", "Media", (".",), needs=_TIMED, group=1),
    Action("media.previous_frame", "Previous frame", "Media", (",",), needs=_TIMED, group=1),
    Action("media.forward", "One second on", "Media", ("PgDown",), needs=(*_TIMED, "work"), group=1),
    Action("media.back", "One second back", "Media", ("PgUp",), needs=(*_TIMED, "work"), group=1),
    Action("media.start", "To the start", "Media", ("Home",), needs=(*_TIMED, "work"), group=1),
    Action("media.end", "To the end", "Media", ("End",), needs=(*_TIMED, "work"), group=1),
    Action("media.go_to", "Go to time or frame…", "Media", ("Ctrl+G",), needs=_TIMED, group=1),
    Action("media.speed_up", "Speed up", "Media", ("}",), needs=_TIMED, group=2),
    Action("media.speed_down", "Slow down", "Media", ("{",), needs=_TIMED, group=2),
    Action(
        "media.small_copy",
        "Small copy for smooth scrubbing",
        "Media",
        needs=("clip",),
        group=3,
        checkable=True,
        tip="Makes a small copy of a heavy clip; what rests on screen is always the clip itself",
    ),
    Action("media.mute", "Mute", "Media", ("U",), needs=_TIMED, icon="silent", group=2),
)
