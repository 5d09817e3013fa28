"""Which repeat the columns of a score array are: a full factorial of axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from estimator_bench.repeat import Axis


@dataclass(frozen=True)
class Design:
    """The repeats of one estimator: all combinations of the levels of some axes, the last axis the fastest.

    Attributes:
        axes: each with two levels or more.
    """

    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """How many levels each axis has; their product is the number of repeats."""
        return tuple(len(axis.levels) for axis in self.axes)

    @property
    def count(self) -> int:
        """How many repeats there are."""
        return int(np.prod(self.shape))

    def along(self, axis: Axis) -> NDArray[np.intp]:
        """(settings, levels) columns: in each row repeats that differ in this axis alone."""
        columns = np.arange(self.count).reshape(self.shape)
        return np.moveaxis(columns, self.axes.index(axis), -1).reshape(-1, len(axis.levels))

    def pairs(self, axis: Axis) -> Iterator[tuple[int, int]]:
        """Columns of two repeats that differ in this axis alone."""
        for row in self.along(axis).tolist():
            yield from combinations(row, 2)
