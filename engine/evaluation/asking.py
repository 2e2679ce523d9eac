"""Putting cases to a model the very way a user's questions are put."""

from collections.abc import Callable, Iterable
from pathlib import Path

from engine.domain.errors import MediaError
from engine.evaluation.cases import Case
from engine.evaluation.metrics import Outcome
from engine.grounding.backbone import Stop
from engine.grounding.grounder import Grounder
from engine.grounding.loading import load
from engine.messages import Answered, Ask, LoadModel, Turn

_LONGEST = 256


def asked(
    cases: Iterable[Case], wish: LoadModel, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Outcome]:
    """The outcome of every case whose media can be read, by the case's id; greedy, so that it can be repeated."""
    grounder = Grounder(load(wish, Path(wish.folder)))
    outcomes: dict[str, Outcome] = {}
    try:
        # Questions about one medium together: it is looked at once.
        for place, case in enumerate(sorted(cases, key=lambda case: case.media)):
            try:
                outcomes[case.id] = _outcome(grounder, case)
            except MediaError:
                continue
            finally:
                progress(place + 1)
    finally:
        grounder.close()
    return outcomes


def _outcome(grounder: Grounder, case: Case) -> Outcome:
    turns: tuple[Turn, ...] = ()
    for question in case.before:
        turns = (*turns, Turn(question, _answered(grounder, case, question, turns).answer))
    reply = _answered(grounder, case, case.question, turns)
    return Outcome(case.id, reply.answer, reply.groundings, reply.timings.get("total", 0.0))


def _answered(grounder: Grounder, case: Case, question: str, turns: tuple[Turn, ...]) -> Answered:
    ask = Ask(case.id, case.media, question, turns=turns, max_tokens=_LONGEST)
    for reply in grounder.ask(ask, Stop()):
        if isinstance(reply, Answered):
            return reply
    raise AssertionError("an answer ends with Answered")
