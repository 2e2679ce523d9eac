"""The grounding process: requests come in line by line, one thread answers them one after the other.

The main thread only reads, so that a Cancel acts while the engine thread computes. Whatever goes wrong with a request
becomes a Failed reply; the process lives on.
"""

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

import psutil
import torch
from msgspec import Struct

from engine import messages
from engine.domain.errors import Cancelled, EngineUnavailable, GroundworkError, OutOfMemory
from engine.grounding.backbone import Stop
from engine.grounding.embedded import model_folder
from engine.grounding.grounder import Budgets, Grounder
from engine.grounding.loading import load
from engine.messages import Ask, Cancel, Encode, Failed, LoadModel, Progress, Ready, Reply, Request, Shutdown

_LONGEST_LINE = 16 << 20
_PATIENCE = 2.0
_LOOK = 0.25
_FULL = ("out of memory", "can't allocate memory", "not enough memory")

_log = logging.getLogger(__name__)
Work = LoadModel | Ask | Encode


class _Job(Struct, frozen=True, eq=False):
    """A request and the wish to stop it; a ticket may be used again, so each job has its own."""

    request: Work
    stop: Stop


class Worker:
    """Answers requests by `tell`. One thread calls `take`, `end` and `finish`, and one `run`."""

    def __init__(self, tell: Callable[[Reply], None], cache: Path | None, budgets: Budgets) -> None:
        self._tell, self._cache, self._budgets = tell, cache, budgets
        self._grounder: Grounder | None = None
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        # Those that wait and the one that is being answered, oldest first.
        self._jobs: deque[_Job] = deque()

    def take(self, request: Request) -> None:
        """Queue work, or stop what is queued or running."""
        if isinstance(request, Cancel):
            for job in list(self._jobs):
                if job.request.ticket == request.ticket:
                    job.stop.request()
        elif isinstance(request, LoadModel | Ask | Encode):
            job = _Job(request, Stop())
            self._jobs.append(job)
            self._waiting.put(job)

    def end(self) -> None:
        """No more comes: `run` returns once everything is answered."""
        self._waiting.put(None)

    def finish(self) -> None:
        """Stop everything; `run` returns soon after."""
        for job in list(self._jobs):
            job.stop.request()
        self.end()

    def run(self) -> None:
        """Answer until `end` or `finish`."""
        while (job := self._waiting.get()) is not None:
            self._answer(job.request, job.stop)
            self._jobs.popleft()

    def _answer(self, request: Work, stop: Stop) -> None:
        try:
            stop.check()
            for reply in self._replies(request, stop):
                self._tell(reply)
        except Cancelled:
            self._tell(messages.Cancelled(request.ticket))
        except GroundworkError as error:
            self._tell(Failed(request.ticket, type(error).__name__, str(error)))
        except Exception as error:  # noqa: BLE001
            self._tell(self._failure(request.ticket, error))

    def _replies(self, request: Work, stop: Stop) -> Iterator[Reply]:
        if isinstance(request, LoadModel):
            yield self._load(request, stop)
            return
        if self._grounder is None:
            raise EngineUnavailable("No model is loaded: choose one first.")
        work = self._grounder.ask(request, stop) if isinstance(request, Ask) else self._grounder.encode(request, stop)
        yield from work

    def _load(self, wish: LoadModel, stop: Stop) -> Ready:
        if self._grounder:
            self._grounder.close()
            self._grounder = None

        def told(what: str, done: float, total: float) -> None:
            stop.check()
            self._tell(Progress(wish.ticket, what, done, total))

        loaded = load(wish, model_folder(wish.folder), told, stop.check)
        self._grounder = Grounder(loaded, self._cache, self._budgets)
        memory = psutil.Process().memory_info().rss
        return Ready(wish.ticket, loaded.ref, loaded.device, memory, loaded.manifest.world)

    def _failure(self, ticket: str, error: Exception) -> Failed:
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or any(word in str(error).lower() for word in _FULL):
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            return Failed(
                ticket,
                OutOfMemory.__name__,
                "There was too little memory for this: load the model at a smaller precision (int8, nf4 or Q4_K_M), "
                "on the device “cpu”, or close other programs.",
            )
        _log.exception("a request failed")
        return Failed(
            ticket, type(error).__name__, f"The engine failed on this by a fault of its own: {str(error)[:200]}"
        )


def serve(source: BinaryIO, cache: Path | None, budgets: Budgets) -> None:
    """Answer lines of `source` on stdout until it ends and all are answered; a Shutdown stops what is left of them."""
    caller = _parent()
    with closing(private_stdout()) as out:
        lock = threading.Lock()

        def tell(reply: Reply) -> None:
            try:
                with lock:
                    out.write(messages.write(reply))
                    out.flush()
            except OSError:
                # No one is left to tell.
                os._exit(0)

        worker = Worker(tell, cache, budgets)
        thread = threading.Thread(target=_run, args=(worker,), name="engine", daemon=True)
        thread.start()
        for request in _requests(source, tell):
            if isinstance(request, Shutdown):
                break
            worker.take(request)
        else:
            worker.end()
            _wait(thread, caller)
        worker.finish()
        thread.join(_PATIENCE)
        if thread.is_alive():
            os._exit(0)


def _run(worker: Worker) -> None:
    """A fault outside of every request ends the process: whoever waits for a reply must not wait for ever."""
    try:
        worker.run()
    except BaseException:  # noqa: BLE001
        _log.exception("the engine ended by a fault of its own")
        os._exit(1)


def _wait(thread: threading.Thread, caller: int) -> None:
    """Until the thread is done or the caller has died: a killed window says no Shutdown and wants no answer."""
    while thread.is_alive() and _parent() == caller:
        thread.join(_LOOK)


def _parent() -> int:
    """The id of the process that started this one; another one, or 0, once that has died."""
    parent = psutil.Process().parent()
    return parent.pid if parent else 0


def private_stdout() -> BinaryIO:
    """A copy of stdout for messages alone; what libraries print goes to stderr from here on."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def _requests(source: BinaryIO, tell: Callable[[Reply], None]) -> Iterator[Request]:
    while line := source.readline(_LONGEST_LINE):
        try:
            request = messages.read_request(line)
        except EngineUnavailable as error:
            tell(Failed("", type(error).__name__, str(error)))
            continue
        yield request
