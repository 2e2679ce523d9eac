"""The page of models comes alive: a look at the machine, one deed at a time in a program of its own."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.engine_run import EngineRun, Pace
from app.front import Front
from app.grounder import Grounder
from app.wiring.engine import wish
from engine.domain.models import Fit, Kept, Offer, Survey
from widgets.dialogs.models import ModelsDialog
from widgets.dialogs.question import ask
from widgets.progress_line import ProgressLine
from widgets.wording import size

_PLAIN = "bf16"
_TRAINING = "Retraining starts from its plain weights (bf16); what it was made from may be deleted now."


class ModelsPage(QObject):
    """One dialog and the deed that is under way; the deed goes on when the dialog is closed."""

    def __init__(self, front: Front, engine: Grounder) -> None:
        super().__init__(front)
        self._front, self._engine = front, engine
        self._dialog: ModelsDialog | None = None
        self._look: EngineRun | None = None
        self._run: EngineRun | None = None
        self._offer: Offer | None = None
        self._embedded = ""
        self._line = ProgressLine("work", pausable=True)
        self._line.stopped.connect(self.stop)
        self._line.paused.connect(self.pause)
        front.window.statusBar().addWidget(self._line)
        front.window.closing.connect(self.close)

    def show(self) -> None:
        """Open the page, or bring it to the front."""
        if self._dialog is None:
            self._dialog = self._made()
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()
        self.look()

    def look(self) -> None:
        """Look at this machine and its models anew."""
        if self._look is None and self._dialog is not None:
            self._look = EngineRun("models", "survey", parent=self)
            self._look.done.connect(self._show)
            self._look.failed.connect(self._dialog.show_account)
            self._look.over.connect(self._looked)
            self._look.start()

    def begin(self, title: str, *words: str, then: Callable[[bytes], str], offer: Offer | None = None) -> None:
        """Run a command with progress; `then` says in a sentence what became of it."""
        if self._run is not None:
            return
        pace = Pace()
        proxy = self._front.preferences.value.proxy
        environment = {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy} if proxy else None
        self._offer = offer
        self._run = EngineRun("models" if offer is None else "download", *words, parent=self, environment=environment)
        self._run.progressed.connect(lambda what, done, total: self._tell(pace.words(what, done, total), done, total))
        self._run.done.connect(lambda line: self._account(then(line)))
        self._run.failed.connect(self._account)
        self._run.over.connect(self._over)
        self._busy(busy=True)
        self._account("")
        self._tell(title, 0, 0)
        self._run.start()

    def pause(self) -> None:
        """End the program; what is whole is kept, and the same deed goes on from there."""
        if self._run is not None:
            self._account("Paused; go on whenever you like.")
            self._run.stop()

    def stop(self) -> None:
        """End it; what was fetched is deleted only when the user says so."""
        if self._run is None:
            return
        offer, dialog = self._offer, self._dialog
        self._account("Stopped.")
        self._run.stop()
        if offer is not None and dialog is not None:
            self._discard(offer)

    def close(self) -> None:
        for run in (self._look, self._run):
            if run is not None:
                run.close()

    def _made(self) -> ModelsDialog:
        dialog = ModelsDialog(self._front.window)
        dialog.wanted.connect(self._do)
        dialog.add_wanted.connect(self._ask_folder)
        dialog.unpack_wanted.connect(self._ask_archive)
        dialog.convert_wanted.connect(self._ask_checkpoint)
        dialog.options_wanted.connect(lambda: self._front.board.run("ask.model"))
        dialog.stopped.connect(self.stop)
        dialog.paused.connect(self.pause)
        return dialog

    def _do(self, verb: str, row: Kept | Offer, fit: Fit | None) -> None:
        deeds: dict[str, Callable[..., None]] = {
            "use": self._use,
            "make": self._make,
            "verify": self._verify,
            "remove": self._remove,
            "download": self._download,
            "convert": self._convert,
            "discard": self._discard,
        }
        deeds[verb](row, fit)

    def _use(self, row: Kept, fit: Fit | None) -> None:
        if fit is None:
            return
        preferences = self._front.preferences
        folder = "" if row.embedded else row.folder
        other = folder != preferences.value.model
        values = {"model": folder, "precision": fit.precision, "backbone": fit.backbone, "device": fit.device}
        preferences.change(**values, **({"adapter": ""} if other else {}))
        self._engine.load(wish(preferences))
        self._account(f"{row.name} is being loaded at {fit.precision}.")
        self.look()

    def _make(self, row: Kept, fit: Fit | None) -> None:
        if fit is not None:
            words = ("quantize", row.folder, "--precision", fit.precision, "--lines")
            self.begin(
                f"Making {fit.precision}", *words, then=lambda _: f"{row.name} can be used at {fit.precision} now."
            )

    def _verify(self, row: Kept, _fit: Fit | None) -> None:
        words = ("verify", row.folder, "--lines")
        self.begin(
            f"Verifying {row.name}", *words, then=lambda _: f"{row.name} is whole: every byte is as it should be."
        )

    def _remove(self, row: Kept, _fit: Fit | None) -> None:
        def remove(*more: str) -> None:
            if row.folder == self._front.preferences.value.model:
                self._front.preferences.change(model="", precision="auto", backbone="auto", adapter="")
                self._engine.load(wish(self._front.preferences))
            self.begin(f"Removing {row.name}", "remove", row.name, *more, then=lambda _: f"{row.name} is off the list.")

        words = f"{row.name} uses {size(row.size)} in {row.folder}. Projects and their answers stay as they are."
        answers = {"Take it off the list": remove, "Delete its files, too": lambda: remove("--files")}
        self._ask("remove", "Remove a model", words, answers, "Keep it")

    def _download(self, row: Offer, _fit: Fit | None) -> None:
        def download() -> None:
            self.begin(f"Fetching {row.name}", row.key, "--lines", then=lambda _: _fetched(row), offer=row)

        if row.done:
            download()
            return
        words = (
            f"About {size(row.total or row.size)} are fetched from {' and '.join(row.origin)}. {row.licence} "
            "Each file is believed only when its hash is the one that the hub tells. You can pause at any time."
        )
        self._ask("fetch", f"Download {row.name}?", words, {"Download": download}, "Not now")

    def _discard(self, row: Offer, _fit: Fit | None = None) -> None:
        def discard() -> None:
            words = (row.key, "--discard", "--lines")
            self.begin("Deleting", *words, then=lambda _: f"What was fetched of {row.name} is deleted.", offer=row)

        words = f"What was fetched of {row.name} can be kept, to go on later, or be deleted now."
        self._ask("discard", "Delete what was fetched?", words, {"Delete it": discard}, "Keep it")

    def _convert(self, row: Offer, fit: Fit | None) -> None:
        parts = [Path(folder) for folder in row.folders.values()]
        precision = fit.precision if fit else _PLAIN
        self.convert(parts[0], parts[-1], Path(row.target), row.name, precision)

    def convert(self, source: Path, clip: Path, target: Path, name: str, precision: str = _PLAIN) -> None:
        """Make a model folder of a published checkpoint; llama.cpp's precisions come beside the plain weights."""
        kinds = f"{_PLAIN},{precision}" if precision[0] in "QF" else _PLAIN
        words = ("convert", str(source), "--clip", str(clip), "--to", str(target), "--precision", kinds)
        then = f"{name} is ready to be used. {_TRAINING}"
        self.begin(f"Converting {name}", *words, "--name", name, "--add", "--lines", then=lambda _: then)

    def _ask_folder(self) -> None:
        window = self._front.window
        if folder := QFileDialog.getExistingDirectory(window, "A model folder, with a manifest.json in it"):
            self.add(Path(folder))

    def add(self, folder: Path) -> None:
        """Take in a folder from a disk: every byte is checked first."""

        def take(*more: str) -> None:
            words = ("add", str(folder), *more, "--lines")
            self.begin(f"Checking {folder.name}", *words, then=lambda _: f"{folder.name} is on the list.")

        answers = {"Copy it": lambda: take("--copy"), "Use it where it is": take}
        words = f"{folder} can be copied to where Groundwork keeps its models, or be used where it lies."
        self._ask("add", "Add a model", words, answers, "Leave it")

    def _ask_archive(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._front.window, "A packed model", "", "Packed models (*.zip *.tar)")
        if name:
            self.unpack(Path(name))

    def unpack(self, archive: Path) -> None:
        """Take in a model folder that was packed into one file: every byte is checked."""
        words = ("add", str(archive), "--lines")
        self.begin(f"Unpacking {archive.name}", *words, then=lambda _: f"{archive.name} is on the list.")

    def _ask_checkpoint(self) -> None:
        """Two folders: the published checkpoint and its image tower."""
        window = self._front.window
        source = QFileDialog.getExistingDirectory(window, "The folder of the published checkpoint")
        clip = QFileDialog.getExistingDirectory(window, "The folder of its image tower (CLIP)") if source else ""
        if clip:
            folder = Path(source)
            self.convert(folder, Path(clip), folder.with_name(f"{folder.name}-groundwork"), folder.name)

    def _ask(self, name: str, title: str, words: str, answers: Mapping[str, Callable[[], object]], leave: str) -> None:
        ask(self._dialog or self._front.window, f"models.ask_{name}", title, words, answers=answers, leave=leave)

    def _show(self, line: bytes) -> None:
        found = msgspec.json.decode(line, type=Survey)
        self._embedded = next((kept.folder for kept in found.kept if kept.embedded), "")
        if self._dialog is not None:
            self._dialog.show_survey(found, self._front.preferences.value.model or self._embedded)

    def _looked(self) -> None:
        self._look = None

    def _tell(self, words: str, done: float, total: float) -> None:
        self._line.show_progress(words, done, total)
        if self._dialog is not None:
            self._dialog.progress.show_progress(words, done, total)

    def _account(self, sentence: str) -> None:
        if self._dialog is not None:
            self._dialog.show_account(sentence)
        if sentence and (self._dialog is None or not self._dialog.isVisible()):
            self._front.notice.say(sentence)

    def _busy(self, *, busy: bool) -> None:
        if self._dialog is not None:
            self._dialog.show_busy(busy=busy)

    def _over(self) -> None:
        self._run, self._offer = None, None
        self._line.finish()
        if self._dialog is not None:
            self._dialog.progress.finish()
        self._busy(busy=False)
        self.look()


def _fetched(row: Offer) -> str:
    several = len(row.folders) > 1
    return f"{row.name} is here and checked. {'Convert it now to use it.' if several else 'It is on the list.'}"


def connect_models(front: Front, engine: Grounder) -> ModelsPage:
    page = ModelsPage(front, engine)
    front.board.bind({"ask.models": page.show})
    return page
