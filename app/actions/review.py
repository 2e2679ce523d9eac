"""Review: one key decides, and the next prediction comes up by itself."""

from app.actions.action import Action

_DECIDES = ("selected", "writable")

ACTIONS = (
    Action(
        "review.accept",
        "Accept, next",
        "Review",
        ("Return", "Enter"),
        needs=_DECIDES,
        icon="accept",
        bar=True,
        tip="Accept the selected prediction and go to the next",
    ),
    Action(
        "review.reject",
        "Reject, next",
        "Review",
        ("Backspace",),
        needs=_DECIDES,
        icon="reject",
        bar=True,
        tip="Reject the selected prediction and go to the next",
    ),
    Action(
        "review.absent",
        "Not there",
        "Review",
        ("N",),
        needs=("item", "writable"),
        icon="absent",
        bar=True,
        tip="State that what was asked for is nowhere in this item",
    ),
    Action("review.next", "Next to review", "Review", ("Tab",), needs=("item",), group=1),
    Action("review.previous", "Previous to review", "Review", ("Shift+Tab",), needs=("item",), group=1),
    Action(
        "review.accept_above",
        "Accept all above the threshold",
        "Review",
        ("Shift+Return",),
        needs=("pending", "writable"),
        group=2,
        tip="Accept every prediction of this item with a score at or above the threshold; counted apart",
    ),
    Action(
        "review.finish",
        "Item done, next item",
        "Review",
        ("Ctrl+Return",),
        needs=("item", "writable"),
        icon="finish",
        group=2,
        bar=True,
    ),
    Action(
        "review.compare",
        "Compare model and human",
        "Review",
        ("Ctrl+D",),
        needs=("project",),
        group=3,
        tip="List what the model found and no human kept, what it missed, and what overlaps too little",
    ),
    Action("review.next_difference", "Next difference", "Review", ("Ctrl+Shift+D",), needs=("project",), group=3),
    Action("review.previous_difference", "Previous difference", "Review", ("Ctrl+Alt+D",), needs=("project",), group=3),
    Action("review.effort", "Save effort as CSV…", "Review", needs=("project",), group=3),
)
