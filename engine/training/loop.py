"""The one loop that trains: it walks the rows of a plan over anything that gives batches and a loss.

Its every decision follows from the plan and the cursor: the order of samples, the rate and the random numbers. Killed
at any point it goes on from the newest checkpoint, on the CPU to bit-identical weights. The gradient of an update is
the mean over all its samples' weights however they were split, to fit the memory or among processes.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim import AdamW, Optimizer
from torch.utils.data import DataLoader, Dataset

from engine.domain.errors import OutOfMemory, TrainingFailed
from engine.domain.training import HELD_OUT, RunState, Stage, TrainingPlan
from engine.training import checkpoints, state
from engine.training.crew import Crew
from engine.training.memory import in_use, ran_out
from engine.training.muon import Muon, moves_whole
from engine.training.run_folder import Event, RunFolder
from engine.training.stages import group_of, trainable
from engine.training.state import Cursor

_LEAST_ROOM = 64
_LOOKS = 10
_WISHES = {"pause": RunState.PAUSED, "stop": RunState.STOPPED, "cancel": RunState.CANCELLED}


class Batch(Protocol):
    """What goes through the model at once. `weight` is what its summed loss counts, as a rule supervised tokens."""

    @property
    def weight(self) -> float: ...
    @property
    def samples(self) -> int: ...
    @property
    def tokens(self) -> int: ...


class StageData(Protocol):
    """The data of one stage: `len` units that are shuffled whole, which hold `samples` samples in all.

    `batches` must depend on its arguments alone, not on global random numbers: it may run in other processes.
    """

    @property
    def samples(self) -> int: ...
    def __len__(self) -> int: ...
    def batches(self, units: Sequence[int], room: int) -> Sequence[Batch]: ...


class Course(Protocol):
    """Model and data as the loop sees them.

    `parameters` are all that any stage may train, by published key. `loss` is summed, not averaged, over what
    `Batch.weight` counts; the parts are shares of it by name, for the curves.
    """

    @property
    def device(self) -> torch.device: ...
    def parameters(self) -> Mapping[str, nn.Parameter]: ...
    def data(self, stage: Stage) -> StageData: ...
    def loss(self, stage: Stage, batch: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]: ...


class Diverged(TrainingFailed):
    """The loss ran away; the model holds the last good weights."""


class Loop:
    """One run of `plan` over `course` in `folder`, which must be held."""

    def __init__(
        self,
        course: Course,
        plan: TrainingPlan,
        folder: RunFolder,
        *,
        report: Callable[[Event], None] = lambda _: None,
        wish: Callable[[], str] = str,
        workers: int = 0,
        crew: Crew | None = None,
        judge: Callable[[Stage, int], float] | None = None,
    ) -> None:
        """`judge` tells the loss on what is never learned, of a stage and with that many tokens at once."""
        self._course, self._plan, self._folder = course, plan, folder
        self._crew, self._judge = crew or Crew(), judge
        self._report, self._wish, self._workers = report, wish, workers
        self._data = [course.data(stage) for stage in plan.stages]
        for stage, data in zip(plan.stages, self._data, strict=True):
            if not len(data):
                raise TrainingFailed(f"Stage “{stage.name}” has no data; add verified annotations or leave it out.")
        names = [trainable(stage, course.parameters()) for stage in plan.stages]
        learning = dict.fromkeys(name for row in names for name in row)
        self._parameters = {name: course.parameters()[name] for name in learning}
        self._names = names
        self._cursor = Cursor(room=plan.room)
        self._optimizer: Optimizer | None = None
        self._durations: list[float] = []

    def run(self) -> RunState:
        """Train to the end or until the owner wishes otherwise; every way out leaves a checkpoint behind."""
        with _deterministic(self._course.device):
            return self._run()

    def _run(self) -> RunState:
        resumed = self._resume()
        self._crew.wait()
        if not resumed:
            self._save()
        while self._cursor.stage < len(self._plan.stages):
            try:
                ended = self._stage()
            except (RuntimeError, MemoryError) as error:
                self._shrink(error)
                continue
            if ended is not None:
                return ended
        return RunState.FINISHED

    def updates(self, index: int) -> int:
        """How many updates stage `index` takes."""
        stage, data = self._plan.stages[index], self._data[index]
        return stage.updates or max(1, math.ceil(stage.epochs * len(data) / self._per_update(index)))

    def _per_update(self, index: int) -> int:
        data = self._data[index]
        wanted = round(self._plan.stages[index].batch * len(data) / max(1, data.samples))
        return min(len(data), max(1, wanted))

    def _stage(self) -> RunState | None:
        index = self._cursor.stage
        stage, total = self._plan.stages[index], self.updates(index)
        self._enter(stage, index)
        begun = saved = time.monotonic()
        for batches in self._batches(index, total):
            if ended := _WISHES.get(self._crew.told(self._wish())):
                self._save()
                return ended
            self._update(stage, total, batches, begun)
            self._look(stage, total)
            begun = time.monotonic()
            if self._crew.any(begun - saved >= self._plan.save_seconds) and self._cursor.update < total:
                self._save()
                saved = time.monotonic()
        self._cursor = Cursor(stage=index + 1, room=self._cursor.room)
        self._optimizer = None
        self._save()
        return None

    def _enter(self, stage: Stage, index: int) -> None:
        learning = set(self._names[index])
        if not learning:
            raise TrainingFailed(f"Stage “{stage.name}” trains nothing that this model has; check its groups.")
        for name, parameter in self._course.parameters().items():
            parameter.requires_grad_(name in learning)
            parameter.grad = None
        chosen = {name: self._parameters[name] for name in self._names[index]}
        self._optimizer = optimizer_of(self._plan, stage, chosen)
        if self._cursor.update:
            self._restore_optimizer()

    def _batches(self, index: int, total: int) -> Iterator[Sequence[Batch]]:
        data, cursor = self._data[index], self._cursor
        units = state.chosen(self._plan.seed, index, range(cursor.update, total), self._per_update(index), len(data))
        yield from DataLoader(
            _Updates(data, cursor.room),
            batch_size=None,
            sampler=[self._crew.share(row) for row in units],
            num_workers=self._workers,
            collate_fn=_as_is,
        )

    def _update(self, stage: Stage, total: int, batches: Sequence[Batch], begun: float) -> None:
        assert self._optimizer is not None
        state.seed(self._plan.seed, self._cursor.stage, self._cursor.update, self._crew.place)
        rate = state.rate_at(stage.schedule, stage.warm_up, self._cursor.update, total)
        for group in self._optimizer.param_groups:
            group["lr"] = group["full"] * rate
        loss, parts = self._whole(stage, batches)
        learning = [parameter for group in self._optimizer.param_groups for parameter in group["params"]]
        norm = float(nn.utils.clip_grad_norm_(learning, stage.clip or math.inf))
        if not self._cursor.follow(loss if math.isfinite(norm) else norm):
            self._diverged(stage, loss)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._cursor.update += 1
        seconds = time.monotonic() - begun
        self._durations = [*self._durations[-19:], seconds]
        samples = int(self._counted(sum(batch.samples for batch in batches)))
        tokens = int(self._counted(sum(batch.tokens for batch in batches)))
        self._tell(
            Event(
                "update",
                loss=loss,
                rate=stage.rate * rate,
                norm=norm,
                samples=samples,
                tokens=tokens,
                seconds=seconds,
                memory=in_use(self._course.device),
                eta=self._eta(total),
                parts=parts,
            )
        )

    def _look(self, stage: Stage, total: int) -> None:
        """Now and then, and at the end of a stage, tell how it does on held-out media."""
        done = self._cursor.update
        # All of them look, as a model that is shared out needs them all; one tells.
        if self._judge is None or (done % max(1, total // _LOOKS) and done < total):
            return
        with self._autocast():
            self._tell(Event(HELD_OUT, loss=self._judge(stage, self._cursor.room)))

    def _whole(self, stage: Stage, batches: Sequence[Batch]) -> tuple[float, dict[str, float]]:
        """Gradients of the whole update, whoever works on it; all run out of memory when one does."""
        weight, failed = self._counted(sum(batch.weight for batch in batches)) or 1.0, None
        loss, parts = torch.zeros((), device=self._course.device), dict[str, float]()
        try:
            loss, parts = self._backward(stage, self._passes(batches, weight))
        except (RuntimeError, MemoryError) as error:
            # Where they go in step the others wait inside their pass, and nothing can be told to them.
            if not ran_out(error) or self._crew.in_step:
                raise
            failed = error
        if self._crew.any(failed is not None):
            raise failed or MemoryError
        self._crew.add_gradients(self._parameters[name] for name in self._names[self._cursor.stage])
        return float(self._crew.add(loss)), self._crew.add_named(parts)

    def _passes(self, batches: Sequence[Batch], weight: float) -> list[tuple[Batch, float]]:
        """What goes through the model, and what its loss is divided by: idle passes count nothing."""
        passes = [(batch, weight) for batch in batches]
        if idle := self._crew.idle(len(batches)):
            passes += [(self._data[self._cursor.stage].batches([0], self._cursor.room)[0], math.inf)] * idle
        return passes

    def _counted(self, own: float) -> float:
        return float(self._crew.add(torch.tensor(own, dtype=torch.float64, device=self._course.device)))

    def _backward(self, stage: Stage, passes: Sequence[tuple[Batch, float]]) -> tuple[torch.Tensor, dict[str, float]]:
        whole = torch.zeros((), device=self._course.device)
        shares: dict[str, torch.Tensor] = {}
        for batch, weight in passes:
            with self._autocast():
                loss, parts = self._course.loss(stage, batch)
            loss = loss / weight
            loss.backward()
            whole += loss.detach()
            for name, part in parts.items():
                shares[name] = shares.get(name, 0.0) + part.detach() / weight
        return whole, {name: float(share) for name, share in shares.items()}

    def _autocast(self) -> AbstractContextManager[Any]:
        if self._plan.precision == "fp32":
            return nullcontext()
        return torch.autocast(self._course.device.type, dtype=torch.bfloat16)

    def _eta(self, total: int) -> float:
        rest = total - self._cursor.update
        rest += sum(self.updates(index) for index in range(self._cursor.stage + 1, len(self._plan.stages)))
        return statistics.median(self._durations) * rest

    def _save(self) -> None:
        """Write a checkpoint, which the others see before they go on."""
        if self._crew.first:
            self._write()
        self._crew.wait()

    def _write(self) -> None:
        try:
            checkpoints.write(self._folder.checkpoints, state.take(self._cursor, self._parameters, self._optimizer))
        except OSError as error:
            if checkpoints.newest(self._folder.checkpoints) is None:
                raise TrainingFailed(
                    f"Nothing can be written to “{self._folder.path}”; free some space there."
                ) from error
            self._tell(
                Event(
                    "unsaved",
                    sentence=f"The disk of “{self._folder.path}” takes no checkpoint; free some space. "
                    "Training goes on and will try again.",
                )
            )
            return
        self._tell(Event("saved"))

    def _resume(self) -> bool:
        """Take up the newest checkpoint, if there is one."""
        checkpoint = checkpoints.newest(self._folder.checkpoints)
        if checkpoint is None:
            return False
        try:
            state.put_weights(checkpoint, self._parameters)
        except (KeyError, RuntimeError) as error:
            raise TrainingFailed(
                f"The checkpoints in “{self._folder.path}” belong to another model; choose another run folder."
            ) from error
        self._cursor = state.cursor_of(checkpoint)
        self._tell(Event("resumed"))
        return True

    def _restore_optimizer(self) -> None:
        checkpoint = checkpoints.newest(self._folder.checkpoints)
        assert checkpoint is not None
        assert self._optimizer is not None
        state.put_optimizer(checkpoint, self._parameters, self._optimizer)

    def _diverged(self, stage: Stage, loss: float) -> None:
        self._resume()
        raise Diverged(
            f"The loss ran away to {loss:.3g} in stage “{stage.name}”; the last good state was kept. "
            "Start again with a lower rate."
        )

    def _shrink(self, error: RuntimeError | MemoryError) -> None:
        """Out of memory: go on from the last checkpoint with half the tokens at once, same samples per update."""
        if not ran_out(error):
            raise error
        room = min(self._cursor.room, self._plan.room) // 2
        if room < _LEAST_ROOM or self._crew.in_step:
            raise OutOfMemory("Training does not fit this machine's memory; choose a smaller plan.") from error
        self._optimizer = None
        if self._course.device.type == "cuda":
            torch.cuda.empty_cache()
        self._resume()
        self._cursor.room = room
        self._tell(Event("shrunk", sentence=f"Memory ran out; going on with {room} tokens at once, same batch."))

    def _tell(self, event: Event) -> None:
        index = min(self._cursor.stage, len(self._plan.stages) - 1)
        event.stage, event.stage_index = self._plan.stages[index].name, self._cursor.stage
        event.stages, event.update = len(self._plan.stages), self._cursor.update
        event.updates = self.updates(index)
        if self._crew.first:
            self._folder.add(event)
            self._report(event)


class _Updates(Dataset[Sequence[Batch]]):
    """The loader's view of a stage: an update's units become its batches."""

    def __init__(self, data: StageData, room: int) -> None:
        self._data, self._room = data, room

    def __getitem__(self, units: Sequence[int]) -> Sequence[Batch]:
        return self._data.batches(units, self._room)


def optimizer_of(plan: TrainingPlan, stage: Stage, parameters: Mapping[str, nn.Parameter]) -> Optimizer:
    """AdamW or its like over `parameters`, decay on matrices only, each group at its share of the rate."""
    rows: dict[tuple[float, float, bool], list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        decay = stage.decay if parameter.ndim > 1 else 0.0
        rate = stage.rate * stage.scales.get(group_of(name) or "", 1.0)
        whole = plan.optimizer == "muon" and moves_whole(name, parameter)
        rows.setdefault((rate, decay, whole), []).append(parameter)
    groups = [
        {"params": row, "lr": rate, "full": rate, "weight_decay": decay, "whole": whole}
        for (rate, decay, whole), row in rows.items()
    ]
    if plan.optimizer == "muon":
        return Muon(groups, stage.betas)
    if plan.optimizer == "paged_adamw8bit":
        # The library for CUDA cards is heavy, and of no use elsewhere.
        return import_module("bitsandbytes").optim.PagedAdamW8bit(groups, betas=stage.betas)
    return AdamW(groups, betas=stage.betas)


@contextmanager
def _deterministic(device: torch.device) -> Iterator[None]:
    """Have torch choose kernels that give the same bits each time, where it has them."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    settings: Any = import_module("torch.utils.deterministic")
    filling = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=device.type != "cpu")
    # Every new tensor would be filled first, a twentieth of the time; nothing here reads what nobody wrote.
    settings.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        settings.fill_uninitialized_memory = filling


def _as_is(batches: Sequence[Batch]) -> Sequence[Batch]:
    return batches
