"""Ask: questions to the model, one by one or as a queue."""

from app.actions.action import Action

_FOLLOWS = ("selected", "clip", "writable")

ACTIONS = (
    Action(
        "ask.focus",
        "Ask a question",
        "Ask",
        ("/",),
        needs=("item",),
        icon="ask",
        bar=True,
        tip="Write a question about the shown item",
    ),
    Action(
        "ask.again",
        "Ask the last question again",
        "Ask",
        ("Ctrl+R",),
        needs=("item", "ready", "writable"),
        icon="again",
    ),
    Action("ask.cancel", "Stop answering", "Ask", ("Ctrl+.",), needs=("asking",), icon="stop"),
    Action(
        "ask.prelabel",
        "Pre-label items…",
        "Ask",
        ("Ctrl+L",),
        needs=("project", "writable"),
        icon="queue",
        group=1,
        tip="Ask the same questions about many items in the background",
    ),
    Action(
        "ask.left_out",
        "Left out by pre-labelling…",
        "Ask",
        needs=("project",),
        group=1,
        tip="List what the last pre-labelling could not ask, and why",
    ),
    Action("ask.templates", "Saved questions…", "Ask", needs=("project", "writable"), icon="template", group=1),
    Action(
        "ask.propagate",
        "Propagate forwards",
        "Ask",
        ("P",),
        needs=_FOLLOWS,
        icon="step_forward",
        group=2,
        tip="Follow the selected box to the end of the marked moment, of its segment or of the clip",
    ),
    Action(
        "ask.propagate_back",
        "Propagate backwards",
        "Ask",
        ("Shift+P",),
        needs=_FOLLOWS,
        icon="step_back",
        group=2,
        tip="Follow the selected box to the start of the marked moment, of its segment or of the clip",
    ),
    Action("ask.propagate_both", "Propagate both ways", "Ask", ("Ctrl+Alt+P",), needs=_FOLLOWS, group=2),
    Action(
        "ask.models",
        "Models…",
        "Ask",
        ("Ctrl+M",),
        icon="model",
        group=3,
        tip="Which models there are, how they would run here, and which one answers",
    ),
    Action(
        "ask.model",
        "How the model runs…",
        "Ask",
        group=3,
        tip="Adapter, backbone, device and precision",
    ),
    Action("ask.restart", "Restart the engine", "Ask", group=3),
)
