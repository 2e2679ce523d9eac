"""The embedded model names what it places, also where its answer is limited to places."""

from pathlib import Path

import pytest

from engine.grounding.backbone import Stop
from engine.grounding.embedded import model_folder
from engine.grounding.grounder import Grounder
from engine.grounding.loading import load
from engine.messages import Answered, Ask, LoadModel

SAMPLE = Path(__file__).parents[3] / "resources" / "sample"


@pytest.fixture(scope="module")
def grounder():
    made = Grounder(load(LoadModel("0"), model_folder("")))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("medium", "question", "limit"),
    [("meadow.jpg", "Where is the balloon?", "boxes"), ("concert.wav", "What do you hear?", "times")],
)
def test_a_limited_answer_has_the_places_of_the_free_one(grounder, medium: str, question: str, limit: str) -> None:
    def answer(constrain: str) -> Answered:
        *_, last = grounder.ask(Ask("1", (str(SAMPLE / medium),), question, constrain=constrain), Stop())
        assert isinstance(last, Answered)
        return last

    free = answer("")
    assert free.groundings
    assert answer(limit).answer == free.answer
