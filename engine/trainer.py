"""The training process: one run from a project to an adapter, or from its run folder onwards.

The run folder is the truth; what is reported is only news. The same call on the same folder goes on where it stopped.
"""

import hashlib
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil
import torch

import resources
from engine.domain.errors import GroundworkError, TrainingFailed
from engine.domain.ids import new_id
from engine.domain.training import REFUSED, AdapterRecord, RunState, RunStatus, Stage, TrainingPlan
from engine.exchange.training_set import Options, from_conversations, training_set
from engine.grounding.library import is_embedded
from engine.grounding.manifest import MANIFEST, read_manifest
from engine.grounding.network import GroundingModel
from engine.store.project_store import ProjectStore
from engine.training import snapshot
from engine.training.adapter import write_adapter
from engine.training.course import GroundingCourse
from engine.training.crew import Crew
from engine.training.features import FeatureCache
from engine.training.forecast import forecast, too_large
from engine.training.loop import Diverged, Loop
from engine.training.plans import device_of
from engine.training.preparation import Senses, dtype_of, prepared, speech_of, with_its_rank
from engine.training.run_folder import Event, RunFolder
from engine.training.sharding import held, shares
from engine.training.stages import resting

News = Callable[[Event], None]
Judge = Callable[[Stage, int], float]
_KEPT = {RunState.FINISHED, RunState.STOPPED}
_EVERY = 10
_REHEARSAL = resources.path("rehearsal/conversations.json")


class Job(msgspec.Struct, frozen=True):
    """What to train: a project and a model folder; for a run that exists, only the run folder counts.

    `continues` is an adapter to start from, `earlier` are files of conversations to replay; the model that ships with
    the app replays those that ship with it. `shard` has several processes share the frozen layers out in any case.
    """

    project: Path
    run: Path
    plan: TrainingPlan
    model: Path
    continues: Path | None = None
    earlier: tuple[Path, ...] = ()
    shard: bool = False


class Source(msgspec.Struct, frozen=True):
    """What a run folder's data.json says about where the run came from."""

    digest: str
    model: str
    model_digest: str
    continues: str
    sheet: dict[str, Any]


def train(job: Job, report: News = lambda _: None) -> RunStatus:
    """Run to the end, to a pause or to a failure; the status the folder then has."""
    folder, crew = RunFolder(job.run), Crew()
    if crew.first:
        folder.hold()
        folder.ask("")
    run = _Run(job, folder, report, crew)
    try:
        run.go()
        return folder.status()
    except GroundworkError as error:
        run.tell(Event("ended", RunState.FAILED, sentence=str(error)))
        raise
    except Exception as error:
        run.tell(Event("ended", RunState.FAILED, sentence=f"Training ended by a fault of the program: {error}"))
        raise
    finally:
        folder.release()
        crew.leave()


