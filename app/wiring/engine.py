"""The engine's state is shown, the model can be changed, and the question panel knows whether it may ask."""

import msgspec
from PySide6.QtCore import Qt

from app.front import Front
from app.grounder import Grounder, State, Status
from app.preferences import Preferences
from app.session import Session
from app.settings import ROWS
from engine.messages import LoadModel
from widgets.dialogs.model import ModelDialog
from widgets.engine_badge import EngineBadge
from widgets.field import Field

_MOODS = {
    State.READY: "ready",
    State.BUSY: "busy",
    State.FULL: "trouble",
    State.FAILED: "trouble",
    State.SAFE: "trouble",
}
_FORM = (
    Field("adapter", "Adapter folder", "folder", note="What training on your corrections made."),
    *(row for row in ROWS if row.key in {"backbone", "device", "threads"}),
    Field(
        "precision",
        "Precision",
        "choice",
        choices=tuple((one, one) for one in ("auto", "fp32", "bf16", "fp16", "int8", "nf4", "F16", "Q8_0", "Q4_K_M")),
        note="Fewer bits need less memory and answer a little less exactly.",
    ),
)
_KEYS = frozenset(field.key for field in _FORM)


def wish(preferences: Preferences) -> LoadModel:
    """The model the settings ask for."""
    settings = preferences.value
    return LoadModel(
        "",
        settings.model,
        settings.adapter,
        settings.backbone,
        settings.device,
        settings.precision,
        settings.threads,
    )


def connect_engine(front: Front, session: Session, engine: Grounder) -> None:
    """Show what the engine does, load what the settings wish, change it at the user's wish."""
    window, panel, preferences, board = front.window, front.questions, front.preferences, front.board
    badge = EngineBadge()
    window.place_corner(badge)
    memory = window.place_status("engine", "Engine")

    def show(status: Status) -> None:
        badge.show_state(*_badge(status))
        memory.setText(f"engine {status.model.memory / 1e6:,.0f} MB" if status.model else "")
        calm = status.state in {State.READY, State.BUSY}
        panel.show_state("" if calm else status.sentence, trouble=_MOODS.get(status.state) == "trouble")
        board.set_fact("ready", holds=calm)
        allow()

    def allow() -> None:
        refused = engine.status.state in {State.SAFE, State.FAILED, State.FULL}
        panel.enable(can_ask=session.item is not None and session.writable and not refused)

    def choose() -> None:
        dialog = ModelDialog(_FORM, msgspec.structs.asdict(preferences.value), _facts(engine.status), window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.kept.connect(keep)
        dialog.open()

    def keep(values: dict[str, object]) -> None:
        before = wish(preferences)
        preferences.change(**values)
        if wish(preferences) != before or engine.status.state not in {State.READY, State.BUSY}:
            engine.load(wish(preferences))

    engine.status_changed.connect(show)
    session.item_changed.connect(lambda _: allow())
    session.project_changed.connect(allow)
    badge.wanted.connect(lambda: board.run("ask.models"))
    panel.remedy_wanted.connect(board.run)
    board.bind({"ask.model": choose, "ask.restart": engine.restart})
    show(engine.status)
    engine.load(wish(preferences))


def _badge(status: Status) -> tuple[str, str, str, float | None]:
    """Words, mood, explanation and share of loading."""
    loading = status.state is State.LOADING
    share = status.done / status.total if loading and status.total > 0 else None
    name = status.model.model.name if status.model else "Model"
    words = f"{name} · {status.model.device}" if status.model else status.state.value
    return words, _MOODS.get(status.state, "wait"), status.sentence or _facts(status), share


def _facts(status: Status) -> str:
    if status.model is None:
        return status.sentence or "No model is loaded."
    model = status.model.model
    parts = (model.name, model.adapter, model.backbone, model.precision, status.model.device)
    return "\n".join(filter(None, (f"Loaded: {' · '.join(filter(None, parts))}", status.model.world)))
