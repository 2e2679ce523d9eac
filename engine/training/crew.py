"""The processes that train one run together; one alone, unless `accelerate launch` started several.

Each takes its share of an update's units. The sum of their gradients is the gradient of the whole update, so that
every process makes the same step; only the first one writes.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

import torch
from torch import nn

_T = TypeVar("_T")


class Crew:
    """Who this process is among those that train.

    `in_step`: the model lies in parts among them, so that each goes through it as often as any other.
    """

    def __init__(self) -> None:
        self.in_step = False
        # What talks between processes is heavy, and one process has nobody to talk to.
        self._state: Any = None
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            # Functions in there keep the group that is there when they are defined: later on, `leave` could not end it.
            import_module("torch.distributed.nn")
            self._state = import_module("accelerate").PartialState(cpu=not torch.cuda.is_available())

    @property
    def first(self) -> bool:
        """Whether this process writes and decides."""
        return self._state is None or bool(self._state.is_main_process)

    @property
    def size(self) -> int:
        """How many they are."""
        return 1 if self._state is None else int(self._state.num_processes)

    @property
    def place(self) -> int:
        """Which of them this process is, from 0."""
        return 0 if self._state is None else int(self._state.process_index)

    def share(self, units: Sequence[_T]) -> Sequence[_T]:
        """Those that are this process's to work on."""
        if self._state is None:
            return units
        return units[self.place :: self.size]

    def add(self, numbers: torch.Tensor) -> torch.Tensor:
        """The sum of what all processes hold."""
        if self._state is None:
            return numbers
        summed: torch.Tensor = import_module("accelerate.utils").reduce(numbers, "sum")
        return summed

    def add_named(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """The sums by name of what all processes hold; a name may be missing in some."""
        if self._state is None:
            return dict(numbers)
        total: Counter[str] = Counter()
        for held in import_module("accelerate.utils").gather_object([numbers]):
            total.update(held)
        return dict(total)

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every process the sum of all gradients; one that saw nothing of a parameter counts as zero."""
        if self._state is None:
            return
        learning = list(parameters)
        flat = torch.cat(
            [(torch.zeros_like(one) if one.grad is None else one.grad).flatten().float() for one in learning]
        )
        for one, part in zip(learning, self.add(flat).split([one.numel() for one in learning]), strict=True):
            one.grad = part.view_as(one).to(one.dtype)

    def any(self, what: bool) -> bool:
        """Whether it holds for one of them."""
        return what if self._state is None else bool(self.add(torch.tensor(float(what), device=self._state.device)))

    def most(self, number: int) -> int:
        """The largest that one of them has."""
        if self._state is None:
            return number
        return int(import_module("accelerate.utils").gather(torch.tensor([number], device=self._state.device)).max())

    def idle(self, passes: int) -> int:
        """How many more passes through the model than this process others make, where all go in step."""
        return self.most(passes) - passes if self.in_step else 0

    def told(self, word: str) -> str:
        """The first one's word, to all."""
        if self._state is None:
            return word
        words = [word]
        import_module("accelerate.utils").broadcast_object_list(words)
        return words[0]

    def wait(self) -> None:
        """Until all have come this far."""
        if self._state is not None:
            self._state.wait_for_everyone()

    def leave(self) -> None:
        """Have done with the others; threads that listened to them further would crash the end of the program."""
        if self._state is not None:
            self._state.destroy_process_group()

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """What is done inside, the first one does before the others, who find what it left."""
        if not self.first:
            self.wait()
        yield
        if self.first:
            self.wait()