class _Run:
    """One process's work on a run folder that it holds."""

    def __init__(self, job: Job, folder: RunFolder, report: News, crew: Crew) -> None:
        self._job, self._folder, self._report, self._crew = job, folder, report, crew

    def tell(self, event: Event) -> None:
        if self._crew.first:
            self._folder.add(event)
            self._report(event)

    def go(self) -> None:
        plan = self._folder.plan() or with_its_rank(self._job.plan, self._job.continues)
        device = device_of(plan)
        torch.set_num_threads(plan.threads or psutil.cpu_count(logical=False) or 1)
        self.tell(Event("began", RunState.ENCODING, sentence="Gathering what to learn from."))
        if self._crew.first and self._folder.plan() is None:
            self._gather(plan)
        self._crew.wait()
        source = self._source()
        processes = self._forecast(plan, Path(source.model), device)
        continues = Path(source.continues) if source.continues else None
        model = prepared(Path(source.model), plan, device, continues, processes)
        self._keep_in_step(model, processes)
        course, judge = self._course(model, Path(source.model), plan)
        with _signals(self._folder) as wish:
            loop = Loop(course, plan, self._folder, report=self._report, wish=wish, crew=self._crew, judge=judge)
            self._train(loop, model, plan, source)

    def _gather(self, plan: TrainingPlan) -> None:
        """Copy out of the project all that the run will need of it."""
        job = self._job
        paths = [*job.earlier, *([_REHEARSAL] if is_embedded(job.model) else [])]
        earlier = [record for path in paths for record in from_conversations(path, path.parent, "")]
        store = ProjectStore.open(job.project)
        try:
            options = Options(wordings=plan.wordings, held_out=plan.held_out, replay=plan.replay, seed=plan.seed)
            made = training_set(snapshot.material_of(store), store.labels(), options, earlier)
        finally:
            store.close()
        if not made.records:
            raise TrainingFailed(f"“{job.project}” has no verified annotations to learn from; review some first.")
        snapshot.keep(self._folder, made)
        source = Source(
            made.sheet.digest,
            str(job.model.resolve()),
            _digest(job.model),
            str(job.continues.resolve()) if job.continues else "",
            msgspec.to_builtins(made.sheet),
        )
        self._folder.begin(plan, msgspec.to_builtins(source))

    def _source(self) -> Source:
        source = msgspec.convert(self._folder.data(), Source)
        if _digest(Path(source.model)) != source.model_digest:
            raise TrainingFailed(f"The model in “{source.model}” is not the one this run began with; put it back.")
        return source

    def _forecast(self, plan: TrainingPlan, model: Path, device: torch.device) -> int:
        """Tell what the run will take; among how many processes the frozen layers are shared out, or 1."""
        manifest = read_manifest(model)
        size, guided = manifest.architecture, bool(manifest.guided)
        processes = shares(plan, forecast(size, plan), device, self._crew, asked=self._job.shard, guided=guided)
        told = forecast(size, plan, processes)
        self.tell(Event("forecast", RunState.ENCODING, memory=told.total, sentence=told.sentence))
        if refused := too_large(told, device):
            self.tell(Event(REFUSED, RunState.ENCODING, memory=told.total, sentence=refused))
            raise TrainingFailed(refused)
        return processes

    def _keep_in_step(self, model: GroundingModel, processes: int) -> None:
        if processes == 1:
            return
        self._crew.in_step = True
        here, whole = held(model)
        here = self._crew.most(here)
        sentence = f"Each process holds {here / 1e9:.1f} GB of {whole / 1e9:.1f} GB of frozen layers."
        self.tell(Event("sharded", RunState.ENCODING, memory=here, sentence=sentence))

    def _course(self, model: GroundingModel, folder: Path, plan: TrainingPlan) -> tuple[GroundingCourse, Judge | None]:
        see = Senses(model, read_manifest(folder), resting(plan.stages))
        features = FeatureCache(self._folder.path / "features", plan.cache, dtype_of(plan), see)
        with self._crew.first_before_others():
            records, broken = snapshot.without_unreadable(snapshot.kept(self._folder), features, self._encoding)
            aside, _ = snapshot.without_unreadable(snapshot.kept_back(self._folder), features, lambda *_: None)
        see.rest()
        speech = speech_of(folder)
        found, too_long = snapshot.units_of(records, plan, speech)
        told = [*broken, f"{too_long} conversations are longer than the model reads."] if too_long else broken
        for sentence in told:
            self.tell(Event("skipped", RunState.ENCODING, sentence=sentence))
        values = FeatureCache(self._folder.path / "values", plan.cache, torch.float32, see.values)
        course = GroundingCourse(model, found, features, values, speech.guided)
        unseen = [unit for units in snapshot.units_of(aside, plan, speech)[0].values() for unit in units]
        return course, (lambda stage, room: course.held_out(stage, unseen, room)) if unseen else None

    def _encoding(self, done: int, total: int) -> None:
        if done == total or done % _EVERY == 0:
            self.tell(Event("encoding", RunState.ENCODING, update=done, updates=total))

    def _train(self, loop: Loop, model: GroundingModel, plan: TrainingPlan, source: Source) -> None:
        try:
            state, sentence = loop.run(), ""
        except Diverged:
            self._finish(model, plan, source)
            raise
        if state in _KEPT:
            self._finish(model, plan, source)
            sentence = f"The adapter is in “{self._folder.adapter}”."
        if state is RunState.CANCELLED and self._crew.first:
            self._folder.forget_checkpoints()
        self.tell(Event("ended", state, sentence=sentence))

    def _finish(self, model: GroundingModel, plan: TrainingPlan, source: Source) -> None:
        if not self._crew.first:
            return
        record = AdapterRecord(
            new_id(),
            self._folder.path.name,
            self._folder.adapter.name,
            source.model,
            source.model_digest,
            plan.name,
            source.digest,
            datetime.now(UTC).isoformat(timespec="seconds"),
            sum(source.sheet["stages"].values()),
            source.continues,
        )
        write_adapter(self._folder.adapter, model, plan, record)


@contextmanager
def _signals(folder: RunFolder) -> Iterator[Callable[[], str]]:
    """The owner's wish; being asked to end by the system is a wish to pause."""
    asked: list[int] = []
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    for number, _ in before:
        signal.signal(number, lambda number, _: asked.append(number))
    try:
        yield lambda: "pause" if asked else folder.wish()
    finally:
        for number, action in before:
            signal.signal(number, action)


def _digest(model: Path) -> str:
    """The model's identity: its manifest names the digest of every file."""
    try:
        return hashlib.sha256((model / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise TrainingFailed(f"There is no model in “{model}”; choose a model folder.") from error
