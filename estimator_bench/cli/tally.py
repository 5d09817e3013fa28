"""How far one estimator is, how fast, and how long it will take."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

WINDOW = 60.0
"""Seconds a rate looks back: it follows networks that get larger, and forgets how long a worker took to start."""
SETTLE = 3.0
"""Seconds after the first scores before a rate leaves out the time up to them."""


@dataclass
class Tally:
    """The count of one estimator. Times are of one monotonic clock, in seconds.

    Attributes:
        total: networks to score.
        done: scored, failures included.
        failed: of these, failures.
        hopeless: it cannot be prepared, so that none will be scored.
        preparing: since when it is being prepared; None while it is not.
    """

    total: int
    done: int = 0
    failed: int = 0
    hopeless: bool = False
    preparing: float | None = None
    _begun: float | None = field(default=None, init=False)
    _counts: deque[tuple[float, int]] = field(default_factory=deque, init=False)

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.hopeless or self.done >= self.total

    def begin(self, now: float) -> None:
        """Note that networks have been handed out; only the first time counts."""
        if self._begun is None:
            self._begun = now
            self._counts.append((now, 0))

    def add(self, count: int, failed: int, now: float) -> None:
        """Note that some more are scored."""
        self.done += count
        self.failed += failed
        self._counts.append((now, self.done))
        while len(self._counts) > 2 and self._counts[1][0] < now - WINDOW:
            self._counts.popleft()

    def rate(self, now: float) -> float | None:
        """Networks per second of late; None before the first score."""
        if not self.done:
            return None
        base = self._counts[0]
        if base[1] == 0 and self.done > self._counts[1][1] and now - self._counts[1][0] >= SETTLE:
            base = self._counts[1]
        return (self.done - base[1]) / max(now - base[0], 1e-3)

    def state(self, now: float) -> str:
        """What it is doing, how fast, how long that will take, and how many failed."""
        if self.hopeless:
            return "cannot be prepared"
        if self.preparing is not None:
            return f"preparing for {duration(now - self.preparing)}"
        if self._begun is None:
            return "waiting"
        if not (rate := self.rate(now)):
            return f"started {duration(now - self._begun)} ago"
        speed = f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each"
        failed = f", {self.failed:,} failed" if self.failed else ""
        return f"{speed}, {duration((self.total - self.done) / rate)} left{failed}"

    def summary(self, now: float) -> str:
        """What came of it."""
        failed = f", {self.failed:,} failed" if self.failed else ""
        return f"{self.done - self.failed:,} scored{failed} in {duration(now - (self._begun or now))}"


def duration(seconds: float) -> str:
    """`8.5 s`, and from a minute on `h:mm:ss`."""
    return f"{seconds:.1f} s" if seconds < 59.95 else str(timedelta(seconds=round(seconds)))
