"""The networks of architectures, as stacks of cells.

Sources: Radosavovic et al., "On Network Design Spaces for Visual Recognition", ICCV 2019; the authors' later code
(facebookresearch/unnas @ 2277ab7550, `pycls/models/nas`), whose networks have the parameters of every record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from estimator_bench.benchmarks.cell_networks.costs import Counts, total
from estimator_bench.benchmarks.cell_networks.stack import Stack, at_thirds

from estimator_bench.space import FlopsConvention, NetworkRecipe, require_convention

from .architecture import Cells, named
from .design import Design

if TYPE_CHECKING:
    from estimator_bench.benchmarks.cell_networks.network import CellNetwork

RECIPES = {
    "official": NetworkRecipe("official", (3, 32, 32), 10, (("stem_halvings", 0), ("small", 0))),
    "imagenet": NetworkRecipe("imagenet", (3, 224, 224), 1000, (("stem_halvings", 3), ("small", 0))),
    "mini": NetworkRecipe("mini", (1, 8, 8), 10, (("stem_halvings", 1), ("small", 1))),
}


def stack(arch: Cells, recipe: NetworkRecipe) -> Stack:
    """Everything of a network but the insides of its cells.

    Recipes hold `stem_halvings`, how often the stem halves the images, and `small`. If that is 1, the network has a
    quarter of the channels, one reduction cell, and few normal cells: of the five depths that were drawn for a data set
    the first has one before the reduction cell, the second one more behind it, the third two before it, the fourth
    again one more behind it, the fifth three before it. So a greater depth costs more, and no two sizes of one data set
    become the same network.
    """
    halvings = cast(Literal[0, 1, 3], recipe["stem_halvings"])
    if not recipe["small"]:
        return Stack(recipe, arch.width, at_thirds(arch.depth), halvings)
    step = arch.depth // 4 - 1
    reductions = (*[False] * (1 + step // 2), True, *[False] * (step % 2))
    return Stack(recipe, arch.width // 4, reductions, halvings)


def build(arch: Cells, recipe: NetworkRecipe, design: Design) -> CellNetwork:
    """A freshly initialised network.

    Raises:
        UsageError: the images of the recipe cannot be halved as often as the network does it.
    """
    from estimator_bench.benchmarks.cell_networks.network import CellNetwork

    return CellNetwork(named(arch.normal, design), named(arch.reduce, design), stack(arch, recipe))


def parameters(arch: Cells, recipe: NetworkRecipe, design: Design) -> int:
    """Trainable parameters of the network, without an auxiliary head."""
    return int(_total(arch, recipe, design)[0])


def flops(arch: Cells, recipe: NetworkRecipe, design: Design, convention: FlopsConvention) -> int:
    """Operations of one forward pass for one image, without an auxiliary head.

    `macs` are the multiply-adds of convolutions and classifier; `official` is what records hold, see `costs.Counts`.

    Raises:
        UsageError: NASLib's convention is asked for: it has no table of these spaces.
    """
    require_convention(convention, "the NDS cell spaces", "macs", "official")
    _, macs, _, others = _total(arch, recipe, design).tolist()
    return int(macs + others) if convention == "official" else int(macs)


def _total(arch: Cells, recipe: NetworkRecipe, design: Design) -> Counts:
    return total(named(arch.normal, design), named(arch.reduce, design), stack(arch, recipe))
