"""All rows of a folder of golden data."""

from collections.abc import Iterator
from pathlib import Path

import torch

from engine.domain.errors import ModelError
from engine.parity.conversations import conversations
from engine.parity.features import features
from engine.parity.golden import read_golden
from engine.parity.preprocessing import preprocessing
from engine.parity.rows import Row
from engine.parity.training import training


def check(folder: Path) -> Iterator[Row]:
    """One row per comparison; a ModelError or MediaError where the folder is not what it should be."""
    # Sizes are those of toys: a second thread only waits for the first.
    torch.set_num_threads(1)
    try:
        golden = read_golden(folder)
        with torch.no_grad():
            yield from preprocessing(golden)
            yield from features(golden)
            yield from conversations(golden)
        yield from training(golden)
    except ModelError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            missing = error.__cause__.filename
            raise ModelError(f"{missing} is missing; choose a whole folder of golden data.") from error
        raise
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ModelError(f"{folder} is not laid out as golden data are ({error}).") from error
