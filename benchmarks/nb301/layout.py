"""Where the cells of a DARTS network stand: channels, resolution, and what they read.

Source: Liu et al., "DARTS", ICLR 2019, section 3.1.1 and appendix A.1: cells in a row, the ones at a third and at two
thirds of the depth are reduction cells, which double the channels and halve height and width.
"""

from __future__ import annotations

from typing import NamedTuple

from estimator_bench.layer_costs import Maps
from estimator_bench.space import NetworkRecipe

STEM_MULTIPLIER = 3
"""The stem has this many times the channels of a node of the first cell."""


class Place(NamedTuple):
    """One cell of a network.

    Attributes:
        channels: of each node.
        before: channels of what its input 0 reads, the output of the cell before the previous one.
        previous: channels of what its input 1 reads, the output of the previous cell.
        reduction: it halves height and width.
        after_reduction: the previous cell did, so that input 0 has maps of twice the height and width of input 1.
        height: of its output maps.
        width: of its output maps.
    """

    channels: int
    before: int
    previous: int
    reduction: bool
    after_reduction: bool
    height: int
    width: int

    @property
    def maps(self) -> Maps:
        """Those of each node."""
        return Maps(self.channels, self.height, self.width)


def places(recipe: NetworkRecipe, outputs: tuple[int, int] = (4, 4)) -> list[Place]:
    """The cells of the networks of a recipe with the settings `width`, channels of the first cells, and `layers`.

    Args:
        recipe: of the networks.
        outputs: nodes whose maps make up the output of a normal and of a reduction cell.

    Raises:
        UsageError: the images cannot be halved by every reduction cell.
    """
    _, height, width = recipe.input_shape
    layers, channels = recipe["layers"], recipe["width"]
    reductions = {layers // 3, 2 * layers // 3}
    recipe.require_multiples(2 ** len(reductions), f"for {len(reductions)} reduction cells, each of which halves them")
    found: list[Place] = []
    before = previous = STEM_MULTIPLIER * channels
    after_reduction = False
    for layer in range(layers):
        reduction = layer in reductions
        if reduction:
            channels, height, width = 2 * channels, height // 2, width // 2
        found.append(Place(channels, before, previous, reduction, after_reduction, height, width))
        before, previous, after_reduction = previous, outputs[reduction] * channels, reduction
    return found
