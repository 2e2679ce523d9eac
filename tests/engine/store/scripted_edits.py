"""The scripted annotator as a program: opens a project, works, and acknowledges each committed deed on stdout."""

import sys
from pathlib import Path
from random import Random

from engine.store.project_store import ProjectStore
from tests.engine.store.conftest import step

if __name__ == "__main__":
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    store = ProjectStore.open(folder)
    random = Random(seed)
    for done in range(1, count + 1):
        step(store, random)
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()
