"""The supervised engine: whatever the child does, every question ends with one reply and the window goes on."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from pytestqt.qtbot import QtBot

from app.grounder import Grounder, State, Status
from engine.messages import Answered, Ask, Cancel, Cancelled, Failed, LoadModel, Ready, Reply, Token

FAKE = [sys.executable, str(Path(__file__).parents[1] / "fixtures" / "fake_engine.py")]
LAST = Answered | Cancelled | Failed


class Heard:
    """What a grounder said."""

    def __init__(self, grounder: Grounder) -> None:
        self.replies: list[Reply] = []
        self.states: list[State] = []
        grounder.replied.connect(self.replies.append)
        grounder.status_changed.connect(lambda status: self.states.append(status.state))

    def last(self, ticket: str) -> list[Reply]:
        return [reply for reply in self.replies if reply.ticket == ticket and isinstance(reply, LAST)]


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Callable[..., Grounder]]:
    made = []

    def one(command: list[str] = FAKE, patience: float = 10.0) -> Grounder:
        made.append(Grounder(command, patience=patience))
        return made[-1]

    yield one
    for grounder in made:
        grounder.close()


def _ready(qtbot: QtBot, grounder: Grounder) -> None:
    qtbot.waitUntil(lambda: grounder.status.state is State.READY, timeout=20_000)


def _end(qtbot: QtBot, heard: Heard, ticket: str) -> Reply:
    qtbot.waitUntil(lambda: bool(heard.last(ticket)), timeout=20_000)
    return heard.last(ticket)[0]


def test_a_question_starts_the_engine_and_is_answered(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make()
    heard = Heard(grounder)
    grounder.send(Ask("1", (), "hello"))
    assert _end(qtbot, heard, "1") == heard.replies[-1]
    assert isinstance(heard.replies[-1], Answered)
    _ready(qtbot, grounder)
    assert heard.states[:3] == [State.STARTING, State.LOADING, State.READY]
    assert grounder.status.model
    assert any(isinstance(reply, Ready) for reply in heard.replies)


def test_it_is_busy_while_it_answers(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make()
    heard = Heard(grounder)
    grounder.load(LoadModel("load"))
    _ready(qtbot, grounder)
    grounder.send(Ask("1", (), "torn"))
    assert grounder.status.state is State.BUSY
    _end(qtbot, heard, "1")
    assert grounder.status.state is State.READY
    assert [reply.text for reply in heard.replies if isinstance(reply, Token)] == ["whole"]


@pytest.mark.parametrize("deed", ["crash", "killed", "quit", "garbage"])
def test_a_child_that_goes_down_fails_its_question_and_is_started_again(
    qtbot: QtBot, make: Callable[..., Grounder], deed: str
) -> None:
    grounder = make()
    heard = Heard(grounder)
    grounder.send(Ask("1", (), deed))
    grounder.send(Ask("2", (), "waiting"))
    for ticket in ("1", "2"):
        failed = _end(qtbot, heard, ticket)
        assert isinstance(failed, Failed)
        assert failed.kind == "EngineUnavailable"
        assert "started again" in failed.sentence
    _ready(qtbot, grounder)
    grounder.send(Ask("3", (), "hello"))
    assert isinstance(_end(qtbot, heard, "3"), Answered)
    assert State.RESTARTING in heard.states
    assert all(len(heard.last(ticket)) == 1 for ticket in "123")


def test_a_child_that_hangs_is_ended_once_it_disobeys(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make(patience=0.2)
    heard = Heard(grounder)
    grounder.send(Ask("1", (), "hang"))
    qtbot.waitUntil(lambda: any(isinstance(reply, Token) for reply in heard.replies), timeout=20_000)
    grounder.send(Cancel("1"))
    assert isinstance(_end(qtbot, heard, "1"), Failed)
    _ready(qtbot, grounder)


def test_a_child_that_was_frozen_is_ended_too(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make(patience=0.2)
    heard = Heard(grounder)
    grounder.load(LoadModel("load"))
    _ready(qtbot, grounder)
    assert grounder._child
    os.kill(grounder._child.pid, signal.SIGSTOP)
    grounder.send(Ask("1", (), "hello"))
    grounder.send(Cancel("1"))
    assert isinstance(_end(qtbot, heard, "1"), Failed)


def test_a_cancelled_question_is_no_strike(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make()
    heard = Heard(grounder)
    grounder.send(Ask("1", (), "hello"))
    _end(qtbot, heard, "1")
    grounder.send(Cancel("1"))
    grounder.send(Ask("2", (), "hello"))
    _end(qtbot, heard, "2")
    assert State.RESTARTING not in heard.states


def test_the_third_strike_in_a_minute_is_safe_mode_until_the_user_says_so(
    qtbot: QtBot, make: Callable[..., Grounder]
) -> None:
    grounder = make()
    heard = Heard(grounder)
    for ticket in "123":
        grounder.send(Ask(ticket, (), "crash"))
        assert isinstance(_end(qtbot, heard, ticket), Failed)
    assert grounder.status.state is State.SAFE
    assert "three times" in grounder.status.sentence
    grounder.send(Ask("4", (), "hello"))
    refused = _end(qtbot, heard, "4")
    assert isinstance(refused, Failed)
    assert refused.sentence == grounder.status.sentence
    grounder.restart()
    _ready(qtbot, grounder)


def test_a_restart_that_the_user_wished_is_told_as_such(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make()
    heard = Heard(grounder)
    grounder.load(LoadModel("load"))
    _ready(qtbot, grounder)
    grounder.send(Ask("1", (), "hang"))
    grounder.restart()
    failed = _end(qtbot, heard, "1")
    assert isinstance(failed, Failed)
    assert failed.sentence == "The engine was stopped and is being started again: ask once more."
    _ready(qtbot, grounder)


def test_a_program_that_is_not_there_ends_in_safe_mode(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make(["/nowhere/groundwork-engine"])
    heard = Heard(grounder)
    grounder.send(Ask("1", (), "hello"))
    assert isinstance(_end(qtbot, heard, "1"), Failed)
    qtbot.waitUntil(lambda: grounder.status.state is State.SAFE)


def test_too_little_memory_is_a_state_when_loading_and_a_reply_when_asking(
    qtbot: QtBot, make: Callable[..., Grounder]
) -> None:
    grounder = make()
    heard = Heard(grounder)
    grounder.load(LoadModel("load", "too large"))
    qtbot.waitUntil(lambda: grounder.status.state is State.FULL, timeout=20_000)
    assert grounder.status.sentence == "Choose Q4_K_M."
    grounder.load(LoadModel("load"))
    _ready(qtbot, grounder)
    grounder.send(Ask("1", (), "full"))
    failed = _end(qtbot, heard, "1")
    assert isinstance(failed, Failed)
    assert failed.kind == "OutOfMemory"
    assert grounder.status.state is State.READY


def test_a_flood_of_tokens_arrives_whole_and_in_slices(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make()
    heard = Heard(grounder)
    grounder.send(Ask("1", (), "flood 20000"))
    _end(qtbot, heard, "1")
    assert sum(isinstance(reply, Token) for reply in heard.replies) == 20_000


def test_closing_ends_the_child_and_says_nothing_more(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make()
    grounder.load(LoadModel("load"))
    _ready(qtbot, grounder)
    assert grounder._child
    pid = grounder._child.pid
    grounder.close()
    assert grounder.status == Status()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_real_engine_answers_the_window(qtbot: QtBot, tiny_model: Path, tiny_media: dict[str, Path]) -> None:
    grounder = Grounder()
    heard = Heard(grounder)
    grounder.load(LoadModel("load", str(tiny_model), threads=1))
    grounder.send(Ask("1", (str(tiny_media["image"]),), "Where is the dog?", max_tokens=20))
    qtbot.waitUntil(lambda: bool(heard.last("1")), timeout=60_000)
    answer = heard.last("1")[0]
    assert isinstance(answer, Answered)
    assert answer.answer
    assert grounder.status.model
    assert grounder.status.model.world
    grounder.close()


@pytest.mark.soak
def test_five_hundred_misdeeds_lose_no_reply(qtbot: QtBot, make: Callable[..., Grounder]) -> None:
    grounder = make(patience=0.05)
    heard, random = Heard(grounder), Random(0)
    for number in range(500):
        if grounder.status.state is State.SAFE:
            grounder.restart()
        ticket, deed = str(number), random.choice(["crash", "killed", "quit", "garbage", "hang", "torn", "hello"])
        grounder.send(Ask(ticket, (), deed))
        if deed == "hang":
            grounder.send(Cancel(ticket))
        _end(qtbot, heard, ticket)
    assert all(len(heard.last(str(number))) == 1 for number in range(500))
    if grounder.status.state is State.SAFE:
        grounder.restart()
    _ready(qtbot, grounder)
