"""The language model behind one protocol: a prefix is computed once, any number of questions start from it.

`Runner` is what a backbone must bring (feed, rewind, export, restore, LoRA); `Backbone` is everything above it, written
once: prefixes in and out of the one working cache, sampling, constrained answers, cancel at any point, files.
One thread uses a backbone; only `Stop.request` may be called from another.
"""

import ctypes
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import psutil
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.errors import Cancelled, UsageError
from engine.grounding.architecture import LlamaSize

Floats = NDArray[np.float32]
Part = Sequence[int] | Floats
"""Token ids, or an embedding block (n, width) that takes n places."""

_MAGIC = b"groundwork prefix 1\n"


class Stop:
    """A wish to stop that another thread may make at any moment; readable from C as a zero-terminated string."""

    def __init__(self) -> None:
        self._flag = ctypes.create_string_buffer(2)

    def request(self) -> None:
        self._flag[0] = b"x"

    @property
    def requested(self) -> bool:
        return self._flag[0] != b"\0"

    @property
    def address(self) -> int:
        return ctypes.addressof(self._flag)

    def check(self) -> None:
        """Raises Cancelled once stopping was asked for."""
        if self._flag[0] != b"\0":
            raise Cancelled("The question was cancelled.")


class Sampling(Struct, frozen=True):
    """How the next token is chosen: temperature 0 is the likeliest one. `end` are ids that end the answer."""

    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 512
    end: frozenset[int] = frozenset({2})


class Constraint(Protocol):
    """Which tokens may come next; told of each token chosen."""

    def allowed(self) -> Sequence[int]:
        """Ids that may come next, never empty."""

    def advance(self, token: int) -> None: ...


class Step(Struct, frozen=True):
    """One token and the logits (vocabulary,) that it was chosen from; these are valid until the next step only."""

    token: int
    logits: Floats


class Runner(Protocol):
    """One working cache of as many places as the model reads. `identity` names weights, precision and arithmetic."""

    name: str
    precision: str
    device: str
    identity: str
    size: LlamaSize

    def feed(self, part: Part, at: int, stop: Stop, *, every: bool = False) -> Floats:
        """Reads `part` into places from `at` on; logits (1, vocabulary) of its last place or (n, …) of every place.

        Raises Cancelled with the cache valid up to `at`, once `rewind(at)` was called.
        """

    def rewind(self, length: int) -> None:
        """Forgets all places from `length` on."""

    def export(self, length: int) -> NDArray[np.uint8]:
        """The first `length` places as bytes."""

    def restore(self, state: NDArray[np.uint8], length: int) -> None:
        """Puts exported places back, in place of all there are."""

    def set_lora(self, folder: Path | None, scale: float) -> None: ...

    def close(self) -> None: ...


class Prefix:
    """The language model's state after some parts; made, kept and given back through its `Backbone`."""

    def __init__(self, length: int, adapter: str) -> None:
        self.length = length
        self.adapter = adapter
        self.state: NDArray[np.uint8] | None = None


class _Header(Struct, frozen=True):
    length: int
    identity: str
    adapter: str
    size: int
    check: int


