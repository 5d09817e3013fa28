"""What is known of the cells of NAS-Bench-1shot1: the tables of NAS-Bench-101, which hold all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from estimator_bench.data.mini_truth import mini_truth
from estimator_bench.data.table_truth import TableTruth
from estimator_bench.ground_truth import GroundTruth, Task, Trials
from estimator_bench.space import Architecture

from .nb1shot1_encoding import Encoding
from .space import NasBench101
from .truth import ground_truths as tables_of_nb101

if TYPE_CHECKING:
    from .nb1shot1_space import OneShot1

_COMPLETE = ("official", "official-early", "means")
"""The tables of NAS-Bench-101 that hold every cell; the others cover too few to draw from."""

_CELLS = 423_624
"""How many there are."""


def ground_truths(space: OneShot1) -> Sequence[GroundTruth]:
    """The complete tables of NAS-Bench-101, and small networks of this space."""
    tables = [table for table in tables_of_nb101(NasBench101()) if table.table in _COMPLETE]
    return [*(SharedTruth(space, table) for table in tables), mini_truth(space)]


class SharedTruth(GroundTruth):
    """A table of NAS-Bench-101, read for the cells that the encodings of another space stand for."""

    def __init__(self, space: OneShot1, table: TableTruth) -> None:
        """Open nothing yet.

        Args:
            space: of the encodings.
            table: a table of NAS-Bench-101 with all of its cells.
        """
        self._space, self._table = space, table
        self._asked = {replace(task, space=space.name): task for task in table.tasks}

    @property
    def tasks(self) -> Sequence[Task]:
        """Those of the table, under the name of this space."""
        return list(self._asked)

    @property
    def installed(self) -> bool:
        """Whether the table of NAS-Bench-101 is."""
        return self._table.installed

    @property
    def digest(self) -> str:
        """That of the table."""
        return self._table.digest

    def population(self, task: Task) -> Sequence[Architecture]:
        """The encodings of cells with a value: of a whole table all, each made when it is asked for."""
        encodings = self._space.encodings
        if len(self._table.population(self._asked[task])) == _CELLS:
            return encodings
        known = ~np.isnan(self.trials(task, encodings).mean())
        return [encodings[place] for place in np.flatnonzero(known).tolist()]

    def trials(self, task: Task, archs: Sequence[Architecture]) -> Trials:
        """The values of the cells without their loose ends; every isomorphic cell has the same."""
        cells = [cast(Encoding, arch).cell for arch in archs]
        distinct = {cell: place for place, cell in enumerate(dict.fromkeys(cells))}
        found = self._table.trials(self._asked[task], list(distinct))
        return Trials(found.values[[distinct[cell] for cell in cells]], found.means_only)
