"""What every hostile file must meet."""

from collections.abc import Callable

import pytest

from engine.domain.errors import ModelError


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        work()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 500
    return sentence
