"""What a promise of an interface is, and what trying it out gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from estimator_bench.guard import Failure, attempt

ARCHITECTURES = 6
"""So many are drawn to try promises on."""


@dataclass(frozen=True)
class Check:
    """One promise of the interface, and how it is broken; `violation` is empty if it holds."""

    promise: str
    violation: str


def tried(promises: Mapping[str, Callable[[], str]]) -> list[Check]:
    """Each promise with its violation; one that raises is broken by what it raises."""
    checks = []
    for promise, broken in promises.items():
        violation = attempt(broken)
        checks.append(Check(promise, violation.reason if isinstance(violation, Failure) else violation))
    return checks
