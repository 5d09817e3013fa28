"""Which of the authors' files are about which of the cell spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from estimator_bench.benchmarks.nds_records.records import NdsRecords

from estimator_bench.space import NetworkRecipe

from .architecture import Cells, of_record

if TYPE_CHECKING:
    from .space import NdsCells

FIXED = {"DARTS", "PNAS", "ENAS"}
"""Of these there are trainings on CIFAR-10 of networks that all have one width and depth."""


class CellRecords(NdsRecords):
    """Trainings of networks of a cell space.

    FLOPs are compared where the networks were trained on ImageNet alone: that the authors counted those for CIFAR-10 in
    the same way, above all the mean over the last maps, could not be tried without the files.
    """

    def __init__(self, space: NdsCells, table: str, file: str, recipe: NetworkRecipe, *, varied: bool = False) -> None:
        super().__init__(space, table, [file], recipe, varied=varied)
        self.design = space.design
        if recipe.name != "imagenet":
            self.compared = ("params",)

    def architecture(self, net: Mapping[str, Any]) -> Cells:
        """The cells, width and depth of `net`; whether it had an auxiliary head shows in its parameters."""
        return of_record(net, self.design)


def importers(space: NdsCells) -> Sequence[CellRecords]:
    """One for each table of a space, those of ranking tasks first."""
    name, official, imagenet = space.files, space.recipes["official"], space.recipes["imagenet"]
    found = [
        CellRecords(space, "nds", name, official),
        CellRecords(space, "nds-imagenet", f"{name}_in", imagenet),
    ]
    if name in FIXED:
        found.append(CellRecords(space, "fix-w-d", f"{name}_fix-w-d", official))
    if name == "DARTS":
        found += [
            CellRecords(space, "fix-w-d-imagenet", f"{name}_fix-w-d_in", imagenet),
            CellRecords(space, "lr-wd", f"{name}_lr-wd", official, varied=True),
            CellRecords(space, "lr-wd-imagenet", f"{name}_lr-wd_in", imagenet, varied=True),
        ]
    return found
