"""A look for a newer version, only when the user asks; the page is opened in the browser, nothing is installed."""

import msgspec
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from app import VERSION
from app.engine_run import EngineRun
from app.front import Front
from engine.domain.release import Release
from widgets.dialogs.question import ask


def connect_updates(front: Front) -> None:
    running: list[EngineRun] = []

    def look() -> None:
        if running:
            return
        run = EngineRun("updates", "--json", "--have", VERSION, parent=front)
        running.append(run)
        run.done.connect(lambda line: _tell(front, msgspec.json.decode(line, type=Release)))
        run.failed.connect(front.notice.say)
        run.over.connect(running.clear)
        front.notice.say("Asking whether there is a newer version…")
        run.start()

    def close() -> None:
        for run in running:
            run.close()

    front.window.closing.connect(close)
    front.board.bind({"help.updates": look})


def _tell(front: Front, found: Release) -> None:
    if not found.newer:
        front.notice.say(f"Groundwork {VERSION} is the newest version.")
        return
    words = f"Groundwork {found.version} is there; you have {VERSION}. {found.notes}".strip()
    answers = {"Open the download page": lambda: QDesktopServices.openUrl(QUrl(found.page))}
    ask(front.window, "updates", "A newer version", words, answers=answers, leave="Later")
