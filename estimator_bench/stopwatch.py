"""Time spent, measured by the harness and never by the estimators themselves."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Seconds:
    """Time spent, as wall and CPU seconds of this process."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.wall + other.wall, self.cpu + other.cpu)


class Stopwatch:
    """Measures the block it is used around; `seconds` is there after the block."""

    seconds: Seconds

    def __enter__(self) -> Stopwatch:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = Seconds(time.perf_counter() - self._wall, time.process_time() - self._cpu)
