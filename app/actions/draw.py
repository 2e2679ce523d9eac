"""Draw: boxes, segments and tracks by hand, and putting them right without the mouse."""

from app.actions.action import Action

_DRAWS = ("seen", "writable")
_CHANGES = ("selected", "writable")
_WORKS = ("item", "work")

# Arrows nudge the selected box or segment; without one they move through time.
_ARROWS = tuple(
    Action(
        f"work.{side}{suffix}",
        f"{words}: {side}",
        keys=(f"{modifier}{side.capitalize()}",),
        needs=_WORKS,
        tip=tip,
    )
    for suffix, modifier, words, tip in (
        ("", "", "Nudge", "Move the selected box by a pixel, or go to the frame beside"),
        ("_far", "Shift+", "Nudge far", "Move the selected box by ten pixels, or go on by a second"),
        ("_end", "Ctrl+", "Right or lower edge", "Move only the right or lower edge, or the end of a segment"),
        ("_end_far", "Ctrl+Shift+", "Right or lower edge, far", "By ten"),
        ("_start", "Alt+", "Left or upper edge", "Move only the left or upper edge, or the start of a segment"),
        ("_start_far", "Alt+Shift+", "Left or upper edge, far", "By ten"),
    )
    for side in ("left", "right", "up", "down")
)

_LABELS = tuple(
    Action(f"draw.label_{number}", f"Give label {number}", keys=(f"{number}",), needs=("item", "writable", "work"))
    for number in range(1, 10)
)

ACTIONS = (
    Action("canvas.select", "Select", "Draw", ("V",), needs=("item",), tip="Select, move and resize"),
    Action("canvas.draw", "Box", "Draw", ("B",), needs=_DRAWS, icon="box", bar=True, tip="Draw a box"),
    Action("canvas.draw_many", "Boxes, one after another", "Draw", ("Shift+B",), needs=_DRAWS),
    Action(
        "canvas.extreme",
        "Box by its four outermost points",
        "Draw",
        ("X",),
        needs=_DRAWS,
        icon="extreme",
        tip="Click the topmost, leftmost, lowest and rightmost point of a thing, in any order",
    ),
    Action("timeline.draw", "Segment", "Draw", ("S",), needs=("timed", "writable"), icon="segment", bar=True),
    Action(
        "canvas.region",
        "Mark a region to ask about",
        "Draw",
        ("M",),
        needs=("seen",),
        icon="region",
        group=1,
        tip="The next question is about this part of the picture",
    ),
    Action("timeline.moment", "Mark a moment to ask about", "Draw", ("Shift+M",), needs=("timed",), group=1),
    Action("draw.frame", "Ask about this frame alone", "Draw", ("Ctrl+Shift+M",), needs=("clip",), group=1),
    Action("draw.unmark", "Forget the mark", "Draw", ("Ctrl+Alt+M",), needs=("item",), group=1),
    Action("timeline.mark_in", "Mark in", "Draw", ("I",), needs=("timed", "writable"), group=2),
    Action("timeline.mark_out", "Mark out", "Draw", ("O",), needs=("timed", "writable"), group=2),
    Action("timeline.start_here", "Start at the playhead", "Draw", ("[",), needs=(*_CHANGES, "timed"), group=2),
    Action("timeline.end_here", "End at the playhead", "Draw", ("]",), needs=(*_CHANGES, "timed"), group=2),
    Action(
        "timeline.split", "Split at the playhead", "Draw", ("C",), needs=(*_CHANGES, "timed"), icon="split", group=2
    ),
    Action(
        "timeline.join", "Join with the next", "Draw", ("Shift+C",), needs=(*_CHANGES, "timed"), icon="join", group=2
    ),
    Action("draw.track", "Make a track of the box", "Draw", ("T",), needs=(*_CHANGES, "clip"), group=3),
    Action("draw.set_key", "Set a keyframe", "Draw", ("Q",), needs=(*_CHANGES, "clip"), group=3),
    Action(
        "draw.copy_key",
        "Copy the box from the keyframe before",
        "Draw",
        ("Y",),
        needs=(*_CHANGES, "clip"),
        group=3,
        tip="Put a keyframe here with the box that the track had on its last keyframe",
    ),
    Action("draw.remove_key", "Remove the keyframe", "Draw", ("Shift+Q",), needs=(*_CHANGES, "clip"), group=3),
    Action("draw.outside", "Gone from here on, or back", "Draw", ("G",), needs=(*_CHANGES, "clip"), group=3),
    Action("timeline.next_key", "Next keyframe", "Draw", ("R",), needs=("selected", "clip"), group=3),
    Action("timeline.previous_key", "Previous keyframe", "Draw", ("Shift+R",), needs=("selected", "clip"), group=3),
    *_ARROWS,
    *_LABELS,
)
