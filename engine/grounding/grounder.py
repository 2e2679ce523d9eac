"""Answers questions about media: media to prefix, question to tokens, tokens to text, places and scores.

A medium is encoded and read once; its prefix is kept, and every further question starts from there.
"""

import hashlib
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from engine import grammar
from engine.domain.errors import UsageError
from engine.domain.media import MediaKind
from engine.domain.query import Grounding
from engine.grounding import viewing
from engine.grounding.answer import AnswerText, DigitTokens
from engine.grounding.architecture import Architecture
from engine.grounding.backbone import Floats, Part, Prefix, Sampling, Stop
from engine.grounding.constraint import Places, Vocabulary
from engine.grounding.loading import Loaded
from engine.grounding.marks import check_marks
from engine.grounding.prefixes import PrefixCache
from engine.grounding.prompt import ask_text
from engine.grounding.scene import Scene, places, scene_of
from engine.grounding.scoring import agreement
from engine.grounding.viewing import Viewed, Viewer
from engine.messages import Answered, Ask, Encode, Encoded, Found, Progress, Reply, Token

_SAMPLE_TEMPERATURE = 0.7


class Budgets(Struct, frozen=True):
    """Bytes of prefixes kept in memory and on disk."""

    memory: int = 2 << 30
    disk: int = 8 << 30


class _Question(Struct, frozen=True):
    """Where an answer starts and what its places refer to."""

    prefix: Prefix
    ids: list[int]
    scene: Scene


