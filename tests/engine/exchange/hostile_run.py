"""Read many hostile variants of one format, in this process; also run as a child with limits by the soak test."""

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from engine.domain.annotation import Annotation
from engine.domain.errors import ExchangeError
from engine.exchange.formats import Format, format_named
from engine.exchange.jail import confined
from tests.engine.exchange.hostile import lay_down, mutated
from tests.engine.exchange.samples import example, incoming

# Seconds of this process, so that neighbours do not count.
SLOWEST = 10.0


def run(format_: Format, first: int, count: int) -> Counter[str]:
    """How the variants ended: "refused" by a sentence or "read", and what was found and reported.

    Anything else that a reader does is raised: another exception, a file or connection outside, more than 10 s.
    """
    ends: Counter[str] = Counter()
    dataset = example()
    with tempfile.TemporaryDirectory() as place:
        good = lay_down(format_, Path(place))
        for seed in range(first, first + count):
            folder = Path(place) / "bad"
            source = folder / good.name
            folder.mkdir()
            shutil.copytree(good, source) if good.is_dir() else shutil.copyfile(good, source)
            files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
            victim = random.Random(seed).choice(files)
            if format_.id == "refcoco" and seed % 2:
                victim.with_name("refs.json").unlink()
                victim = victim.with_name("refs(unc).p")
            kind, data = mutated(victim.name, victim.read_bytes(), seed)
            victim.write_bytes(data)
            ends.update(one(format_, source, dataset, f"{format_.id} {seed} {kind}"))
            shutil.rmtree(folder)
    return ends


def one(format_: Format, source: Path, dataset: object, name: str) -> list[str]:
    into = incoming(example())
    began = time.process_time()
    found = 0
    try:
        with confined(source.parent):
            for entity in format_.read(source, into):
                found += isinstance(entity, Annotation)
    except ExchangeError as error:
        sentence = str(error)
        assert sentence.endswith("."), f"{name}: {sentence}"
        return ["refused"]
    except BaseException as error:
        error.add_note(name)
        raise
    finally:
        taken = time.process_time() - began
        assert taken < SLOWEST, f"{name} took {taken:.1f} s"
    return ["read", *(["reported"] if list(into.losses) else [])]


if __name__ == "__main__":
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    ends = run(format_named(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{sys.argv[1]} {dict(ends)} peak {peak:.0f} MiB")
    sys.exit(0 if peak < 1024 else 3)
