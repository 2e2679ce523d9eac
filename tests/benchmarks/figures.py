"""Measuring and telling."""

import threading
import time
from collections.abc import Callable

import psutil


def tell(name: str, **figures: object) -> None:
    shown = ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in figures.items()
    )
    print(f"\n{name}: {shown}")


def cpu() -> float:
    return time.process_time()


def both(act: Callable[[], object]) -> dict[str, float]:
    """The least of seven, by the clock on the wall and by the processor's: neighbours only lengthen the first."""
    walls, cpus = [], []
    for _ in range(7):
        at, used = time.perf_counter(), cpu()
        act()
        walls.append((time.perf_counter() - at) * 1000)
        cpus.append((cpu() - used) * 1000)
    return {"wall_ms": min(walls), "cpu_ms": min(cpus)}


class Highest:
    """The most memory that this process held in between."""

    def __enter__(self) -> "Highest":
        self.rss, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._over.wait(0.005):
            self.rss = max(self.rss, psutil.Process().memory_info().rss)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