class Backbone:
    """Prefixes and questions over one runner."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.context = runner.size.max_position_embeddings
        self.adapter = ""
        self._resident: Prefix | None = None
        self._expected: tuple[tuple[int, ...], Floats] | None = None
        self._turn = 0

    def prefix(self, parts: Sequence[Part], stop: Stop | None = None) -> Prefix:
        """The state after `parts`, from nothing."""
        self._park()
        self.runner.rewind(0)
        return self._grown(0, parts, stop or Stop())

    def fork(self, prefix: Prefix, parts: Sequence[Part], stop: Stop | None = None) -> Prefix:
        """A longer prefix; the shorter one stays."""
        self._resume(prefix)
        self._park()
        return self._grown(prefix.length, parts, stop or Stop())

    def expect(self, prefix: Prefix, ids: Sequence[int], stop: Stop | None = None) -> None:
        """Reads a question that is about to be asked: `ask` with the same `ids` begins its answer at once.

        Anything else that is done first costs no more than having read it in vain.
        """
        self.fits(prefix.length + len(ids) + 1)
        self._resume(prefix)
        self._expected = tuple(ids), self.runner.feed(ids, prefix.length, stop or Stop())[-1].copy()

    def ask(
        self,
        prefix: Prefix,
        ids: Sequence[int],
        sampling: Sampling,
        constraint: Constraint | None = None,
        stop: Stop | None = None,
    ) -> Iterator[Step]:
        """The answer's tokens, the ending one included. One answer runs at a time; the prefix is left as it was."""
        self.fits(prefix.length + len(ids) + 1)
        logits = self._read(prefix, ids)
        stop, turn = stop or Stop(), self._turn
        random = np.random.default_rng(sampling.seed)
        at = prefix.length
        fed: Sequence[int] = ids
        for _ in range(min(sampling.max_tokens, self.context - at - len(ids))):
            if turn != self._turn:
                raise RuntimeError("another question has begun on this backbone")
            stop.check()
            if logits is None:
                logits = self.runner.feed(fed, at, stop)[-1]
            at += len(fed)
            token = _choose(logits, sampling.temperature, random, constraint)
            yield Step(token, logits)
            if token in sampling.end:
                return
            if constraint:
                constraint.advance(token)
            fed, logits = (token,), None

    def logits(self, prefix: Prefix, ids: Sequence[int], stop: Stop | None = None) -> Floats:
        """Logits (len(ids), vocabulary) behind every one of `ids` after the prefix."""
        self.fits(prefix.length + len(ids))
        self._resume(prefix)
        return self.runner.feed(ids, prefix.length, stop or Stop(), every=True)

    def save(self, prefix: Prefix, path: Path) -> int:
        """Writes the prefix beside `path` and renames it into place; the bytes written."""
        state = self._state(prefix)
        header = _Header(prefix.length, self.runner.identity, prefix.adapter, state.nbytes, zlib.crc32(state.data))
        part = path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                file.write(_MAGIC + msgspec.json.encode(header) + b"\n")
                file.write(state.data)
            part.replace(path)
        except OSError:
            # A disk that is full must not stay so.
            part.unlink(missing_ok=True)
            raise
        return state.nbytes

    def load(self, path: Path) -> Prefix | None:
        """A saved prefix, or None when the file is damaged or of another model, adapter or precision."""
        try:
            with path.open("rb") as file:
                magic, line = file.readline(64), file.readline(4096)
                header = msgspec.json.decode(line, type=_Header)
                if magic != _MAGIC or header.identity != self.runner.identity or header.adapter != self.adapter:
                    return None
                state = np.fromfile(file, dtype=np.uint8)
        except (OSError, msgspec.MsgspecError):
            return None
        if state.nbytes != header.size or zlib.crc32(state.data) != header.check:
            return None
        prefix = Prefix(header.length, header.adapter)
        prefix.state = state
        return prefix

    def fits(self, length: int) -> None:
        """Raises UsageError where media and words take more places than the model reads."""
        if length > self.context:
            raise UsageError(
                f"The media and the words take {length} places, but the model reads {self.context}: ask shorter, "
                "or start a new conversation."
            )

    def drop(self, prefix: Prefix) -> None:
        """Gives the prefix's memory back; it cannot be asked again."""
        if self._resident is prefix:
            self._resident = None
        prefix.state = None

    def size(self, prefix: Prefix) -> int:
        """Bytes that the prefix takes, or would take once another one is worked on."""
        return self._state(prefix).nbytes

    def set_lora(self, folder: Path | None, scale: float = 1.0) -> None:
        """Switches the LoRA in `folder` on at `scale`, or off. Prefixes of other settings wait until theirs is back."""
        self._park()
        self._resident = None
        self.runner.set_lora(folder, scale)
        self.adapter = f"{folder}@{scale}" if folder else ""

    def close(self) -> None:
        self._resident = None
        self.runner.close()

    def _grown(self, at: int, parts: Sequence[Part], stop: Stop) -> Prefix:
        length = at + sum(len(part) for part in parts)
        self.fits(length)
        self._resident = None
        for part in parts:
            stop.check()
            self.runner.feed(part, at, stop)
            at += len(part)
        self._resident = Prefix(length, self.adapter)
        return self._resident

    def _read(self, prefix: Prefix, ids: Sequence[int]) -> Floats | None:
        """The logits behind an expected question, else None and the cache stands at the prefix's end."""
        expected, self._expected = self._expected, None
        if prefix is not self._resident or not expected or expected[0] != tuple(ids):
            self._resume(prefix)
            return None
        self._turn += 1
        return expected[1]

    def _resume(self, prefix: Prefix) -> None:
        self._turn += 1
        self._expected = None
        if prefix.adapter != self.adapter:
            raise RuntimeError("the prefix was made with another adapter")
        if prefix is not self._resident:
            if prefix.state is None and prefix.length:
                raise RuntimeError("the prefix was dropped")
            self._park()
            self._resident = None
            if prefix.state is not None:
                self.runner.restore(prefix.state, prefix.length)
            self._resident = prefix
        self.runner.rewind(prefix.length)

    def _park(self) -> None:
        self._turn += 1
        self._expected = None
        if self._resident:
            self._state(self._resident)

    def _state(self, prefix: Prefix) -> NDArray[np.uint8]:
        if prefix.state is None:
            if prefix is not self._resident:
                raise RuntimeError("the prefix was dropped")
            # Some runners forget what lies behind the places they export.
            self._expected = None
            prefix.state = self.runner.export(prefix.length)
        return prefix.state


def head_width(size: LlamaSize) -> int:
    """Numbers of one attention head."""
    return size.head_dim or size.hidden_size // size.num_attention_heads


def default_threads() -> int:
    """One physical core is left to the window: spinning on every core starves all of them."""
    return max((psutil.cpu_count(logical=False) or 1) - 1, 1)


def probabilities(logits: Floats, temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax in double precision; as `temperature` goes to 0, the likeliest has it all."""
    below = logits.astype(np.float64) - logits.max()
    with np.errstate(over="ignore"):
        weights = np.exp(below / temperature)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _choose(logits: Floats, temperature: float, random: np.random.Generator, constraint: Constraint | None) -> int:
    among: Any = np.asarray(constraint.allowed()) if constraint else None
    left = logits if among is None else logits[among]
    chosen = (
        int(left.argmax()) if temperature <= 0 else int(random.choice(left.size, p=probabilities(left, temperature)))
    )
    return chosen if among is None else int(among[chosen])
