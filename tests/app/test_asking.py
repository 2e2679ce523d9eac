"""An answer on its way is drawn as it comes, and only once when it comes at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from app.asking import Asking
from app.preferences import Preferences
from app.session import Session
from engine import edits
from engine.domain.geometry import Box
from engine.domain.media import MediaItem, MediaKind
from engine.domain.query import Grounding, ModelRef
from engine.messages import Answered, Ask, Cancelled, Failed, Found, Reply, Request, Token
from engine.store.project_store import ProjectStore

ITEM = MediaItem("I", "kite.jpg", MediaKind.IMAGE, 640, 480)
PLACES = (Grounding("kite", Box(1, 2, 30, 40), 0.9, 0, 4), Grounding("dog", Box(50, 60, 90, 99), 0.8, 5, 8))


class Silent(QObject):
    """An engine that says what the test says."""

    replied = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []

    def send(self, request: Request) -> None:
        self.asked.append(request)

    @property
    def ticket(self) -> str:
        last = self.asked[-1]
        assert isinstance(last, Ask)
        return last.ticket

    def say(self, *replies: Reply) -> None:
        for reply in replies:
            self.replied.emit(reply)


@pytest.fixture
def session(tmp_path: Path, qapp: object) -> Iterator[Session]:
    session = Session()
    session.open(ProjectStore.create(tmp_path / "p"))
    session.apply(edits.created("Add", [ITEM]))
    session.show_item("I")
    yield session
    session.close()


@pytest.fixture
def engine(qapp: object) -> Silent:
    return Silent()


@pytest.fixture
def asking(session: Session, engine: Silent, tmp_path: Path) -> Asking:
    asking = Asking(session, engine, Preferences(tmp_path / "settings.json"))
    asking.ask("Where are they?")
    return asking


@pytest.fixture
def drawn(session: Session, asking: Asking) -> list[list[str]]:
    """What was to be drawn, each time."""
    drawn: list[list[str]] = []
    session.annotations_changed.connect(lambda found: drawn.append([one.phrase for one in found]))
    return drawn


def whole(ticket: str) -> Answered:
    return Answered(ticket, "kite dog", PLACES, ModelRef("m"), {"total": 0.1})


def test_an_answer_that_comes_at_once_is_drawn_once(
    engine: Silent, session: Session, drawn: list, qtbot: QtBot
) -> None:
    ticket = engine.ticket
    engine.say(Token(ticket, "kite"), Found(ticket, PLACES[0]), Found(ticket, PLACES[1]), whole(ticket))
    qtbot.wait(20)
    assert drawn == [["kite", "dog"]]
    assert len(session.annotations) == 2


def test_what_is_found_on_the_way_is_drawn_before_the_answer_is_whole(
    engine: Silent, session: Session, drawn: list, qtbot: QtBot
) -> None:
    ticket = engine.ticket
    engine.say(Found(ticket, PLACES[0]))
    qtbot.waitUntil(lambda: drawn == [["kite"]])
    assert session.annotations == ()
    engine.say(Found(ticket, PLACES[1]), whole(ticket))
    assert drawn == [["kite"], ["kite", "dog"]]


def test_an_answer_without_a_place_takes_away_what_was_on_its_way(
    engine: Silent, session: Session, drawn: list, qtbot: QtBot
) -> None:
    ticket = engine.ticket
    engine.say(Found(ticket, PLACES[0]))
    qtbot.waitUntil(lambda: drawn == [["kite"]])
    engine.say(Answered(ticket, "a kite", (), ModelRef("m"), {}))
    assert drawn[-1] == []


def test_a_failure_is_told_and_a_stop_is_none(asking: Asking, engine: Silent, drawn: list, qtbot: QtBot) -> None:
    told: list[str] = []
    asking.failed.connect(lambda _, sentence: told.append(sentence))
    ticket = engine.ticket
    engine.say(Found(ticket, PLACES[0]))
    qtbot.waitUntil(lambda: drawn == [["kite"]])
    engine.say(Failed(ticket, "OutOfMemory", "Choose int8."))
    assert (told, drawn[-1], asking.busy) == (["Choose int8."], [], False)
    asking.ask("Where is it?")
    with qtbot.waitSignal(asking.stopped):
        engine.say(Cancelled(engine.ticket))
    assert told == ["Choose int8."]
