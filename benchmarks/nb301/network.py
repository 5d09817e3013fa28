"""The networks of genotypes, as stacks of the cells that DARTS has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estimator_bench.benchmarks.cell_networks.stack import NamedCell, Stack, at_thirds

from estimator_bench.space import NetworkRecipe

from .genotype import NODES, OPS, Cell, Genotype

if TYPE_CHECKING:
    from estimator_bench.benchmarks.cell_networks.network import CellNetwork


def stack(recipe: NetworkRecipe) -> Stack:
    """What the networks of a recipe share.

    Recipes hold `width`, channels of the first cells, `layers`, `affine` (1: the normalisation inside of the cells has
    scale and shift) and `pool_norm` (1: a normalisation without them follows each pooling).
    """
    return Stack(
        recipe,
        recipe["width"],
        at_thirds(recipe["layers"]),
        affine=bool(recipe["affine"]),
        pool_norm=bool(recipe["pool_norm"]),
    )


def named(cell: Cell) -> NamedCell:
    """A cell with the names of its operations; all of its nodes make up its output."""
    return NamedCell(tuple((source, OPS[op]) for source, op in cell), NODES)


def build(genotype: Genotype, recipe: NetworkRecipe) -> CellNetwork:
    """The network of a genotype.

    Raises:
        UsageError: the images of the recipe cannot be halved by its reduction cells.
    """
    from estimator_bench.benchmarks.cell_networks.network import CellNetwork

    return CellNetwork(named(genotype.normal), named(genotype.reduce), stack(recipe))