class Grounder:
    """One loaded model. `cache` is the folder of kept prefixes, None for memory alone. For one thread.

    What `viewer` knows of files is not read again.
    """

    def __init__(
        self,
        loaded: Loaded,
        cache: Path | None = None,
        budgets: Budgets | None = None,
        viewer: Viewer | None = None,
    ) -> None:
        self.loaded = loaded
        budgets = budgets or Budgets()
        self._prefixes = PrefixCache(loaded.backbone, cache, budgets.memory, budgets.disk)
        self._viewer = viewer or Viewer()
        words, count = loaded.tokens, loaded.manifest.architecture.llama.vocab_size
        self._digits = DigitTokens(words.piece, count)
        self._words = Vocabulary(words.piece, count, eos=words.eos, stop=loaded.manifest.prompt.stop)

    def ask(self, ask: Ask, stop: Stop) -> Iterator[Reply]:
        """Progress while media are encoded, then Tokens and Founds, last Answered. Raises Cancelled once stopped."""
        began = time.perf_counter()
        timings: dict[str, float] = {}
        self._check(ask)
        question = yield from self._question(ask, stop)
        timings["encode"] = time.perf_counter() - began
        answer, found = self._text(), 0
        for piece in self._pieces(question, ask, answer, stop):
            timings.setdefault("first_token", time.perf_counter() - began)
            if piece:
                yield Token(ask.ticket, piece)
            if "]" in piece or "}" in piece:
                new = self._places(answer, question, found)
                found += len(new)
                timings |= _first_box(new, timings, time.perf_counter() - began)
                yield from (Found(ask.ticket, grounding) for grounding in new)
        groundings = self._agreed(question, ask, self._places(answer, question), stop)
        timings["total"] = time.perf_counter() - began
        text, memory = answer.text.rstrip(), psutil.Process().memory_info().rss
        yield Answered(ask.ticket, text, tuple(groundings), self.loaded.ref, timings, memory)
        self._prefixes.tidy()

    def encode(self, request: Encode, stop: Stop) -> Iterator[Reply]:
        """Progress, then Encoded: the question, or the first about these media, starts from what was read."""
        question = yield from self._question(request, stop)
        self._prefixes.tidy()
        if request.text:
            self.loaded.backbone.expect(question.prefix, question.ids, stop)
        yield Encoded(request.ticket)

    def close(self) -> None:
        self.loaded.backbone.close()

    def _check(self, ask: Ask) -> None:
        """Refuses what would fail only once the media are encoded."""
        if ask.constrain:
            Places(self._words, ask.constrain)
        if ask.seed < 0:
            raise UsageError(f"The seed of an answer is a number from 0 on, not {ask.seed}.")

    def _question(self, ask: Ask | Encode, stop: Stop) -> Generator[Reply, None, _Question]:
        for done, size in self._viewer.study(ask.media, stop):
            yield Progress(ask.ticket, "opening", done, size)
        media = self._viewer.view(ask.media, ask.frame)
        check_marks(ask, media)
        scene = scene_of(media)
        text = grammar.question(ask.text, ask.region, ask.moment, size=scene.size, clock=scene.clock)
        head, tail = self._ids(media, text, [(turn.question, turn.answer) for turn in ask.turns])
        self.loaded.backbone.fits(len(head) + len(tail) + 1)
        prefix = yield from self._prefix(ask.ticket, media, head, stop)
        return _Question(prefix, tail, scene)

    def _ids(
        self, media: Sequence[Viewed], question: str, turns: Sequence[tuple[str, str]]
    ) -> tuple[list[int], list[int]]:
        """Token ids up to the end of the media, and behind it."""
        architecture = self.loaded.manifest.architecture
        tokens = {medium.kind: architecture.tokens(medium.kind) for medium in media}
        ids = self.loaded.tokens.encode(ask_text(self.loaded.manifest.prompt, tokens, question, turns))
        ends = {architecture.ids(kind).end for kind in tokens}
        cut = max((place + 1 for place, token in enumerate(ids) if token in ends), default=0)
        return ids[:cut], ids[cut:]

    def _prefix(
        self, ticket: str, media: Sequence[Viewed], head: Sequence[int], stop: Stop
    ) -> Generator[Reply, None, Prefix]:
        key = self._key(media, head)
        kept = self._prefixes.get(key)
        if kept:
            return kept
        loaded, rows = self.loaded, {}
        for done, medium in enumerate(media):
            yield Progress(ticket, "encoding", done, len(media) + 1)
            rows[medium.kind] = viewing.features(medium, loaded.senses, loaded.manifest, stop)
        if media:
            yield Progress(ticket, "reading", len(media), len(media) + 1)
        made = loaded.backbone.prefix(parts(head, rows, loaded.rows, loaded.manifest.architecture), stop)
        self._prefixes.put(key, made)
        return made

    def _key(self, media: Sequence[Viewed], head: Sequence[int]) -> str:
        """Content, preprocessing (it is in the manifest), model, adapter, arithmetic and wording of a prefix."""
        what = [(medium.kind.value, medium.digest, medium.frame) for medium in media]
        names = (self.loaded.identity, self.loaded.backbone.runner.identity, self.loaded.backbone.adapter)
        return hashlib.sha256(msgspec.json.encode([names, what, list(head)])).hexdigest()

    def _text(self) -> AnswerText:
        return AnswerText(self.loaded.tokens.piece, self._digits, self.loaded.manifest.prompt.stop)

    def _pieces(self, question: _Question, ask: Ask, answer: AnswerText, stop: Stop) -> Iterator[str]:
        """Runs the answer into `answer`; gives what each token made certain of its text, perhaps nothing yet."""
        constraint = Places(self._words, ask.constrain) if ask.constrain else None
        ends = frozenset(self._words.ends if constraint else {self.loaded.tokens.eos})
        sampling = Sampling(ask.temperature, ask.seed, ask.max_tokens, ends)
        for step in self.loaded.backbone.ask(question.prefix, question.ids, sampling, constraint, stop):
            yield "" if step.token in ends else answer.add(step.token, step.logits)
            if answer.ended:
                break
        yield answer.finish()

    def _places(self, answer: AnswerText, question: _Question, after: int = 0) -> list[Grounding]:
        return places(answer, question.scene, self.loaded.manifest.calibration, after)

    def _agreed(self, question: _Question, ask: Ask, found: list[Grounding], stop: Stop) -> list[Grounding]:
        """The scores halfway to how often further samples say the same, where samples were asked for."""
        if ask.samples < 2 or not found:
            return found
        samples = []
        for number in range(1, ask.samples):
            temperature = ask.temperature or _SAMPLE_TEMPERATURE
            again = msgspec.structs.replace(ask, temperature=temperature, seed=ask.seed + number)
            answer = self._text()
            for _ in self._pieces(question, again, answer, stop):
                pass
            samples.append(self._places(answer, question))
        return [
            msgspec.structs.replace(grounding, score=(grounding.score + agreement(grounding, samples)) / 2)
            for grounding in found
        ]


def parts(
    ids: Sequence[int], features: Mapping[MediaKind, Floats], rows: Mapping[int, Floats], size: Architecture
) -> list[Part]:
    """Token ids with the patch tokens of each medium replaced by its features and trained tokens by their `rows`."""
    patches = {size.ids(kind).patch: block for kind, block in features.items()}
    made: list[Part] = []
    run: list[int] = []
    before = -1
    for token in ids:
        block = rows.get(token, patches.get(token))
        if block is None:
            run.append(token)
        elif token in rows or token != before:
            made += [run, block] if run else [block]
            run = []
        before = token
    return [*made, run] if run else made


def _first_box(new: Sequence[Grounding], timings: Mapping[str, float], now: float) -> dict[str, float]:
    seen = "first_box" in timings or not any(grounding.geometry for grounding in new)
    return {} if seen else {"first_box": now}
