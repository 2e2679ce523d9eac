"""The grounding process: lines in, lines out, and nothing that a caller sends or a request does ends it."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import messages, worker
from engine.domain.errors import OutOfMemory
from engine.grounding.grounder import Budgets, Grounder
from engine.messages import (
    Answered,
    Ask,
    Cancel,
    Cancelled,
    Encode,
    Encoded,
    Failed,
    LoadModel,
    Progress,
    Ready,
    Reply,
    Shutdown,
    Token,
)
from engine.worker import Worker

ROOT = Path(__file__).parents[2]
BUDGETS = Budgets(1 << 20, 1 << 20)


def _run(*requests: LoadModel | Ask | Encode | Cancel) -> list[Reply]:
    told: list[Reply] = []
    made = Worker(told.append, None, BUDGETS)
    for request in requests:
        made.take(request)
    made._waiting.put(None)
    made.run()
    return told


def _of(replies: list[Reply], ticket: str) -> list[Reply]:
    return [reply for reply in replies if reply.ticket == ticket]


def test_loading_encoding_and_asking_are_told_in_order(tiny_model: Path, tiny_media: dict[str, Path]) -> None:
    media = (str(tiny_media["image"]),)
    replies = _run(
        LoadModel("l", str(tiny_model), threads=1), Encode("e", media), Ask("a", media, "Where?", max_tokens=20)
    )
    assert [type(reply) for reply in _of(replies, "l")] == [Progress] * 4 + [Ready]
    assert isinstance(_of(replies, "e")[-1], Encoded)
    assert [type(reply) for reply in _of(replies, "a")] == [Token] * (len(_of(replies, "a")) - 1) + [Answered]
    ready = _of(replies, "l")[-1]
    assert isinstance(ready, Ready)
    assert ready.memory > 0
    assert ready.world == "It knows nothing: its weights are random."


def test_a_question_before_any_model_fails_in_a_sentence() -> None:
    (failed,) = _run(Ask("a", (), "Where?"))
    assert failed == Failed("a", "EngineUnavailable", "No model is loaded: choose one first.")


def test_what_is_cancelled_while_it_waits_is_never_begun(tiny_model: Path) -> None:
    replies = _run(LoadModel("l", str(tiny_model)), Ask("a", (), "Where?"), Cancel("a"), Cancel("unknown"))
    assert _of(replies, "a") == [Cancelled("a")]


def test_a_ticket_may_be_used_again_and_again(tiny_model: Path) -> None:
    ask = Ask("a", (), "Where?", max_tokens=4)
    replies = _run(LoadModel("l", str(tiny_model)), ask, ask, ask)
    assert sum(isinstance(reply, Answered) for reply in replies) == 3


def test_a_ticket_used_again_while_the_engine_tidies_up_can_be_cancelled() -> None:
    """The last reply goes out before the work is quite over: its caller may be quicker."""
    told: list[Reply] = []

    def tell(reply: Reply) -> None:
        told.append(reply)
        if len(told) == 1:
            made.take(Ask("a", (), "Where?"))
            made.take(Cancel("a"))
            made._waiting.put(None)

    made = Worker(tell, None, BUDGETS)
    made.take(Ask("a", (), "Where?"))
    made.run()
    assert [type(reply) for reply in told] == [Failed, Cancelled]


def test_a_fault_outside_of_every_request_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[int] = []

    def broken(_: Reply) -> None:
        raise UnicodeEncodeError("utf-8", "", 0, 1, "cannot be told")

    monkeypatch.setattr(os, "_exit", ends.append)
    made = Worker(broken, None, BUDGETS)
    made.take(Ask("a", (), "Where?"))
    worker._run(made)
    assert ends == [1]


def test_a_failed_load_leaves_the_worker_alive(tiny_model: Path, tmp_path: Path) -> None:
    replies = _run(LoadModel("1", str(tmp_path)), LoadModel("2", str(tiny_model)), Ask("3", (), "Hm?", max_tokens=4))
    failed = _of(replies, "1")[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "ModelError"
    assert isinstance(_of(replies, "3")[-1], Answered)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (MemoryError(), "OutOfMemory", "int8, nf4 or Q4_K_M"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "OutOfMemory", "int8"),
        (OutOfMemory("Choose a smaller model."), "OutOfMemory", "Choose a smaller model."),
        (ZeroDivisionError("oops"), "ZeroDivisionError", "fault of its own"),
    ],
)
def test_every_failure_is_typed_and_the_next_question_is_answered(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str, words: str
) -> None:
    ask = Grounder.ask

    def failing(self: Grounder, request: Ask, stop: Any) -> Iterator[Reply]:
        if request.ticket == "bad":
            raise error
        return ask(self, request, stop)

    monkeypatch.setattr(Grounder, "ask", failing)
    replies = _run(LoadModel("l", str(tiny_model)), Ask("bad", (), "?"), Ask("good", (), "?", max_tokens=4))
    (failed,) = _of(replies, "bad")
    assert isinstance(failed, Failed)
    assert failed.kind == kind
    assert words in failed.sentence
    assert isinstance(_of(replies, "good")[-1], Answered)


class Engine:
    """The real program."""

    def __init__(self, cache: Path) -> None:
        command = [sys.executable, "-m", "engine", "serve", "--cache", str(cache)]
        self.child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False)

    def write(self, line: bytes) -> None:
        assert self.child.stdin
        self.child.stdin.write(line)
        self.child.stdin.flush()

    def until(self, ticket: str, *kinds: type) -> list[Reply]:
        assert self.child.stdout
        heard: list[Reply] = []
        while not heard or heard[-1].ticket != ticket or not isinstance(heard[-1], kinds):
            heard.append(messages.read_reply(self.child.stdout.readline()))
        return heard


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path)
    yield made
    made.child.kill()
    made.child.wait()
    for pipe in (made.child.stdin, made.child.stdout):
        assert pipe
        pipe.close()


def test_the_program_survives_nonsense_cancels_at_once_and_ends_with_its_caller(
    engine: Engine, tiny_model: Path, tiny_media: dict[str, Path]
) -> None:
    engine.write(b"\xff\x00 nonsense\n" + json.dumps({"type": "Dance"}).encode() + b"\n")
    assert all(isinstance(reply, Failed) for reply in engine.until("", Failed))
    engine.write(messages.write(LoadModel("l", str(tiny_model), threads=1)))
    engine.until("l", Ready)
    long = Ask("a", (str(tiny_media["image"]),), "Where?", max_tokens=400, temperature=5.0)
    engine.write(messages.write(long))
    engine.until("a", Token)
    engine.write(messages.write(Cancel("a")))
    assert engine.until("a", Cancelled, Answered)
    engine.write(messages.write(Ask("b", (str(tiny_media["image"]),), "Where?", max_tokens=8)))
    assert isinstance(engine.until("b", Answered, Failed)[-1], Answered)
    assert engine.child.stdin
    engine.child.stdin.close()
    assert engine.child.wait(20) == 0


class Kept(io.BytesIO):
    """Can be read when it was closed."""

    def close(self) -> None: ...


@pytest.mark.parametrize(("last", "end"), [(b"", Answered), (messages.write(Shutdown()), Cancelled)])
def test_what_was_asked_before_the_end_of_stdin_is_answered_unless_shut_down(
    tiny_model: Path, last: bytes, end: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [Ask(str(number), (), "Where?", max_tokens=4) for number in range(3)]
    requests = [LoadModel("l", str(tiny_model), threads=1), *asked]
    out = Kept()
    monkeypatch.setattr(worker, "private_stdout", lambda: out)
    worker.serve(io.BytesIO(b"".join(map(messages.write, requests)) + last), None, BUDGETS)
    replies = [messages.read_reply(line) for line in out.getvalue().splitlines()]
    assert type(_of(replies, "2")[-1]) is end


def test_no_one_waits_for_answers_to_a_caller_that_has_died(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    callers = iter([7, 7, 1])
    monkeypatch.setattr(worker, "_LOOK", 0.01)
    monkeypatch.setattr(worker, "_parent", lambda: next(callers))
    worker._wait(thread, 7)
    assert thread.is_alive()
    over.set()
    thread.join()


def test_stdout_belongs_to_messages_alone() -> None:
    """What a library prints in C lands on stderr."""
    pipes, kept = [os.pipe(), os.pipe()], [os.dup(1), os.dup(2)]
    try:
        for place, (_, end) in enumerate(pipes, 1):
            os.dup2(end, place)
        with worker.private_stdout() as out:
            os.write(1, b"chatter")
            out.write(b"message")
    finally:
        for place, old in enumerate(kept, 1):
            os.dup2(old, place)
    assert [os.read(end, 100) for end, _ in pipes] == [b"message", b"chatter"]
    for number in (*kept, *(end for pipe in pipes for end in pipe)):
        os.close(number)


def test_a_line_without_end_is_cut(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(worker, "_LONGEST_LINE", 1000)
    told: list[Reply] = []
    source = io.BytesIO(b"x" * 2500 + b"\n" + messages.write(Cancel("1")))
    assert list(worker._requests(source, told.append)) == [Cancel("1")]
    assert len(told) == 3
